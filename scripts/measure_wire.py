"""Measures what stands between a sampled token and the shopper, and what an idle shopper costs.

Delay: a server in this process, stamped where a token is sampled and where the event that it lets go out goes
to the socket, while `concierge bench` streams 32 chats from another process. (Words that the guard holds back
wait for the token that settles them, which is not counted.) Memory: a server in a process of its own, as it
is served to anyone, and real WebSockets that say nothing.

    .venv/bin/python scripts/measure_wire.py [--shoppers 32] [--connections 20000]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from statistics import quantiles
from typing import Any, cast

import httpx
import uvloop
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from concierge import app, serving
from concierge.engine import engine as stepping
from concierge.settings import Settings

CONCIERGE = Path(sys.executable).with_name("concierge")
LIMITS = {  # a shop's own limits would stop the load
    "CONCIERGE_MAX_CONNECTIONS_PER_CLIENT": "1000000",
    "CONCIERGE_MESSAGES_PER_MINUTE": "1000000",
    "CONCIERGE_SESSIONS_PER_MINUTE": "1000000",
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until_ready(url: str) -> None:
    while True:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)


# --- from sampled token to socket

sampled: dict[stepping.Stream, float] = {}  # when the oldest token that has not been fetched was sampled
fetched: ContextVar[float] = ContextVar("fetched", default=0.0)
delays: list[float] = []


class Stamping:
    """A transport that notes how old the token is that goes out."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._transport.write(data)
        if at := fetched.get():
            delays.append(time.perf_counter() - at)
            fetched.set(0.0)


def stamp() -> None:
    """Note the time at both ends."""
    take, get = stepping.Engine._take, stepping.Stream.get
    connect = serving.WebSocketProtocol.connection_made

    def stamped_take(self: Any, item: Any) -> Any:
        entry = take(self, item)
        if entry and entry[1]:
            sampled.setdefault(entry[0], time.perf_counter())
        return entry

    async def stamped_get(self: Any) -> Any:
        chunk = await get(self)
        fetched.set(sampled.pop(self, 0.0))
        return chunk

    stepping.Engine._take = stamped_take  # type: ignore[method-assign]
    stepping.Stream.get = stamped_get  # type: ignore[method-assign]
    serving.WebSocketProtocol.connection_made = (  # type: ignore[method-assign]
        lambda self, transport: connect(self, Stamping(transport))  # type: ignore[arg-type]
    )


def measure_delay(shoppers: int, model: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    os.environ |= LIMITS
    stamp()

    def load() -> None:
        wait_until_ready(url)
        bench = [CONCIERGE, "bench", url, "--shoppers", str(shoppers), "--turns", "2", "--max-tokens", "64"]
        subprocess.run(bench, check=False, stdout=sys.stderr)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=load, daemon=True).start()
    with tempfile.TemporaryDirectory() as state:
        app.serve(
            Settings(port=port, model=model, chats=shoppers, context=2048, state_dir=state, log_level="error")
        )
    cuts = quantiles(delays, n=1000)
    print(f"\n{len(delays):,} deltas while {shoppers} chats stream:\n")
    print("| from sampled to written to the socket | ms |\n|---|---|")
    for label, cut in (("p50", 500), ("p95", 950), ("p99", 990), ("p99.9", 999)):
        print(f"| {label} | {1000 * cuts[cut - 1]:.2f} |")


# --- idle connections


class Idler(asyncio.Protocol):
    """A WebSocket client that answers pings and says nothing."""

    def __init__(self, url: str) -> None:
        self._protocol = ClientProtocol(parse_uri(url), max_size=None)
        self.greeted = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if getattr(event, "opcode", None) == 1 and not self.greeted.done():
                self.greeted.set_result(None)
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.greeted.done():
            self.greeted.set_exception(ConnectionError("the server closed a connection"))

    def _flush(self) -> None:
        self._transport.writelines(self._protocol.data_to_send())


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert match
    return int(match[1]) * 1024


@contextmanager
def served(model: str) -> Iterator[tuple[str, int]]:
    """The URL and the process id of a server of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as state:
        command = [CONCIERGE, "serve", "--port", str(port), "--model", model, "--state-dir", state]
        server = subprocess.Popen(
            [*command, "--log-level", "error"], env=os.environ | LIMITS, stdout=sys.stderr
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}")
            yield f"ws://127.0.0.1:{port}/v1/realtime", server.pid
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()


async def hold(url: str, pid: int, connections: int) -> None:
    """Open the connections in batches, keep them, and tell what the server grew by."""
    loop, port = asyncio.get_running_loop(), parse_uri(url).port
    idlers: list[Idler] = []
    before = resident(pid)
    print("\n| idle connections | KiB each | in 1 GiB |\n|---|---|---|")
    for step in sorted({connections // 20, connections // 4, connections}):
        while len(idlers) < step:
            batch = [
                (await loop.create_connection(lambda: Idler(url), "127.0.0.1", port))[1]
                for _ in range(min(200, step - len(idlers)))
            ]
            await asyncio.gather(*(idler.greeted for idler in batch))
            idlers += batch
        await asyncio.sleep(3)
        each = (resident(pid) - before) / len(idlers)
        print(f"| {len(idlers):,} | {each / 1024:.1f} | {(1 << 30) / each:,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--shoppers", type=int, default=32)
    parser.add_argument("--connections", type=int, default=20_000)
    args = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    measure_delay(args.shoppers, args.model)
    with served(args.model) as (url, pid):
        uvloop.run(hold(url, pid, min(args.connections, hard - 100)))


if __name__ == "__main__":
    main()
