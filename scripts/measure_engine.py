"""Measures the engine alone: time outside llama.cpp, and TTFT with and without the shared prefix. Alternates
what it compares, and prints medians as Markdown tables.

    .venv/bin/python scripts/measure_engine.py [--model GGUF] [--rounds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from contextlib import aclosing
from pathlib import Path

import uvloop

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
QUESTIONS = [
    "Something for a dinner by the sea?",
    "A gift for my sister, please.",
    "What would you wear to a wedding?",
]


async def ask(engine: Engine, house: Message, text: str, tokens: int) -> tuple[float, float]:
    """(TTFT, total) in seconds."""
    params = SamplingParams(temperature=0.3, seed=1, max_tokens=tokens, ignore_eos=True)
    started, first = time.perf_counter(), 0.0
    async with aclosing(engine.generate(Request((house, Message("user", PIECES + text)), params))) as chunks:
        async for chunk in chunks:
            first = first or (time.perf_counter() - started if chunk.text else 0.0)
    return first, time.perf_counter() - started


async def outside(engine: Engine, house: Message, chats: int) -> float:
    """Share of step time spent outside llama_decode while `chats` replies stream."""
    before = engine.stats()
    await asyncio.gather(*(ask(engine, house, f"{i}. {QUESTIONS[i % 3]}", 64) for i in range(chats)))
    after = engine.stats()
    return 1 - (after.decode_seconds - before.decode_seconds) / (after.step_seconds - before.step_seconds)


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    path: Path = resolve(args.model, Settings().cache_dir)
    house = house_message(House.load(PROMPTS))
    engine = Engine.load(path, chats=32, context=2048, speculate=False)
    await engine.start()
    await engine.pin([house])

    print("| chats | step time outside llama_decode |\n|---|---|")
    for chats in (1, 8, 32):
        shares = [await outside(engine, house, chats) for _ in range(args.rounds)]
        print(f"| {chats} | {statistics.median(shares):.1%} |")

    warm, cold = [], []
    for i in range(args.rounds):
        warm.append((await ask(engine, house, f"{i}: {QUESTIONS[i % 3]}", 4))[0])
        other = Message("system", f"House {i}. {house.content}")  # differs from its first words on
        cold.append((await ask(engine, other, f"{i}: {QUESTIONS[i % 3]}", 4))[0])
    print("\n| new chat | TTFT p50 |\n|---|---|")
    print(f"| warm (house prompt shared) | {1000 * statistics.median(warm):.0f} ms |")
    print(f"| the same prompt uncached | {1000 * statistics.median(cold):.0f} ms |")

    await engine.stop()


if __name__ == "__main__":
    uvloop.run(main())
