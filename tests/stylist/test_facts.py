from collections.abc import Callable

import pytest

from concierge.catalog import MiniLM
from concierge.paths import PROMPTS
from concierge.stylist.facts import Fact, Facts, Told
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
    intents = Intents()

    def of(facts: Facts) -> About:
        def about(message: str) -> str:
            vector = encoder.sentences([message])[0]
            return facts.about(message, vector, asked=intents.of(vector).facts).text

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


def told(facts: Facts, encoder: MiniLM, message: str, *, asked: bool = True) -> Told:
    return facts.about(message, encoder.sentences([message])[0], asked=asked)


def test_a_heading_of_its_own_and_a_name_in_the_text_tell_too(encoder: MiniLM) -> None:
    facts = Facts(
        "## When the purse comes out\nVisa, Mastercard and invoices. Zahlo is taken in the shop.\n"
        "## Oops\nWe repair soles and restore bags. A lost button is free.\n## Elsewhere\nBoats leave for Hven daily.",
        encoder,
    )
    assert told(facts, encoder, "who can resole my boots", asked=False).facts[0].heading == "Oops"
    assert told(facts, encoder, "amex?", asked=False).facts[0].heading == "When the purse comes out"
    assert told(facts, encoder, "Is Zahlo fine?").answer == ("Zahlo is taken in the shop.",)
    assert not told(facts, encoder, "a coat for Hven", asked=False).facts


def test_facts_without_headings_and_none_at_all(ask: Callable[[Facts], About], encoder: MiniLM) -> None:
    assert "Rome" in ask(Facts("Founded in Rome in 1950.", encoder))("when were you founded?")
    assert ask(Facts("", encoder))("hello?") == ""
    assert not told(Facts("", encoder), encoder, "when were you founded?").clear


ATELIER = """## Delivery
Portugal takes 2 days and costs 6 EUR. Spain and France take 4 days and cost 11 EUR. Orders above 180 EUR cost nothing.

## Atelier
12 A. Salgado Street, Porto. Tuesday to Friday, 10:00 to 17:30. Founded by Inês Falcão in 1987.

## Repairs
A new lining is 75 EUR. Loose buttons are sewn on for nothing.
"""
ANSWERED = [  # the answer, and a sentence beside it that would be wrong
    ("What does a parcel to Spain cost?", "11 EUR", "6 EUR"),
    ("how many days to portugal", "2 days", "4 days"),
    ("From which amount on is shipping free?", "180 EUR", "75 EUR"),
    ("Where are you?", "12 A. Salgado Street, Porto.", "Tuesday"),
    ("when do you open", "10:00", "Salgado"),
    ("since when do you exist", "1987", "17:30"),
    ("what would a new lining cost me", "75 EUR", "11 EUR"),
    ("do I pay for having a loose button sewn on?", "Loose buttons", "lining"),
]


@pytest.mark.parametrize(("message", "right", "wrong"), ANSWERED)
def test_the_sentence_that_answers_is_found(encoder: MiniLM, message: str, right: str, wrong: str) -> None:
    answer = " ".join(told(Facts(ATELIER, encoder), encoder, message).answer)
    assert right in answer
    assert wrong not in answer


SERVICE = """## Mending
Seams and buckles are mended free for 3 years. A repair takes a fortnight. We mend only what is ours. After that a
sole is 40 EUR and a zip 25 EUR.

## Paying
We accept Visa and Satispay.
"""


def test_what_is_asked_for_is_stated_beside_what_is_nearest(encoder: MiniLM) -> None:
    facts = Facts(SERVICE, encoder)
    assert "40 EUR" in " ".join(told(facts, encoder, "what do you ask for a repair?").answer)
    both = " ".join(told(facts, encoder, "roughly how much is mending").answer)
    assert "free" in both
    assert "40 EUR" in both


@pytest.mark.parametrize("message", ["can I pay with dogecoin", "is there something off on Black Friday?"])
def test_means_of_payment_and_sales_that_no_fact_names(encoder: MiniLM, message: str) -> None:
    facts = Facts(SERVICE, encoder)
    assert told(facts, encoder, message).unnamed
    assert not told(facts, encoder, "can I pay with Satispay").unnamed
    assert not told(facts, encoder, "can I pay by card").unnamed


@pytest.mark.parametrize("message", ["do you ship to Chile", "is there parking", "do you take bitcoin"])
def test_what_the_facts_would_have_to_name_is_not_answered(encoder: MiniLM, message: str) -> None:
    assert told(Facts(ATELIER, encoder), encoder, message).answer == ()


def test_a_house_that_ships_everywhere_need_not_name_a_country(encoder: MiniLM) -> None:
    facts = Facts("## Delivery\nWorldwide in a week, for 20 EUR.", encoder)
    assert "Worldwide" in " ".join(told(facts, encoder, "do you ship to Chile").answer)


