"""A draft model cut out of the real small model, trained for a few steps, and drafting in the real engine."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training.distilling import Distilling, acceptance
from training.draft_gguf import write_draft
from training.encoding import Example, encode
from training.forecast import Guesses, Measured, Shop, measured
from training.student import Cut, cut_out, evenly, frequent, translation
from training.teacher import LIKELY, Lesson, Teacher, runs
from training.trainer import Plan, Trainer
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from concierge.engine import Engine, Message, Request, SamplingParams
from concierge.engine.llama import Model, quantize
from concierge.engine.speculation import ModelDrafter, Speculation, check_vocabulary
from concierge.engine.template import ChatTemplate
from concierge.errors import UserError
from tests.engine.conftest import prove_tie
from tests.ggml import logits

ROOT = Path(__file__).parents[2]
HOUSE = "You are the concierge of Alder. Answer in one sentence."
QUESTIONS = ["Do you have a wool coat?", "What is the coat made of?", "May I return it?", "A gift, please."]
ANSWER = "The Alder coat is of wool, and we take it back within 30 days."
NAME = "2-layers-1024-tokens"


def chats(questions: list[str]) -> list[list[Message]]:
    return [[Message("system", HOUSE), Message("user", q), Message("assistant", ANSWER)] for q in questions]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chats to train on and to judge by, and what becomes of them."""
    folder = tmp_path_factory.mktemp("distill")
    for name, questions in (("train", QUESTIONS[:3]), ("held-out", QUESTIONS[3:])):
        lines = [
            json.dumps({"messages": [{"role": m.role, "content": m.content} for m in chat]})
            for chat in chats(questions)
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
    return folder


def test_a_reply_ends_as_the_template_ends_it(small_model: Path) -> None:
    """Gemma's turns end with a token that its vocabulary does not name as the end."""
    vocab = Model(small_model, 0, weights=False).vocab
    turn = "{% for m in messages %}{{ m.role }}: {{ m.content }}<|endoftext|>\n{% endfor %}assistant: "
    example = encode(
        [*chats(QUESTIONS[:1])[0], *chats(QUESTIONS[1:2])[0][1:]], ChatTemplate(turn, vocab), vocab
    )
    ends = [int(example.tokens[end - 1]) for _, end in runs(example.taught)]
    assert ends == vocab.tokenize("<|endoftext|>", special=True) * 2
    assert ends[0] != vocab.eos


def distill(folder: Path, *more: str) -> str:
    options = ["--adapter", "none", "--data", folder / "train.jsonl", "--held-out", folder / "held-out.jsonl"]
    options += ["--output", folder, "--layers", "2", "--vocabulary", "1024"]
    command = [sys.executable, "scripts/distill_draft.py", *map(str, options), *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def draft(folder: Path) -> Path:
    """Made in two goes, of which the second asks the target nothing and goes on training."""
    first = distill(folder, "--steps", "2")
    assert "3 chats with" in first
    assert "going on" not in first
    again = distill(folder, "--steps", "3")
    assert "chats asked" not in again
    assert f"going on from step 2 of {folder / NAME}.checkpoint" in again
    return folder / f"{NAME}.gguf"


@pytest.fixture(scope="module")
def lesson(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """One chat, read by the target in BF16; with Q4_1 what goes into a product is rounded to 8 bits."""
    folder = tmp_path_factory.mktemp("teacher")
    quantize(small_model, folder / "target.gguf", "BF16", threads=2)
    teacher = Teacher(folder / "target.gguf", folder, own=False, longest=512)
    return teacher.lessons(chats(QUESTIONS[:1]), "test")[0]


async def test_replies_are_the_same_with_the_draft(
    draft: Path, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Speculation, "_depth", lambda *_: 4)  # whether it pays or not
    monkeypatch.setattr(
        "concierge.engine.speculation.controller.lengths", lambda chances, *_: [len(c) for c in chances]
    )
    monkeypatch.setattr("concierge.engine.speculation.controller.HOPELESS", 0.0)
    greedy = SamplingParams(temperature=0.0, max_tokens=24, ignore_eos=True)
    request = Request((Message("system", HOUSE), Message("user", QUESTIONS[0])), greedy)
    engine = Engine.load(small_model, chats=1, context=512, draft=draft)
    await engine.start()
    assert engine._speculation
    model = [d for d in engine._speculation.drafters if isinstance(d, ModelDrafter)]
    replies = []
    for drafters in ([], model):
        engine._speculation.drafters = drafters
        replies.append([chunk async for chunk in engine.generate(request)][-1].tokens)
    stats = engine.stats()
    assert engine._speculation.drafters == model  # it is alive
    await engine.stop()
    plain, drafted = replies
    if plain != drafted:
        prove_tie(small_model, engine._template.encode(request.messages), plain, drafted)
    assert stats.drafted_tokens >= len(plain)


def test_the_frontier_tells_size_cost_acceptance_and_gain(draft: Path, folder: Path) -> None:
    alone, made = json.loads((folder / "frontier.json").read_text())["drafts"]
    assert alone["name"] == "n-gram alone"
    assert (made["name"], made["bytes"]) == (NAME, draft.stat().st_size)
    assert made["ms"]["1"] > 0
    assert sorted(made["accepted"], reverse=True) == made["accepted"]  # a longer draft is right less often
    assert all(row["alone"].keys() == {"1", "4"} for row in (alone, made))
    assert f"| {NAME} | {made['bytes'] / 1e6:.1f} |" in (folder / "frontier.md").read_text()


def test_a_whole_copy_is_the_target(
    plain: PreTrainedModel, small_model: Path, lesson: Lesson, tmp_path: Path
) -> None:
    """As llama.cpp reads it: all layers guess as the target."""
    between = translation(plain, frequent([lesson], 2048, Model(small_model, 0, weights=False).vocab))
    whole = cut_out(plain, Cut(tuple(range(30)), None, 2048), between.tokens, [])
    write_draft(whole, small_model, tmp_path / "whole.gguf", between, "whole")
    check_vocabulary(Model(tmp_path / "whole.gguf", 0), Model(small_model, 0))
    own = np.isin(lesson.likely[:, 0], between.tokens)
    guessed = np.array(measured(tmp_path / "whole.gguf", [lesson]).guesses[0].tokens)
    assert (guessed == lesson.likely[:, 0])[own].mean() > 0.8  # what is left: penalties, rounding


def test_a_narrow_one_is_in_llama_cpp_what_it_is_in_torch(
    plain: PreTrainedModel,
    small_model: Path,
    lesson: Lesson,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half as wide, with the target's heads: their size is no longer channels by heads."""
    between = translation(plain, frequent([lesson], 2048, Model(small_model, 0, weights=False).vocab))
    narrow, path = cut_out(plain, Cut((0, 15, 29), 288, 2048), between.tokens, [lesson]), tmp_path / "x.gguf"
    before = narrow.state_dict()["model.layers.2.self_attn.q_proj.weight"].clone()
    pupil = Distilling(narrow, between, [lesson], size=512, temperature=0.7)
    Trainer(pupil, Plan(0, 2, 1e-3, 512, 1), tmp_path / "x.checkpoint", "narrow").run([lesson])
    after = narrow.cpu().state_dict()["model.layers.2.self_attn.q_proj.weight"]
    assert before.shape == (576, 288)
    assert not torch.equal(before, after)
    tokens = between.to_draft(lesson.tokens)
    with torch.no_grad():
        wanted = narrow(input_ids=torch.from_numpy(tokens.astype(np.int64))[None]).logits[0].numpy()
    write_draft(narrow, small_model, path, between, "narrow")
    check_vocabulary(Model(path, 0, "--draft"), Model(small_model, 0, weights=False))
    assert np.corrcoef(logits(Model(path, 0), tokens).ravel(), wanted.ravel())[0, 1] > 0.99
    # And in F32, which tells an error from rounding.
    monkeypatch.setattr("training.draft_gguf._stored", lambda weight: (weight, None))
    write_draft(narrow, small_model, path, between, "narrow")
    assert np.abs(logits(Model(path, 0), tokens) - wanted).max() < 0.03 * wanted.std()  # the cache is in F16


@pytest.mark.parametrize("family", ["llama", "gemma"])
def test_each_axis_is_cut_by_what_it_is_of(family: str) -> None:
    """Where channels, neurons, tokens and rows of queries are equally many, and sizes tell nothing."""
    shape: dict[str, Any] = {"vocab_size": 64, "hidden_size": 64, "intermediate_size": 64, "head_dim": 16}
    shape |= {"num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2}
    torch.manual_seed(4)
    if family == "llama":
        whole: PreTrainedModel = LlamaForCausalLM(LlamaConfig(**shape, tie_word_embeddings=True))
    else:
        whole = Gemma3ForCausalLM(Gemma3TextConfig(**shape, pad_token_id=0))
    with torch.no_grad():
        whole.get_input_embeddings().weight[:, 32:] *= 99  # the channels that matter
        whole.model.layers[2].mlp.up_proj.weight[:32] *= 99  # the neurons that do
    tokens = np.arange(0, 64, 2, dtype=np.int32)
    seen = Example(np.arange(1, 20, dtype=np.int32), np.ones(19, np.bool_))
    narrow = cut_out(whole, Cut((0, 2), 32, 32), tokens, [seen])
    assert narrow(input_ids=torch.arange(9)[None]).logits.shape == (1, 9, 32)
    old, new = whole.model.layers[2], narrow.model.layers[1]
    assert torch.equal(narrow.get_input_embeddings().weight, whole.get_input_embeddings().weight[::2, 32:])
    assert torch.equal(new.self_attn.q_proj.weight, old.self_attn.q_proj.weight[:, 32:])
    assert torch.equal(new.self_attn.o_proj.weight, old.self_attn.o_proj.weight[32:])
    assert torch.equal(new.mlp.up_proj.weight, old.mlp.up_proj.weight[:32, 32:])
    assert torch.equal(new.mlp.down_proj.weight, old.mlp.down_proj.weight[32:, :32])


def test_the_teacher_tells_what_the_stylists_sampler_would_see(
    plain: PreTrainedModel, small_model: Path, lesson: Lesson
) -> None:
    ((start, end, row),) = lesson.replies()
    text = b"".join(
        Model(small_model, 0, weights=False).vocab.piece(int(t)) for t in lesson.tokens[start:end]
    )
    assert (text.decode(), row) == (ANSWER, 0)
    assert lesson.likely.shape == lesson.logits.shape == (end - start, LIKELY)
    assert (np.diff(lesson.logits, axis=1) <= 0).all()
    with torch.no_grad():
        told = plain(input_ids=torch.from_numpy(lesson.tokens.astype(np.int64))[None]).logits[0].numpy()
    first = told[start - 1]  # before anything is said there is nothing to penalize
    assert first[lesson.likely[0]] == pytest.approx(lesson.logits[0], abs=0.5)
    said, last = set(lesson.tokens[start : end - 1].tolist()), told[end - 2]
    for token, logit in zip(lesson.likely[-1].tolist(), lesson.logits[-1], strict=True):
        penalized = (
            (last[token] / 1.1 if last[token] > 0 else last[token] * 1.1) if token in said else last[token]
        )
        assert penalized == pytest.approx(logit, abs=0.7)


def test_tokens_said_most_are_kept_and_others_read_as_their_nearest(
    plain: PreTrainedModel, small_model: Path, lesson: Lesson
) -> None:
    vocab = Model(small_model, 0, weights=False).vocab
    tokens = frequent([lesson], 1024, vocab)
    assert len(tokens) == len(set(tokens.tolist())) == 1024
    assert set(lesson.tokens.tolist()) | vocab.end_tokens <= set(tokens.tolist())
    assert all(t in tokens for t in range(vocab.size) if len(vocab.piece(t)) == 1)
    between = translation(plain, tokens)
    assert (between.to_draft(tokens) == np.arange(1024)).all()
    (coats,), (coat,) = vocab.tokenize(" coats", special=False), vocab.tokenize(" coat", special=False)
    assert coats not in tokens
    assert between.to_target(int(between.to_draft(np.array([coats]))[0])) == coat


def test_layers_and_runs() -> None:
    assert [evenly(n, 30) for n in (1, 2, 3, 4)] == [(0,), (0, 29), (0, 14, 29), (0, 10, 19, 29)]
    assert evenly(40, 18) == tuple(range(18))
    assert runs(np.array([True, False, True, True])) == [(0, 1), (2, 4)]
    assert runs(np.zeros(3, bool)) == []


def test_acceptance_is_of_whole_drafts() -> None:
    right = np.array([True, True, False, True, True, True])
    assert acceptance([right]) == pytest.approx([5 / 6, 3 / 5, 1 / 4, 0])
    assert acceptance([right[:2], right[3:]]) == pytest.approx([1, 1, 1, 0])


def test_the_forecast_is_what_arithmetic_says() -> None:
    """Steps that cost the same whatever they verify, and a free draft that is always right, or never."""
    tokens = np.random.default_rng(1).permutation(1000).astype(np.int32)  # nothing is said twice
    taught = np.arange(1000) >= 400
    shape = (600, LIKELY)
    lesson = Lesson(tokens, taught, np.zeros(shape, np.int32), np.zeros(shape, np.float32))

    def rate(guesses: list[int], cost: float, chats: int = 1) -> float:
        model = Measured([Guesses(guesses, [4] * 600)], [cost] * 16, [])
        return Shop([lesson], [0.01] * 16, model, ngram=True).rate(chats)

    said = tokens[taught].tolist()
    assert Shop([lesson], [0.01] * 16, None, ngram=True).rate(1) == pytest.approx(100)
    assert Shop([lesson], [0.01] * 16, None, ngram=False).rate(4) == pytest.approx(400)
    assert rate(said, 1e-6) == pytest.approx(1700, rel=0.1)  # a draft of 16 and the token after it
    assert rate(said, 1e-6, chats=2) > 2000
    assert rate(said, 1.0) == pytest.approx(
        100, rel=0.02
    )  # too dear to be used, but for a probe now and then
    assert rate(said[1:] + said[:1], 1e-6) == pytest.approx(100, rel=0.02)
    assert 120 < rate(said, 0.005) < 200


@pytest.fixture
def toy() -> Lesson:
    """Twenty tokens, each of which the teacher is nearly sure of."""
    chance = np.random.default_rng(2)
    tokens = chance.integers(0, 40, 30).astype(np.int32)
    likely = np.array(
        [chance.permutation([t, *(set(range(40)) - {t})][:LIKELY]) for t in tokens[10:]], np.int32
    )
    logits = np.where(likely == tokens[10:, None], 4.0, chance.normal(0, 0.3, likely.shape)).astype(
        np.float32
    )
    order = np.argsort(-logits, axis=1)
    likely, logits = (np.take_along_axis(values, order, axis=1) for values in (likely, logits))
    return Lesson(tokens, np.arange(30) >= 10, likely, logits)


def student(seed: int) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    shape = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=40, **shape, tie_word_embeddings=True))


def distilling(seed: int, toy: Lesson) -> Distilling:
    return Distilling(student(seed), None, [toy], size=64, temperature=0.3)


def test_it_learns_what_the_teacher_would_say(toy: Lesson, tmp_path: Path) -> None:
    pupil = distilling(1, toy)
    before = pupil.acceptance([toy])
    Trainer(pupil, Plan(0, 80, 1e-2, 64, 1), tmp_path / "x.checkpoint", "toy").run([toy])
    assert before[0] < 0.3
    assert pupil.acceptance([toy]) == [1, 1, 1, 1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_gone_on_with_it_is_the_same_as_never_stopped(
    toy: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    lessons = [toy] * 5  # three batches an epoch, so that it stops within one

    def made(seed: int, name: str, origin: str = "toy") -> tuple[Trainer[Lesson], Distilling]:
        pupil = distilling(seed, toy)
        return Trainer(pupil, Plan(0, 7, 1e-2, 64, 1), tmp_path / f"{name}.checkpoint", origin), pupil

    def stopping(pupil: Distilling, batch: list[Lesson], calls: list[None] = []) -> torch.Tensor:  # noqa: B006
        calls.append(None)
        if len(calls) == 4:
            signal.raise_signal(number)
        return loss(pupil, batch)

    straight, goal = made(1, "straight")
    straight.run(lessons)
    loss = Distilling.loss
    stopped, _ = made(1, "x")
    with monkeypatch.context() as patch:
        patch.setattr(Distilling, "loss", stopping)
        with pytest.raises(KeyboardInterrupt):
            stopped.run(lessons)
    assert stopped.step == 4  # the one that it came in is done
    again, pupil = made(2, "x")
    again.run(lessons)
    assert again.step == 7
    assert all(torch.equal(weight, pupil.state()[name]) for name, weight in goal.state().items())
    other, _ = made(1, "x", "other")
    with pytest.raises(UserError, match=r"x.checkpoint is of another model or other chats"):
        other.run(lessons)


def test_the_rate_rises_and_falls() -> None:
    plan = Plan(100.0, None, 1e-3, 64, 1)
    assert [plan.progress(seconds, 7) for seconds in (0.0, 50.0, 100.0)] == [0, 0.5, 1]
    assert Plan(100.0, 14, 1e-3, 64, 1).progress(99.0, 7) == 0.5
    assert Plan(100.0, 0, 1e-3, 64, 1).progress(0.0, 0) == 1
    rates = [plan.rate_at(progress) for progress in (0, 0.015, 0.04, 0.5, 1)]
    assert rates == pytest.approx([1e-5, 5.1e-4, 1e-3, 5.25e-4, 5e-5], rel=0.01)
