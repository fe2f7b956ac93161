"""How often and how much each client may: rates and connections, counted in this process's memory."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

SWEEP = 10_000  # keys kept before those long at rest are dropped


class RateLimit:
    """So many events a period for each key, by the generic cell rate algorithm (ITU-T I.371).

    A key may spend its whole allowance at once; it comes back evenly over the period.
    """

    def __init__(self, period: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._period, self._clock = period, clock
        self._whole: dict[str, float] = {}  # when each key will have its whole allowance back

    def take(self, limits: Mapping[str, int]) -> float:
        """Spend one of each key's limit a period; or return the seconds to wait, not 0, and spend none."""
        now = self._clock()
        whole = {
            key: max(self._whole.get(key, now), now) + self._period / limit for key, limit in limits.items()
        }
        wait = max(whole.values()) - now - self._period
        if wait > 1e-6:
            return wait
        if len(self._whole) >= SWEEP:
            self._whole = {k: v for k, v in self._whole.items() if v > now}
        self._whole |= whole
        return 0.0

    def remaining(self, key: str, limit: int) -> int:
        """How many the key may spend now."""
        return int((self._period - self.reset_seconds(key)) * limit / self._period + 1e-6)

    def reset_seconds(self, key: str) -> float:
        """Seconds until the key has its whole allowance again."""
        return max(self._whole.get(key, 0.0) - self._clock(), 0.0)


class ConnectionLimit:
    """How many connections each key holds."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, limits: Mapping[str, int]) -> Iterator[bool]:
        """Count one connection under each key while inside; False, and none counted, if one has its limit."""
        if any(self._held[key] >= limit for key, limit in limits.items()):
            yield False
            return
        self._held.update(limits.keys())
        try:
            yield True
        finally:
            self._held.subtract(limits.keys())
            self._held = +self._held
