import pytest

from concierge.paths import PROMPTS
from concierge.stylist.facts import Facts

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
    ("Do you do made to measure suits?", "Made to order"),
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


@pytest.fixture(scope="module")
def facts() -> Facts:
    return Facts((PROMPTS / "facts.md").read_text("utf-8"))


@pytest.mark.parametrize(("message", "heading"), ASKED)
def test_questions_find_their_topic(facts: Facts, message: str, heading: str) -> None:
    assert heading in [line.split(":")[0] for line in facts.about(message).splitlines()]


@pytest.mark.parametrize("message", NOT_ASKED)
def test_wishes_ask_for_no_facts(facts: Facts, message: str) -> None:
    assert facts.about(message) == ""


def test_another_houses_headings_are_understood() -> None:
    facts = Facts(OTHER_HOUSE)
    assert facts.about("Can I give it back?").startswith("Shipping and returns: We ship worldwide")
    assert "Copenhagen" in facts.about("what are your hours?")
    assert "ten years" in facts.about("the strap is loose, can you fix it")
    assert "gold" in facts.about("what is kintsugi?")


def test_facts_without_headings_and_none_at_all() -> None:
    assert "Rome" in Facts("Founded in Rome in 1950.").about("when were you founded?")
    assert Facts("").about("hello?") == ""
