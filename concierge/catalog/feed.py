"""A merchant's product feed: rows checked one by one, variants of a group gathered into products."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from concierge.catalog.formats import REQUIRED, Unreadable, rows
from concierge.catalog.money import parse_price
from concierge.catalog.product import OUT_OF_STOCK, Product, Variant
from concierge.catalog.row import Row
from concierge.catalog.vocabulary import CATEGORIES, gender_of
from concierge.errors import UserError

_AVAILABILITY = {
    "": "in_stock",  # a merchant who tells no stock lists what he has
    "instock": "in_stock",
    "available": "in_stock",
    "availablefororder": "in_stock",
    "limitedavailability": "in_stock",
    "lowstock": "in_stock",
    "yes": "in_stock",
    "outofstock": OUT_OF_STOCK,
    "soldout": OUT_OF_STOCK,
    "unavailable": OUT_OF_STOCK,
    "notavailable": OUT_OF_STOCK,
    "discontinued": OUT_OF_STOCK,
    "no": OUT_OF_STOCK,
    "preorder": "preorder",
    "presale": "preorder",
    "backorder": "backorder",
    "madetoorder": "backorder",
}
_BEST_FIRST = ("in_stock", "preorder", "backorder", OUT_OF_STOCK)
_MAX_DESCRIPTION, _MAX_TITLE = 5000, 300  # Google's limits are 5000 and 150


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was skipped, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed file holds.

    Attributes:
        valid_until: when a sale begins or ends next, so that prices have to be read again; None if none does.
    """

    products: tuple[Product, ...]
    bad_rows: tuple[BadRow, ...]
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    """A row that passed: its variants (one a size), and what belongs to the product."""

    values: dict[str, str]
    title: str
    currency: str
    variants: tuple[Variant, ...]


def read_feed(path: Path, now: datetime | None = None, *, currency: str = "") -> Feed:
    """Read a Google Merchant feed in any of its formats, or a Shopify product export.

    Args:
        now: decides which sale prices hold; the present if left out.
        currency: of bare prices where no price names one.

    Raises:
        UserError: the file cannot be read, is empty, or has no usable row.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"Cannot read the product feed {path} ({error.strerror or error}); "
            "name another with --catalog FILE."
        ) from error
    try:
        feed = _gather(list(rows(data)), now or datetime.now(UTC), currency)
    except Unreadable as error:
        raise UserError(
            f"The product feed {path} is not usable: {error}. "
            "Export it as TSV, CSV, JSON lines or XML with id, title and price, or as CSV from Shopify."
        ) from error
    if not feed.products:
        reason = f"; line {feed.bad_rows[0].line}: {feed.bad_rows[0].reason}" if feed.bad_rows else ""
        raise UserError(
            f"The product feed {path} has no usable row{reason}. Mend it or name another with --catalog FILE."
        )
    return feed


def _gather(all_rows: Sequence[Row], now: datetime, currency: str) -> Feed:
    """Check the rows, keep what can be sold, and bring the variants of a group together."""
    bad: list[BadRow] = []
    seen: dict[str, int] = {}
    groups: dict[str, list[_Item]] = {}
    changes: list[datetime] = []
    default = _common_currency(all_rows) or currency
    for row in all_rows:
        try:
            if row.problem:
                raise ValueError(row.problem)
            item = _item(row.values, default, now, changes)
            id = row.values["id"]
            if id in seen:
                raise ValueError(f"duplicate id {id[:50]!r}, first on line {seen[id]}")
            group = groups.setdefault(row.values.get("item_group_id") or id, [])
            if group and group[0].currency != item.currency:
                raise ValueError(f"currency {item.currency} where its group has {group[0].currency}")
        except ValueError as error:
            bad.append(BadRow(row.line, str(error)))
            continue
        seen[id] = row.line
        group.append(item)
    products = tuple(_product(id, items) for id, items in groups.items() if items)
    return Feed(products, tuple(bad), min((c for c in changes if c > now), default=None))


def _common_currency(all_rows: Iterable[Row]) -> str:
    """The currency of the first price that names one: what the bare prices mean."""
    for row in all_rows:
        try:
            currency = parse_price(row.values.get("price", ""))[1]
        except ValueError:
            continue
        if currency:
            return currency
    return ""


def _item(values: dict[str, str], default_currency: str, now: datetime, changes: list[datetime]) -> _Item:
    """Check a row. Appends to `changes` when its price will. Raises ValueError with the reason it is bad."""
    for name in REQUIRED:
        if not values.get(name):
            raise ValueError(f"no {name}")
    title = plain_text(values["title"])[:_MAX_TITLE]
    if not title:
        raise ValueError("no title")
    price, currency = parse_price(values["price"])
    currency = currency or default_currency
    if not currency:
        raise ValueError(f"price without a currency: {values['price'][:40]!r}")
    sale = _sale_price(values, price, currency, now, changes)
    spelling = values.get("availability", "")
    availability = _availability(spelling)
    if not availability:
        raise ValueError(f"availability not understood: {spelling[:40]!r}")
    color = plain_text(values.get("color", ""))
    image = _link(values.get("image_link", ""))
    variants = tuple(
        Variant(values["id"], color, size, price, sale, availability, image)
        for size in _sizes(values.get("size", ""))
    )
    return _Item(values, title, currency, variants)


def _sale_price(
    values: dict[str, str], price: Decimal, currency: str, now: datetime, changes: list[datetime]
) -> Decimal | None:
    """The sale price if it holds now. One that is no lower than the price is no sale."""
    text = values.get("sale_price")
    if not text:
        return None
    sale, sale_currency = parse_price(text)
    if sale_currency not in ("", currency):
        raise ValueError(f"sale price in {sale_currency}, price in {currency}")
    if sale >= price:
        return None
    period = values.get("sale_price_effective_date")
    if not period:
        return sale
    begin, end = _period(period)
    changes += (begin, end)
    return sale if begin <= now < end else None


@lru_cache(maxsize=1024)
def _period(text: str) -> tuple[datetime, datetime]:
    """Two ISO 8601 times around a slash; UTC where they tell no zone. Raises ValueError."""
    begin, slash, end = text.partition("/")
    try:
        if not slash:
            raise ValueError
        return _moment(begin), _moment(end)
    except (ValueError, OverflowError):
        raise ValueError(f"sale_price_effective_date not understood: {text[:60]!r}") from None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


@lru_cache(maxsize=1024)
def _availability(spelling: str) -> str:
    """Google's value for any spelling: `In-Stock`, `https://schema.org/InStock`; "" if unknown."""
    key = re.sub(r"[^a-z]", "", spelling.lower().rsplit("/", 1)[-1])
    return _AVAILABILITY.get(key, "") if key or not spelling.strip() else ""


