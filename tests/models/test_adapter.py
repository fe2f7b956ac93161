"""Adapters made of chance, merged into the real model and held against what llama.cpp makes of them."""

import ctypes
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader, GGUFWriter, dequantize

from concierge.engine.llama import Batch, C, Context, Model
from concierge.errors import UserError
from concierge.models import adapt, resolve_adapter
from concierge.models.adapter import BASE, merge
from tests import gguf

TARGETS = {"blk.0.attn_q.weight": (576, 576), "blk.3.ffn_down.weight": (576, 1536)}  # rows, columns
RANK, ALPHA = 4, 8.0
TEXTS = (
    "A coat that keeps the rain out, and a tote beside it.",
    "What would you wear to a wedding?",
    "A dress in silk, for the evening, under 300 euros",
    "My mother likes hats and gloves of felt",
)
MakeAdapter = Callable[..., Path]


@pytest.fixture
def make_adapter(tmp_path: Path) -> MakeAdapter:
    def make_adapter(
        name: str = "adapter.gguf",
        *,
        architecture: str = "llama",
        base: str | None = None,
        columns: int = 576,
        seed: int = 1,
    ) -> Path:
        chance = np.random.default_rng(seed)
        writer = GGUFWriter(tmp_path / name, architecture)
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", ALPHA)
        if base:
            writer.add_string(BASE, base)
        for target, (rows, wide) in TARGETS.items():
            wide = columns if target == "blk.0.attn_q.weight" else wide
            writer.add_tensor(f"{target}.lora_a", chance.normal(0, 0.2, (RANK, wide)).astype(np.float32))
            writer.add_tensor(f"{target}.lora_b", chance.normal(0, 0.2, (rows, RANK)).astype(np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return tmp_path / name

    return make_adapter


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def logits(model: Model, text: str, adapter: Path | None = None) -> np.ndarray:
    """After the text; with the adapter beside the model, as llama.cpp applies it, if one is given."""
    context, batch = Context(model, cells=256, batch=256, threads=2), Batch(256)
    lora = C.llama_adapter_lora_init(model._model, str(adapter).encode()) if adapter else None
    if lora:
        adapters = (ctypes.c_void_p * 1)(ctypes.cast(lora, ctypes.c_void_p))
        pointer = ctypes.cast(adapters, ctypes.POINTER(C.llama_adapter_lora_p_ctypes))
        assert C.llama_set_adapters_lora(context._context, pointer, 1, (ctypes.c_float * 1)(1.0)) == 0
    tokens = model.vocab.tokenize(text, special=False)
    batch.add(np.array(tokens, np.int32), 0, 0, logits=1)
    context.decode(batch)
    found = context.logits(len(tokens) - 1).copy()
    context.close()
    return found


def test_what_it_changes_and_what_it_leaves(
    small_model: Path, make_adapter: MakeAdapter, tmp_path: Path
) -> None:
    adapter, target = make_adapter(), tmp_path / "merged.gguf"
    merge(small_model, adapter, target, sha256(small_model))
    base, lora, merged = (GGUFReader(path) for path in (small_model, adapter, target))
    parts = {tensor.name: tensor.data for tensor in lora.tensors}
    for before, after in zip(base.tensors, merged.tensors, strict=True):
        assert before.name == after.name
        if before.name not in TARGETS:
            assert np.array_equal(before.data, after.data)
            continue
        change = ALPHA / RANK * parts[f"{before.name}.lora_b"] @ parts[f"{before.name}.lora_a"]
        assert np.abs(change).max() > 0.05
        np.testing.assert_allclose(
            after.data, dequantize(before.data, before.tensor_type) + change, atol=1e-3, rtol=1e-3
        )
    for name, field in base.fields.items():
        if not name.startswith("GGUF.") and name != "general.file_type":
            assert merged.fields[name].contents() == field.contents()


def test_merged_it_says_what_llama_cpp_says_with_the_adapter_beside(
    small_model: Path, make_adapter: MakeAdapter, tmp_path: Path
) -> None:
    adapter, target = make_adapter(), tmp_path / "merged.gguf"
    merge(small_model, adapter, target, sha256(small_model))
    base, merged = Model(small_model, 0), Model(target, 0)
    bare, beside, within = (
        np.array([logits(model, text, lora) for text in TEXTS])
        for model, lora in ((base, None), (base, adapter), (merged, None))
    )
    assert np.corrcoef(beside.ravel(), within.ravel())[0, 1] > 0.995
    assert np.abs(beside - within).mean() < 0.5 * np.abs(bare - within).mean()  # Q4_1 rounds activations


async def test_it_is_merged_once_and_kept(
    small_model: Path, make_adapter: MakeAdapter, tmp_path: Path
) -> None:
    adapter = make_adapter()
    first = await adapt(small_model, adapter, tmp_path / "cache")
    made = first.stat().st_mtime_ns
    assert await adapt(small_model, adapter, tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == made
    assert await adapt(small_model, make_adapter(seed=2), tmp_path / "cache") != first
    assert not list((tmp_path / "cache").rglob(".prepare-*"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architecture": "gemma3"}, "for the architecture gemma3"),
        ({"columns": 640}, "blk.0.attn_q.weight has another shape"),
        ({"base": "0" * 64}, "made for another file"),
    ],
)
async def test_one_for_another_base_is_refused(
    small_model: Path, make_adapter: MakeAdapter, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        await adapt(small_model, make_adapter(**change), tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.gguf"))


async def test_what_is_no_adapter_is_refused(
    small_model: Path, make_adapter: MakeAdapter, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="not a LoRA adapter"):
        await adapt(small_model, small_model, tmp_path / "cache")
    broken = gguf.truncated(make_adapter(), tmp_path / "broken.gguf", 900)
    with pytest.raises(UserError, match="--adapter"):
        await adapt(small_model, broken, tmp_path / "cache")


async def test_the_base_that_it_names_is_accepted(
    small_model: Path, make_adapter: MakeAdapter, tmp_path: Path
) -> None:
    adapter = make_adapter(base=sha256(small_model))
    assert (await adapt(small_model, adapter, tmp_path / "cache")).is_file()


def test_names(make_adapter: MakeAdapter, tmp_path: Path) -> None:
    assert resolve_adapter("none", "small") is None
    assert resolve_adapter("auto", "/some/model.gguf") is None
    adapter = make_adapter()
    assert resolve_adapter(str(adapter), "small") == adapter
    with pytest.raises(UserError, match=r"--adapter .* no such file"):
        resolve_adapter(str(tmp_path / "none.gguf"), "small")
