"""`matmul.c` against products in numpy, as an operation of ggml's and within the model."""

from pathlib import Path

import gguf
import numpy as np
import pytest

from concierge.engine import kernels
from concierge.engine.llama import Model
from tests.ggml import BASE, Array, Operation, logits, without

Q4_1, Q8_0, Q5_0 = (gguf.GGMLQuantizationType[name] for name in ("Q4_1", "Q8_0", "Q5_0"))
FEATURES = ("avx512f", "avx512bw", "avx512vl", "avx512_vnni")
able = kernels.VERSION and all(feature in Path("/proc/cpuinfo").read_text("utf-8") for feature in FEATURES)
needs_vnni = pytest.mark.skipif(not able, reason="a processor without AVX-512 VNNI, or no compiler")


def product(weights: Array, values: Array, kind: gguf.GGMLQuantizationType, threads: int) -> Array:
    """ggml's operation. Shapes: (rows, width), (tokens, width), to (tokens, rows)."""
    operation = Operation()
    quantized = gguf.quantize(weights, kind).tobytes()
    of = operation.raw(quantized, weights.shape, kind.value), operation.tensor(values)
    shape = (len(values), len(weights))
    return operation.compute(BASE.ggml_mul_mat, *of, shape=shape, threads=threads)


def rounded(values: Array) -> Array:
    """To 8 bits in blocks of 32, with scales in 16-bit floats."""
    blocks = values.reshape(-1, 32)
    scales = np.abs(blocks).max(1, keepdims=True) / 127
    numbers = np.rint(np.divide(blocks, scales, out=np.zeros_like(blocks), where=scales > 0))
    return (numbers * scales.astype(np.float16)).reshape(values.shape)


def random(rows: int, width: int, tokens: int) -> tuple[Array, Array]:
    numbers = np.random.default_rng(rows * width + tokens)
    weights, values = (numbers.normal(0, 1, (n, width)).astype(np.float32) for n in (rows, tokens))
    values *= 10.0 ** numbers.integers(-3, 3, (tokens, 1))
    values[0, :32] = 0
    values[-1, 32] = 3000  # as the outliers of real models
    return weights, values


@needs_vnni
@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("kind", [Q4_1, Q8_0])
@pytest.mark.parametrize(
    ("rows", "width", "tokens"),
    [(16, 64, 1), (576, 576, 15), (192, 1536, 7), (48, 800, 2), (1040, 768, 129), (32, 4096, 5)],
)
def test_it_is_the_product(
    rows: int, width: int, tokens: int, kind: gguf.GGMLQuantizationType, threads: int
) -> None:
    weights, values = random(rows, width, tokens)
    before = kernels.calls("matmul")
    found = product(weights, values, kind, threads)
    assert kernels.calls("matmul") == before + 1
    meant = gguf.dequantize(gguf.quantize(weights, kind), kind).astype(np.float64)
    exact = rounded(values).astype(np.float64) @ meant.T
    scale = np.linalg.norm(values, axis=1, keepdims=True) * np.linalg.norm(meant, axis=1)
    assert (np.abs(found - exact) / scale).max() < 1e-5


@needs_vnni
@pytest.mark.parametrize(("rows", "kind"), [(24, Q8_0), (32, Q5_0)])
def test_what_it_does_not_handle_is_left_to_ggml(rows: int, kind: gguf.GGMLQuantizationType) -> None:
    weights, values = random(rows, 64, 3)
    before = kernels.calls("matmul")
    found = product(weights, values, kind, 2)
    assert kernels.calls("matmul") == before
    exact = values @ gguf.dequantize(gguf.quantize(weights, kind), kind).T
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.999


@needs_vnni
def test_a_token_alone_gets_what_it_gets_in_company(small_model: Path) -> None:
    """Bit for bit: the order in which a token's products add up does not depend on the other tokens."""
    model = Model(small_model, 0)
    tokens = np.random.default_rng(4).integers(1000, 40000, 37, np.int32)
    before = kernels.calls("matmul")
    together, alone = logits(model, tokens), logits(model, tokens[:1])
    assert kernels.calls("matmul") > before
    assert (together[0] == alone[0]).all()


@needs_vnni
def test_the_model_says_what_it_says_with_ggmls(small_model: Path) -> None:
    model = Model(small_model, 0)
    tokens = np.arange(1000, 1100, dtype=np.int32)
    ours = logits(model, tokens)
    with without("matmul"):
        theirs = logits(model, tokens)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.99
