"""A Shopify product export as the feed rows that it stands for.

The first row of a product (its `Handle`) tells what all have in common; each has an option's values, a stock
and a price, which is what is paid now: a `Compare At Price` above it makes it a sale. No currency is told.
https://help.shopify.com/en/manual/products/import-export/using-csv
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from concierge.catalog.row import Row

_NEWER = {  # columns of exports since 2024, in the words of earlier ones
    "url_handle": "handle",
    "description": "body_(html)",
    "id": "variant_sku",
    "price": "variant_price",
    "compare_at_price": "variant_compare_at_price",
    "inventory_quantity": "variant_inventory_qty",
    "continue_selling_when_out_of_stock": "variant_inventory_policy",
    "product_image_url": "image_src",
    "product_category": "category",
    "variant_image_url": "variant_image",
}
_COMMON = {
    "title": "title",
    "description": "body_(html)",
    "brand": "vendor",
    "product_type": "type",
    "google_product_category": "category",
    "gender": "google_shopping_/_gender",
}
_OPTIONS = {"color": "color", "colour": "color", "size": "size", "material": "material", "fabric": "material"}


def is_export(columns: Sequence[str]) -> bool:
    """Whether these, in their plain form, are the columns of such an export."""
    return "option1_name" in columns and bool({"handle", "url_handle"} & set(columns))


def items(rows: Iterable[Row]) -> Iterator[Row]:
    """The variants of what is for sale, with attributes as a feed has them."""
    first: dict[str, str] = {}
    for row in rows:
        values = {_NEWER.get(name, name): value for name, value in row.values.items()}
        if values.get("title") or values.get("handle", "") != first.get("handle"):
            first = values
        is_image_only = not (row.problem or values.get("variant_price") or values.get("option1_value"))
        if first.get("status", "active").lower() == "active" and not is_image_only:
            yield row if row.problem else Row(row.line, _item(values, first))


def _item(row: dict[str, str], first: dict[str, str]) -> dict[str, str]:
    handle = first.get("handle", "")
    chosen = {
        first.get(f"option{n}_name", "").lower(): value
        for n in (1, 2, 3)
        if (value := row.get(f"option{n}_value") or "")
    }
    item = {name: first.get(column, "") for name, column in _COMMON.items()}
    item["material"] = next((v for name, v in first.items() if re.match(r"(material|fabric)_\(", name)), "")
    item |= {_OPTIONS[name]: value for name, value in chosen.items() if name in _OPTIONS}
    price, before = row.get("variant_price", ""), row.get("variant_compare_at_price", "")
    item |= {"price": before, "sale_price": price} if before else {"price": price}
    return item | {
        "id": row.get("variant_sku") or "/".join([handle, *chosen.values()]),
        "item_group_id": handle,
        "image_link": row.get("variant_image") or row.get("image_src") or first.get("image_src", ""),
        "availability": "in_stock" if _is_in_stock(row) else "out_of_stock",
    }


def _is_in_stock(row: dict[str, str]) -> bool:
    """Whether it can be bought; a stock that is not counted never ends."""
    stock = row.get("variant_inventory_qty", "")
    sells_on = row.get("variant_inventory_policy", "").lower() in ("continue", "true")
    return sells_on or not re.fullmatch(r"-?\d+", stock) or int(stock) > 0
