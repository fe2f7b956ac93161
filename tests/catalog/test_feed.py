import csv
import gzip
import html
import io
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from concierge.catalog import Feed, Product, read_feed
from concierge.errors import UserError

Read = Callable[..., Feed]
Rows = list[dict[str, str]]
BASE = {"id": "a1", "title": "Wool Coat", "price": "120.00 EUR"}
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROWS: Rows = [
    {
        "id": f"coat-{color}-{size}",
        "item_group_id": "coat",
        "title": "Wool Coat & Hood",
        "description": 'Warm, "dry" and light; for any weather.',
        "link": "https://shop.example/coat?size=1&color=2",
        "image_link": f"https://shop.example/{color}.jpg",
        "price": "1250.00 EUR",
        "sale_price": "990.00 EUR" if color == "moss" else "",
        "availability": "in_stock" if size == "38" else "out_of_stock",
        "brand": "Nord",
        "color": color,
        "size": size,
        "material": "wool",
        "gender": "female",
        "product_type": "Women > Coats",
    }
    for color in ("moss", "camel")
    for size in ("38", "40")
] + [
    {
        "id": "cap",
        "item_group_id": "",
        "title": "Café Cap",
        "description": "One size.",
        "link": "/cap",
        "image_link": "",
        "price": "45 EUR",
        "sale_price": "",
        "availability": "preorder",
        "brand": "Nord",
        "color": "black",
        "size": "",
        "material": "",
        "gender": "unisex",
        "product_type": "Hats",
    }
]


def delimited(delimiter: str, rows: Rows = ROWS) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def elements(row: dict[str, str], names: Callable[[str], str]) -> str:
    return "".join(f"<{names(k)}>{html.escape(v)}</{names(k)}>" for k, v in row.items() if v)


def rss() -> bytes:
    def name(attribute: str) -> str:
        return attribute if attribute in ("title", "link", "description") else f"g:{attribute}"

    items = "".join(f"<item>{elements(row, name)}</item>\n" for row in ROWS)
    head = '<?xml version="1.0"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'
    return f"{head}<title>Nord</title>{items}</channel></rss>".encode()


def atom() -> bytes:
    items = "".join(
        f'<entry><link rel="alternate" href="{html.escape(row["link"])}"/>'
        f"{elements({k: v for k, v in row.items() if k != 'link'}, lambda k: f'g:{k}')}</entry>"
        for row in ROWS
    )
    head = '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">'
    return f"{head}<title>Nord</title>{items}</feed>".encode()


def jsonl(rows: Rows = ROWS) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


FORMATS: dict[str, bytes] = {
    "csv": delimited(","),
    "semicolons": delimited(";"),
    "Windows line ends and a byte order mark": b"\xef\xbb\xbf" + delimited("\t").replace(b"\n", b"\r\n"),
    "UTF-16": delimited("\t").decode().encode("utf-16"),
    "Windows-1252": delimited("\t").decode().encode("cp1252"),
    "jsonl": jsonl(),
    "json": json.dumps(ROWS, indent=1).encode(),
    "json of the API": json.dumps(
        [
            {
                "offerId": row["id"],
                "attributes": {"".join(w.title() if i else w for i, w in enumerate(k.split("_"))): v}
                | {"price": {"value": row["price"].split()[0], "currency": "EUR"}},
            }
            | {n: v for n, v in row.items() if n not in ("id", "price", k)}
            for row in ROWS
            for k, v in [("image_link", row["image_link"])]
        ]
    ).encode(),
    "rss": rss(),
    "atom": atom(),
    "gzip": gzip.compress(delimited("\t")),
    "gzip of rss": gzip.compress(rss()),
}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def of(data: bytes | str, now: datetime = NOW) -> Feed:
        path = tmp_path / "feed.tsv"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read_feed(path, now)

    return of


def one(read: Read, **values: str) -> Product:
    feed = read(jsonl([BASE | values]))
    assert not feed.bad_rows
    return feed.products[0]


