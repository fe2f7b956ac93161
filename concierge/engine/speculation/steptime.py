"""How long a step takes that decodes so and so many tokens."""

from __future__ import annotations

import math
import time

import numpy as np

from concierge.engine.llama import Batch, Context

SIZES = (1, 2, 4, 8, 16)  # tokens of the steps measured at start
PATIENCE = 0.25  # s; measuring is repeated until it has taken that long
GAIN = 0.1  # how far one observation moves the curve
OUTLIER = 0.5  # an observation counts as off by a factor of exp(this) at most
COMMON = 0.9  # how much an observation tells of all sizes: the machine's pace, the length of the chats


class StepTime:
    """Seconds of a step by its tokens: a curve, since on a CPU the second token costs more than the ninth.

    Straight lines between powers of two. It starts as measured and goes on learning: each step that only
    decodes pulls all of the curve to itself, and its own size a little more. Relative errors count.
    """

    def __init__(self, measured: dict[int, float], longest: int) -> None:
        """
        Args:
            measured: seconds by tokens, of two sizes or more; straight lines between and beyond them.
            longest: tokens of the largest step.
        """
        self._sizes = np.array([1 << n for n in range((longest - 1).bit_length() + 1)])
        self._longest = longest
        known, seconds = np.array(sorted(measured)), np.array([measured[n] for n in sorted(measured)])
        slope = max(0.0, (seconds[-1] - seconds[0]) / (known[-1] - known[0]))
        beyond = slope * np.maximum(0, self._sizes - known[-1])
        self._log = np.log(np.interp(self._sizes, known, seconds) + beyond)

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn from a step."""
        error = min(max(math.log(seconds / self.of(tokens, 0)[0]), -OUTLIER), OUTLIER)
        at = min(tokens.bit_length(), len(self._sizes) - 1) - 1
        share = (tokens - self._sizes[at]) / (self._sizes[at + 1] - self._sizes[at])
        self._log += GAIN * COMMON * error
        self._log[at] += GAIN * (1 - COMMON) * error * (1 - share)
        self._log[at + 1] += GAIN * (1 - COMMON) * error * share

    def of(self, tokens: int, more: int) -> list[float]:
        """Seconds of a step of `tokens`, of one more, and so on to `more` of them, as far as steps go."""
        wanted = np.arange(tokens, min(tokens + more, self._longest) + 1)
        seconds: list[float] = np.interp(wanted, self._sizes, np.exp(self._log)).tolist()
        return seconds


def measure(context: Context, batch: Batch) -> dict[int, float]:
    """Seconds of steps of growing size, the best of some, on a context that nobody uses yet."""
    measured: dict[int, float] = {}
    started = time.perf_counter()
    _timed(context, batch, 2)  # warms up
    while not measured or time.perf_counter() - started < PATIENCE:
        for size in SIZES:
            measured[size] = min(_timed(context, batch, size), measured.get(size, math.inf))
    return measured


def _timed(context: Context, batch: Batch, size: int) -> float:
    batch.clear()
    batch.add(np.zeros(size, np.int32), 0, 0, logits=size)
    started = time.perf_counter()
    context.decode(batch)
    seconds = time.perf_counter() - started
    context.remove(0)
    return seconds
