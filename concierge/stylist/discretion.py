"""Whether a reply keeps to itself what it was told, and how."""

from __future__ import annotations

import re
from functools import lru_cache

from concierge.stylist.prompt import HANDOVER, NOTHING_FOUND, SECTION
from concierge.stylist.sentence import keys

LEAK = 9  # words in a row from the voice
OPENING = 6  # words in a row from a note, which no reply would begin with

_MARKUP = re.compile(rf"^\W*{SECTION}|<\|im_|^\s*#{{1,4}} ", re.M | re.I)


# Services may be free, and the facts say which; a piece never is, whoever says so.
_TITLE = r"[A-Z][\w'\u2019-]+(?: (?:[A-Z\d][\w'\u2019-]*|of|and|in|&))* [A-Z\d][\w'\u2019-]*"
_ALL = r"[Ee]verything|[Aa]ll (?:(?:of )?(?:our|the|these) )?(?:pieces|items|products)"
_GIVEN_AWAY = re.compile(
    rf"\b(?:{_ALL}|{_TITLE})(?: [a-z]+){{0,3}} (?:is|are|comes?) (?:now |all |yours |entirely |completely )?"
    r"(?:for )?(?:free|complimentary|gratis|nothing|on the house)\b(?! of\b)"
)


def gives_away(reply: str) -> list[str]:
    """How it promises a piece for nothing; empty if it doesn't."""
    return [f"gives away: {found[0]!r}"] if (found := _GIVEN_AWAY.search(reply)) else []


def discreet(reply: str, instructions: str) -> list[str]:
    """How it repeats its instructions, or the marks that its prompt is written with; empty if it doesn't."""
    found = []
    if mark := _MARKUP.search(reply):
        found.append(f"writes as its prompt does: {mark[0].strip()!r}")
    said = keys(reply)
    text = f" {' '.join(said)} "
    if any(opening in text for opening in _OPENINGS):
        found.append("repeats a note to it")
    known = _runs(instructions)
    runs = (tuple(said[i : i + LEAK]) for i in range(len(said) - LEAK + 1))
    if leaked := next((run for run in runs if run in known), None):
        found.append(f"repeats its instructions: {' '.join(leaked)!r}")
    return found


@lru_cache(maxsize=64)
def _runs(instructions: str) -> frozenset[tuple[str, ...]]:
    """Every `LEAK` words in a row."""
    own = keys(instructions)
    return frozenset(tuple(own[i : i + LEAK]) for i in range(len(own) - LEAK + 1))


_OPENINGS = tuple(f" {' '.join(keys(note)[:OPENING])} " for note in (*HANDOVER.values(), NOTHING_FOUND))
