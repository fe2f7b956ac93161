"""Measures the prefix cache when there are many more chats than KV cells.

First on a simulated day, without a model: how many prompt tokens each eviction policy recomputes. Then what
idle cells cost a step, and what moving cells costs. Then the engine, with chats that come back after their
prefix was evicted: recomputed against restored from host memory. Alternates what it compares, and prints
Markdown tables.

    .venv/bin/python scripts/measure_prefix_cache.py [--model GGUF] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from concierge.engine import Engine, Message, Request, SamplingParams
from concierge.engine.llama import Batch, Context, Model, gpu_offload_supported
from concierge.engine.prefix_cache import Match, PrefixCache
from concierge.models import resolve
from concierge.paths import PROMPTS
from concierge.settings import Settings
from concierge.stylist import House
from concierge.stylist.prompt import house_message

HOUSE = 700  # tokens that all chats share
ATTENTION = 1 / 2000  # recomputing a token after n others costs 1 + n / 2000 of what the first one costs


@dataclass(frozen=True, slots=True)
class Visit:
    """One turn: `prompt` tokens up to its reply, `end` with it, and when the chat comes back (or never)."""

    at: float
    chat: int
    prompt: int
    end: int
    next: float


def day(chats: int, seed: int) -> list[Visit]:
    """Chats that begin within an hour, of three to four turns; half a minute of thought, or up to an hour."""
    chance = random.Random(seed)
    visits = []
    for chat in range(chats):
        at, length = chance.uniform(0, 3600), HOUSE
        turns = min(12, 1 + int(chance.expovariate(1 / 3)))
        for turn in range(turns):
            pause = chance.lognormvariate(3.4, 1.0) if chance.random() < 0.9 else chance.uniform(600, 3600)
            prompt = length + int(chance.lognormvariate(4.8, 0.7))
            length = prompt + int(chance.lognormvariate(4.0, 0.5))
            visits.append(Visit(at, chat, prompt, length, at + pause if turn + 1 < turns else float("inf")))
            at += pause
    return sorted(visits, key=lambda visit: visit.at)


class CostAware(PrefixCache):
    """GreedyDual-Size-Frequency (Cherkasova 1998): the cost of recomputing a cell, times its visits."""

    def __init__(self, sequences: int) -> None:
        super().__init__(sequences)
        self.visits: dict[int, int] = {}
        self._age = 0.0
        self._worth: dict[int, float] = {}

    def release(self, sequence: int) -> None:
        super().release(sequence)
        length = self.held(sequence)
        self.visits[sequence] = self.visits.get(sequence, 0) + 1
        self._worth[sequence] = self._age + self.visits[sequence] * (1 + ATTENTION * (length + HOUSE) / 2)

    @property
    def oldest(self) -> int | None:
        return min(self._idle, key=self._worth.__getitem__, default=None)

    def drop(self, sequence: int) -> None:
        self._age = max(self._age, self._worth.pop(sequence, 0.0))
        self.visits.pop(sequence, None)
        super().drop(sequence)


class Oracle(PrefixCache):
    """Belady's: evicts what comes back last. No policy can do better; it shows what there is to win."""

    def __init__(self, sequences: int) -> None:
        super().__init__(sequences)
        self.returns: dict[int, float] = {}

    @property
    def oldest(self) -> int | None:
        return max(self._idle, key=lambda s: self.returns.get(s, 0.0), default=None)


def recomputed(cache: PrefixCache, visits: list[Visit], cells: int) -> tuple[float, float, int]:
    """(Share of prompt tokens found, share of returning chats whose prefix was whole, evictions)."""
    house = np.arange(HOUSE, dtype=np.int32)
    pinned = cache.acquire(Match())
    assert pinned is not None
    cache.extend(pinned, house)
    cache.pin(pinned)
    known: dict[int, int] = {}
    found = wanted = whole = 0
    for visit in visits:
        own = np.arange(visit.end - HOUSE, dtype=np.int32) + 1_000_000 + 10_000 * visit.chat
        tokens = np.concatenate([house, own])
        match = cache.match(tokens[: visit.prompt - 1])
        while (sequence := cache.acquire(match)) is None:
            cache.evict()
            match = cache.match(tokens[: visit.prompt - 1])
        while cache.cells + visit.end - match.length > cells and cache.evict() is not None:
            pass
        cache.extend(sequence, tokens)
        if isinstance(cache, Oracle):
            cache.returns[sequence] = visit.next
        cache.release(sequence)
        found, wanted = found + match.length, wanted + visit.prompt
        whole += match.length == known.get(visit.chat)
        known[visit.chat] = visit.end
    return found / wanted, whole / (len(visits) - len(known)), cache.evictions


