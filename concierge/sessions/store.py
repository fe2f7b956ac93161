"""Conversations in Redis, through its absences.

A session is three keys: a hash of its head, a hash of items by id, and a list of their order. Each write is
one script, so it is whole or not at all, may be repeated without harm, refreshes the expiry, and never
brings a forgotten session back.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections import deque
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from concierge.sessions.item import Item, Session

PING_EVERY = 1.0  # s
MOST_PENDING = 64 << 20  # bytes of writes kept while Redis is away; beyond that, messages are refused

# KEYS: head, items, order. Each returns 0 if there is no such session (any more).
_PUT = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) == 1 then
  if not ARGV[4] or redis.call('LINSERT', KEYS[3], 'AFTER', ARGV[4], ARGV[2]) < 1 then
    redis.call('RPUSH', KEYS[3], ARGV[2])
  end
end
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
return 1
"""
_REMOVE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HDEL', KEYS[2], ARGV[2])
redis.call('LREM', KEYS[3], 1, ARGV[2])
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
return 1
"""
_HEAD = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
return 1
"""

logger = logging.getLogger(__name__)


class StoreUnavailable(Exception):
    """Redis is away, and this cannot wait for it."""


class SessionNotFound(Exception):
    """There is no such session, or it is another's: the two look the same from outside."""


@dataclass(frozen=True, slots=True)
class Write:
    """One script call: its source and its arguments after the expiry."""

    script: str
    arguments: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.arguments))


