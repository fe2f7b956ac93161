"""uvicorn, as a shop needs it: one line for what is wrong, clean ends, and no client that holds memory."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from concierge.errors import UserError

MAX_FRAME = 1 << 20  # bytes; a longer WebSocket message closes its connection (1009)
STALL = 30.0  # seconds that a client may go without reading what has been sent
SHUTDOWN = 5  # seconds for requests under way
DESCRIPTORS = 1 << 16  # open files, and so connections, where the machine allows it


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Cuts off a client that has stopped reading: it could not be told, and closing would wait for it.

    `send` waits while more than the transport's high-water mark (64 KiB) is unread, so no more than that, and
    one event, is ever held for a client.
    """

    _stalled: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(STALL, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._calm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def handle_ping(self) -> None:
        """RFC 6455, 5.5.3, lets pings go unanswered; answers to a client that does not read would pile up."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def _calm(self) -> None:
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None


class Server(uvicorn.Server):
    """Ends cleanly on SIGINT and SIGTERM, with status 0, and calls `on_hangup` on SIGHUP."""

    def __init__(self, app: ASGIApp, *, log_level: str, on_hangup: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            ws=WebSocketProtocol,
            ws_max_size=MAX_FRAME,
            ws_per_message_deflate=False,  # a few bytes saved would cost each delta its latency
            ws_ping_interval=20,
            ws_ping_timeout=20,
            log_config=None,
            log_level="debug" if log_level == "debug" else "warning",
            access_log=log_level == "debug",
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN,
            lifespan="on",
        )
        super().__init__(config)
        self._on_hangup = on_hangup

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, self.handle_exit, signum, None)
        loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """A second Ctrl-C stops waiting for replies; the engine and Redis are ended in any case."""
        await super().shutdown(sockets)
        if self.force_exit:  # uvicorn has left that out
            await self.lifespan.shutdown()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UserError if the address cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else "no such address"
        raise UserError(
            f"Cannot listen on {host} port {port} ({reason}); give another --port, or another --host."
        ) from error


def url(host: str, port: int) -> str:
    """Where a browser on this machine finds the page."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def raise_descriptor_limit() -> None:
    """Each connection is an open file; the usual limit of 1,024 is meant for programs that use select()."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
