"""How long a step takes that decodes so and so many tokens."""

from __future__ import annotations

import math
import time
from statistics import median

import numpy as np

from concierge.engine.llama import Batch, Context

MEASURED = 16  # tokens of the largest step measured at start
PATIENCE = 1.0  # s; measuring is repeated until it has taken that long
PERIOD = 8  # tokens after which the curve's pattern repeats
FORGET = 0.97  # how much the past weighs in the machine's pace, by the step
LEVEL = 0.5  # how much evidence there must be for another slope
GAIN = 0.05  # how far one step moves the curve at its own size
OUTLIER = 0.5  # a step counts as off by a factor of exp(this) at most


class StepTime:
    """Seconds of a step by its tokens: a curve with teeth.

    llama.cpp's matrix kernels take rows by four or eight, and on a CPU a fifth token may cost more than the
    sixth to eighth together. So its shape is measured size by size. What changes while running is mostly
    common to all sizes, the machine's pace and the length of the chats: a factor and a power of the size,
    by least squares with forgetting. If each size were learned by itself, those not seen of late would look
    cheap whenever the machine slows down. What is left moves the size's own measure a little.

    llama.cpp keeps the graph of the last step and builds another where the size changes, so a draft is paid
    for twice: in its own step, and in the next one, which has the size of before.
    """

    def __init__(self, measured: list[float], longest: int, change: float = 0.0) -> None:
        """
        Args:
            measured: seconds of steps of 1, 2, ... tokens, two or more, after one of the same size; the last
                of them are repeated beyond.
            longest: tokens of the largest step.
            change: seconds more after a step of another size.
        """
        self._change, self._last = change, 0
        period = min(PERIOD, len(measured) - 1)
        rise = max(0.0, measured[-1] - measured[-1 - period])
        curve = list(measured)
        while len(curve) < longest:
            curve.append(curve[-period] + rise)
        self._shape = [math.log(seconds) for seconds in curve[:longest]]
        self._size = [math.log(tokens) for tokens in range(1, longest + 1)]
        self._pace = self._slope = 0.0
        self._n = self._x = self._y = self._xx = self._xy = 0.0

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn from a step."""
        if tokens != self._last:
            seconds = max(seconds - self._change, 0.5 * seconds)
        self._last = tokens
        at = tokens - 1
        x = self._size[at]
        expected = self._pace + self._slope * x
        y = math.log(seconds) - self._shape[at]
        y = expected + min(max(y - expected, -OUTLIER), OUTLIER)
        self._n = self._n * FORGET + 1
        self._x = self._x * FORGET + x
        self._y = self._y * FORGET + y
        self._xx = self._xx * FORGET + x * x
        self._xy = self._xy * FORGET + x * y
        mean = self._x / self._n
        self._slope = (self._xy - mean * self._y) / (self._xx - mean * self._x + LEVEL)
        self._pace = self._y / self._n - self._slope * mean
        self._shape[at] += GAIN * (y - self._pace - self._slope * x)

    def interrupted(self) -> None:
        """There was a step that is not learnt from."""
        self._last = 0

    def verifying(self, tokens: int, more: int) -> list[float]:
        """Seconds of a step of `tokens`, of one that verifies another beside them, and so on to `more`."""
        plain, *drafting = self.of(tokens, more)
        extra = self._change * (2 if self._last == tokens else 1)  # who was away has paid for the return
        return [plain, *(seconds + extra for seconds in drafting)]

    def of(self, tokens: int, more: int) -> list[float]:
        """Seconds of a step of `tokens`, of one more, and so on to `more` of them, as far as steps go."""
        sizes = slice(tokens - 1, tokens + more)
        shapes = zip(self._shape[sizes], self._size[sizes], strict=True)
        return [math.exp(shape + self._pace + self._slope * size) for shape, size in shapes]


def measure(context: Context, batch: Batch, sequence: int, length: int) -> tuple[list[float], float]:
    """(seconds of steps of 1, 2, ... tokens, the best of some each; seconds more after one of another size).

    They come after the `length` tokens that `sequence` holds: attention to what is there takes a good part of
    a step, so an empty context would tell too little.
    """
    best: dict[int, float] = {}
    changes: list[float] = []
    started, size = time.perf_counter(), 1
    _timed(context, batch, 2, sequence, length)  # warms up
    while len(best) < 2 or time.perf_counter() - started < PATIENCE:
        first, again = (_timed(context, batch, size, sequence, length) for _ in range(2))
        changes.append(first - again)
        best[size] = min(again, best.get(size, math.inf))
        size = size % MEASURED + 1
    return list(best.values()), max(0.0, median(changes))


def _timed(context: Context, batch: Batch, size: int, sequence: int, length: int) -> float:
    batch.clear()
    batch.add(np.zeros(size, np.int32), length, sequence, logits=size)
    started = time.perf_counter()
    context.decode(batch)
    seconds = time.perf_counter() - started
    context.remove(sequence, length)
    return seconds
