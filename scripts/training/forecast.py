"""What a draft model would gain: its guesses and cost are measured, and the engine's own controller decides.

The replies are known, so what a step takes and gives can be worked out without computing one: what is
verified is what `Speculation` chooses, a step takes what the target was measured to take for so many
tokens, and drafting what the draft model was.
"""

from __future__ import annotations

import os
import time
from bisect import bisect
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import numpy as np

from concierge.engine.llama import Batch, Context, Model, gpu_offload_supported
from concierge.engine.sequence import Sequence, Slice
from concierge.engine.speculation import (
    Draft,
    Drafter,
    ModelDrafter,
    NgramDrafter,
    Speculation,
    StepTime,
    Translation,
    measure,
)
from concierge.engine.speculation.drafter import LONGEST
from concierge.engine.speculation.model import PROBABILITIES
from training.distilling import acceptance, by_reply
from training.teacher import Lesson, read_through

BATCH = 512
LAYERS = -1 if gpu_offload_supported() else 0  # on the GPU, as the engine has it
BEHIND = 512  # tokens that a chat has when steps are timed
ROUNDS = 2  # the replies are gone through so often, so that what the controller has learned counts


@dataclass(frozen=True, slots=True)
class Guesses:
    """A draft model's token after each true prefix, of the taught tokens of a chat, and how sure it was."""

    tokens: list[int]
    sure: list[int]


