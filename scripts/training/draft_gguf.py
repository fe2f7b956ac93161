"""A draft model as a GGUF for `--draft`: the target's metadata and tokenizer, the student's weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from gguf import (
    MODEL_ARCH_NAMES,
    GGMLQuantizationType,
    GGUFReader,
    GGUFValueType,
    GGUFWriter,
    LlamaFileType,
    get_tensor_name_map,
)
from gguf.quants import quantize
from transformers import PreTrainedModel

from concierge.engine.speculation import Translation
from concierge.engine.speculation.vocabulary import INPUTS, TARGET, TOKENS
from training.lora import interleaved

BLOCK = 32  # weights of a row that Q8_0 quantizes together
_UNLIKE = ("general.architecture", "general.file_type", "general.size_label", "general.name")


def write_draft(
    student: PreTrainedModel, target: Path, output: Path, translation: Translation | None, name: str
) -> None:
    """Write the student in Q8_0, norms in F32; whole or not at all.

    Args:
        target: GGUF of the model that it was cut out of.
        translation: between their tokens, if it has fewer.
        name: what tells it from the target.
    """
    reader = GGUFReader(target)
    architecture = reader.fields["general.architecture"].contents()
    unfinished = output.with_suffix(".unfinished")
    writer = GGUFWriter(unfinished, architecture)
    # The target's name stays a part of it, since llama.cpp treats the tokens of some models by their name.
    named = reader.fields.get("general.name")
    writer.add_name(f"{named.contents() if named else target.stem}, draft of {name}")
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    for key, (value, kind, item) in _metadata(reader, student.config, architecture, translation).items():
        writer.add_key_value(key, value, kind, item)
    for tensor, weight in _tensors(student, architecture):
        data, kind = _stored(weight)
        writer.add_tensor(tensor, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(unfinished, output)


Field = tuple[Any, GGUFValueType, GGUFValueType | None]


def _metadata(
    reader: GGUFReader, config: Any, architecture: str, translation: Translation | None
) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key not in _UNLIKE:
            kind = field.types[0]
            fields[key] = (field.contents(), kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)
    sizes = {
        "block_count": config.num_hidden_layers,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "vocab_size": config.vocab_size,
    }
    if head := getattr(config, "head_dim", None):
        sizes |= {"attention.key_length": head, "attention.value_length": head}
    fields |= {f"{architecture}.{key}": _integer(size) for key, size in sizes.items()}
    return fields if translation is None else _with_fewer_tokens(fields, translation)


def _with_fewer_tokens(fields: dict[str, Field], translation: Translation) -> dict[str, Field]:
    """The tokenizer of the kept tokens, and what they are among the target's."""
    kept, size = translation.tokens.tolist(), len(translation.inputs)
    own = {token: place for place, token in enumerate(kept)}
    fewer: dict[str, Field] = {}
    for key, (value, kind, item) in fields.items():
        if not key.startswith("tokenizer."):
            fewer[key] = (value, kind, item)
        elif key.endswith("_token_id"):
            if value in own:
                fewer[key] = _integer(own[value])
        elif key.endswith(".merges"):
            known = {fields["tokenizer.ggml.tokens"][0][token] for token in kept}
            merges = [m for m in value if "".join(m.split(" ")) in known and known.issuperset(m.split(" "))]
            fewer[key] = (merges, kind, item)
        elif kind == GGUFValueType.ARRAY and len(value) == size:
            fewer[key] = ([value[token] for token in kept], kind, item)
        else:
            fewer[key] = (value, kind, item)
    for key, numbers in ((TOKENS, translation.tokens), (INPUTS, translation.inputs)):
        fewer[key] = (numbers.tolist(), GGUFValueType.ARRAY, GGUFValueType.INT32)
    return fewer | {TARGET: _integer(size)}


def _tensors(student: PreTrainedModel, architecture: str) -> list[tuple[str, np.ndarray]]:
    """The weights by their names in GGUF, as llama.cpp wants them."""
    config = student.config
    arch = next(number for number, name in MODEL_ARCH_NAMES.items() if name == architecture)
    names = get_tensor_name_map(arch, config.num_hidden_layers)
    heads = {"q_proj.weight": config.num_attention_heads, "k_proj.weight": config.num_key_value_heads}
    tensors = []
    for path, parameter in student.state_dict().items():
        if path == "lm_head.weight" and config.tie_word_embeddings:
            continue
        name = names.get_name(path, try_suffixes=(".weight", ".bias"))
        assert name, path
        weight = np.ascontiguousarray(parameter.detach().cpu().float().numpy())
        if architecture == "llama" and (suffix := ".".join(path.split(".")[-2:])) in heads:
            weight = np.ascontiguousarray(interleaved(weight, heads[suffix]))
        if architecture.startswith("gemma") and path.endswith("norm.weight"):
            weight = weight + 1  # transformers' norms of Gemma multiply by one more than their weight
        tensors.append((name, weight))
    return tensors


def _stored(weight: np.ndarray) -> tuple[np.ndarray, GGMLQuantizationType | None]:
    """A weight as it is written, and what it then is; None if the array's type tells."""
    if weight.ndim == 1:
        return weight, None
    if weight.shape[1] % BLOCK:
        return weight.astype(np.float16), None
    return quantize(weight, GGMLQuantizationType.Q8_0), GGMLQuantizationType.Q8_0


def _integer(value: int) -> Field:
    return value, GGUFValueType.UINT32, None
