"""Who may come in: hosts, origins, keys, secrets and the shopper's cookie; and how much each may do."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from concierge.errors import UserError
from concierge.limits import ConnectionLimit, RateLimit
from concierge.settings import Settings

COOKIE = "concierge_shopper"
COOKIE_LENGTH = 43  # of 256 bits in base64
CROWD = 16  # shoppers who may stand behind one API key or address
SUBPROTOCOL = "openai-insecure-api-key."
SAFETY_IDENTIFIER = "openai-safety-identifier"


class Refusal(Exception):
    """A request that is turned away, in the terms of OpenAI's error object.

    Attributes:
        status: HTTP's.
        code: short name of the reason.
        param: field it is about, or None.
        retry_after: seconds after which it may be granted, or None.
    """

    def __init__(
        self, status: int, code: str, message: str, param: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param
        self.retry_after = retry_after

    @property
    def type(self) -> str:
        if self.status >= 500:
            return "server_error"
        return "rate_limit_error" if self.status == 429 else "invalid_request_error"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever makes a request.

    Attributes:
        owner: sessions belong to it; "shopper:...", "key:..." or "local".
        via: what it showed: an API key, a client secret, our page's cookie, or nothing at this very machine.
        address: IP address it comes from.
        session: settings that its client secret gives new sessions.
    """

    owner: str
    via: Literal["key", "secret", "page", "local"]
    address: str
    session: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trusted(self) -> bool:
        """Whether it may set instructions and write history: a program of the house, not a shopper."""
        return self.via in ("key", "local")

    def shares(self, limit: int) -> dict[str, int]:
        """What a client's limit comes to for those who draw on it: the owner, and a shopper's address."""
        nameless = self.owner.startswith("key:") and "/" not in self.owner
        if self.via == "local" or (self.via == "key" and nameless):
            return {self.owner: limit * CROWD}
        if self.via == "key":
            return {self.owner: limit}
        # Secrets issued in a key's own name: its holders are told apart by where they are.
        own = f"{self.owner}@{self.address}" if nameless else self.owner
        return {own: limit, f"address:{self.address}": limit * CROWD}


class Secrets(Protocol):
    """Where short-lived client secrets are kept: the session store."""

    async def secret_owner(self, value: str) -> tuple[str, dict[str, Any]] | None: ...


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """The rules of the door. On loopback, without configured keys, everybody at this machine may come in."""

    def __init__(self, settings: Settings) -> None:
        """Raises UserError if the address to listen on needs keys and there are none."""
        self._loopback = is_loopback(settings.host)
        if not self._loopback and not settings.api_keys:
            raise UserError(
                f"--host {settings.host} can be reached from other machines, so callers need a key: "
                "set CONCIERGE_API_KEYS (or api_keys in concierge.toml) to one or more long random strings."
            )
        self._keys = settings.api_keys
        self.origins = frozenset(origin.rstrip("/").lower() for origin in settings.allowed_origins)
        self._hosts = frozenset(origin.partition("://")[2] for origin in self.origins)

    @property
    def open(self) -> bool:
        """Whether no key is needed."""
        return self._loopback and not self._keys

    def check_host(self, connection: HTTPConnection) -> None:
        """Refuse names that a hostile site's DNS may point at this machine (DNS rebinding)."""
        host = connection.headers.get("host", "").lower()
        if not self._loopback or host in self._hosts or is_loopback(_host(host)):
            return
        raise Refusal(
            403,
            "host_not_allowed",
            f"This server listens on loopback and does not know the name '{host[:100]}'; "
            "add its origin to allowed_origins.",
        )

    def check_origin(self, connection: HTTPConnection) -> None:
        """Refuse pages of other sites. Programs send no Origin."""
        origin = connection.headers.get("origin")
        if origin is not None and not self._is_ours(origin, connection):
            raise Refusal(
                403,
                "origin_not_allowed",
                f"Pages of '{origin[:100]}' may not use this server; add that origin to allowed_origins.",
            )

    def _is_ours(self, origin: str, connection: HTTPConnection) -> bool:
        origin = origin.lower()
        _, _, netloc = origin.partition("://")
        return netloc == connection.headers.get("host", "").lower() != "" or origin in self.origins

    async def caller(self, connection: HTTPConnection, store: Secrets, *, page: bool = False) -> Caller:
        """Who this is, by key, client secret or, where `page` allows it, our page's cookie.

        Raises:
            Refusal: 401, no credential that counts.
            StoreUnavailable: a secret cannot be looked up while Redis is away.
        """
        address = connection.client.host if connection.client else ""
        credential = _credential(connection)
        if credential.startswith("ek_"):
            found = await store.secret_owner(credential)
            if found is None:
                message = "This client secret is unknown or has expired; ask for a new one."
                raise Refusal(401, "invalid_api_key", message)
            return Caller(found[0], "secret", address, found[1])
        if any(hmac.compare_digest(credential.encode(), key.encode()) for key in self._keys):
            person = connection.headers.get(SAFETY_IDENTIFIER, "")[:256]
            owner = f"key:{_hash(credential)[:16]}"
            return Caller(f"{owner}/{person}" if person else owner, "key", address)
        shopper = self._shopper(connection)
        if shopper and (self.open or (page and not credential and connection.headers.get("origin"))):
            return Caller(shopper, "page", address)
        if self.open:
            return Caller("local", "local", address)
        if credential:
            raise Refusal(401, "invalid_api_key", "This API key is not one of this server's.")
        raise Refusal(401, "missing_api_key", "Send an API key: Authorization: Bearer <key>.")

    @staticmethod
    def _shopper(connection: HTTPConnection) -> str:
        cookie = connection.cookies.get(COOKIE, "")
        return f"shopper:{_hash(cookie)}" if len(cookie) >= COOKIE_LENGTH else ""


