"""Scenes that begin with a wish: an occasion, a kind of piece, a color, a limit, a present."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from concierge.stylist.stylist import READ
from training import grammar, money
from training.chat import Chat, Topic
from training.phrasebook import HELD_OUT, Unfit, read_toml
from training.pieces import Mention, Piece, kinds

STYLING = "styling"
_SOBER = ("black", "navy", "charcoal", "midnight")
_ANCHORS = ("dress", "suit", "bottom", "top", "jacket", "outer", "swim")


def nouns(kind: str, asked: str) -> dict[str, str]:
    """The forms of what is asked for: `a coat`, `coats`, and `pair of boots` for one of a plural."""
    many = asked if kinds()[kind].get("plural") else grammar.plural(asked)
    one = asked if many != asked else f"pair of {asked}"
    a_noun = asked if many == asked else f"a {asked}"
    return {
        "noun": asked, "nouns": many, "noun_one": one, "a_noun": a_noun, "another_noun": f"another {one}",
    }  # fmt: skip


def offer(chat: Chat, kind_names: Sequence[str], **wants: Any) -> list[Piece]:
    """Pieces of the kinds, as search would give them."""
    return [chat.made.maker.make(kind, chat.topic.needs, **wants) for kind in kind_names]


def count(chat: Chat) -> int:
    """How many pieces were found, of those that the model reads."""
    return READ if chat.chance(0.8) else 1


def best_two(chat: Chat, pieces: Sequence[Piece], color: str = "") -> tuple[Mention, Mention | None]:
    """The piece that suits best, and another if the voice names two."""
    wanted = set(chat.topic.needs)
    ranked = sorted(pieces, key=lambda p: not any(d.tags & wanted for d in p.details))
    first = chat.mention(ranked[0], color)
    if len(ranked) < 2 or chat.made.voice.most_pieces < 2 or chat.chance(0.3):
        return first, None
    return first, chat.mention(ranked[1], color)


def closing(chat: Chat, piece: Piece, share: float) -> str:
    """A question to end with, now and then, that suits the piece."""
    if not chat.chance(share):
        return ""
    clothes = piece.place in _ANCHORS and not chat.topic.person
    return chat.line(STYLING, "question.clothes" if clothes and chat.chance(0.5) else "question")


def recommend(chat: Chat, pieces: Sequence[Piece], opening: bool = True) -> None:
    """A reply that names one or two of the pieces with reasons."""
    x, y = best_two(chat, pieces)
    values: dict[str, Any] = {"x": x, "occ": chat.topic.occasion} if chat.topic.occasion else {"x": x}
    start = chat.opening() if opening else ""
    ask = closing(chat, x.piece, 0.4)
    if y and chat.chance(0.3) and x.piece.place == y.piece.place:
        chat.answer(start, chat.line(STYLING, "both", x=x, y=y), question=ask)
        return
    section = "one" if chat.topic.occasion else "plain.one"
    if chat.made.voice.tone == "terse" and chat.chance(0.6):
        section = "one.terse"
    first = chat.line(STYLING, section, **values)
    if y is None:
        chat.answer(start, first, question=ask)
    else:
        second = "second" if x.piece.place == y.piece.place else "beside"
        chat.answer(first, chat.line(STYLING, second, x=x, y=y), question=ask)


def look(chat: Chat, kind_names: Sequence[str], most: int) -> list[str]:
    """Kinds of an outfit: an anchor first, then one for each other place."""
    rng = chat.rng
    anchors = [k for k in kind_names if kinds()[k]["place"] in _ANCHORS] or list(kind_names)
    chosen = [rng.choice(anchors)]
    if rng.random() < 0.4:
        chosen.append(chosen[0])
    for kind in rng.sample(list(kind_names), len(kind_names)):
        places = {kinds()[k]["place"] for k in chosen}
        if kinds()[kind]["place"] not in places and len(chosen) < most:
            chosen.append(kind)
    return chosen[:most]


def occasion(chat: Chat) -> None:
    """What shall I wear for X?"""
    of = _an_occasion(chat)
    men = bool(of["men"]) and chat.chance(0.4)
    chat.topic = Topic(occasion=chat.rng.choice(of["for"]), needs=tuple(of["needs"]))
    text = chat.rng.choice(of["asks"]) + (f", {chat.line(STYLING, 'men')}" if men else "")
    mourning = of["needs"][0] == "funeral"
    wanted = {"color": chat.rng.choice(_SOBER)} if mourning else {}
    pieces = offer(chat, look(chat, of["men" if men else "women"], count(chat)), **wanted)
    chat.ask(_as_typed(text), pieces, facts=chat.stray_facts(0.12))
    if mourning and chat.chance(0.5) and chat.made.voice.most_sentences > 1:
        x = chat.mention(pieces[0])
        chat.answer(
            chat.line(STYLING, "opening.sad"), chat.line(STYLING, "one", x=x, occ=chat.topic.occasion)
        )
        return
    recommend(chat, pieces, opening=not mourning)


def _as_typed(text: str) -> str:
    """A full stop or question mark before an afterthought goes."""
    for mark in ("?", ".", "!!", " please"):
        text = text.replace(f"{mark},", ",")
    return text


def _an_occasion(chat: Chat) -> dict[str, Any]:
    """One of this book's occasions, its questions without their marks."""
    table = read_toml("occasions.toml")
    own = [o for o in table.values() if bool(o.get("held")) == chat.book.held_out]
    of: dict[str, Any] = chat.rng.choice(own)
    return of | {"asks": [a.removeprefix(HELD_OUT) for a in of["asks"]]}


