"""A reply's sentences, and a sentence's words with their places."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from concierge.catalog.vocabulary import FOLDED

_END = re.compile(r"(?<=[.!?…])[\"”’')\]]*\s+(?=[\"“‘'(\[]?[^\Wa-z_])|(?<=[。！？])|\n+")
_UNFINISHED = re.compile(
    r"(?:\b(?:no|st|mr|mrs|ms|dr|mme|approx|ca|incl|excl|vs|e\.g|i\.e|etc|min|max|p|nr)|^\W*\d{1,2})\.$", re.I
)
_WORD = re.compile(r"[^\W_]+")
_KEY = re.compile(r"(?<=[^\W_])['\u2019][sS](?![^\W_])|([^\W_]+)")
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")


def sentences(text: str) -> list[str]:
    """The sentences of a text. Lines end sentences, abbreviations (`No. 5`) and decimals don't."""
    return [text[start:end] for start, end in spans(text)]


def spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences are: characters [start, end). More text may only change the last one."""
    found: list[tuple[int, int]] = []
    position = 0
    for end, after in [*(m.span() for m in _END.finditer(text)), (len(text), len(text))]:
        part = text[position:end]
        start, stop = position + len(part) - len(part.lstrip()), position + len(part.rstrip())
        position = after
        if found and _UNFINISHED.search(text[slice(*found[-1])]):
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        elif start < stop and _WORD.search(part):
            found.append((start, stop))
    return found


def plain(text: str) -> str:
    """In lower case, without accents, with straight quotes; exactly as long as the text."""
    return text.lower() if text.isascii() else "".join(map(_plain, text))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    low = character.lower().translate(FOLDED)
    return "'" if character in "\u2018\u2019" else unicodedata.normalize("NFKD", low)[0]


class Word(NamedTuple):
    """A word in its sentence.

    Attributes:
        key: for comparisons: lower case, no accents.
        gap: what stands between the word before and this one; a possessive 's is in it.
    """

    text: str
    key: str
    start: int
    end: int
    gap: str

    @property
    def is_capital(self) -> bool:
        return self.text[0].isupper()


def keys(text: str) -> list[str]:
    """The keys of the words that `split` finds, sooner."""
    spelt, after = plain(text), len((_BULLET.match(text) or [""])[0])
    return [spelt[m.start() : m.end()] for m in _KEY.finditer(text, after) if m[1]]


def split(sentence: str) -> list[Word]:
    """The words of a sentence (NFC); `Adèle's` is one, `double-breasted` and `d'Or` are two."""
    found: list[Word] = []
    spelt = plain(sentence)
    last = len((_BULLET.match(sentence) or [""])[0])
    for match in _WORD.finditer(sentence, last):
        start, end = match.span()
        if spelt[start:end] == "s" and found and sentence[last:start] in ("'", "\u2019"):
            continue
        found.append(Word(match[0], spelt[start:end], start, end, sentence[last:start]))
        last = end
    return found