ABROAD = """## Delivery
Standard delivery costs 4 GBP.

## Beyond
- France: 5 days, 9 GBP
- The rest of the EU: 7 days, 12 GBP
- Japan: 11 days, 30 GBP
- United States: 8 days, 22 GBP

## Shops
We are in Bath and in Lyon.
"""


@pytest.mark.parametrize(
    ("message", "right"),
    [
        ("postage to my gran in Osaka?", "30 GBP"),
        ("how long would a parcel to Marseille take", "5 days"),
        ("what is delivery to Spain", "12 GBP"),
        ("How much is shipping to NYC?", "22 GBP"),
        ("whats delivery to leeds", "4 GBP"),
        ("Do you have a shop in France?", "Lyon"),
    ],
)
def test_a_place_is_told_by_what_it_lies_in(encoder: MiniLM, message: str, right: str) -> None:
    assert right in " ".join(told(Facts(ABROAD, encoder, "en-GB"), encoder, message).answer)


COUNTER = """## Our counters
- **Tavira**, Rua da Liberdade 30, on the first floor. Tuesday to Friday 10:00 to 18:00.
- **Braga**, Rua do Souto 4, by the arcade. Monday to Saturday 9:30 to 19:00.
- **Aveiro**, Rua Direita 9, beside the canal. Every day 11:00 to 20:00.

The counter in Braga is step-free.

## Parcels
- Canada: 9 days, 28 EUR.
- Brazil: 12 days, 35 EUR.
- Duties are collected at the door, and are not in our prices.

## Making
Our shoes are sewn in Felgueiras.

## At the till
American Express, Visa and Multibanco.

## Lending
A tail coat can be hired for 90 EUR a day.
"""


def test_a_list_is_told_whole_unless_one_of_it_is_meant(encoder: MiniLM) -> None:
    facts = Facts(COUNTER, encoder)
    hours = told(facts, encoder, "opening hours?").answer
    assert all(any(hour in text for text in hours) for hour in ("18:00", "19:00", "20:00"))
    assert "Aveiro" not in " ".join(told(facts, encoder, "the address of your Tavira shop").answer)


def test_what_is_wanted_may_stand_in_the_next_sentence(encoder: MiniLM) -> None:
    facts = Facts(COUNTER, encoder)
    assert "9:30 to 19:00" in " ".join(told(facts, encoder, "when is the Braga one open").answer)


@pytest.mark.parametrize(
    ("message", "right"),
    [
        ("do i pay duties on a parcel to canada", "Duties"),
        ("are your shoes made in china or where", "Felgueiras"),
        ("can I pay with amex", "American Express"),
        ("I'd come in a wheelchair, does Braga work?", "step-free"),
        ("can one rent a tail coat, and for how much a day", "90 EUR"),
    ],
)
def test_what_is_named_in_other_words_is_told(encoder: MiniLM, message: str, right: str) -> None:
    assert right in " ".join(told(Facts(COUNTER, encoder), encoder, message).answer)


def test_at_home_the_row_of_another_country_is_farther(encoder: MiniLM) -> None:
    """Whose own rows name no country."""
    rows = "## Delivery\n- Parcel to your post box: 69 NOK.\n- Sweden: 129 NOK.\n- Denmark: 139 NOK.\n- Finland: 149 NOK."
    for message in ("What's ordinary postage to Trondheim?", "shipping within norway price"):
        assert "69 NOK" in " ".join(told(Facts(rows, encoder, "en-NO"), encoder, message).answer)
    assert "129 NOK" in " ".join(told(Facts(rows, encoder, "en-NO"), encoder, "postage to Malmö?").answer)


def test_a_country_that_only_the_locale_tells(encoder: MiniLM) -> None:
    message = "whats delivery to leeds"
    assert told(Facts(ABROAD, encoder, "en-US"), encoder, message).unnamed
    assert told(Facts(ABROAD, encoder), encoder, "delivery to Norway?").unnamed
    assert not told(Facts(ABROAD, encoder), encoder, "which countries in asia do you ship to").unnamed


def test_two_sentences_of_a_section_come_in_their_order() -> None:
    of = [
        Fact(place, 0, place, "Care", text, frozenset(), frozenset(), frozenset())
        for place, text in enumerate("ABC")
    ]
    assert Told((of[2], of[0], of[1]), (5.0, 4.9, 4.8), clear=True).answer == ("A", "C")
    assert Told((of[2], of[0]), (5.0, 3.0), clear=True).answer == ("C",)
    assert Told((of[2], of[0]), (5.0, 4.9)).answer == ()
