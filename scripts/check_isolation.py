"""Checks that nothing leaks between chats under pressure: thousands of interleaved turns of more chats than
the KV cache holds, their prefixes evicted, restored and recomputed all the time. Each reply must be the one
that the chat gets when it is alone, token by token; where it is not, the first two tokens that differ must be
a proven floating-point tie.

    .venv/bin/python scripts/check_isolation.py [--model GGUF] [--chats 200] [--turns 50]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from concierge.engine import Engine, EngineStats, Message, Request, SamplingParams
from concierge.engine.llama import Batch, Context, Model
from concierge.models import resolve
from concierge.settings import Settings

HOUSE = Message("system", "You are a concierge who answers in few words.")
PLACES, TOKENS = 16, 4  # chats at once, tokens of a reply
TURN = 32  # tokens that a turn takes at most
HOST_BYTES = 96 << 20  # of evicted prefixes: too little for all, so that some are recomputed
FABRICS = "silk wool linen felt lace velvet denim tweed satin fur suede chiffon cord mohair jersey tulle"

Turn = tuple[tuple[Message, ...], tuple[int, ...]]  # what was sent, and the tokens of the reply


@dataclass(frozen=True, slots=True)
class Difference:
    """A prompt's tokens, and two replies to it that are not the same."""

    prompt: list[int]
    alone: tuple[int, ...]
    together: tuple[int, ...]


async def compare(
    path: Path, chats: int, turns: int, progress: Callable[[str, int], None] = lambda *_: None
) -> tuple[list[Difference], EngineStats]:
    """What differs between the chats alone and together, and the engine's statistics of the latter."""
    context = max(512, TURN * turns)
    engine = Engine.load(path, chats=1, context=context, speculate=False)
    await engine.start()
    expected = []
    for chat in range(chats):
        expected.append(await alone(engine, chat, turns))
        progress("alone", turns)
    await engine.stop()

    engine = Engine.load(path, chats=PLACES, context=context)
    engine._host.limit = HOST_BYTES
    await engine.start()
    await engine.pin([HOUSE])
    differences = await together(engine, expected, lambda: progress("together", 1))
    stats = engine.stats()
    await engine.stop()
    return differences, stats


async def alone(engine: Engine, chat: int, turns: int) -> list[Turn]:
    messages: tuple[Message, ...] = (HOUSE,)
    said = []
    for turn in range(turns):
        fabrics = FABRICS.split()
        asked = f"My {fabrics[chat % 16]} number {chat} with {fabrics[(chat * 7 + turn) % 16]}?"
        messages = (*messages, Message("user", asked))
        answer = await reply(engine, messages)
        said.append((messages, answer.tokens))
        messages = (*messages, answer)
    return said


async def together(engine: Engine, chats: list[list[Turn]], progress: Callable[[], None]) -> list[Difference]:
    """All chats at once with pauses, so that each finds its prefix evicted by others now and then."""
    places, chance = asyncio.Semaphore(2 * PLACES), random.Random(5)
    differences: list[Difference] = []

    async def talk(said: list[Turn]) -> None:
        for messages, expected in said:
            await asyncio.sleep(chance.random() * 0.05)
            async with places:
                answer = await reply(engine, messages)
            if answer.tokens != expected:
                prompt = engine._template.encode(messages)
                differences.append(Difference(prompt, expected, answer.tokens))
            progress()

    await asyncio.gather(*map(talk, chats))
    return differences


async def reply(engine: Engine, messages: tuple[Message, ...]) -> Message:
    params = SamplingParams(temperature=0, max_tokens=TOKENS)
    text = ""
    async with aclosing(engine.generate(Request(messages, params))) as chunks:
        async for chunk in chunks:
            text += chunk.text
    return Message("assistant", text, chunk.tokens)


def is_tie(path: Path, difference: Difference) -> bool:
    """Whether the first tokens that differ are both as good as the best, by how batch shapes move logits."""
    ours, theirs = difference.alone, difference.together
    shorter = min(len(ours), len(theirs))
    at = next((i for i in range(shorter) if ours[i] != theirs[i]), shorter)
    tokens = np.array([*difference.prompt, *ours[:at]], np.int32)
    whole, *others = logits(Model(path, 0), tokens)
    noise = max(float(np.abs(whole - other).max()) for other in others)
    # A noise of 1.5 or more would let anything pass; a reply that ended has no token where the other goes on.
    chosen = [*ours[at : at + 1], *theirs[at : at + 1]]
    return noise < 1.5 and all(float(whole.max() - whole[token]) <= 2 * noise for token in chosen)


def logits(model: Model, tokens: np.ndarray) -> list[np.ndarray]:
    """Logits after `tokens`, computed in batches of different shapes; the first in one go."""

    def computed(chunk: int, beside: int = 0) -> np.ndarray:
        """`chunk` tokens a batch, with `beside` tokens of another sequence in each."""
        context, batch = Context(model, cells=4096, batch=2560, threads=2), Batch(2560)
        for start in range(0, len(tokens), chunk):
            batch.clear()
            if beside:
                other = np.arange(1000, 1000 + beside, dtype=np.int32)
                batch.add(other, start // chunk * beside, 1, logits=0)
            index = batch.add(tokens[start : start + chunk], start, 0, logits=1)
            context.decode(batch)
        found = context.logits(index).copy()
        context.close()
        return found

    # The order in which attention adds up depends on where a chat's cells lie among others'; ggml's own has
    # one way for fewer than 64 tokens and another for more.
    return [computed(2048), computed(7, beside=3), computed(2048, beside=69)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--chats", type=int, default=200)
    parser.add_argument("--turns", type=int, default=50, help="of each chat")
    args = parser.parse_args()
    path, total, done = resolve(args.model, Settings().cache_dir), args.chats * args.turns, {"alone": 0}

    def progress(phase: str, count: int) -> None:
        before = done.get(phase, 0)
        done[phase] = before + count
        if before * 20 // total != done[phase] * 20 // total:
            print(f"{phase}: {done[phase]:,} of {total:,} turns", file=sys.stderr, flush=True)

    differences, stats = asyncio.run(compare(path, args.chats, args.turns, progress))
    ties = sum(is_tie(path, difference) for difference in differences)
    print(
        f"{total:,} turns of {args.chats} chats in {stats.cells:,} KV cells: "
        f"{stats.evictions:,} evictions, {stats.cached_tokens / stats.prompt_tokens:.1%} of prompt tokens "
        f"cached, {stats.restored_tokens / stats.prompt_tokens:.1%} restored from host memory.\n"
        f"{len(differences)} replies differ from the chat's alone; {ties} of them are proven ties."
    )
    sys.exit(ties < len(differences))


if __name__ == "__main__":
    main()
