"""Pieces of a house: real products, and what a reply may say of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any, Literal

from concierge.catalog import Product
from concierge.catalog.product import OUT_OF_STOCK, Variant
from concierge.stylist import prompt
from training import grammar, money
from training.names import Names
from training.phrasebook import Phrasebook, Unfit, read, read_toml

_AGREE = re.compile(r"<([^/<>]*)/([^<>]*)>")
_LINE_LIMIT = 118
Form = Literal["that", "with", "for", "done"]


def kinds() -> dict[str, Any]:
    return read_toml("kinds.toml")


@dataclass(frozen=True, slots=True)
class Detail:
    """Something a description says: `that falls straight`, `with two vents`, `for rain`, `cut short`."""

    text: str
    tags: frozenset[str]

    @property
    def form(self) -> Form:
        word = self.text.split(" ", 1)[0]
        return word if word in ("that", "with", "for") else "done"  # type: ignore[return-value]

    @property
    def bare(self) -> str:
        return self.text if self.form == "done" else self.text.split(" ", 1)[1]

    def of_number(self, plural: bool) -> Detail:
        return replace(self, text=_AGREE.sub(r"\2" if plural else r"\1", self.text))

    def does(self, plural: bool) -> str:
        """After the piece's name: `falls straight`, `has two vents`, `is cut on the bias`."""
        be, have = ("are", "have") if plural else ("is", "has")
        before = {"that": "", "with": f"{have} ", "for": f"{be} made for ", "done": f"{be} "}
        return before[self.form] + self.bare

    @property
    def aside(self) -> str:
        """Right after its name and a comma: `which falls straight`, `with two vents`, `made for rain`."""
        before = {"that": "which ", "with": "with ", "for": "made for ", "done": ""}
        return before[self.form] + self.bare


@dataclass(frozen=True, slots=True)
class Piece:
    """A product with its kind's key and words, and the details that its line in the prompt shows."""

    product: Product
    kind: str
    noun: str
    plural: bool
    details: tuple[Detail, ...]

    @property
    def place(self) -> str:
        place: str = kinds()[self.kind]["place"]
        return place

    def short(self, rng: Random) -> str:
        """What a shopper calls it."""
        first = self.product.title.removeprefix("The ").split(" ")[0]
        return rng.choice([self.noun, first, self.product.title.removeprefix("The "), f"{first} {self.noun}"])

    def with_sizes_gone(self, gone: Collection[str]) -> Piece:
        """The same, with some sizes sold out."""
        variants = tuple(
            replace(v, availability=OUT_OF_STOCK if v.size in gone else "in_stock")
            for v in self.product.variants
        )
        return replace(self, product=replace(self.product, variants=variants))

    def with_availability(self, availability: str) -> Piece:
        variants = tuple(replace(v, availability=availability) for v in self.product.variants)
        product = replace(self.product, variants=variants, availability=availability)
        return replace(self, product=product)


@cache
def _details(section: str, held_out: bool) -> tuple[Detail, ...]:
    lines = Phrasebook(held_out).choose(read("details.txt")[section])
    return tuple(_tagged(line) for line in lines)


def _tagged(line: str) -> Detail:
    text, *tags = re.split(r"\s+#", line)
    return Detail(text, frozenset(tags))


def cloth(material: str, held_out: bool) -> list[Detail]:
    """What may be said of a material by its name."""
    words = set(re.findall(r"[a-z]+", material.lower()))
    book = Phrasebook(held_out)
    sections = [s for s in read("cloth.txt") if set(s.split()) <= words]
    sections = [s for s in sections if not any(set(s.split()) < set(other.split()) for other in sections)]
    return [_tagged(line) for s in sections for line in book.choose(read("cloth.txt")[s])]


_WARM = {
    "wool", "cashmere", "felt", "tweed", "lambswool", "flannel", "corduroy", "alpaca", "shearling", "velvet",
    "mohair",
}  # fmt: skip


def _out_of_season(material: str) -> set[str]:
    """Tags that a material speaks against."""
    words = set(re.findall(r"[a-z]+", material.lower()))
    if words & {"linen", "straw", "raffia", "voile", "broderie"}:
        return {"cold", "rain"}
    warm = {
        "wool",
        "cashmere",
        "felt",
        "tweed",
        "lambswool",
        "flannel",
        "corduroy",
        "alpaca",
        "shearling",
        "velvet",
    }
    return {"heat", "holiday"} if words & warm else set()


