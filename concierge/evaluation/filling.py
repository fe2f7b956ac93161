"""Slots of a question filled from a feed, so that some piece of it (or, where asked, none) fits."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from concierge.catalog import Product, Variant
from concierge.catalog.index import kinds_of
from concierge.catalog.sizes import is_one_size
from concierge.catalog.vocabulary import FAMILIES, SHADES, plural, shades_of
from concierge.evaluation.limits import Limits, fitting

_SLOT = re.compile(r"\{(\w+)\}")
_TRIES = 200
_VAGUE = frozenset(
    ("accessory", "jewelry", "small-leather-goods", "home", "top", "bottom", "outerwear", "hosiery")
)
_PEOPLE = {
    "female": ("my sister", "my wife", "my mother", "a woman I work with", "her"),
    "male": ("my brother", "my husband", "my father", "a man I work with", "him"),
}
_ANYBODY = ("a friend", "myself", "a colleague who retires")
_SPELT = {
    "EUR": ("{} euros", "€{}", "{} EUR", "{}"),
    "GBP": ("£{}", "{} pounds", "{} GBP", "{}"),
    "USD": ("${}", "{} dollars", "{}"),
}


class CannotFill(Exception):
    """No piece of the feed has what a question's slots ask for."""


class Filling:
    """Fills slots from one feed, by chance."""

    def __init__(self, products: Sequence[Product], currency: str, chance: random.Random) -> None:
        self._currency, self._chance = currency, chance
        self._products = list(products)
        self._of_kind: dict[str, list[Product]] = defaultdict(list)
        for product in products:
            kind = next(iter(kinds_of(product)), "")
            if kind and kind not in _VAGUE and any(v.is_available for v in product.variants):
                self._of_kind[kind].append(product)

    def fill(self, turns: Sequence[str]) -> list[tuple[str, Limits]]:
        """The turns with their slots filled, and the limits that hold in each. Raises CannotFill."""
        slots = {slot for turn in turns for slot in _SLOT.findall(turn)}
        if not slots:
            return [(turn, Limits()) for turn in turns]
        for _ in range(_TRIES):
            if (values := self._values(slots)) and (said := self._said(turns, *values)):
                return said
        raise CannotFill

    def _values(self, slots: set[str]) -> tuple[dict[str, str], dict[str, Limits]] | None:
        """A value for each slot, and the limit that each sets; None if the dice fell badly."""
        if slots <= {"title", "title2"}:
            first, second = (self._chance.choice(self._products) for _ in range(2))
            return {"title": first.title, "title2": second.title}, {}
        if not self._of_kind:
            return None
        # A kind as likely as another, however many pieces it has.
        kind = self._chance.choice(sorted(self._of_kind))
        piece, other = (self._chance.choice(self._of_kind[kind]) for _ in range(2))
        variant = self._chance.choice([v for v in piece.variants if v.is_available])
        another = self._chance.choice([v for v in other.variants if v.is_available])
        texts = _nouns(kind) | {"title": piece.title, "title2": other.title, "for": self._person(piece)}
        limits: dict[str, Limits] = {}
        if slots & {"size"}:
            if not variant.size or is_one_size(variant.size):
                return None
            texts["size"], limits["size"] = variant.size, Limits(size=variant.size)
        for slot, of in (("color", variant), ("color2", another)):
            if slot in slots:
                if not (name := self._color(of)):
                    return None
                texts[slot], limits[slot] = name, Limits(color=name)
        prices = sorted((variant.current_price, another.current_price))
        amounts = {
            "under": _above(prices[-1]),
            "under2": _above(prices[0]),
            "over": _below(variant.current_price),
        }
        amounts["too_low"] = _far_below(min(v.current_price for p in self._products for v in p.variants))
        for slot in slots & amounts.keys():
            price = amounts[slot]
            texts[slot] = self._money(price)
            limits[slot] = Limits(price_min=price) if slot == "over" else Limits(price_max=price)
        if "under2" in slots and amounts["under2"] >= amounts["under"]:
            return None
        if "absent" in slots:
            absent = self._absent(self._of_kind[kind])
            if not absent:
                return None
            texts["absent"], limits["absent"] = absent, Limits(color=absent)
        return texts, limits

    def _said(
        self, turns: Sequence[str], texts: dict[str, str], limits: dict[str, Limits]
    ) -> list[tuple[str, Limits]] | None:
        """The turns with the limits so far; None if limits are not to be satisfied that should be, or so."""
        held = Limits()
        said: list[tuple[str, Limits]] = []
        for turn in turns:
            slots = _SLOT.findall(turn)
            for slot in slots:
                held = _with(held, limits.get(slot, Limits()))
            text = _SLOT.sub(lambda m: texts[m[1]], turn)
            said.append((text, held))
            fits = (
                bool(fitting(self._products_like(texts["kind"]), held)) if held and "kind" in texts else True
            )
            if fits == bool({"absent", "too_low"} & set(slots)):
                return None
        return said

    def _products_like(self, kind: str) -> list[Product]:
        return self._of_kind[kind]

    def _person(self, piece: Product) -> str:
        return self._chance.choice(_PEOPLE.get(piece.gender, _ANYBODY))

    def _color(self, variant: Variant) -> str:
        """A color as a shopper says it: by its own name, if that is a known one, or its family's."""
        shades = shades_of(variant.color)
        own = variant.color.lower()
        names = [*([own] if own in SHADES else []), *(s.families[0] for s in shades[:1])]
        names = [n for n in names if n != "multicolor"]
        return self._chance.choice(names) if names else ""

    def _absent(self, pieces: Sequence[Product]) -> str:
        """A color that no piece of the kind has, nor anything near it."""
        have = {f for p in pieces for c in p.colors for s in shades_of(c) for f in s.families}
        unknown = any(not shades_of(c) for p in pieces for c in p.colors)
        left = [f for f in FAMILIES if f not in have and f not in ("multicolor", "gold", "silver")]
        return self._chance.choice(left) if left and not unknown else ""

    def _money(self, price: Decimal) -> str:
        forms = _SPELT.get(self._currency, (f"{{}} {self._currency}",))
        return self._chance.choice(forms).format(f"{price:f}")


