"""Measures what speculation gains: tokens a second without it, by n-grams, by a draft model, and by both.

One engine serves a constant number of chats, each asking for one reply after another, while the drafters
take turns of two seconds: a machine's pace drifts by more than what is to be told apart. The error is
that of the mean over rounds of turns. Replies are of three kinds: `quoting` asks the shipped house for
pieces, `free` quotes nothing, and `stylist` puts the shoppers' messages of --data, a file of
scripts/training_data.py, to the same house. Prints Markdown tables.

    .venv/bin/python scripts/measure_speculation.py [--model GGUF] [--draft GGUF] [--seconds 30] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from collections.abc import Sequence as SequenceOf
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from concierge.engine import Engine, Message, Request, SamplingParams
from concierge.engine.sequence import Sequence
from concierge.engine.speculation import Draft, ModelDrafter, NgramDrafter
from concierge.models import resolve
from concierge.paths import PROMPTS
from concierge.settings import Settings
from concierge.stylist import House
from concierge.stylist.prompt import house_message
from concierge.stylist.stylist import SAMPLING

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
TURN = 2.0  # s
SETTLED = 0.5  # s of a turn that do not count: a draft model reads what was said without it
WAYS = {  # who drafts
    "none": (),
    "n-gram": (NgramDrafter.name,),
    "draft": (ModelDrafter.name,),
    "both": (NgramDrafter.name, ModelDrafter.name),
}


@dataclass(frozen=True, slots=True)
class Load:
    """What the chats ask: their texts, asked in turn, and how the replies are drawn."""

    texts: SequenceOf[str]
    sampling: SamplingParams

    def request(self, house: Message, number: int) -> Request:
        """The `number`-th request."""
        text = self.texts[number % len(self.texts)]
        return Request((house, Message("user", text)), replace(self.sampling, seed=number))


def load(kind: str, data: Path | None) -> Load:
    """`quoting`, `free`, or `stylist`, which is the first messages of a file of chats."""
    if kind == "stylist":
        assert data, "--replies stylist needs --data"
        chats = [json.loads(line)["messages"] for line in data.read_text(encoding="utf-8").splitlines()]
        return Load([chat[1]["content"] for chat in chats], SAMPLING)
    questions, temperature = (QUOTING, 0.3) if kind == "quoting" else (FREE, 1.0)
    texts = [f"{n}. {question}" for n, question in enumerate(questions * 30)]
    if kind == "quoting":
        texts = [PIECES + text for text in texts]
    return Load(texts, SamplingParams(temperature=temperature, max_tokens=TOKENS, ignore_eos=True))


async def chat(engine: Engine, house: Message, load: Load, number: int) -> None:
    """Ask for ever."""
    while True:
        async with aclosing(engine.generate(load.request(house, number))) as chunks:
            async for _ in chunks:
                pass
        number += 101


@dataclass(frozen=True, slots=True)
class Turn:
    """What was generated in a turn: tokens a second, and drafted tokens that were verified and accepted."""

    rate: float
    drafted: int
    accepted: int


class Drafters:
    """The engine's drafters, of which some are silent: those go on forgetting chats, and cost nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._speculation = engine, engine._speculation
        assert self._speculation
        self._spoken = {drafter.name: drafter.propose for drafter in self._speculation.drafters}

    @property
    def ways(self) -> list[str]:
        return [way for way, names in WAYS.items() if set(names) <= self._spoken.keys()]

    def use(self, way: str) -> None:
        assert self._speculation
        for drafter in self._speculation.drafters:
            speaks = drafter.name in WAYS[way]
            drafter.propose = self._spoken[drafter.name] if speaks else _silent  # type: ignore[method-assign]
        self._engine._speculation = self._speculation if WAYS[way] else None


def _silent(wanted: list[tuple[Sequence, int]]) -> list[Draft]:
    return [Draft() for _ in wanted]


def generated(engine: Engine) -> tuple[int, float, int, int]:
    """So far: tokens, with those of unfinished replies; seconds of steps; tokens drafted; those accepted."""
    stats = engine.stats()
    running = sum(len(s.reply) for s in list(engine._scheduler.running))
    return stats.completion_tokens + running, stats.step_seconds, stats.drafted_tokens, stats.accepted_tokens


