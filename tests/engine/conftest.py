from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path

import pytest

from concierge.engine import Chunk, Engine, Message, Request, SamplingParams
from scripts.check_isolation import Difference, is_tie

HOUSE = Message(
    "system", "You are the concierge of a small house of fashion. " + "Answer briefly and kindly. " * 40
)


@pytest.fixture
def running(small_model: Path) -> Callable[..., AbstractAsyncContextManager[Engine]]:
    """`async with running(chats=4, context=512) as engine`: a started engine with the house pinned."""

    @asynccontextmanager
    async def start(*, house: Message | None = HOUSE, **options: int) -> AsyncIterator[Engine]:
        engine = Engine.load(small_model, **options)
        await engine.start()
        try:
            if house:
                await engine.pin([house])
            yield engine
        finally:
            await engine.stop()

    return start


async def reply(
    engine: Engine, *messages: Message, priority: int = 0, **sampling: object
) -> tuple[str, Chunk]:
    """The whole text, greedy unless told otherwise, and the last chunk."""
    params = SamplingParams(**{"temperature": 0.0, "max_tokens": 16} | sampling)  # type: ignore[arg-type]
    text, last = "", Chunk("")
    async with aclosing(engine.generate(Request(messages, params, priority))) as chunks:
        async for last in chunks:
            text += last.text
    return text, last


def user(text: str) -> Message:
    return Message("user", text)


def prove_tie(path: Path, prompt: list[int], ours: tuple[int, ...], theirs: tuple[int, ...]) -> None:
    assert is_tie(path, Difference(prompt, ours, theirs)), (ours, theirs)
