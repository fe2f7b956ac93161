"""What a shopper limits: price, color, size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from concierge.catalog import Product, Variant
from concierge.catalog.sizes import asked, keys
from concierge.catalog.vocabulary import SHADES, shade_asked, shades_of, words

_WORN = ("female", "male", "female shoes", "male shoes")


@dataclass(frozen=True, slots=True)
class Limits:
    """Prices in the feed's currency, both included; `color` as said (`moss`, `green`), `size` as said."""

    price_max: Decimal | None = None
    price_min: Decimal | None = None
    color: str = ""
    size: str = ""

    def __bool__(self) -> bool:
        return self != Limits()

    def broken_by(self, piece: Product) -> str:
        """Why no variant of a piece that can be had is within all of them; empty if one is."""
        available = [v for v in piece.variants if v.is_available]
        if any(self._wrong(v) == "" for v in available):
            return ""
        if not available:
            return f"{piece.title} is sold out"
        reasons = dict.fromkeys(self._wrong(v) for v in available)
        return f"{piece.title}: {'; '.join(list(reasons)[:3])}"

    def _wrong(self, variant: Variant) -> str:
        price = variant.current_price
        if self.price_max is not None and price > self.price_max:
            return f"{price} is above {self.price_max}"
        if self.price_min is not None and price < self.price_min:
            return f"{price} is below {self.price_min}"
        if self.color and not is_color(variant.color, self.color):
            return f"{variant.color} is not {self.color}"
        if self.size and not is_size(variant.size, self.size):
            return f"size {variant.size} is not {self.size}"
        return ""


def is_color(color: str, said: str) -> bool:
    """Whether a feed's color is what a shopper means by a color's name: the same word, or of its family."""
    if set(words(said)) & set(words(color)):
        return True
    families = set(shade_asked(said).families) if said in SHADES else set()
    return any(families & set(shade.families) for shade in shades_of(color))


def is_size(size: str, said: str) -> bool:
    """Whether a feed's size is the one said, also in another country's numbers."""
    wanted = set(keys(said)).union(*(part for worn in _WORN for part in asked(said, worn)))
    return bool(keys(size) & wanted)


def fitting(pieces: Iterable[Product], limits: Limits) -> list[Product]:
    """The pieces that can be had within limits."""
    return [p for p in pieces if not limits.broken_by(p)]
