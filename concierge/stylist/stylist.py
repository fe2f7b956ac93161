"""What to say: a conversation in, a stream of reply events out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace

from concierge.catalog import Catalog, MiniLM, Product, Wish
from concierge.catalog.referring import ORDINAL
from concierge.engine import Engine, SamplingParams
from concierge.sessions import Item
from concierge.stylist import prompt
from concierge.stylist.facts import Facts, Told
from concierge.stylist.figures import Figures
from concierge.stylist.grounding import Ground
from concierge.stylist.guard import Guard
from concierge.stylist.house import House
from concierge.stylist.intent import Intent, Intents, Mark
from concierge.stylist.names import Names
from concierge.stylist.speech import (
    Finished,
    Speech,
    TextDelta,
    declining,
    finding_nothing,
    handing_over,
    quoting,
    staying,
)

# Parameters below which a model says the sentences of facts.md that answer as they stand, and what is a
# colleague's, or nothing fits, in few words. Left to itself, the small model told other sentences in 9 of 14
# replies, and praised a piece that doesn't fit where none does.
LITERAL = 1_000_000_000
OFFERED = 4  # products that a search shows
# Of these, so many go into a small model's prompt. Each costs about 45 tokens of prefill, which is most of
# what a reply costs on a CPU, and a reply of one to three sentences names one or two.
READ = 2
REPLY_TOKENS = 220
SURELY = 0.75  # from which on a message is for staff, whatever piece it names
_OWN = re.compile(
    r"\b(?:my (?:order|parcel|package|delivery|refund|return|exchange|money)|mine|ordered|"
    r"track\w*|\d{4,})\b",
    re.I,
)
_REACH = re.compile(
    r"\b(?:what|which|your|got|is there|do you have)\b[^.?!]*\b(?:number|e-?mail|address)\b"
    r"|\b(?:when|how late|hours?)\b[^.?!]*\b(?:call|phone|ring|reach)\b",
    re.I,
)
SAMPLING = SamplingParams(
    temperature=0.3, top_p=0.9, top_k=40, min_p=0.1, repeat_penalty=1.1, max_tokens=REPLY_TOKENS
)


@dataclass(frozen=True, slots=True)
class Grounding:
    """What the reply rests on; comes once, before any text.

    Attributes:
        context: to be stored with the shopper's item, so that later prompts repeat it.
        products: pieces offered, best first.
        marks: reasons for staff to look at the session.
        quotes: sentences of the house's facts that answer, if it is they that were asked for.
        changeable: what the shopper could change about their wish: its limits, or else the kind of piece.
        suggests: a piece was so clearly wished for that the reply has to name one.
        aside: it is about neither the house nor its pieces.
        stays: others were asked for, and there are none: the pieces are those shown before.
    """

    context: str
    products: tuple[Product, ...]
    marks: frozenset[Mark]
    quotes: tuple[str, ...] = ()
    changeable: tuple[str, ...] = ()
    suggests: bool = False
    aside: bool = False
    stays: bool = False


StyleEvent = Grounding | TextDelta | Finished


class Stylist:
    """The house's voice over an engine and a catalog. `catalog` may be swapped between replies."""

    def __init__(self, house: House, catalog: Catalog, engine: Engine, encoder: MiniLM) -> None:
        self.house = house
        self.catalog = catalog
        self._engine = engine
        self._encoder = encoder
        self._intents = Intents()
        self._facts = Facts(house.facts, encoder)
        # One thread: what it runs is not all thread-safe, and two at once would only share the same cores.
        self._searching = ThreadPoolExecutor(1, "search")
        self._names: tuple[Catalog, Names] | None = None

    @property
    def _literal(self) -> bool:
        return self._engine.info.parameters < LITERAL

    async def warm(self) -> None:
        """Prefill the house prompt and keep it. Raises UserError if it leaves a chat too little room."""
        await self._engine.pin([prompt.house_message(self.house, facts=not self._literal)])

    def ground(self, items: Sequence[Item]) -> Grounding:
        """Search and recognise, for the last of `items`."""
        message = items[-1].text
        history = [i.text for i in items[:-1] if i.role == "user"]
        vector = self._encoder.sentences([message])[0]
        intent = self._intents.of(vector)
        bare = self.catalog.understand(message, (), ())
        reached = bool(_REACH.search(message)) and intent.staff < SURELY
        told = self._facts.about(message, vector, asked=intent.facts or reached)
        dresses = bool(bare.garments or bare.occasions or bare.look)
        known = told.certain and (intent.facts or (intent.sure != "aside" and not dresses))
        of_house = intent.facts or reached or known or (told.unnamed and not dresses)
        certain = known and (intent.sure == "facts" if bare.about else intent.sure != "wish")
        shown = self._shown(items)
        picks = bool(shown and (ORDINAL.search(message.lower()) or _limits(bare)))
        served = _is_served(message, intent, told, bare, reached=reached, picks=picks)
        marks = frozenset[Mark]() if served else intent.marks
        wish = self.catalog.understand(message, history, shown, wishes=intent.sure == "wish")
        aside = intent.sure == "aside" and not certain and not (shown and wish.kind == "about")
        if prompt.MARKUP.search(message) or (aside and not (shown and _limits(bare))):
            return Grounding(prompt.context(None, "", (), aside=True), (), frozenset(), aside=True)
        # Of what kind of piece a question on the house speaks, if of any: without one it is no wish.
        kinds = bare.garments if intent.facts else ()
        searches = wish.kind == "search" and not marks and not certain
        if intent.sure == "facts":
            searches = searches and bool(kinds) and not told.clear
        products: list[Product] | None = None
        if wish.kind == "about" and not certain:
            products = list(wish.about)
        elif searches:
            products = self._search(wish, sure=intent.sure == "wish" and not intent.facts)
            if intent.facts and not kinds and not products:
                products = None
        asked = of_house and products is None and not marks
        if asked and (told.unnamed or (intent.sure == "facts" and not told.clear)):
            marks = frozenset(["question"])
        read = products[:READ] if products and wish.kind == "search" and self._literal else products
        text = prompt.context(read, told.text, marks)
        quotes = told.answer if asked else ()
        if wish.kind != "search" or products is None or marks:
            return Grounding(text, tuple(products or ()), marks, quotes)
        suggests = bool(wish.changeable or wish.occasions or wish.goes_with or intent.sure == "wish")
        stays = any(p.id in wish.exclude for p in products)
        return Grounding(text, tuple(products), marks, quotes, wish.changeable, suggests, stays=stays)

    def _search(self, wish: Wish, *, sure: bool) -> list[Product]:
        """The pieces to offer; some in any case for a sure wish that rules none out, whatever its words.

        Where there are no others than those shown before, these.
        """
        found = self.catalog.search(wish, OFFERED)
        if not found and wish.exclude:
            found = self.catalog.search(replace(wish, exclude=(), than=()), OFFERED)
        if found or not sure or wish.changeable:
            return found
        return self.catalog.search(replace(wish, text="", hints=""), OFFERED)

    async def respond(
        self, items: Sequence[Item], *, instructions: str = "", max_tokens: int | None = None
    ) -> AsyncGenerator[StyleEvent]:
        """Reply to the last of `items`, a shopper's: one Grounding, the text, one Finished.

        Raises:
            Busy, InvalidRequest, EngineError: the engine's, before or amid the text.
        """

        def prepare() -> tuple[Grounding, Guard, tuple[Product, ...]]:
            grounding = self.ground(items)
            pieces = self._offered(items, grounding)
            return grounding, self.guard(items, grounding, pieces, instructions), pieces

        grounding, guard, pieces = await asyncio.get_running_loop().run_in_executor(self._searching, prepare)
        yield grounding
        asked = replace(items[-1], context=grounding.context)
        model, said = self._engine.info.fingerprint, [*items[:-1], asked]
        chat = prompt.messages(self.house, said, model, instructions, facts=not self._literal)
        sampling = replace(SAMPLING, max_tokens=min(max_tokens or REPLY_TOKENS, REPLY_TOKENS))
        suggested = grounding.products if self._literal and grounding.suggests else ()
        speech = Speech(
            self._engine, chat, sampling, guard, pieces, self._grammar(grounding), suggested=suggested
        )
        async with aclosing(speech.stream()) as events:
            async for event in events:
                yield event

    def _grammar(self, grounding: Grounding) -> str | None:
        """What a small model has to keep to: None where it may say what it likes."""
        if not self._literal:
            return None
        if grounding.quotes:
            return quoting(grounding.quotes)
        if grounding.marks:
            return handing_over(min(grounding.marks))  # a complaint before all else
        if grounding.aside:
            return declining()
        if grounding.stays:
            return staying(grounding.products)
        nothing = grounding.changeable and not grounding.products
        return finding_nothing(grounding.changeable) if nothing else None

    def guard(
        self, items: Sequence[Item], grounding: Grounding, pieces: Sequence[Product], instructions: str = ""
    ) -> Guard:
        """What keeps the reply to the last of `items` from saying what isn't so.

        Args:
            pieces: all that were offered in this chat.
        """
        house = self.house
        notes = [i.text for i in items if i.role == "system"]
        allowed = (house.name, house.tagline, house.greeting, house.voice, house.facts, instructions, *notes)
        # What a shopper lists as if it were the house's makes no price right, and no name known.
        said = [i.text for i in items if i.role == "user" and not prompt.MARKUP.search(i.text)]
        replies = [i.text for i in items if i.role == "assistant"]
        given = [grounding.context, *(i.context for i in items), *replies]
        return Guard(
            Ground(pieces, allowed, said, self._names_of(self.catalog)),
            Figures.of_chat(pieces, (*allowed, *given), said),
            voice=house.voice,
            titles=[p.title for p in pieces],
            earlier=replies,
        )

    def _names_of(self, catalog: Catalog) -> Names:
        """The titles of a catalog; those of the newest one are kept."""
        if not self._names or self._names[0] is not catalog:
            self._names = catalog, Names(catalog.products.values())
        return self._names[1]

    def _offered(self, items: Iterable[Item], grounding: Grounding) -> tuple[Product, ...]:
        """The pieces shown in this chat and those for this reply, as far as the catalog still has them."""
        shown = [p for item in items for i in item.products if (p := self.catalog.products.get(i))]
        return tuple({p.id: p for p in (*shown, *grounding.products)}.values())

    def _shown(self, items: Iterable[Item]) -> list[Product]:
        """Products of the newest item that showed any, as far as the catalog still has them."""
        for item in reversed(list(items)):
            if item.products:
                return [p for i in item.products if (p := self.catalog.products.get(i))]
        return []


def _is_served(message: str, intent: Intent, told: Told, bare: Wish, *, reached: bool, picks: bool) -> bool:
    """Whether what looks like a matter for staff is answered here.

    How long one has to send things back is no question on an order, until it speaks of one. Who asks for the
    house's number is told it, and who names a piece, or its kind and color, is shown it.

    Args:
        bare: the message's wish by itself.
        reached: it asks for a number or an address.
        picks: after pieces it speaks of one by its place, or only limits them: `he says not more than 900`.
    """
    if intent.marks == {"order"} and intent.facts and told.clear and not _OWN.search(message):
        return True
    if reached and intent.marks == {"person"} and told.states("phone", "email"):
        return True
    if intent.staff >= SURELY:
        return False
    return bool(picks or bare.about or (bare.garments and _limits(bare) and "complaint" not in intent.marks))


def _limits(wish: Wish) -> bool:
    """Whether it names a color, a size or a price: `she says brown`."""
    return bool(wish.colors or wish.sizes or wish.price_max is not None or wish.price_min is not None)
