"""Results as pictures (PNG): distributions of TTFT and inter-token time, and throughput over concurrency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # after its backend is chosen, which needs no display
from matplotlib.ticker import LogLocator, NullFormatter

from comparison.figures import Run, cells, first_words, gaps
from comparison.peers import SERVERS
from comparison.scenarios import SCENARIOS

# Colors that also people who are color-blind tell apart (Okabe and Ito), and lines that need no color.
STYLES: dict[str, dict[str, Any]] = dict(
    zip(
        SERVERS,
        (
            {"color": "#0072B2", "linewidth": 2.0},
            {"color": "#56B4E9", "linewidth": 2.0},
            {"color": "#D55E00", "linestyle": "--"},
            {"color": "#009E73", "linestyle": "-."},
            {"color": "#777777", "linestyle": ":"},
        ),
        strict=True,
    )
)
THROUGHPUT = "dab"  # scenarios by rising concurrency


def draw(results: dict[str, Any], directory: Path) -> None:
    """Write ttft.png, inter_token.png and throughput.png, as far as there are runs for them."""
    plt.rcParams |= {
        "font.size": 9,
        "xtick.labelsize": 7,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    runs = [run for run in results["runs"] if not run["invalid"]]
    ttft = {"first turns": lambda turns: first_words(turns, "first")}
    ttft["later turns"] = lambda turns: first_words(turns, "later")
    _distributions(runs, ttft, "time to first chunk, ms", directory / "ttft.png")
    _distributions(runs, {"": gaps}, "time between two chunks, ms", directory / "inter_token.png")
    _throughput(runs, directory / "throughput.png")


Samples = Callable[[Sequence[dict[str, Any]]], list[float]]


def _distributions(runs: Sequence[Run], rows: dict[str, Samples], label: str, path: Path) -> None:
    """Cumulative distributions: a column for each scenario, a row for each kind of sample."""
    keys = [key for key in SCENARIOS if any(run["scenario"] == key for run in runs)]
    if not keys:
        return
    figure, axes = plt.subplots(
        *(len(rows), len(keys)),
        figsize=(2.7 * len(keys) + 0.6, 2.3 * len(rows) + 0.9),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for line, (row, samples) in zip(axes, rows.items(), strict=True):
        for axis, key in zip(line, keys, strict=True):
            for server in SERVERS:
                mine = [run for run in runs if (run["scenario"], run["server"]) == (key, server)]
                values = sorted(1000 * value for run in mine for value in samples(run["turns"]))
                if values:
                    axis.step(values, np.linspace(0, 1, len(values)), label=server, **STYLES[server])
            axis.set_visible(bool(axis.lines))
            axis.set(xscale="log", title=f"({key}) {SCENARIOS[key].title}" if row == next(iter(rows)) else "")
            axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
            axis.xaxis.set_major_formatter("{x:,g}")
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.grid(alpha=0.25)
        line[0].set_ylabel(f"share of {row or 'samples'}")
    figure.supxlabel(label, fontsize=9)
    _finish(figure, path, min(len(SERVERS), max(1, 3 * len(keys) // 2)))  # a name takes about 1.8 inches


def _throughput(runs: Sequence[Run], path: Path) -> None:
    table = cells(runs)
    figure, axis = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    for server in SERVERS:
        points = [
            (SCENARIOS[key].at_once, cell.figures["tokens_per_second"])
            for key in THROUGHPUT
            for cell in table
            if (cell.scenario, cell.server) == (key, server)
        ]
        if points:
            axis.plot(*zip(*points, strict=True), marker="o", label=server, **STYLES[server])
    if axis.lines:
        ticks = [SCENARIOS[key].at_once for key in THROUGHPUT]
        axis.set_xscale("log", base=2)
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.set(xlabel="chats at once", ylabel="tokens a second, prefill included", ylim=(0, None))
        axis.grid(alpha=0.25)
        _finish(figure, path, 2)
    plt.close(figure)


def _finish(figure: Any, path: Path, columns: int) -> None:
    handles = {label: line for axis in figure.axes for line, label in _labelled(axis)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=columns, frameon=False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _labelled(axis: Any) -> list[tuple[Any, str]]:
    handles, labels = axis.get_legend_handles_labels()
    return list(zip(handles, labels, strict=True))
