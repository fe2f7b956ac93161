"""Houses that are not ours, for checkers that must not know ours by heart."""

from __future__ import annotations

from decimal import Decimal

from concierge.catalog import Product, Variant

Sizes = dict[str, bool]


def piece(
    title: str,
    price: str,
    currency: str = "EUR",
    *,
    colors: tuple[str, ...] = ("black",),
    material: str = "",
    sizes: Sizes | None = None,
    sale: str | None = None,
    description: str = "",
    gender: str = "",
    brand: str = "",
    available: bool = True,
) -> Product:
    """A piece; `sizes` tells which are to be had, in all its colors."""
    cost, reduced = Decimal(price), Decimal(sale) if sale else None
    variants = tuple(
        Variant(
            f"{title}-{color}-{size}",
            color,
            size,
            cost,
            reduced,
            "in_stock" if there and available else "out_of_stock",
            "",
        )
        for color in colors
        for size, there in (sizes or {"": True}).items()
    )
    best = "in_stock" if any(v.is_available for v in variants) else "out_of_stock"
    return Product(
        id=title.lower().replace(" ", "-"),
        title=title,
        description=description,
        link="",
        image_link="",
        additional_images=(),
        price=cost,
        sale_price=reduced,
        currency=currency,
        availability=best,
        brand=brand,
        colors=colors,
        sizes=tuple(s for s in (sizes or {}) if s),
        material=material,
        gender=gender,
        category="",
        product_type="",
        variants=variants,
    )


# A house in London, with titles of its own names
HARROW = (
    piece(
        "Pelham Overcoat", "1250", "GBP", colors=("navy", "charcoal"), material="wool and cashmere", gender="male",
        sizes={"38": False, "40": True, "42": True}, description="Falls below the knee, half lined in burgundy silk.",
    ),
    piece("Lamont Brogues", "395", "GBP", colors=("tan", "black"), material="calf leather", sale="295",
          sizes={"8": True, "9": True, "10": False}),
    piece("Isla Silk Blouse", "240", "GBP", colors=("ivory", "bottle green"), material="silk crepe de chine",
          sizes={"8": True, "10": True, "12": True}, gender="female"),
)  # fmt: skip

# A shop whose titles are words of the trade only
PLAIN = (
    piece("Linen Shirt", "89", "USD", colors=("white", "sky blue"), material="linen",
          sizes={"S": True, "M": True, "L": False}),
    piece("Wool Coat", "349.50", "USD", colors=("camel",), material="wool", sizes={"S": True, "M": True}),
    piece("Leather Tote", "210", "USD", colors=("black", "brown"), material="leather"),
)  # fmt: skip

# One that prices in Swiss francs and in Swedish crowns, names with accents
ALPEN = (
    piece("Säntis Fleece", "180", "CHF", colors=("forest green",), material="merino wool", sizes={"M": True, "L": True}),
    piece("Bernina Down Jacket", "1290", "CHF", colors=("red", "black"), material="recycled nylon", available=False,
          sizes={"M": False, "L": False}),
)  # fmt: skip
FJORD = (
    piece("Åre Boots", "3400", "SEK", colors=("black",), material="suede", sizes={"38": True, "39": True}),
    piece("Lofoten Sweater", "2250", "SEK", colors=("ecru", "blue"), material="lambswool", sizes={"S": True}),
)  # fmt: skip

HARROW_FACTS = """## Returns
45 days from receipt, unworn. Refunds within two weeks. Sale pieces cannot be returned.

## Delivery
Free over 150 GBP, otherwise 8.50 GBP. United Kingdom 1 to 2 days, Ireland and France 3 to 5 days.

## Opening hours
Savile Row 14, London: Tuesday to Saturday, 10 am to 6.30 pm. Edinburgh, 3 Thistle Street.

## Care
Brush tweed dry. Hand-wash cashmere in cool water, never wring it.

## Gift cards
From 25 to 1,000 GBP. Wrapping is complimentary.

## Payment
Visa, Mastercard and Apple Pay.

## Contact
hello@harrow.example or 020 7946 0018.
"""
