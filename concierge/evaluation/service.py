"""The service to evaluate, started for it: `concierge serve` in a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

from concierge.errors import UserError
from concierge.settings import environment, flag

_MAIN = "from concierge.cli import main; main()"
_OUT_OF_THE_WAY = {  # of an evaluation's many chats
    "max_connections_per_client": 10_000,
    "messages_per_minute": 1_000_000,
    "sessions_per_minute": 1_000_000,
}
_GRACE = 20.0  # seconds to end in


@asynccontextmanager
async def serving(flags: Mapping[str, str]) -> AsyncIterator[str]:
    """The URL of a service with these settings, on a free port and with a state of its own, until the end.

    All other settings are as `concierge serve` would find them. Raises UserError if it doesn't start.
    """
    with tempfile.TemporaryDirectory(prefix="concierge-evaluate-") as directory:
        given = {**flags, "host": "127.0.0.1", "port": "0", "redis_url": "", "state_dir": directory}
        given["log_level"] = "warning"
        arguments = [word for name, value in given.items() for word in (flag(name), value)]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _MAIN, "serve", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(log := (Path(directory) / "log").open("w+b")),
            env=os.environ | {environment(name): str(value) for name, value in _OUT_OF_THE_WAY.items()},
            start_new_session=True,  # a Ctrl-C is for us
        )
        try:
            yield await _address(process) or _complain(log)
        finally:
            await _end(process)
            log.close()


async def _address(process: asyncio.subprocess.Process) -> str:
    """What it prints when it is ready (measuring the model's formats may come first); empty if it ended."""
    assert process.stdout
    while line := await process.stdout.readline():
        if match := re.search(rb"http://\S+", line):
            return match[0].decode()
    await process.wait()
    return ""


def _complain(log: BinaryIO) -> NoReturn:
    """Raise UserError with the line that the service ended with."""
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").splitlines()
    said = [line.removeprefix("concierge: ") for line in lines if line.startswith("concierge: ")]
    raise UserError(said[-1] if said else "The service didn't start; see what concierge serve says.")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _GRACE)
        except TimeoutError:
            process.kill()
            await process.wait()
