"""Meanings of words as vectors: MiniLM distilled into a static table, served by numpy alone.

As model2vec does it (https://github.com/MinishLab/model2vec): every word of the vocabulary goes through the
sentence encoder once, principal components keep most of what it says, and frequent words weigh less (smooth
inverse frequency, Arora et al. 2017). A text is the sum of its words. The words of our own tables are encoded
whole, as MiniLM's vocabulary has no `blazer`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock
from rich.console import Console
from rich.progress import track
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from concierge.catalog.minilm import WIDTH, Floats, MiniLM, batches
from concierge.catalog.vocabulary import AXES, LEXICON
from concierge.errors import UserError

DIMENSIONS = 256
_SIF = 1e-4  # model2vec's default
_FORMAT = 1


class Embedder:
    """Vectors for words and texts, `DIMENSIONS` wide."""

    def __init__(self, tokenizer: Tokenizer, table: Floats, whole: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._table = table
        pieces = tokenizer.get_vocab_size()
        self._rows = {word: row for word, row in tokenizer.get_vocab().items() if word.isalnum()}
        self._rows |= {word: pieces + i for i, word in enumerate(whole)}
        self.known = frozenset(w for w in tokenizer.get_vocab() if w.isalpha()) | frozenset(whole)
        """Words of everyday English, and our own: none of them is a slip of the pen."""

    @classmethod
    def open(cls, cache_dir: Path) -> Embedder:
        """Load the table, or make it first, which takes about 15 seconds. Raises UserError if it cannot."""
        whole = sorted({w for w in (*LEXICON.words, *AXES["formality"], *AXES["warmth"]) if w.isalpha()})
        digest = hashlib.sha256(json.dumps([_FORMAT, whole]).encode()).hexdigest()[:12]
        path = cache_dir / "search" / f"minilm-{DIMENSIONS}-{digest}.safetensors"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock")):  # of several processes, one makes it
                try:
                    return cls._load(path)
                except (OSError, SafetensorError, ValueError, KeyError):
                    _distil(path, MiniLM.open(cache_dir), whole)
                    return cls._load(path)
        except OSError as error:
            raise UserError(
                f"Cannot keep the search table in {path.parent} ({error.strerror or error}); "
                "make room there or set CONCIERGE_CACHE_DIR."
            ) from error

    @classmethod
    def _load(cls, path: Path) -> Embedder:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata()
            table = file.get_tensor("table").astype(np.float32)
        return cls(Tokenizer.from_str(metadata["tokenizer"]), table, json.loads(metadata["whole"]))

    def words(self, distinct: Sequence[str]) -> Floats:
        """One vector a word, shape (words, DIMENSIONS); longer ones say more."""
        vectors = np.zeros((len(distinct), DIMENSIONS), np.float32)
        rows = [self._rows.get(word) for word in distinct]
        unknown = [i for i, row in enumerate(rows) if row is None]
        encoded = self._tokenizer.encode_batch([distinct[i] for i in unknown], add_special_tokens=False)
        for i, encoding in zip(unknown, encoded, strict=True):
            if encoding.ids:
                vectors[i] = self._table[encoding.ids].mean(axis=0)
        known = [i for i, row in enumerate(rows) if row is not None]
        vectors[known] = self._table[[row for row in rows if row is not None]]
        return vectors


def _distil(path: Path, model: MiniLM, whole: Sequence[str]) -> None:
    """Make the table from MiniLM's weights and put it in place at once."""
    tokenizer = model.tokenizer
    start, end = tokenizer.encode("").ids
    pieces = {i: t for t, i in tokenizer.get_vocab().items() if re.fullmatch(r"(##)?[a-z0-9]+", t)}
    size = tokenizer.get_vocab_size()
    sequences = [(i, [start, i, end]) for i in sorted(pieces)]
    sequences += [(size + i, e.ids) for i, e in enumerate(tokenizer.encode_batch(list(whole)))]
    vectors = np.zeros((size + len(whole), WIDTH), np.float32)
    work = list(batches(sequences))
    for rows, tokens in track(work, "Preparing search (once)", console=Console(stderr=True), transient=True):
        vectors[rows] = model.embed(tokens)
    filled = [i for i, _ in sequences]
    table = np.zeros((len(vectors), DIMENSIONS), np.float32)
    table[filled] = _principal(vectors[filled]) * _weights(filled, size)[:, None]
    tokenizer.no_truncation()
    _write(path, table, {"tokenizer": tokenizer.to_str(), "whole": json.dumps(whole)})


def _principal(vectors: Floats) -> Floats:
    """The first DIMENSIONS principal components."""
    centered = vectors - vectors.mean(axis=0)
    _, basis = np.linalg.eigh(centered.T @ centered)
    return np.asarray(centered @ basis[:, ::-1][:, :DIMENSIONS], np.float32)


def _weights(rows: Sequence[int], size: int) -> Floats:
    """Smooth inverse frequency; the vocabulary's order stands for it (Zipf), and our own words are rare."""
    rank = np.arange(2, len(rows) + 2, dtype=np.float32)
    probability = (1 / rank) / np.sum(1 / rank)
    weights = _SIF / (_SIF + probability)
    weights[np.asarray(rows) >= size] = weights.max()
    return np.asarray(weights, np.float32)


def _write(path: Path, table: Floats, metadata: dict[str, str]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".table-")
    os.close(handle)
    try:
        save_file({"table": table.astype(np.float16)}, temporary, metadata)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
