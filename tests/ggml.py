"""What llama.cpp computes: operations of its CPU backend, and logits; a kernel of ours can be left out."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from concierge.engine import kernels
from concierge.engine.llama import Batch, C, Context, Model

KINDS = {np.dtype(np.float32): 0, np.dtype(np.float16): 1}  # ggml_type
LIB = Path(C.__file__).parent / "lib"
BASE, CPU = (ctypes.CDLL(str(LIB / f"libggml-{part}.so.0")) for part in ("base", "cpu"))
for name in ("init", "new_tensor_4d", "get_data", "flash_attn_ext", "mul_mat", "new_graph"):
    getattr(BASE, f"ggml_{name}").restype = ctypes.c_void_p

Array = npt.NDArray[np.float32]


class InitParams(ctypes.Structure):
    _fields_ = (("size", ctypes.c_size_t), ("buffer", ctypes.c_void_p), ("no_alloc", ctypes.c_bool))


class Operation:
    """What one operation gives, of tensors made of arrays."""

    def __init__(self) -> None:
        self.context = ctypes.c_void_p(BASE.ggml_init(InitParams(256 << 20, None, False)))

    def tensor(self, array: npt.NDArray[np.generic]) -> ctypes.c_void_p:
        return self.raw(array.tobytes(), array.shape, KINDS[array.dtype])

    def raw(self, data: bytes, shape: tuple[int, ...], kind: int) -> ctypes.c_void_p:
        """A tensor of a `ggml_type`, of the bytes that it has in memory."""
        sizes = [ctypes.c_int64(n) for n in (*shape[::-1], 1, 1)][:4]
        made = ctypes.c_void_p(BASE.ggml_new_tensor_4d(self.context, kind, *sizes))
        ctypes.memmove(BASE.ggml_get_data(made), data, len(data))
        return made

    def compute(self, node: Callable[..., int], *of: object, shape: tuple[int, ...], threads: int) -> Array:
        """Free all, and return what `node(context, *of)` is, as floats of this shape."""
        out = ctypes.c_void_p(node(self.context, *of))
        graph = ctypes.c_void_p(BASE.ggml_new_graph(self.context))
        BASE.ggml_build_forward_expand(graph, out)
        assert CPU.ggml_graph_compute_with_ctx(self.context, graph, threads) == 0
        floats = ctypes.cast(BASE.ggml_get_data(out), ctypes.POINTER(ctypes.c_float))
        result = np.ctypeslib.as_array(floats, shape).copy()
        BASE.ggml_free(self.context)
        return result


@contextmanager
def without(kernel: kernels.Kernel) -> Iterator[None]:
    """ggml's own in its place."""
    kernels.use(kernel, False)
    try:
        yield
    finally:
        kernels.use(kernel, True)


def logits(model: Model, tokens: npt.NDArray[np.int32]) -> Array:
    """[tokens, vocabulary], of one sequence in one step; keep the model meanwhile."""
    context, batch = Context(model, cells=512, batch=512, threads=2), Batch(512)
    batch.add(tokens, 0, 0, logits=len(tokens))
    context.decode(batch)
    found = np.array([context.logits(index) for index in range(len(tokens))])
    context.close()
    return found
