"""What one chat says never reaches another: a chat's tokens are the same alone and among fifteen others.

Batches of different shapes add numbers up in different orders, so two tokens whose logits are closer than
that noise may change places. Each difference must be proved to be such a tie.
"""

import asyncio
import random
from pathlib import Path

import numpy as np

from concierge.engine import Engine, Message
from concierge.engine.llama import Batch, Context, Model
from tests.engine.conftest import reply, user

HOUSE = Message("system", "You are a concierge who answers in few words.")

CHATS, TURNS, TOKENS = 16, 32, 4
WORDS = [
    "silk",
    "wool",
    "linen",
    "felt",
    "lace",
    "velvet",
    "denim",
    "tweed",
    "satin",
    "fur",
    "suede",
    "chiffon",
    "cord",
    "mohair",
    "jersey",
    "tulle",
]


def question(chat: int, turn: int) -> Message:
    return user(f"My {WORDS[chat]} with {WORDS[(chat * 7 + turn) % 16]}?")


async def alone(engine: Engine, chat: int) -> list[tuple[list[Message], tuple[int, ...]]]:
    """Each turn's prompt and tokens, with nobody else there."""
    messages, turns = [HOUSE], []
    for turn in range(TURNS):
        messages = [*messages, question(chat, turn)]
        text, last = await reply(engine, *messages, max_tokens=TOKENS)
        turns.append((messages, last.tokens))
        messages = [*messages, Message("assistant", text, last.tokens)]
    return turns


async def test_five_hundred_interleaved_turns_equal_the_chats_alone(running, small_model: Path) -> None:
    async with running(chats=1, context=2048, house=HOUSE) as engine:
        expected = [await alone(engine, chat) for chat in range(CHATS)]
    differing: list[tuple[list[Message], tuple[int, ...], tuple[int, ...]]] = []
    rng = random.Random(5)
    async with running(chats=CHATS, context=2048, house=HOUSE) as engine:

        async def talk(turns: list[tuple[list[Message], tuple[int, ...]]]) -> None:
            for messages, tokens in turns:
                await asyncio.sleep(rng.random() * 0.05)
                _, last = await reply(engine, *messages, max_tokens=TOKENS)
                if last.tokens != tokens:
                    differing.append((messages, tokens, last.tokens))

        await asyncio.gather(*map(talk, expected))
        prompts = [engine._template.encode(messages) for messages, _, _ in differing]
    assert len(differing) < CHATS * TURNS // 10
    for prompt, (_, ours, theirs) in zip(prompts, differing, strict=True):
        prove_tie(small_model, prompt, ours, theirs)


def prove_tie(path: Path, prompt: list[int], ours: tuple[int, ...], theirs: tuple[int, ...]) -> None:
    """The two tokens at the first difference are the best two, closer than batch shapes alone move logits."""
    at = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs))
    )
    tokens = np.array([*prompt, *ours[:at]], np.int32)
    model = Model(path, 0)
    whole, split = logits(model, tokens, 512), logits(model, tokens, 7)
    noise = float(np.abs(whole - split).max())
    best = np.argsort(whole)[-2:]
    gap = float(whole[best[1]] - whole[best[0]])
    assert gap <= 2 * noise, f"not a tie: gap {gap}, noise {noise}"
    for token in (ours[at : at + 1], theirs[at : at + 1]):
        assert not token or token[0] in best
    assert noise < 1.0  # else anything would pass for a tie


def logits(model: Model, tokens: np.ndarray, chunk: int) -> np.ndarray:
    """Logits after `tokens`, prefilled `chunk` at a time."""
    context, batch = Context(model, cells=2048, batch=512, threads=2), Batch(512)
    for start in range(0, len(tokens), chunk):
        batch.clear()
        index = batch.add(tokens[start : start + chunk], start, 0, logits=True)
        context.decode(batch)
    result = context.logits(index).copy()
    context.close()
    return result
