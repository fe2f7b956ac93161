"""The chats that teach the small model: what a reply says stands in its prompt, and no two are alike."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from training.checks import BadReply, check
from training.director import KINDS, Example, examples

from concierge.stylist.prompt import ASIDE, HANDOVER, NOTHING_FOUND
from concierge.stylist.stylist import READ

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
PIECE = re.compile(r"^\d\. (.+?): (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def made() -> list[Example]:
    return [example for seed in (1, 2, 3, 4) for example in examples(250, seed)]


@pytest.fixture(scope="module")
def held_out() -> list[Example]:
    return list(examples(200, 1, held_out=True))


def turns(made: list[Example], *, english: bool = False) -> list[tuple[str, str, str]]:
    """(all that the model reads, its last message, the reply) of each reply."""
    return [
        (
            "\n".join(m["content"] for m in e.messages[:i]),
            e.messages[i - 1]["content"],
            e.messages[i]["content"],
        )
        for e in made
        if not (english and "tongue" in e.tags)
        for i in range(2, len(e.messages), 2)
    ]


def test_a_chat_is_the_stylists_prompt(made: list[Example]) -> None:
    for example in made:
        roles = [m["role"] for m in example.messages]
        assert roles == ["system"] + ["user", "assistant"] * ((len(roles) - 1) // 2)
        assert example.train
        assert set(example.train) <= set(range(2, len(roles), 2))
        assert "Facts of " not in example.messages[0]["content"]
        assert all(len(PIECE.findall(m["content"])) <= READ for m in example.messages)
        assert all(m["content"] == m["content"].strip() for m in example.messages[2::2])


def test_what_a_grammar_says_is_not_learnt(made: list[Example]) -> None:
    """When serving, it says that nothing fits and hands over."""
    english = [e for e in made if "tongue" not in e.tags]
    learnt = [e.messages[i - 1]["content"] for e in english for i in e.train]
    assert not any(note in last for last in learnt for note in (*HANDOVER.values(), NOTHING_FOUND))
    assert any(ASIDE in last for last in learnt)
    assert sum("[Pieces]\n1." in last for last in learnt) > 0.75 * len(learnt)


def test_numbers_of_a_reply_stand_in_its_prompt(made: list[Example], held_out: list[Example]) -> None:
    for read, _, reply in turns(made + held_out):
        known = {n.replace(",", "") for n in NUMBER.findall(read)}
        assert {n.replace(",", "") for n in NUMBER.findall(reply)} <= known, reply


def test_pieces_are_named_exactly_and_two_at_most(made: list[Example], held_out: list[Example]) -> None:
    """Whatever is left of a reply without the listed names has no two capitals in a row but the prompt's."""
    for read, _, reply in turns(made + held_out, english=True):
        titles = sorted({title for title, _ in PIECE.findall(read)}, key=len, reverse=True)
        named, rest = [], reply
        for title in titles:
            if (bare := title.removeprefix("The ")) in rest:
                named.append(title)
                rest = rest.replace(bare, "_")
        assert len(named) <= 2, reply
        for pair in re.findall(r"\b[a-z]+ ([A-Z][a-zé]+ [A-Z][a-zé]+)", rest):
            assert pair.lower() in read.lower(), reply  # shoppers type without capitals


def test_prices_belong_to_the_piece_named_before(made: list[Example]) -> None:
    """`the X at 90 EUR`, `the X is 90 EUR`: the amount stands in X's own line."""
    counted = 0
    for read, _, reply in turns(made):
        for title, line in PIECE.findall(read):
            said = re.search(rf"{re.escape(title)}(?: at| is| are| costs?) (\d[\d,.]* [A-Z]{{3}})", reply)
            lines = [other for name, other in PIECE.findall(read) if name == title]
            if said:
                counted += 1
                assert any(said[1] in other for other in (line, *lines)), reply
    assert counted > 100


def test_form_of_replies(made: list[Example], held_out: list[Example]) -> None:
    for read, _, reply in turns(made + held_out, english=True):
        assert len(re.findall(r"[.?!](?= [A-Z¿])|[.?!]$", re.sub(r"No\. ", "No ", reply))) <= 3, reply
        assert not re.search(r"[{}<>|~\n]|  |\b(\w+) \1\b|\ba [aeio][a-z]+ |\(\w+\|", reply), reply
        if "!" in reply:
            assert re.search(r"[Ee]xclamation mark(?! ?s\b)|Enthusiasm", read), reply


