"""Questions filled from any feed and facts."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.catalog import Product, read_feed
from concierge.errors import UserError
from concierge.evaluation import questions
from concierge.evaluation.filling import CannotFill, Filling
from concierge.evaluation.limits import fitting
from concierge.stylist.house import House
from tests.evaluation.shops import ALPEN, FJORD, HARROW, HARROW_FACTS, PLAIN

ROOT = Path(__file__).parents[2]
ORMEVAL = House.load(ROOT / "prompts")
FEED = read_feed(ROOT / "feed" / "products.tsv").products
HOUSE = replace(ORMEVAL, name="Harrow & Daughters", currency="GBP", facts=HARROW_FACTS)
FEEDS: list[tuple[House, tuple[Product, ...]]] = [
    (ORMEVAL, FEED),
    (HOUSE, HARROW),
    (replace(HOUSE, currency="USD"), PLAIN),
    (replace(HOUSE, currency="CHF"), ALPEN),
    (replace(HOUSE, currency="SEK"), FJORD),
]


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(FEEDS), st.integers(0, 10_000))
def test_any_feed_fills_them(shop: tuple[House, tuple[Product, ...]], seed: int) -> None:
    house, products = shop
    asked = questions.chats(questions.load(None), house, products, 60, seed)
    assert asked == questions.chats(questions.load(None), house, products, 60, seed)
    for chat in asked:
        for question in chat:
            assert not re.search(r"\{\w+\}", question.text), question.text
            if question.kind == "style" and question.limits:
                assert fitting(products, question.limits), question
            if question.kind == "facts":
                assert question.expected
                assert question.expected.values or question.expected.kind == "unknown"


def test_kinds_come_in_their_shares() -> None:
    asked = questions.chats(questions.load(None), ORMEVAL, FEED, 200, 1)
    assert len(asked) == 200
    kinds = [chat[-1].kind if chat[0].kind == "talk" else chat[0].kind for chat in asked]
    assert 40 <= kinds.count("facts") <= 52
    assert {"style", "facts", "handover", "injection", "offtopic", "nothing", "piece"} <= set(kinds)
    assert len({q.text for chat in asked for q in chat}) > 190


def test_what_is_asked_of_the_facts_is_what_they_tell() -> None:
    asked = questions.chats({"facts": questions.load(None)["facts"]}, HOUSE, HARROW, 400, 3)
    told = {q.text: q.expected for (q,) in asked}
    window = told["How many days do I have to send something back?"]
    assert window
    assert window.values == {"45 day"}
    assert told["whats ur return window"] == window
    ireland = told["How long does delivery to Ireland take?"]
    assert ireland
    assert ireland.values >= {"3 day", "5 day"}
    tweed = told["How do I look after tweed?"]
    assert tweed
    assert tweed.values == {"brush", "dry"}
    assert not any("sustainable" in text or "made to measure" in text for text in told)


def test_a_heading_that_nobody_foresaw_is_asked_about() -> None:
    house = replace(HOUSE, facts="## The falconry\nOur two falcons fly at noon on the roof.")
    asked = questions.chats({"facts": questions.load(None)["facts"]}, house, HARROW, 20, 3)
    falcons = [q.expected for (q,) in asked if "the falconry" in q.text]
    assert falcons
    assert falcons[0]
    assert {"falcons", "noon", "roof"} <= falcons[0].values


def test_follow_ups_keep_their_limits_and_change_them() -> None:
    filling = Filling(FEED, "EUR", random.Random(4))
    said = filling.fill(["{a_garment} in {color} under {under}", "and in {color2}?", "thanks"])
    first, second, third = (limits for _, limits in said)
    assert first.price_max == second.price_max == third.price_max
    assert first.color != "" != second.color
    less = filling.fill(["{a_garment} under {under}", "less, {under2}"])
    assert isinstance(less[0][1].price_max, Decimal)
    assert isinstance(less[1][1].price_max, Decimal)
    assert less[1][1].price_max < less[0][1].price_max


@pytest.mark.parametrize("seed", range(20))
def test_what_is_absent_is_absent(seed: int) -> None:
    filling = Filling(FEED, "EUR", random.Random(seed))
    ((_, limits),) = filling.fill(["{garment} in {absent}"])
    assert limits.color
    ((_, limits),) = filling.fill(["{garment} under {too_low}"])
    assert limits.price_max
    assert fitting(FEED, limits) == []


def test_a_feed_without_what_is_asked() -> None:
    with pytest.raises(CannotFill):
        Filling(PLAIN[2:], "USD", random.Random(1)).fill(["{garment} in size {size}"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("style = [", "not a readable TOML file"),
        ("stile = []", "there is no kind stile"),
        ('style = ["one"]', "form"),
        ('style = [["stile|one"]]', "form"),
        ('[[injection]]\nturns = ["x"]', "form"),
        ('[[injection]]\nturns = ["x"]\nnever = ["("]', "form"),
        ('[[facts]]\nheading = "x"\nwants = "gold"\nask = ["y"]', "form"),
        ("style = []", "no question"),
    ],
)
def test_a_question_file_that_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(UserError, match=complaint):
        questions.load(tmp_path / "mine.toml")


def test_questions_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('style = [["a {garment}?", "talk|bye"]]\ntalk = [["hi"]]')
    asked = questions.chats(questions.load(tmp_path / "mine.toml"), HOUSE, HARROW, 10, 1)
    assert {q.kind for chat in asked for q in chat} == {"style", "talk"}
