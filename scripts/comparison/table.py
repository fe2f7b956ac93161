"""Results as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comparison.figures import Cell, Verdict, cells, verdicts
from comparison.peers import SERVERS
from comparison.scenarios import SCENARIOS, Scenario

COLUMNS = {
    "tokens/s": ("tokens_per_second", "{:,.1f}"),
    "TTFT first p50": ("ttft_first_p50", "{:,.0f}"),
    "first p95": ("ttft_first_p95", "{:,.0f}"),
    "later p95": ("ttft_later_p95", "{:,.0f}"),
    "inter-token p50": ("inter_token_p50", "{:,.1f}"),
    "p99": ("inter_token_p99", "{:,.1f}"),
    "TPOT p50": ("tpot_p50", "{:,.1f}"),
    "tokens/chunk": ("tokens_per_chunk", "{:.2f}"),
    "cached": ("cached_share", "{:.0%}"),
}
NOTES = """\
All servers are given the same file. "concierge" serves it as it is; "concierge (prepared)" what
`concierge prepare` made of it, as Concierge does by itself; neither has an adapter. TTFT (time to the
first chunk), inter-token times and TPOT are milliseconds at the client. Inter-token is the time between
two chunks; those less than 1 ms apart count as one, and tokens/chunk says how many tokens one brings.
TPOT is the time from the first chunk of a reply to its last, for each token after the first. "cached" is
the share of prompt tokens that the server reports as found in its cache (- if it reports none). The best
peer is taken for each figure apart. llama_cpp.server serves one chat at a time: its inter-token times are
those of the one while all others wait, so they stand in the table and are not compared where there are
others. A server whose replies were not all of the asked length, or that ran out of time, is invalid and
not compared."""


def markdown(results: dict[str, Any]) -> str:
    """The whole report of `results`, as `results.json` holds them."""
    table = cells(results["runs"])
    serial = [name for name, server in SERVERS.items() if not server.overlaps]
    parts = [_header(results), _goals(verdicts(table, serial))]
    for scenario in SCENARIOS.values():
        if rows := [cell for cell in table if cell.scenario == scenario.key]:
            parts.append(_scenario(scenario, rows))
    return "\n\n".join([*parts, NOTES, _tried(results)]) + "\n"


def _header(results: dict[str, Any]) -> str:
    machine, model, versions = results["machine"], results["model"], results["versions"]
    return (
        f"{machine['cpu']}, {results['threads']} of {machine['cores']} cores for every server, "
        f"{machine['memory_gib']} GiB. {model['file']} ({model['bytes'] / 1e6:,.0f} MB). "
        f"Concierge {versions['concierge']} at {results['commit']}, llama-cpp-python "
        f"{versions['llama-cpp-python']} and the llama.cpp in it. {results['date']}.\n\n"
        f"`{results['command']}`"
    )


def _goals(found: Sequence[Verdict]) -> str:
    lines = ["| | | | best peer | | ratio | goal | |", "|---|---|---|---|---|---|---|---|"]
    for verdict in sorted(found, key=lambda verdict: verdict.scenario):
        goal = verdict.goal
        number = "{:,.1f}" if "p" not in goal.figure[-3:] or goal.figure.startswith("inter") else "{:,.0f}"
        lines.append(
            f"| ({verdict.scenario}) {goal.title} | {verdict.server} | {number.format(verdict.value)} "
            f"| {number.format(verdict.other)} | {verdict.against} | {_ratio(verdict.ratio)} "
            f"| {'≥' if goal.higher else '≤'} {goal.ratio}x | {'met' if verdict.met else 'not met'} |"
        )
    return "\n".join(lines)


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}x" if ratio >= 0.1 else f"{ratio:.3f}x"


def _scenario(scenario: Scenario, rows: Sequence[Cell]) -> str:
    lines = [
        f"### ({scenario.key}) {describe(scenario)}",
        "",
        f"| | {' | '.join(COLUMNS)} |",
        f"|{'---|' * (len(COLUMNS) + 1)}",
    ]
    for cell in rows:
        if cell.invalid:
            lines.append(f"| {cell.server} | invalid: {cell.invalid} {'|' * len(COLUMNS)}")
        else:
            lines.append(f"| {cell.server} | {' | '.join(_values(cell))} |")
    longs = [
        f"{cell.server} {value:,.0f} ms"
        for cell in rows
        if (value := cell.figures.get("ttft_long_p50")) is not None
    ]
    lines += ["", f"First words of the long message: {', '.join(longs)}."] if longs else []
    return "\n".join(lines)


def _values(cell: Cell) -> list[str]:
    values = [(cell.figures.get(name), form) for name, form in COLUMNS.values()]
    return ["-" if value is None else form.format(value) for value, form in values]


def describe(scenario: Scenario) -> str:
    """The load in a line."""
    words = f"{scenario.title}: {scenario.chats} chats of {_count(scenario.turns, 'turn')}"
    words += f", {scenario.at_once} present at once" if scenario.at_once < scenario.chats else ""
    words += f", {scenario.think:g} s to think" if scenario.think else ""
    words += ", quoting products" if scenario.quotes else ""
    words += f", then one of {scenario.long_tokens:,} tokens" if scenario.long_tokens else ""
    return f"{words}; replies of {scenario.max_tokens} tokens; {_count(scenario.slots, 'slot')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _tried(results: dict[str, Any]) -> str:
    """The settings that were tried on a short form of each scenario, the chosen ones in bold."""
    lines = ["Settings tried on a short form of each scenario, tokens/s (**chosen**):", ""]
    for key, servers in results["settings"].items():
        for server, chosen in servers.items():
            trials = [run for run in results["trials"] if (run["scenario"], run["server"]) == (key, server)]
            tried = ", ".join(_trial(run, chosen) for run in trials) or f"**{chosen}** (nothing else)"
            lines.append(f"- ({key}) {server}: {tried}")
    return "\n".join(lines)


def _trial(run: dict[str, Any], chosen: str) -> str:
    name = f"**{run['settings']}**" if run["settings"] == chosen else run["settings"]
    return f"{name} {run['invalid'] or format(run['figures']['tokens_per_second'], '.1f')}"
