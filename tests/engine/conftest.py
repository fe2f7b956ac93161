from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from concierge.engine import Chunk, Engine, Message, Request, SamplingParams
from concierge.engine.llama import Model
from concierge.engine.speculation import Speculation
from concierge.engine.speculation.drafter import LONGEST
from scripts.check_isolation import Difference, is_tie, logits

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


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draft and verify as far as there is anything to propose, whether it pays or not."""
    monkeypatch.setattr(
        "concierge.engine.speculation.controller.lengths",
        lambda chances, running, seconds, room: [min(len(chain), room // running) for chain in chances],
    )
    monkeypatch.setattr("concierge.engine.speculation.controller.HOPELESS", 0.0)
    monkeypatch.setattr("concierge.engine.speculation.controller.CROWD", 255)
    monkeypatch.setattr(Speculation, "_depth", lambda *_: LONGEST)


async def reply(
    engine: Engine, *messages: Message, priority: int = 0, begun: tuple[int, ...] = (), **sampling: object
) -> tuple[str, Chunk]:
    """The whole text, greedy unless told otherwise, and the last chunk."""
    params = SamplingParams(**{"temperature": 0.0, "max_tokens": 16} | sampling)  # type: ignore[arg-type]
    text, last = "", Chunk("")
    async with aclosing(engine.generate(Request(messages, params, priority, begun))) as chunks:
        async for last in chunks:
            text += last.text
    return text, last


def user(text: str) -> Message:
    return Message("user", text)


def prove_tie(path: Path, prompt: list[int], ours: tuple[int, ...], theirs: tuple[int, ...]) -> None:
    assert is_tie(path, Difference(prompt, ours, theirs)), (ours, theirs)


def prove_near(
    path: Path, prompt: list[int], ours: tuple[int, ...], theirs: tuple[int, ...], temperature: float
) -> None:
    """One random number means either token at the first difference, as batch shapes alone move the logits.

    Of replies drawn from the whole vocabulary: llama.cpp goes through it in order until the probabilities
    sum up to the number, so the two tokens' stretches of that sum must touch, or nearly so.
    """
    at = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b)
    tokens = np.array([*prompt, *ours[:at]], np.int32)
    whole, *others = (sums(found / temperature) for found in logits(Model(path, 0), tokens))
    noise = max(float(np.abs(whole - other).max()) for other in others)
    first, second = sorted((ours[at], theirs[at]))
    assert whole[second - 1] - whole[first] <= 3 * noise
    assert noise < 0.1  # else anything would pass


def sums(logits: np.ndarray) -> np.ndarray:
    """Running sums of the probabilities."""
    weights = np.exp(logits - logits.max(), dtype=np.float64)
    return np.cumsum(weights / weights.sum())