@pytest.mark.parametrize("name", FORMATS)
def test_all_formats_tell_the_same_products(read: Read, name: str) -> None:
    expected = read(delimited("\t"))
    assert len(expected.products) == 2
    assert read(FORMATS[name]) == expected


def test_variants_of_a_group_become_one_product(read: Read) -> None:
    coat, cap = read(delimited("\t")).products
    assert (coat.id, coat.colors, coat.sizes) == ("coat", ("moss", "camel"), ("38", "40"))
    assert coat.available_sizes == ("38",)
    assert (coat.price, coat.sale_price, coat.current_price) == (Decimal(1250), Decimal(990), Decimal(990))
    assert coat.additional_images == ("https://shop.example/moss.jpg", "https://shop.example/camel.jpg")
    assert (coat.gender, coat.availability) == ("female", "in_stock")
    assert (cap.id, cap.sizes, cap.availability) == ("cap", (), "preorder")


def test_titles_that_differ_by_color_and_size_are_cut_to_what_they_share(read: Read) -> None:
    rows = [BASE | {"id": s, "item_group_id": "g", "title": f"Wool Coat - Moss, {s}"} for s in ("S", "M")]
    assert read(jsonl(rows)).products[0].title == "Wool Coat - Moss"


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1250.00 EUR", "1250", "EUR"),
        ("1,250.00 EUR", "1250", "EUR"),
        ("1.250,00 EUR", "1250", "EUR"),
        ("1 250,00 EUR", "1250", "EUR"),
        ("1'250.00 CHF", "1250", "CHF"),
        ("EUR 89.50", "89.50", "EUR"),
        ("89,5 eur", "89.5", "EUR"),
        ("€89", "89", "EUR"),
        ("$45", "45", "USD"),
        ("US$45.90", "45.90", "USD"),
        ("45.90£", "45.90", "GBP"),
        ("120,- EUR", "120", "EUR"),
        ("12.500 JPY", "12500", "JPY"),
        ("0.125 KWD", "0.125", "KWD"),
        ("12.500 KWD", "12.5", "KWD"),
    ],
)
def test_prices_are_read_as_merchants_write_them(read: Read, text: str, amount: str, currency: str) -> None:
    product = one(read, price=text)
    assert (product.price, product.currency) == (Decimal(amount), currency)


def test_a_bare_price_takes_the_currency_of_the_others(read: Read) -> None:
    feed = read(jsonl([BASE | {"price": "99"}, BASE | {"id": "a2", "price": "10 DKK"}]))
    assert {p.currency for p in feed.products} == {"DKK"}


PERIOD = "2026-05-01T00:00+00:00/2026-07-01T00:00+00:00"


@pytest.mark.parametrize(
    ("sale", "period", "now", "price"),
    [
        ("80 EUR", "", NOW, 80),
        ("80 EUR", PERIOD, NOW, 80),
        ("80 EUR", PERIOD, datetime(2026, 4, 30, tzinfo=UTC), 120),
        ("80 EUR", PERIOD, datetime(2026, 7, 1, tzinfo=UTC), 120),
        ("80 EUR", "2026-06-01T13:30+02:00/2026-06-02", NOW, 80),
        ("150 EUR", "", NOW, 120),
        ("", PERIOD, NOW, 120),
    ],
)
def test_a_sale_price_holds_in_its_time(
    read: Read, sale: str, period: str, now: datetime, price: int
) -> None:
    row = BASE | {"sale_price": sale, "sale_price_effective_date": period}
    assert read(jsonl([row]), now).products[0].current_price == price


def test_a_feed_knows_when_its_prices_change_next(read: Read) -> None:
    row = BASE | {"sale_price": "80 EUR", "sale_price_effective_date": PERIOD}
    assert read(jsonl([row])).valid_until == datetime(2026, 7, 1, tzinfo=UTC)
    assert read(jsonl([row]), datetime(2027, 1, 1, tzinfo=UTC)).valid_until is None


