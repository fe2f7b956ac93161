"""A few steps of the encoder's training, and what it ships."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import teach_encoder
import torch
from safetensors.numpy import load_file
from training import meaning
from training.encoder import Encoder, averaged

from concierge.catalog import MiniLM, minilm
from concierge.paths import cache_dir
from concierge.stylist import open_encoder
from concierge.stylist.encoder import ADAPTER
from concierge.stylist.intent import Intents

SCRIPT = Path(__file__).parents[2] / "scripts" / "teach_encoder.py"
SAID = ["where is my parcel", "a coat for the rain, not too long", "thanks"]


def test_it_tells_how_it_does_and_the_same_seed_writes_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [str(SCRIPT), "--steps", "2", "--chats", "30", "--houses", "8", "--output"]
    made = [sys.executable, *command, str(tmp_path / "one")]
    said = subprocess.run(made, check=True, capture_output=True, text=True).stdout
    assert "2/2: intents " in said
    assert re.search(r"held out: [\d.]+% of intents .*; nearest to what answers: [\d.]+%", said)
    monkeypatch.setattr(sys, "argv", [*command, str(tmp_path / "two")])
    monkeypatch.setattr(teach_encoder, "_judged", lambda _: "")  # half of the time that a run takes
    assert teach_encoder.main() == 0
    one, two = (load_file(tmp_path / name) for name in ("one", "two"))
    both = averaged(one, two)  # as what is shipped is of two
    assert {n: t.shape for n, t in both.items()} == {n: t.shape for n, t in load_file(ADAPTER).items()}
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_an_earlier_adapter_that_is_none_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").touch()
    for name in ("missing", "empty"):
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--earlier", str(tmp_path / name)])
        assert teach_encoder.main() == 2
        said = capsys.readouterr()
        assert f"--earlier {tmp_path / name}: cannot be read" in said.err
        assert not said.out


def test_numpy_says_what_torch_says(tmp_path: Path) -> None:
    torch.manual_seed(0)
    encoder = Encoder(*minilm.fetch(cache_dir())).eval()
    with torch.no_grad():
        for name, weight in encoder.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.05)
        encoder.write(tmp_path / "encoder.safetensors")
        expected = encoder(SAID).numpy()
    found = MiniLM.open(cache_dir(), tmp_path / "encoder.safetensors").sentences(SAID)
    assert np.abs(expected - MiniLM.open(cache_dir()).sentences(SAID)).max() > 0.1
    assert np.allclose(found, expected, atol=0.01)


def test_averaged_adapters_change_half_as_much_each() -> None:
    rng, name = np.random.default_rng(0), "encoder.layer.0.output.dense"
    shapes = {f"{name}.lora_A": (2, 5), f"{name}.lora_B": (4, 2), "intents.bias": (7,)}
    one, other = ({of: rng.normal(size=shape) for of, shape in shapes.items()} for _ in range(2))
    both = averaged(one, other)
    change = both[f"{name}.lora_B"] @ both[f"{name}.lora_A"]
    assert np.allclose(change, sum(a[f"{name}.lora_B"] @ a[f"{name}.lora_A"] for a in (one, other)) / 2)
    assert np.allclose(both["intents.bias"], (one["intents.bias"] + other["intents.bias"]) / 2)


def test_most_messages_that_it_was_not_taught_are_told() -> None:
    messages = meaning.examples(held_out=True)
    assert len(messages) > 300
    assert not {m.text for m in messages} & {m.text for m in meaning.examples(held_out=False)}
    intents, vectors = Intents(), open_encoder(cache_dir()).sentences([m.text for m in messages])
    told = [int(intents.shares(v).argmax()) == m.intent for m, v in zip(messages, vectors, strict=True)]
    assert sum(told) >= 0.7 * len(told), sum(told) / len(told)
