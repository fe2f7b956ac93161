"""What a sentence may say of pieces: good and bad ones written by hand, of houses that are not ours."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.catalog import Product, read_feed
from concierge.stylist.grounding import Ground, violations
from concierge.stylist.house import House
from concierge.stylist.names import Names
from concierge.stylist.prompt import describe, money, spoken
from concierge.stylist.sentence import keys, plain, sentences, split
from tests.evaluation.shops import ALPEN, FJORD, HARROW, HARROW_FACTS, PLAIN

ROOT = Path(__file__).parents[2]
PELHAM, LAMONT, ISLA = HARROW


@given(
    st.text("1. -\n", max_size=3),
    st.lists(
        st.tuples(
            st.sampled_from(["Adèle", "it", "5", "silk™", "s", "S", "½", "d'Or", "Straße"]),
            st.sampled_from([" ", "'s ", "\u2019s, ", "'S ", "-", ". ", "' s "]),
        )
    ),
)
def test_keys_are_those_of_the_words(start: str, words: list[tuple[str, str]]) -> None:
    text = start + "".join(map("".join, words))
    assert keys(text) == [word.key for word in split(text)]


def check(reply: str, offered: tuple[Product, ...], *said: str) -> list[str]:
    return Ground(offered, [HARROW_FACTS, "Harrow & Daughters"], said).check(reply)


GOOD = [
    (HARROW, "The Pelham Overcoat is 1,250 GBP, in navy or charcoal."),
    (HARROW, "The Pelham in charcoal, at £1,250, falls below the knee and is half lined in burgundy silk."),
    (HARROW, "I would take the Lamont Brogues in tan: they are 295 GBP, were 395 GBP, and wear well with grey flannel trousers."),
    (HARROW, "The Pelham Overcoat is sold out in 38, but 40 and 42 are here. It is wool and cashmere, so it is warm."),
    (HARROW, "The Isla Silk Blouse in ivory would lift a black suit. It is available in size 8, 10 and 12."),
    (HARROW, "Delivery to Ireland takes 3 to 5 days and is free over 150 GBP."),
    (HARROW, "You have 45 days from receipt. Our shop is at Savile Row 14 in London, open Tuesday to Saturday."),
    (HARROW, "The Lamont Brogues are 100 GBP off, and the Isla Silk Blouse is 240 pounds; together they come to 535 GBP."),
    (HARROW, "The Pelham Overcoat costs 1,250 GBP, which is above your limit of 500 GBP."),
    (HARROW, "For a wedding in Florence, I'd wear the Isla Silk Blouse with cream trousers. Do you prefer black shoes?"),
    (HARROW, "Apple Pay and Visa are both fine. Happy New Year to you!"),
    (HARROW, "At 295 GBP the Lamont Brogues stay under your 300 GBP."),
    (HARROW, "The tan Lamont Brogues suit your navy suit better than black ones would."),
    (HARROW, "Nothing in red, I'm afraid. Would bottle green do? The Isla Silk Blouse has it."),
    (PLAIN, "The Linen Shirt in sky blue is 89 dollars. It is sold out in L, so take M."),
    (PLAIN, "Our Wool Coat, $349.50, comes in camel. The Leather Tote in brown goes well with it."),
    (PLAIN, "A linen shirt is cool in summer; the Linen Shirt comes in white and in sizes S and M."),
    (PLAIN, "Leather ages well, and silk is softer than linen. Which do you prefer?"),
    (ALPEN, "The Säntis Fleece is of merino wool and costs CHF 180."),
    (ALPEN, "The Bernina Down Jacket is sold out, but the Santis Fleece in forest green is in stock."),
    (FJORD, "The Åre Boots in size 39 cost 3 400 SEK. They are suede, so keep them from rain."),
    (FJORD, "The Lofoten Sweater, 2,250 kr, is lambswool and comes in ecru and blue."),
    (FJORD, "The boots are suede, in size 38."),
    (FJORD, "Is it the sweater that your sister wore in red?"),
    (HARROW, "Isla is a name that I like; the tie you saw in green is not ours."),
    (FJORD, "I can't say how the Lofoten Sweater washes; a colleague will know."),
]  # fmt: skip

BAD = [
    (HARROW, "The Pelham Overcoat is 1,350 GBP.", "1,350"),
    (HARROW, "The Pelham Overcoat in emerald would suit you.", "emerald"),
    (HARROW, "The Pelham Overcoat is cut from pure linen.", "linen"),
    (HARROW, "The Pelham Overcoat is available in 38.", "38"),
    (HARROW, "The Pelham Overcoat is sold out in 40.", "40"),
    (HARROW, "The Ashdown Trench Coat would be perfect.", "Ashdown Trench Coat"),
    (HARROW, "Our Celeste Evening Gown in ivory floats.", "Celeste Evening Gown"),
    (HARROW, "I'd pair it with the Pelham Leather Gloves.", "Pelham Leather Gloves"),
    (HARROW, "The Lamont Brogues are 195 GBP in the sale.", "195"),
    (HARROW, "The Lamont Brogues are 395 euros.", "395"),
    (HARROW, "The Isla Silk Blouse comes in ivory and cobalt.", "cobalt"),
    (HARROW, "The scarlet Isla Silk Blouse is a joy.", "scarlet"),
    (HARROW, "The Isla Silk Blouse is nice. It costs 150 GBP and comes in size 14.", "150"),
    (HARROW, "Delivery costs 22 GBP to Ireland.", "22"),
    (HARROW, "The Pelham Overcoat is under your 500 GBP.", "500"),
    (HARROW, "The Lamont Brogues are 50% off today.", "50%"),
    (HARROW, "The Lamont Brogues and the Isla Silk Blouse come to 700 GBP together.", "700"),
    (HARROW, "The Pelham Overcoat is sold out.", "sold out"),
    (HARROW, "The Isla Silk Blouse isn't available in ivory.", "ivory"),
    (HARROW, "Take the Burberry coat, it lasts.", "Burberry"),
    (PLAIN, "The Linen Shirt is 79 USD.", "79"),
    (PLAIN, "The Linen Shirt comes in pink.", "pink"),
    (PLAIN, "Our Silk Midi Dress is lovely.", "Silk Midi Dress"),
    (PLAIN, "The Leather Tote is made of canvas.", "canvas"),
    (PLAIN, "The Wool Coat is available in XL.", "xl"),
    (ALPEN, "The Säntis Fleece costs CHF 210.", "210"),
    (ALPEN, "The Bernina Down Jacket is in stock.", "in stock"),
    (ALPEN, "The Säntis Fleece is 180 euros.", "180"),
    (FJORD, "The Åre Boots are of patent leather.", "patent"),
    (FJORD, "The Åre Boots come in size 42 for 3 400 SEK.", "42"),
    (FJORD, "The Lofoten Sweater is 2 500 SEK.", "2 500"),
    (FJORD, "The Lofoten Sweater is knitted of cashmere.", "cashmere"),
    (FJORD, "The boots are made of silk.", "silk"),
    (FJORD, "2. The Golden Giraffe: 1,500 SEK; silk.", "Golden Giraffe"),
    (FJORD, 'I have one that is called "The Silver Crown".', "Silver Crown"),
    (FJORD, 'It is called "Greenshield" by us.', "Greenshield"),
    (HARROW, "Le Coeur de la France: 190 GBP, gold.", "Coeur"),
]  # fmt: skip


@pytest.mark.parametrize(("offered", "reply"), GOOD)
def test_what_is_so_may_be_said(offered: tuple[Product, ...], reply: str) -> None:
    assert check(reply, offered, "under 300, or 500 at most") == []


@pytest.mark.parametrize(("offered", "reply", "wrong"), BAD)
def test_what_is_not_so_may_not(offered: tuple[Product, ...], reply: str, wrong: str) -> None:
    found = check(reply, offered, "under 300, or 500 at most")
    assert any(wrong in reason for reason in found), found


def test_a_price_is_not_said_to_be_below_what_it_exceeds() -> None:
    said = "I've 41 in birthday money"
    assert check("The Linen Shirt costs less than 41.", PLAIN, said)
    assert check("The Linen Shirt is 89 USD, and that costs less than 300.", PLAIN, "I have 300") == []


def test_a_shoppers_words_may_be_repeated_and_make_no_price() -> None:
    said = "My friend Clara Weston wears the Mayfair Silk Dress by somebody else, I have 300 GBP"
    assert (
        check("Clara Weston's Mayfair Silk Dress sounds lovely, and 300 GBP is plenty.", HARROW, said) == []
    )
    assert check("The Pelham Overcoat is 300 GBP.", HARROW, said)


def test_a_piece_of_the_feed_that_was_not_offered_is_an_invention_for_the_guard_alone() -> None:
    sentence = "The Isla Silk Blouse is 240 GBP."
    assert violations(sentence, [PELHAM])
    assert Ground([PELHAM], names=Names(HARROW)).violations(sentence) == []
    assert Ground([PELHAM], names=Names(HARROW)).violations(sentence.replace("240", "250"))


def test_it_means_the_piece_named_before() -> None:
    assert violations("It comes in navy.", HARROW, spoken_of=[PELHAM]) == []
    assert violations("It comes in ivory.", HARROW, spoken_of=[PELHAM])
    assert violations("Delivery in ivory paper takes 2 days.", HARROW, spoken_of=[PELHAM]) == []


def test_every_piece_of_the_shipped_feed_may_be_told_as_its_prompt_has_it() -> None:
    products = read_feed(ROOT / "feed" / "products.tsv").products
    for product in products:
        colors = " or ".join(product.colors)
        price = describe(product).split(": ", 1)[1].split(";")[0]
        told = f"The {product.title} is {price}, in {colors}. It is made of {product.material}."
        assert violations(told.split(". ")[0] + ".", [product]) == [], told
        assert Ground([product], names=Names(products)).check(told) == [], told


@pytest.mark.parametrize("house", ["tailor", "nordic", "street", "jeweller"])
def test_titles_of_any_spelling_may_be_suggested(house: str) -> None:
    """`HOOPS No. 3 (22 mm)` is one."""
    feed = House.load(ROOT / "tests" / "evaluation" / "houses" / house).catalog
    assert feed
    for product in read_feed(feed).products:
        told = f"Perhaps the {spoken(product.title)} at {money(product.current_price, product.currency)}."
        assert Ground([product]).check(told) == [], told
        assert Ground([product]).named(told) == (product,), told


@settings(max_examples=200, deadline=None)
@given(st.sampled_from((*HARROW, *PLAIN, *ALPEN, *FJORD)), st.integers(20, 9000))
def test_only_its_own_price_is_a_pieces_price(product: Product, amount: int) -> None:
    told = violations(f"The {product.title} is {amount:,} {product.currency}.", [product])
    assert bool(told) == (amount not in (product.price, product.sale_price, product.price.quantize(1)))


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_judged(text: str) -> None:
    Ground(HARROW, [text], [text]).check(text)
    assert len(plain(text)) == len(text)
    assert all(text[w.start : w.end] == w.text for w in split(text))


def test_a_sentence_takes_less_than_a_millisecond() -> None:
    ground = Ground(HARROW, [HARROW_FACTS])
    lines = [reply for offered, reply in GOOD if offered is HARROW]
    for line in lines:
        ground.check(line)
    started = time.process_time()
    for line in lines:
        ground.violations(line, [PELHAM])
    assert (time.process_time() - started) / len(lines) < 0.001


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The coat is 1,250.50 EUR. It is warm!", 2),
        ("Take No. 5, approx. 20 EUR. Yes?", 2),
        ("One\nTwo\n- three", 3),
        ("1. Adele\n2. Rhone", 2),
        ('"Yes." She said. Then… nothing', 3),
        ("", 0),
        ("Open 10 a.m. to 6 p.m. daily.", 1),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(sentences(text)) == count, sentences(text)


def test_the_shipped_descriptions_and_facts_can_be_repeated() -> None:
    products = read_feed(ROOT / "feed" / "products.tsv").products
    facts = (ROOT / "prompts" / "facts.md").read_text("utf-8")
    for product in products:
        ground = Ground([product], [facts], names=Names(products))
        assert ground.check(f"The {product.title} is a fine choice. {product.description}") == [], (
            product.title
        )
    ground = Ground(products[:4], [facts], names=Names(products))
    for line in facts.splitlines():
        assert [v for s in sentences(line) for v in ground.violations(s, products[:1])] == [], line


@pytest.mark.parametrize(
    "product", read_feed(ROOT / "feed" / "products.tsv").products[::6], ids=lambda p: p.title
)
def test_what_no_shipped_piece_is_may_not_be_said(product: Product) -> None:
    for wrong in (
        f"The {product.title} in chartreuse would suit you.",
        f"I would choose the magenta {product.title}.",
        f"The {product.title} is made of polyurethane.",
        f"The {product.title} is {product.price + 17:,.0f} EUR.",
        f"At {product.price + 17:,.0f} EUR, the {product.title} is a good choice.",
        f"The {product.title} comes in size 77.",
        f"I'd go for the {product.title.split()[0]} Zibeline {product.title.split()[-1]}.",
    ):
        assert violations(wrong, [product]), wrong
