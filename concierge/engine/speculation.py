"""Drafting tokens ahead, for the batch to verify several at once.

The draft is verified by sampling at each of its positions just as without it, and kept as long as the
samples agree with it. So the reply is the very one that the sampler would have given anyway: lossless, for
greedy decoding and for sampling, down to the seed. A deterministic draft makes this the rejection sampling
of Leviathan et al. 2022 (arXiv:2211.17192) and Chen et al. 2023 (arXiv:2302.01318).
"""

from __future__ import annotations

from concierge.engine.prefix_cache import Tokens

LONGEST = 8  # tokens of a draft
GRAMS = (4, 3, 2)  # tokens that must agree, the most first
HOPE = 0.7  # acceptance assumed of an n-gram match before anything is known
MEMORY = 0.9  # how much the past weighs in the measured acceptance


class NgramDrafter:
    """Drafts what followed the same few tokens earlier in this chat: product names, prices, facts.

    Prompt lookup, after Yang et al. 2023 (arXiv:2304.04487).
    """

    def __init__(self) -> None:
        self._next: dict[tuple[int, ...], int] = {}  # n-gram -> where the token after its latest use stands
        self._seen: list[int] = []
        self.acceptance = HOPE

    def propose(self, tokens: Tokens, limit: int) -> list[int]:
        """At most `limit` tokens that may follow `tokens`, which only grow from call to call."""
        self._read(tokens)
        for n in GRAMS:
            found = self._next.get(tuple(self._seen[-n:]))
            if found is not None:
                return self._seen[found : found + min(limit, LONGEST)]
        return []

    def learn(self, proposed: int, accepted: int) -> None:
        """Take the outcome of a draft into the measured acceptance."""
        for hit in [1.0] * accepted + [0.0] * (accepted < proposed):
            self.acceptance = MEMORY * self.acceptance + (1 - MEMORY) * hit

    def forget(self) -> None:
        """After a step without a draft: hope returns slowly, or one bad stretch would be for ever."""
        self.acceptance += 0.01 * (HOPE - self.acceptance)

    def _read(self, tokens: Tokens) -> None:
        start = len(self._seen)
        self._seen.extend(tokens[start:].tolist())
        for end in range(max(start, 1), len(self._seen)):  # the gram before `end`; the token at it follows
            for n in GRAMS:
                if end >= n:
                    self._next[tuple(self._seen[end - n : end])] = end


def worthwhile(acceptance: float, draft: int, decoding: int, base: float, each: float) -> int:
    """How many of `draft` tokens to verify.

    The n-th pays `acceptance**n` tokens for `each` seconds; it is worth it while that beats what the step
    earns otherwise, `decoding` tokens for `base + each * decoding` seconds. So few chats draft far, and a
    full batch not at all.
    """
    if not each:
        return 0
    rate = decoding / (base + each * decoding)
    length = 0
    while length < draft and acceptance ** (length + 1) > each * rate:
        length += 1
    return length