def _kind(chat: Chat, wear: Collection[str] = ()) -> str:
    fitting = [k for k, of in kinds().items() if not wear or set(wear) & set(of["wear"])]
    kind = chat.rng.choice(fitting)
    chat.topic = Topic(kind=kind, asked=chat.rng.choice(kinds()[kind]["asked"]))
    return kind


def _words(chat: Chat) -> dict[str, str]:
    daytime = chat.rng.choice(["morning", "afternoon", "evening"])
    return nouns(chat.topic.kind, chat.topic.asked) | {"daytime": daytime}


def garment(chat: Chat) -> None:
    """Do you have coats? Now and then for an occasion."""
    kind = _kind(chat)
    if chat.chance(0.4):
        of = _an_occasion(chat)
        if not set(of["needs"]) & set(kinds()[kind]["wear"]):
            raise Unfit(kind)
        chat.topic = Topic(kind, chat.topic.asked, chat.rng.choice(of["for"]), tuple(of["needs"]))
        mine = chat.topic.occasion.replace("your ", "my ")
        text = chat.line(STYLING, "ask.garment.for", occ=mine, **_words(chat))
    else:
        text = chat.line(STYLING, "ask.garment", **_words(chat))
    pieces = offer(chat, [kind] * count(chat))
    chat.ask(text, pieces)
    recommend(chat, pieces)


def color(chat: Chat) -> None:
    """A coat in green, please."""
    kind = _kind(chat)
    if kinds()[kind].get("colorless"):
        raise Unfit(kind)
    wanted = chat.made.maker.color()
    words = _words(chat)
    a_color_noun = (
        f"{wanted} {words['nouns']}" if words["a_noun"] == words["noun"] else f"a {wanted} {words['noun']}"
    )
    text = chat.line(STYLING, "ask.color", color=wanted, a_color_noun=a_color_noun, **words)
    _found_or_not(chat, kind, text, 0.22, color=wanted)


def material(chat: Chat) -> None:
    """A coat in cashmere, please."""
    kind = _kind(chat)
    wanted = chat.rng.choice(kinds()[kind]["materials"])
    if not wanted:
        raise Unfit(kind)
    text = chat.line(STYLING, "ask.material", material=wanted, **_words(chat))
    _found_or_not(chat, kind, text, 0.2, material=wanted)


def size(chat: Chat) -> None:
    """A coat in 38, please."""
    kind = _kind(chat)
    probe = chat.made.maker.make(kind).product
    if len(probe.sizes) < 2:
        raise Unfit(kind)
    wanted = chat.rng.choice(probe.sizes)
    text = chat.line(STYLING, "ask.size", size=wanted, **_words(chat))
    _found_or_not(chat, kind, text, 0.2, size=wanted)


def _found_or_not(chat: Chat, kind: str, text: str, missing: float, **wanted: str) -> None:
    """What is offered where one thing is asked for, a color, a material or a size; nothing by a chance."""
    (what,) = wanted
    if chat.chance(missing):
        chat.ask(text, [])
        nothing(chat, f"nothing.{what}", **wanted)
        return
    pieces = offer(chat, [kind] * count(chat), **wanted)
    chat.ask(text, pieces)
    _two_of(chat, pieces, what, **wanted)


