"""To sample from a few candidates is to sample from the vocabulary."""

import ctypes
from collections.abc import Iterator
from pathlib import Path

import llama_cpp as C
import numpy as np
import pytest

from concierge.engine import kernels
from concierge.engine.llama import Batch, Context, Model, SamplerChain
from concierge.engine.sampling import PENALTY_WINDOW, Sampler
from concierge.engine.types import SamplingParams

VOCABULARY = 49_152

pytestmark = pytest.mark.skipif(not kernels.VERSION, reason="no compiler that can")


@pytest.fixture(scope="module")
def context(small_model: Path) -> Iterator[Context]:
    """With a token computed, so that it has logits."""
    context, batch = Context(Model(small_model, 0), cells=256, batch=256, threads=1), Batch(256)
    batch.add(np.array([1], np.int32), 0, 0, logits=1)
    context.decode(batch)
    yield context
    context.close()


def largest(logits: np.ndarray, k: int) -> dict[int, float]:
    kept = (C.llama_token_data * len(logits))()
    found = kernels.largest(logits.ctypes.data_as(ctypes.POINTER(ctypes.c_float)), len(logits), k, kept)
    return {candidate.id: candidate.logit for candidate in kept[:found]}


def random(seed: int, size: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, size).astype(np.float32)


@pytest.mark.parametrize(
    ("top_k", "top_p", "min_p", "temperature"),
    [
        (40, 0.95, 0.05, 0.7),
        (40, 1.0, 0.0, 5.0),
        (1, 1.0, 0.0, 1.0),
        (0, 0.9, 0.0, 1.0),
        (1000, 1.0, 0.0, 2.0),
    ],
)
def test_the_same_tokens_are_drawn(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    top_k: int,
    top_p: float,
    min_p: float,
    temperature: float,
) -> None:
    drawn: list[list[int]] = []
    for _ in range(2):
        chain = SamplerChain(top_k, top_p, min_p, temperature, seed=3)
        drawn.append([])
        for seed in range(40):
            context.logits(0)[:] = random(seed, VOCABULARY)
            drawn[-1].append(chain.sample(context, 0))
        monkeypatch.setattr(kernels, "largest", lambda *_: 0)  # llama.cpp looks at all
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 20


def test_what_was_said_of_late_is_likelier_not_to_be_said_again(context: Context) -> None:
    sampler = Sampler(SamplingParams(temperature=0, repeat_penalty=1.25), context._model.vocab)
    context.logits(0)[:] = -9
    context.logits(0)[[5, 6, 7, 8]] = [5, 4.5, -1, 4.25]
    reply = [6, *range(100, 100 + PENALTY_WINDOW - 3), 5, 7, 5]  # 6 is too long ago
    assert sampler.sample(context, 0, reply) == 6
    np.testing.assert_allclose(context.logits(0)[[5, 6, 7, 8, 9, 100]], [4, 4.5, -1.25, 4.25, -9, -11.25])


@pytest.mark.parametrize("size", [VOCABULARY, VOCABULARY + 37, 64 * 700])
@pytest.mark.parametrize("k", [1, 40, 700])
def test_the_largest_are_among_the_candidates_and_few_others_are(size: int, k: int) -> None:
    logits = random(k, size)
    logits[-1] = 100  # in no whole group
    kept = largest(logits, k)
    assert set(np.argsort(logits)[-k:]) <= kept.keys()
    assert len(kept) <= 8 * k
    assert all(logits[token] == logit for token, logit in kept.items())


def test_they_may_all_be_of_one_group_or_of_all() -> None:
    logits = np.zeros(VOCABULARY, np.float32)
    logits[1000:1040] = logits[:: VOCABULARY // 64][:40] = np.arange(40) + 1
    assert set(np.flatnonzero(logits >= 21)) <= largest(logits, 40).keys()


def test_equal_logits_are_all_candidates() -> None:
    assert len(largest(np.zeros(VOCABULARY, np.float32), 40)) == VOCABULARY


@pytest.mark.parametrize("k", [0, -1, 701, 1 << 30])
def test_where_it_does_not_know_fewer_it_says_so(k: int) -> None:
    assert largest(random(1, 64 * 700), k) == {}


def test_logits_that_are_no_numbers_are_left_to_llama_cpp() -> None:
    assert largest(np.full(VOCABULARY, np.nan, np.float32), 40) == {}


def test_where_all_but_a_few_are_forbidden_these_are_drawn(context: Context) -> None:
    chain, drawn = SamplerChain(40, 1.0, 0.0, 1.0, seed=1), set()
    for _ in range(60):
        context.logits(0)[:] = -np.inf
        context.logits(0)[[5, 70, 40_000]] = 0
        drawn.add(chain.sample(context, 0))
    assert drawn == {5, 70, 40_000}
