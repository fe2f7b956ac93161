"""What to say: a conversation in, a stream of reply events out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace

from concierge.catalog import Catalog, MiniLM, Product
from concierge.engine import Engine, FinishReason, Request, SamplingParams, Usage
from concierge.sessions import Item
from concierge.stylist import prompt
from concierge.stylist.facts import Facts
from concierge.stylist.house import House
from concierge.stylist.intent import Intents, Mark

OFFERED = 4  # products that go into a prompt: each costs about 50 tokens of prefill
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
    """

    context: str
    products: tuple[Product, ...]
    marks: frozenset[Mark]


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


StyleEvent = Grounding | TextDelta | Finished


class Stylist:
    """The house's voice over an engine and a catalog. `catalog` may be swapped between replies."""

    def __init__(self, house: House, catalog: Catalog, engine: Engine, encoder: MiniLM) -> None:
        self.house = house
        self.catalog = catalog
        self._engine = engine
        self._encoder = encoder
        self._intents = Intents(encoder)
        self._facts = Facts(house.facts, encoder)
        # One thread: what it runs is not all thread-safe, and two at once would only share the same cores.
        self._searching = ThreadPoolExecutor(1, "search")

    async def warm(self) -> None:
        """Prefill the house prompt and keep it. Raises UserError if it leaves a chat too little room."""
        await self._engine.pin([prompt.house_message(self.house)])

    def ground(self, items: Sequence[Item]) -> Grounding:
        """Search and recognise, for the last of `items`."""
        message = items[-1].text
        history = [i.text for i in items[:-1] if i.role == "user"]
        vector = self._encoder.sentences([message])[0]
        intent = self._intents.of(vector)
        wish = self.catalog.understand(message, history, self._shown(items))
        products: list[Product] | None = None
        if wish.kind == "about":
            products = list(wish.about)
        elif wish.kind == "search" and not intent.marks:
            products = self.catalog.search(wish, OFFERED)
        facts = self._facts.about(message, vector if intent.facts else None)
        text = prompt.context(products, facts, intent.marks)
        return Grounding(text, tuple(products or ()), intent.marks)

    async def respond(
        self, items: Sequence[Item], *, instructions: str = "", max_tokens: int | None = None
    ) -> AsyncGenerator[StyleEvent]:
        """Reply to the last of `items`, a shopper's: one Grounding, the text, one Finished.

        Raises:
            Busy, InvalidRequest, EngineError: the engine's, before or amid the text.
        """
        grounding = await asyncio.get_running_loop().run_in_executor(self._searching, self.ground, items)
        yield grounding
        asked = replace(items[-1], context=grounding.context)
        chat = prompt.messages(self.house, [*items[:-1], asked], self._engine.info.fingerprint, instructions)
        sampling = replace(SAMPLING, max_tokens=min(max_tokens or REPLY_TOKENS, REPLY_TOKENS))
        async with aclosing(self._engine.generate(Request(chat, sampling))) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    yield TextDelta(chunk.text)
                if chunk.finish_reason and chunk.usage:
                    yield Finished(chunk.finish_reason, chunk.usage, chunk.tokens)

    def _shown(self, items: Iterable[Item]) -> list[Product]:
        """Products of the newest item that showed any, as far as the catalog still has them."""
        for item in reversed(list(items)):
            if item.products:
                return [p for i in item.products if (p := self.catalog.products.get(i))]
        return []
