"""What runs add up to: figures of a run, their medians over rounds, and the goals against the best peer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from comparison.load import Load
from comparison.peers import OURS
from comparison.scenarios import SCENARIOS, Scenario
from concierge.client.plan import Turn
from concierge.client.report import percentiles

BURST = 0.001  # seconds; chunks that arrive closer together reached the shopper as one
Run = dict[str, Any]  # JSON: what one server did in one round of a scenario
Figures = dict[str, float | None]


def run_of(scenario: Scenario, server: str, settings: str, round_: int, load: Load) -> Run:
    """A load as JSON, each turn with its raw arrivals. Times in seconds from the sending of the message."""
    turns = [("first" if turn.first else "later", turn) for turn in load.turns]
    turns += [("long", load.long)] if load.long else []
    run = _header(scenario, server, settings, round_) | {
        "seconds": round(load.seconds, 3),
        "client_cpu_share": round(load.cpu / load.seconds, 4),
        "invalid": _invalid(scenario, [turn for _, turn in turns], load),
        "turns": [_turn(kind, turn) for kind, turn in turns],
    }
    return run | {"figures": figures(run)}


def failed_run(scenario: Scenario, server: str, settings: str, round_: int, reason: str) -> Run:
    """A run that did not come about."""
    nothing = {"seconds": 0.0, "client_cpu_share": 0.0, "invalid": reason, "turns": [], "figures": {}}
    return _header(scenario, server, settings, round_) | nothing


def _header(scenario: Scenario, server: str, settings: str, round_: int) -> Run:
    names = {"scenario": scenario.key, "server": server, "settings": settings, "round": round_}
    return names | {"max_tokens": scenario.max_tokens}


def _turn(kind: str, turn: Turn) -> dict[str, Any]:
    return {
        "kind": kind,
        "arrivals": [round(arrival, 5) for arrival in turn.arrivals],
        "end": round(turn.end, 5),
        "prompt_tokens": turn.prompt_tokens,
        "cached_tokens": turn.cached_tokens,
        "completion_tokens": turn.completion_tokens,
        "finish_reason": turn.finish_reason,
        "error": turn.error,
    }


def _invalid(scenario: Scenario, turns: Sequence[Turn], load: Load) -> str:
    """Why the run may not be compared; empty if everybody got what all others got."""
    if not load.in_time:
        return f"> {load.seconds:.0f} s"
    reasons = Counter(reason for turn in turns if (reason := deviation(turn, scenario.max_tokens)))
    if len(turns) < scenario.replies and not reasons:
        reasons["not asked for"] = scenario.replies - len(turns)
    return "; ".join(f"{count} of {scenario.replies} replies: {why}" for why, count in reasons.most_common(2))


def deviation(turn: Turn, max_tokens: int) -> str:
    """How a reply is not `max_tokens` long; empty if it is.

    A server that counts tokens is believed. One that does not must say that the limit ended the reply, and
    have sent about a chunk a token; some chunks lack where a character is made of several tokens.
    """
    if turn.error or not turn.arrivals:
        return turn.error or "empty"
    if turn.completion_tokens:
        short = turn.completion_tokens != max_tokens
        return f"{turn.completion_tokens} tokens, not {max_tokens}" if short else ""
    if turn.finish_reason != "length":
        return f"ended by {turn.finish_reason or 'nothing'} before {max_tokens} tokens"
    if not max_tokens / 2 <= len(turn.arrivals) <= max_tokens:
        return f"{len(turn.arrivals)} chunks, not about {max_tokens}"
    return ""


def bursts(arrivals: Sequence[float]) -> list[float]:
    """The arrivals that a shopper can tell apart: each at least `BURST` after the one before."""
    seen = list(arrivals[:1])
    for arrival in arrivals[1:]:
        if arrival - seen[-1] >= BURST:
            seen.append(arrival)
    return seen


def gaps(turns: Iterable[dict[str, Any]]) -> list[float]:
    """Seconds between two bursts of a reply; those of the long message do not count."""
    return [b - a for turn in turns if turn["kind"] != "long" for a, b in pairwise(bursts(turn["arrivals"]))]


def times_per_token(turns: Iterable[dict[str, Any]], max_tokens: int) -> list[float]:
    """Seconds for each token of a reply after its first chunk (TPOT), the long message's left out."""
    ends = [turn["arrivals"] for turn in turns if turn["kind"] != "long" and turn["arrivals"]]
    return [(arrivals[-1] - arrivals[0]) / max(1, max_tokens - 1) for arrivals in ends]


