"""Where a server's interfaces are, from the URL that a person gave."""

from __future__ import annotations

import json
from urllib.parse import urlencode, urlsplit, urlunsplit

from concierge.errors import UserError

DEFAULT = "http://127.0.0.1:8080"


class CannotConnect(UserError):
    """Nobody answers at the address."""

    exit_code = 3


class Refused(UserError):
    """The server answers and will not have us: credentials, limits, an unknown session.

    Attributes:
        temporary: whether it may well have us a little later.
    """

    exit_code = 4

    def __init__(self, message: str, *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary

    @classmethod
    def by_http(cls, url: str, status: int, body: bytes | bytearray) -> Refused:
        """From an HTTP answer, in the words of its OpenAI error object if it has one."""
        try:
            message = str(json.loads(body)["error"]["message"]).rstrip(".")
        except (ValueError, LookupError, TypeError):
            message = f"HTTP {status}"
        hint = " Give a key with --key or CONCIERGE_API_KEY." if status in (401, 403) else ""
        return cls(f"{url} refuses: {message}.{hint}", temporary=status == 429 or status >= 500)


def http(url: str, path: str) -> str:
    """`path` (such as /v1/models) of the server at `url`, which may end with /v1 as SDKs want it."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    if scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"{url} is not a server's address; write it like {DEFAULT}.")
    base = parts.path.rstrip("/").removesuffix("/v1")
    return urlunsplit((scheme, parts.netloc, base + path, "", ""))


def realtime(url: str, session: str | None = None) -> str:
    """The Realtime WebSocket of the server at `url`; `session` is the one to resume."""
    query = f"?{urlencode({'session_id': session})}" if session else ""
    return http(url, "/v1/realtime").replace("http", "ws", 1) + query


def headers(key: str | None) -> dict[str, str]:
    """Credentials, if there are any."""
    return {"Authorization": f"Bearer {key}"} if key else {}
