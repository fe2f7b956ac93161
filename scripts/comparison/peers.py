"""The servers that are compared: how each is built, set up, started, warmed and stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import httpx

from comparison import building
from comparison.scenarios import Scenario
from concierge.errors import UserError
from concierge.paths import cache_dir

HOST = "127.0.0.1"
STOP_SECONDS = 15.0
SEQUENCES = 128  # that examples/server keeps; not more than its smallest n_batch, or llama.cpp aborts

FEWER = (4, 8, 16)  # slots that llama-server is tried with, where more chats are there

Options = dict[str, Any]  # what sets one variant of a server apart


@dataclass(frozen=True, slots=True)
class Setup:
    """What all servers are given alike.

    Attributes:
        model: the GGUF.
        threads: of the CPU, for prompts and replies.
        slots: chats decoded at once.
        cells: of the KV cache, in all.
        port: to listen on.
        directory: where the server may leave files; it is gone afterwards.
    """

    model: Path
    threads: int
    slots: int
    cells: int
    port: int
    directory: Path


@dataclass(frozen=True, slots=True)
class Launch:
    arguments: Sequence[str | Path]
    environment: Mapping[str, str]


class Server(ABC):
    """One server.

    Attributes:
        name: in tables and files.
        overlaps: whether it decodes several chats at once. One that does not has short times between the
            tokens of the one chat that it serves, while all others wait.
        ready_seconds: that it may take to start.
    """

    name: ClassVar[str]
    overlaps: ClassVar[bool] = True
    ready_seconds: ClassVar[float] = 120.0

    def prepare(self, cache: Path, logs: Path) -> None:  # noqa: B027 (most have nothing to do)
        """Fetch or build what is needed, once. Raises UserError."""

    @abstractmethod
    def variants(self, scenario: Scenario) -> dict[str, Options]:
        """The settings worth trying in a scenario, by a name; the first are the server's usual ones."""

    @abstractmethod
    def launch(self, setup: Setup, options: Options) -> Launch: ...

    def fixed_length(self, end_tokens: Sequence[int]) -> dict[str, Any]:
        """Fields of a request whose reply ends at `max_tokens` alone."""
        return {"ignore_eos": True}


class Concierge(Server):
    """As a peer of the others: it serves the very file that they serve."""

    name = "concierge"
    format = "source"

    def variants(self, scenario: Scenario) -> dict[str, Options]:
        return {"as shipped": {}}

    def launch(self, setup: Setup, options: Options) -> Launch:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CONCIERGE_")}
        settings: dict[str, object] = {
            "port": setup.port,
            "model": setup.model,
            "adapter": "none",  # of which the others know nothing
            "format": self.format,
            "threads": setup.threads,
            "chats": setup.slots,
            "context": setup.cells // (setup.slots + 1),
            "state_dir": setup.directory,
            "cache_dir": cache_dir(),
            "max_connections_per_client": 1000,
            "messages_per_minute": 100_000,
            "sessions_per_minute": 100_000,
        }
        environment |= {f"CONCIERGE_{name.upper()}": str(value) for name, value in settings.items()}
        return Launch([Path(sys.executable).with_name("concierge"), "serve"], environment)


class ConciergePrepared(Concierge):
    """Given the same file, it first makes and then serves the format that is best here."""

    name = "concierge (prepared)"
    format = "auto"
    ready_seconds = 900.0


class LlamaServer(Server):
    name = "llama-server"

    def prepare(self, cache: Path, logs: Path) -> None:
        self._binary = building.llama_server(building.sources(cache), logs / "build.log")

    def variants(self, scenario: Scenario) -> dict[str, Options]:
        slots, uncached = ["-np", str(scenario.slots)], ["--cache-ram", "0"]
        tried = [slots, [*slots, *uncached], [*slots, "-kvu"], [*slots, *uncached, "--ubatch-size", "128"]]
        # On a CPU it may serve a crowd faster a few at a time, while the others wait.
        tried += [["-np", str(fewer), *uncached] for fewer in FEWER if fewer < scenario.slots]
        if scenario.quotes:
            ngram = ["--spec-type", "ngram-simple", "--spec-ngram-simple-size-n"]
            tried += [
                [*slots, *ngram, n, "--spec-ngram-simple-size-m", m] for n, m in (("12", "48"), ("3", "8"))
            ]
        return {" ".join(arguments): {"arguments": arguments} for arguments in tried}

    def launch(self, setup: Setup, options: Options) -> Launch:
        fixed = {
            "--model": setup.model,
            "--host": HOST,
            "--port": setup.port,
            "--threads": setup.threads,
            "--threads-batch": setup.threads,
            "--ctx-size": setup.cells,
            "--flash-attn": "on",
        }
        arguments = [str(part) for pair in fixed.items() for part in pair]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LLAMA_")}
        return Launch([self._binary, *arguments, "--no-ui", *options["arguments"]], environment)


