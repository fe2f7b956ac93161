"""The model in PyTorch with LoRA on all its linear layers, and the adapter as a GGUF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import MODEL_ARCH, GGMLQuantizationType, GGUFWriter, get_tensor_name_map
from gguf.quants import quantize
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, PreTrainedModel

from concierge.models.adapter import BASE, A, B
from training.encoding import Example

LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def load(gguf: Path) -> PreTrainedModel:
    """A GGUF's weights, dequantized to bfloat16, whose products run at twice the speed of float32."""
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, attn_implementation="sdpa"
    ).to(torch.bfloat16)
    model.is_quantized = False  # it says so of what was read from any GGUF, and peft would wrap it otherwise
    return model


def with_lora(model: PreTrainedModel, rank: int, seed: int) -> PeftModel:
    """The same model, frozen, with new LoRA matrices on every linear layer but the head."""
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=LAYERS, task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(model, config)
    assert isinstance(adapted, PeftModel)
    return adapted


def loss(model: PeftModel, batch: list[Example]) -> tuple[torch.Tensor, int]:
    """(summed cross-entropy of what is taught, in nats; how many tokens that is).

    The head, a fifth of the model, computes only those rows. Padding needs no mask: it comes last, and
    attention is causal.
    """
    longest = max(map(len, batch))
    tokens = torch.zeros(len(batch), longest, dtype=torch.long)
    taught = torch.zeros(len(batch), longest, dtype=torch.bool)
    for row, example in enumerate(batch):
        tokens[row, : len(example)] = torch.from_numpy(example.tokens.astype(np.int64))
        taught[row, : len(example)] = torch.from_numpy(example.taught)
    inner = model.get_base_model()
    with torch.autocast("cpu", torch.bfloat16):
        hidden = inner.model(input_ids=tokens).last_hidden_state
        # The state before a token foretells it.
        logits = inner.lm_head(hidden[:, :-1][taught[:, 1:]])
    goal = tokens[:, 1:][taught[:, 1:]]
    return torch.nn.functional.cross_entropy(logits.float(), goal, reduction="sum"), len(goal)


def write_adapter(
    model: PeftModel, target: Path, *, base_sha256: str, name: str, about: dict[str, str]
) -> None:
    """Write the adapter as llama.cpp reads it, in Q8_0 where rows allow it and else in F16.

    Args:
        base_sha256: of the GGUF that was taught.
        about: more metadata: licence, description and so on, by their GGUF keys.
    """
    config = model.peft_config["default"]
    hidden = model.get_base_model().config
    writer = GGUFWriter(target, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(config.lora_alpha))
    writer.add_name(name)
    writer.add_string(BASE, base_sha256)
    for key, text in about.items():
        writer.add_string(key, text)
    names = get_tensor_name_map(MODEL_ARCH.LLAMA, hidden.num_hidden_layers)
    for path, module in model.get_base_model().named_modules():
        if not hasattr(module, "lora_A"):
            continue
        tensor = names.get_name(path + ".weight", try_suffixes=(".weight",))
        assert tensor, path
        a = module.lora_A["default"].weight.detach().float().numpy()
        b = module.lora_B["default"].weight.detach().float().numpy()
        if path.endswith(("q_proj", "k_proj")):
            heads = hidden.num_attention_heads if path.endswith("q_proj") else hidden.num_key_value_heads
            b = interleaved(b, heads)
        _add(writer, tensor + A, a)
        _add(writer, tensor + B, b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def interleaved(rows: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Q and K rows in llama.cpp's order: each head's two halves, which rotate together, take turns."""
    size = len(rows) // heads // 2
    return rows.reshape(heads, 2, size, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def _add(writer: GGUFWriter, name: str, matrix: np.ndarray[Any, Any]) -> None:
    if matrix.shape[1] % 32:
        writer.add_tensor(name, np.ascontiguousarray(matrix.astype(np.float16)))
        return
    kind = GGMLQuantizationType.Q8_0
    writer.add_tensor(name, quantize(np.ascontiguousarray(matrix), kind), raw_dtype=kind)