class Maker:
    """Makes pieces of one house.

    Args:
        level: how dear the house is; 1 is the middle.
    """

    def __init__(self, rng: Random, names: Names, book: Phrasebook, currency: str, level: float) -> None:
        self._rng, self._names, self._book = rng, names, book
        self.currency, self._level = currency, level
        self._said: set[str] = set()
        self._runs: dict[str, list[str]] = {
            name: rng.choice(runs) for name, runs in read_toml("sizes.toml").items()
        }
        self._colors = {
            s: rng.sample(lines, len(lines))
            for s in ("plain", "rare", "metal")
            if (lines := book.lines("colors.txt", s))
        }

    def make(
        self,
        kind: str,
        needs: Collection[str] = (),
        *,
        color: str = "",
        material: str = "",
        size: str = "",
        sale: bool = False,
    ) -> Piece:
        """A piece of a kind that suits the needs, in a color, material and size if they are given."""
        rng, of = self._rng, kinds()[kind]
        material = material or (rng.choice(of["materials"]) if rng.random() < 0.95 else "")
        title = self._names.title(rng, rng.choice(of["titles"]), material)
        plural = bool(of.get("plural"))
        details = self._drawn(of["details"], needs, plural, material)
        description = _description(rng, details, of["noun"], plural, material) if rng.random() < 0.96 else ""
        sizes = self._runs[of["sizes"]]
        colors = (
            () if of.get("colorless") or (not color and rng.random() < 0.03) else self._palette(of, color)
        )
        product = _product(rng, title, description, of, material, colors, sizes, size, self._price(of, sale))
        product = replace(product, currency=self.currency)
        line = prompt.describe(product)
        shown = tuple(d for d in details if d.bare in line)
        return Piece(product, kind, of["noun"], plural, shown)

    def color(self) -> str:
        """A color as shoppers ask for it."""
        return self._rng.choice(self._colors["plain"] if "plain" in self._colors else self._colors["rare"])

    def _palette(self, of: dict[str, Any], color: str) -> tuple[str, ...]:
        rng = self._rng
        pool = self._colors["metal"] if of["details"] == ["jewellery"] and rng.random() < 0.7 else None
        pool = pool or [*self._colors.get("plain", []), *self._colors["rare"][:14]]
        colors = rng.sample(pool, min(len(pool), rng.choice([1, 1, 2, 2, 3])))
        if color and color not in colors:
            colors[rng.randrange(len(colors))] = color
        return tuple(colors)

    def _drawn(
        self, sections: Sequence[str], needs: Collection[str], plural: bool, material: str
    ) -> list[Detail]:
        """One or two details, the first likely to suit the needs, of different forms."""
        pool = [d for s in sections for d in _details(s, self._book.held_out)]
        against = _out_of_season(material)
        pool = [d for d in pool if not d.tags & against] or pool
        pool = [d for d in pool if d.text not in self._said] or pool
        fitting = [d for d in pool if d.tags & set(needs)]
        first = self._rng.choice(fitting if fitting and self._rng.random() < 0.85 else pool)
        against |= (
            {"heat", "holiday"} if "cold" in first.tags else {"cold"} if "heat" in first.tags else set()
        )
        others = [d for d in pool if d.form != first.form and not d.tags & against]
        chosen = [first, self._rng.choice(others)] if others and self._rng.random() < 0.8 else [first]
        self._said |= {d.text for d in chosen}
        return [d.of_number(plural) for d in chosen]

    def _price(self, of: dict[str, Any], sale: bool) -> tuple[Decimal, Decimal | None]:
        low, high = of["price"]
        price = money.amount(self._rng, self._rng.uniform(low, high) * self._level, self.currency)
        if not sale and self._rng.random() > 0.13:
            return price, None
        euros = float(price) / money.currencies()[self.currency]["rate"]
        lower = money.amount(self._rng, euros * self._rng.choice([0.5, 0.6, 0.7, 0.8]), self.currency)
        return price, lower if lower < price else None


def _description(rng: Random, details: Sequence[Detail], noun: str, plural: bool, material: str) -> str:
    """A sentence as copywriters write it, with its details."""
    first, *more = sorted(details, key=lambda d: d.form != "that")
    head = noun.capitalize() if plural else f"A {noun}"
    if material and rng.random() < 0.45:
        head += f" in {material}"
    if rng.random() < 0.25 and not plural and not material:
        head = noun.capitalize()
    texts = [f"{head}, {first.text}" if first.form == "done" else f"{head} {first.text}"]
    if first.form == "done" and rng.random() < 0.4:
        texts = [first.text[0].upper() + first.text[1:]]
    texts += [d.text for d in more]
    text = ", ".join(texts)
    if len(text) > _LINE_LIMIT:
        text = texts[0]
    return grammar.tidy(text) + "."


