"""Limits that hold, pieces that are found, and how long it takes."""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.catalog import Catalog, Product, Variant, Wish, read_feed, sizes
from concierge.catalog.embedding import Embedder
from concierge.catalog.index import kinds_of
from concierge.catalog.search import shades_missed
from concierge.catalog.vocabulary import (
    GARMENTS,
    GROUPS,
    LEXICON,
    SHADES,
    shade_asked,
    shades_of,
    words,
)
from scripts.measure_search import write_large

LABELS = [
    json.loads(line) for line in (Path(__file__).parent / "labels.jsonl").read_text("utf-8").splitlines()
]

COLORS = st.sampled_from(
    [*GROUPS, *SHADES.keys() & {"moss", "emerald", "green", "navy", "black", "camel", "ivory", "red"}]
)
SIZES = st.sampled_from(["36", "38", "40", "42", "48", "S", "M", "XL", "UK 10", "EU 42", "One size", "99"])
MATERIALS = st.sampled_from(["wool", "silk", "leather", "linen", "cotton", "cashmere"])
KINDS = st.sampled_from(
    ["dress", "coat", "shoes", "bag", "trousers", "shirt", "scarf", "jewelry", "hat", "top"]
)
PRICES = st.none() | st.integers(50, 3000).map(Decimal)
WISHES = st.builds(
    Wish,
    text=st.sampled_from(["", "warm and light", "for the evening", "zzz", "dress", "not a word"]),
    price_min=PRICES,
    price_max=PRICES,
    colors=st.lists(COLORS, max_size=2).map(tuple),
    not_colors=st.lists(COLORS, max_size=1).map(tuple),
    sizes=st.lists(SIZES, max_size=2).map(tuple),
    materials=st.lists(MATERIALS, max_size=1).map(tuple),
    not_materials=st.lists(MATERIALS, max_size=1).map(tuple),
    garments=st.lists(KINDS, max_size=2).map(tuple),
    not_garments=st.lists(KINDS, max_size=1).map(tuple),
    gender=st.sampled_from(["", "female", "male"]),
    occasions=st.lists(st.sampled_from(["black-tie", "office", "beach"]), max_size=1).map(tuple),
    look=st.booleans(),
    order=st.sampled_from(["", "", "cheapest", "dearest"]),
)


@pytest.mark.parametrize(
    ("colors", "modifiers", "missed"),
    [
        (("navy",), (), ("navy",)),
        (("navy", "moss"), (), ("navy", "moss")),
        (("navy", "blue"), (), ("navy",)),
        (("navy", "red"), (), ()),
        (("navy", "ice blue"), (), ()),
        (("blue",), (), ()),
        (("blue",), ("dark",), ("dark blue",)),
        (("blue",), ("light",), ()),
        (("neutral",), (), ()),
        ((), (), ()),
    ],
)
def test_sky_blue_is_no_navy(
    catalog: Catalog, colors: tuple[str, ...], modifiers: tuple[str, ...], missed: tuple[str, ...]
) -> None:
    some = next(iter(catalog.products.values()))
    sky = replace(some, variants=(replace(some.variants[0], color="sky blue", availability="in_stock"),))
    wish = Wish(colors=colors, color_modifiers=modifiers)
    assert shades_missed(wish, [sky]) == missed
    assert shades_missed(wish, [sky, replace(sky, variants=())]) == missed
    assert shades_missed(wish, []) == ()


def families(names: tuple[str, ...]) -> set[str]:
    return {f for name in names for f in shade_asked(name).families}


def variant_fits(wish: Wish, product: Product, variant: Variant) -> bool:
    """Whether one variant can be ordered and is within price, color and size, all at once."""
    colors = {f for shade in shades_of(variant.color) for f in shade.families}
    return (
        variant.is_available
        and (wish.price_max is None or variant.current_price <= wish.price_max)
        and (wish.price_min is None or variant.current_price >= wish.price_min)
        and (not wish.colors or bool(colors & families(wish.colors)))
        and not colors & families(wish.not_colors)
        and (not wish.sizes or any(size_fits(size, variant, product, wish) for size in wish.sizes))
    )


def size_fits(size: str, variant: Variant, product: Product, wish: Wish) -> bool:
    keys = sizes.keys(variant.size)
    worn = [f"{g}{s}" for g in ("female", "male") for s in ("", " shoes")]
    wanted = sizes.asked(size, "")[0].union(*(sizes.asked(size, w)[1] for w in worn))
    without = all(sizes.is_one_size(s) for s in product.sizes)
    clothes = {"dress", "coat", "trousers", "shirt", "top"} & kinds(product)
    return (
        bool(keys & wanted) or (without and bool(wish.garments or wish.look)) or (wish.look and not clothes)
    )


