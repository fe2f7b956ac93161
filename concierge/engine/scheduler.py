"""Policy: which tokens of which sequences make the next batch. Pure; knows nothing of llama.cpp.

Continuous batching as in Orca (Yu et al. 2022, OSDI) with the chunked prefill of Sarathi-Serve (Agrawal
et al. 2024, arXiv:2403.02310): decodes first, then as much prefill as the step's time allows.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from concierge.engine.sequence import Sequence, Slice

STREAMING_STEP = 0.040  # s; while someone reads along, a step with prefill in it may take about this long,
SMOOTH = 1.4  # or so many times as long as one in which all that runs decodes, where that is more
SMALLEST_CHUNK = 8  # tokens of prefill that always go into a step, or prompts would starve
EVEN = 64  # tokens of prefill from which on a step tells no more about what one costs
FORGET = 0.95  # how much the past weighs in what a token of prefill costs, by the step


class LineCost:
    """What a step costs, learned while running: seconds = base + each * tokens.

    Least squares of the relative error, with exponential forgetting: a small step counts as much as one
    that is full of prefill.
    """

    def __init__(self, forget: float = 0.99) -> None:
        self._forget = forget
        self._n = self._x = self._y = self._xx = self._xy = 0.0

    def observe(self, tokens: int, seconds: float) -> None:
        f, weight = self._forget, 1 / tokens**2
        self._n = self._n * f + weight
        self._x = self._x * f + weight * tokens
        self._y = self._y * f + weight * seconds
        self._xx = self._xx * f + weight * tokens * tokens
        self._xy = self._xy * f + weight * tokens * seconds

    @property
    def curve(self) -> tuple[float, float]:
        """(base, each) in seconds; (0, 0) before anything was observed."""
        if not self._n:
            return 0.0, 0.0
        spread = self._n * self._xx - self._x * self._x
        if spread <= 1e-6 * self._n * self._xx:  # all batches of one size: no base can be told apart
            return 0.0, self._y / self._x
        each = max(0.0, (self._n * self._xy - self._x * self._y) / spread)
        return max(0.0, (self._y - each * self._x) / self._n), each

    def tokens_within(self, seconds: float) -> int:
        """Tokens that a step of `seconds` has room for; very many while nothing is known."""
        base, each = self.curve
        return int((seconds - base) / each) if each else 1 << 30


class StepCost:
    """What a step costs by what is in it.

    A token that decodes brings logits with it and always a whole chat to attend to; one of prefill costs a
    third of that at a chat's beginning and about as much behind a long one. So steps that only decode make a
    line, and prefill is what takes a step above it.
    """

    def __init__(self) -> None:
        self._decoding = LineCost()
        self._prefilled = self._seconds = 0.0

    def observe(self, decoded: int, prefilled: int, seconds: float) -> None:
        """Learn from a step of so many tokens of each kind."""
        if not prefilled:
            self._decoding.observe(decoded, seconds)
            return
        share = min(1.0, EVEN / prefilled)
        above = max(0.0, seconds - self.decoding(decoded))
        self._prefilled = self._prefilled * FORGET + share * prefilled
        self._seconds = self._seconds * FORGET + share * above

    @property
    def curve(self) -> tuple[float, float]:
        """(base, each) in seconds of a step that only decodes."""
        return self._decoding.curve

    def decoding(self, tokens: int) -> float:
        """Seconds of a step that decodes so many tokens."""
        base, each = self.curve
        return base + each * tokens

    @property
    def prefill(self) -> float:
        """Seconds that a token of prefill adds; 0 while nothing is known."""
        return self._seconds / self._prefilled if self._prefilled else 0.0

    def prefill_within(self, seconds: float, decoded: int) -> int:
        """Tokens of prefill that a step of `seconds` has room for beside so many that decode."""
        return int((seconds - self.decoding(decoded)) / self.prefill) if self.prefill else 1 << 30


class Scheduler:
    """Sequences waiting for a place and running, and the plan of each step."""

    def __init__(self, places: int, batch: int, queue: int) -> None:
        """
        Args:
            places: sequences that run at once.
            batch: tokens a step at most.
            queue: sequences that may wait.
        """
        self.places = places
        self.batch = batch
        self.queue = queue
        self.cost = StepCost()
        self.running: list[Sequence] = []
        self._waiting: list[tuple[tuple[int, int, int], Sequence]] = []

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        return not self.running and not self._waiting

    def add(self, sequence: Sequence) -> None:
        heapq.heappush(self._waiting, (sequence.order, sequence))

    def remove(self, sequence: Sequence) -> None:
        """Take out a sequence wherever it is."""
        if sequence in self.running:
            self.running.remove(sequence)
        else:
            self._waiting = [entry for entry in self._waiting if entry[1] is not sequence]
            heapq.heapify(self._waiting)

    def admit(self, place: Callable[[Sequence], bool]) -> None:
        """Move waiting sequences to running, in order, while places last and `place` finds them KV cells."""
        while self._waiting and len(self.running) < self.places:
            sequence = self._waiting[0][1]
            if not place(sequence):
                return
            heapq.heappop(self._waiting)
            self.running.append(sequence)

    def plan(self) -> list[Slice]:
        """The next batch: every decode, then prefill.

        Short prompts go first, since they hold up a first word for the least time, but a quarter of the
        prefill is the longest-waiting one's.
        """
        slices = [Slice(s, 1) for s in self.running if s.decoding]
        prefilling = sorted((s for s in self.running if not s.decoding), key=lambda s: s.order)
        room = self.batch - len(slices)
        if slices:
            step = max(STREAMING_STEP, SMOOTH * self.cost.decoding(len(self.running)))
            room = min(room, max(self.cost.prefill_within(step, len(slices)), SMALLEST_CHUNK))
        if len(prefilling) > 1:
            oldest = prefilling[0]
            share = min(oldest.pending, max(1, room // 4))
            room -= share
            chunks = {oldest: share}
            for sequence in sorted(prefilling, key=lambda s: s.pending):
                more = min(sequence.pending - chunks.get(sequence, 0), room)
                if more > 0:
                    chunks[sequence] = chunks.get(sequence, 0) + more
                    room -= more
            return slices + [Slice(s, n) for s, n in chunks.items()]
        return slices + [Slice(s, min(s.pending, room)) for s in prefilling if room > 0]
