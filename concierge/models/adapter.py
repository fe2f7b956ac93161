"""LoRA adapters (Hu et al. 2021, arXiv:2106.09685) in GGUF, and their merging into a base model.

Merged, since a separate adapter would cost every step two more products for each matrix.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType, dequantize
from gguf.gguf_reader import ReaderTensor

from concierge.errors import UserError

Matrix = npt.NDArray[np.float32]

BASE = "concierge.base.sha256"  # in an adapter's metadata: the content of the file that it was made for
A, B = ".lora_a", ".lora_b"


class Adapter:
    """A LoRA adapter's matrices.

    Attributes:
        base: SHA-256 of the GGUF that it was made for; None if it does not say.
    """

    def __init__(self, path: Path) -> None:
        """Raises UserError: it is not a LoRA adapter in GGUF."""
        self.path = path
        try:
            reader = GGUFReader(path)
        except (OSError, ValueError, IndexError, KeyError) as error:
            raise UserError(f"--adapter {path}: not a GGUF file that can be read ({error}).") from error
        kind = _text(reader, "general.type"), _text(reader, "adapter.type")
        if kind != ("adapter", "lora"):
            raise UserError(f"--adapter {path}: not a LoRA adapter; give one in GGUF, or none.")
        self.architecture = _text(reader, "general.architecture")
        self.base = _text(reader, BASE)
        self._alpha = float(reader.fields["adapter.lora.alpha"].contents())
        self._parts = {tensor.name: tensor for tensor in reader.tensors}
        self.targets = {name.removesuffix(A) for name in self._parts if name.endswith(A)}

    def delta(self, name: str) -> Matrix:
        """What it adds to a tensor, of the tensor's shape (rows, columns)."""
        a, b = self.matrices(name)
        change: Matrix = b @ a
        return change

    def matrices(self, name: str) -> tuple[Matrix, Matrix]:
        """(A of shape (rank, columns), B of shape (rows, rank)) whose product B A is added to a tensor."""
        a, b = _floats(self._parts[name + A]), _floats(self._parts[name + B])
        return a, b * np.float32(self._alpha / len(a))

    @property
    def rank(self) -> int:
        """Of its matrices; 0 if it has none."""
        return next((_shape(self._parts[name + A])[0] for name in self.targets), 0)

    def fits(self, name: str, shape: tuple[int, ...] | None) -> bool:
        """Whether its matrices for a tensor give a product of that shape (rows, columns)."""
        a, b = self._parts.get(name + A), self._parts.get(name + B)
        if a is None or b is None or shape is None:
            return False
        (rank_a, columns), (rows, rank_b) = _shape(a), _shape(b)
        return rank_a == rank_b and (rows, columns) == shape


def merge(source: Path, adapter: Path, target: Path, sha256: str) -> None:
    """Write `source` with the adapter merged into it: F16 where it changes a tensor, all else as it is.

    Args:
        sha256: of the source's content.

    Raises:
        UserError: not an adapter, or one for another base.
        OSError: it cannot be written.
    """
    base, lora = GGUFReader(source), Adapter(adapter)
    _check(base, lora, source, sha256)
    writer = GGUFWriter(target, _text(base, "general.architecture") or "")
    _copy_metadata(base, writer)
    for tensor in base.tensors:
        changed = tensor.name in lora.targets
        kind = GGMLQuantizationType.F16 if changed else tensor.tensor_type
        shape = _shape(tensor) if changed else tensor.data.shape
        dtype = np.dtype(np.float16) if changed else tensor.data.dtype
        size = int(np.prod(shape)) * dtype.itemsize
        writer.add_tensor_info(tensor.name, shape, dtype, size, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in base.tensors:
        if tensor.name in lora.targets:
            writer.write_tensor_data((_floats(tensor) + lora.delta(tensor.name)).astype(np.float16))
        else:
            writer.write_tensor_data(tensor.data)
    writer.close()


def _check(base: GGUFReader, lora: Adapter, source: Path, sha256: str) -> None:
    """Raises UserError unless the adapter is for this base."""
    shapes = {tensor.name: _shape(tensor) for tensor in base.tensors}
    if lora.base not in (None, sha256):
        reason = "it was made for another file"
    elif lora.architecture != (architecture := _text(base, "general.architecture")):
        reason = f"it is for the architecture {lora.architecture} and this is {architecture}"
    elif strange := sorted(n for n in lora.targets if not lora.fits(n, shapes.get(n))):
        reason = f"{strange[0]} has another shape, or is missing"
    else:
        return
    raise UserError(f"--adapter {lora.path} does not fit {source.name}: {reason}; give another, or none.")


def _copy_metadata(base: GGUFReader, writer: GGUFWriter) -> None:
    for name, field in base.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        kind: GGUFValueType = field.types[0]
        item = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, item)
    writer.add_file_type(LlamaFileType.MOSTLY_F16)


def _text(reader: GGUFReader, key: str) -> str | None:
    field = reader.fields.get(key)
    value: Any = field.contents() if field else None
    return value if isinstance(value, str) else None


def _shape(tensor: ReaderTensor) -> tuple[int, ...]:
    """As numpy has it: rows, then columns."""
    return tuple(int(n) for n in reversed(tensor.shape))


def _floats(tensor: ReaderTensor) -> Matrix:
    values: Matrix = dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(_shape(tensor))
    return values