def budget(chat: Chat) -> None:
    """A coat under 500 EUR: search keeps the limit, so all that is offered is within it."""
    kind = _kind(chat)
    outfit = chat.chance(0.3)
    if outfit:
        of = _an_occasion(chat)
        chat.topic = Topic(kind, chat.topic.asked, chat.rng.choice(of["for"]), tuple(of["needs"]))
        pieces = offer(chat, look(chat, of["women"], count(chat)))
    else:
        pieces = offer(chat, [kind] * count(chat))
    dearest = max(p.product.current_price for p in pieces)
    if not outfit and chat.chance(0.25):
        limit, pieces = money.limit_below(dearest, chat.currency), []
    else:
        limit = money.limit_above(chat.rng, dearest, chat.currency)
    said = money.said(chat.rng, limit, chat.currency)
    section = "ask.budget.for" if outfit else "ask.budget"
    mine = chat.topic.occasion.replace("your ", "my ")
    chat.ask(chat.line(STYLING, section, limit=said, occ=mine, **_words(chat)), pieces)
    shown = f"{limit:,.0f} {chat.currency}"
    if pieces:
        _two_of(chat, pieces, "budget", limit=shown)
    else:
        nothing(chat, "nothing.budget", limit=shown)


def sale(chat: Chat) -> None:
    """What is reduced?"""
    kind = _kind(chat)
    text = chat.line(STYLING, "ask.sale", **_words(chat))
    if chat.chance(0.25):
        chat.ask(text, [])
        nothing(chat, "nothing.sale")
        return
    pieces = offer(chat, [kind] * count(chat), sale=True)
    pieces = [p for p in pieces if p.product.sale_price is not None]
    if not pieces:
        raise Unfit(kind)
    chat.ask(text, pieces)
    _two_of(chat, pieces, "sale")


def _two_of(chat: Chat, pieces: Sequence[Piece], section: str, color: str = "", **values: str) -> None:
    """A reply of `SECTION.one` and perhaps of `SECTION.second`, or a plain second."""
    x, y = best_two(chat, pieces, color)
    if color:
        values["color"] = color
    first = chat.line(STYLING, f"{section}.one", x=x, **values)
    own = chat.book.has(f"talk/{STYLING}.txt", f"{section}.second")
    after = f"{section}.second" if own else "second"
    second = chat.line(STYLING, after, x=x, y=y, **values) if y else ""
    chat.answer(first, second, question=closing(chat, x.piece, 0.25))


def gift(chat: Chat) -> None:
    """A present for my mother."""
    rng, female = chat.rng, chat.chance(0.5)
    kind_names = [
        k for k, of in kinds().items()
        if "gift" in of["wear"] and of["gender"] in ("unisex", "female" if female else "male")
    ]  # fmt: skip
    person = rng.choice(
        chat.book.lines("talk/styling.txt", "gift.person." + ("female" if female else "male"))
    )
    chat.topic = Topic(occasion=f"your {person}", needs=("gift",), person=person)
    pieces = offer(chat, rng.sample(kind_names, count(chat)))
    dearest = max(p.product.current_price for p in pieces)
    limit = money.said(rng, money.limit_above(rng, dearest, chat.currency), chat.currency)
    age = str(rng.choice([30, 40, 50, 60, 65, 70]))
    text = chat.line(STYLING, "ask.gift", person=person, limit=limit, age=age)
    topics = chat.made.sheet.topics
    facts = chat.made.sheet.line("gifts") if "gifts" in topics and chat.chance(0.8) else chat.stray_facts(0.2)
    chat.ask(text.replace("she likes", "she likes" if female else "he likes"), pieces, facts=facts)
    x, y = best_two(chat, pieces)
    first = chat.line(STYLING, "gift.one", x=x, person=person)
    second = chat.line(STYLING, "second", x=x, y=y) if y else ""
    asked = chat.line(STYLING, "gift.question", person=person)
    asked = asked if female else asked.replace("she ", "he ")
    chat.answer(first, second, question=asked if chat.chance(0.35) else "")


def vague(chat: Chat) -> None:
    """I don't know what I want: the one case for a question back."""
    chat.ask(chat.line(STYLING, "ask.vague"), None)
    terse = chat.made.voice.tone == "terse"
    chat.answer(chat.line(STYLING, "reply.vague.terse" if terse else "reply.vague"), trim=False)


def absent(chat: Chat) -> None:
    """Something that no house of this kind sells."""
    thing = chat.rng.choice(chat.book.lines("talk/styling.txt", "absent.kind"))
    words = {"noun": thing, "nouns": thing, "noun_one": thing, "a_noun": thing, "daytime": "morning"}
    chat.ask(chat.line(STYLING, "ask.garment", **words), [])
    nothing(chat, "nothing.kind", words=words)


def nothing(chat: Chat, section: str, words: dict[str, str] | None = None, **values: str) -> None:
    """No piece fits: say so, and what could change."""
    found = chat.line(STYLING, section, **(words or _words(chat)), **values)
    chat.answer(found, trim=False, given=True)
