"""Scenes without pieces: manners, what is declined, what a colleague takes over, other languages."""

from __future__ import annotations

from typing import cast

from concierge.stylist import Mark
from concierge.stylist.stylist import READ
from training.chat import Chat
from training.grammar import sentences
from training.phrasebook import Unfit, read
from training.pieces import Piece, kinds

_MANNERS = [s.removeprefix("ask.") for s in read("talk/manners.txt") if s.startswith("ask.")]
_LED = ("hello", "howareyou", "bot", "praise", "smalltalk", "dislike", "typo")
_AMONG = ("thanks", "bye", "ok", "praise", "dislike", "bot", "smalltalk")
_DECLINED = [s.removeprefix("ask.") for s in read("talk/refusing.txt") if s.startswith("ask.")]
_TONGUES = {"fr": 0.3, "es": 0.25, "de": 0.25, "it": 0.2}
_ANSWER_IN = {"fr": "French", "es": "Spanish", "de": "German", "it": "Italian"}


def manners(chat: Chat) -> None:
    """Greetings, thanks, small talk; in a running chat those that belong there."""
    kind = chat.rng.choice(_AMONG if chat.items else _MANNERS)
    chat.tags.append(kind)
    chat.ask(chat.line("manners", f"ask.{kind}"), None, facts=chat.stray_facts(0.15))
    reply = chat.line("manners", f"reply.{kind}")
    chat.answer(led_back(chat, reply) if kind in _LED else reply)


def declined(chat: Chat) -> None:
    """Off the subject, rude, prying, injected: gently back to dressing."""
    kind = chat.rng.choice([k for k in _DECLINED if k != "discount"])
    chat.tags.append(kind)
    short = chat.shown[0].short(chat.rng) if chat.shown else "coat"
    text = chat.line("refusing", f"ask.{kind}", short=short, currency=chat.currency)
    clean, seen = kind in ("inject", "reveal"), chat.chance(0.7)
    if seen:
        chat.ask(text, None, aside=True, clean=clean)
    else:  # the stylist took it for something else
        shown = list(chat.shown)
        chat.ask(text, chat.stray_pieces(0.3), facts=chat.stray_facts(0.4), clean=clean)
        chat.shown = shown
    own = chat.book.has("talk/refusing.txt", f"reply.{kind}")
    reply = chat.line("refusing", f"reply.{kind}" if own else "reply.back")
    # Learnt, though a grammar gives most of these: where nobody saw what it is, the model has to decline.
    chat.answer(led_back(chat, reply))


def led_back(chat: Chat, reply: str) -> str:
    """A reply of two sentences, often with another question at its end."""
    first, *rest = sentences(reply)
    if len(rest) == 1 and rest[0].endswith("?") and chat.chance(0.7):
        return f"{first} {chat.line('refusing', 'lead')}"
    return reply


def staff(chat: Chat) -> None:
    """A wish for a person, a complaint, an order: the note is passed on."""
    cases: list[tuple[Mark, ...]] = [("person",), ("complaint",), ("order",)] * 3
    cases += [("complaint", "order"), ("complaint", "person")]
    marks = chat.rng.choice(cases)
    chat.tags += marks
    section = ".".join(marks)
    number = str(chat.rng.randint(10000, 999999))
    text = chat.line("staff", f"ask.{section}", number=number, noun="coat")
    seen = chat.chance(0.8)  # or the stylist doesn't see what it is
    chat.ask(text, None, facts=chat.stray_facts(0.3), marks=marks if seen else ())
    chat.answer(chat.line("staff", f"reply.{section}"), trim=False, given=seen)


def tongue(chat: Chat) -> None:
    """A chat of one to three turns in another language."""
    code = chat.rng.choices(list(_TONGUES), list(_TONGUES.values()))[0]
    chat.tags.append(code)
    if chat.chance(0.15):
        chat.instructions = f"Answer in {_ANSWER_IN[code]}."
    path = f"tongues/{code}.txt"
    if chat.chance(0.5):
        _abroad(
            chat, path, chat.rng.choice(["hello", "person", "complaint", "order", "unknown", "off", "none"])
        )
        return
    wish, tag = chat.book.say(chat.rng, path, "ask.wish").split(" | ")
    fitting = [kind for kind, of in kinds().items() if tag in of["wear"]]
    pieces = [chat.made.maker.make(k, [tag]) for k in chat.rng.sample(fitting, chat.rng.randint(1, READ))]
    x, y = pieces[0].product, pieces[-1].product
    values = {"x": x.title, "price": chat.mention(pieces[0]).say("price")}
    if len(pieces) > 1:
        values |= {"y": y.title, "yprice": chat.mention(pieces[-1]).say("price")}
    chat.ask(wish, pieces)
    chat.answer(chat.book.say(chat.rng, path, "reply.wish", values), english=False)
    gone = [s for s in x.sizes if s not in x.available_sizes]
    sections = ["price"] + (["size"] if len(x.available_sizes) > 1 else []) + (["gone"] * 2 if gone else [])
    section = chat.rng.choice(sections)
    size = chat.rng.choice(gone if section == "gone" else (x.available_sizes or ("",)))
    chat.ask(chat.book.say(chat.rng, path, f"ask.{section}", values | {"size": size}), pieces[:1])
    answer = chat.book.say(chat.rng, path, f"reply.{section}", values | {"size": size})
    chat.answer(answer, english=False, trim=False)
    if chat.chance(0.3):
        _abroad(chat, path, "thanks")


def _abroad(chat: Chat, path: str, kind: str) -> None:
    values = {"house": chat.made.house.name, "limit": f"300 {chat.currency}"}
    marks = [cast(Mark, kind)] if kind in ("person", "complaint", "order") else []
    if kind == "off" and chat.items:
        raise Unfit(kind)
    chat.tags.append(kind)
    pieces: list[Piece] | None = [] if kind == "none" else None
    chat.ask(chat.book.say(chat.rng, path, f"ask.{kind}", values), pieces, marks=marks)
    chat.answer(chat.book.say(chat.rng, path, f"reply.{kind}", values), english=False, trim=False)