def _product(
    rng: Random,
    title: str,
    description: str,
    of: dict[str, Any],
    material: str,
    colors: Sequence[str],
    sizes: Sequence[str],
    wanted: str,
    prices: tuple[Decimal, Decimal | None],
) -> Product:
    gone = set()
    if len(sizes) > 2 and rng.random() < 0.4:
        gone = set(rng.sample([s for s in sizes if s != wanted], rng.randint(1, max(1, len(sizes) // 3))))
    price, sale = prices
    variants = tuple(
        Variant(f"{title}-{c}-{s}", c, s, price, sale, OUT_OF_STOCK if s in gone else "in_stock", "")
        for c in (colors or ("",))
        for s in sizes
    )
    shown = tuple(s for s in sizes if s)
    return Product(
        id=title, title=title, description=description, link="", image_link="", additional_images=(),
        price=price, sale_price=sale, currency="EUR",
        availability="in_stock" if wanted or rng.random() > 0.02 else rng.choice(["preorder", "backorder"]),
        brand="", colors=tuple(colors), sizes=shown, material=material, gender=of["gender"],
        category="", product_type="", variants=variants,
    )  # fmt: skip


class Mention:
    """A piece as a reply speaks of it: reasons are not given twice.

    Args:
        needs: what the shopper wants of it, as tags.
        color: the color they asked for, else one of its own.
    """

    def __init__(
        self,
        rng: Random,
        piece: Piece,
        needs: Collection[str] = (),
        *,
        color: str = "",
        held_out: bool = False,
    ) -> None:
        self._rng, self.piece, self._needs = rng, piece, set(needs)
        self.plural = piece.plural
        self._color = color or (rng.choice(piece.product.colors) if piece.product.colors else "")
        self._details = rng.sample(piece.details, len(piece.details))
        self._held_out = held_out
        self._told_material = False

    def say(self, key: str) -> str:
        """What a line asks for; see text/talk/styling.txt. Raises Unfit where there is nothing to say."""
        said = getattr(self, f"_say_{key}")()
        if not said:
            raise Unfit(key)
        return str(said)

    def _say_the(self) -> str:
        title = self.piece.product.title
        return title[:1].lower() + title[1:] if title.startswith("The ") else f"the {title}"

    def _say_title(self) -> str:
        return self.piece.product.title

    def _say_it(self) -> str:
        return "they" if self.plural else "it"

    def _say_them(self) -> str:
        return "them" if self.plural else "it"

    def _say_noun(self) -> str:
        return "pair" if self.plural else self.piece.noun

    def _say_price(self) -> str:
        return prompt.money(self.piece.product.current_price, self.piece.product.currency)

    def _say_was(self) -> str:
        product = self.piece.product
        return prompt.money(product.price, product.currency) if product.sale_price is not None else ""

    def _say_costs(self) -> str:
        price, be = self._say_price(), "are" if self.plural else "is"
        if was := self._say_was():
            return f"{be} now {price} instead of {was}"
        return self._rng.choice([f"{be} {price}", f"{'cost' if self.plural else 'costs'} {price}"])

    def _say_color(self) -> str:
        return self._color

    def _say_colors(self) -> str:
        colors = self.piece.product.colors
        return grammar.listed(colors) if colors else ""

    def _say_material(self) -> str:
        self._told_material = True
        return self.piece.product.material

    def _say_sizes(self) -> str:
        product = self.piece.product
        sizes = product.available_sizes if product.availability == "in_stock" else ()
        return grammar.listed(sizes) if sizes else ""

    def _say_gone(self) -> str:
        product = self.piece.product
        gone = [s for s in product.sizes if s not in product.available_sizes]
        return gone[0] if len(gone) == 1 else ""

    def _say_whichcloth(self) -> str:
        said = self._cloth(strict=False)
        if not said:
            raise Unfit("whichcloth")
        return f", which {said}"

    def _cloth(self, *, strict: bool) -> str:
        of = cloth(self.piece.product.material, self._held_out)
        if strict:
            of = [d for d in of if d.tags & self._needs]
        return self._rng.choice(of).text if of else ""

    def _take(self, *, strict: bool, loose: bool = False) -> Detail | None:
        """The next detail, those that suit the needs first.

        Args:
            strict: none but one that suits.
            loose: one that may stand apart from the name, so no `which ...`.
        """
        usable = [d for d in self._details if not (loose and d.form == "that")]
        usable = [d for d in usable if d.tags & self._needs] or ([] if strict else usable)
        if usable:
            self._details.remove(usable[0])
        return usable[0] if usable else None

    def _material_reason(self, *, strict: bool) -> str:
        be, said = "are" if self.plural else "is", self._cloth(strict=strict)
        if said and not self._told_material:
            return f"{be} in {self.piece.product.material}, which {said}"
        return ""

    def _say_fits(self) -> str:
        if detail := self._take(strict=True):
            return detail.does(self.plural)
        return self._material_reason(strict=True)

    def _say_does(self) -> str:
        detail = self._take(strict=False)
        if detail and (detail.tags & self._needs or self._rng.random() < 0.85):
            return detail.does(self.plural)
        if reason := self._material_reason(strict=False):
            return reason
        if detail:
            return detail.does(self.plural)
        colors = self._say_colors()
        return f"{'come' if self.plural else 'comes'} in {colors}" if colors else ""

    def _say_does2(self) -> str:
        detail = self._take(strict=False)
        return detail.does(self.plural) if detail else ""

    def _say_with(self) -> str:
        detail = self._take(strict=False)
        return detail.aside if detail else ""

    def _say_aside(self) -> str:
        detail = self._take(strict=False, loose=True)
        return detail.aside if detail else ""