def compare_policies() -> None:
    visits = day(600, seed=1)
    print(f"{len(visits)} turns of 600 chats in an hour:\n")
    print("| KV cells | policy | prompt tokens found | returning chats whole | evictions |")
    print("|---|---|---|---|---|")
    for cells in (9_000, 18_000, 36_000):
        for name, policy in (("LRU", PrefixCache), ("cost-aware", CostAware), ("oracle", Oracle)):
            share, whole, evictions = recomputed(policy(255), visits, cells)
            print(f"| {cells:,} | {name} | {share:.1%} | {whole:.1%} | {evictions:,} |")


# --- what cells cost

OWN = 300  # tokens of a chat besides the house


def measure_cells(path: Path, rounds: int) -> None:
    model = Model(path, -1 if gpu_offload_supported() else 0)
    print("\n| chats, 900 tokens each | step, no idle cells | 1,024 idle | 8,192 idle |\n|---|---|---|---|")
    for chats in (1, 8, 32):
        steps = [1000 * decode_step(model, chats, idle) for idle in (0, 1024, 8192)]
        print(f"| {chats} | " + " | ".join(f"{step:.1f} ms" for step in steps) + " |")
    cells = Cells(model, HOUSE + 3 * OWN)
    cells.fill(0, 0, HOUSE)
    cells.context.copy(0, 1, 0, HOUSE)
    recompute = cells.fill(1, HOUSE, OWN)
    saves, restores = [], []
    for _ in range(max(rounds, 3)):
        started = time.perf_counter()
        data = cells.context.save(1, HOUSE, HOUSE + OWN)
        saved = time.perf_counter()
        cells.context.remove(1, HOUSE)
        removed = time.perf_counter()
        cells.context.restore(data, 1, HOUSE, HOUSE + OWN)
        saves.append(saved - started)
        restores.append(time.perf_counter() - removed)
    print(f"\n| {OWN} tokens of a chat, {data.nbytes / 1e6:.1f} MB | ms |\n|---|---|")
    print(f"| saved to host memory | {1000 * statistics.median(saves):.2f} |")
    print(f"| restored | {1000 * statistics.median(restores):.2f} |")
    print(f"| recomputed | {1000 * recompute:.1f} |")


class Cells:
    """A KV cache to be filled with any tokens."""

    def __init__(self, model: Model, cells: int) -> None:
        self.context = Context(model, cells=cells, batch=512, threads=os.cpu_count() or 1)
        self._batch = Batch(512)

    def fill(self, sequence: int, position: int, count: int) -> float:
        """Seconds to compute `count` tokens."""
        started = time.perf_counter()
        for start in range(position, position + count, 512):
            end = min(start + 512, position + count)
            self.decode([(sequence, start, end - start)])
        return time.perf_counter() - started

    def decode(self, parts: list[tuple[int, int, int]]) -> None:
        self._batch.clear()
        for sequence, position, count in parts:
            tokens = np.arange(1000 + position, 1000 + position + count, dtype=np.int32)
            self._batch.add(tokens, position, sequence, logits=1)
        self.context.decode(self._batch)


