"""Places by their names, and what lies in what: who asks for Osaka is told of Japan."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from concierge.stylist.sentence import split

# Named only with a capital, and not by a sentence's first word.
_WORDS = frozenset(
    "nice bath cork jersey como states gulf us chelsea oxford bermuda jordan york kent riviera austin "
    "florence sofia sydney victoria virginia brittany salvador lima bari skye kerry portland".split()
)
_LONGEST = 3  # words of a name


@lru_cache(maxsize=4096)
def places(text: str) -> frozenset[str]:
    """The places that a text names, each by its first name in `places.txt`."""
    words = split(text)
    shouted = text.isupper()
    found: set[str] = set()
    at = 0
    while at < len(words):
        for count in range(min(_LONGEST, len(words) - at), 0, -1):
            key = tuple(word.key for word in words[at : at + count])
            if key in _TABLE.names and (
                key[0] not in _WORDS or (at and words[at].is_capital and not shouted)
            ):
                found.add(_TABLE.names[key])
                at += count - 1
                break
        at += 1
    return frozenset(found)


@lru_cache(maxsize=1024)
def around(place: str) -> dict[str, int]:
    """What a place lies in, itself included, and how many steps out that is."""
    steps = {place: 0}
    for inner in (ring := [place]):
        for outer in _TABLE.outer.get(inner, ()):
            if outer not in steps:
                steps[outer] = steps[inner] + 1
                ring.append(outer)
    return steps


def nearness(asked: frozenset[str], named: frozenset[str]) -> float:
    """1 where a place asked for is named, less by 0.2 a step out to what it lies in; 0.5 where one in it is.

    0 where none is asked for or none is named, and -0.6 where others are.
    """
    if not asked or not named:
        return 0.0
    steps = [around(place)[outer] for place in asked for outer in named & around(place).keys()]
    if steps:
        return 1 - 0.2 * min(steps)
    return 0.5 if any(asked & around(place).keys() for place in named) else -0.6


def is_wide(place: str) -> bool:
    """Whether it is no country but has some, or is one of several."""
    return place in _TABLE.wide


def of_locale(tag: str) -> str | None:
    """The country of a BCP 47 tag, such as `en-GB`; none if it tells none, or one unknown here."""
    return next((_TABLE.codes[part] for part in tag.split("-")[1:] if part in _TABLE.codes), None)


def _key(name: str) -> tuple[str, ...]:
    return tuple(word.key for word in split(name))


@dataclass(frozen=True, slots=True)
class _Table:
    """`places.txt`.

    Attributes:
        names: every name's words, with the place.
        outer: what a place lies in, one step out.
        wide: what has parts that have parts.
        codes: countries by their ISO 3166 code.
    """

    names: dict[tuple[str, ...], str]
    outer: dict[str, frozenset[str]]
    wide: frozenset[str]
    codes: dict[str, str]


def _read() -> _Table:
    names: dict[tuple[str, ...], str] = {}
    outer: dict[str, set[str]] = defaultdict(set)
    codes: dict[str, str] = {}
    holding: set[str] = set()
    for line in files(__package__).joinpath("places.txt").read_text("utf-8").splitlines()[1:]:
        named, _, inner = line.partition(": ")
        place, *others = named.split(" = ")
        if (code := place[:3].rstrip()).isupper() and len(code) == 2:
            place = codes[code] = place[3:]
        holding.add(place)
        names |= {_key(name): place for name in (place, *others)}
        for name in inner.split(", "):
            names.setdefault(_key(name), name)
            outer[name].add(place)
    wide = frozenset(place for inner in holding for place in outer[inner])
    return _Table(names, {place: frozenset(of) for place, of in outer.items()}, wide, codes)


_TABLE = _read()
