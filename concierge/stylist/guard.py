"""How much of a growing reply may be sent, and where it goes wrong. Pure: no engine, no waiting.

What has been sent cannot be taken back, so words wait until what they claim is clear: a title until its
capitals end, a number until its unit has come, a color until its noun. All else goes on at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from concierge.catalog import Product
from concierge.catalog.vocabulary import LEXICON, MODIFIERS, SHADES, STOP_WORDS
from concierge.stylist.discretion import discreet, gives_away
from concierge.stylist.figures import Figures
from concierge.stylist.grounding import Ground
from concierge.stylist.names import JOINING, OPENERS
from concierge.stylist.repetition import loops
from concierge.stylist.sentence import Word, spans, split

PATIENCE = 4  # words that may come to make right what was wrong without them: `sold out` ... `in size 38`
LONGEST = 12  # words that wait for what they claim
ENDLESS = 80  # characters without a space

_CLOSES = re.compile(r"[,;:.!?)\u2013\u2014\u2026]")
_ENDS = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"\u201d\u2019\u00bb')\]*_]*\s*$")
_DANGLING = re.compile(
    r"(?:[,;:(\u2013\u2014-]|\b(?:an?|the|and|or|of|in|is|are|was|with|for|to|at|by|from|our|your|its|as|which))\s*$",
    re.I,
)
_CLAIMING = (
    frozenset(
        word
        for phrase, terms in LEXICON.phrases.items()
        if any(t.kind in ("color", "material", "garment") for t in terms)
        for word in phrase
    )
    | MODIFIERS
    | frozenset(SHADES)
) - STOP_WORDS


@dataclass(frozen=True, slots=True)
class Fault:
    """What must not be sent.

    Attributes:
        keep: characters of the reply from which it may go on, otherwise than it did.
        reason: for people.
    """

    keep: int
    reason: str


class Guard:
    """Reads one reply as it grows.

    Attributes:
        released: characters that may be sent. They only grow, and stay right whatever follows.
    """

    def __init__(
        self,
        ground: Ground,
        figures: Figures,
        *,
        voice: str = "",
        titles: Iterable[str] = (),
        earlier: Sequence[str] = (),
    ) -> None:
        """
        Args:
            ground: what may be said of pieces.
            figures: the numbers that may be said.
            voice: instructions that must not be repeated.
            titles: names that may be repeated.
            earlier: replies of this chat, none of which is to be given again.
        """
        self.released = 0
        self._ground, self._figures = ground, figures
        self._voice, self._titles, self._earlier = voice, tuple(titles), tuple(earlier)
        self._start = 0  # of the sentence that is being read
        self._spoken_of: tuple[Product, ...] = ()  # before it
        self._verdicts: dict[str, str | None] = {}  # on how it may begin

    def named(self, text: str) -> frozenset[str]:
        """The ids of the pieces that a reply names."""
        return frozenset(p.id for p in self._ground.named(text))

    def read(self, text: str, *, ended: bool = False) -> Fault | None:
        """Take in the reply so far: all of it. After a fault it may be another one from `keep` on.

        Args:
            ended: nothing will follow.
        """
        edge = len(text) if ended else _edge(text)
        while found := spans(text[self._start : edge]):
            begin, end = (self._start + at for at in found[0])
            whole = ended or len(found) > 1
            if fault := self._sentence(text, begin, end, whole):
                return fault
            if len(found) == 1:
                break
            self._spoken_of = self._ground.named(text[begin:end]) or self._spoken_of
            self._start += found[1][0]
            self._verdicts.clear()
        if ended:
            self.released = max(self.released, len(text))
            return None
        return self._tail(text, edge)

    @staticmethod
    def breaks_off(text: str) -> Fault | None:
        """Why a reply that ends by itself should not end so."""
        if not re.search(r"\w", text):
            return Fault(0, "says nothing")
        return Fault(len(text.rstrip()), "breaks off") if _DANGLING.search(text) else None

    @staticmethod
    def may_end(text: str) -> bool:
        """Whether a text is whole sentences."""
        return bool(_ENDS.search(text))

    def _sentence(self, text: str, begin: int, end: int, whole: bool) -> Fault | None:
        """Release the words of the sentence at [begin, end) that are not yet, as far as they are right."""
        words = split(text[begin:end])
        kept, waited, held = self.released, 0, 0
        for at, word in enumerate(words):
            final = at == len(words) - 1
            if not final and begin + words[at + 1].start <= self.released:
                continue
            stop = end if final and whole else begin + _stop(text[begin:end], words, at)
            if stop <= self.released or (not final and not re.search(r"\s", words[at + 1].gap)):
                continue  # of `double-breasted`, the second decides
            closed = (final and whole) or bool(_CLOSES.search(text[begin + word.end : stop]))
            if fault := self._always(text[:stop], kept, closed):
                return fault
            held += 1
            opened = not closed and held <= LONGEST and _is_open(words, at)
            reason = self._verdict(text[begin:stop], final and whole)
            if reason is None:
                waited = 0
                if not opened:
                    self.released, kept, held = stop, stop, 0
                elif not self._is_doubtful(words, at):
                    kept = stop
            elif reason:
                waited += not opened
                if closed or waited > PATIENCE:
                    return Fault(kept, reason)
        return None

    def _verdict(self, sentence: str, whole: bool) -> str | None:
        """Why a sentence may not be, or not begin so; None if it may. Empty: that depends on what follows."""
        key = sentence if not whole else f"{sentence}\0"
        if key not in self._verdicts:
            found = self._ground.violations(sentence, self._spoken_of, whole=whole)
            if found and not whole and not self._ground.violations(sentence, self._spoken_of):
                found = [""]  # as the house says it, so far
            self._verdicts[key] = found[0] if found else None
        return self._verdicts[key]

    def _always(self, text: str, kept: int, closed: bool) -> Fault | None:
        """What no further word makes right."""
        unknown = self._figures.unknown(text, self.released, complete=closed)
        if unknown is not None:
            return Fault(max(self.released, unknown), "says a number that was not given")
        key = f"\1{text}"
        if key not in self._verdicts:
            found = discreet(text, self._voice) or gives_away(text)
            found = found or loops(text, self._titles, self._earlier)
            self._verdicts[key] = found[0] if found else None
        reason = self._verdicts[key]
        return Fault(kept, reason) if reason else None

    def _tail(self, text: str, edge: int) -> Fault | None:
        """What can be told of a word that is not complete."""
        if len(text) - max(edge, self.released) > ENDLESS:
            return Fault(self.released, "goes on without a space")
        if not re.search(r"\d[.,]?$", text):
            return None
        unknown = self._figures.unknown(text, self.released, complete=False)
        if unknown is None:
            return None
        return Fault(max(self.released, unknown), "says a number that was not given")

    def _is_doubtful(self, words: Sequence[Word], at: int) -> bool:
        """Whether its run has a number, or a capital that nothing given has: no end makes those right."""
        while at >= 0 and _claims(words, at):
            word = words[at]
            if word.key[0].isdigit() or (word.is_capital and not self._ground.knows(word.key)):
                return True
            at -= 1
        return False


def _edge(text: str) -> int:
    """Where the last complete word ends: before a space, or after a sign of a script that has none."""
    for at in range(len(text) - 1, -1, -1):
        if text[at].isspace():
            return at
        if not text[at].isascii() and text[at].isalpha() and text[at].lower() == text[at].upper():
            return at + 1
    return 0


def _stop(sentence: str, words: Sequence[Word], at: int) -> int:
    """The end of a word with the signs that follow it at once."""
    end = words[at + 1].start if at + 1 < len(words) else len(sentence)
    gap = sentence[words[at].end : end]
    space = re.search(r"\s", gap)
    return words[at].end + (space.start() if space else len(gap))


def _is_open(words: Sequence[Word], at: int) -> bool:
    """Whether a word may be the beginning of a claim, or go on with one."""
    joins = at > 0 and words[at].key in JOINING and words[at - 1].is_capital and _claims(words, at - 1)
    return joins or _claims(words, at)


def _claims(words: Sequence[Word], at: int) -> bool:
    word = words[at]
    if word.key in OPENERS:  # but `Evening` of `Celeste Evening Gown`
        return word.is_capital and at > 0 and words[at - 1].is_capital and _claims(words, at - 1)
    return word.is_capital or word.key in _CLAIMING or any(map(str.isdigit, word.key))