@lru_cache(maxsize=4096)
def _sizes(text: str) -> tuple[str, ...]:
    """The sizes of a row: mostly one, but some merchants list all they have in a cell. `38,5` is one."""
    separators = r"\s*[;|]\s*|\s*,\s*" if not re.fullmatch(r"\s*\d+,5\s*", text) else r"\s*[;|]\s*"
    parts = (plain_text(p) for p in re.split(separators, text))
    return tuple(dict.fromkeys(p for p in parts if p)) or ("",)


def _product(id: str, items: Sequence[_Item]) -> Product:
    variants = tuple(v for item in items for v in item.variants)
    cheapest = min(
        (v for v in variants if v.is_available), key=lambda v: v.current_price, default=variants[0]
    )
    first = items[0].values

    def values(name: str) -> dict[str, None]:
        return {t: None for item in items if (t := plain_text(item.values.get(name, "")))}

    def value(name: str) -> str:
        return next(iter(values(name)), "")

    title = _shared_title([item.title for item in items])
    category = value("google_product_category")
    category = CATEGORIES.get(category, category)
    product_type = value("product_type")
    return Product(
        id=id,
        title=title,
        description=value("description")[:_MAX_DESCRIPTION],
        link=_link(first.get("link", "")),
        image_link=cheapest.image_link or next((v.image_link for v in variants if v.image_link), ""),
        additional_images=_images(items),
        price=cheapest.price,
        sale_price=cheapest.sale_price,
        currency=items[0].currency,
        availability=min((v.availability for v in variants), key=_BEST_FIRST.index),
        brand=value("brand"),
        colors=tuple(dict.fromkeys(v.color for v in variants if v.color)),
        sizes=tuple(dict.fromkeys(v.size for v in variants if v.size)),
        material=" or ".join(values("material")),
        gender=gender_of(value("gender"), product_type, category, title),
        category=category,
        product_type=product_type,
        variants=variants,
    )


def _shared_title(titles: Sequence[str]) -> str:
    """What the variants' titles have in common, when they differ by a color or size at the end."""
    if len(set(titles)) == 1:
        return titles[0]
    shared = os.path.commonprefix(list(titles))  # noqa: RUF071 (of characters is what is wanted)
    if any(t[len(shared) : len(shared) + 1].isalnum() for t in titles) and shared[-1:].isalnum():
        shared = re.sub(r"\w+$", "", shared)
    shared = re.sub(r"[\s,;:/|(\[\u2013\u2014-]+(?:(?:in|size|color|colour)\s*)?$", "", shared)
    return shared if " " in shared else titles[0]


def _images(items: Sequence[_Item]) -> tuple[str, ...]:
    """Further images: the rows' own additional ones, then the other variants' main ones."""
    found: dict[str, None] = {}
    for item in items:
        listed = item.values.get("additional_image_link", "")
        for link in re.split(r"[,\s]+(?=https?://|/)|,", listed):
            found[_link(link.strip())] = None
    for item in items:
        found[item.variants[0].image_link] = None
    return tuple(link for link in found if link)


@lru_cache(maxsize=65536)
def _link(text: str) -> str:
    """A link that a page may follow: http, https or relative; anything else is dropped."""
    text = text.strip()
    scheme = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", text)
    safe = not scheme or scheme[0].lower() in ("http:", "https:")
    return text if safe and not re.search(r"[\x00-\x20<>\"\\]", text) else ""


_TAG = re.compile(r"<(?:script|style)\b[^<>]*>[^<]*|<[/!?a-zA-Z][^<>]*>")


def plain_text(text: str) -> str:
    """Text without HTML tags, entities, control characters and runs of white space."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = html.unescape(_TAG.sub(" ", text))
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
