"""A model in PyTorch: read from a GGUF, and asked for the logits of what is taught."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from concierge.paths import cache_dir


def load(gguf: Path) -> PreTrainedModel:
    """A GGUF's weights, dequantized to bfloat16, whose products run at twice the speed of float32.

    Transformers takes a quarter of a minute to read one, so what it read is kept, by the file's content.
    """
    with gguf.open("rb") as file:
        kept = cache_dir() / "torch" / hashlib.file_digest(file, "sha256").hexdigest()[:16]
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=kept.parent) as drawer:
            _convert(gguf, Path(drawer, kept.name))
            with suppress(OSError):  # another process was faster
                os.replace(Path(drawer, kept.name), kept)
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        kept, dtype=torch.bfloat16, attn_implementation="sdpa"
    )
    return model


def _convert(gguf: Path, target: Path) -> None:
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    )
    # It says that it is quantized, of whatever GGUF it is: peft would wrap it, and it could not be saved.
    model.is_quantized, model.hf_quantizer = False, None
    del model.config.quantization_config
    model.to(torch.bfloat16).save_pretrained(target)


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
