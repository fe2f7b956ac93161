"""`attention.c` against attention written down in numpy, as an operation of ggml's and within the model."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from concierge.engine import kernels
from concierge.engine.llama import Batch, Context, Model
from tests.ggml import BASE, Array, Operation, without


def computed(query: Array, keys: Array, values: Array, seen: npt.NDArray[np.bool_], threads: int) -> Array:
    """ggml's operation. Shapes: (heads, tokens, size), (KV heads, cells, size) twice, (tokens, cells)."""
    operation = Operation()
    mask = np.where(seen, 0, -np.inf).astype(np.float16)
    arrays = (query, keys.astype(np.float16), values.astype(np.float16), mask)
    heads, tokens, size = query.shape
    numbers = (ctypes.c_float(n) for n in (size**-0.5, 0, 0))
    of = *map(operation.tensor, arrays), *numbers
    return operation.compute(BASE.ggml_flash_attn_ext, *of, shape=(tokens, heads, size), threads=threads)


def expected(query: Array, keys: Array, values: Array, seen: npt.NDArray[np.bool_]) -> Array:
    """softmax(q k^T / sqrt(size)) v, where a token sees anything."""
    shared = query.shape[0] // keys.shape[0]
    keys, values = (np.repeat(a.astype(np.float16).astype(np.float64), shared, 0) for a in (keys, values))
    scores = query.astype(np.float64) @ keys.transpose(0, 2, 1) * query.shape[2] ** -0.5
    weights = np.exp(scores - scores.max(-1, keepdims=True)) * seen
    sums = weights.sum(-1, keepdims=True)
    shares = np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)
    return (shares @ values).transpose(1, 0, 2).astype(np.float32)


@pytest.mark.skipif(not kernels.VERSION, reason="no compiler that can")
@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize(
    ("size", "heads", "kv_heads", "tokens", "cells"),
    [
        (64, 9, 3, 1, 256),
        (64, 9, 3, 70, 513),
        (128, 8, 8, 3, 1000),
        (128, 12, 2, 130, 300),
        (256, 4, 1, 9, 64),
    ],
)
def test_it_is_attention(size: int, heads: int, kv_heads: int, tokens: int, cells: int, threads: int) -> None:
    numbers = np.random.default_rng(cells)
    query = numbers.normal(0, 3, (heads, tokens, size)).astype(np.float32)
    keys, values = numbers.normal(0, 3, (2, kv_heads, cells, size)).astype(np.float32)
    shared, own = cells // 2, numbers.random((tokens, cells)) < 0.2
    chats = own[np.arange(tokens) // 20 * 20]  # of 20 tokens each, which see the same
    seen = {
        "everything": np.ones((tokens, cells), bool),
        "what is before it": np.arange(cells) <= np.arange(tokens)[:, None] + shared,
        "a house prompt and cells among others'": own | (np.arange(cells) < shared),
        "few": own,
        "few, the same for a chat": chats,
        "the same for a chat, then each its own": np.where(np.arange(cells) < shared, chats, own),
        "one cell": np.arange(cells) == numbers.integers(0, cells, tokens)[:, None],
        "nothing, some": own & (np.arange(tokens) % 2 == 0)[:, None],
    }
    for what, cells_seen in seen.items():
        before = kernels.calls("attention")
        ours = computed(query, keys, values, cells_seen, threads)
        assert kernels.calls("attention") == before + 1
        error = np.abs(ours - expected(query, keys, values, cells_seen)).max()
        assert error < 2e-5 * np.abs(values).max(), what


@pytest.mark.skipif(not kernels.VERSION, reason="no compiler that can")
def test_what_it_does_not_handle_is_left_to_ggml() -> None:
    numbers = np.random.default_rng(1)
    query = numbers.normal(0, 1, (4, 5, 80)).astype(np.float32)  # heads of 80
    keys, values = numbers.normal(0, 1, (2, 4, 64, 80)).astype(np.float32)
    seen = np.ones((5, 64), bool)
    before = kernels.calls("attention")
    assert np.abs(computed(query, keys, values, seen, 2) - expected(query, keys, values, seen)).max() < 5e-3
    assert kernels.calls("attention") == before


def read(model: Model, prompts: list[npt.NDArray[np.int32]]) -> Array:
    """Logits after each prompt, behind 300 tokens that all share; read in company, then one more of each."""
    context, batch = Context(model, cells=2048, batch=512, threads=2), Batch(512)
    house = np.arange(1000, 1300, dtype=np.int32)
    batch.add(house, 0, 0, logits=1)
    context.decode(batch)
    batch.clear()
    for chat, prompt in enumerate(prompts, 1):
        context.copy(0, chat, 0, 300)
        batch.add(prompt[:-1], 300, chat, logits=0)
    context.decode(batch)
    batch.clear()
    for chat, prompt in enumerate(prompts, 1):
        batch.add(prompt[-1:], 299 + len(prompt), chat, logits=1)
    context.decode(batch)
    logits = np.array([context.logits(i) for i in range(len(prompts))])
    context.close()
    return logits


def test_the_model_says_what_it_says_with_ggmls(small_model: Path) -> None:
    model = Model(small_model, 0)
    numbers = np.random.default_rng(2)
    prompts = [numbers.integers(1000, 40000, n, np.int32) for n in (2, 9, 40, 100, 150)]
    ours = read(model, prompts)
    with without("attention"):
        theirs = read(model, prompts)
    # What goes into a product is rounded to 8 bits, which makes much of the little that differs.
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.99


def test_what_others_say_is_not_seen(small_model: Path) -> None:
    """Bit for bit: a cell that is hidden adds nothing, whatever stands in it."""
    model = Model(small_model, 0)
    mine = np.arange(2000, 2050, dtype=np.int32)
    first, second = (read(model, [np.full(50, other, np.int32), mine])[1] for other in (3000, 30000))
    assert (first == second).all()


def test_without_a_compiler_it_is_said_and_served(small_model: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from concierge.engine import Engine, kernels;"
        "Engine.load(Path(sys.argv[1]), chats=1, context=256); print(kernels.calls('attention'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(small_model)],
        env=os.environ | {"CC": "no-such-compiler", "CONCIERGE_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0\n"
    assert "sudo apt-get install gcc" in done.stderr
