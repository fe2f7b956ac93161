"""How far it is, on standard error."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from statistics import mean

Step = tuple[str, str]  # scenario and server


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


class Progress:
    """Tells each step as it begins, with the time that those still to come will take.

    What a step took before is what it will take again; before that, what others of its scenario took.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._left = list(steps)
        self._took: dict[Step, list[float]] = defaultdict(list)

    def begin(self, step: Step, words: str) -> None:
        left = f", about {_minutes(self._estimate())} left" if self._took else ""
        say(f"[{time.strftime('%H:%M:%S')}{left}] {words}")
        self._started = time.monotonic()

    def end(self, step: Step) -> None:
        self._took[step].append(time.monotonic() - self._started)
        self._left.remove(step)

    def drop(self, step: Step) -> None:
        """The step will not be taken."""
        self._left.remove(step)

    def _estimate(self) -> float:
        anything = mean(seconds for steps in self._took.values() for seconds in steps)
        by_scenario: dict[str, list[float]] = defaultdict(list)
        for (scenario, _), seconds in self._took.items():
            by_scenario[scenario] += seconds
        return sum(
            mean(self._took.get(step) or by_scenario.get(step[0]) or [anything]) for step in self._left
        )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
