"""WS /v1/realtime: let a client in, find its conversation, and hand over to a `Connection`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from concierge.access import Caller, Limits, Refusal
from concierge.engine import ModelInfo
from concierge.realtime import server_events as server
from concierge.realtime.connection import Connection
from concierge.realtime.conversation import Conversation
from concierge.realtime.events import ProtocolError
from concierge.sessions import SessionNotFound, SessionStore, StoreUnavailable
from concierge.stylist import Stylist

POLICY_VIOLATION, TRY_AGAIN_LATER = 1008, 1013  # close codes, RFC 6455 and the IANA registry


class Realtime:
    """All conversations that have connections to this process."""

    def __init__(self, store: SessionStore, stylist: Stylist, limits: Limits, model: ModelInfo) -> None:
        self._store, self._stylist, self._limits, self._model = store, stylist, limits, model
        self._conversations: dict[str, Conversation] = {}

    async def serve(self, websocket: WebSocket, caller: Caller) -> None:
        """Serve an accepted socket until its client has left."""
        session_id = websocket.query_params.get("session_id")
        try:
            with self._limits.connection(caller):
                async with self._conversation(caller, session_id) as conversation:
                    connection = Connection(
                        websocket,
                        caller,
                        conversation,
                        stylist=self._stylist,
                        limits=self._limits,
                        model=self._model,
                    )
                    await connection.run(resumed=bool(session_id))
        except Refusal as refusal:
            await turn_away(websocket, refusal)

    async def forget(self, session_id: str, owner: str) -> None:
        """Delete a session, sending away who is in it. Raises SessionNotFound if it is not `owner`'s."""
        await self._store.open(session_id, owner)
        if conversation := self._conversations.get(session_id):
            for guest in list(conversation.guests):
                await guest.dismiss()
        await self._store.forget(session_id, owner)

    @asynccontextmanager
    async def _conversation(self, caller: Caller, session_id: str | None) -> AsyncIterator[Conversation]:
        """The conversation that the caller resumes, or a new one. Raises Refusal."""
        try:
            if session_id:
                session = await self._store.open(session_id, caller.owner)
            else:
                self._limits.take("session", caller)
                session = await self._store.create(caller.owner)
                if caller.session:
                    session.settings |= caller.session
                    await self._store.save(session)
        except SessionNotFound:
            message = "There is no such session; connect without session_id for a new one."
            raise Refusal(404, "session_not_found", message, "session_id") from None
        except StoreUnavailable:
            raise store_unavailable() from None
        known = self._conversations.get(session.id)
        conversation = known or Conversation(session, self._store)
        self._conversations[session.id] = conversation
        try:
            yield conversation
        finally:
            if not conversation.guests:
                self._conversations.pop(session.id, None)


def store_unavailable() -> Refusal:
    message = "Conversations cannot be kept just now; try again in a few seconds."
    return Refusal(503, "store_unavailable", message, retry_after=5)


async def turn_away(websocket: WebSocket, refusal: Refusal) -> None:
    """Tell an accepted client why it cannot stay, and close."""
    problem = ProtocolError(refusal.code, refusal.message, refusal.param)
    event = server.error(problem, type=refusal.type, retry_after=refusal.retry_after)
    code = TRY_AGAIN_LATER if refusal.retry_after else POLICY_VIOLATION
    try:
        await websocket.send_json(event)
        await websocket.close(code, refusal.code)
    except (WebSocketDisconnect, WebSocketDisconnected):
        pass
