"""Spoilt copies of a GGUF, by editing its bytes."""

import struct
from pathlib import Path


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