def decode_step(model: Model, chats: int, idle: int) -> float:
    """Seconds of a step that decodes a token of each chat, the median of some."""
    cells = Cells(model, HOUSE + chats * (OWN + 32) + idle + 512)
    cells.fill(chats, 0, HOUSE)
    if idle:
        cells.fill(chats + 1, 0, idle)
    for chat in range(chats):
        cells.context.copy(chats, chat, 0, HOUSE)
        cells.fill(chat, HOUSE, OWN - 100)
    seconds = []
    for position in range(HOUSE + OWN - 100, HOUSE + OWN - 84):
        started = time.perf_counter()
        cells.decode([(chat, position, 1) for chat in range(chats)])
        seconds.append(time.perf_counter() - started)
    cells.context.close()
    return statistics.median(seconds)


# --- in the engine

CHATS, TURNS, REPLY = 48, 4, 16
FABRICS = "silk wool linen felt lace velvet denim tweed satin fur suede chiffon cord mohair jersey tulle"


def questions(chat: int, salt: int) -> Iterator[Message]:
    chance = random.Random(1000 * salt + chat)
    for turn in range(TURNS):
        words = " ".join(chance.choices(FABRICS.split(), k=80))
        yield Message("user", f"{salt}.{chat}.{turn}: of {words}, which?")


async def visit(engine: Engine, messages: list[Message]) -> tuple[float, Message, tuple[int, int]]:
    """(TTFT in seconds, the reply, (prompt tokens, cached ones))."""
    params = SamplingParams(temperature=0, max_tokens=REPLY, ignore_eos=True)
    started, first, text = time.perf_counter(), 0.0, ""
    async with aclosing(engine.generate(Request(tuple(messages), params))) as chunks:
        async for chunk in chunks:
            first = first or (time.perf_counter() - started if chunk.text else 0.0)
            text += chunk.text
    assert chunk.usage
    usage = (chunk.usage.prompt_tokens, chunk.usage.cached_tokens)
    return first, Message("assistant", text, chunk.tokens), usage


async def crowd(engine: Engine, house: Message, salt: int) -> tuple[float, list[float], float]:
    """All chats turn by turn, 8 at once: tokens a second, TTFT of the later turns, share of tokens cached."""
    places, later, sums = asyncio.Semaphore(8), list[float](), np.zeros(2)
    chats = [([house], questions(chat, salt)) for chat in range(CHATS)]

    async def take_turn(turn: int, messages: list[Message], asked: Iterator[Message]) -> None:
        async with places:
            messages.append(next(asked))
            first, reply, usage = await visit(engine, messages)
            messages.append(reply)
            sums[:] += usage
            if turn:
                later.append(first)

    started = time.perf_counter()
    for turn in range(TURNS):
        await asyncio.gather(*(take_turn(turn, *chat) for chat in chats))
    return CHATS * TURNS * REPLY / (time.perf_counter() - started), later, sums[1] / sums[0]


async def compare_restoring(path: Path, rounds: int) -> None:
    house = house_message(House.load(PROMPTS))
    engines = {name: Engine.load(path, chats=8, context=2048) for name in ("recomputed", "restored")}
    engines["recomputed"]._host.limit = 0
    results: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in engines}
    for engine in engines.values():
        await engine.start()
        await engine.pin([house])
    for salt in range(rounds):
        for name in sorted(engines, reverse=bool(salt % 2)):
            rate, later, cached = await crowd(engines[name], house, salt)
            p95 = statistics.quantiles(later, n=20)[18]
            results[name].append((rate, 1000 * statistics.median(later), 1000 * p95, cached))
    print(f"\n{CHATS} chats of {TURNS} turns, 8 at once, in {8 * 2048 + 2048:,} KV cells:\n")
    print("| evicted prefixes are | tokens/s | TTFT of a later turn, p50 | p95 | prompt tokens cached |")
    print("|---|---|---|---|---|")
    for name, rows in results.items():
        rate, p50, p95, cached = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"| {name} | {rate:.0f} | {p50:.0f} ms | {p95:.0f} ms | {cached:.1%} |")
    for engine in engines.values():
        await engine.stop()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    path = resolve(args.model, Settings().cache_dir)
    compare_policies()
    measure_cells(path, args.rounds)
    asyncio.run(compare_restoring(path, args.rounds))


if __name__ == "__main__":
    main()
