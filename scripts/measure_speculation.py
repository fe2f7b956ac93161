"""Measures what speculation gains: tokens a second with and without it, for replies that quote their prompt
and for replies that quote nothing. Prints Markdown tables.

One engine serves a constant number of chats, each asking for one reply after another, while speculation is
switched on and off by turns of a second: a machine's pace drifts by more than what is to be told apart. The
error is that of the mean over pairs of turns.

    .venv/bin/python scripts/measure_speculation.py [--model GGUF] [--draft GGUF] [--seconds 30]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from contextlib import aclosing

from concierge.engine import Engine, EngineStats, Message, Request, SamplingParams
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
TURN = 1.0  # s


def request(house: Message, quoting: bool, number: int) -> Request:
    """The `number`-th request of a load."""
    questions, temperature = (QUOTING, 0.3) if quoting else (FREE, 1.0)
    text = f"{number}. {questions[number % len(questions)]}"
    params = SamplingParams(temperature=temperature, seed=number, max_tokens=TOKENS, ignore_eos=True)
    return Request((house, Message("user", PIECES + text if quoting else text)), params)


async def chat(engine: Engine, house: Message, quoting: bool, number: int) -> None:
    """Ask for ever."""
    while True:
        async with aclosing(engine.generate(request(house, quoting, number))) as chunks:
            async for _ in chunks:
                pass
        number += 100


def generated(engine: Engine) -> tuple[int, float]:
    """Tokens generated so far, those of unfinished replies included, and the seconds of the steps it took."""
    stats = engine.stats()
    running = sum(len(s.reply) for s in list(engine._scheduler.running))
    return stats.completion_tokens + running, stats.step_seconds


async def turns(engine: Engine, seconds: float) -> list[tuple[float, float]]:
    """Tokens a second (without, with) speculation, of alternate turns that last so long together."""
    speculation, pairs = engine._speculation, []
    while seconds > 0:
        rates = {}
        for on in (False, True) if len(pairs) % 2 else (True, False):
            engine._speculation = speculation if on else None
            tokens, started = generated(engine)
            await asyncio.sleep(TURN)
            more, ended = generated(engine)
            rates[on] = (more - tokens) / (ended - started)
        pairs.append((rates[False], rates[True]))
        seconds -= 2 * TURN
    engine._speculation = speculation
    return pairs


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--draft")
    parser.add_argument("--seconds", type=float, default=30, help="of each row")
    parser.add_argument("--replies", nargs="+", default=["quoting", "free"])
    parser.add_argument("--chats", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    args = parser.parse_args()
    cache = Settings().cache_dir
    draft = resolve(args.draft, cache, "--draft") if args.draft else None
    engine = Engine.load(resolve(args.model, cache), chats=32, context=2048, draft=draft)
    house = house_message(House.load(PROMPTS))
    await engine.start()
    await engine.pin([house])
    for kind in args.replies:
        print(f"\n| chats, {kind} | tokens/s, off | on | ratio | drafts accepted |\n|---|---|---|---|---|")
        for chats in args.chats:
            asking = [asyncio.create_task(chat(engine, house, kind == "quoting", n)) for n in range(chats)]
            await asyncio.sleep(2 * TURN)
            before = engine.stats()
            pairs = await turns(engine, args.seconds)
            after = engine.stats()
            for task in asking:
                task.cancel()
            await asyncio.wait(asking)
            print(row(chats, pairs, before, after), flush=True)
    await engine.stop()


def row(chats: int, pairs: list[tuple[float, float]], before: EngineStats, after: EngineStats) -> str:
    off, on = (statistics.mean(rates) for rates in zip(*pairs, strict=True))
    error = statistics.stdev(b - a for a, b in pairs) / len(pairs) ** 0.5 / off
    drafted = after.drafted_tokens - before.drafted_tokens
    accepted = after.accepted_tokens - before.accepted_tokens
    return f"| {chats} | {off:.0f} | {on:.0f} | {on / off:.2f} ± {error:.2f} | {accepted} of {drafted} |"


if __name__ == "__main__":
    asyncio.run(main())