def _credential(connection: HTTPConnection) -> str:
    """What the caller shows: a bearer token, or the browser's subprotocol; "" if nothing."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    for protocol in connection.scope.get("subprotocols", ()):
        if protocol.startswith(SUBPROTOCOL):
            return str(protocol.removeprefix(SUBPROTOCOL))
    return ""


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _host(netloc: str) -> str:
    """The name in `name:port`, or "" if it is malformed."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def new_cookie() -> str:
    """A shopper's name for a browser: 256 random bits."""
    return secrets.token_urlsafe(32)


class Limits:
    """How much a caller may do. An API key, an address and this machine stand for `CROWD` shoppers each."""

    def __init__(self, settings: Settings) -> None:
        self._connections = ConnectionLimit()
        self._max_connections = settings.max_connections_per_client
        self._rates = {
            "message": (RateLimit(), settings.messages_per_minute),
            "response": (RateLimit(), settings.messages_per_minute),
            "session": (RateLimit(), settings.sessions_per_minute),
            "client secret": (RateLimit(), settings.sessions_per_minute),
        }

    @contextmanager
    def connection(self, caller: Caller) -> Iterator[None]:
        """Hold one of the caller's connections. Raises Refusal 429 if it has none left."""
        with self._connections.hold(caller.shares(self._max_connections)) as granted:
            if not granted:
                raise Refusal(
                    429,
                    "too_many_connections",
                    "This client has too many connections open; close one and try again.",
                    retry_after=5,
                )
            yield

    def take(self, what: str, caller: Caller) -> None:
        """Spend one of the caller's. Raises Refusal 429 with the seconds to wait."""
        rate, limit = self._rates[what]
        wait = rate.take(caller.shares(limit))
        if wait:
            seconds = math.ceil(wait)
            message = f"Too many {what}s in a minute; try again in {seconds} s."
            raise Refusal(429, "rate_limit_exceeded", message, retry_after=seconds)

    def status(self, what: str, caller: Caller) -> dict[str, float]:
        """The caller's own limit, what remains of it, and the seconds until it is whole again."""
        rate, limit = self._rates[what]
        key, share = next(iter(caller.shares(limit).items()))
        reset = round(rate.reset_seconds(key), 3)
        return {"limit": share, "remaining": rate.remaining(key, share), "reset_seconds": reset}
