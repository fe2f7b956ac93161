"""What a message asks for: by its meaning, by the facts that it comes near, by the pieces that it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from concierge.catalog import Catalog, MiniLM, Product, Wish
from concierge.catalog.referring import ORDINAL
from concierge.stylist.facts import Facts, Told
from concierge.stylist.intent import Intent, Intents, Mark

SURELY = 0.75  # probability, from which on a message is for staff, whatever piece it names
_OWN = re.compile(
    r"\b(?:my (?:order|parcel|package|delivery|refund|return|exchange|money)|mine|ordered|"
    r"track\w*|\d{4,})\b",
    re.I,
)
_REACH = re.compile(
    r"\b(?:what|which|your|got|is there|do you have)\b[^.?!]*\b(?:number|e-?mail|address)\b"
    r"|\b(?:tele)?phone (?:no|nr|num\w*|#)|\be-?mail (?:address|pl)"
    r"|\b(?:when|how late|hours?)\b[^.?!]*\b(?:call|phone|ring|reach)\b",
    re.I,
)
_OF_SHOWN = re.compile(
    r"^\W*(?:and |so |but |ok(?:ay)?,? |hmm?,? |in |for )*"
    r"(?:which|why|what'?s?|how|is|are|does|do|did|can|could|would|will)\b.*\b(?:it|them|they|those|these|ones?|two|three|both|either)\b|\bwhich\b",
    re.I | re.S,
)
_PERSON = re.compile(
    r"\bput me through\b"
    r"|\b(?:talk|speak) (?:to|with) (?!you\b|u\b|it\b|me\b|them\b)\w+\W*$"
    r"|\b(?:talk|speak|chat) (?:to|with) (?:some(?:one|body)|(?-i:[A-Z][a-z]+)\b(?! (?:AI|bot))"
    r"|(?:mr|mrs|ms|frau|herr|madame|monsieur|signora?)\b|(?:an?|the|your|my) (?:\w+ )?"
    r"(?:person|human|manager|colleague|stylist|advis[eo]r|owner|assistant|seller)\b)",
    re.I,
)
_REPLACES = re.compile(r"\b(?:replac(?:e|ing|ement)|successor)\b", re.I)
_BEST = re.compile(
    r"\b(?:your (?:own )?(?:preference|favou?rite|pick|choice)|(?:like|prefer|love) best"
    r"|if (?:you|u) could (?:only |just )?(?:keep|have|own|pick|choose|buy) (?:only |just )?one)\b",
    re.I,
)
_SINGLE = re.compile(r"\bit\b", re.I)
_OF_PIECE = re.compile(
    r"\b(?:sizes?|price|costs?|how much|colou?rs?|materials?|fabric|made (?:of|from|out of)|left|available|"
    r"in stock|sold out|on sale|for (?:a )?(?:men|women|man|woman))\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A message, read by itself.

    Attributes:
        bare: its wish, whatever was said before.
        told: what the house tells on it.
        of_house: it may ask for facts of the house.
        certain: it asks for nothing else.
        speaks_of: the pieces shown before that it asks about without naming any.
        marks: reasons for staff to look at it; none if it is answered here.
    """

    intent: Intent
    bare: Wish
    told: Told
    of_house: bool
    certain: bool
    speaks_of: tuple[Product, ...]
    marks: frozenset[Mark]

    @classmethod
    def read(
        cls,
        message: str,
        shown: Sequence[Product],
        catalog: Catalog,
        encoder: MiniLM,
        intents: Intents,
        facts: Facts,
    ) -> Inquiry:
        """Read a message that came after pieces were shown."""
        vector = encoder.sentences([message])[0]
        intent = intents.of(vector)
        bare = catalog.understand(message, (), (), wishes=intent.sure == "wish")
        reached = bool(_REACH.search(message)) and intent.staff < SURELY
        told = facts.about(message, vector, asked=intent.facts or reached)
        dresses = _dresses(bare)
        asks = intent.facts and not (dresses and intent.wishes)
        known = told.strong or (told.certain and intent.sure != "aside" and (asks or not dresses))
        picks = bool(shown and (ORDINAL.search(message.lower()) or _limits(bare)))
        other = dresses or _limits(bare) or (intent.facts and told.clear)
        refers = intent.sure in ("none", "") and _OF_SHOWN.search(message)
        of_shown = (refers or _BEST.search(message)) and not other
        of_piece = bare.about and _OF_PIECE.search(message)
        # What is asked beside a piece or a limit has to be surely the house's.
        limited = bool(bare.garments and (bare.colors or bare.sizes))
        beside = bare.about or picks or limited
        meant = intent.sure == "facts" if beside else told.strong or intent.sure != "wish"
        served = _is_served(message, intent, told, bare, reached=reached, picks=picks)
        return cls(
            intent,
            bare,
            told,
            of_house=intent.facts or reached or known or (told.unnamed and not dresses),
            certain=bool(known and meant and not of_piece),
            speaks_of=tuple(shown[:1] if _SINGLE.search(message) else shown) if of_shown else (),
            marks=_persons(message, intent) or (frozenset() if served else intent.marks),
        )

    def is_aside(self, shown: Sequence[Product], wish: Wish) -> bool:
        """Whether it is about neither the house nor its pieces.

        Args:
            wish: that of the chat so far.
        """
        bare, intent = self.bare, self.intent
        strays = intent.strays and not (intent.sure or self.marks or _dresses(bare) or bare.about)
        if not (intent.sure == "aside" or strays) or self.certain:
            return False
        return not (shown and (wish.kind == "about" or _limits(bare)))


def _is_served(message: str, intent: Intent, told: Told, bare: Wish, *, reached: bool, picks: bool) -> bool:
    """Whether what looks like a matter for staff is answered here.

    How long one has to send things back is no question on an order, until it speaks of one. Who asks for the
    house's number is told it, and who names a piece, or its kind and color, is shown it.

    Args:
        bare: the message's wish by itself.
        reached: it asks for a number or an address.
        picks: after pieces it speaks of one by its place, or only limits them: `he says not more than 900`.
    """
    rule = intent.marks == {"order"} and intent.facts and told.clear
    if (rule or (told.strong and intent.staff < SURELY)) and not _OWN.search(message):
        return True
    if reached and intent.marks == {"person"} and told.states("phone", "email"):
        return True
    if intent.staff >= SURELY:
        return False
    wears_out = "complaint" not in intent.marks or _REPLACES.search(message)
    return bool(picks or bare.about or (bare.garments and _limits(bare) and wears_out))


def _persons(message: str, intent: Intent) -> frozenset[Mark]:
    """Who asks to talk to somebody is for them, unless it is one of the house's pieces that is wished for."""
    asked = _PERSON.search(message) and intent.sure != "wish"
    return frozenset(["person"]) if asked else frozenset()


def _dresses(wish: Wish) -> bool:
    """Whether it names what to wear, or what for."""
    return bool(wish.garments or wish.occasions or wish.look)


def _limits(wish: Wish) -> bool:
    """Whether it names a color, a size or a price: `she says brown`."""
    return bool(wish.colors or wish.sizes or wish.price_max is not None or wish.price_min is not None)
