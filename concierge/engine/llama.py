"""Typed objects over llama.cpp's C API. The only module that imports `llama_cpp`.

Nothing here decides anything: a method is one or two C calls, with its errors turned into exceptions.
See llama.h of the vendored llama.cpp for the semantics of each call.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as C
import numpy as np
import numpy.typing as npt
from llama_cpp import __version__
from llama_cpp._ggml import libggml
from llama_cpp.llama_grammar import json_schema_to_gbnf

from concierge.engine import kernels
from concierge.errors import UserError

Tokens = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
MAX_SEQUENCES = 255  # LLAMA_MAX_SEQ, a constant of the build, less one
_SPARE = MAX_SEQUENCES  # the one through which cells go out and come in

logger = logging.getLogger(__name__)


class DecodeError(Exception):
    """llama_decode failed. `no_room` tells that the KV cache had no cells for the batch."""

    def __init__(self, code: int) -> None:
        super().__init__(f"llama_decode returned {code}")
        self.no_room = code == 1


class QuantizeError(Exception):
    """llama_model_quantize failed; the message is its own."""


_last_error = ""


@C.llama_log_callback  # type: ignore[untyped-decorator]
def _log(level: int, text: bytes, _: Any) -> None:
    global _last_error
    line = text.decode("utf-8", "replace").strip()
    if level == 4 and line:
        _last_error = line
    if line:  # its errors reach the caller as exceptions; a log line beside them would say everything twice
        logger.debug("%s", line)


C.llama_log_set(_log, ctypes.c_void_p(0))
C.llama_backend_init()


def gpu_offload_supported() -> bool:
    """Whether this build of llama.cpp can put layers on a GPU."""
    return bool(C.llama_supports_gpu_offload())


def devices() -> list[str]:
    """What llama.cpp computes on here, by the makers' names: GPUs if it can use them, and the CPU."""
    count, device, description = (
        getattr(libggml, f"ggml_backend_dev_{name}") for name in ("count", "get", "description")
    )
    count.restype, device.restype, description.restype = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p
    device.argtypes, description.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
    return [description(device(i)).decode("utf-8", "replace") for i in range(count())]


def build() -> str:
    """The version of llama-cpp-python, and the processor's features that llama.cpp uses."""
    features = re.findall(r"(\w+) = 1", C.llama_print_system_info().decode())
    return f"llama-cpp-python {__version__}: {' '.join(features)}"


def grammar_of(json_schema: str) -> str:
    """The GBNF grammar of a JSON schema (as JSON text). Raises ValueError if it has none."""
    try:
        return str(json_schema_to_gbnf(json_schema))
    except Exception as error:  # the converter raises whatever its input makes it raise
        raise ValueError(str(error)) from error


def quantize(source: Path, target: Path, file_type: str, *, threads: int) -> None:
    """Write a GGUF's weights in another format; blocks until done, and leaves a part behind if it fails.

    Args:
        file_type: a mixture of tensor types by llama.cpp's name for it, such as `Q4_K_M`.

    Raises:
        QuantizeError: llama.cpp cannot, or the disk is full.
    """
    params = C.llama_model_quantize_default_params()
    params.ftype = getattr(C, f"LLAMA_FTYPE_MOSTLY_{file_type}")
    params.allow_requantize = True
    params.nthread = threads
    if C.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params)):
        raise QuantizeError(_last_error)


