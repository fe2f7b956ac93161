"""A few steps of the real training on the real model, and what comes out of it."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGUFReader
from training.encoding import batches, encode
from training.lora import load, with_lora, write_adapter

from concierge.engine import Message
from concierge.engine.llama import Batch, Context, Model
from concierge.engine.template import ChatTemplate
from concierge.models import adapt
from concierge.models.adapter import BASE, A, B, merge

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


def test_it_learns_goes_on_and_writes_an_adapter_that_merges(
    small_model: Path, data: Path, tmp_path: Path
) -> None:
    output = tmp_path / "concierge.gguf"
    first = subprocess.run(training(data, output, 2), check=True, capture_output=True, text=True)
    assert "held out: " in first.stdout
    before = {t.name: t.data.copy() for t in GGUFReader(output).tensors}
    second = subprocess.run(training(data, output, 4), check=True, capture_output=True, text=True)
    assert "going on from step 2" in second.stdout
    reader = GGUFReader(output)
    after = {t.name: t.data for t in reader.tensors}
    assert len(after) == 30 * 7 * 2
    assert all(name.endswith((A, B)) for name in after)
    assert any(not np.array_equal(before[name], after[name]) for name in after)
    assert reader.fields[BASE].contents() == hashlib.sha256(small_model.read_bytes()).hexdigest()
    assert output.stat().st_size < 12e6
    merged = asyncio.run(adapt(small_model, output, tmp_path / "cache"))
    assert Model(merged, 0).parameters == Model(small_model, 0).parameters


def test_a_terminated_run_keeps_its_steps(data: Path, tmp_path: Path) -> None:
    output = tmp_path / "concierge.gguf"
    process = subprocess.Popen(training(data, output, 1000), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    while not process.stdout.readline().startswith("training from step"):
        assert process.poll() is None
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 130
    assert "start again to go on" in said
    assert output.with_suffix(".checkpoint").is_file()
    assert not output.exists()


def test_missing_data_is_told(tmp_path: Path) -> None:
    missing = script("train_concierge.py", "--data", str(tmp_path / "none.jsonl"))
    done = subprocess.run(missing, capture_output=True, text=True)
    assert done.returncode == 2
    assert "scripts/training_data.py" in done.stderr


def test_the_adapter_says_in_llama_cpp_what_it_says_in_torch(small_model: Path, tmp_path: Path) -> None:
    """Rows of Q and K change places on the way; a wrong place would show."""
    torch.manual_seed(3)
    adapter, target = tmp_path / "adapter.gguf", tmp_path / "merged.gguf"
    sha256 = hashlib.sha256(small_model.read_bytes()).hexdigest()
    model = with_lora(load(small_model), 8, 1)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
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


def test_every_chat_is_in_one_batch(small_model: Path) -> None:
    model = Model(small_model, 0, weights=False)
    template = ChatTemplate(model.chat_template or "", model.vocab)
    examples = [
        encode([*CHAT[:2], Message("assistant", "Yes. " * n)], template, model.vocab) for n in range(1, 60)
    ]
    made = list(batches(examples, 512, "1"))
    assert sorted(map(id, (e for batch in made for e in batch))) == sorted(map(id, examples))
    assert all(len(batch) == 1 or len(batch) * max(map(len, batch)) <= 512 for batch in made)
