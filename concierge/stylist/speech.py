"""A reply as it is spoken: the model's words where the guard lets them through, and others where not."""

from __future__ import annotations

import json
import logging
from bisect import bisect_left, bisect_right
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from concierge.catalog import Product
from concierge.engine import Chunk, Engine, EngineError, FinishReason, Message, Request, SamplingParams, Usage
from concierge.stylist.guard import Fault, Guard
from concierge.stylist.intent import Mark
from concierge.stylist.manners import Manner
from concierge.stylist.prompt import money, spoken
from concierge.stylist.sentence import sentences

ATTEMPTS = 4  # at one place
RETRIES = 24  # in a reply
LONGEST = 3  # sentences, after which none is added
SENTENCE = 60  # tokens that one more may take
WARMER = 0.15  # temperature, for each attempt at a place
CLOSING = 0.7  # temperature of words under a grammar

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The reply's end; `tokens` are its exact tokens, for the stored item."""

    reason: FinishReason
    usage: Usage
    tokens: tuple[int, ...]


@dataclass(slots=True)
class Draft:
    """A reply's tokens and text so far.

    Attributes:
        ends: where the text of each token ends, in characters.
    """

    tokens: list[int] = field(default_factory=list)
    text: str = ""
    ends: list[int] = field(default_factory=list)

    def take(self, pieces: Iterable[tuple[int, str]]) -> None:
        for token, text in pieces:
            self.tokens.append(token)
            self.text += text
            self.ends.append(len(self.text))

    def place(self, characters: int) -> int:
        """How many tokens make at most so many characters, with no part of one more."""
        whole = bisect_right(self.ends, characters)
        return bisect_left(self.ends, self.ends[whole - 1]) + 1 if whole and self.ends[whole - 1] else 0

    def length(self, tokens: int) -> int:
        """The characters of so many tokens."""
        return self.ends[tokens - 1] if tokens else 0

    def cut(self, tokens: int) -> None:
        self.text = self.text[: self.length(tokens)]
        del self.tokens[tokens:], self.ends[tokens:]


