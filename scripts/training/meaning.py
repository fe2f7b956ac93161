"""What the sentence encoder learns from: messages by intent, and questions with the page that answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from concierge.stylist.intent import KINDS
from concierge.stylist.sections import sentences
from training import director
from training.facts import make_sheet
from training.names import Names
from training.phrasebook import TEXT, Phrasebook, read_toml

# What the chats' scenes open with, as far as that is one intent alone.
_INTENTS = {
    **dict.fromkeys(
        ("occasion", "garment", "color", "material", "size", "budget", "sale", "gift", "vague", "absent"),
        "wish",
    ),
    **dict.fromkeys(("known", "unknown"), "facts"),
    **dict.fromkeys(("manners", "more", "price", "sizes", "compare"), "none"),
    "declined": "aside",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A shopper's words and the number of their intent in KINDS."""

    text: str
    intent: int


@dataclass(frozen=True, slots=True)
class Page:
    """A house's facts and questions on them.

    Attributes:
        markdown: as facts.md has it.
        sentences: `heading: sentence` each.
        questions: with the places of the sentences that answer.
    """

    markdown: str
    sentences: tuple[str, ...]
    questions: tuple[tuple[str, frozenset[int]], ...]


def examples(*, held_out: bool) -> list[Message]:
    """Those of `text/intents.toml`."""
    book, table = Phrasebook(held_out), read_toml("intents.toml")
    return [Message(text, number) for number, kind in enumerate(KINDS) for text in book.choose(table[kind])]


def turns(chats: int, seed: int) -> list[Message]:
    """Shoppers' messages of as many chats, each text once."""
    found = {}
    for chat in director.examples(chats, seed):
        said = (message["content"] for message in chat.messages if message["role"] == "user")
        for text, scene in zip(said, chat.tags, strict=False):
            if intent := _INTENTS.get(scene):
                found[text.rpartition("[Shopper]\n")[2]] = KINDS.index(intent)
    return [Message(*pair) for pair in found.items()]


def pages(houses: int, seed: int, *, held_out: bool) -> Iterator[Page]:
    """Facts of as many invented houses, asked for."""
    rng, book = Random(f"{seed} {held_out}"), Phrasebook(held_out)
    names = Names(book)
    for _ in range(houses):
        city, year = names.any(rng, "city"), rng.randint(1790, 2021)
        currency = rng.choice(["EUR", "GBP", "USD"])
        sheet = make_sheet(rng, names, book, currency, city, year, rng.randint(8, 24))
        yield _page(
            (sheet.headings[told.topic], told.text, [book.say_one(rng, told.asks, told.values)])
            for told in sheet.told
        )


def written(*, held_out: bool) -> list[Page]:
    """The pages of `text/pages/`, written by hand; those of its `held-out/` are other houses'."""
    found = sorted((TEXT / "pages" / "held-out" if held_out else TEXT / "pages").glob("*.toml"))
    tables = (read_toml(str(path.relative_to(TEXT))) for path in found)
    return [
        _page(
            (part["heading"], fact["says"], fact["asks"])
            for part in table["section"]
            for fact in part["fact"]
        )
        for table in tables
    ]


def _page(facts: Iterable[tuple[str, str, Sequence[str]]]) -> Page:
    """Of (heading, text, questions) each; those of one heading follow each other."""
    told: list[str] = []
    questions: list[tuple[str, frozenset[int]]] = []
    sections: dict[str, list[str]] = {}
    for heading, text, asks in facts:
        says = sentences(text)
        answers = frozenset(range(len(told), len(told) + len(says)))
        told += [f"{heading}: {sentence}" for sentence in says]
        questions += [(ask, answers) for ask in asks]
        sections.setdefault(heading, []).append(text)
    markdown = "\n\n".join(f"# {heading}\n{' '.join(texts)}" for heading, texts in sections.items())
    return Page(markdown, tuple(told), tuple(questions))