def kinds(product: Product) -> frozenset[str]:
    return frozenset().union(*(GARMENTS[k] for k in kinds_of(product)))


def materials_in(text: str) -> set[str]:
    return {t.name for f in LEXICON.find(words(text)) for t in f.terms if t.kind == "material"}


def check(wish: Wish, product: Product, shown: set[str]) -> None:
    assert any(variant_fits(wish, product, v) for v in product.variants)
    assert not wish.gender or product.gender in (wish.gender, "unisex", "")
    assert product.id not in shown
    assert not wish.garments or kinds(product) & set(wish.garments)
    assert not kinds(product) & set(wish.not_garments)
    assert not materials_in(f"{product.title} {product.material}") & set(wish.not_materials)
    told = materials_in(f"{product.title} {product.material} {product.description}")
    assert not wish.materials or told & set(wish.materials)


@given(WISHES, st.sets(st.integers(0, 171), max_size=60), st.integers(1, 12), st.none() | st.integers(0, 171))
@settings(max_examples=500, deadline=None)
def test_no_piece_breaks_a_limit(
    catalog: Catalog, wish: Wish, seen: set[int], limit: int, piece: int | None
) -> None:
    products = list(catalog.products.values())
    shown = {products[i].id for i in seen}
    partner = None if piece is None else products[piece]
    wish = replace(wish, exclude=tuple(shown), goes_with=partner, look=wish.look and not partner)
    found = catalog.search(wish, limit)
    assert len(found) <= limit
    assert len({p.id for p in found}) == len(found)
    for product in found:
        check(replace(wish, look=wish.look or partner is not None), product, shown)
    if found and wish.look and wish.price_max is not None:
        anchored = {"dress", "suit", "trousers", "skirt", "jumpsuit", "jeans"} & kinds(found[0])
        if anchored:
            assert sum(p.current_price for p in found) <= wish.price_max


def ask(catalog: Catalog, message: str, limit: int = 5) -> list[Product]:
    return catalog.search(catalog.understand(message, [], []), limit)


@pytest.mark.parametrize(
    "message",
    ["a dress under 20 euros", "a purple tuxedo", "xyzzy", "a lawnmower", "boots in size 99", "hello"],
)
def test_nothing_that_fits_gives_nothing(catalog: Catalog, message: str) -> None:
    assert ask(catalog, message) == []


@pytest.mark.parametrize("budget", [600, 1000, 1500, 2500, 5000])
def test_a_look_stays_within_its_total(catalog: Catalog, budget: int) -> None:
    found = ask(catalog, f"an outfit for a wedding under {budget} euros, for my wife")
    assert len(found) >= 2
    assert sum(p.current_price for p in found) <= budget


def test_a_metal_is_a_color_where_nothing_is_made_of_it(catalog: Catalog) -> None:
    """And pieces of one size only where no other has the size."""
    bags = catalog.search(Wish(kind="search", garments=("bag",), materials=("gold",)), 50)
    assert bags
    assert bags == catalog.search(Wish(kind="search", garments=("bag",), colors=("gold",)), 50)
    rings = catalog.search(Wish(kind="search", garments=("jewelry",), materials=("gold",)), 50)
    assert rings
    assert all("gold" in p.material.lower() or "gold" in p.title.lower() for p in rings)
    gloves = catalog.search(Wish(kind="search", garments=("gloves",), sizes=("8",)), 50)
    assert gloves
    assert all("8" in p.sizes for p in gloves)


def test_the_cheapest_and_the_dearest_come_in_order(catalog: Catalog) -> None:
    cheap = [p.current_price for p in ask(catalog, "the cheapest bag")]
    dear = [p.current_price for p in ask(catalog, "your most expensive bag")]
    bags = [p.current_price for p in ask(catalog, "a bag", 100)]
    assert cheap == sorted(bags)[:5]
    assert dear == sorted(bags, reverse=True)[:5]


@pytest.mark.parametrize("color", ["moss", "emerald", "green", "something in bottle green"])
def test_green_things_are_found_by_any_of_their_names(catalog: Catalog, color: str) -> None:
    found = ask(catalog, f"{color} please")
    assert len(found) == 5
    for product in found:
        assert {"green"} & {f for c in product.colors for s in shades_of(c) for f in s.families}


def test_the_shade_asked_for_comes_first(catalog: Catalog) -> None:
    assert "emerald" in ask(catalog, "an emerald dress")[0].colors
    assert "moss" in ask(catalog, "a moss dress")[0].colors