class Speech:
    """One reply, from the first token to the last.

    What the guard finds fault with is not sent: from where the reply was right, the model goes on in another
    way. If that fails again and again, the reply ends with its last whole sentence; if it has none, a grammar
    lets through plain words, and what is exact of `pieces`.
    """

    def __init__(
        self,
        engine: Engine,
        chat: tuple[Message, ...],
        sampling: SamplingParams,
        guard: Guard,
        pieces: Sequence[Product],
        grammar: str | None = None,
        suggested: Sequence[Product] = (),
    ) -> None:
        """
        Args:
            grammar: of the whole reply, if it is not to be in the model's own words.
            suggested: pieces of which the reply has to name one.
        """
        self._engine, self._chat, self._sampling, self._guard = engine, chat, sampling, guard
        self._draft = Draft()
        self._sent = 0  # characters
        self._fault: Fault | None = None
        self._banned: dict[int, list[int]] = {}  # tokens that failed, by how many stood before them
        self._retries = 0
        self._suggested = tuple(suggested)
        self._given = [grammar, FULL_STOP]  # nothing to find fault with
        self._grammar = grammar
        self._grammars = [_prose(pieces), FULL_STOP]  # the next resorts
        self._prompt: Usage | None = None  # of the first attempt; the others find all of it in the cache

    async def stream(self) -> AsyncGenerator[TextDelta | Finished]:
        """Raises Busy, InvalidRequest, EngineError: the engine's."""
        while True:
            async with aclosing(self._engine.generate(self._request())) as chunks:
                async for chunk in chunks:
                    if text := self._take(chunk):
                        yield TextDelta(text)
                    if self._fault:
                        break
            too_long = chunk.finish_reason == "length"
            if self._fault and not too_long and self._turn_back():
                continue
            if not too_long and self._names_none():
                self._suggest()
                continue
            yield self._finished("length" if too_long else "stop", None if self._fault else chunk)
            return

    def _names_none(self) -> bool:
        """Whether the reply is to name a piece, doesn't, and has room for it."""
        text, room = self._draft.text, (self._sampling.max_tokens or 0) - len(self._draft.tokens)
        return (
            bool(self._suggested)
            and room >= SENTENCE
            and len(sentences(text)) < LONGEST
            and not self._guard.named(text) & {p.id for p in self._suggested}
        )

    def _suggest(self) -> None:
        self._draft.cut(self._draft.place(len(self._draft.text)))  # the end token goes
        self._grammar = suggesting(self._suggested)
        self._given.append(self._grammar)
        self._suggested = ()
        self._banned.clear()

    def _request(self) -> Request:
        banned = self._banned.get(len(self._draft.tokens), [])
        closing = self._grammar is not None and self._grammar not in self._given
        warmth = (CLOSING if closing else self._sampling.temperature) + WARMER * len(banned)
        sampling = replace(
            self._sampling, temperature=warmth, grammar=self._grammar, banned_first=tuple(banned)
        )
        return Request(self._chat, sampling, reply=tuple(self._draft.tokens))

    def _take(self, chunk: Chunk) -> str:
        """Read on. Returns what may be sent."""
        self._prompt = self._prompt or chunk.usage
        self._draft.take(chunk.pieces)
        text, reason = self._draft.text, chunk.finish_reason
        self._fault, ready = None, len(text)
        if not self._grammar or self._grammar not in self._given:
            self._fault = self._guard.breaks_off(text) if reason == "stop" else None
            self._fault = self._fault or self._guard.read(text, ended=reason is not None)
            ready = self._draft.length(self._draft.place(self._guard.released))
        sent, self._sent = self._sent, max(self._sent, ready)
        return text[sent : self._sent]

    def _turn_back(self) -> bool:
        """Go back to where it was right, and keep from what followed there. False: it ends there."""
        assert self._fault
        logger.debug("not sent: %s: %r", self._fault.reason, self._draft.text[self._sent :])
        sent = self._draft.place(self._sent)
        place = self._draft.place(max(self._fault.keep, self._sent))
        if self._grammar or len(self._banned.get(place, ())) >= ATTEMPTS:
            place = sent
        if len(self._banned.get(place, ())) >= ATTEMPTS or self._retries >= RETRIES:
            place = sent
            if self._guard.may_end(self._draft.text[: self._sent]):
                self._draft.cut(place)
                return False
            self._resort()
        else:
            self._banned.setdefault(place, []).extend(self._draft.tokens[place : place + 1])
            self._banned = {at: tokens for at, tokens in self._banned.items() if at <= place}
            self._retries += 1
        self._draft.cut(place)
        return True

    def _resort(self) -> None:
        if not self._grammars or (self._grammars == [FULL_STOP] and not self._sent):
            raise EngineError("The model found nothing to say that is so.")
        self._grammar, self._retries = self._grammars.pop(0), 0
        self._banned.clear()

    def _finished(self, reason: FinishReason, last: Chunk | None = None) -> Finished:
        """The end, with the tokens of what was sent."""
        assert self._prompt
        tokens = last.tokens if last else tuple(self._draft.tokens[: self._draft.place(self._sent)])
        count = last.usage.completion_tokens if last and last.usage else len(tokens)
        return Finished(reason, replace(self._prompt, completion_tokens=count), tokens)


def quoting(sentences: Iterable[str]) -> str:
    """A GBNF grammar of these sentences."""
    return "root ::= " + ' " " '.join(json.dumps(_sentence(s), ensure_ascii=False) for s in sentences)


def _sentence(text: str) -> str:
    """A sentence of facts.md as one says it: with a capital, unless it is an address, and a stop."""
    first = text.split(maxsplit=1)[0]
    whole = (text if "@" in first else text[:1].upper() + text[1:]).rstrip(" ,;:")
    return whole if whole[-1:] in ".!?" else f"{whole}."


def handing_over(mark: Mark) -> str:
    """A GBNF grammar of a reply that leaves a message to a colleague."""
    deed = _any_of(_DEEDS)  # left to itself, a small model lets the colleague 'not know' either
    return f'root ::= ({_any_of(_OPENINGS[mark])}) "colleague will " ({deed}) " " [a-z] [a-z\' ]{{2,44}} "."'


_OPENINGS: dict[Mark, tuple[str, ...]] = {
    "complaint": ("I am sorry to hear that; a ", "I am very sorry, and a ", "Please accept my apologies; a "),
    "person": ("Of course, a ", "Gladly, a ", "A "),
    "order": ("Certainly, a ", "I am sorry for the wait; a ", "A "),
    "question": ("I am sorry, a ", "That I do not know, but a ", "I cannot say for certain; a "),
}
_DEEDS = (
    "answer", "be", "come", "find", "help", "join", "know", "look", "reply", "see", "take", "tell", "write",
)  # fmt: skip


