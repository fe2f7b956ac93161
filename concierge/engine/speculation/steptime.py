"""How long a step takes that decodes so and so many tokens."""

from __future__ import annotations

import math
import time

import numpy as np

from concierge.engine.llama import Batch, Context

MEASURED = 16  # tokens of the largest step measured at start
PATIENCE = 1.0  # s after which measuring ends
PERIOD = 8  # tokens after which the curve's pattern repeats
GAIN = 0.15  # how far one observation moves the curve at its own size,
COMMON = 0.25  # and what share of that at all sizes: the machine's pace, the length of the chats;
SMOOTH = 0.75  # and at sizes nearby, down to the common share as
NEAR = 3.0  # the logarithm of the sizes' ratio grows
OUTLIER = 0.5  # an observation counts as off by a factor of exp(this) at most


class StepTime:
    """Seconds of a step by its tokens: a curve with teeth.

    llama.cpp's matrix kernels take rows by four or eight, and on a CPU a fifth token may cost more than the
    sixth to eighth together. So it starts as measured, size by size, and goes on learning: each step that
    only decodes pulls the curve to itself. Relative errors count, so all is done in logarithms.
    """

    def __init__(self, measured: list[float], longest: int) -> None:
        """
        Args:
            measured: seconds of steps of 1, 2, ... tokens, two or more; the last of them are repeated beyond.
            longest: tokens of the largest step.
        """
        period = min(PERIOD, len(measured) - 1)
        rise = max(0.0, measured[-1] - measured[-1 - period])
        curve = list(measured)
        while len(curve) < longest:
            curve.append(curve[-period] + rise)
        self._log = np.log(curve[:longest])
        self._log_size = np.log(np.arange(1, longest + 1))

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn from a step."""
        at = tokens - 1
        error = min(max(math.log(seconds) - self._log[at], -OUTLIER), OUTLIER)
        near = np.exp(-NEAR * np.abs(self._log_size - self._log_size[at]))
        self._log += GAIN * error * (COMMON + (SMOOTH - COMMON) * near)
        self._log[at] += GAIN * error * (1 - SMOOTH)

    def of(self, tokens: int, more: int) -> list[float]:
        """Seconds of a step of `tokens`, of one more, and so on to `more` of them, as far as steps go."""
        seconds: list[float] = np.exp(self._log[tokens - 1 : tokens + more]).tolist()
        return seconds


def measure(context: Context, batch: Batch, sequence: int, length: int) -> list[float]:
    """Seconds of steps of 1, 2, ... tokens after the `length` that `sequence` holds, and still does then.

    Attention to what is there takes a good part of a step, so an empty context would tell too little.
    """
    measured: list[float] = []
    started = time.perf_counter()
    _timed(context, batch, 2, sequence, length)  # warms up
    while len(measured) < 2 or (len(measured) < MEASURED and time.perf_counter() - started < PATIENCE):
        measured.append(_timed(context, batch, len(measured) + 1, sequence, length))
    return measured


def _timed(context: Context, batch: Batch, size: int, sequence: int, length: int) -> float:
    batch.clear()
    batch.add(np.zeros(size, np.int32), length, sequence, logits=size)
    started = time.perf_counter()
    context.decode(batch)
    seconds = time.perf_counter() - started
    context.remove(sequence, length)
    return seconds
