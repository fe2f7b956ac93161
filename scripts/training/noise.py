"""How shoppers type: in haste, without capitals, with slips."""

from __future__ import annotations

import re
from functools import cache
from random import Random

from training.phrasebook import read

_HASTY = {"please": "pls", "you": "u", "thanks": "thx", "something": "smth", "and": "&", "are": "r"}


def typed(rng: Random, text: str) -> str:
    """A message as it may arrive; more than half stay as they are. Numbers are never touched."""
    kind = rng.random()
    if kind < 0.58:
        return text
    if kind < 0.76:
        return text.lower().rstrip(".")
    if kind < 0.82:
        return re.sub(r"[?.!,]", "", text.lower())
    if kind < 0.85 and len(text) < 60:
        return text.upper()
    if kind < 0.9:
        return re.sub(r"[a-z]+", lambda m: _HASTY.get(m[0], m[0]), text.lower())
    if kind < 0.93:
        return f"{text.rstrip('.?')}{rng.choice(['??', '...', ' :)', '!!', ' ?'])}"
    return _slip(rng, text)


@cache
def _colors() -> frozenset[str]:
    """Words never misspelt, since a reply may have to repeat them."""
    return frozenset(word for lines in read("colors.txt").values() for line in lines for word in line.split())


def _slip(rng: Random, text: str) -> str:
    """One or two letters lost, doubled or swapped, within longer words."""
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha() and word.islower()]
    long = [i for i in long if words[i] not in _colors()]
    for i in rng.sample(long, min(len(long), rng.randint(1, 2))):
        word, at = words[i], rng.randrange(1, len(words[i]) - 2)
        words[i] = rng.choice(
            [
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )
    return " ".join(words)