def _with(held: Limits, more: Limits) -> Limits:
    return replace(
        held,
        price_max=held.price_max if more.price_max is None else more.price_max,
        price_min=held.price_min if more.price_min is None else more.price_min,
        color=more.color or held.color,
        size=more.size or held.size,
    )


def _nouns(kind: str) -> dict[str, str]:
    noun = kind.replace("-", " ")
    many = noun.endswith("s") and noun not in ("dress", "wedding dress", "nightdress")
    article = "an" if noun[0] in "aeiou" else "a"
    one = f"a pair of {noun}" if noun in _PAIRS else f"some {noun}" if many else f"{article} {noun}"
    plurals = {"scarf": "scarves", "watch": "watches", "knitwear": "knitwear"}
    return {
        "kind": kind,
        "garment": noun,
        "garments": noun if many else plurals.get(noun, plural(noun)),
        "a_garment": one,
    }


_PAIRS = frozenset(
    "trousers jeans shorts shoes sneakers boots heels pumps sandals loafers flats oxfords mules espadrilles slippers gloves earrings cufflinks sunglasses".split()
)


def _step(price: Decimal) -> Decimal:
    for step in (10, 50, 100, 500, 1000):
        if price < step * 20:
            return Decimal(step)
    return Decimal(10 ** (len(f"{price:.0f}") - 2))


def _above(price: Decimal) -> Decimal:
    """The next round amount that a budget would have."""
    return -(-price // _step(price)) * _step(price)


def _below(price: Decimal) -> Decimal:
    step = _step(price)
    return max((price // step) * step, Decimal(1))


def _far_below(price: Decimal) -> Decimal:
    """A price that nothing has: a good deal below the lowest."""
    return max(price * Decimal("0.6") // 1, Decimal(1))
