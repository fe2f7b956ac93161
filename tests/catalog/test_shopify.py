"""Shopify's product exports, in both of their forms, read as feeds."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from concierge.catalog import Feed, read_feed
from concierge.errors import UserError

COLUMNS = [
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Product Category",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Variant SKU",
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Price",
    "Variant Compare At Price",
    "Image Src",
    "Google Shopping / Gender",
    "Variant Image",
    "Fabric (product.metafields.custom.fabric)",
    "Status",
]
NEWER = {
    "Handle": "URL handle",
    "Body (HTML)": "Description",
    "Product Category": "Product category",
    "Option1 Name": "Option1 name",
    "Option1 Value": "Option1 value",
    "Option2 Name": "Option2 name",
    "Option2 Value": "Option2 value",
    "Variant SKU": "SKU",
    "Variant Inventory Qty": "Inventory quantity",
    "Variant Inventory Policy": "Continue selling when out of stock",
    "Variant Price": "Price",
    "Variant Compare At Price": "Compare-at price",
    "Image Src": "Product image URL",
    "Variant Image": "Variant image URL",
}
COAT = {
    "Handle": "moor-coat",
    "Title": "Moor Coat",
    "Body (HTML)": "<p>Warm &amp; long.</p>",
    "Vendor": "Varel",
    "Product Category": "Apparel & Accessories > Clothing > Outerwear > Coats & Jackets",
    "Type": "Coats",
    "Google Shopping / Gender": "Female",
    "Fabric (product.metafields.custom.fabric)": "Wool",
    "Option1 Name": "Colour",
    "Option1 Value": "Moss",
    "Option2 Name": "Size",
    "Option2 Value": "38",
    "Variant SKU": "MC-38",
    "Variant Inventory Qty": "3",
    "Variant Inventory Policy": "deny",
    "Variant Price": "450.00",
    "Variant Compare At Price": "600.00",
    "Image Src": "https://cdn.example/moor.jpg",
    "Status": "active",
}
ROWS = [
    COAT,
    {**dict.fromkeys(COAT, ""), "Handle": "moor-coat", "Option1 Value": "Camel", "Option2 Value": "40"}
    | {"Variant Inventory Qty": "0", "Variant Inventory Policy": "deny", "Variant Price": "600.00"},
    {"Handle": "moor-coat", "Image Src": "https://cdn.example/back.jpg"},
    {"Handle": "cap", "Title": "Fen Cap", "Option1 Name": "Title", "Option1 Value": "Default Title"}
    | {"Variant Price": "80", "Variant Inventory Qty": "-2", "Variant Inventory Policy": "continue"},
    COAT | {"Handle": "next-year", "Title": "Next Year", "Variant SKU": "NY", "Status": "draft"},
    {"Handle": "next-year", "Option1 Value": "Moss", "Variant Price": "1"},
]


def export(path: Path, rows: list[dict[str, str]] = ROWS, names: dict[str, str] | None = None) -> Path:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([(names or {}).get(c, c) for c in COLUMNS])
    told = {"deny": "FALSE", "continue": "TRUE"} if names else {}
    for row in rows:
        writer.writerow([told.get(row.get(c, ""), row.get(c, "")) for c in COLUMNS])
    path.write_text(text.getvalue(), "utf-8")
    return path


@pytest.fixture(params=[None, NEWER], ids=["earlier", "newer"])
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Feed:
    return read_feed(export(tmp_path / "export.csv", names=request.param), currency="CHF")


def test_a_handles_rows_are_one_piece_and_drafts_are_none(feed: Feed) -> None:
    coat, cap = feed.products
    assert not feed.bad_rows
    assert (coat.id, coat.title, coat.description) == ("moor-coat", "Moor Coat", "Warm & long.")
    assert (coat.colors, coat.sizes, coat.material) == (("Moss", "Camel"), ("38", "40"), "Wool")
    assert (coat.gender, coat.brand, coat.product_type) == ("female", "Varel", "Coats")
    assert coat.image_link == "https://cdn.example/moor.jpg"
    assert (cap.title, cap.colors, cap.sizes, cap.material) == ("Fen Cap", (), (), "")


def test_a_price_above_is_the_one_before_the_sale_and_the_house_tells_the_currency(feed: Feed) -> None:
    coat, cap = feed.products
    assert (coat.price, coat.sale_price, coat.currency) == (Decimal(600), Decimal(450), "CHF")
    assert (cap.price, cap.sale_price) == (Decimal(80), None)


def test_what_has_run_out_is_out_unless_it_is_sold_on(feed: Feed) -> None:
    coat, cap = feed.products
    assert [v.availability for v in coat.variants] == ["in_stock", "out_of_stock"]
    assert cap.availability == "in_stock"


def test_a_variant_without_a_price_is_a_bad_row_and_no_currency_is_none(tmp_path: Path) -> None:
    rows = [COAT, {"Handle": "moor-coat", "Option1 Value": "Red", "Option2 Value": "38"}]
    feed = read_feed(export(tmp_path / "export.csv", rows), currency="CHF")
    assert [(row.line, row.reason) for row in feed.bad_rows] == [(3, "no price")]
    with pytest.raises(UserError, match="price without a currency"):
        read_feed(export(tmp_path / "export.csv"))
