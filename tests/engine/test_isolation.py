"""What one chat says never reaches another: a chat's tokens are the same alone and among fifteen others.

Batches of different shapes add numbers up in different orders, so two tokens whose logits are closer than
that noise may change places. Each difference must be proved to be such a tie.
"""

import asyncio
import random
from pathlib import Path

from concierge.engine import Engine, Message
from tests.engine.conftest import prove_tie, reply, user

HOUSE = Message("system", "You are a concierge who answers in few words.")

CHATS, TURNS, TOKENS = 16, 32, 4
FABRICS = "silk wool linen felt lace velvet denim tweed satin fur suede chiffon cord mohair jersey tulle"
WORDS = FABRICS.split()


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