class Vocab:
    """The tokenizer of a model. Thread-safe: llama.cpp only reads it."""

    def __init__(self, model: Model) -> None:
        self._owner = model  # whose memory this is
        self._vocab = pointer = C.llama_model_get_vocab(model._model)
        self.size = int(C.llama_vocab_n_tokens(pointer))
        self.add_bos = bool(C.llama_vocab_get_add_bos(pointer))
        self.bos = int(C.llama_vocab_bos(pointer))
        self.eos = int(C.llama_vocab_eos(pointer))
        self.end_tokens = frozenset(t for t in range(self.size) if C.llama_vocab_is_eog(pointer, t))
        self._pieces: dict[int, bytes] = {}
        self._longer: dict[int, npt.NDArray[np.int32]] = {}

    def tokenize(self, text: str, *, special: bool, bos: bool = False) -> list[int]:
        """Tokens of `text`.

        Args:
            special: parse `<|im_start|>` and its like as special tokens; never for people's text.
            bos: prepend the vocabulary's BOS token if the model wants one.
        """
        data = text.encode("utf-8")
        size = len(data) + 2
        buffer = (C.llama_token * size)()
        count = C.llama_tokenize(self._vocab, data, len(data), buffer, size, bos, special)
        if count < 0:
            buffer = (C.llama_token * -count)()
            count = C.llama_tokenize(self._vocab, data, len(data), buffer, -count, bos, special)
        return list(buffer[:count])

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes a token stands for; special tokens are empty unless asked for."""
        if special:
            return self._piece(token, True)
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self._piece(token, False)
        return piece

    def longer(self) -> dict[int, npt.NDArray[np.int32]]:
        """The vocabulary as a tree: a token stands below the longest other that its bytes begin with.

        Below -1 are those that begin with no other, and those that end a reply. The first call takes 0.2 s.
        """
        if not self._longer:
            longer: dict[int, list[int]] = {-1: list(self.end_tokens)}
            above: list[tuple[bytes, int]] = [(b"", -1)]
            pieces = ((self.piece(t, special=True), t) for t in range(self.size) if t not in self.end_tokens)
            for piece, token in sorted(pieces):
                while not piece.startswith(above[-1][0]):
                    above.pop()
                longer.setdefault(above[-1][1], []).append(token)
                if piece and piece != above[-1][0]:
                    above.append((piece, token))
            self._longer = {token: np.array(tokens, np.int32) for token, tokens in longer.items()}
        return self._longer

    def entries(self) -> list[tuple[bytes, int]]:
        """The text and the attributes (LLAMA_TOKEN_ATTR_*) of every token."""
        text, kind = C.llama_vocab_get_text, C.llama_vocab_get_attr
        return [(text(self._vocab, token), kind(self._vocab, token)) for token in range(self.size)]

    def _piece(self, token: int, special: bool) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        size = C.llama_token_to_piece(self._vocab, token, buffer, 64, 0, special)
        if size < 0:
            buffer = ctypes.create_string_buffer(-size)
            size = C.llama_token_to_piece(self._vocab, token, buffer, -size, 0, special)
        return buffer.raw[:size]


class Model:
    """A GGUF's weights and metadata."""

    def __init__(self, path: Path, gpu_layers: int, flag: str = "--model", *, weights: bool = True) -> None:
        """Load `path`, named by `flag`, with `gpu_layers` layers on the GPU (-1: all). Raises UserError.

        Without `weights` it can tokenize and tell its metadata, no more, and is there at once.
        """
        params = C.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        params.vocab_only = not weights
        self._model = C.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            raise UserError(
                f"{path} is not a model that llama.cpp can load ({_last_error}); choose another {flag}."
            )
        if C.llama_model_is_recurrent(self._model) or C.llama_model_is_hybrid(self._model):
            raise UserError(
                f"{flag} {path} is a recurrent model, whose state cannot be shared; choose a transformer."
            )
        self.path = path
        self.vocab = Vocab(self)

    def metadata(self, key: str) -> str | None:
        """A GGUF metadata value as text, or None."""
        buffer = ctypes.create_string_buffer(256)
        size = C.llama_model_meta_val_str(self._model, key.encode(), buffer, 256)
        if size >= 256:
            buffer = ctypes.create_string_buffer(size + 1)
            C.llama_model_meta_val_str(self._model, key.encode(), buffer, size + 1)
        return buffer.value.decode("utf-8", "replace") if size >= 0 else None

    def number(self, key: str, default: int) -> int:
        """An integer of the architecture's metadata, such as `block_count`; the largest of a list."""
        text = self.metadata(f"{self.architecture}.{key}")
        numbers = [int(n) for n in (text or "").strip("[]").split(",") if n.strip().isdigit()]
        return max(numbers, default=default)

    @cached_property
    def architecture(self) -> str:
        return self.metadata("general.architecture") or "unknown"

    @cached_property
    def chat_template(self) -> str | None:
        text = C.llama_model_chat_template(self._model, None)
        return text.decode("utf-8") if text else None

    @property
    def train_context(self) -> int:
        return int(C.llama_model_n_ctx_train(self._model))

    @property
    def sliding_window(self) -> int:
        """Tokens that local attention looks back on; 0 if there is none."""
        return int(C.llama_model_n_swa(self._model))

    @property
    def parameters(self) -> int:
        return int(C.llama_model_n_params(self._model))

    @property
    def bytes(self) -> int:
        """Size of all weights."""
        return int(C.llama_model_size(self._model))

    @property
    def file_type(self) -> str:
        """The mixture of tensor types that the weights are in, as `quantize` names it; or `unknown`."""
        prefix = "LLAMA_FTYPE_MOSTLY_"
        names = {str(value): name for name, value in vars(C).items() if name.startswith(prefix)}
        return names.get(self.metadata("general.file_type") or "", "unknown").removeprefix(prefix)

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes of one KV cell at f16: keys and values of all layers."""
        heads = self.number("attention.head_count", 1)
        kv_heads = self.number("attention.head_count_kv", heads)
        width = self.number("embedding_length", 0) // heads
        head = self.number("attention.key_length", width) + self.number("attention.value_length", width)
        return 2 * self.number("block_count", 0) * kv_heads * head

    @cached_property
    def fingerprint(self) -> str:
        """Names the file's content: its size, its first 4 MiB (metadata, vocabulary) and its last."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            digest = hashlib.sha256(str(size).encode())
            for offset in (0, max(0, size - (4 << 20))):
                file.seek(offset)
                digest.update(file.read(4 << 20))
        return digest.hexdigest()[:16]

    def __del__(self) -> None:
        if getattr(self, "_model", None):
            C.llama_model_free(self._model)


