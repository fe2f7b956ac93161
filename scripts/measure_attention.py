"""Measures steps of a crowd by the types of the KV cache's keys and values: what attention costs in each.

Chats share 700 tokens and have 96 of their own, whose cells lie among one another's as decoding leaves them.
The types take turns, and medians are printed as a Markdown table, in milliseconds.

    .venv/bin/python scripts/measure_attention.py --model GGUF [--rounds 7]
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from crowd import HOUSE, Crowd, Parts

from concierge.engine import llama
from concierge.engine.llama import Model
from concierge.models import resolve
from concierge.settings import Settings

TYPES = {"F16": 1, "Q8_0": 8, "BF16": 30}  # ggml_type
CACHES = (("F16", "F16"), ("Q8_0", "F16"), ("BF16", "F16"), ("Q8_0", "Q8_0"))  # keys, values
OWN = 96
END = HOUSE + OWN


def mixed(decoding: int, prefill: int) -> Parts:
    return [(chat, END, 1) for chat in range(decoding)] + [(decoding, END, prefill)]


STEPS: dict[str, Parts] = {
    "1 decodes": [(0, END, 1)],
    "8 decode": [(chat, END, 1) for chat in range(8)],
    "32 decode": [(chat, END, 1) for chat in range(32)],
    "8, and 48 of prefill": mixed(8, 48),
    "8, and 55": mixed(8, 55),
    "8, and 56": mixed(8, 56),
    "8, and 96": mixed(8, 96),
    "24, and 72": mixed(24, 72),
    "512 of prefill": [(chat, END, 32) for chat in range(16)],
}


def crowd_with(model: Model, keys: str, values: str) -> Crowd:
    """A crowd whose cache has these types, which the engine has no setting for."""

    def start(pointer: Any, params: Any) -> Any:
        params.type_k, params.type_v = TYPES[keys], TYPES[values]
        return started(pointer, params)

    started, llama.C.llama_init_from_model = llama.C.llama_init_from_model, start
    try:
        return Crowd(model, OWN, at_a_time=8)
    finally:
        llama.C.llama_init_from_model = started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    model = Model(resolve(args.model, Settings().cache_dir), 0)
    crowds = {types: crowd_with(model, *types) for types in CACHES}
    took: dict[tuple[tuple[str, str], str], list[float]] = {}
    for _ in range(args.rounds):
        for types, crowd in crowds.items():
            for name, parts in STEPS.items():
                crowd.step(parts)  # another cache was in the processor's until now
                took.setdefault((types, name), []).append(1000 * crowd.step(parts))
    print(f"| keys / values | {' | '.join(STEPS)} |\n|---{'|---' * len(STEPS)}|")
    for types in CACHES:
        medians = (f"{statistics.median(took[types, name]):.1f}" for name in STEPS)
        print(f"| {' / '.join(types)} | {' | '.join(medians)} |")


if __name__ == "__main__":
    main()
