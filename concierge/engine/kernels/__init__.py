"""What costs most on a CPU, in C of our own: compiled for this machine and put in the place of ggml's.

The loader binds ggml's own calls to the first library that has the function. So this module must be imported
before `llama_cpp`. Where there is no compiler that can, ggml's functions remain: the same replies, later.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from concierge.paths import cache_dir

Kernel = Literal["attention", "barrier", "matmul"]
KERNELS: tuple[Kernel, ...] = ("attention", "barrier", "matmul")

_HERE = Path(__file__).parent
_FLAGS = "-std=gnu11 -O3 -march=native -ffp-contract=fast -fno-math-errno -shared -fPIC"

logger = logging.getLogger(__name__)


def _load() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    if "llama_cpp" in sys.modules:
        logger.warning("llama_cpp was imported before concierge.engine, so its own kernels are used.")
        return None
    spec = find_spec("llama_cpp")
    package = Path(str(spec and spec.origin)).parent
    try:
        return ctypes.CDLL(str(_library(package.parent / "include", package / "lib")))
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or error
        logger.warning(
            "concierge/engine/kernels can't be compiled, so llama.cpp's own are used, and a reply may cost "
            "three times as much. Get a compiler with: sudo apt-get install gcc. (%s)",
            str(said).strip().splitlines()[0],
        )
        return None


def _library(include: Path, lib: Path) -> Path:
    """The compiled library, which the cache directory keeps for each source, processor and llama.cpp.

    Raises OSError and CalledProcessError.
    """
    compiler = shlex.split(os.environ.get("CC", "cc"))
    sources = sorted(_HERE.glob("*.c"))
    name = _hash(_SOURCES, compiler, str(lib), _processor())
    library = cache_dir() / "kernels" / f"{name}.so"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as place:  # others may be at it too
            made = Path(place) / library.name
            command = [*compiler, *_FLAGS.split(), f"-I{include}", *map(str, sources), "-o", str(made)]
            command += [f"-L{lib}", "-l:libggml-cpu.so", f"-Wl,-rpath,{lib}", "-lm"]
            subprocess.run(command, check=True, capture_output=True, text=True)
            made.replace(library)
    return library


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    """What `-march=native` depends on."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    features = [line for line in lines if line.startswith(("flags", "Features"))]
    return platform.machine() + (features[0] if features else "")


_SOURCES = _hash(_FLAGS, *(path.read_text("utf-8") for path in sorted(_HERE.glob("*.[ch]"))))
_loaded = _load()
VERSION = _SOURCES if _loaded else ""  # of what takes the place of ggml's


def largest(logits: Any, count: int, k: int, kept: Any) -> int:
    """Write the candidates for the `k` largest of `count` logits to `kept`; see largest.c. Returns how many.

    0: every token is one, since there are too few or there is no compiler.
    """
    return int(_loaded.concierge_largest(logits, count, k, kept)) if _loaded else 0


def calls(kernel: Kernel) -> int:
    """How often it has stood in for ggml's in this process; 0 if it could not be compiled."""
    return ctypes.c_long.in_dll(_loaded, f"concierge_{kernel}_calls").value if _loaded else 0


def use(kernel: Kernel, ours: bool) -> None:
    """Use it, as is the default, or ggml's, so that both can be measured side by side."""
    if _loaded:
        ctypes.c_bool.in_dll(_loaded, f"concierge_{kernel}").value = ours
