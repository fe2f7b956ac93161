"""Real servers for tests: `concierge serve` in a process of its own."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

CONCIERGE = Path(sys.executable).with_name("concierge")
READY_S = 120.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running Concierge.

    Attributes:
        url: where its page is, without a slash at the end.
        log: the file that its standard error goes to.
    """

    url: str
    process: subprocess.Popen[str]
    log: Path

    @property
    def realtime(self) -> str:
        return self.url.replace("http", "ws", 1) + "/v1/realtime"

    @property
    def api(self) -> str:
        """What SDKs call the base URL."""
        return f"{self.url}/v1"

    def get(self, path: str, **options: object) -> httpx.Response:
        return httpx.get(self.url + path, **options)  # type: ignore[arg-type]

    def memory(self) -> int:
        """Its resident set in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert match
        return int(match[1]) * 1024


def start(model: Path, state_dir: Path, **settings: object) -> tuple[subprocess.Popen[str], Path]:
    """Start `concierge serve` on a free port. `settings` are the server's own by name."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CONCIERGE_")}
    environment |= {f"CONCIERGE_{name.upper()}": str(value) for name, value in settings.items()}
    environment.setdefault("CONCIERGE_PORT", "0")
    environment.setdefault("CONCIERGE_FORMAT", "source")  # measuring takes a minute
    environment |= {"CONCIERGE_MODEL": str(model), "CONCIERGE_STATE_DIR": str(state_dir)}
    state_dir.mkdir(parents=True, exist_ok=True)
    log = state_dir / "concierge.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [CONCIERGE, "serve"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            cwd=state_dir,
        )
    return process, log


@contextmanager
def running(model: Path, state_dir: Path, **settings: object) -> Iterator[Server]:
    """A server that is ready, until the end of the block."""
    process, log = start(model, state_dir, **settings)
    try:
        yield Server(_address(process, log), process, log)
    finally:
        stop(process)


def stop(process: subprocess.Popen[str]) -> int:
    """End a server as an operator would; returns its exit status."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def _address(process: subprocess.Popen[str], log: Path) -> str:
    """The URL that the server prints when it is ready."""
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout
    threading.Thread(target=_copy, args=(process.stdout, lines), daemon=True).start()
    try:
        while line := lines.get(timeout=READY_S):
            if match := re.search(r"http://\S+", line):
                return match[0]
    except queue.Empty:
        pass
    raise AssertionError(f"the server did not get ready:\n{log.read_text()}")


def _copy(stream: Iterator[str], lines: queue.Queue[str]) -> None:
    for line in stream:
        lines.put(line)
    lines.put("")