async def turns(engine: Engine, drafters: Drafters, seconds: float) -> list[dict[str, Turn]]:
    """Rounds of turns, one of each way in a round, that last so long together."""
    rounds: list[dict[str, Turn]] = []
    while seconds > 0:
        found = {}
        for way in drafters.ways[:: -1 if len(rounds) % 2 else 1]:
            drafters.use(way)
            await asyncio.sleep(SETTLED)
            before = generated(engine)
            await asyncio.sleep(TURN - SETTLED)
            tokens, took, drafted, accepted = (b - a for a, b in zip(before, generated(engine), strict=True))
            found[way] = Turn(tokens / took if took else 0.0, int(drafted), int(accepted))
            seconds -= TURN
        rounds.append(found)
    drafters.use(drafters.ways[-1])
    return rounds


def rows(kind: str, chats: int, rounds: list[dict[str, Turn]]) -> list[dict[str, object]]:
    """Of each way: its mean pace, and against no speculation and against n-grams, with the error of each."""
    return [
        {
            "replies": kind,
            "chats": chats,
            "drafters": way,
            "tokens_per_second": statistics.mean(r[way].rate for r in rounds),
            "against_none": _ratio(rounds, way, "none"),
            "against_ngram": _ratio(rounds, way, "n-gram"),
            "drafted": sum(r[way].drafted for r in rounds),
            "accepted": sum(r[way].accepted for r in rounds),
        }
        for way in rounds[0]
    ]


def _ratio(rounds: list[dict[str, Turn]], way: str, other: str) -> tuple[float, float]:
    """(ratio of the mean paces, its standard error; 0 for a single round)."""
    mean = statistics.mean(r[other].rate for r in rounds)
    error = statistics.stdev(r[way].rate - r[other].rate for r in rounds) if len(rounds) > 1 else 0.0
    return statistics.mean(r[way].rate for r in rounds) / mean, error / len(rounds) ** 0.5 / mean


def line(row: dict[str, object]) -> str:
    none, ngram = ("{:.2f} ± {:.2f}".format(*row[key]) for key in ("against_none", "against_ngram"))
    pace, taken = f"{row['tokens_per_second']:.0f}", f"{row['accepted']} of {row['drafted']}"
    return f"| {row['chats']} | {row['drafters']} | {pace} | {none} | {ngram} | {taken} |"


async def main() -> None:
    args = _arguments()
    cache = Settings().cache_dir
    draft = resolve(args.draft, cache, "--draft") if args.draft else None
    engine = Engine.load(resolve(args.model, cache), chats=max(args.chats), context=2048, draft=draft)
    drafters, measured = Drafters(engine), []
    house = house_message(House.load(PROMPTS), facts=False)
    await engine.start()
    await engine.pin([house])
    for kind in args.replies:
        asked = load(kind, args.data)
        print(f"\n| chats, {kind} | drafters | tokens/s | against none | against n-gram | drafts accepted |")
        print("|---|---|---|---|---|---|")
        for chats in args.chats:
            asking = [asyncio.create_task(chat(engine, house, asked, n)) for n in range(chats)]
            await asyncio.sleep(TURN)
            found = rows(kind, chats, await turns(engine, drafters, args.seconds))
            for task in asking:
                task.cancel()
            await asyncio.wait(asking)
            print("\n".join(map(line, found)), flush=True)
            measured += found
    await engine.stop()
    if args.json:
        args.json.write_text(json.dumps(measured, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", default="small")
    add("--draft")
    add("--seconds", type=float, default=30, help="of each number of chats, all ways together")
    add("--replies", nargs="+", default=["quoting", "free"], choices=("quoting", "free", "stylist"))
    add("--data", type=Path, help="chats of scripts/training_data.py, for stylist")
    add("--chats", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    add("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    if "stylist" in arguments.replies and not arguments.data:
        parser.error(
            "--replies stylist takes its messages from --data; give a file of scripts/training_data.py"
        )
    return arguments


if __name__ == "__main__":
    asyncio.run(main())