WITHOUT_IMAGES = """import runpy, sys, types
sys.modules["llama_cpp.mtmd_cpp"] = types.ModuleType("llama_cpp.mtmd_cpp")
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class PythonServer(Server):
    """One that runs llama-cpp-python, once prepared with llama-server's libraries."""

    _environment: Mapping[str, str] = {}

    def prepare(self, cache: Path, logs: Path) -> None:
        self._sources = building.sources(cache)
        binary = building.llama_server(self._sources, logs / "build.log")
        self._environment = {"PYTHONPATH": str(building.bindings(binary))}

    def _launch(self, command: Sequence[str | Path], config: dict[str, Any], setup: Setup) -> Launch:
        arguments = [sys.executable, *command, _written(config, setup.directory)]
        return Launch(arguments, {**os.environ, **self._environment})


class ExampleServer(PythonServer):
    """Run without what reads images, which it always imports."""

    name = "examples/server"

    def variants(self, scenario: Scenario) -> dict[str, Options]:
        variants: dict[str, Options] = {
            f"n_batch {batch}": {"n_batch": batch, "n_ubatch": batch} for batch in (128, 512)
        }
        if scenario.quotes:
            lookup = {"draft_model": "prompt-lookup-decoding", "draft_model_max_ngram_size": 3}
            for tokens in (4, 8):
                drafting = lookup | {"draft_model_num_pred_tokens": tokens}
                variants[f"n_batch 512, prompt lookup of {tokens}"] = variants["n_batch 512"] | drafting
        return variants

    def launch(self, setup: Setup, options: Options) -> Launch:
        model = {
            "path": str(setup.model),
            "alias": "peer",
            "n_ctx": setup.cells,
            "n_seq_max": SEQUENCES,  # those beyond the slots keep the prefixes of chats that pause
            "threads": setup.threads,
            "threads_batch": setup.threads,
            "kv_unified": True,
            "flash_attn": True,
            "store_logits": False,
        }
        config = {"server": {"host": HOST, "port": setup.port}, "model": model | options}
        script = self._sources / "examples" / "server" / "server.py"
        return self._launch(["-c", WITHOUT_IMAGES, script, "-C"], config, setup)

    def fixed_length(self, end_tokens: Sequence[int]) -> dict[str, Any]:
        return {"logit_bias": {str(token): -1000.0 for token in end_tokens}}


class PackageServer(PythonServer):
    name = "llama_cpp.server"
    overlaps = False

    def variants(self, scenario: Scenario) -> dict[str, Options]:
        variants: dict[str, Options] = {"no cache": {}, "RAM cache": {"cache": True, "cache_type": "ram"}}
        if scenario.quotes:
            variants["prompt lookup of 8"] = {
                "draft_model": "prompt-lookup-decoding",
                "draft_model_num_pred_tokens": 8,
                "logits_all": True,  # or drafting fails
            }
        return variants

    def launch(self, setup: Setup, options: Options) -> Launch:
        model = {
            "model": str(setup.model),
            "model_alias": "peer",
            "n_ctx": setup.cells,
            "n_threads": setup.threads,
            "n_threads_batch": setup.threads,
            "flash_attn": True,
            "logits_all": False,
            "use_mlock": False,
            "verbose": False,
        }
        # Not interrupted: the default is to cut a reply off when the next request comes.
        config = {"host": HOST, "port": setup.port, "interrupt_requests": False, "models": [model | options]}
        return self._launch(["-m", "llama_cpp.server", "--config_file"], config, setup)

    def fixed_length(self, end_tokens: Sequence[int]) -> dict[str, Any]:
        # Its penalty on repetition is on unless told otherwise; everybody else's is off.
        return {"logit_bias": {str(token): -1000.0 for token in end_tokens}, "repeat_penalty": 1.0}


SERVERS: dict[str, Server] = {
    server.name: server
    for server in (Concierge(), ConciergePrepared(), LlamaServer(), ExampleServer(), PackageServer())
}
OURS = (Concierge.name, ConciergePrepared.name)


class Failed(UserError):
    """A server did not start, or could not answer."""


@contextmanager
def running(
    server: Server, options: Options, model: Path, threads: int, scenario: Scenario, log: Path
) -> Iterator[str]:
    """The URL of the server, ready for requests, until the end of the block. Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="compare-", ignore_cleanup_errors=True) as directory:
        setup = Setup(model, threads, scenario.slots, scenario.cells, _free_port(), Path(directory))
        launch = server.launch(setup, options)
        with log.open("wb") as output:
            process = subprocess.Popen(
                launch.arguments,
                env=launch.environment,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, who then stop it in order
            )
        try:
            url = f"http://{HOST}:{setup.port}"
            _wait_until_ready(server, process, url, log)
            yield url
        finally:
            _stop(process)


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + server.ready_seconds
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/v1/models", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    what = f"ended with status {process.returncode}" if process.poll() is not None else "is not ready in time"
    lines = log.read_text("utf-8", "replace").strip().splitlines() or ["nothing"]
    raise Failed(f"{server.name} {what}; its last words in {log}: {lines[-1].strip()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """As an operator would, then by force; and whatever it had started with it."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _written(config: dict[str, Any], directory: Path) -> Path:
    path = directory / "config.json"
    path.write_text(json.dumps(config), "utf-8")
    return path
