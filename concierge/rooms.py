"""The rooms behind the door: opened in the background while the socket already listens, closed in reverse."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.requests import HTTPConnection

from concierge import models, paths
from concierge.access import Access, Limits, Refusal
from concierge.catalog import Catalog
from concierge.engine import Engine
from concierge.errors import UserError
from concierge.realtime import Realtime
from concierge.sessions import EmbeddedRedis, SessionStore
from concierge.settings import Settings
from concierge.stylist import House, Stylist, open_encoder

CATALOG_POLL = 2.0  # seconds
REDIS_TIMEOUT = 3.0  # seconds

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Open:
    """Everything that a request may need."""

    store: SessionStore
    engine: Engine
    stylist: Stylist
    realtime: Realtime


class Rooms:
    """Access and house are there from the start; the rest comes as it is loaded.

    Attributes:
        missing: what is still being loaded.
        failure: why loading ended early, or None.
    """

    def __init__(
        self, settings: Settings, *, on_ready: Callable[[], None], on_failure: Callable[[], None]
    ) -> None:
        """Raises UserError for a house that cannot be read, or an address that needs API keys."""
        self.settings = settings
        self.access = Access(settings)
        self.limits = Limits(settings)
        self.house = House.load(settings.house or paths.PROMPTS)
        feed = settings.catalog or self.house.catalog
        if feed is None:
            raise UserError("The house names no catalog; give --catalog a product feed.")
        self.feed = feed
        self.missing = ["redis", "catalog", "model", "house prompt"]
        self.failure: Exception | None = None
        self._on_ready, self._on_failure = on_ready, on_failure
        self._open: Open | None = None
        self._closing = AsyncExitStack()
        self._reload = asyncio.Event()

    @property
    def open(self) -> Open:
        """Raises Refusal 503 until everything is loaded."""
        if self._open is None:
            message = f"Starting; still loading: {', '.join(self.missing)}."
            raise Refusal(503, "starting", message, retry_after=2)
        return self._open

    def reload(self) -> None:
        """Read the catalog anew, soon."""
        self._reload.set()

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncIterator[None]:
        """Open in the background; what is open is closed at the end."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self._closing.aclose()

    async def _run(self) -> None:
        try:
            self._open = await self._load()
            self._on_ready()
            await self._watch(self._open.stylist)
        except Exception as error:
            self.failure = _first(error)
            self._on_failure()

    async def _load(self) -> Open:
        async with asyncio.TaskGroup() as group:
            storing = group.create_task(self._start_store())
            reading = group.create_task(self._read_catalog())
            learning = group.create_task(in_thread(lambda: open_encoder(self.settings.cache_dir)))
            loading = group.create_task(self._load_engine([storing, reading, learning]))
        store, catalog, engine = storing.result(), reading.result(), loading.result()
        stylist = await in_thread(lambda: Stylist(self.house, catalog, engine, learning.result()))
        await stylist.warm()
        self.missing.remove("house prompt")
        return Open(store, engine, stylist, Realtime(store, stylist, self.limits, engine.info))

    async def _start_store(self) -> SessionStore:
        url = self.settings.redis_url
        if not url:
            embedded = EmbeddedRedis(self.settings.state_dir, self.settings.cache_dir)
            url = await embedded.start()
            self._closing.push_async_callback(embedded.stop)
        store = SessionStore(_redis(url), ttl=self.settings.session_ttl)
        await store.start()
        self._closing.push_async_callback(store.stop)
        if not store.available:
            raise UserError(f"No Redis answers at {_without_password(url)}; start it or correct --redis-url.")
        self.missing.remove("redis")
        return store

    async def _read_catalog(self) -> Catalog:
        where, currency = self.settings.cache_dir, self.house.currency
        catalog = await in_thread(lambda: Catalog.open(self.feed, where, currency))
        for row in catalog.bad_rows[:20]:
            logger.warning("%s, line %d: %s", self.feed, row.line, row.reason)
        logger.info(
            "catalog: %s, %d products, %d bad rows", self.feed, len(catalog.products), len(catalog.bad_rows)
        )
        if "catalog" in self.missing:
            self.missing.remove("catalog")
        return catalog

    async def _load_engine(self, others: list[asyncio.Task[Any]]) -> Engine:
        """What has to be measured for it waits for the `others`, which would be measured along."""
        settings = self.settings
        source = await in_thread(lambda: models.resolve(settings.model, settings.cache_dir))
        adapter = await in_thread(lambda: models.resolve_adapter(settings.adapter, settings.model))
        if adapter:
            source = await models.adapt(source, adapter, settings.cache_dir)
        path = await self._prepare(source, lambda: asyncio.wait(others))
        logger.info("model: %s", path)
        draft = await in_thread(
            lambda: models.resolve(settings.draft, settings.cache_dir, "--draft") if settings.draft else None
        )
        engine = await in_thread(
            lambda: Engine.load(
                path,
                gpu_layers=None if settings.gpu_layers == "auto" else settings.gpu_layers,
                threads=settings.threads or None,
                chats=settings.chats,
                context=settings.context,
                draft=draft,
            )
        )
        await engine.start()
        self._closing.push_async_callback(engine.stop)
        self.missing.remove("model")
        return engine

    async def _prepare(self, source: Path, before: Callable[[], Awaitable[object]]) -> Path:
        """The file to serve; the source itself if the format was not asked for by name and cannot be had."""
        settings = self.settings
        machine = models.Machine.here(settings.threads, settings.gpu_layers)
        wanted = models.Wanted(settings.format, settings.chats, machine)
        try:
            return (await models.prepare(source, settings.cache_dir, wanted, before=before)).path
        except UserError as error:
            if settings.format != "auto":
                raise
            logger.warning("%s It is served as it is.", error)
            return source

    async def _watch(self, stylist: Stylist) -> None:
        """Swap in the catalog's new version when its file has changed and is no longer being written."""
        loaded = seen = _version(self.feed)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(CATALOG_POLL):
                    await self._reload.wait()
            before, seen = seen, _version(self.feed)
            if not self._reload.is_set() and not (before == seen != loaded):
                continue
            self._reload.clear()
            loaded = seen
            try:
                stylist.catalog = await self._read_catalog()
            except Exception as error:  # what is there goes on serving, whatever the new file holds
                logger.error("the catalog is not reloaded, the old one stays: %s", error)


async def in_thread(function: Callable[[], T]) -> T:
    """Run what blocks in a daemon thread, which a process that is told to end does not wait for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(action: Callable[[], None]) -> None:
        if not future.cancelled():
            action()

    def run() -> None:
        try:
            settled = partial(future.set_result, function())
        except Exception as error:
            settled = partial(future.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, settled)

    threading.Thread(target=run, daemon=True, name="loader").start()
    return await future


def rooms_of(connection: HTTPConnection) -> Rooms:
    """The rooms of the application that a request or WebSocket belongs to."""
    rooms: Rooms = connection.app.state.rooms
    return rooms


def _redis(url: str) -> Redis:
    try:
        return Redis.from_url(
            url,
            socket_connect_timeout=REDIS_TIMEOUT,
            socket_timeout=REDIS_TIMEOUT,
            retry=Retry(NoBackoff(), 1),  # a stale connection; what outlasts that, the store sits out
        )
    except ValueError as error:
        raise UserError(f"--redis-url {_without_password(url)} is not right: {error}.") from error


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)


def _version(path: Path) -> tuple[int, int] | None:
    """Changes whenever the file does; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _first(error: Exception) -> Exception:
    """The error at the bottom of what a task group raises."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
