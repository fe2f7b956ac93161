"""Errors on HTTP, in the shape of OpenAI's: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

import math

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from concierge.access import Refusal
from concierge.realtime import store_unavailable
from concierge.realtime.events import ProtocolError
from concierge.sessions import SessionNotFound, StoreUnavailable

CODES = {404: "not_found", 405: "method_not_allowed"}


def error_body(refusal: Refusal) -> dict[str, dict[str, str | None]]:
    """The error object of a refusal."""
    return {
        "error": {
            "message": refusal.message,
            "type": refusal.type,
            "param": refusal.param,
            "code": refusal.code,
        }
    }


def error_response(refusal: Refusal) -> Response:
    """A refusal as an HTTP response."""
    headers = {"cache-control": "no-store"}
    if refusal.status == 401:
        headers["www-authenticate"] = "Bearer"
    if refusal.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(refusal.retry_after)))
    return JSONResponse(error_body(refusal), refusal.status, headers)


async def handle(request: Request, error: Exception) -> Response:
    """Any exception of an endpoint as a response."""
    match error:
        case Refusal():
            return error_response(error)
        case ProtocolError():
            return error_response(Refusal(400, error.code, str(error), error.param))
        case SessionNotFound():
            return error_response(Refusal(404, "session_not_found", "There is no such session of yours."))
        case StoreUnavailable():
            return error_response(store_unavailable())
        case HTTPException():
            code = CODES.get(error.status_code, "invalid_request")
            return error_response(Refusal(error.status_code, code, error.detail))
        case _:
            return error_response(Refusal(500, "internal_error", "The server failed on this request."))


HANDLERS = dict.fromkeys(
    (Refusal, ProtocolError, SessionNotFound, StoreUnavailable, HTTPException, Exception), handle
)
