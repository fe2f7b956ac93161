"""LoRA on all linear layers of a model in PyTorch, and the adapter as a GGUF, to and fro."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import MODEL_ARCH, GGMLQuantizationType, GGUFWriter, get_tensor_name_map
from gguf.quants import quantize
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel

from concierge.errors import UserError
from concierge.models.adapter import BASE, A, Adapter, B

LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def with_lora(model: PreTrainedModel, rank: int, seed: int) -> PeftModel:
    """The same model, frozen, with new LoRA matrices on every linear layer but the head."""
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=LAYERS, task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(model, config)
    assert isinstance(adapted, PeftModel)
    return adapted


def write_adapter(
    model: PeftModel, target: Path, *, base_sha256: str, name: str, about: dict[str, str]
) -> None:
    """Write the adapter as llama.cpp reads it, in Q8_0 where rows allow it and else in F16.

    Args:
        base_sha256: of the GGUF that was taught.
        about: more metadata: licence, description and so on, by their GGUF keys.
    """
    config = model.peft_config["default"]
    writer = GGUFWriter(target, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(config.lora_alpha))
    writer.add_name(name)
    writer.add_string(BASE, base_sha256)
    for key, text in about.items():
        writer.add_string(key, text)
    for tensor, module, heads in _adapted(model):
        b = _numpy(module.lora_B["default"].weight)
        _add(writer, tensor + A, _numpy(module.lora_A["default"].weight))
        _add(writer, tensor + B, interleaved(b, heads) if heads else b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_adapter(model: PeftModel, adapter: Adapter) -> None:
    """Start from an adapter's weights, as `write_adapter` wrote them, instead of new ones.

    Raises:
        UserError: it is not of these tensors and this rank.
    """
    config = model.peft_config["default"]
    parts = list(_adapted(model))
    fit = all(adapter.fits(tensor, tuple(module.weight.shape)) for tensor, module, _ in parts)
    if not fit or len(parts) != len(adapter.targets) or adapter.rank != config.r:
        raise UserError(
            f"--from {adapter.path} is of other layers or of another rank; give another, or none."
        )
    for tensor, module, heads in parts:
        a, b = adapter.matrices(tensor)
        b = (halved(b, heads) if heads else b) * (config.r / config.lora_alpha)
        for layer, values in ((module.lora_A["default"], a), (module.lora_B["default"], b)):
            layer.weight.data.copy_(torch.from_numpy(values))


def interleaved(rows: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Q and K rows in llama.cpp's order: each head's two halves, which rotate together, take turns."""
    size = len(rows) // heads // 2
    return rows.reshape(heads, 2, size, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def halved(rows: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """The inverse of `interleaved`."""
    size = len(rows) // heads // 2
    return rows.reshape(heads, size, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def _adapted(model: PeftModel) -> Iterator[tuple[str, Any, int]]:
    """(name in GGUF, module, heads whose rows are in another order there or 0) of each adapted tensor."""
    base = model.get_base_model()
    names = get_tensor_name_map(MODEL_ARCH.LLAMA, base.config.num_hidden_layers)
    heads = {"q_proj": base.config.num_attention_heads, "k_proj": base.config.num_key_value_heads}
    for path, module in base.named_modules():
        if hasattr(module, "lora_A"):
            tensor = names.get_name(path + ".weight", try_suffixes=(".weight",))
            assert tensor, path
            yield tensor, module, heads.get(path.split(".")[-1], 0)


def _numpy(weight: torch.Tensor) -> np.ndarray[Any, Any]:
    return weight.detach().float().numpy()


def _add(writer: GGUFWriter, name: str, matrix: np.ndarray[Any, Any]) -> None:
    if matrix.shape[1] % 32:
        writer.add_tensor(name, np.ascontiguousarray(matrix.astype(np.float16)))
        return
    kind = GGMLQuantizationType.Q8_0
    writer.add_tensor(name, quantize(np.ascontiguousarray(matrix), kind), raw_dtype=kind)
