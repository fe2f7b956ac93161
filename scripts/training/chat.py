"""A chat in the making: what was said and shown, and the prompt that serving would build of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from concierge.sessions import Item
from concierge.stylist import Mark, prompt
from concierge.stylist.stylist import READ
from training import grammar
from training.checks import check
from training.houses import MadeHouse
from training.noise import typed
from training.phrasebook import Phrasebook, Speakable
from training.pieces import Mention, Piece, kinds

_GRAVE = re.compile(
    r"sorry|condolences|afraid|apolog|sold|colleague|material|n't|\b(no|not|none|nothing|only)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Topic:
    """What the shopper is after: a kind of piece or an occasion, as tags, and how both are called."""

    kind: str = ""
    asked: str = ""
    occasion: str = ""
    needs: tuple[str, ...] = ()
    person: str = ""


@dataclass(slots=True)
class Chat:
    """One conversation.

    Attributes:
        shown: pieces of the newest message that showed any, in their order.
        seen: all pieces that the prompt lists so far.
        given: replies (their items' places) that a grammar of the service gives, which need not be learnt.
    """

    rng: Random
    made: MadeHouse
    book: Phrasebook
    instructions: str = ""
    items: list[Item] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    shown: list[Piece] = field(default_factory=list)
    seen: list[Piece] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    topic: Topic = field(default_factory=Topic)

    @property
    def currency(self) -> str:
        return self.made.house.currency

    def line(self, path: str, section: str, **values: str | Speakable) -> str:
        """A phrase of `text/talk/PATH.txt`, filled."""
        return self.book.say(self.rng, f"talk/{path}.txt", section, {"house": self.made.house.name} | values)

    def any_line(self, path: str, sections: Sequence[str], **values: str | Speakable) -> str:
        """A phrase out of several sections, each phrase as likely as the others."""
        lines = [line for s in sections for line in self.book.lines(f"talk/{path}.txt", s)]
        return self.book.say_one(self.rng, lines, {"house": self.made.house.name} | values)

    def mention(self, piece: Piece, color: str = "", needs: Sequence[str] | None = None) -> Mention:
        wanted = self.topic.needs if needs is None else needs
        return Mention(self.rng, piece, wanted, color=color, held_out=self.book.held_out)

    def ask(
        self,
        text: str,
        pieces: Sequence[Piece] | None = None,
        *,
        facts: str = "",
        marks: Iterable[Mark] = (),
        aside: bool = False,
        clean: bool = False,
    ) -> None:
        """The shopper's message with what the stylist would put before it."""
        products = None if pieces is None else [p.product for p in pieces]
        context = prompt.context(products, facts, marks, aside=aside)
        words = text if clean else typed(self.rng, text)
        self.items.append(Item(str(len(self.items)), "user", words, context=context))
        if pieces:
            self.shown = list(pieces)
            known = {p.product.id: p for p in self.seen} | {p.product.id: p for p in pieces}
            self.seen = list(known.values())

    def stray_facts(self, share: float) -> str:
        """Facts that nobody asked for, by a chance: the stylist finds such, and replies pass over them."""
        sheet = self.made.sheet
        return sheet.line(self.rng.choice(sheet.topics)) if self.chance(share) else ""

    def stray_pieces(self, share: float) -> list[Piece] | None:
        """Pieces that nobody asked for, likewise."""
        if not self.chance(share):
            return None
        return [self.made.maker.make(k) for k in self.rng.sample(sorted(kinds()), self.rng.randint(1, READ))]

    def answer(
        self,
        *parts: str,
        question: str = "",
        english: bool = True,
        trim: bool = True,
        given: bool = False,
    ) -> None:
        """The reply: parts in order of weight, as many as the voice allows, and a closing question."""
        voice = self.made.voice
        said = [s for part in parts if part for s in grammar.sentences(grammar.sentence_case(part))]
        if trim:
            if len(said) > voice.most_sentences and _nods(said[0]):
                said.pop(0)
            said = said[: voice.most_sentences] or said
            if not voice.questions and len(said) > 1 and said[-1].endswith("?") and not _nods(said[0]):
                said.pop()
        if question and voice.questions and len(said) < voice.most_sentences and not said[-1].endswith("?"):
            said.append(grammar.sentence_case(question))
        text = " ".join(said[:3])
        if english and voice.tone in ("playful", "warm") and self._casual:
            text = grammar.contracted(text)
        if (
            voice.exclaims
            and english
            and said[0].endswith(".")
            and not _GRAVE.search(said[0])
            and self.chance(0.3)
        ):
            text = text.replace(said[0], said[0][:-1] + "!", 1)
        check(text, self.read(), self.currency, exclaims=voice.exclaims, english=english)
        if given:
            self.given.append(len(self.items))
        self.items.append(Item(str(len(self.items)), "assistant", text))

    @property
    def _casual(self) -> bool:
        """Whether this house contracts: a trait of the house, told by its name."""
        return sum(map(ord, self.made.house.name)) % 2 == 0 or self.made.voice.tone == "playful"

    def messages(self) -> list[dict[str, str]]:
        chat = prompt.messages(self.made.house, self.items, "", self.instructions, facts=False)
        return [{"role": m.role, "content": m.content} for m in chat]

    def read(self) -> str:
        """All that the model reads so far."""
        return "\n".join(m["content"] for m in self.messages())

    def opening(self) -> str:
        """A polite start, now and then, in the house's tone."""
        tone = self.made.voice.tone
        if self.made.voice.most_sentences < 3 or self.rng.random() > 0.22 or tone == "terse":
            return ""
        return self.line("styling", f"opening.{tone}")

    def chance(self, share: float) -> bool:
        return self.rng.random() < share


def _nods(sentence: str) -> bool:
    """Whether a sentence says nothing by itself: `Of course.`"""
    return len(sentence.split()) < 3
