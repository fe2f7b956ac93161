"""Pieces as a stylist writes them in `feed/source/*.toml`, and the Google Merchant feed made of them.

Feed format: https://support.google.com/merchants/answer/7052112 (tab-separated, a header line, UTF-8).
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COLUMNS = (
    "id",
    "title",
    "description",
    "link",
    "image_link",
    "additional_image_link",
    "price",
    "sale_price",
    "availability",
    "brand",
    "color",
    "size",
    "material",
    "gender",
    "age_group",
    "google_product_category",
    "product_type",
    "item_group_id",
    "condition",
    "identifier_exists",
)
BRAND = "Maison Ormeval"


@dataclass(frozen=True, slots=True)
class Piece:
    """One product: its words, its variants, and what to draw.

    Attributes:
        price: EUR.
        sale: reduced price in EUR, or None.
        gone: what is sold out: "color", "size" or "color size".
        state: availability of all that is not gone.
        draw: a drawing's name and its options, e.g. "coat double long".
    """

    title: str
    text: str
    price: int
    material: str
    colors: tuple[str, ...]
    sizes: tuple[str, ...]
    draw: str
    product_type: str
    google: str
    gender: str
    sale: int | None = None
    gone: tuple[str, ...] = ()
    state: str = "in_stock"

    @property
    def id(self) -> str:
        return slug(self.title)

    def image(self, color: str) -> str:
        """File name of the illustration in a color."""
        return f"{self.id}-{slug(color)}.svg"

    def availability(self, color: str, size: str) -> str:
        gone = {color, size, f"{color} {size}"} & set(self.gone)
        return "out_of_stock" if gone else self.state


def slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.replace("'", "")).strip("-")


def read_pieces(source: Path) -> list[Piece]:
    """All pieces of a directory's TOML files; a piece's keys override its line's.

    Raises:
        TypeError: a piece lacks a key or has an unknown one.
    """
    pieces = []
    for path in sorted(source.glob("*.toml")):
        for line in tomllib.loads(path.read_text("utf-8"))["lines"]:
            shared = {key: value for key, value in line.items() if key != "pieces"}
            for piece in line["pieces"]:
                values = shared | piece
                lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
                pieces.append(Piece(**(values | lists)))
    return pieces


def rows(piece: Piece) -> Iterator[dict[str, str]]:
    """A feed row for each variant: every color in every size."""
    for color in piece.colors:
        for size in piece.sizes:
            image = f"/images/{piece.image(color)}"
            yield {
                "id": f"{piece.id}-{slug(color)}-{slug(size)}",
                "title": piece.title,
                "description": piece.text,
                "link": f"/?product={piece.id}",
                "image_link": image,
                "price": f"{piece.price}.00 EUR",
                "sale_price": f"{piece.sale}.00 EUR" if piece.sale else "",
                "availability": piece.availability(color, size),
                "brand": BRAND,
                "color": color,
                "size": size,
                "material": piece.material,
                "gender": piece.gender,
                "age_group": "adult",
                "google_product_category": piece.google,
                "product_type": piece.product_type,
                "item_group_id": piece.id,
                "condition": "new",
                "identifier_exists": "no",
            }


def feed_text(pieces: list[Piece]) -> str:
    """The feed as TSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, delimiter="\t", lineterminator="\n", restval="")
    writer.writeheader()
    for piece in pieces:
        writer.writerows(rows(piece))
    return out.getvalue()
