"""The shipped house: complete, and exactly what its source makes."""

from __future__ import annotations

import csv
import importlib.util
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEED, IMAGES, PROMPTS = ROOT / "feed", ROOT / "feed" / "images", ROOT / "prompts"
Row = dict[str, str]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with (FEED / "products.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def products(rows: list[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["item_group_id"]].append(row)
    return groups


def test_source_makes_the_committed_files(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_house", ROOT / "scripts" / "make_house.py")
    assert spec
    assert spec.loader
    make_house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_house)
    make_house.main(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    kept = {path.relative_to(FEED): path.read_bytes() for path in [FEED / "products.tsv", *IMAGES.iterdir()]}
    assert made.keys() == kept.keys()
    assert [path for path in made if made[path] != kept[path]] == []


def test_rows_are_complete_and_distinct(rows: list[Row]) -> None:
    assert len({row["id"] for row in rows}) == len(rows)
    optional = {"additional_image_link", "sale_price"}
    assert [row["id"] for row in rows if any(not row[key] for key in row.keys() - optional)] == []
    for row in rows:
        amount, currency = row["price"].split()
        assert currency == "EUR"
        assert 60 <= float(amount) <= 4800
        if row["sale_price"]:
            assert float(row["sale_price"].split()[0]) < float(amount)


def test_collection_is_broad(products: dict[str, list[Row]]) -> None:
    assert len(products) >= 150
    assert len({variants[0]["title"] for variants in products.values()}) == len(products)
    kinds = {variants[0]["product_type"].split(" > ")[0] for variants in products.values()}
    assert kinds == {"Women", "Men", "Bags", "Accessories"}
    for kind in kinds:
        assert sum(v[0]["product_type"].startswith(kind) for v in products.values()) >= 12
    assert sum(v[0]["product_type"].endswith("Shoes") for v in products.values()) >= 15


@pytest.mark.parametrize(
    "occasion", ["wedding", "black tie", "office", "travel", "rain", "summer", "winter", "weekend", "gift"]
)
def test_occasions_are_served(products: dict[str, list[Row]], occasion: str) -> None:
    serving = [v[0]["title"] for v in products.values() if occasion in v[0]["description"].lower()]
    assert len(serving) >= 3


def test_some_is_on_sale_sold_out_and_to_come(products: dict[str, list[Row]]) -> None:
    stock = {title: {row["availability"] for row in variants} for title, variants in products.items()}
    assert sum(states == {"in_stock", "out_of_stock"} for states in stock.values()) > 50
    assert {"out_of_stock"} in stock.values()
    assert {"preorder"} in stock.values()
    assert 5 < sum(bool(variants[0]["sale_price"]) for variants in products.values()) < 30


def test_descriptions_open_with_a_sentence_that_fits_the_prompt(products: dict[str, list[Row]]) -> None:
    long = [v[0]["title"] for v in products.values() if len(v[0]["description"].split(". ")[0]) > 120]
    assert long == []
    assert len({v[0]["description"] for v in products.values()}) == len(products)


def test_images_are_there_and_no_others(rows: list[Row]) -> None:
    linked = {row["image_link"].removeprefix("/images/") for row in rows}
    assert linked == {path.name for path in IMAGES.iterdir()}


def test_images_are_small_and_inert() -> None:
    paths = sorted(IMAGES.iterdir())
    sizes = [path.stat().st_size for path in paths]
    assert sum(sizes) < 2_500_000
    assert max(sizes) < 12_000
    for path in paths:
        text = path.read_text("utf-8")
        root = ElementTree.fromstring(text)
        assert root.get("viewBox") == "0 0 800 1000"
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert not tags & {"script", "style", "foreignObject", "image", "use", "a", "animate", "set"}
        for element in root.iter():
            for name, value in element.attrib.items():
                assert "href" not in name
                assert not name.startswith("on")
                assert "url(" not in value or value.startswith("url(#")
        named = {element.get("id") for element in root.iter()}
        used = {part.split(")")[0] for part in text.split("url(#")[1:]}
        assert used <= named, path.name


def test_house_is_complete() -> None:
    house = tomllib.loads((PROMPTS / "house.toml").read_text("utf-8"))
    assert house.keys() == {
        "name", "tagline", "currency", "locale", "greeting", "suggestions", "catalog", "images"
    }  # fmt: skip
    assert len(house["suggestions"]) == 4
    assert (PROMPTS / house["catalog"]).resolve() == FEED / "products.tsv"
    assert (PROMPTS / house["images"]).resolve() == IMAGES


def test_voice_is_short_and_facts_have_topics() -> None:
    voice, facts = ((PROMPTS / name).read_text("utf-8") for name in ("voice.md", "facts.md"))
    assert 150 < len(voice.split()) < 260
    topics = [line.removeprefix("## ").lower() for line in facts.splitlines() if line.startswith("## ")]
    assert len(topics) == len(set(topics)) == facts.count("\n## ") + facts.startswith("## ")
    for topic in ("returns", "delivery", "repairs", "care", "hours", "alterations", "payment", "contact"):
        assert any(topic in heading for heading in topics), topic
