"""What a benchmark's turns add up to: a dictionary for machines, a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import pairwise
from statistics import quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from concierge.client.plan import Plan, Turn

PERCENTILES = (50, 90, 95, 99)
LATENCIES = {
    "ttft_first_ms": "first words, a chat's first turn",
    "ttft_later_ms": "first words, later turns",
    "inter_token_ms": "between two chunks",
    "end_to_end_ms": "whole reply",
}


def percentiles(seconds: Iterable[float]) -> dict[str, float] | None:
    """p50, p90, p95, p99 and the maximum in milliseconds, linearly interpolated; None without samples."""
    values = sorted(1000 * value for value in seconds)
    if not values:
        return None
    cuts = quantiles(values, n=100, method="inclusive") if len(values) > 1 else values * 99
    return {f"p{p}": round(cuts[p - 1], 2) for p in PERCENTILES} | {"max": round(values[-1], 2)}


def summary(plan: Plan, turns: Sequence[Turn], seconds: float, cpu: float) -> dict[str, Any]:
    """The results of a run.

    Args:
        seconds: from the first message to the end of the last reply.
        cpu: seconds of CPU that the measuring itself used.
    """
    good = [turn for turn in turns if not turn.error and turn.arrivals]
    completion = sum(turn.completion_tokens for turn in good)
    return {
        "plan": asdict(plan) | {"key": None},
        "seconds": round(seconds, 3),
        "replies": len(good),
        "errors": dict(Counter(turn.error or "empty reply" for turn in turns if turn not in good)),
        "prompt_tokens": sum(turn.prompt_tokens for turn in good),
        "cached_tokens": sum(turn.cached_tokens for turn in good),
        "completion_tokens": completion,
        "tokens_per_second": round(completion / seconds, 2),
        "replies_per_second": round(len(good) / seconds, 3),
        "tokens_per_chunk": round(completion / max(1, sum(len(turn.arrivals) for turn in good)), 3),
        "client_cpu_share": round(cpu / seconds, 4),
        "ttft_first_ms": percentiles(turn.arrivals[0] for turn in good if turn.first),
        "ttft_later_ms": percentiles(turn.arrivals[0] for turn in good if not turn.first),
        "inter_token_ms": percentiles(b - a for turn in good for a, b in pairwise(turn.arrivals)),
        "end_to_end_ms": percentiles(turn.end for turn in good),
    }


def show(results: dict[str, Any]) -> None:
    """Print the table."""
    plan = results["plan"]
    table = Table(
        title=f"{plan['shoppers']} shoppers, {plan['turns']} turns each, {plan['api']} at {plan['url']}",
        caption=(
            f"{results['replies']} replies in {results['seconds']:.1f} s, "
            f"{results['completion_tokens']} tokens, {results['tokens_per_second']:.1f} a second; "
            f"{results['cached_tokens']} of {results['prompt_tokens']} prompt tokens cached"
        ),
    )
    table.add_column("milliseconds")
    for column in (*(f"p{p}" for p in PERCENTILES), "max"):
        table.add_column(column, justify="right")
    for name, label in LATENCIES.items():
        if row := results[name]:
            table.add_row(label, *(f"{value:.1f}" for value in row.values()))
    console = Console()
    console.print(table)
    for error, count in results["errors"].items():
        console.print(f"{count} failed: {error}", style="red", markup=False)
