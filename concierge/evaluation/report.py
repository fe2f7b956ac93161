"""What judged turns add up to: a dictionary for machines, a table and the failures for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from rich.console import Console
from rich.table import Table

from concierge.errors import UserError
from concierge.evaluation.intervals import wilson
from concierge.evaluation.judging import MEASURES, Judged

SHOWN = 3  # failures a measure


def summary(
    judged: Sequence[Judged], errors: Sequence[str], *, model: str, house: str, seed: int
) -> dict[str, Any]:
    """The results of a run: for each measure how many replies passed, of how many, and a 95 % interval."""
    replies = [j.as_json() for j in judged]
    return {
        "model": model,
        "house": house,
        "seed": seed,
        "measures": {m: _measure([j.verdicts[m] for j in judged if m in j.verdicts]) for m in MEASURES},
        "length": {unit: _spread([r[unit] for r in replies]) for unit in ("sentences", "words", "tokens")},
        "errors": dict(Counter(errors)),
        "replies": replies,
    }


def _measure(verdicts: Sequence[list[str]]) -> dict[str, Any]:
    passed, of = sum(not reasons for reasons in verdicts), len(verdicts)
    low, high = wilson(passed, of)
    share = round(passed / of, 4) if of else None
    return {"passed": passed, "of": of, "share": share, "low": round(low, 4), "high": round(high, 4)}


def _spread(values: Sequence[int]) -> dict[str, float] | None:
    return {"mean": round(mean(values), 1), "median": median(values), "max": max(values)} if values else None


def read(path: Path) -> dict[str, Any]:
    """What an earlier run wrote. Raises UserError."""
    try:
        results: dict[str, Any] = json.loads(path.read_text("utf-8"))
        assert all(results["measures"][m].keys() >= {"passed", "of", "low", "high"} for m in MEASURES)
        assert isinstance(results["model"], str)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        raise UserError(f"--beside {path}: not what --json writes ({error!r}).") from error
    return results


def show(results: dict[str, Any], earlier: Sequence[dict[str, Any]] = ()) -> None:
    """Print the table, earlier runs beside this one, and some failures of each measure."""
    console = Console(highlight=False)
    runs = [*earlier, results]
    table = Table(title=f"{len(results['replies'])} replies of {results['house']}, seed {results['seed']}")
    table.add_column("share of replies")
    for each in runs:
        table.add_column(str(each["model"]), justify="right")
        table.add_column("95 %", justify="right")
        table.add_column("of", justify="right")
    for measure, label in MEASURES.items():
        table.add_row(label, *(cell for each in runs for cell in _cells(each["measures"][measure])))
    for unit in ("words", "tokens"):
        lengths = [each["length"][unit] for each in runs]
        table.add_row(
            f"{unit} a reply, median",
            *(cell for each in lengths for cell in (f"{each['median']:g}" if each else "-", "", "")),
        )
    _failures(console, results)
    console.print(table)
    for error, count in results["errors"].items():
        console.print(f"{count} failed: {error}", style="red", markup=False)


def _cells(measure: dict[str, Any]) -> tuple[str, str, str]:
    if not measure["of"]:
        return "-", "", "0"
    share = 100 * measure["passed"] / measure["of"]
    return f"{share:.1f} %", f"{100 * measure['low']:.1f} to {100 * measure['high']:.1f}", str(measure["of"])


def _failures(console: Console, results: dict[str, Any]) -> None:
    for measure, label in MEASURES.items():
        failed = [r for r in results["replies"] if r["verdicts"].get(measure)]
        for reply in failed[:SHOWN]:
            console.print(
                f"not {label}: {'; '.join(reply['verdicts'][measure])}", style="yellow", markup=False
            )
            console.print(f"  » {_line(reply['said'])}", style="dim", markup=False)
            console.print(f"  {_line(reply['reply'])}", markup=False)
        if len(failed) > SHOWN:
            console.print(f"  and {len(failed) - SHOWN} more that are not {label}", style="dim", markup=False)


def _line(text: str) -> str:
    """Text on one line that cannot steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
