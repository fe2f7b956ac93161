"""Drafts by a small model of the same vocabulary, or of a part of it."""

from __future__ import annotations

import time
from bisect import bisect
from dataclasses import dataclass, field

import numpy as np

from concierge.engine.llama import MAX_SEQUENCES, Batch, Context, DecodeError, Model
from concierge.engine.prefix_cache import PrefixCache, Tokens
from concierge.engine.scheduler import LineCost
from concierge.engine.sequence import Sequence
from concierge.engine.speculation.drafter import LONGEST, Draft, Drafter
from concierge.engine.speculation.steptime import MEASURED, StepTime, measure
from concierge.engine.speculation.vocabulary import Translation
from concierge.errors import UserError

CATCH_UP = 0.020  # s a step that reading prompts may take here; those who read along wait for it
SMALLEST_CHUNK = 16  # tokens that are read in any case
PROBABILITIES = (0.3, 0.5, 0.7, 0.9)  # borders of the classes


@dataclass(slots=True)
class Head:
    """How far a sequence is computed here.

    Attributes:
        known: tokens of the sequence in the KV cache.
        guessed: tokens after those, of the last draft, that are in the KV cache too.
    """

    slot: int
    known: int
    guessed: list[int] = field(default_factory=list)


class ModelDrafter(Drafter):
    """Decodes greedily with a small model, all sequences in one batch.

    It has a KV cache of its own with a prefix cache over it, so that chats share the house prompt and go on
    where their last turn ended. A sequence that it has not read yet is read in chunks, and has no draft
    until that is done. All but what the batch takes and what its logits say is in the target's tokens.
    """

    name = "model"
    free = False
    prior = (0.5, 0.6, 0.7, 0.8, 0.9)  # by the probability it gives its token; high, or none would be tried

    def __init__(self, model: Model, *, cells: int, batch: int, threads: int) -> None:
        """
        Args:
            cells: tokens of KV cache: as many as all sequences together may come to need.

        Raises:
            UserError: no memory, a mapping of tokens that is broken, or weights that cannot be computed.
        """
        self._model = model
        self._translation = Translation.of(model)
        self._ends = frozenset(map(self._meant, model.vocab.end_tokens))
        self._context = Context(model, cells=cells, batch=batch, threads=threads)
        self._batch = Batch(min(batch, self._context.cells))  # llama.cpp aborts on a larger one
        self._cache = PrefixCache(MAX_SEQUENCES)
        self._heads: dict[Sequence, Head] = {}
        self.cost = LineCost()
        # Drafting is told apart from reading: a step that was held up once must not end it.
        try:
            seconds, _ = measure(self._context, self._batch, 0, 0)
        except DecodeError as error:
            raise UserError(f"--draft {model.path} fails ({error}); choose another, or none.") from error
        self._time = StepTime(seconds, self._batch.capacity)
        for size, second in enumerate(seconds, 1):  # or the slope would be read off chunks of nearly one size
            self.cost.observe(size, second)

    def reading(self, sequence: Sequence) -> float:
        head = self._heads.get(sequence)
        if head is None:
            return self.cost.curve[1] * (len(sequence) - self._cache.match(sequence.tokens[:-1]).length)
        return self.cost.curve[1] * max(0, len(sequence) - head.known - len(head.guessed) - 1)

    def drafting(self, sequences: int) -> float:
        return self._time.of(sequences, 0)[0]

    def propose(self, wanted: list[tuple[Sequence, int]]) -> list[Draft]:
        drafts = [Draft() for _ in wanted]
        rows = self._catch_up({i: s for i, (s, limit) in enumerate(wanted) if self._reaches(s, limit)})
        while rows:
            for i, row in rows.items():
                token, probability = self._best(row)
                drafts[i].tokens.append(token)
                drafts[i].sure.append(bisect(PROBABILITIES, probability))
            going = [i for i in rows if self._goes_on(drafts[i].tokens, wanted[i][1])]
            rows = self._guess_on([(i, wanted[i][0], drafts[i].tokens[-1]) for i in going])
        return drafts

    def pin(self, tokens: Tokens) -> None:
        if len(tokens) > self._model.train_context:
            return
        slot, start = self._acquire(tokens[:-1])
        for at in range(start, len(tokens), self._batch.capacity):
            self._batch.clear()
            self._add(tokens[at : at + self._batch.capacity], at, slot, logits=0)
            self._decode()
        self._record(slot, tokens)
        self._cache.unpin_all()
        self._cache.pin(slot)

    def forget(self, sequence: Sequence) -> None:
        """Leave what was computed for the chat's next turn, until the cells are needed."""
        if sequence in self._heads:
            head = self._synchronize(sequence)
            del self._heads[sequence]
            self._record(head.slot, sequence.tokens[: head.known])
            self._cache.release(head.slot)

    def close(self) -> None:
        self._context.close()
        self._heads.clear()

    def _reaches(self, sequence: Sequence, limit: int) -> bool:
        """Whether the small model was trained for a context of this length."""
        return 0 < limit <= self._model.train_context - len(sequence)

    def _goes_on(self, tokens: list[int], limit: int) -> bool:
        return len(tokens) < min(limit, LONGEST) and tokens[-1] not in self._ends

    def _catch_up(self, wanted: dict[int, Sequence]) -> dict[int, int]:
        """Compute what the sequences have said since their last draft, those with the least first.

        Returns the batch index of the last token's logits of each that is computed to its end.
        """
        heads = {i: self._synchronize(s) for i, s in wanted.items()}
        room = min(self._batch.capacity, max(SMALLEST_CHUNK + len(wanted), self.cost.tokens_within(CATCH_UP)))
        rows: dict[int, int] = {}
        self._batch.clear()
        for i, head in sorted(heads.items(), key=lambda entry: len(wanted[entry[0]]) - entry[1].known):
            tokens = wanted[i].tokens
            chunk = tokens[head.known : head.known + room - self._batch.size]
            whole = len(chunk) == len(tokens) - head.known
            row = self._add(chunk, head.known, head.slot, logits=int(whole))
            head.known += len(chunk)
            if whole:
                rows[i] = row
        self._decode()
        for i in rows:  # from here on the prompt can be shared
            if self._cache.held(heads[i].slot) < wanted[i].prompt_tokens:
                self._record(heads[i].slot, wanted[i].tokens[:-1])
        return rows

    def _guess_on(self, guesses: list[tuple[int, Sequence, int]]) -> dict[int, int]:
        """Compute one more guessed token of each sequence. Returns its batch index."""
        rows: dict[int, int] = {}
        self._batch.clear()
        for i, sequence, token in guesses:
            head = self._heads[sequence]
            at = head.known + len(head.guessed)
            rows[i] = self._add(np.array([token], np.int32), at, head.slot, logits=1)
            head.guessed.append(token)
        self._decode()
        return rows

    def _best(self, row: int) -> tuple[int, float]:
        """The likeliest token at a batch index, and its probability."""
        logits = self._context.logits(row)
        token = int(logits.argmax())
        return self._meant(token), float(1 / np.exp(logits - logits[token]).sum())

    def _add(self, tokens: Tokens, position: int, slot: int, *, logits: int) -> int:
        """As `Batch.add`, of the target's tokens."""
        if self._translation is not None:
            tokens = self._translation.to_draft(tokens)
        return self._batch.add(tokens, position, slot, logits=logits)

    def _meant(self, token: int) -> int:
        """The target's token that one of the small model's is."""
        return token if self._translation is None else self._translation.to_target(token)

    def _synchronize(self, sequence: Sequence) -> Head:
        """Its place, rid of guesses that were wrong; its last token is always left to compute."""
        head = self._heads.get(sequence)
        if head is None:
            head = self._heads[sequence] = Head(*self._acquire(sequence.tokens[:-1]))
            return head
        said = sequence.tokens[head.known : -1].tolist()
        agreed = 0
        while agreed < min(len(head.guessed), len(said)) and head.guessed[agreed] == said[agreed]:
            agreed += 1
        head.known = min(head.known + agreed, len(sequence) - 1)
        if agreed < len(head.guessed):
            self._context.remove(head.slot, head.known)
        head.guessed.clear()
        return head

    def _acquire(self, tokens: Tokens) -> tuple[int, int]:
        """A slot, and how many of `tokens` it holds already."""
        match = self._cache.match(tokens)
        slot = self._cache.acquire(match)
        while slot is None:
            if not self._evict():
                raise RuntimeError("no KV sequence is free")
            match = self._cache.match(tokens)
            slot = self._cache.acquire(match)
        if not match.whole and match.holder is not None:
            self._context.copy(match.holder, slot, 0, match.length)
        return slot, match.length

    def _record(self, slot: int, tokens: Tokens) -> None:
        twice = self._cache.extend(slot, tokens)
        if twice:
            self._context.remove(slot, twice.start, twice.end)
            self._context.copy(twice.holder, slot, twice.start, twice.end)

    def _decode(self) -> None:
        if not self._batch.size:
            return
        while self._used() > self._context.cells and self._evict():
            pass
        started = time.perf_counter()
        self._context.decode(self._batch)
        seconds = time.perf_counter() - started
        self.cost.observe(self._batch.size, seconds)
        if self._batch.size <= MEASURED:
            self._time.observe(self._batch.size, seconds)

    def _used(self) -> int:
        """Cells in use, those about to be computed included."""
        return self._cache.cells + sum(
            max(0, h.known + len(h.guessed) - self._cache.held(h.slot)) for h in self._heads.values()
        )

    def _evict(self) -> bool:
        evicted = self._cache.evict()
        if evicted is not None:
            self._context.remove(evicted)
        return evicted is not None
