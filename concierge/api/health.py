"""GET /healthz and GET /readyz, for whoever watches over the process."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from concierge.rooms import rooms_of


async def healthz(request: Request) -> Response:
    """The process lives."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Model loaded, house prompt warm, Redis answers; otherwise 503 with what is missing."""
    rooms = rooms_of(request)
    missing = list(rooms.missing)
    if not missing and not rooms.open.store.available:
        missing.append("redis")
    if missing:
        return JSONResponse({"status": "unavailable", "missing": missing}, 503, {"retry-after": "2"})
    return JSONResponse({"status": "ready", "model": rooms.open.engine.info.name})