def test_one_sentence_houses_get_short_replies(made: list[Example]) -> None:
    short = [t for t in turns(made) if re.search(r"(in|to|:|-) ?one short sentence|One short sentence", t[0])]
    assert len(short) > 20
    assert sum(len(re.findall(r"[.?!](?= [A-Z])", reply)) for _, _, reply in short) / len(short) < 0.4


def test_notes_are_passed_on_and_nothing_is_promised(made: list[Example]) -> None:
    noted = [(last, reply) for _, last, reply in turns(made) if "[Note]\n" in last and "[Shopper]" in last]
    assert len(noted) > 30
    for last, reply in noted:
        assert any(note in last for note in (*HANDOVER.values(), ASIDE)) or "Tell the shopper" in last
        if any(note in last for note in HANDOVER.values()):
            assert re.search(r"colleague|collègue|compañero|Kollege|collega", reply), reply
            assert not NUMBER.search(reply)


def test_nothing_found_names_no_new_piece(made: list[Example]) -> None:
    empty = [(read, last, reply) for read, last, reply in turns(made) if f"[Pieces]\n{NOTHING_FOUND}" in last]
    assert len(empty) > 50
    for read, _, reply in empty:
        titles = [title for title, _ in PIECE.findall(read)]
        assert not re.search(r"\bthe [A-Z]", reply) or any(t.removeprefix("The ") in reply for t in titles)


def test_every_kind_of_turn_comes(made: list[Example]) -> None:
    counts = Counter(tag for example in made for tag in example.tags)
    assert [kind for kind in KINDS if not counts[kind]] == []
    assert {
        "fr",
        "es",
        "de",
        "it",
        "person",
        "complaint",
        "order",
        "inject",
        "reveal",
        "rude",
    } <= counts.keys()


def test_the_same_seed_makes_the_same_chats() -> None:
    assert list(examples(30, 7)) == list(examples(30, 7))
    assert list(examples(30, 7)) != list(examples(30, 8))


def test_replies_with_pieces_are_distinct_and_names_never_recur(made: list[Example]) -> None:
    one_run = made[:250]
    titles = Counter(
        title for e in one_run for title in {t for m in e.messages for t, _ in PIECE.findall(m["content"])}
    )
    assert max(titles.values()) == 1
    said = [reply for _, last, reply in turns(made) if "[Pieces]\n1." in last]
    assert len(set(said)) / len(said) >= 0.9


def test_the_held_out_set_has_words_of_its_own(made: list[Example], held_out: list[Example]) -> None:
    titles = {t for read, _, _ in turns(made) for t, _ in PIECE.findall(read)}
    others = {t for read, _, _ in turns(held_out) for t, _ in PIECE.findall(read)}
    assert not titles & others
    assert not {e.messages[0]["content"] for e in made} & {e.messages[0]["content"] for e in held_out}
    said = {reply for _, _, reply in turns(made)}
    new = [reply for _, _, reply in turns(held_out)]
    assert sum(reply in said for reply in new) / len(new) < 0.02


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ("The Velmira Coat is 90 EUR.", "number 90"),
        ("The Ostrane Gown is 80 EUR.", "name"),
        ("The Velmira Coat is 80 USD.", "currency"),
        ("The Velmira Coat comes in green.", "color green"),
        ("It is an coat.", "article"),
        ("It is is warm.", "doubled"),
        ("It is {x}.", "leftover"),
        ("Warm!", "exclamation"),
        ("One. Two. Three. Four.", "sentences"),
    ],
)
def test_bad_replies_are_refused(reply: str, problem: str) -> None:
    prompt = "[Pieces]\n1. Velmira Coat: 80 EUR; black; wool.\n[Shopper]\na coat"
    check("The Velmira Coat in black is 80 EUR.", prompt, "EUR", exclaims=False)
    with pytest.raises(BadReply, match=problem):
        check(reply, prompt, "EUR", exclaims=False)
