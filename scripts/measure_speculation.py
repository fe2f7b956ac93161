"""Measures what speculation gains: tokens a second with and without it, for replies that quote their prompt
and for replies that quote nothing. Alternates the two, and prints all tokens over all seconds as Markdown.

    .venv/bin/python scripts/measure_speculation.py [--model GGUF] [--draft GGUF] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path

from concierge.engine import Engine, Message, Request, SamplingParams
from concierge.models import resolve
from concierge.paths import PROMPTS
from concierge.settings import Settings
from concierge.stylist import House
from concierge.stylist.prompt import house_message

PIECES = """[Pieces]
1. Alder Field Coat: 1,290 EUR; moss or camel; waxed cotton; size 46, 48, 50 (sold out in 52). To the knee.
2. Marise Silk Dress: 890 EUR; ink; silk crepe; size 36, 38, 40. Bias-cut, for evenings that run late.
3. Lantern Tote: 640 EUR, was 760 EUR; oxblood; calfskin. Holds a laptop and a change of shoes.
4. Quay Loafer: 420 EUR; chestnut; calfskin; size 39, 40, 41, 42. A soft sole for long days.
[Shopper]
"""
QUOTING = [
    "Something for a dinner by the sea?",
    "A gift for my sister, please.",
    "What would you wear to a wedding?",
]
FREE = [
    "Tell me how a glacier moves.",
    "Write a letter to a friend who moved to the mountains.",
    "What happened on the strangest day of your life?",
    "Explain why bread rises.",
]
TOKENS = 64


def request(house: Message, quoting: bool, number: int) -> Request:
    """The `number`-th request of a load, alike with and without speculation."""
    questions, temperature = (QUOTING, 0.3) if quoting else (FREE, 1.0)
    text = f"{number}. {questions[number % len(questions)]}"
    params = SamplingParams(temperature=temperature, seed=number, max_tokens=TOKENS, ignore_eos=True)
    return Request((house, Message("user", PIECES + text if quoting else text)), params)


async def rate(engine: Engine, requests: Iterable[Request], chats: int) -> float:
    """Tokens a second of `chats` chats that ask for one reply after another, prefill included."""
    waiting, done = iter(requests), 0

    async def chat() -> None:
        nonlocal done
        for request in waiting:
            async with aclosing(engine.generate(request)) as chunks:
                async for _ in chunks:
                    pass
            done += 1

    started = time.perf_counter()
    await asyncio.gather(*(chat() for _ in range(chats)))
    return done * TOKENS / (time.perf_counter() - started)


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--draft")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chats", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    args = parser.parse_args()
    cache = Settings().cache_dir
    path: Path = resolve(args.model, cache)
    draft = resolve(args.draft, cache) if args.draft else None
    house = house_message(House.load(PROMPTS))
    off = Engine.load(path, chats=32, context=2048, speculate=False)
    on = Engine.load(path, chats=32, context=2048, draft=draft)
    for engine in (off, on):
        await engine.start()
        await engine.pin([house])
    print("| replies | chats | tokens/s, off | on | ratio | drafts accepted |\n|---|---|---|---|---|---|")
    for quoting in (True, False):
        for chats in args.chats:
            rates: dict[Engine, list[float]] = {off: [], on: []}
            before = on.stats()
            replies = max(3 * chats, 8)  # so many that all chats are busy most of the time
            for i in range(args.rounds):
                requests = [request(house, quoting, replies * i + n) for n in range(replies)]
                for engine in (off, on) if i % 2 else (on, off):
                    rates[engine].append(await rate(engine, requests, chats))
            after = on.stats()
            drafted = after.drafted_tokens - before.drafted_tokens
            accepted = after.accepted_tokens - before.accepted_tokens
            plain, fast = (statistics.harmonic_mean(rates[engine]) for engine in (off, on))
            print(
                f"| {'quoting' if quoting else 'free'} | {chats} | {plain:.0f} | {fast:.0f} "
                f"| {fast / plain:.2f} | {accepted} of {drafted} |",
                flush=True,
            )
    for engine in (off, on):
        await engine.stop()


if __name__ == "__main__":
    asyncio.run(main())
