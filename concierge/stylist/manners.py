"""Messages that are manners alone: `hi`, `thanks a lot`, `ok bye`."""

from __future__ import annotations

import re
from typing import Literal

Manner = Literal["greeting", "thanks", "farewell"]

_MANNERS: tuple[tuple[Manner, re.Pattern[str]], ...] = (
    (
        "farewell",
        re.compile(
            r"\b(?:good ?bye|bye|good ?night|see you|so long|farewell|take care|"
            r"have an? (?:\w+ )?(?:day|one|evening|weekend|time))\b"
        ),
    ),
    ("thanks", re.compile(r"\b(?:thanks?|thankyou|thx|tks|ty|cheers|ta)\b")),
    (
        "greeting",
        re.compile(r"\b(?:hi|hello+|hey+|hiya|howdy|greetings|good (?:day|morning|afternoon|evening))\b"),
    ),
)
_BESIDE = frozenset(  # words that may stand beside
    "a advice afternoon again ah all am and any anyone are awesome be been best brilliant day dear "
    "evening everyone everything excellent fine for friend good great ha have help helpful i is it just "
    "kind kindly later ll lot lots lovely m madam many mate morning much my nice night now of oh ok okay "
    "patience perf perfect please pleasure really rest s sir so soon super sure team that the then there "
    "this time to today tomorrow tonight very was weekend well will with wonderful yes you your".split()
)


def manner_of(message: str) -> Manner | None:
    """What kind of manners a message is, if it is nothing else."""
    said = message.lower().replace("\u2019", "'")
    rest = said
    for _, pattern in _MANNERS:
        rest = pattern.sub(" ", rest)
    if not _BESIDE.issuperset(re.findall(r"\w+", rest)):
        return None
    return next((manner for manner, pattern in _MANNERS if pattern.search(said)), None)