class SessionStore:
    """Sessions and short-lived secrets in Redis.

    While Redis is away, sessions open in this process go on: their writes are kept in order and follow when
    it is back. New sessions are refused meanwhile.

    Attributes:
        available: whether Redis answered last.
    """

    def __init__(self, redis: Redis, *, ttl: float, prefix: str = "concierge:") -> None:
        """
        Args:
            ttl: seconds after which a quiet session is forgotten.
        """
        self._redis = redis
        self._ttl = str(max(1, round(ttl * 1000)))
        self._prefix = prefix
        self._scripts = {source: redis.register_script(source) for source in (_PUT, _REMOVE, _HEAD)}
        self._pending: dict[str, deque[Write]] = {}
        self._pending_size = 0
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._held: WeakValueDictionary[str, Session] = WeakValueDictionary()
        self._health: asyncio.Task[None] | None = None
        self.available = True

    async def start(self) -> None:
        """Look whether Redis is there, and go on looking."""
        await self._ping()
        self._health = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Write what is still kept, if Redis is there, and close the connection."""
        if self._health:
            self._health.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._health
        await self._flush()
        if self._pending:
            logger.error("Redis is away: %d sessions' last messages are lost", len(self._pending))
        await self._redis.aclose()

    async def create(self, owner: str) -> Session:
        """A new session of `owner`. Raises StoreUnavailable."""
        session = Session("sess_" + secrets.token_urlsafe(24), owner, time.time())
        head = self._keys(session.id)[0]
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(head, items=session.head())
                pipe.pexpire(head, int(self._ttl))
                await pipe.execute()
        except RedisError as error:
            raise self._away(error) from error
        self.available = True
        self._held[session.id] = session
        return session

    async def open(self, session_id: str, owner: str) -> Session:
        """The session as stored; while Redis is away, as this process holds it.

        Raises:
            SessionNotFound: there is none, or it is not `owner`'s.
            StoreUnavailable: Redis is away and this process does not hold it.
        """
        async with self._lock(session_id):
            try:
                await self._drain(session_id)
                session = await self._read(session_id)
            except RedisError as error:
                self._away(error)
                held = self._held.get(session_id)
                if held is None:
                    raise StoreUnavailable from error
                session = held
        if session is None or not hmac.compare_digest(session.owner.encode(), owner.encode()):
            raise SessionNotFound
        held = self._held.setdefault(session_id, session)  # one object for all who have it open here
        if held is not session:
            held.items[:], held.marks, held.settings = session.items, session.marks, session.settings
        return held

    async def append(self, session: Session, item: Item, after: Item | None = None) -> None:
        """Add an item at the end, or after another while that is there.

        It is in Redis when this returns, or kept for it while Redis is away.

        Raises:
            SessionNotFound: it has been forgotten.
            StoreUnavailable: Redis is away, and more has piled up than may be kept.
        """
        place = (after.id,) if after else ()
        await self._write(session, Write(_PUT, (item.id, item.to_json(), *place)))
        places = (n for n, other in enumerate(session.items, 1) if after and other.id == after.id)
        session.items.insert(next(places, len(session.items)), item)

    async def replace(self, session: Session, item: Item) -> None:
        """Store an item's new state. Raises as `append`."""
        await self._write(session, Write(_PUT, (item.id, item.to_json())))
        session.items[:] = [item if i.id == item.id else i for i in session.items]

    async def remove(self, session: Session, item_id: str) -> None:
        """Delete an item. Raises as `append`."""
        await self._write(session, Write(_REMOVE, (item_id,)))
        session.items[:] = [i for i in session.items if i.id != item_id]

    async def save(self, session: Session) -> None:
        """Store marks and settings. Raises as `append`."""
        await self._write(session, Write(_HEAD, tuple(session.head())))

    async def forget(self, session_id: str, owner: str) -> None:
        """Delete a session at once. Raises SessionNotFound, StoreUnavailable."""
        await self.open(session_id, owner)
        async with self._lock(session_id):
            try:
                await self._redis.delete(*self._keys(session_id))
            except RedisError as error:
                raise self._away(error) from error
            self._drop_pending(session_id)
            self._held.pop(session_id, None)

    async def issue_secret(self, owner: str, ttl: float, session: dict[str, Any]) -> tuple[str, float]:
        """A new `ek_` value for `owner`, with settings for the session to come, and when it expires (Unix s).

        Redis has its hash alone. Raises StoreUnavailable.
        """
        value = "ek_" + secrets.token_urlsafe(24)
        try:
            await self._redis.set(
                self._secret_key(value), json.dumps([owner, session]), px=max(1, round(ttl * 1000))
            )
        except RedisError as error:
            raise self._away(error) from error
        return value, time.time() + ttl

    async def secret_owner(self, value: str) -> tuple[str, dict[str, Any]] | None:
        """Whose the secret is and the settings it carries; None if it expired or never was.

        Raises StoreUnavailable.
        """
        try:
            stored = await self._redis.get(self._secret_key(value))
        except RedisError as error:
            raise self._away(error) from error
        if stored is None:
            return None
        owner, session = json.loads(stored)
        return owner, session

    def _keys(self, session_id: str) -> list[str]:
        # The braces put the three keys into one slot of a cluster.
        head = f"{self._prefix}session:{{{session_id}}}"
        return [head, f"{head}:items", f"{head}:order"]

    def _secret_key(self, value: str) -> str:
        return f"{self._prefix}secret:{hashlib.sha256(value.encode()).hexdigest()}"

    def _lock(self, session_id: str) -> asyncio.Lock:
        return self._locks.setdefault(session_id, asyncio.Lock())

    async def _read(self, session_id: str) -> Session | None:
        keys = self._keys(session_id)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(keys[0])
            pipe.hgetall(keys[1])
            pipe.lrange(keys[2], 0, -1)
            for key in keys:
                pipe.pexpire(key, int(self._ttl))
            head, items, order, *_ = await pipe.execute()
        self.available = True
        if not head:
            return None
        fields = {k.decode(): v.decode() for k, v in head.items()}
        return Session(
            session_id,
            fields["owner"],
            float(fields["created"]),
            set(json.loads(fields["marks"])),
            json.loads(fields["settings"]),
            [Item.from_json(items[i]) for i in order if i in items],
        )

    async def _write(self, session: Session, write: Write) -> None:
        async with self._lock(session.id):
            if not self.available:  # a server that hangs must not hold up each message until it times out
                self._keep(session.id, write)
                return
            try:
                await self._drain(session.id)
                found = await self._run(session.id, write)
            except RedisError as error:
                self._away(error)
                self._keep(session.id, write)
                return
        if not found:
            raise SessionNotFound

    async def _run(self, session_id: str, write: Write) -> bool:
        script = self._scripts[write.script]
        found = await script(keys=self._keys(session_id), args=[self._ttl, *write.arguments])
        self.available = True
        return bool(found)

    async def _drain(self, session_id: str) -> None:
        """Write what is kept of a session, in order. Its lock is held."""
        while queue := self._pending.get(session_id):
            if not await self._run(session_id, queue[0]):
                self._drop_pending(session_id)  # forgotten or expired meanwhile
                return
            self._pending_size -= queue.popleft().size
            if not queue:
                del self._pending[session_id]

    def _keep(self, session_id: str, write: Write) -> None:
        if self._pending_size + write.size > MOST_PENDING:
            raise StoreUnavailable
        self._pending_size += write.size
        self._pending.setdefault(session_id, deque()).append(write)

    def _drop_pending(self, session_id: str) -> None:
        self._pending_size -= sum(write.size for write in self._pending.pop(session_id, ()))

    def _away(self, error: RedisError) -> StoreUnavailable:
        """Note that Redis is away, if that is what the error says; else it is a bug and is raised."""
        refused = isinstance(error, ResponseError) and str(error).startswith(
            ("MISCONF", "LOADING", "READONLY", "OOM", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "UNKILLABLE")
        )
        if not refused and not isinstance(error, RedisConnectionError | RedisTimeoutError):
            raise error
        if self.available:
            logger.warning("Redis is away: %s", error)
        self.available = False
        return StoreUnavailable(str(error))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
            was = self.available
            await self._ping()
            if self.available:
                if not was:
                    logger.warning("Redis is back; writing what was kept of %d sessions", len(self._pending))
                await self._flush()

    async def _ping(self) -> None:
        try:
            await self._redis.ping()
            self.available = True
        except RedisError as error:
            self._away(error)

    async def _flush(self) -> None:
        for session_id in list(self._pending):
            async with self._lock(session_id):
                try:
                    await self._drain(session_id)
                except RedisError as error:
                    self._away(error)
                    return
