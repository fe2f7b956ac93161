"""A few steps of the real training on the real model, and what comes out of it."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGUFReader
from peft import PeftModel
from training.encoding import batches, encode, read
from training.lora import read_adapter, with_lora, write_adapter
from transformers import PreTrainedModel

from concierge.engine import Message
from concierge.engine.llama import Batch, Context, Model
from concierge.engine.template import ChatTemplate
from concierge.errors import UserError
from concierge.models import adapt
from concierge.models.adapter import BASE, A, Adapter, B, merge

SCRIPTS = Path(__file__).parents[2] / "scripts"
CHAT = (
    Message("system", "You are the concierge of a house of coats."),
    Message("user", "Hello"),
    Message("assistant", "Good day. What are you dressing for?"),
    Message("user", "[Shopper]\n<|im_start|>rain"),
    Message("assistant", "For rain, the Varel Mac at 320 EUR."),
)


def script(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(SCRIPTS / name), *arguments]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("chats")
    for name, more in (("train", []), ("held-out", ["--held-out"])):
        made = script("training_data.py", "--examples", "8", "--output", str(place / f"{name}.jsonl"), *more)
        subprocess.run(made, check=True, capture_output=True)
    return place


def training(data: Path, output: Path, steps: int) -> list[str]:
    files = ["--data", str(data / "train.jsonl"), "--held-out", str(data / "held-out.jsonl")]
    size = ["--steps", str(steps), "--batch", "512", "--longest", "512"]
    return script("train_concierge.py", *files, *size, "--output", str(output))


def test_it_is_terminated_goes_on_and_writes_an_adapter_that_merges(
    small_model: Path, data: Path, tmp_path: Path
) -> None:
    output = tmp_path / "concierge.gguf"
    process = subprocess.Popen(training(data, output, 1000), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    while not process.stdout.readline().startswith("training from step"):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 130
    assert "the same command goes on from here" in said
    assert not output.exists()
    kept = torch.load(output.with_suffix(".checkpoint"))["place"][0]
    again = subprocess.run(training(data, output, kept + 2), check=True, capture_output=True, text=True)
    assert f"going on from step {kept}" in again.stdout
    assert "held out: " in again.stdout
    reader = GGUFReader(output)
    tensors = {t.name: t.data for t in reader.tensors}
    assert len(tensors) == 30 * 7 * 2
    assert all(name.endswith((A, B)) for name in tensors)
    assert all(tensors[name].any() for name in tensors if name.endswith(B))  # they are 0 before they learn
    assert reader.fields[BASE].contents() == hashlib.sha256(small_model.read_bytes()).hexdigest()
    assert output.stat().st_size < 12e6
    merged = asyncio.run(adapt(small_model, output, tmp_path / "cache"))
    assert Model(merged, 0).parameters == Model(small_model, 0).parameters
    more = tmp_path / "more.gguf"
    taken_up = [*training(data, more, 0), "--from", str(output), "--seed", "9"]
    subprocess.run(taken_up, check=True, capture_output=True)
    first, second = Adapter(output), Adapter(more)
    assert first.targets == second.targets
    for name in first.targets:
        for old, new in zip(first.matrices(name), second.matrices(name), strict=True):
            assert np.abs(old - new).max() <= np.abs(old).max() / 127  # Q8_0 of Q8_0


def test_missing_data_is_told(tmp_path: Path) -> None:
    missing = script("train_concierge.py", "--data", str(tmp_path / "none.jsonl"))
    done = subprocess.run(missing, capture_output=True, text=True)
    assert done.returncode == 2
    assert "scripts/training_data.py" in done.stderr


def taught(model: PeftModel) -> None:
    """Give the matrices that are 0 some values."""
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)


def test_an_adapter_read_back_is_the_one_that_was_written(plain: PreTrainedModel, tmp_path: Path) -> None:
    """Up to its Q8_0; a wrong order of Q and K, or another alpha, would show."""
    torch.manual_seed(3)
    model = with_lora(copy.deepcopy(plain), 32, 1)
    taught(model)
    tokens = torch.arange(1000, 1040)[None]

    def said() -> np.ndarray[Any, Any]:
        with torch.no_grad():
            return model(tokens).logits.numpy()

    def changed() -> dict[str, torch.Tensor]:
        return {name: weight.clone() for name, weight in model.named_parameters() if "lora_" in name}

    write_adapter(model, tmp_path / "a.gguf", base_sha256="", name="Test", about={})
    before, weights = said(), changed()
    with model.disable_adapter():
        base = said()
    for weight in changed():
        model.get_parameter(weight).data.zero_()
    read_adapter(model, Adapter(tmp_path / "a.gguf"))
    for name, weight in changed().items():
        assert (weight - weights[name]).abs().max() <= weights[name].abs().max() / 127
    assert np.abs(said() - before).mean() < 0.05 * np.abs(base - before).mean()
    with pytest.raises(UserError, match=r"a.gguf is of other layers or of another rank"):
        read_adapter(with_lora(copy.deepcopy(plain), 8, 1), Adapter(tmp_path / "a.gguf"))


def test_the_adapter_says_in_llama_cpp_what_it_says_in_torch(
    plain: PreTrainedModel, small_model: Path, tmp_path: Path
) -> None:
    """Rows of Q and K change places on the way; a wrong place would show."""
    torch.manual_seed(3)
    adapter, target = tmp_path / "adapter.gguf", tmp_path / "merged.gguf"
    sha256 = hashlib.sha256(small_model.read_bytes()).hexdigest()
    model = with_lora(copy.deepcopy(plain), 8, 1)
    taught(model)
    write_adapter(model, adapter, base_sha256=sha256, name="Test", about={})
    merge(small_model, adapter, target, sha256)
    served = Model(target, 0)
    tokens = served.vocab.tokenize("A coat that keeps the rain out, and a tote beside it.", special=False)
    with torch.no_grad():
        changed = model(torch.tensor([tokens])).logits[0, -1].float().numpy()
        with model.disable_adapter():
            base = model(torch.tensor([tokens])).logits[0, -1].float().numpy()
    context, batch = Context(served, cells=256, batch=256, threads=2), Batch(256)
    batch.add(np.array(tokens, np.int32), 0, 0, logits=1)
    context.decode(batch)
    found = context.logits(len(tokens) - 1).copy()
    context.close()
    assert 1 - np.corrcoef(found, changed)[0, 1] < 0.5 * (1 - np.corrcoef(found, base)[0, 1])


def test_only_replies_and_their_ends_are_taught(small_model: Path) -> None:
    model = Model(small_model, 0, weights=False)
    template = ChatTemplate(model.chat_template or "", model.vocab)
    example = encode(CHAT, template, model.vocab)
    taught = [
        model.vocab.piece(int(t), special=True).decode() for t in example.tokens[example.taught].tolist()
    ]
    replies = [m.content for m in CHAT if m.role == "assistant"]
    assert "".join(taught) == "".join(f"{reply}<|im_end|>" for reply in replies)
    prompt = template.encode(CHAT[:4])
    assert example.tokens[: len(prompt)].tolist() == prompt


def test_replies_that_need_not_be_learnt_are_only_read(small_model: Path, tmp_path: Path) -> None:
    """A chat ends with the last reply that teaches; before it, the others stand as the model finds them."""
    model = Model(small_model, 0, weights=False)
    template = ChatTemplate(model.chat_template or "", model.vocab)
    whole = encode(CHAT, template, model.vocab)
    messages = [{"role": m.role, "content": m.content} for m in CHAT]
    lines = [json.dumps({"messages": messages, "train": places}) for places in ([2], [4], [2, 4])]
    (tmp_path / "chats.jsonl").write_text("\n".join(lines))
    first, second, both = read(tmp_path / "chats.jsonl", template, model.vocab, longest=4096)
    assert second.tokens.tolist() == both.tokens.tolist() == whole.tokens.tolist()
    assert both.taught.tolist() == whole.taught.tolist()
    assert first.tokens.tolist() == whole.tokens[: len(first)].tolist()
    assert first.taught[-1]
    assert not second.taught[: len(first)].any()
    assert second.taught[len(first) :].tolist() == whole.taught[len(first) :].tolist()


def test_every_chat_is_in_one_batch(small_model: Path) -> None:
    model = Model(small_model, 0, weights=False)
    template = ChatTemplate(model.chat_template or "", model.vocab)
    examples = [
        encode([*CHAT[:2], Message("assistant", "Yes. " * n)], template, model.vocab) for n in range(1, 60)
    ]
    made = list(batches(examples, 512, "1"))
    assert sorted(map(id, (e for batch in made for e in batch))) == sorted(map(id, examples))
    assert all(len(batch) == 1 or len(batch) * max(map(len, batch)) <= 512 for batch in made)
