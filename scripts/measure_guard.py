"""Measures what the guard costs: time to the first words, pace, and what is generated and not sent.

Two engines in this process answer a house's questions, one reply guarded and one not, taking turns by
questions so that the machine's pace is the same for both; each keeps the prefixes of its own chats only.
Search, grammars and the sentence that names a piece are the same in both. Prints a Markdown table.

    .venv/bin/python scripts/measure_guard.py [--model GGUF] [--house DIR] [--count 100] [--chats 1 8]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from concierge.catalog import Catalog, MiniLM, Product
from concierge.engine import Chunk, Engine, Request
from concierge.evaluation import questions
from concierge.models import resolve
from concierge.paths import PROMPTS, cache_dir
from concierge.sessions import Item
from concierge.stylist import Finished, Grounding, House, Stylist, TextDelta, open_encoder
from concierge.stylist.guard import Fault, Guard


@dataclass(slots=True)
class Figures:
    """Of the replies of one way: seconds, tokens and characters."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    tokens: int = 0
    sent: int = 0
    generated: int = 0  # sent or not
    reading: float = 0.0  # in the guard


class Measured(Stylist):
    """As it serves, what its guard reads and for how long noted in `figures`."""

    figures: Figures

    def __init__(self, house: House, catalog: Catalog, engine: Engine, encoder: MiniLM) -> None:
        super().__init__(house, catalog, engine, encoder)
        generate = engine.generate

        async def counted(request: Request) -> AsyncGenerator[Chunk]:
            async with aclosing(generate(request)) as chunks:
                async for chunk in chunks:
                    self.figures.generated += len(chunk.text)
                    yield chunk

        engine.generate = counted  # type: ignore[method-assign]

    def guard(
        self, items: Sequence[Item], grounding: Grounding, pieces: Sequence[Product], instructions: str = ""
    ) -> Guard:
        guard = super().guard(items, grounding, pieces, instructions)
        read = self.reading(guard)

        def noted(text: str, *, ended: bool = False) -> Fault | None:
            started = time.perf_counter()
            fault = read(text, ended=ended)
            self.figures.reading += time.perf_counter() - started
            return fault

        guard.read = noted  # type: ignore[method-assign]
        return guard

    def reading(self, guard: Guard) -> Callable[..., Fault | None]:
        return guard.read


class Unguarded(Measured):
    """Lets all go out at once."""

    def reading(self, guard: Guard) -> Callable[..., Fault | None]:
        def everything(text: str, *, ended: bool = False) -> None:
            guard.released = len(text)

        guard.breaks_off = lambda text: None  # type: ignore[method-assign]
        return everything


async def ask(stylist: Measured, text: str) -> None:
    """One reply."""
    figures, first, started = stylist.figures, 0.0, time.perf_counter()
    async with aclosing(stylist.respond([Item(id="asked", role="user", text=text)])) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                first = first or time.perf_counter() - started
                figures.sent += len(event.text)
            elif isinstance(event, Finished):
                figures.tokens += len(event.tokens)
    figures.first.append(first)
    figures.whole.append(time.perf_counter() - started)


async def measure(stylists: Sequence[Measured], texts: Sequence[str], chats: int) -> list[str]:
    """The table's rows: all texts asked of both, so many at once."""
    for stylist in stylists:
        stylist.figures = Figures()
    for start in range(0, len(texts), chats):
        for stylist in stylists[:: -1 if start // chats % 2 else 1]:
            await asyncio.gather(*(ask(stylist, text) for text in texts[start : start + chats]))
    ways = zip(("guarded", "not"), stylists, strict=True)
    return [row(chats, way, stylist.figures) for way, stylist in ways]


def row(chats: int, way: str, figures: Figures) -> str:
    cells = [
        f"{1000 * median(figures.first):.0f}, {1000 * quantiles(figures.first, n=20)[-1]:.0f}",
        f"{1000 * median(figures.whole):.0f}",
        f"{figures.tokens / sum(figures.whole):.1f}",
        f"{figures.generated / figures.sent:.2f}",
        f"{1000 * figures.reading / figures.tokens:.2f}",
    ]
    return f"| {chats} | {way} | " + " | ".join(cells) + " |"


async def main() -> None:
    args = _arguments()
    house = House.load(args.house)
    assert house.catalog
    catalog, encoder = Catalog.open(house.catalog, cache_dir(), house.currency), open_encoder(cache_dir())
    products = list(catalog.products.values())
    asked = questions.chats(questions.load(None), house, products, args.count, args.seed)
    path = resolve(args.model, cache_dir())
    stylists: list[Measured] = []
    for way in (Measured, Unguarded):
        engine = Engine.load(path, chats=max(args.chats), context=2048)
        await engine.start()
        stylists.append(way(house, catalog, engine, encoder))
        await stylists[-1].warm()
    print("| chats | replies | first words, p50, p95, ms | a reply, p50, ms | tokens/s each", end="")
    print(" | generated for each sent | guard, ms a token |\n|---|---|---|---|---|---|---|", flush=True)
    texts = [chat[0].text for chat in asked]
    for number, chats in enumerate(args.chats):
        some = texts[number :: len(args.chats)]
        for line in await measure(stylists, some, chats):
            print(line, flush=True)
    for stylist in stylists:
        await stylist._engine.stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", default="small", help="a taught one, as concierge prepare makes it (default: %(default)s)")
    add("--house", type=Path, default=PROMPTS)
    add("--count", type=int, default=100, help="of questions (default: 100)")
    add("--seed", type=int, default=77)
    add("--chats", type=int, nargs="+", default=[1, 8], help="at once (default: 1 8)")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