@dataclass
class Clock:
    now: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A draft model in llama.cpp.

    Attributes:
        guesses: of each chat.
        seconds: of steps of 1, 2, ... tokens, the choice of the next included.
        accepted: share of drafts right in their first 1, 2, ... tokens.
    """

    guesses: list[Guesses]
    seconds: list[float]
    accepted: list[float]


def step_seconds(path: Path) -> list[float]:
    """Seconds of steps of 1, 2, ... tokens behind a prompt, each after one of another size."""
    context, batch = _context(Model(path, LAYERS), 2 * BEHIND)
    batch.add(np.zeros(BEHIND, np.int32), 0, 0, logits=0)
    context.decode(batch)
    seconds, change = measure(context, batch, 0, BEHIND)
    context.close()
    return [each + change for each in seconds]


def measured(draft: Path, lessons: SequenceOf[Lesson]) -> Measured:
    """Let a draft model guess each token of the replies, and time it."""
    model = Model(draft, LAYERS, "--draft")
    translation = Translation.of(model)
    context, batch = _context(model, max(map(len, lessons)) + BATCH)
    guesses, right, choosing = [], [], 0.0
    for lesson in lessons:
        tokens = lesson.tokens if translation is None else translation.to_draft(lesson.tokens)
        found = Guesses([], [])
        for _, index in read_through(
            context, batch, Lesson(tokens, lesson.taught, lesson.likely, lesson.logits)
        ):
            logits, started = context.logits(index), time.perf_counter()
            best = int(logits.argmax())
            found.tokens.append(best if translation is None else translation.to_target(best))
            found.sure.append(bisect(PROBABILITIES, float(1 / np.exp(logits - logits[best]).sum())))
            choosing += time.perf_counter() - started
        guesses.append(found)
        right += by_reply(lesson, np.array(found.tokens) == lesson.likely[:, 0])
    context.close()
    each = choosing / sum(len(found.tokens) for found in guesses)
    seconds = [step + n * each for n, step in enumerate(step_seconds(draft), 1)]
    return Measured(guesses, seconds, acceptance(right))


@dataclass(eq=False)
class Reply:
    """A reply in flight: what is known to come, and what the draft model guesses for it."""

    sequence: Sequence
    coming: list[int]
    guesses: Guesses | None


class Replay(Drafter):
    """Says again what a draft model guessed after the true prefix; past its first error none is looked at."""

    name = ModelDrafter.name
    free = False
    prior = ModelDrafter.prior

    def __init__(self, model: Measured, clock: Clock) -> None:
        self._seconds, self._clock = model.seconds, clock
        self._guesses: dict[Sequence, Guesses] = {}
        self._read: dict[Sequence, int] = {}

    def begin(self, reply: Reply) -> None:
        if reply.guesses:
            self._guesses[reply.sequence] = reply.guesses
            self._read[reply.sequence] = (
                reply.sequence.prompt_tokens
            )  # prompts are read ahead, as the house is

    def reading(self, sequence: Sequence) -> float:
        behind = max(0, len(sequence) - self._read[sequence] - 1)
        return behind * (self._seconds[-1] - self._seconds[0]) / (len(self._seconds) - 1)

    def drafting(self, sequences: int) -> float:
        return self._seconds[min(sequences, len(self._seconds)) - 1]

    def propose(self, wanted: list[tuple[Sequence, int]]) -> list[Draft]:
        drafts = []
        for sequence, limit in wanted:
            self._clock.now += self.reading(sequence)
            self._read[sequence] = len(sequence)
            guesses, at = self._guesses[sequence], len(sequence.reply)
            drafts.append(Draft(guesses.tokens[at : at + limit], guesses.sure[at : at + limit]))
        for depth in range(max((len(d.tokens) for d in drafts), default=0)):
            self._clock.now += self.drafting(sum(len(d.tokens) > depth for d in drafts))
        return drafts

    def forget(self, sequence: Sequence) -> None:
        self._guesses.pop(sequence, None)
        self._read.pop(sequence, None)


@dataclass
class Shop:
    """Chats at once, each asking for one reply after another."""

    lessons: SequenceOf[Lesson]
    target: list[float]
    model: Measured | None
    ngram: bool
    clock: Clock = field(default_factory=Clock)

    def rate(self, chats: int) -> float:
        """Tokens a second of all chats together, while they decode."""
        replay = Replay(self.model, self.clock) if self.model else None
        drafters: list[Drafter] = [NgramDrafter()] if self.ngram else []
        speculation = Speculation(drafters + ([replay] if replay else []), BATCH)
        speculation.pin(np.empty(0, np.int32), StepTime(self.target, BATCH))
        truth = StepTime(self.target, BATCH)
        todo = self._replies()
        left = ROUNDS * sum(end - start > 1 for lesson in self.lessons for start, end, _ in lesson.replies())
        tokens = 0
        running: list[Reply] = []
        while left > 0:
            while len(running) < chats:
                running.append(next(todo))
                if replay:
                    replay.begin(running[-1])
            slices = [Slice(reply.sequence, 1) for reply in running]
            speculation.draft(slices, [reply.sequence for reply in running], BATCH - chats)
            size = sum(1 + len(s.draft) for s in slices)
            seconds = truth.of(size, 0)[0]
            self.clock.now += seconds
            speculation.observe(size, seconds)
            for reply, part in zip(list(running), slices, strict=True):
                taken = self._take(reply, part.draft)
                tokens += len(taken)
                speculation.learn(reply.sequence, taken)
                if len(reply.sequence.reply) == len(reply.coming):
                    running.remove(reply)
                    left -= 1
        return tokens / self.clock.now

    def _replies(self) -> Iterator[Reply]:
        """All of them, over and over."""
        for at in cycle(range(len(self.lessons))):
            lesson = self.lessons[at]
            for start, end, row in lesson.replies():
                if end - start < 2:
                    continue
                coming = lesson.tokens[start:end].tolist()
                sequence = Sequence(lesson.tokens[:start].tolist(), len(coming) + LONGEST, None, None)
                sequence.append(coming[0])  # comes with the prompt
                known = self.model.guesses[at] if self.model else None
                guesses = known and Guesses(
                    known.tokens[row : row + end - start], known.sure[row : row + end - start]
                )
                yield Reply(sequence, coming, guesses)

    @staticmethod
    def _take(reply: Reply, draft: list[int]) -> list[int]:
        said = len(reply.sequence.reply)
        taken = reply.coming[said : said + 1]
        for guess in draft:
            if guess != taken[-1] or said + len(taken) == len(reply.coming):
                break
            taken.append(reply.coming[said + len(taken)])
        for token in taken:
            reply.sequence.append(token)
        return taken


def _context(model: Model, cells: int) -> tuple[Context, Batch]:
    context = Context(model, cells=cells, batch=BATCH, threads=os.cpu_count() or 1)
    return context, Batch(min(BATCH, context.cells))
