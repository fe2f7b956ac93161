"""A model in PyTorch: read from a GGUF, and asked for the logits of what is taught."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel


def load(gguf: Path) -> PreTrainedModel:
    """A GGUF's weights, dequantized to bfloat16, whose products run at twice the speed of float32."""
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, attn_implementation="sdpa"
    ).to(torch.bfloat16)
    model.is_quantized = False  # it says so of what was read from any GGUF, and peft would wrap it otherwise
    return model


def logits(model: PreTrainedModel, tokens: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
    """[taught tokens, vocabulary] logits before each taught token, one chat's after another's.

    The head, a fifth of the model or more, computes only those rows. Padding needs no mask: it comes last,
    and attention is causal.

    Args:
        tokens: [chats, tokens], padded.
        taught: True for each token that is taught; same shape.
    """
    device = model.device
    with torch.autocast(device.type, torch.bfloat16):
        hidden = model.get_decoder()(input_ids=tokens.to(device)).last_hidden_state
        found: torch.Tensor = model.get_output_embeddings()(hidden[:, :-1][taught[:, 1:].to(device)])
    return found.float()
