"""Scenes on facts of the house: told, not told, and beside a wish for pieces."""

from __future__ import annotations

from training import styling
from training.asking import ask_about, one
from training.chat import Chat
from training.facts import Sheet, Told
from training.grammar import sentences
from training.phrasebook import Unfit

UNKNOWN = "unknown.txt"


def facts_lines(chat: Chat, topics: list[str]) -> str:
    """Topics as the stylist repeats them beside a question."""
    return "\n".join(chat.made.sheet.line(topic) for topic in topics)


def _told(chat: Chat, topic: str = "") -> Told:
    """Something that the house tells and that nobody asked yet."""
    before = {i.text for i in chat.items}
    fitting = [t for t in chat.made.sheet.told if topic in ("", t.topic) and not set(t.asks) & before]
    if not fitting:
        raise Unfit(topic)
    return chat.rng.choice(fitting)


def _topics(chat: Chat, topic: str) -> list[str]:
    """The topic and, at times, the one next in likeness, as the stylist finds them."""
    others = [t for t in chat.made.sheet.topics if t != topic]
    found = [topic, chat.rng.choice(others)] if others and chat.chance(0.3) else [topic]
    return found if chat.chance(0.8) else found[::-1]


def known(chat: Chat) -> None:
    told = _told(chat)
    question = chat.book.say_one(chat.rng, told.asks, told.values)
    _ask_aside(chat, question, facts_lines(chat, _topics(chat, told.topic)))
    chat.answer(chat.book.say_one(chat.rng, told.answers, told.values), trim=False, given=True)


def _ask_aside(chat: Chat, question: str, facts: str) -> None:
    """A question on the house; now and then search took it for a wish as well."""
    shown = list(chat.shown)
    chat.ask(question, chat.stray_pieces(0.12), facts=facts)
    chat.shown = shown


def unknown(chat: Chat) -> None:
    """A question whose answer is nowhere, near what the house tells or far from it."""
    told = [t for t in chat.made.sheet.told if t.misses]
    if told and chat.chance(0.7):
        near = chat.rng.choice(told)
        line, values, topics = chat.rng.choice(near.misses), near.values, _topics(chat, near.topic)
    else:
        line = chat.rng.choice(chat.book.lines(UNKNOWN, "asks"))
        values, topics = {}, _topics(chat, chat.rng.choice(chat.made.sheet.topics))
        topics = topics if chat.chance(0.7) else []
    question, about = chat.book.say_one(chat.rng, [line], values).split(" | ")
    if _answered(chat.made.sheet, question):
        raise Unfit(question)
    _ask_aside(chat, question, facts_lines(chat, topics))
    said = chat.book.say(chat.rng, UNKNOWN, "unknown", {"about": about})
    chat.answer(said.replace(" about that", "").replace(" on that", ""), trim=False, given=True)


def _answered(sheet: Sheet, question: str) -> bool:
    """Whether another aspect of the house answers what this one misses."""
    key = question.lower().rstrip("?. ")
    return any(key == a.lower().rstrip("?. ") for t in sheet.told for a in t.asks)


def beside(chat: Chat) -> None:
    """A wish and a question in one message: a piece first, then the fact."""
    told = _told(chat)
    if chat.made.voice.most_sentences < 2:
        raise Unfit("one sentence")
    styling.garment(chat)
    item, reply = chat.items[-2], chat.items[-1]
    answer = chat.book.say_one(chat.rng, told.answers, told.values)
    del chat.items[-2:]
    question = chat.book.say_one(chat.rng, told.asks, told.values)
    joint = chat.rng.choice([". And ", ", and ", ". Also, "])
    text = item.text.rstrip("?.! :)") + joint + question[0].lower() + question[1:]
    chat.ask(text, chat.shown, facts=facts_lines(chat, [told.topic]), clean=True)
    titles = [piece.product.title for piece in chat.shown]
    said = sentences(reply.text.replace("!", "."))
    named = next((s for s in said if any(t in s for t in titles)), "?")
    if named.endswith("?"):
        raise Unfit(reply.text)
    chat.answer(named, answer, trim=False)


def care(chat: Chat) -> None:
    """How do I wash it? From the care facts where they speak of its material, else a colleague."""
    piece = one(chat)
    material = piece.product.material
    if not material:
        raise Unfit("material")
    words = {"cashmere": "cashmere", "silk": "silk", "leather": "leather", "suede": "suede", "linen": "linen"}
    told = [
        t for t in chat.made.sheet.told
        if t.topic == "care" and any(w in material and w in t.text.lower() for w in words)
    ]  # fmt: skip
    ask_about(chat, "ask.care", piece)
    if told:
        asked = chat.items.pop()
        chat.ask(asked.text, [piece], facts=facts_lines(chat, ["care"]), clean=True)
        answer = chat.book.say_one(chat.rng, told[0].answers, told[0].values)
        section = "reply.care"
        chat.answer(chat.line("about", section, x=chat.mention(piece), answer=answer), trim=False)
    else:
        chat.answer(chat.line("about", "reply.care.unknown", x=chat.mention(piece)), trim=False)
