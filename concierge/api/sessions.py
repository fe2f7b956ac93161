"""DELETE /v1/sessions/{id}: forget a conversation at once."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from concierge.rooms import rooms_of


async def delete(request: Request) -> Response:
    """For its owner alone; to all others there is no such session."""
    rooms = rooms_of(request)
    caller = await rooms.access.caller(request, rooms.open.store, page=True)
    session_id = request.path_params["id"]
    await rooms.open.realtime.forget(session_id, caller.owner)
    return JSONResponse({"id": session_id, "object": "realtime.session.deleted", "deleted": True})
