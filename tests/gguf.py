"""Spoilt copies of a GGUF, by editing its bytes or writing it anew."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, GGUFValueType, GGUFWriter


def edited(source: Path, target: Path, old: bytes, new: bytes) -> Path:
    """A copy with one byte string replaced by another of equal length."""
    content = source.read_bytes()
    assert content.count(old) == 1
    assert len(old) == len(new)
    target.write_bytes(content.replace(old, new))
    return target


def truncated(source: Path, target: Path, size: int) -> Path:
    """A copy of the first `size` bytes."""
    with source.open("rb") as stream:
        target.write_bytes(stream.read(size))
    return target


def without_template(source: Path, target: Path) -> Path:
    """A copy whose chat template goes by a name that nobody knows."""
    return edited(source, target, b"tokenizer.chat_template", b"tokenizer.chat_tempxxxx")


def with_train_context(source: Path, target: Path, tokens: int) -> Path:
    """A copy of a llama model that claims to have been trained on contexts of `tokens`."""
    key, uint32 = b"llama.context_length", struct.pack("<I", 4)
    content = source.read_bytes()
    at = content.index(key + uint32) + len(key + uint32)
    old = key + uint32 + content[at : at + 4]
    return edited(source, target, old, key + uint32 + struct.pack("<I", tokens))


def with_blocks(source: Path, target: Path, blocks: int) -> Path:
    """A copy of a llama model with its first `blocks` layers only."""

    def cut(name: str, data: np.ndarray) -> np.ndarray | None:
        return None if name.startswith("blk.") and int(name.split(".")[1]) >= blocks else data

    return rewritten(source, target, {"llama.block_count": lambda _: blocks}, cut)


def with_rolled_tokens(source: Path, target: Path) -> Path:
    """A copy that takes each token for another and means another by what it says."""

    def roll(name: str, data: np.ndarray) -> np.ndarray:
        return np.roll(data, 1000, axis=0) if name == "token_embd.weight" else data

    return rewritten(source, target, {}, roll)


def with_other_token(source: Path, target: Path, token: int, text: str) -> Path:
    """A copy with another text for one token."""

    def change(tokens: list[str]) -> list[str]:
        return [*tokens[:token], text, *tokens[token + 1 :]]

    return rewritten(source, target, {"tokenizer.ggml.tokens": change})


def rewritten(
    source: Path,
    target: Path,
    fields: dict[str, Callable[[Any], Any]],
    tensor: Callable[[str, np.ndarray], np.ndarray | None] = lambda _, data: data,
) -> Path:
    """A copy with some metadata changed, and tensors changed or left out (None)."""
    reader = GGUFReader(source)
    writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        value = fields.get(name, lambda same: same)(field.contents())
        kind, item = field.types[0], field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(name, value, kind, item)
    for part in reader.tensors:
        data = tensor(part.name, part.data)
        if data is not None:
            writer.add_tensor(part.name, np.ascontiguousarray(data), raw_dtype=part.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target
