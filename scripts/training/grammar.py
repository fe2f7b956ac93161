"""English on the surface: capitals, articles, plurals, contractions, lists, sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SENTENCE = re.compile(r"(?<=[.?!])(?<!\bNo\.)\s+(?=[A-ZÀ-Ý¿¡0-9])")  # Permont No. 7 is a name
_START = re.compile(r"(^|[.?!]\s+)([a-zà-ý])")
_LIKE_YOU = re.compile(r"(uni|use|usu|eu|one(?!\w)|one-|U[A-Z]|UK|US)")
_LETTER_SOUND = re.compile(r"([AEFHILMNORSX]|X+[SL])$")
_SHORT = {
    r"\bI am\b": "I'm", r"\bI would\b": "I'd", r"\bI will\b": "I'll", r"\bYou are\b": "You're",
    r"\byou are\b": "you're", r"\bdo not\b": "don't", r"\bcannot\b": "can't", r"\bdoes not\b": "doesn't",
    r"\bIt is\b(?! [.,;])": "It's", r"\bit is\b(?! [.,;])": "it's", r"\bThat is\b": "That's",
    r"\bthat is\b": "that's", r"\bis not\b": "isn't", r"\bare not\b": "aren't", r"\bWe have no\b": "We've no",
    r"\bLet us\b": "Let's", r"\blet us\b": "let's", r"\bwill not\b": "won't", r"\bWhat is\b": "What's",
    r"\bwould not\b": "wouldn't", r"\bThere is\b": "There's",
}  # fmt: skip


def sentences(text: str) -> list[str]:
    return _SENTENCE.split(text.strip())


def tidy(text: str, *, english: bool = True) -> str:
    """One space between words, no `the The`, and `a` or `an` as English wants it."""
    text = re.sub(r"\b([Tt])he The\b", r"\1he", re.sub(r" {2,}", " ", text)).strip()
    if not english:
        return text
    return re.sub(r"\b(a|an|A|An) (?=([\w\u2019'-]+))", _article, text)


def sentence_case(text: str) -> str:
    """A capital at the start of each sentence."""
    return _START.sub(lambda match: match[1] + match[2].upper(), text)


def an(word: str) -> bool:
    """Whether `an` stands before a word."""
    if _LETTER_SOUND.match(word):
        return True
    if re.match(r"8|11\b|18\b", word):
        return True
    return word[:1].lower() in "aeiouàéèêöüáíóú" and not _LIKE_YOU.match(word)


def _article(match: re.Match[str]) -> str:
    first = "A" if match[1][0] == "A" else "a"
    return f"{first}n " if an(match[2]) else f"{first} "


def plural(noun: str) -> str:
    """Many of a noun: `dress` is `dresses`, `scarf` is `scarves`."""
    if noun.endswith(("ss", "sh", "ch", "x")):
        return noun + "es"
    if noun.endswith("rf"):
        return noun[:-1] + "ves"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def contracted(text: str) -> str:
    """As a house speaks that is not formal."""
    for long, short in _SHORT.items():
        text = re.sub(long + r"(?=[ ])", short, text)
    return text