@pytest.mark.parametrize(
    ("text", "availability"),
    [
        ("in stock", "in_stock"),
        ("In_Stock", "in_stock"),
        ("https://schema.org/InStock", "in_stock"),
        ("", "in_stock"),
        ("out of stock", "out_of_stock"),
        ("OutOfStock", "out_of_stock"),
        ("SOLD OUT", "out_of_stock"),
        ("preorder", "preorder"),
        ("pre-order", "preorder"),
        ("backorder", "backorder"),
    ],
)
def test_availability_is_read_in_any_spelling(read: Read, text: str, availability: str) -> None:
    assert one(read, availability=text).availability == availability


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"price": ""}, "no price"),
        ({"title": ""}, "no title"),
        ({"title": "<b></b>"}, "no title"),
        ({"id": ""}, "no id"),
        ({"price": "free"}, "price not understood"),
        ({"price": "-5 EUR"}, "negative price"),
        ({"price": "0 EUR"}, "out of range"),
        ({"price": "5 EUR USD"}, "not understood"),
        ({"price": "EUR 5 USD"}, "two currencies"),
        ({"sale_price": "3 USD"}, "sale price in USD"),
        ({"sale_price": "3 EUR", "sale_price_effective_date": "May"}, "sale_price_effective_date"),
        ({"availability": "perhaps"}, "availability not understood"),
        ({"id": "first"}, "duplicate id"),
        ({"item_group_id": "g", "price": "5 USD"}, "currency USD"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_skipped(read: Read, changed: dict[str, str], reason: str) -> None:
    columns = {"item_group_id": "", "sale_price": "", "sale_price_effective_date": "", "availability": ""}
    rows = [
        columns | BASE | {"id": "first", "item_group_id": "g"},
        columns | BASE | {"id": "bad"} | changed,
        columns | BASE | {"id": "last", "item_group_id": "h"},
    ]
    feed = read(delimited("\t", rows))
    assert [(b.line, reason in b.reason) for b in feed.bad_rows] == [(3, True)], feed.bad_rows
    assert [p.id for p in feed.products] == ["g", "h"]


def test_a_price_that_no_row_gives_a_currency_is_bad(read: Read) -> None:
    with pytest.raises(UserError, match=r"line 1: price without a currency"):
        read(jsonl([BASE | {"price": "12"}]))


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("id\ttitle\tprice\na\tHat\t9 EUR\nb\tCap\t9 EUR\tx\ty\nc\tTie\t9 EUR\n", [3]),
        ("id\ttitle\tprice\n\na\tHat\t9 EUR\n\nb\tCap\n", [5]),
        ('id,title,price\na,"Hat\nand cap",9 EUR\nb,Cap,\n', [4]),
        ('{"id":"a","title":"Hat","price":"9 EUR"}\n{"id":"b"\n[1]\n"x"\n', [2, 3, 4]),
        ('[{"id":"a","title":"Hat","price":"9 EUR"},\n\n{"id":"b","title":"Cap"},\n7]', [3, 4]),
        ("<rss><item><id>a</id><title>Hat</title><price>9 EUR</price></item>\n<item></item></rss>", [2]),
    ],
)
def test_lines_are_counted_in_every_format(read: Read, data: str, lines: list[int]) -> None:
    feed = read(data)
    assert [b.line for b in feed.bad_rows] == lines
    assert feed.products[0].id == "a"


