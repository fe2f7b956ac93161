"""Measures steps of a crowd by the types of the KV cache's keys and values: what attention costs in each.

Chats share 700 tokens and have 96 of their own, whose cells lie among one another's as decoding leaves them.
The types take turns, and medians are printed as a Markdown table, in milliseconds.

    .venv/bin/python scripts/measure_attention.py --model GGUF [--rounds 7]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

import numpy as np

from concierge.engine import llama
from concierge.engine.llama import Batch, Context, Model
from concierge.models import resolve
from concierge.settings import Settings

TYPES = {"F16": 1, "Q8_0": 8, "BF16": 30}  # ggml_type
CACHES = (("F16", "F16"), ("Q8_0", "F16"), ("BF16", "F16"), ("Q8_0", "Q8_0"))  # keys, values
CHATS, HOUSE, OWN = 32, 700, 96
END = HOUSE + OWN
Parts = list[tuple[int, int, int]]  # (sequence, position, tokens)
STEPS: dict[str, Parts] = {
    "1 decodes": [(0, END, 1)],
    "8 decode": [(i, END, 1) for i in range(8)],
    "32 decode": [(i, END, 1) for i in range(32)],
    "8, and 48 of prefill": [(i, END, 1) for i in range(8)] + [(8, END, 48)],
    "8, and 96": [(i, END, 1) for i in range(8)] + [(8, END, 96)],
    "24, and 72": [(i, END, 1) for i in range(24)] + [(24, END, 72)],
    "512 of prefill": [(i, END, 32) for i in range(16)],
}


class Crowd:
    """The chats, in a context whose cache has these types."""

    def __init__(self, model: Model, keys: str, values: str) -> None:
        def start(pointer: Any, params: Any) -> Any:
            params.type_k, params.type_v = TYPES[keys], TYPES[values]
            return started(pointer, params)

        started, llama.C.llama_init_from_model = llama.C.llama_init_from_model, start
        try:
            cells = HOUSE + CHATS * OWN + 1024
            self._context = Context(model, cells=cells, batch=512, threads=os.cpu_count() or 1)
        finally:
            llama.C.llama_init_from_model = started
        self._batch = Batch(512)
        self._numbers = np.random.default_rng(1)
        self._run([(CHATS, 0, 512)])
        self._run([(CHATS, 512, HOUSE - 512)])
        for chat in range(CHATS):
            self._context.copy(CHATS, chat, 0, HOUSE)
        for position in range(HOUSE, END, 8):
            self._run([(chat, position, 8) for chat in range(CHATS)])

    def step(self, parts: Parts) -> float:
        """Milliseconds of a step that leaves nothing behind; the second of two, with the weights warm."""
        for _ in range(2):
            seconds = self._run(parts)
            for sequence, position, _count in parts:
                self._context.remove(sequence, position)
        return 1000 * seconds

    def _run(self, parts: Parts) -> float:
        self._batch.clear()
        for sequence, position, count in parts:
            tokens = self._numbers.integers(1000, 40000, count, np.int32)
            self._batch.add(tokens, position, sequence, logits=1)
        started = time.perf_counter()
        self._context.decode(self._batch)
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    model = Model(resolve(args.model, Settings().cache_dir), 0)
    crowds = {types: Crowd(model, *types) for types in CACHES}
    took: dict[tuple[tuple[str, str], str], list[float]] = {}
    for _ in range(args.rounds):
        for types, crowd in crowds.items():
            for name, parts in STEPS.items():
                took.setdefault((types, name), []).append(crowd.step(parts))
    print(f"| keys / values | {' | '.join(STEPS)} |\n|---{'|---' * len(STEPS)}|")
    for types in CACHES:
        medians = (f"{statistics.median(took[types, name]):.1f}" for name in STEPS)
        print(f"| {' / '.join(types)} | {' | '.join(medians)} |")


if __name__ == "__main__":
    main()