def declining() -> str:
    """A GBNF grammar of a reply to what is about neither the house nor its pieces."""
    return """root ::= opening "; " ("shall I " | "may I ") offer "?"
opening ::= "That is not mine to speak of" | "That I must leave to others" | "I keep to the house's pieces"
offer ::= "show you a piece" | "look for something to wear" | "look for a gift" | "help you dress"
"""


def minding_manners(manner: Manner) -> str:
    """A GBNF grammar of a reply to manners alone; left to itself, a small model says goodbye to a hello."""
    return _CIVIL[manner]


_CIVIL: dict[Manner, str] = {
    "greeting": """root ::= opening ". What " ("may I " | "shall I ") offer "?"
opening ::= "Hello" | "Hello, and welcome" | "Good day, and welcome" | "Welcome"
offer ::= "find for you" | "show you" | "look for"
""",
    "thanks": """root ::= opening "; " ("I am here " | "do write again ") "if anything else comes to mind."
opening ::= "You are welcome" | "With pleasure" | "Gladly done"
""",
    "farewell": """root ::= opening ", and " wish
wish ::= "enjoy the rest of your day." | "do come back whenever you like."
opening ::= "Goodbye" | "Until soon" | "Thank you for coming"
""",
}


_REGRET = 'opening ::= "N" | "I am sorry, but n" | "Sadly, n"'  # and `othing` follows
_PLACE = 'place ::= "in the collection" | "that we have" | "here"'


def finding_nothing(changeable: Sequence[str]) -> str:
    """A GBNF grammar of a reply that no piece fits, and that one of these could be changed."""
    change = _any_of((*changeable, " or ".join(changeable)))
    return f"""root ::= opening "othing " place " fits that" ("; " | ", I am afraid; ") question change " do?"
{_REGRET}
{_PLACE}
question ::= "would another " | "might another " | "could another "
change ::= {change}"""


def staying(pieces: Iterable[Product]) -> str:
    """A GBNF grammar of a reply that there is none but what was shown before, one of these."""
    return f"""root ::= opening stay piece
{_REGRET}
stay ::= "othing else " ("here" | "that we have") " fits that; I would stay with "
piece ::= {_priced(pieces)}"""


def lacking(wanted: Sequence[str], pieces: Iterable[Product]) -> str:
    """A GBNF grammar of a reply that nothing is of such material or shade, and one of these comes near."""
    return f"""root ::= opening "othing " place " fits that in {" or ".join(wanted)}" near piece
{_REGRET}
{_PLACE}
near ::= "; I would look at " | "; the nearest is " | "; what comes near is "
piece ::= {_priced(pieces)}"""


def suggesting(pieces: Iterable[Product]) -> str:
    """A GBNF grammar of one more sentence, which names one of these."""
    return f"""root ::= opening piece
opening ::= " I would suggest " | " May I suggest " | " Perhaps "
piece ::= {_priced(pieces)}"""


def _priced(pieces: Iterable[Product]) -> str:
    """Alternatives: one of these with its price, and a full stop."""
    return _any_of(
        f"the {spoken(p.title).removeprefix('The ')} at {money(p.current_price, p.currency)}." for p in pieces
    )


def _any_of(texts: Iterable[str]) -> str:
    """Alternatives of a GBNF rule: one of these as it stands."""
    return " | ".join(json.dumps(text, ensure_ascii=False) for text in dict.fromkeys(texts))


FULL_STOP = 'root ::= "."'
_WORDS = 14


def _prose(pieces: Iterable[Product]) -> str:
    """A GBNF grammar of a sentence's rest: words in lower case, titles and prices as they are."""
    exact = [text for p in pieces for text in (p.title, money(p.current_price, p.currency))]
    titles = f" | {_any_of(exact)}" if exact else ""
    return f"""root ::= first? (("," )? " " item){{0,{_WORDS}}} "."
first ::= [A-Z] [a-z]{{0,14}}
item ::= word{titles}
word ::= [a-z]{{1,16}} ("'" [a-z]{{1,2}})?"""
