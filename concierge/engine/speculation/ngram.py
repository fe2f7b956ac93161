"""Drafts out of what a chat has said already."""

from __future__ import annotations

from concierge.engine.prefix_cache import Tokens
from concierge.engine.sequence import Sequence
from concierge.engine.speculation.drafter import LONGEST, Draft, Drafter

BITS = 21  # of a token, so that three of them are one small integer
TWO, THREE = (1 << 2 * BITS) - 1, (1 << 3 * BITS) - 1
SURE = [0, 0, 0, 1, 2, 3, 3, 4, 4, 4, 5]  # class by how many tokens agree; the last for all above


class Text:
    """Tokens that only grow, and where each two and three of them in a row occurred last."""

    def __init__(self, before: Text | None = None) -> None:
        """
        Args:
            before: a text that this one begins with, whose index is looked up after this one's own.
        """
        self.tokens: list[int] = before.tokens.copy() if before else []
        self._before = before
        self._gram: int = before._gram if before else THREE  # of tokens that are none
        self._after_two: dict[int, int] = {}  # two tokens, as an integer -> where the token after them stands
        self._after_three: dict[int, int] = {}

    def read(self, tokens: Tokens) -> None:
        """Take in what has grown; `tokens` are all of them."""
        gram, two, three = self._gram, self._after_two, self._after_three
        start = len(self.tokens)
        new = tokens[start:].tolist()
        for at, token in enumerate(new, start):
            two[gram & TWO] = three[gram] = at
            gram = (gram << BITS | token) & THREE
        self._gram = gram
        self.tokens += new

    def draft(self, limit: int) -> Draft:
        """What followed the last few tokens when they occurred before."""
        found = self._find()
        if not found:
            return Draft()
        tokens, last = self.tokens, len(self.tokens) - 1
        agreed = 0
        while agreed < min(len(SURE), found) and tokens[found - 1 - agreed] == tokens[last - agreed]:
            agreed += 1
        if agreed < 2:
            return Draft()
        guess = tokens[found : found + limit]
        return Draft(guess, [SURE[min(agreed + i, len(SURE) - 1)] for i in range(len(guess))])

    def _find(self) -> int:
        before = self._before
        found = self._after_three.get(self._gram) or (before and before._after_three.get(self._gram))
        gram = self._gram & TWO
        return found or self._after_two.get(gram) or (before and before._after_two.get(gram)) or 0


class NgramDrafter(Drafter):
    """Drafts what followed the same few tokens earlier in this chat: product names, prices, facts.

    Prompt lookup, after Yang et al. 2023 (arXiv:2304.04487). The more tokens agree, the surer it is.
    """

    name = "n-gram"
    prior = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85)

    def __init__(self) -> None:
        self._house = Text()
        self._texts: dict[Sequence, Text] = {}

    def propose(self, wanted: list[tuple[Sequence, int]]) -> list[Draft]:
        return [self._text(sequence).draft(min(limit, LONGEST)) for sequence, limit in wanted]

    def pin(self, tokens: Tokens) -> None:
        self._house = Text()
        self._house.read(tokens)

    def forget(self, sequence: Sequence) -> None:
        self._texts.pop(sequence, None)

    def _text(self, sequence: Sequence) -> Text:
        text = self._texts.get(sequence)
        if text is None:
            house = self._house.tokens
            shares = sequence.tokens[: len(house)].tolist() == house
            text = self._texts[sequence] = Text(self._house if shares else None)
        text.read(sequence.tokens)
        return text
