"""Drafts by a second model: right, wrong, cut short, of another vocabulary, and dying."""

import asyncio
import logging
import time
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader, GGUFValueType, GGUFWriter

from concierge.engine import Engine, Request, SamplingParams
from concierge.engine.llama import Batch, Context, DecodeError, Model
from concierge.engine.speculation import ModelDrafter, NgramDrafter
from concierge.errors import UserError
from tests.engine.conftest import HOUSE, prove_tie, reply, user
from tests.gguf import with_blocks, with_other_token, with_rolled_tokens, with_train_context, without_template

QUESTION = user("What is felt, and how is it made?")


@pytest.fixture(scope="module")
def drafts(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Draft models by what becomes of their drafts."""
    folder = tmp_path_factory.mktemp("drafts")
    return {
        "right": small_model,
        "half": with_blocks(small_model, folder / "half.gguf", 24),
        "wrong": with_rolled_tokens(small_model, folder / "wrong.gguf"),
        "fewer": with_fewer_tokens(small_model, folder / "fewer.gguf"),
    }


def with_fewer_tokens(
    source: Path, target: Path, *, told: int | None = None, spoilt: int | None = None
) -> Path:
    """A copy that has two fifths of the tokens, in another order, and reads all others as the first.

    Args:
        told: how many tokens it says the target has.
        spoilt: one of its own tokens that it maps to a token that is none.
    """
    reader = GGUFReader(source)
    tokens = np.random.default_rng(1).permutation(20_000)  # the common ones; those for control are among them
    inputs = np.zeros(49_152, np.int32)
    inputs[tokens] = np.arange(len(tokens))
    texts = reader.fields["tokenizer.ggml.tokens"].contents()
    known = {texts[token] for token in tokens}
    writer = GGUFWriter(target, "llama")
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        kind, value = field.types[0], field.contents()
        if name.endswith(".merges"):
            value = [m for m in value if m.replace(" ", "") in known and known.issuperset(m.split(" "))]
        elif kind == GGUFValueType.ARRAY and len(value) == len(texts):
            value = [value[token] for token in tokens]
        elif name.endswith("_token_id"):
            value = int(inputs[value])
        elif name == "llama.vocab_size":
            value = len(tokens)
        writer.add_key_value(name, value, kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)
    for part in reader.tensors:
        data = part.data[tokens] if part.name == "token_embd.weight" else part.data
        writer.add_tensor(part.name, np.ascontiguousarray(data), raw_dtype=part.tensor_type)
    if spoilt is not None:
        tokens[spoilt] = 60_000
    writer.add_uint32("concierge.draft.vocabulary", told or len(inputs))
    writer.add_array("concierge.draft.tokens", tokens.tolist())
    writer.add_array("concierge.draft.inputs", inputs[:told].tolist())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def drafter(engine: Engine) -> ModelDrafter:
    """The engine's draft model, from now on alone."""
    assert engine._speculation
    (model,) = (d for d in engine._speculation.drafters if isinstance(d, ModelDrafter))
    engine._speculation.drafters = [model]
    return model


async def test_one_step_that_was_held_up_does_not_end_drafting(running, small_model: Path) -> None:
    async with running(chats=1, context=512, draft=small_model) as engine:
        model = drafter(engine)
        before, decode = model.drafting(1), model._context.decode

        def held_up(batch: Batch) -> None:
            time.sleep(30 * before)
            decode(batch)

        model._context.decode = held_up  # type: ignore[method-assign]
        model._batch.clear()
        model._add(np.array([5], np.int32), 0, 9, logits=1)
        model._decode()
        assert 0 < before <= model.drafting(1) < 3 * before


@pytest.mark.parametrize("name", ["right", "half", "wrong", "fewer"])
async def test_replies_are_the_same_with_any_draft(
    running, eager, small_model: Path, drafts: dict[str, Path], name: str
) -> None:
    questions = [QUESTION, user("Count to ten."), user("Name a fabric.")]
    replies = []
    async with running(chats=3, context=1024, draft=drafts[name]) as engine:
        model = drafter(engine)
        prompts = [engine._template.encode([HOUSE, q]) for q in questions]
        for use in ([], [model]):
            engine._speculation.drafters, plain_steps = use, engine.stats().steps
            asked = [reply(engine, HOUSE, q, max_tokens=20) for q in questions]
            replies.append([last.tokens for _, last in await asyncio.gather(*asked)])
        stats = engine.stats()
        assert name != "right" or stats.steps - plain_steps < 12
    for prompt, plain, drafted in zip(prompts, *replies, strict=True):
        if plain != drafted:
            prove_tie(small_model, prompt, plain, drafted)
    share = stats.accepted_tokens / stats.drafted_tokens
    # Rounding makes the model disagree with itself where two tokens are nearly as good, which may cost a
    # draft of 16 tokens.
    assert {"right": share > 0.4, "half": 0.02 < share < 0.8, "wrong": share < 0.02, "fewer": share > 0.2}[
        name
    ]


async def test_the_draft_reads_the_house_once_and_a_chat_only_once(running, eager, small_model: Path) -> None:
    async with running(chats=2, context=1024, draft=small_model) as engine:
        model, read = drafter(engine), []
        decode = model._context.decode
        model._context.decode = lambda batch: (read.append(batch.size), decode(batch))  # type: ignore[method-assign]
        house = len(engine._template.prefix([HOUSE]))
        _, first = await reply(engine, HOUSE, QUESTION, max_tokens=8, ignore_eos=True)
        prompt = first.usage.prompt_tokens
        assert sum(read) < prompt - house + 60
        read.clear()
        again = await reply(engine, HOUSE, QUESTION, max_tokens=8, ignore_eos=True)
        assert again[1].usage.prompt_tokens == prompt
        assert sum(read) < 60  # drafts alone
        assert len(model._heads) <= 1
        await reply(engine, HOUSE, user("Thanks."), max_tokens=8, ignore_eos=True)
        assert len(model._heads) <= 1  # those that ended are no longer drafted for
        assert model._used() <= model._context.cells


async def test_a_prompt_is_read_in_chunks_while_others_go_on(
    running, eager, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(chats=2, context=2048, draft=small_model) as engine:
        model, read = drafter(engine), []
        monkeypatch.setattr(model.cost, "tokens_within", lambda _: 40)  # or a fast machine reads it at once
        decode = model._context.decode
        model._context.decode = lambda batch: (read.append(batch.size), decode(batch))  # type: ignore[method-assign]
        long = user("Felt is warm. " * 150)
        await reply(engine, HOUSE, long, max_tokens=30, ignore_eos=True)
        assert max(read) == 40  # of more than 600
        assert sum(read) > 300


async def test_many_chats_end_and_are_cancelled_and_no_cell_is_lost(
    running, eager, small_model: Path
) -> None:
    async with running(chats=4, context=512, draft=small_model) as engine:
        model = drafter(engine)

        async def leave(number: int) -> None:
            params = SamplingParams(temperature=0.9, seed=number, max_tokens=16, ignore_eos=True)
            chunks = engine.generate(Request((HOUSE, user(f"{number}. Tell me of wool.")), params))
            async with aclosing(chunks):
                async for _ in chunks:
                    if number % 2:
                        return

        await asyncio.gather(*(leave(n) for n in range(8)))
        _, last = await reply(engine, HOUSE, QUESTION, max_tokens=8, ignore_eos=True)
        assert len(last.tokens) == 8
        assert engine._speculation.drafters == [model]  # it is alive
        assert len(model._heads) <= 1
        while model._evict():
            pass
        held = [model._cache.held(head.slot) for head in model._heads.values()]
        assert model._cache.cells <= len(engine._template.prefix([HOUSE])) + sum(held)


async def test_beyond_the_context_it_was_trained_for_the_draft_is_silent(
    running, eager, small_model: Path, tmp_path: Path
) -> None:
    short = with_train_context(small_model, tmp_path / "short.gguf", 300)
    async with running(chats=1, context=1024, draft=short) as engine:
        drafter(engine)
        _, last = await reply(engine, HOUSE, user("Felt is warm. " * 40), max_tokens=20, ignore_eos=True)
        assert len(last.tokens) == 20
        assert engine.stats().drafted_tokens == 0


async def test_a_draft_that_dies_takes_no_reply_with_it(
    running, eager, small_model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(chats=2, context=1024) as engine:
        cramped = ModelDrafter(Model(small_model, 0), cells=256, batch=512, threads=2)
        speculation = engine._speculation
        speculation.drafters.append(cramped)
        speculation._everybody[cramped.name] = speculation._everybody["n-gram"]
        with caplog.at_level(logging.WARNING):
            questions = [QUESTION, user("Count to ten."), user("Name a fabric.")]
            replies = await asyncio.gather(
                *(reply(engine, HOUSE, q, max_tokens=20, ignore_eos=True) for q in questions)
            )
        assert [len(last.tokens) for _, last in replies] == [20, 20, 20]
        assert [type(d) for d in speculation.drafters] == [NgramDrafter]
    assert len([r for r in caplog.records if "the model drafter failed" in r.getMessage()]) == 1


def test_a_draft_that_cannot_be_computed_is_refused(
    small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DecodeError(-3)  # as where a backend gives up; no GGUF that loads does so here

    monkeypatch.setattr(Context, "decode", fail)
    with pytest.raises(UserError, match=r"--draft .*gguf fails \(llama_decode returned -3\)"):
        ModelDrafter(Model(small_model, 0), cells=256, batch=256, threads=2)


def test_a_draft_of_another_vocabulary_is_refused(small_model: Path, tmp_path: Path) -> None:
    other = with_other_token(small_model, tmp_path / "other.gguf", 40_000, "haberdashery")
    with pytest.raises(UserError, match=r"--draft .*other.gguf has 'haberdashery' .* for token 40000"):
        Engine.load(small_model, chats=1, context=512, draft=other)


def test_a_draft_of_a_part_of_another_vocabulary_is_refused(small_model: Path, tmp_path: Path) -> None:
    for change, complaint in (
        ({"told": 40_000}, r"tokens of a model that has 40000 where SmolLM2.* has 49152"),
        ({"spoilt": 5}, r"maps tokens that are not there"),
    ):
        other = with_fewer_tokens(small_model, tmp_path / "other.gguf", **change)
        with pytest.raises(UserError, match=rf"--draft .*other.gguf .*{complaint}"):
            Engine.load(small_model, chats=1, context=512, draft=other)
    fewer = with_fewer_tokens(small_model, tmp_path / "fewer.gguf")
    target = with_other_token(small_model, tmp_path / "target.gguf", 5_000, "haberdashery")
    with pytest.raises(
        UserError, match=r"fewer.gguf has .* for token 5000 where target.gguf has 'haberdashery'"
    ):
        Engine.load(target, chats=1, context=512, draft=fewer)


def test_a_draft_needs_no_chat_template_but_a_file(small_model: Path, tmp_path: Path) -> None:
    plain = without_template(small_model, tmp_path / "plain.gguf")
    Engine.load(small_model, chats=1, context=512, draft=plain)
    with pytest.raises(UserError, match="--draft"):
        Engine.load(small_model, chats=1, context=512, draft=tmp_path / "none.gguf")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF nothing")
    with pytest.raises(UserError, match="--draft"):
        Engine.load(small_model, chats=1, context=512, draft=broken)