FURNITURE = """id,title,description,price,availability,color,material,product_type
1,Walnut Dining Table,"Seats eight, oiled by hand.",18.900 DKK,in stock,walnut,solid walnut,Tables
2,Oak Dining Chair,A chair with a woven seat.,3.200 DKK,in stock,oak,oak and paper cord,Chairs
3,Linen Sofa,Three seats and a deep back for reading.,24.500 DKK,in stock,sand,linen,Sofas
4,Velvet Armchair,"Low, round, for a corner.",9.800 DKK,in stock,bottle green,velvet,Chairs
5,Brass Floor Lamp,A reading lamp with a dimmer.,4.100 DKK,in stock,brass,brass,Lamps
6,Paper Pendant Lamp,Folded by hand.,900 DKK,out of stock,white,paper,Lamps
7,Wool Rug,Hand-woven in undyed wool.,7.400 DKK,in stock,ecru,wool,Rugs
"""
JEWELRY = """id\ttitle\tdescription\tprice\tcolor\tmaterial\tsize\titem_group_id
r1\tSignet Ring\tEngraved free of charge.\tUS$420\tgold\t14k gold\t7\tr
r2\tSignet Ring\tEngraved free of charge.\tUS$390\tsilver\tsterling silver\t8\tr
n1\tOpal Necklace\tAn Australian opal on a chain.\tUS$1,150\tblue\tgold and opal\t\tn
e1\tHoop Earrings\tLight hoops for every day.\tUS$95\tsilver\tsterling silver\t\te
"""


@pytest.fixture
def other(tmp_path: Path, embedder: Embedder) -> Callable[[str], Catalog]:
    def of(text: str) -> Catalog:
        path = tmp_path / "feed"
        path.write_text(text, "utf-8")
        return Catalog(read_feed(path), embedder)

    return of


@pytest.mark.parametrize(
    ("message", "first"),
    [
        ("a dining table", "1"),
        ("I am looking for something to read on", "3"),
        ("green armchair", "4"),
        ("lamp", "5"),
        ("a rug in wool", "7"),
        ("do you have chairs under 4000 kroner?", "2"),
        ("pendant lamp", None),
    ],
)
def test_a_house_of_another_trade_finds_its_pieces(
    other: Callable[[str], Catalog], message: str, first: str | None
) -> None:
    found = [p.id for p in ask(other(FURNITURE), message)]
    assert "6" not in found
    assert first is None or found[0] == first


def test_a_small_house_of_jewelry_is_searched_in_its_currency(other: Callable[[str], Catalog]) -> None:
    catalog = other(JEWELRY)
    assert [p.id for p in ask(catalog, "earrings under $100")] == ["e"]
    assert [p.id for p in ask(catalog, "a silver ring in size 8")] == ["r"]
    assert ask(catalog, "a gold ring in size 8") == []
    assert ask(catalog, "opal")[0].id == "n"
    assert {p.currency for p in catalog.products.values()} == {"USD"}


def recall(catalog: Catalog, labels: list[dict[str, list[str]]]) -> float:
    shares = []
    for label in labels:
        found = catalog.search(catalog.understand(str(label["query"]), label["history"], []), 5)
        relevant = set(label["relevant"])
        if relevant:
            shares.append(len(relevant & {p.id for p in found}) / min(5, len(relevant)))
        else:
            assert not found, label
    return statistics.fmean(shares)


def test_recall_over_the_held_out_labels_keeps_its_level(catalog: Catalog) -> None:
    assert {i for label in LABELS for i in label["relevant"]} <= catalog.products.keys()
    figure = recall(catalog, LABELS[::3])
    print(f"recall@5, held out: {figure:.3f}")
    assert figure >= 0.84


@pytest.fixture(scope="module")
def fifty_thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped products, each some 290 times under other ids, names and prices."""
    path = tmp_path_factory.mktemp("large") / "feed.tsv"
    write_large(path)
    return path


def test_fifty_thousand_items_load_and_are_searched_in_time(fifty_thousand: Path, embedder: Embedder) -> None:
    """Some 7 s and 2 ms are measured on two idle cores; the limits leave room for a busy machine."""
    started = time.perf_counter()
    catalog = Catalog(read_feed(fifty_thousand), embedder)
    loaded = time.perf_counter() - started
    assert len(catalog.products) == 50_000
    taken = []
    for label in [*LABELS[:5], *LABELS]:
        started = time.perf_counter()
        catalog.search(catalog.understand(label["query"], label["history"], []))
        taken.append(time.perf_counter() - started)
    median = statistics.median(taken[5:])
    print(f"50,000 items: loaded in {loaded:.1f} s, {1000 * median:.1f} ms a search (median)")
    assert loaded < 20
    assert median < 0.040
