"""One generation in flight."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from concierge.engine.detokenizer import Detokenizer
from concierge.engine.prefix_cache import Tokens
from concierge.engine.sampling import Sampler
from concierge.engine.types import FinishReason, Usage

_arrival = count()


class Sequence:
    """Tokens of a prompt and its growing reply, and how many of them the KV cache has.

    Attributes:
        slot: the KV sequence it computes in; None until admitted.
        computed: tokens whose keys and values are in the KV cache.
        cached: those of them that it found there.
        reply: its tokens so far, the one that ended it included.
        pin: computes a prefix to be kept for ever, and generates nothing.
    """

    def __init__(
        self,
        prompt: SequenceOf[int],
        max_tokens: int,
        sampler: Sampler,
        detokenizer: Detokenizer,
        *,
        priority: int = 0,
        pin: bool = False,
        begun: SequenceOf[int] = (),
    ) -> None:
        """`begun`: tokens of the reply that are there already; it then comes first to a place."""
        self.order = (priority, 0 if begun else 1, next(_arrival))
        self.prompt_tokens = len(prompt)
        self.max_tokens = max_tokens
        self.sampler = sampler
        self.detokenizer = detokenizer
        self.pin = pin
        self.slot: int | None = None
        self.computed = 0
        self.cached = 0
        self.reply = list(begun)
        self.finish_reason: FinishReason | None = None
        self._tokens = np.empty(len(prompt) + max_tokens, np.int32)
        self._begun = len(begun)
        self._length = len(prompt) + len(begun)
        self._tokens[: self._length] = [*prompt, *begun]

    def __len__(self) -> int:
        return self._length

    @property
    def tokens(self) -> Tokens:
        return self._tokens[: self._length]

    @property
    def capacity(self) -> int:
        """KV cells that it may come to need."""
        return len(self._tokens)

    @property
    def pending(self) -> int:
        """Tokens yet to be computed: 1 while decoding, more while prefilling."""
        return self._length - self.computed

    @property
    def decoding(self) -> bool:
        return len(self.reply) > self._begun

    def append(self, token: int) -> None:
        self.reply.append(token)
        if self._length < len(self._tokens):
            self._tokens[self._length] = token
            self._length += 1

    @property
    def usage(self) -> Usage:
        return Usage(self.prompt_tokens, min(self.cached, self.prompt_tokens), len(self.reply))


@dataclass(slots=True, eq=False)
class Slice:
    """The next `count` tokens of a sequence, as part of one batch.

    Attributes:
        draft: tokens guessed to follow, verified in the same batch.
        index: batch index of the first token with logits, once the batch is filled.
    """

    sequence: Sequence
    count: int
    draft: list[int] = field(default_factory=list)
    index: int = -1

    @property
    def completes(self) -> bool:
        """Whether a token is to be sampled after it."""
        return self.count == self.sequence.pending