def first_words(turns: Iterable[dict[str, Any]], kind: str) -> list[float]:
    """Seconds to the first chunk of each reply of a kind: first, later, long."""
    return [turn["arrivals"][0] for turn in turns if turn["kind"] == kind and turn["arrivals"]]


def figures(run: Run) -> Figures:
    """Tokens a second, milliseconds, tokens a chunk, and the share of prompt tokens found in a cache."""
    turns = run["turns"]
    tokens = len(turns) * run["max_tokens"]
    chunks = sum(len(bursts(turn["arrivals"])) for turn in turns)
    prompt = sum(turn["prompt_tokens"] for turn in turns)
    table: Figures = {
        "tokens_per_second": tokens / run["seconds"],
        "tokens_per_chunk": tokens / max(1, chunks),
        "cached_share": sum(turn["cached_tokens"] for turn in turns) / prompt if prompt else None,
    }
    samples = {f"ttft_{kind}": first_words(turns, kind) for kind in ("first", "later", "long")}
    samples |= {"inter_token": gaps(turns), "tpot": times_per_token(turns, run["max_tokens"])}
    for name, values in samples.items():
        spread = percentiles(values) or {}
        table |= {f"{name}_{p}": spread.get(p) for p in ("p50", "p95", "p99")}
    return table


@dataclass(frozen=True, slots=True)
class Cell:
    """A server in a scenario.

    Attributes:
        invalid: why it may not be compared; empty if it may.
        rounds: that went into the medians.
    """

    scenario: str
    server: str
    settings: str
    figures: Figures
    invalid: str
    rounds: int


def cells(runs: Sequence[Run]) -> list[Cell]:
    """Medians over rounds. One round that is invalid makes its cell invalid."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run["scenario"], run["server"]), []).append(run)
    return [_cell(*key, group) for key, group in groups.items()]


def _cell(scenario: str, server: str, runs: Sequence[Run]) -> Cell:
    invalid = next((run["invalid"] for run in runs if run["invalid"]), "")
    names = runs[0]["figures"] if not invalid else {}
    table: Figures = {}
    for name in names:
        values = [value for run in runs if (value := run["figures"].get(name)) is not None]
        table[name] = median(values) if values else None
    return Cell(scenario, server, runs[0]["settings"], table, invalid, len(runs))


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of Concierge's against that of the best peer, or against another of its own."""

    figure: str
    title: str
    ratio: float
    scenarios: str
    higher: bool = False
    own: str = ""


GOALS = (
    Goal("tokens_per_second", "tokens/s", 2.0, "abc", higher=True),
    Goal("tokens_per_second", "tokens/s", 1.3, "d", higher=True),
    Goal("ttft_first_p95", "TTFT, first turn, p95", 0.1, "abcde"),
    Goal("ttft_later_p95", "TTFT, later turns, p95", 0.25, "abcd"),
    Goal("inter_token_p50", "inter-token p50", 1.0, "abcde"),
    Goal("inter_token_p99", "inter-token p99", 1.5, "abcde", own="inter_token_p50"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal in one scenario. `against` names the best peer, or Concierge's own other figure."""

    scenario: str
    goal: Goal
    server: str
    value: float
    against: str
    other: float

    @property
    def ratio(self) -> float:
        return self.value / self.other if self.other else float("inf")

    @property
    def met(self) -> bool:
        return self.ratio >= self.goal.ratio if self.goal.higher else self.ratio <= self.goal.ratio


def verdicts(table: Sequence[Cell], serial: Iterable[str] = ()) -> list[Verdict]:
    """Each goal in each scenario where Concierge and a peer are valid.

    Args:
        serial: servers that serve one chat at a time, whose time between two tokens says nothing where
            several are present: all but one of them wait.
    """
    found = []
    for goal in GOALS:
        for scenario in goal.scenarios:
            valid = {cell.server: cell for cell in table if cell.scenario == scenario and not cell.invalid}
            ours = [cell for name in OURS if (cell := valid.pop(name, None))]
            several = SCENARIOS[scenario].at_once > 1 and goal.figure.startswith("inter_token")
            peers = [cell for name, cell in valid.items() if not (several and name in set(serial))]
            for own in ours:
                value = own.figures.get(goal.figure)
                against, other = ("its own p50", own.figures[goal.own]) if goal.own else _best(peers, goal)
                if value is not None and other is not None:
                    found.append(Verdict(scenario, goal, own.server, value, against, other))
    return found


def _best(peers: Iterable[Cell], goal: Goal) -> tuple[str, float | None]:
    values = {cell.server: value for cell in peers if (value := cell.figures.get(goal.figure)) is not None}
    if not values:
        return "", None
    name = (max if goal.higher else min)(values, key=lambda name: values[name])
    return name, values[name]
