"""The numbers that a reply may have: those that stand in what the model was given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import combinations

from concierge.catalog import Product
from concierge.stylist.amounts import amounts, numbers
from concierge.stylist.prompt import describe

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{1,3})+(?!\d)")
_BULLET = re.compile(r"(?:^|\n)\s*$")


class Figures:
    """Numbers by their digits, however they are marked off: `1,250`, `1250`. Numbers in words aren't any."""

    def __init__(self, texts: Iterable[str], made: Iterable[Decimal] = ()) -> None:
        """
        Args:
            texts: whose numbers are known.
            made: values that may be said of money, and of nothing else.
        """
        self._known: frozenset[str] = frozenset().union(*map(_figures, texts))
        self._made: frozenset[str] = frozenset().union(*map(_forms, made)) - self._known
        self._all = self._known | self._made

    @classmethod
    def of_chat(cls, pieces: Sequence[Product], given: Iterable[str], said: Sequence[str]) -> Figures:
        """The numbers of a chat, and those that its prices make: together, apart, over a limit.

        Args:
            given: all texts of the prompt but the shopper's own, `said`.
        """
        prices = [p.current_price for p in pieces[-8:]]
        limits = {n for text in said for n in numbers(text)}
        pairs = list(combinations(prices, 2))
        made = {a + b for a, b in pairs} | {abs(a - b) for a, b in pairs}
        made |= {abs(price - limit) for price in prices for limit in limits}
        made |= {p.price - p.current_price for p in pieces}
        return cls((*given, *said, *map(describe, pieces), *(p.description for p in pieces)), made)

    def unknown(self, text: str, start: int = 0, *, complete: bool = True) -> int | None:
        """Up to where the first number from `start` on that isn't known could still have become one that is.

        Args:
            complete: no more digits can follow the last one.
        """
        text = _GROUPED.sub(self._join, text)
        for match in _FIGURE.finditer(text, start):
            said = _digits(match[0])
            if said in self._known or _is_bullet(text, match):
                continue
            if said in self._made and any(a.start == match.start() for a in amounts(text)):
                continue
            shared = max((_shared(said, known) for known in self._all), default=0)
            may_go_on = not complete and match.end() == len(text.rstrip(".,"))
            if not (may_go_on and shared == len(said)):
                return match.start() + _position(match[0], shared)
        return None

    def _join(self, match: re.Match[str]) -> str:
        """`3 400` with its space as a mark, if it is or becomes a number that is known; as long as before."""
        digits = _digits(match[0])
        known = any(number.startswith(digits) for number in self._all)
        return re.sub(r"\s", ",", match[0]) if known else match[0]


def _is_bullet(text: str, match: re.Match[str]) -> bool:
    """`1.` where a line begins."""
    return (
        len(match[0]) < 3 and bool(_BULLET.search(text[: match.start()])) and text[match.end() :][:1] in ").:"
    )


def _position(figure: str, digits: int) -> int:
    """The characters of a figure's first digits, with a mark that follows when there are more."""
    places = [i for i, c in enumerate(figure) if c.isdigit()]
    return len(figure) if digits >= len(places) else places[digits]


def _shared(one: str, other: str) -> int:
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _digits(figure: str) -> str:
    return "".join(c for c in figure if c.isdigit())


@lru_cache(maxsize=1024)
def _figures(text: str) -> frozenset[str]:
    found = {part for m in _FIGURE.finditer(text) for part in (_digits(m[0]), *_clock(m[0]))}
    return frozenset(found.union(*map(_forms, numbers(text))))


def _clock(figure: str) -> list[str]:
    """`6.30` as 6 and 30, for one who writes 6:30."""
    return figure.split(".") if re.fullmatch(r"\d{1,2}\.\d\d", figure) else []


def _forms(value: Decimal) -> frozenset[str]:
    """The digits of a number as it may be written: 349.5, 349.50, and rounded as shops do when they speak."""
    rounded = (value, value.quantize(Decimal("0.01")), value.quantize(Decimal(1)))
    return frozenset(_digits(f"{v:f}") for v in rounded)