def test_a_quote_that_is_never_closed_spoils_only_its_own_row(read: Read) -> None:
    feed = read('id\ttitle\tprice\na\tHat 7"\t9 EUR\nb\t"Cap\t9 EUR\nc\tTie\t9 EUR\n')
    assert [p.id for p in feed.products] == ["a", "b", "c"]
    assert not feed.bad_rows


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    "<rss><item><id>1</id><title>&b;</title><price>1 EUR</price></item></rss>"
)
EXTERNAL = (
    '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<rss><item><id>1</id><title>&x;</title><price>1 EUR</price></item></rss>"
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\t\r\n", "empty"),
        (b"\x00\x01\x02\xff\xfe" * 100, "usable"),
        (bytes(range(256)) * 8, "usable"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "usable"),
        (b"\x1f\x8b\x08garbage", "gzip"),
        (gzip.compress(delimited("\t"))[:-20], "gzip"),
        (b"id\ttitle\tprice\n", "no usable row"),
        (b"id\ttitle\n1\tHat\n", "no column price"),
        (b"hello, world", "no column"),
        (b"[]", "no usable row"),
        (b"[{]", "damaged"),
        (b"{}", "no title|no id|no usable row"),
        (b"[" * 100_000, "usable"),
        (b"<html><body>Not found</body></html>", "no <item>"),
        (b"<rss><item>", "damaged"),
        (BOMB.encode(), "entities"),
        (EXTERNAL.encode(), "entities"),
        (b"id\ttitle\tprice\n1\tHat\tfree\n", "line 2: price not understood"),
    ],
)
def test_a_feed_of_no_use_is_an_error_that_names_it(
    read: Read, tmp_path: Path, data: bytes, reason: str
) -> None:
    with pytest.raises(UserError, match=reason) as raised:
        read(data)
    message = str(raised.value)
    assert str(tmp_path / "feed.tsv") in message
    assert "--catalog FILE" in message or "Export it as" in message
    assert "\n" not in message


def test_a_missing_file_and_a_directory_are_errors_that_name_them(tmp_path: Path) -> None:
    for path in (tmp_path / "none.tsv", tmp_path):
        with pytest.raises(UserError, match=r"--catalog FILE") as raised:
            read_feed(path)
        assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "data:text/html;x",
        'https://x"onload=',
        "java\nscript:x",
    ],
)
def test_links_that_a_page_must_not_follow_are_dropped(read: Read, link: str) -> None:
    product = one(read, link=link, image_link=link, additional_image_link=link)
    assert (product.link, product.image_link, product.additional_images) == ("", "", ())


def test_html_is_stripped_from_what_is_shown(read: Read) -> None:
    product = one(
        read,
        title="<b>Wool</b> Coat &amp; Hood<script>alert(1)</script>",
        description="<p>Warm&nbsp;&lt;i&gt;and&lt;/i&gt; dry.</p>\n<style>p{}</style>5 < 6",
    )
    assert product.title == "Wool Coat & Hood"
    assert product.description == "Warm and dry. 5 < 6"


# --- by property ---

LENIENT = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TABLES = [b"id\ttitle\tprice\n", b"id,title,price\n"]
STARTS = [b"", b"\x1f\x8b\x08", b"\xff\xfe", b"[{", b'{"id":', b"<rss><item>", *TABLES]
CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
PRICE = st.decimals(min_value="0.01", max_value="99999", places=2)


@given(st.sampled_from(STARTS), st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
@LENIENT
def test_any_bytes_are_products_or_an_error(read: Read, start: bytes, rest: bytes) -> None:
    with suppress(UserError):
        assert read(start + rest).products


@given(st.lists(st.tuples(CELL, CELL, PRICE), min_size=1, max_size=8))
@LENIENT
def test_every_row_of_a_table_is_a_product_or_told_as_bad(
    read: Read, rows: list[tuple[str, str, Decimal]]
) -> None:
    table = [{"id": id, "title": title, "price": f"{price} EUR"} for id, title, price in rows]
    feed = read(delimited("\t", [BASE | {"id": "sure, and first"}, *table]))
    lines = {bad.line for bad in feed.bad_rows}
    products = {p.id: p for p in feed.products}
    assert len(products) + len(lines) == len(rows) + 1
    for line, (id, title, price) in enumerate(rows, 3):
        if line not in lines:
            product = products[id.strip()]
            assert product.price == price
            if title.isalnum():
                assert product.title == title
