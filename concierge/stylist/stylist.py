"""What to say: a conversation in, a stream of reply events out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace

from concierge.catalog import Catalog, MiniLM, Product, Wish
from concierge.catalog.reading import slots_of
from concierge.catalog.search import shades_missed
from concierge.engine import Engine, SamplingParams
from concierge.sessions import Item
from concierge.stylist import prompt
from concierge.stylist.facts import Facts
from concierge.stylist.figures import Figures
from concierge.stylist.grounding import Ground
from concierge.stylist.guard import Guard
from concierge.stylist.house import House
from concierge.stylist.inquiry import Inquiry
from concierge.stylist.intent import Intents, Mark
from concierge.stylist.manners import Manner, manner_of
from concierge.stylist.names import Names
from concierge.stylist.speech import (
    Finished,
    Speech,
    TextDelta,
    declining,
    finding_nothing,
    handing_over,
    lacking,
    minding_manners,
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
# Slots where it hardly counts who wears a piece.
_ANYBODYS = frozenset(("accessory", "bag", "extra", "gift", "jewelry", "neckwear"))
REPLY_TOKENS = 220
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
        manner: it is manners alone.
        stays: others were asked for, and there are none: the pieces are those shown before.
        lacks: materials asked for, of which nothing that fits is made, or shades that nothing that fits comes
            near: the pieces are of others.
    """

    context: str
    products: tuple[Product, ...]
    marks: frozenset[Mark]
    quotes: tuple[str, ...] = ()
    changeable: tuple[str, ...] = ()
    suggests: bool = False
    aside: bool = False
    manner: Manner | None = None
    stays: bool = False
    lacks: tuple[str, ...] = ()


StyleEvent = Grounding | TextDelta | Finished


class Stylist:
    """The house's voice over an engine and a catalog. `catalog` may be swapped between replies."""

    def __init__(self, house: House, catalog: Catalog, engine: Engine, encoder: MiniLM) -> None:
        self.house = house
        self.catalog = catalog
        self._engine = engine
        self._encoder = encoder
        self._intents = Intents()
        self._facts = Facts(house.facts, encoder, house.locale)
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
        message, shown = items[-1].text, self._shown(items)
        asked = Inquiry.read(message, shown, self.catalog, self._encoder, self._intents, self._facts)
        history = [i.text for i in items[:-1] if i.role == "user"]
        wish = self.catalog.understand(message, history, shown, wishes=asked.intent.sure == "wish")
        if asked.speaks_of and wish.kind != "about":
            wish = Wish(kind="about", about=asked.speaks_of)
        if prompt.MARKUP.search(message) or asked.is_aside(shown, wish):
            return Grounding(prompt.context(None, "", (), aside=True), (), frozenset(), aside=True)
        products, told, marks = self._products(asked, wish), asked.told, asked.marks
        others = self._of_others(wish) if products == [] else []
        products = others or products
        of_house = asked.of_house and products is None and not marks
        if of_house and (told.unnamed or (asked.intent.sure == "facts" and not told.clear)):
            marks = frozenset(["question"])
        read = products[:READ] if products and wish.kind == "search" and self._literal else products
        text = prompt.context(read, told.text, marks)
        quotes = told.answer if of_house else ()
        if wish.kind != "search" or products is None or marks:
            manner = manner_of(message) if not (products or marks or quotes) else None
            return Grounding(text, tuple(products or ()), marks, quotes, manner=manner)
        sure = asked.intent.sure == "wish"
        suggests = bool(wish.changeable or wish.occasions or wish.goes_with or sure)
        stays = any(p.id in wish.exclude for p in products)
        return Grounding(
            *(text, tuple(products), marks, quotes, wish.changeable, suggests),
            stays=stays,
            lacks=wish.materials if others else shades_missed(wish, products),
        )

    def _products(self, asked: Inquiry, wish: Wish) -> list[Product] | None:
        """The pieces that the reply is about; None if it is about none."""
        if asked.certain:
            return None
        if wish.kind == "about":
            return list(wish.about)
        intent = asked.intent
        # Of what kind of piece a question on the house speaks, if of any: without one it is no wish.
        kinds = asked.bare.garments if intent.facts else ()
        of_house = intent.sure == "facts" and (not kinds or asked.told.clear)
        if wish.kind != "search" or asked.marks or of_house:
            return None
        found = self._search(wish, sure=intent.sure == "wish" and not intent.facts)
        return None if intent.facts and not kinds and not found else found

    def _search(self, wish: Wish, *, sure: bool) -> list[Product]:
        """The pieces to offer; some in any case for a sure wish that rules none out, whatever its words.

        Where there are no others than those shown before, these; a belt for her may be a man's.
        """
        found = self.catalog.search(wish, OFFERED)
        if not found and wish.gender and wish.garments and slots_of(wish.garments) <= _ANYBODYS:
            found = self.catalog.search(replace(wish, gender=""), OFFERED)
        if not found and wish.exclude:
            found = self.catalog.search(replace(wish, exclude=(), than=()), OFFERED)
        if found or not sure or wish.changeable:
            return found
        return self.catalog.search(replace(wish, text="", hints=""), OFFERED)

    def _of_others(self, wish: Wish) -> list[Product]:
        """Of other materials, where none of those asked for fits."""
        return self._search(replace(wish, materials=()), sure=False) if wish.materials else []

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
        if grounding.manner:
            return minding_manners(grounding.manner)
        if grounding.stays:
            return staying(grounding.products)
        if not grounding.products:
            return finding_nothing(grounding.changeable) if grounding.changeable else None
        return lacking(grounding.lacks, grounding.products) if grounding.lacks else None

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
