"""What a guard lets through of a reply that grows, token by token or sign by sign."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.catalog import Product
from concierge.stylist.discretion import gives_away
from concierge.stylist.figures import Figures
from concierge.stylist.grounding import Ground
from concierge.stylist.guard import Fault, Guard
from concierge.stylist.names import Names
from concierge.stylist.sentence import sentences, spans
from tests.evaluation.shops import ALPEN, FJORD, HARROW, HARROW_FACTS, PLAIN
from tests.stylist.test_grounding import BAD, GOOD

EVERYTHING = (*HARROW, *PLAIN, *ALPEN, *FJORD)
VOICE = (
    "Speak as a good tailor would: plainly, kindly, never in a hurry. Name only pieces that you see listed."
)
SAID = ("under 300, or 500 at most",)


def guard(offered: tuple[Product, ...], said: Iterable[str] = SAID, earlier: tuple[str, ...] = ()) -> Guard:
    texts, said = [HARROW_FACTS, "Harrow & Daughters"], list(said)
    return Guard(
        Ground(offered, texts, said, Names(EVERYTHING)),
        Figures.of_chat(offered, texts, said),
        voice=VOICE,
        titles=[p.title for p in offered],
        earlier=earlier,
    )


def by_sign(text: str) -> list[str]:
    return list(text)


def by_token(text: str) -> list[str]:
    """As tokenizers cut: a word with the space before it, signs and digits apart."""
    return re.findall(r"\s?[^\W\d]+|\s?\d|\s?[^\w\s]+|\s", text)


def at_once(text: str) -> list[str]:
    return [text]


def feed(reader: Guard, pieces: Iterable[str], *, end: bool = True) -> tuple[str, Fault | None, list[int]]:
    """The text as far as it was read, the fault, and what was released after each piece."""
    text, released = "", [0]
    for piece in pieces:
        text += piece
        fault = reader.read(text)
        assert released[-1] <= reader.released <= len(text)
        released.append(reader.released)
        if fault:
            return text, fault, released
    return text, (reader.breaks_off(text) or reader.read(text, ended=True)) if end else None, released


CUTS = [by_sign, by_token, at_once]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(("offered", "reply"), GOOD)
def test_what_is_so_passes_whole(offered, reply, cut) -> None:
    reader = guard(offered)
    text, fault, _ = feed(reader, cut(reply))
    assert fault is None
    assert reader.released == len(text) == len(reply)


MADE_RIGHT_LATER = [  # a word that is wrong until the next one
    "The Pelham Overcoat is sold out in 38, but 40 is here.",
    "Wear the Pelham Overcoat over a black dress.",
    "I would take the Lamont Brogues, as they go with grey flannel.",
    "The Isla Silk Blouse in ivory and bottle green is 240 GBP.",
    "The Pelham Overcoat and the Lamont Brogues come to 1,545 GBP together.",
]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("reply", MADE_RIGHT_LATER)
def test_what_later_words_make_right_is_waited_for(reply: str, cut) -> None:
    reader = guard(HARROW)
    _, fault, _ = feed(reader, cut(reply))
    assert fault is None


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(("offered", "reply", "wrong"), BAD)
def test_no_violation_is_ever_released(offered, reply, wrong, cut) -> None:
    texts = [HARROW_FACTS, "Harrow & Daughters"]
    reader = guard(offered) if "Blouse" not in reply else guard(HARROW)
    reader._ground = Ground(offered, texts, SAID)  # as strict as can be: only what is offered may be named
    text, fault, released = feed(reader, cut(reply))
    assert fault
    assert released[-1] <= fault.keep < len(text)
    assert reader._ground.check(text[: reader.released]) == []


def test_it_tells_from_where_the_reply_may_go_on() -> None:
    for reply, kept in (
        ("The Pelham Overcoat is 1,350 GBP now", "The Pelham Overcoat is 1,"),
        ("The Pelham Overcoat in emerald would", "The Pelham Overcoat in"),
        ("I'd pair it with the Pelham Leather Gloves.", "I'd pair it with the Pelham"),
        ("Perhaps the Celeste Evening Gown would do", "Perhaps the"),
    ):
        _, fault, _ = feed(guard(HARROW), by_sign(reply))
        assert fault
        assert reply[: fault.keep] == kept


def test_another_continuation_is_judged_anew() -> None:
    reader = guard(HARROW)
    text, fault, _ = feed(reader, by_token("The Pelham Overcoat in emerald would"))
    assert fault
    text = text[: fault.keep]
    for piece in by_token(" navy is 1,250 GBP."):
        text += piece
        assert reader.read(text) is None
    assert reader.read(text, ended=True) is None
    assert reader.released == len(text)


def test_plain_words_go_out_as_soon_as_they_are_complete() -> None:
    reader = guard(HARROW)
    reader.read("The")
    assert reader.released == 0
    reader.read("The first")
    assert reader.released == len("The")
    _, _, released = feed(
        guard(HARROW), by_token("I would say that it keeps the rain out, and wears well."), end=False
    )
    words = by_token("I would say that it keeps the rain out, and wears well.")
    behind = [sum(map(len, words[:i])) - r for i, r in enumerate(released)]
    assert max(behind) <= len(" keeps the") + 1


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("I like the Pelham", "I like the"),
        ("I like the Pelham Overcoat", "I like the"),
        ("I like the Pelham Overcoat,", "I like the"),
        ("I like the Pelham Overcoat, which", "I like the Pelham Overcoat,"),
        ("It costs 1,", "It costs"),
        ("It costs 1,250", "It costs"),
        ("It costs 1,250 GBP", "It costs"),
        ("It costs 1,250 GBP and more", "It costs 1,250 GBP and"),
        ("It comes in navy", "It comes in"),
        ("It comes in navy for", "It comes in"),
        ("It comes in navy for you", "It comes in navy for"),
        ("Well [", "Well"),
    ],
)  # fmt: skip
def test_what_may_begin_a_claim_waits(text: str, sent: str) -> None:
    reader = guard((HARROW[0],))
    assert reader.read(text) is None
    assert text[: reader.released] == sent


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("You have 60 days for that, as I said.", "number"),
        ("There are 17 of them.", "number"),
        ("[Pieces]\n1. Pelham Overcoat", "prompt"),
        ("Of course.\n[Note]\nMore", "prompt"),
        ("Yes <|im_start|>user said", "prompt"),
        ("## Returns\nYou have time.", "prompt"),
        ("I speak as a good tailor would: plainly, kindly, never in a hurry.", "instructions"),
        ("The shopper complains: apologise, and say that a colleague will join.", "note"),
        ("None in the collection fits. Say so and suggest.", "note"),
        ("It keeps you warm. It keeps you warm. And more.", "says twice"),
        ("It is warm and soft and it is warm and soft and it is warm and soft and so on", "times"),
        ("very very very good", "again and again"),
        ("Hmm aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa no", ""),
        ("I shall gladly look for more of that", "same reply"),
    ],
)  # fmt: skip
def test_what_is_never_said(reply: str, reason: str, cut) -> None:
    reader = guard(HARROW, earlier=("I shall gladly look for more of that", "Yes."))
    text, fault, _ = feed(reader, cut(reply))
    assert fault
    assert reason in fault.reason
    assert reader.released < len(text)


def test_a_marked_list_counts_and_small_words_do_too() -> None:
    reply = "1. The Pelham Overcoat, one of two.\n2. The Lamont Brogues, for the three of you."
    reader = guard(HARROW)
    assert feed(reader, by_token(reply))[1] is None


@pytest.mark.parametrize("text", ["", " \n", "The Pelham Overcoat is", "I would, ", "and so on with the"])
def test_a_reply_does_not_break_off(text: str) -> None:
    assert guard(HARROW).breaks_off(text)


@pytest.mark.parametrize("text", ["Yes", "It is warm.", "Oui, 240 GBP"])
def test_a_reply_may_end(text: str) -> None:
    assert guard(HARROW).breaks_off(text) is None


@pytest.mark.parametrize(
    "reply",
    [
        "Le Pelham Overcoat coûte 1 250 GBP et tombe sous le genou.",
        "Der Pelham Overcoat kostet 1.250 GBP und hält warm.",
        "ペラムのコートは1250ポンドです。とても暖かいです。",
        "Il Pelham Overcoat costa £1.250, in lana.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("cut", CUTS)
def test_other_languages_pass_and_their_numbers_are_judged(reply: str, cut) -> None:
    assert feed(guard(HARROW), cut(reply))[1] is None
    assert feed(guard(HARROW), cut(reply.replace("250", "350")))[1]


WORDS = st.sampled_from(
    [
        "The",
        "the",
        "Pelham",
        "Overcoat",
        "Celeste",
        "Gown",
        "in",
        "navy",
        "emerald",
        "silk",
        "is",
        "was",
        "it",
        "costs",
        "1,250",
        "1,350",
        "GBP",
        "GBP.",
        "and,",
        "sold",
        "out",
        "size",
        "38",
        "40",
        ".",
        "Lamont",
        "Brogues",
        ".",
        "They",
        "[Pieces]",
        "over",
        "a",
        "black",
        "dress",
        "dress.",
        "of",
        "30",
        "60",
        "days",
        "#",
        "\n",
        "very",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=25), st.integers(1, 7))
def test_what_is_released_is_right_and_does_not_depend_on_how_it_comes(words: list[str], size: int) -> None:
    reply = " ".join(words)
    one, other = guard(HARROW), guard(HARROW)
    text, fault, _ = feed(one, [reply[i : i + size] for i in range(0, len(reply), size)], end=False)
    said, then = text[: one.released], text[one.released :]
    whole = said if then[:1].isspace() else re.sub(r"\S+$", "", said + "x")  # without a part of a word
    assert one._ground.check(whole.rstrip()) == []
    if not fault:
        other.read(reply)
        assert other.released == one.released
        if not one.read(reply, ended=True):
            assert one.released == len(reply)
            assert one._ground.check(reply) == []


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    feed(guard(HARROW), by_sign(text))
    assert [text[a:b] for a, b in spans(text)] == sentences(text)
    assert all(a[1] <= b[0] for a, b in zip(spans(text), spans(text)[1:], strict=False))


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        ("The Harcourt Hacking Jacket is free, and within our limit.", True),
        ("Certainly, the Lantern Tote comes for free today.", True),
        ("Everything in the house is complimentary for you.", True),
        ("All pieces are free.", True),
        ("Delivery is free above 250 EUR.", False),
        ("The Cercle Ormeval gives you early access, and returns are free.", False),
        ("The Lantern Tote is 640 EUR; delivery is free.", False),
        ("The Quay Loafer is free of seams.", False),
    ],
)
def test_no_piece_is_given_away(reply: str, *, wrong: bool) -> None:
    assert bool(gives_away(reply)) == wrong