class Batch:
    """Tokens of many sequences for one `Context.decode`, filled through numpy views."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._token = np.zeros(capacity, np.int32)
        self._position = np.zeros(capacity, np.int32)
        self._sequence = np.zeros(capacity, np.int32)
        self._logits = np.zeros(capacity, np.int8)
        self._counts = np.ones(capacity, np.int32)  # each token belongs to exactly one sequence
        row = self._sequence.ctypes.data
        self._rows = (ctypes.POINTER(C.llama_seq_id) * capacity)(
            *(ctypes.cast(row + 4 * i, ctypes.POINTER(C.llama_seq_id)) for i in range(capacity))
        )
        self._batch = C.llama_batch(
            token=self._token.ctypes.data_as(ctypes.POINTER(C.llama_token)),
            pos=self._position.ctypes.data_as(ctypes.POINTER(C.llama_pos)),
            n_seq_id=self._counts.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            seq_id=self._rows,
            logits=self._logits.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )

    def clear(self) -> None:
        self.size = 0

    def add(self, tokens: Tokens, position: int, sequence: int, *, logits: int) -> int:
        """Append `tokens` of `sequence` from `position` on, wanting logits after the last `logits` of them.

        Returns the batch index of the first token with logits (or the end).
        """
        start, end = self.size, self.size + len(tokens)
        self._token[start:end] = tokens
        self._position[start:end] = range(position, position + len(tokens))
        self._sequence[start:end] = sequence
        self._logits[start : end - logits] = 0
        self._logits[end - logits : end] = 1
        self.size = end
        return end - logits

    def pointer(self) -> Any:
        self._batch.n_tokens = self.size
        return self._batch


class Context:
    """A KV cache of `cells` tokens shared by all sequences, and the means to compute on it."""

    def __init__(self, model: Model, *, cells: int, batch: int, threads: int) -> None:
        """Raises UserError if the cache cannot be allocated."""
        params = C.llama_context_default_params()
        params.n_ctx = cells
        params.n_batch = params.n_ubatch = batch
        params.n_seq_max = MAX_SEQUENCES + 1
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = True  # a prefix is shared by marking cells, without copying them
        params.flash_attn_type = C.LLAMA_FLASH_ATTN_TYPE_ENABLED  # or idle cells are paid for in each step
        params.swa_full = True  # sliding windows forget the prefix that the next turn would share
        params.no_perf = True
        self._context = C.llama_init_from_model(model._model, params)
        if not self._context:
            raise UserError(
                f"No memory for {cells} tokens of context ({_last_error}); lower --context or --chats."
            )
        self._threads = _pool(threads)
        C._lib.llama_attach_threadpool(self._context, self._threads, self._threads)
        self._model = model  # the weights have to outlive the context
        self._memory = C.llama_get_memory(self._context)
        self._vocab_size = model.vocab.size
        self._candidates = (C.llama_token_data * self._vocab_size)()
        self.cells = int(C.llama_n_ctx(self._context))

    def decode(self, batch: Batch) -> None:
        """Run the batch and wait for it. Raises DecodeError; the KV cache is then as before."""
        code = C.llama_decode(self._context, batch.pointer())
        if code:
            raise DecodeError(code)
        C.llama_synchronize(self._context)

    def logits(self, index: int) -> npt.NDArray[np.float32]:
        """Logits [vocab_size] at a batch index, a view that lives until the next decode."""
        return np.ctypeslib.as_array(self.row(index), (self._vocab_size,))

    def row(self, index: int) -> Any:
        """As `logits`, as a C pointer: for few of them it is the faster one."""
        return C.llama_get_logits_ith(self._context, index)

    def likeliest(self, index: int, k: int) -> Any:
        """Candidates for the `k` largest logits at a batch index; they live until the next call.

        None: all of the vocabulary are.
        """
        found = kernels.largest(self.row(index), self._vocab_size, k, self._candidates)
        return C.llama_token_data_array(self._candidates, found, -1, False) if found else None

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        """Let `target` share the cells of `source` at positions [start, end)."""
        C.llama_memory_seq_cp(self._memory, source, target, start, end)

    def remove(self, sequence: int, start: int = -1, end: int = -1) -> None:
        """Take `sequence` off the cells at positions [start, end); -1 is open-ended."""
        C.llama_memory_seq_rm(self._memory, sequence, start, end)

    def save(self, sequence: int, start: int, end: int) -> Bytes:
        """Keys and values of `sequence` at positions [start, end), for `restore`."""
        self.copy(sequence, _SPARE, start, end)
        data = np.empty(C.llama_state_seq_get_size(self._context, _SPARE), np.uint8)
        C.llama_state_seq_get_data(self._context, _pointer(data), data.size, _SPARE)
        self.remove(_SPARE)
        return data

    def restore(self, data: Bytes, sequence: int, start: int, end: int) -> bool:
        """Give `sequence` the positions [start, end) of what was saved. False: no room for all of it."""
        if not C.llama_state_seq_set_data(self._context, _pointer(data), data.size, _SPARE):
            return False
        self.copy(_SPARE, sequence, start, end)
        self.remove(_SPARE)
        return True

    def close(self) -> None:
        C.llama_free(self._context)
        libggml.ggml_threadpool_free(self._threads)


class _PoolParams(ctypes.Structure):
    """ggml_threadpool_params."""

    _fields_ = (
        ("cpumask", ctypes.c_bool * 512),
        ("threads", ctypes.c_int),
        ("priority", ctypes.c_int),
        ("poll", ctypes.c_uint32),
        ("strict_cpu", ctypes.c_bool),
        ("paused", ctypes.c_bool),
    )


def _pool(threads: int) -> ctypes.c_void_p:
    """Threads that stay, where llama.cpp would start new ones for each step, and sleep between two."""
    params = _PoolParams()
    libggml.ggml_threadpool_params_init(ctypes.byref(params), threads)
    params.poll = 0
    return ctypes.c_void_p(libggml.ggml_threadpool_new(ctypes.byref(params)))


libggml.ggml_threadpool_new.restype = ctypes.c_void_p
libggml.ggml_threadpool_new.argtypes = libggml.ggml_threadpool_free.argtypes = [ctypes.c_void_p]
libggml.ggml_threadpool_params_init.argtypes = [ctypes.c_void_p, ctypes.c_int]
C._lib.llama_attach_threadpool.argtypes = [ctypes.c_void_p] * 3
C._lib.llama_attach_threadpool.restype = None


def _pointer(data: Bytes) -> Any:
    return data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


class SamplerChain:
    """llama.cpp's own samplers: top-k, top-p, min-p, temperature, then a draw."""

    def __init__(self, top_k: int, top_p: float, min_p: float, temperature: float, seed: int) -> None:
        self._top_k = top_k
        self._chain = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())
        for sampler in (
            C.llama_sampler_init_top_k(top_k),
            C.llama_sampler_init_top_p(top_p, 1),
            C.llama_sampler_init_min_p(min_p, 1),
            C.llama_sampler_init_temp(temperature),
            C.llama_sampler_init_dist(seed),
        ):
            C.llama_sampler_chain_add(self._chain, sampler)

    def sample(self, context: Context, index: int) -> int:
        """The token after the batch index."""
        candidates = context.likeliest(index, self._top_k)
        if candidates is None:
            return int(C.llama_sampler_sample(self._chain, context._context, index))
        C.llama_sampler_apply(self._chain, ctypes.byref(candidates))
        return int(candidates.data[candidates.selected].id)

    def __del__(self) -> None:
        C.llama_sampler_free(self._chain)


