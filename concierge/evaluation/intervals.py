"""Confidence intervals of shares."""

from __future__ import annotations

from math import sqrt

Z95 = 1.959964


def wilson(passed: int, of: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), within [0, 1]; all of it where nothing was counted."""
    if not of:
        return 0.0, 1.0
    share, spread = passed / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * sqrt(share * (1 - share) / of + spread / (4 * of))
    low = 0.0 if passed == 0 else max(0.0, middle - half)
    high = 1.0 if passed == of else min(1.0, middle + half)
    return low, high
