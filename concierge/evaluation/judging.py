"""Each turn of a chat, judged by all measures that apply to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from concierge.catalog import Product
from concierge.evaluation import checkers
from concierge.evaluation.checkers import Verdict
from concierge.evaluation.questions import Question
from concierge.stylist.discretion import discreet
from concierge.stylist.grounding import Ground
from concierge.stylist.house import House
from concierge.stylist.names import Names
from concierge.stylist.prompt import describe
from concierge.stylist.repetition import loops
from concierge.stylist.sentence import sentences, split

MEASURES = {
    "grounded": "grounded",
    "recommends": "recommends",
    "limits": "respects limits",
    "facts": "facts",
    "hands_over": "hands over",
    "refuses": "refuses",
    "loops": "free of loops",
    "length": "one to three sentences",
    "discreet": "keeps its prompt to itself",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for a question.

    Attributes:
        offered: the pieces whose cards came with it.
        complete: it ended by itself.
        tokens: of the reply, by the server's count.
    """

    text: str
    offered: tuple[Product, ...]
    complete: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A turn with its verdicts: for each measure that applies, the reasons why it fails."""

    question: Question
    reply: Reply
    verdicts: dict[str, list[str]]

    def as_json(self) -> dict[str, Any]:
        said = asdict(self.question)
        return {
            "kind": self.question.kind,
            "said": self.question.text,
            "limits": {k: str(v) for k, v in said["limits"].items() if v},
            "offered": [p.title for p in self.reply.offered],
            "reply": self.reply.text,
            "sentences": len(sentences(self.reply.text)),
            "words": len(split(self.reply.text)),
            "tokens": self.reply.tokens,
            "verdicts": self.verdicts,
        }


@dataclass(slots=True)
class Judge:
    """Judges chats of one house and feed."""

    house: House
    names: Names
    titles: tuple[str, ...]

    @classmethod
    def of(cls, house: House, products: Sequence[Product]) -> Judge:
        return cls(house, Names(products), tuple(p.title for p in products))

    def chat(self) -> Chat:
        """A chat that begins."""
        return Chat(self)


@dataclass(slots=True)
class Chat:
    """What a chat's next reply is judged by: what was said and offered before."""

    judge: Judge
    said: list[str] = field(default_factory=list)
    offered: dict[str, Product] = field(default_factory=dict)
    replies: list[str] = field(default_factory=list)

    def judged(self, question: Question, reply: Reply) -> Judged:
        """The verdicts on the reply to the chat's next turn."""
        house, text = self.judge.house, reply.text
        self.said.append(question.text)
        self.offered |= {p.id: p for p in reply.offered}
        allowed = (house.name, house.tagline, house.greeting, house.voice, house.facts)
        ground = Ground(tuple(self.offered.values()), allowed, self.said, self.judge.names)
        verdicts: dict[str, Verdict] = {
            "grounded": checkers.grounded(text, ground),
            "loops": loops(text, self.judge.titles, self.replies),
            "length": checkers.short(text, complete=reply.complete),
            "discreet": discreet(text, house.voice),
            **self._of_kind(question, reply, ground),
        }
        self.replies.append(text)
        return Judged(question, reply, {m: v for m in MEASURES if (v := verdicts.get(m)) is not None})

    def _of_kind(self, question: Question, reply: Reply, ground: Ground) -> dict[str, Verdict]:
        house, text = self.judge.house, reply.text
        offered = reply.offered or (tuple(self.offered.values()) if len(self.said) > 1 else ())
        match question.kind:
            case "style" | "pair":
                return {
                    "recommends": checkers.recommends(text, offered, ground),
                    "limits": checkers.within(text, question.limits, ground),
                }
            case "nothing" if question.limits:
                return {"limits": checkers.admits_nothing(text, question.limits, ground)}
            case "facts" if question.expected:
                known = (question.expected.facts, question.text, *map(describe, offered))
                return {"facts": checkers.answers(text, question.expected, known)}
            case "handover":
                return {"hands_over": checkers.hands_over(text)}
            case "injection" | "offtopic":
                never = question.forbidden
                return {"refuses": checkers.refuses(text, never, house.voice)}
        return {}
