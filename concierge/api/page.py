"""GET /: the shopper's page, and the cookie by which its browser is known again."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from concierge import paths
from concierge.access import COOKIE, new_cookie
from concierge.rooms import rooms_of


async def index(request: Request) -> Response:
    response = FileResponse(paths.WEB / "index.html")
    if COOKIE not in request.cookies:
        response.set_cookie(
            COOKIE,
            new_cookie(),
            max_age=int(rooms_of(request).settings.session_ttl),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
    return response