_CANDIDATE = np.dtype([("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])  # llama_token_data


class Grammar:
    """A GBNF grammar's state along one reply."""

    def __init__(self, vocab: Vocab, gbnf: str) -> None:
        self._vocab = vocab
        self._sampler = C.llama_sampler_init_grammar(vocab._vocab, gbnf.encode(), b"root")
        if not self._sampler:
            raise ValueError("llama.cpp cannot parse the grammar")

    def allows(self, token: int) -> bool:
        """Whether the reply may go on with `token`: a test of one candidate, not of the vocabulary."""
        return bool(self._allowed(np.array([token], np.int32)).size)

    def mask(self, logits: npt.NDArray[np.float32]) -> None:
        """Set the logits of forbidden tokens to -inf, in place.

        llama.cpp takes 3 ms for a vocabulary; but what begins with a forbidden token is forbidden.
        """
        longer = self._vocab.longer()
        allowed, todo = [], longer[-1]
        while todo.size:
            allowed.append(self._allowed(todo))
            below = [longer[token] for token in allowed[-1].tolist() if token in longer]
            todo = np.concatenate([todo[:0], *below])
        kept = np.concatenate(allowed)
        values = logits[kept]
        logits[:] = -np.inf
        logits[kept] = values

    def _allowed(self, tokens: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        data = (C.llama_token_data * len(tokens))()
        view = np.frombuffer(memoryview(data), dtype=_CANDIDATE)
        view["id"] = tokens
        array = C.llama_token_data_array(data, len(tokens), -1, False)
        C.llama_sampler_apply(self._sampler, ctypes.byref(array))
        fit: npt.NDArray[np.int32] = tokens[view["logit"] == 0]
        return fit

    def accept(self, token: int) -> None:
        C.llama_sampler_accept(self._sampler, token)

    def __del__(self) -> None:
        if getattr(self, "_sampler", None):
            C.llama_sampler_free(self._sampler)
