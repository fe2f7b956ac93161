"""A product and its variants, as a merchant's feed has them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

OUT_OF_STOCK = "out_of_stock"


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of the feed: what a shopper can actually buy. `color` may name several: `navy/white`."""

    id: str
    color: str
    size: str
    price: Decimal
    sale_price: Decimal | None
    availability: str
    image_link: str

    @property
    def current_price(self) -> Decimal:
        """What it costs now."""
        return self.price if self.sale_price is None else self.sale_price

    @property
    def is_available(self) -> bool:
        """Whether it can be ordered, be it later."""
        return self.availability != OUT_OF_STOCK


@dataclass(frozen=True, slots=True)
class Product:
    """A piece in all its colors and sizes.

    Attributes:
        id: the feed's `item_group_id`, or `id` where there is no group.
        price, sale_price: of the cheapest available variant.
        currency: ISO 4217.
        availability: `in_stock`, `preorder`, `backorder` or `out_of_stock`; the best among the variants.
        gender: `female`, `male`, `unisex`, or empty where the feed does not tell.
        category: `google_product_category`, its number spelt out where it is a known one.
    """

    id: str
    title: str
    description: str
    link: str
    image_link: str
    additional_images: tuple[str, ...]
    price: Decimal
    sale_price: Decimal | None
    currency: str
    availability: str
    brand: str
    colors: tuple[str, ...]
    sizes: tuple[str, ...]
    material: str
    gender: str
    category: str
    product_type: str
    variants: tuple[Variant, ...]

    def __hash__(self) -> int:
        return hash(self.id)  # of all its variants too, it would take longer than what it is looked up for

    @property
    def current_price(self) -> Decimal:
        """What it costs now, in its cheapest available variant."""
        return self.price if self.sale_price is None else self.sale_price

    @property
    def available_sizes(self) -> tuple[str, ...]:
        """Sizes that can be ordered in some color."""
        available = {v.size for v in self.variants if v.is_available}
        return tuple(s for s in self.sizes if s in available)

    def as_card(self) -> dict[str, Any]:
        """What a shopper's page shows at a glance, ready for JSON."""
        available = self.available_sizes
        return {
            "id": self.id,
            "title": self.title,
            "price": _money(self.price, self.currency),
            "sale_price": None if self.sale_price is None else _money(self.sale_price, self.currency),
            "color": " or ".join(self.colors),
            "colors": list(self.colors),
            "sizes": [{"size": s, "available": s in available} for s in self.sizes],
            "availability": self.availability,
            "image": self.image_link,
            "link": self.link,
        }

    def as_detail(self) -> dict[str, Any]:
        """The card and all else that the feed says, ready for JSON."""
        return self.as_card() | {
            "description": self.description,
            "brand": self.brand,
            "material": self.material,
            "gender": self.gender,
            "category": self.category,
            "product_type": self.product_type,
            "images": [i for i in (self.image_link, *self.additional_images) if i],
            "variants": [
                {
                    "id": v.id,
                    "color": v.color,
                    "size": v.size,
                    "price": _money(v.price, self.currency),
                    "sale_price": None if v.sale_price is None else _money(v.sale_price, self.currency),
                    "availability": v.availability,
                    "image": v.image_link,
                }
                for v in self.variants
            ],
        }


def _money(amount: Decimal, currency: str) -> dict[str, str]:
    return {"amount": f"{amount:.2f}", "currency": currency}
