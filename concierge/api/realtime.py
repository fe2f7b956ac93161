"""WS /v1/realtime: the handshake; `concierge.realtime` does the rest."""

from __future__ import annotations

from starlette.websockets import WebSocket

from concierge.access import SUBPROTOCOL, Refusal
from concierge.api.errors import error_response
from concierge.realtime import store_unavailable, turn_away
from concierge.rooms import rooms_of
from concierge.sessions import StoreUnavailable


async def connect(websocket: WebSocket) -> None:
    """Who may not come in is refused in HTTP, with 401; whom we cannot serve now is told so as an event."""
    rooms = rooms_of(websocket)
    subprotocol = next((p for p in websocket.scope["subprotocols"] if not p.startswith(SUBPROTOCOL)), None)
    try:
        open = rooms.open
        caller = await rooms.access.caller(websocket, open.store)
    except Refusal as refusal:
        if refusal.status != 503:
            await websocket.send_denial_response(error_response(refusal))
            return
        await websocket.accept(subprotocol)
        await turn_away(websocket, refusal)
    except StoreUnavailable:
        await websocket.accept(subprotocol)
        await turn_away(websocket, store_unavailable())
    else:
        await websocket.accept(subprotocol)
        await open.realtime.serve(websocket, caller)
