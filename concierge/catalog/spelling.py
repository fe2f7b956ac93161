"""Slips of the pen in what shoppers type, mended towards the vocabulary and the catalog's own words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA
from spellchecker import SpellChecker

_MOST_MENDED = 8  # words a message: bounds the time a pasted page of gibberish takes


class Speller:
    """Mends words that are neither everyday English nor in the catalog.

    Args:
        known: words that are right as they are, beside those of English.
        targets: words that a slip may have been meant for, the likelier first.
    """

    def __init__(self, known: frozenset[str], targets: Iterable[str]) -> None:
        self._known, self._english = known, english()
        self._targets: dict[str, list[str]] = defaultdict(list)
        for word in dict.fromkeys(targets):
            if len(word) > 2 and word.isalpha():
                self._targets[word[0]].append(word)
        self._mend = lru_cache(maxsize=4096)(self._nearest)

    def mend(self, tokens: Iterable[str], names: frozenset[str] = frozenset()) -> list[str]:
        """The tokens with slips mended; names stay as they are."""
        left = _MOST_MENDED
        mended = []
        for token in tokens:
            if (
                left
                and 4 <= len(token) <= 20
                and token.isalpha()
                and not (token in self._known or token in self._english or token in names)
            ):
                token, left = self._mend(token), left - 1
            mended.append(token)
        return mended

    def _nearest(self, token: str) -> str:
        return nearest(token, self._targets.get(token[0], []), 1 if len(token) <= 5 else 2)


@lru_cache(maxsize=1)
def english() -> frozenset[str]:
    """The words of English subtitles, slips left out: 160,000, from `howdy` to `brisket`."""
    return frozenset(SpellChecker(language="en").word_frequency.words())


def nearest(word: str, targets: Sequence[str], slips: int) -> str:
    """The nearest target, at most so many slips away, the first of those equally near; else the word."""
    best = process.extractOne(word, targets, scorer=OSA.distance, score_cutoff=slips)
    return str(best[0]) if best else word
