from collections.abc import Callable

import pytest

from concierge.catalog import MiniLM
from concierge.paths import PROMPTS
from concierge.stylist.facts import Facts
from concierge.stylist.intent import Intents

OTHER_HOUSE = """# Shipping and returns
We ship worldwide in a week. Send anything back within 14 days.

# Opening times
Our Copenhagen shop is open from 11 to 18.

# Repairs
Every bag is mended free for ten years.

# Kintsugi evenings
On Thursdays we teach mending with gold.
"""
ASKED = [
    ("can I send it back if I don't like it?", "Returns"),
    ("What is your return policy?", "Returns"),
    ("can i swap it for another size", "Exchanges"),
    ("do you ship to Japan?", "Delivery"),
    ("How long does shipping take to Canada", "Delivery"),
    ("when do you open on sunday", "Boutiques and hours"),
    ("where is your shop in Paris", "Boutiques and hours"),
    ("could you shorten the sleeves", "Alterations"),
    ("my loafers need new soles, do you resole?", "Repairs"),
    ("how do I wash cashmere", "Care"),
    ("is it true to size?", "Sizes"),
    ("can you gift wrap it", "Gifts"),
    ("do you take amex", "Payment"),
    ("can I pay in instalments", "Payment"),
    ("Do you do made to measure suits?", "Made to measure"),
    ("is there a loyalty programme", "Loyalty"),
    ("do you use fur?", "Sustainability"),
    ("what's your phone number", "Contact"),
    ("when was the house founded", "The house"),
]
NOT_ASKED = [
    "I need a dress for a wedding",
    "something lighter",
    "in green, under 300",
    "what goes with the wool coat?",
    "hello",
    "thank you",
    "A silk blouse in size 38, please",
    "shoes for my husband",
]


UNSEEN = [
    ("how many days have I got to bring it back", "Returns"),
    ("is the pick-up of returns charged?", "Returns"),
    ("are there customs fees for the US", "Delivery"),
    ("are you open tomorrow evening", "Boutiques and hours"),
    ("which cities are you in", "Boutiques and hours"),
    ("address of the Milan store", "Boutiques and hours"),
    ("what does a seam alteration cost", "Alterations"),
    ("the trousers are too long, can you hem them", "Alterations"),
    ("can an old bag be restored", "Repairs"),
    ("can silk go in the washing machine", "Care"),
    ("is bank transfer possible", "Payment"),
    ("can I split the cost", "Payment"),
    ("do you make suits to order", "Made to measure"),
    ("do you have a members club", "Loyalty"),
    ("any benefits for regular customers", "Loyalty"),
    ("are your materials ethical", "Sustainability"),
    ("what is your email", "Contact"),
    ("who founded the brand", "The house"),
    ("where are the clothes made", "The house"),
    ("do you have gift vouchers", "Gifts"),
]
About = Callable[[str], str]


@pytest.fixture(scope="module")
def ask(encoder: MiniLM) -> Callable[[Facts], About]:
    intents = Intents(encoder)

    def of(facts: Facts) -> About:
        def about(message: str) -> str:
            vector = encoder.sentences([message])[0]
            return facts.about(message, vector if intents.of(vector).facts else None)

        return about

    return of


@pytest.fixture(scope="module")
def about(ask: Callable[[Facts], About], encoder: MiniLM) -> About:
    return ask(Facts((PROMPTS / "facts.md").read_text("utf-8"), encoder))


def headings(lines: str) -> list[str]:
    return [line.split(":")[0] for line in lines.splitlines()]


@pytest.mark.parametrize(("message", "heading"), ASKED)
def test_questions_find_their_topic(about: About, message: str, heading: str) -> None:
    assert heading in headings(about(message))


def test_most_questions_in_other_words_find_their_topic(about: About) -> None:
    missed = [message for message, heading in UNSEEN if heading not in headings(about(message))]
    assert len(missed) <= 0.2 * len(UNSEEN), missed


@pytest.mark.parametrize("message", NOT_ASKED)
def test_wishes_ask_for_no_facts(about: About, message: str) -> None:
    assert about(message) == ""


def test_another_houses_headings_are_understood(ask: Callable[[Facts], About], encoder: MiniLM) -> None:
    about = ask(Facts(OTHER_HOUSE, encoder))
    assert about("Can I give it back?").startswith("Shipping and returns: We ship worldwide")
    assert "Copenhagen" in about("what are your hours?")
    assert "ten years" in about("the strap is loose, can you fix it")
    assert "gold" in about("what is kintsugi?")


def test_a_heading_of_its_own_and_a_name_in_the_text_tell_too(encoder: MiniLM) -> None:
    facts = Facts(
        "## When the purse comes out\nVisa, Mastercard and invoices. Zahlo is taken in the shop.\n"
        "## Oops\nWe repair soles and restore bags. A lost button is free.\n## Elsewhere\nBoats leave for Hven daily.",
        encoder,
    )
    assert headings(facts.about("who can resole my boots")) == ["Oops"]
    assert headings(facts.about("amex?")) == ["When the purse comes out"]
    asked = encoder.sentences(["Is Zahlo fine?"])[0]
    assert headings(facts.about("Is Zahlo fine?", asked)) == ["When the purse comes out"]
    assert facts.about("a coat for Hven") == ""


def test_facts_without_headings_and_none_at_all(ask: Callable[[Facts], About], encoder: MiniLM) -> None:
    assert "Rome" in ask(Facts("Founded in Rome in 1950.", encoder))("when were you founded?")
    assert ask(Facts("", encoder))("hello?") == ""
