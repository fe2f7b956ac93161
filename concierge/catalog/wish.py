"""What a shopper wishes for: plain data between understanding and search."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from concierge.catalog.product import Product


@dataclass(frozen=True, slots=True)
class Than:
    """More (or less) of something than the pieces shown: `axis` is `warmth`, `formality` or `lightness`."""

    axis: Literal["warmth", "formality", "lightness"]
    more: bool
    reference: float | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """A shopper's wish as far as their words tell.

    Attributes:
        kind: `search` for pieces; `about` pieces they refer to; `none`: no wish for pieces at all.
        text: their words, slips of the pen mended; what search ranks by.
        hints: words that their occasion adds.
        price_min, price_max: in the feed's currency, both included. Hard limits.
        colors: names as said (`moss`, `green`, `neutral`); the families they mean are a hard limit.
        sizes: as said (`38`, `UK 10`, `M`). A hard limit.
        materials, garments: names of vocabulary; hard limits as well.
        gender: `female`, `male`, or empty where not told. A hard limit that unisex and untold pieces pass.
        not_colors, not_materials, not_garments: what they rule out.
        about: pieces referred to: `the X`, `it`, `the second one`.
        goes_with: the piece to be accompanied.
        look: an outfit of pieces that go together is wished for, and price_max is its total.
        exclude: ids of products seen enough.
        order: by price, where they ask for the cheapest or dearest.
    """

    kind: Literal["search", "about", "none"] = "search"
    text: str = ""
    hints: str = ""
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    colors: tuple[str, ...] = ()
    color_modifiers: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    garments: tuple[str, ...] = ()
    gender: str = ""
    occasions: tuple[str, ...] = ()
    not_colors: tuple[str, ...] = ()
    not_materials: tuple[str, ...] = ()
    not_garments: tuple[str, ...] = ()
    about: tuple[Product, ...] = ()
    goes_with: Product | None = None
    look: bool = False
    than: tuple[Than, ...] = ()
    exclude: tuple[str, ...] = ()
    order: Literal["", "cheapest", "dearest"] = ""

    @property
    def changeable(self) -> tuple[str, ...]:
        """What could be changed about it: its limits, or else the kind of piece, if it has one."""
        limits = {
            "color": self.colors,
            "size": self.sizes,
            "material": self.materials,
            "price": self.price_min is not None or self.price_max is not None,
        }
        named = tuple(name for name, limit in limits.items() if limit)
        return named or ("kind of piece",) * bool(self.garments)
