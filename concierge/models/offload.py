"""Has a task of `worker.py` done in a process of its own, which ends when it is no longer wanted."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any


class WorkerError(Exception):
    """A task cannot be done with this model; the message is a sentence without its full stop."""


async def offload(task: str, **arguments: object) -> dict[str, Any]:
    """The task's result. Raises WorkerError; cancelling this ends the worker at once."""
    ours, alive = os.pipe()  # closes with us, however we end, and the worker goes by that
    process = None
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "concierge.models.worker", task, json.dumps(arguments)),
            stdin=ours,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"GGML_NO_BACKTRACE": "1"},  # then its last line says why it aborted
        )
        output, complaint = await process.communicate()
    finally:
        os.close(ours)
        os.close(alive)
        if process and process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise WorkerError(last or f"llama.cpp ended with status {process.returncode}")
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    if "error" in result:
        raise WorkerError(result["error"])
    return result
