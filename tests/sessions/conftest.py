from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from concierge.paths import cache_dir
from concierge.sessions import EmbeddedRedis, SessionStore


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[EmbeddedRedis]:
    """A real redis-server of this test's own."""
    server = EmbeddedRedis(tmp_path, cache_dir())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def store(redis: EmbeddedRedis) -> AsyncIterator[SessionStore]:
    store = connect(redis)
    await store.start()
    yield store
    await store.stop()


def connect(server: EmbeddedRedis, ttl: float = 60) -> SessionStore:
    """A store as another process would have it."""
    client = Redis.from_url(server.url, socket_timeout=1, socket_connect_timeout=1)
    return SessionStore(client, ttl=ttl)
