"""What the real model foretells of the shipped chats, and how far its formats are from it."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.engine import Message
from concierge.engine.llama import Batch, Context, Model, quantize
from concierge.engine.template import ChatTemplate
from concierge.models import adapt, foretelling
from concierge.models.foretelling import Foretold, divergence, foretell, lumped
from concierge.models.record import BUDGET, CHATS
from concierge.models.resolve import SMALL_ADAPTER

THREADS = 2
LOGITS = st.lists(st.floats(-30, 10), min_size=6, max_size=6).map(np.array)


def chats() -> list[list[Message]]:
    lines = CHATS.read_text("utf-8").splitlines()
    return [[Message(**message) for message in json.loads(line)["messages"]] for line in lines]


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only two of the shipped chats, of several turns, are read, and to the end however busy the machine."""
    lines = CHATS.read_text("utf-8").splitlines(keepends=True)
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(lines[2:4]), "utf-8")
    monkeypatch.setattr(foretelling, "CHATS", path)
    monkeypatch.setattr(foretelling, "READING", 600)


def one_place(logits: np.ndarray, tokens: np.ndarray) -> Foretold:
    logs = logits - np.log(np.exp(logits).sum())
    return Foretold(logs[:1], tokens[None], lumped(logs, tokens)[None])


def test_the_shipped_chats_are_few_and_hold_enough_replies(small_model: Path) -> None:
    model = Model(small_model, 0, weights=False)
    template = ChatTemplate.of(model)
    replies = [message.content for chat in chats() for message in chat if message.role == "assistant"]
    assert all(chat[0].role == "system" and chat[-1].role == "assistant" for chat in chats())
    assert sum(len(template.encode(chat)) for chat in chats()) <= 4000
    assert sum(len(model.vocab.tokenize(reply, special=False)) for reply in replies) >= 500


def test_what_is_not_among_the_likeliest_counts_as_one() -> None:
    tokens = np.array([1, 0], np.int32)
    source = one_place(np.log([0.5, 0.25, 0.125, 0.125]), tokens)
    other = one_place(np.log([0.25, 0.25, 0.375, 0.125]), tokens)
    np.testing.assert_allclose(np.exp(source.shares[0]), [0.25, 0.5, 0.25])
    np.testing.assert_allclose(np.exp(other.shares[0]), [0.25, 0.25, 0.5])
    mean, error = divergence(source, other)
    assert mean == pytest.approx(0.5 * np.log(2) + 0.25 * np.log(0.5))  # and 0.25 log 1
    assert error == 0


@given(LOGITS, LOGITS)
def test_it_is_never_more_than_the_whole_divergence(one: np.ndarray, other: np.ndarray) -> None:
    p, q = (logits - np.log(np.exp(logits).sum()) for logits in (one, other))
    tokens = np.argsort(-p)[:3].astype(np.int32)
    found, _ = divergence(one_place(one, tokens), one_place(other, tokens))
    assert 0 <= found <= (np.exp(p) * (p - q)).sum() + 1e-9


def test_the_error_is_that_of_a_mean() -> None:
    p = np.log([[0.5, 0.5], [0.5, 0.5]])
    q = np.log([[0.5, 0.5], [0.25, 0.75]])
    none = np.zeros((2, 1), np.int32)
    each = 0.5 * np.log(0.5 / 0.25) + 0.5 * np.log(0.5 / 0.75)
    mean, error = divergence(Foretold(p[:, 0], none, p), Foretold(q[:, 0], none, q))
    assert (mean, error) == (pytest.approx(each / 2), pytest.approx(each / 2 / 2**0.5))


@pytest.mark.usefixtures("few")
def test_every_token_of_every_reply_is_foretold_from_its_own_prompt(small_model: Path) -> None:
    model = Model(small_model, 0)
    template, expected = ChatTemplate.of(model), []
    for chat in chats()[2:4]:
        for index, message in enumerate(chat):
            if message.role != "assistant":
                continue
            prompt = template.encode(chat[:index])
            reply = [*model.vocab.tokenize(message.content, special=False), model.vocab.eos]
            context, batch = Context(model, cells=1024, batch=1024, threads=THREADS), Batch(1024)
            batch.add(np.array([*prompt, *reply], np.int32), 0, 0, logits=len(reply) + 1)
            context.decode(batch)
            for place, token in enumerate(reply, len(prompt) - 1):
                logits = context.logits(place).astype(np.float64)
                expected.append(logits[token] - np.log(np.exp(logits).sum()))
            context.close()
    found = foretell(model, THREADS).said
    assert len(found) == len(expected)
    assert np.abs(found - expected).mean() < 0.1  # llama.cpp rounds otherwise in other batches
    assert np.corrcoef(found, expected)[0, 1] > 0.99


@pytest.mark.usefixtures("few")
async def test_eight_bits_keep_what_the_taught_model_says_and_four_do_not(
    small_model: Path, tmp_path: Path
) -> None:
    path = await adapt(small_model, SMALL_ADAPTER, tmp_path / "cache")
    source = foretell(Model(path, 0), THREADS)
    assert divergence(source, foretell(Model(path, 0), THREADS, source)) == (0, 0)
    found = {}
    for format in ("Q8_0", "Q4_0", "IQ4_NL"):
        quantize(path, tmp_path / f"{format}.gguf", format, threads=THREADS)
        mean, _ = divergence(source, foretell(Model(tmp_path / f"{format}.gguf", 0), THREADS, source))
        found[format] = np.expm1(mean)
    assert 0 < found["Q8_0"] < BUDGET / 2
    assert found["IQ4_NL"] > 2 * BUDGET
    assert found["Q4_0"] > 2 * BUDGET


@pytest.mark.usefixtures("few")
def test_a_slow_model_stops_after_a_reply_and_the_others_with_it(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(small_model, 0)
    monkeypatch.setattr(foretelling, "READING", 0)
    source = foretell(model, THREADS)
    first = next(message.content for message in chats()[2] if message.role == "assistant")
    assert len(source.said) == len(model.vocab.tokenize(first, special=False)) + 1
    source.save(tmp_path / "source.npz")
    monkeypatch.setattr(foretelling, "READING", 600)
    again = foretell(model, THREADS, Foretold.load(tmp_path / "source.npz"))
    np.testing.assert_array_equal(again.shares, source.shares)
