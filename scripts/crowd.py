"""Chats that share a house's prompt in one KV cache, and what a step of some of them takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np

from concierge.engine.llama import Batch, Context, Model

CORES = os.cpu_count() or 1
BATCH = 512  # tokens of the largest step
CHATS, HOUSE = 32, 700  # chats, and the tokens that they share
Parts = list[tuple[int, int, int]]  # (sequence, position, tokens)


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    """So many other processes that compute without end."""
    with ExitStack() as running:
        for _ in range(count):
            process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            running.callback(running.enter_context(process).kill)
        yield


class Crowd:
    """The chats, of `HOUSE` and `own` tokens each; after them come sequences that are the caller's.

    Attributes:
        end: position after what a chat holds.
    """

    def __init__(self, model: Model, own: int, at_a_time: int) -> None:
        """`at_a_time`: own tokens whose cells lie together; few are what decoding leaves."""
        self.end = HOUSE + own
        cells = HOUSE + (CHATS + 1) * (own + 64) + 1024
        self._context = Context(model, cells=cells, batch=BATCH, threads=CORES)
        self._batch = Batch(BATCH)
        self._numbers = np.random.default_rng(1)
        self._run([(CHATS, 0, BATCH)])
        self._run([(CHATS, BATCH, HOUSE - BATCH)])
        for chat in range(CHATS):
            self._context.copy(CHATS, chat, 0, HOUSE)
        together = BATCH // at_a_time
        for position in range(HOUSE, self.end, at_a_time):
            for chats in (range(CHATS)[i : i + together] for i in range(0, CHATS, together)):
                self._run([(chat, position, at_a_time) for chat in chats])

    def step(self, parts: Parts) -> float:
        """Seconds of a step with logits after each part's last token; it leaves nothing behind."""
        seconds = self._run(parts)
        for sequence, position, _ in parts:
            self._context.remove(sequence, position)
        return seconds

    def close(self) -> None:
        self._context.close()

    def _run(self, parts: Parts) -> float:
        self._batch.clear()
        for sequence, position, count in parts:
            tokens = self._numbers.integers(1000, 40000, count, np.int32)
            self._batch.add(tokens, position, sequence, logits=1)
        started = time.perf_counter()
        self._context.decode(self._batch)
        return time.perf_counter() - started
