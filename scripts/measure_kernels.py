"""Measures steps of a crowd with ggml's kernels and with ours, which take turns in one process.

Chats share 700 tokens and have 96 of their own, whose cells lie among one another's as decoding leaves them.
Medians are printed as a Markdown table, in milliseconds. --beside has processes that compute without end
share the cores, as the server's own event loop, Redis and the shop's other programs do. --against has the
kernels of another checkout take turns with these, a process each, in an order that changes.

    .venv/bin/python scripts/measure_kernels.py --model GGUF [--rounds 7] [--beside 1 | --against DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from crowd import HOUSE, Crowd, Parts, neighbours

from concierge.engine import kernels
from concierge.engine.llama import Model
from concierge.models import resolve
from concierge.settings import Settings

OWN = 96
STEADY = 4  # steps of a kind, one after another
END = HOUSE + OWN


def mixed(decoding: int, prefill: int) -> Parts:
    return [(chat, END, 1) for chat in range(decoding)] + [(decoding, END, prefill)]


STEPS: dict[str, Parts] = {
    "1 decodes": [(0, END, 1)],
    "4 decode": [(chat, END, 1) for chat in range(4)],
    "8 decode": [(chat, END, 1) for chat in range(8)],
    "32 decode": [(chat, END, 1) for chat in range(32)],
    "8, and 48 of prefill": mixed(8, 48),
    "24, and 72": mixed(24, 72),
    "48 of prefill": mixed(0, 48),
    "200 of prefill": mixed(0, 200),
}
WAYS: dict[str, tuple[str, ...]] = {
    "ggml": (),
    **{f"{kernel}.c": (kernel,) for kernel in kernels.KERNELS},
    "all": kernels.KERNELS,
}


def measured(model: str, rounds: int, ways: dict[str, tuple[str, ...]]) -> dict[tuple[str, str], float]:
    """Median milliseconds of each step by its name and the kernels'."""
    crowd = Crowd(Model(resolve(model, Settings().cache_dir), 0), OWN, at_a_time=8)
    took: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for way, ours in ways.items():
            for kernel in kernels.KERNELS:
                kernels.use(kernel, kernel in ours)
            for name, parts in STEPS.items():
                crowd.step(parts)  # what another step left in the processor's caches goes
                times = took.setdefault((name, way), [])
                times += [1000 * crowd.step(parts) for _ in range(STEADY)]
    return {key: statistics.median(times) for key, times in took.items()}


def steps(model: str) -> dict[str, float]:
    """Median milliseconds of each step with all kernels that `concierge` has."""
    took = measured(model, 3, {"all": kernels.KERNELS})
    return {name: took[name, "all"] for name in STEPS}


def in_turns(model: str, checkouts: list[Path], rounds: int) -> list[dict[str, float]]:
    """The medians of each checkout's processes, one a round."""
    here = Path(__file__).resolve().parent
    program = "import json, sys, measure_kernels; print(json.dumps(measure_kernels.steps(sys.argv[1])))"
    found: dict[Path, list[dict[str, float]]] = {checkout: [] for checkout in checkouts}
    for number in range(rounds):
        for checkout in checkouts if number % 2 else reversed(checkouts):
            environment = os.environ | {"PYTHONPATH": str(here)}  # `concierge` is the working directory's
            said = subprocess.run(
                [sys.executable, "-c", program, model],
                cwd=checkout,
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
            )
            found[checkout].append(json.loads(said.stdout))
    return [{name: statistics.median(one[name] for one in runs) for name in STEPS} for runs in found.values()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--beside", type=int, default=0, help="busy processes (default: 0)")
    parser.add_argument("--against", type=Path, metavar="DIR", help="another checkout, instead of ggml's")
    args = parser.parse_args()
    if args.against:
        if not (args.against / "concierge").is_dir():
            parser.error(
                f"{args.against} is no checkout of Concierge; make one with: git worktree add DIR COMMIT"
            )
        model = str(resolve(args.model, Settings().cache_dir).resolve())
        there, here = in_turns(model, [args.against, Path(__file__).parents[1]], args.rounds)
        print("| step | there | here | ratio |\n|---|---|---|---|")
        for name in STEPS:
            print(f"| {name} | {there[name]:.1f} | {here[name]:.1f} | {here[name] / there[name]:.2f}x |")
        return
    with neighbours(args.beside):
        medians = measured(args.model, args.rounds, WAYS)
    for kernel in kernels.KERNELS:
        if not kernels.calls(kernel):
            print(f"{kernel}.c is not compiled here, or doesn't handle this model: its column is ggml's.\n")
    print("| step |" + "".join(f" {way} |" for way in WAYS) + " ratio |\n|---" + "|---" * len(WAYS) + "|---|")
    for name in STEPS:
        row = [medians[name, way] for way in WAYS]
        print(f"| {name} |" + "".join(f" {ms:.1f} |" for ms in row) + f" {row[-1] / row[0]:.2f}x |")


if __name__ == "__main__":
    main()
