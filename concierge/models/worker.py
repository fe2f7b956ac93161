"""One long computation over a model file, in a process of its own.

    python -m concierge.models.worker digest|inspect|merge|quantize|measure '{"its": "arguments"}'

A process, since llama_model_quantize cannot be told to stop, what llama.cpp aborts on must not take the
server with it, and a large model's memory has to come back. It ends with whoever holds the other end of its
standard input. What it prints is one JSON object: the result, or {"error": "..."}.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from concierge.engine.llama import Model, QuantizeError, quantize
from concierge.engine.types import InvalidRequest
from concierge.errors import UserError
from concierge.models.adapter import merge
from concierge.models.measuring import measure


def _digest(paths: list[str]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return {"sha256": digest.hexdigest()}


def _inspect(path: str) -> dict[str, Any]:
    model = Model(Path(path), 0, weights=False)
    return {"parameters": model.parameters, "file_type": model.file_type}


def _merge(source: str, adapter: str, target: str, sha256: str) -> dict[str, Any]:
    merge(Path(source), Path(adapter), Path(target), sha256)
    return {}


def _quantize(source: str, target: str, file_type: str, threads: int) -> dict[str, Any]:
    quantize(Path(source), Path(target), file_type, threads=threads)
    return {}


def _measure(path: str, source: str, foretold: str, **how: Any) -> dict[str, Any]:
    return measure(Path(path), source=Path(source), foretold=Path(foretold), **how)


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "digest": _digest,
    "inspect": _inspect,
    "merge": _merge,
    "quantize": _quantize,
    "measure": _measure,
}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, and the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    task, arguments = sys.argv[1:]
    try:
        result = TASKS[task](**json.loads(arguments))
    except (OSError, QuantizeError, UserError, InvalidRequest) as error:
        result = {"error": str(error).rstrip(".")}
    print(json.dumps(result), flush=True)


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main()
