"""One client's WebSocket: receive, dispatch, and one reply at a time beside."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from pydantic_core import to_json
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from concierge.access import Caller, Limits, Refusal
from concierge.engine import ModelInfo
from concierge.limits import RateLimit
from concierge.realtime import events
from concierge.realtime import server_events as server
from concierge.realtime.conversation import Conversation
from concierge.realtime.events import ProtocolError
from concierge.realtime.reply import MESSAGES, Reply
from concierge.sessions import SessionNotFound, StoreUnavailable
from concierge.stylist import Stylist

EVENTS_PER_MINUTE = 1200  # faster clients are read no faster

logger = logging.getLogger(__name__)


class Connection:
    """A client in a conversation, from `session.created` until it leaves."""

    def __init__(
        self,
        websocket: WebSocket,
        caller: Caller,
        conversation: Conversation,
        *,
        stylist: Stylist,
        limits: Limits,
        model: ModelInfo,
    ) -> None:
        self._websocket, self._caller, self._conversation = websocket, caller, conversation
        self._stylist, self._limits, self._model = stylist, limits, model
        self._session = conversation.session
        self._reply: Reply | None = None
        self._task: asyncio.Task[None] | None = None
        self._pace = RateLimit()
        self._gone = False

    async def run(self, *, resumed: bool) -> None:
        """Returns when the client has left and its reply, if one was under way, is stored."""
        self._conversation.guests.add(self)
        try:
            await self._conversation.settle()
            await self.send(server.event("session.created", session=self._view()))
            if resumed:
                await self._replay()
            while (message := await self._websocket.receive())["type"] != "websocket.disconnect":
                await self._keep_pace()
                await self._receive(message.get("text"))
        finally:
            self._gone = True
            if self._reply and self._task:
                self._reply.cancel()
                await asyncio.wait([self._task])
            self._conversation.guests.discard(self)

    async def send(self, event: server.Event | str) -> None:
        """Send an event; waits while the client reads too slowly, and does nothing once it has left."""
        if self._gone:
            return
        text = event if isinstance(event, str) else to_json(event).decode()
        try:
            await self._websocket.send({"type": "websocket.send", "text": text})
        except (WebSocketDisconnect, WebSocketDisconnected):
            self._gone = True

    async def dismiss(self) -> None:
        """Send the client away: its session has been forgotten."""
        if self._reply and self._task:
            self._reply.cancel()
            await asyncio.wait([self._task])
        await self.send(server.error(ProtocolError("session_not_found", MESSAGES["session_not_found"])))
        self._gone = True
        with suppress(WebSocketDisconnect, WebSocketDisconnected):
            await self._websocket.close(1008, "session_not_found")

    async def _keep_pace(self) -> None:
        wait = self._pace.take({"": EVENTS_PER_MINUTE})
        if wait:
            await asyncio.sleep(wait)
            self._pace.take({"": EVENTS_PER_MINUTE})

    async def _replay(self) -> None:
        """Tell a client that has come back what the conversation holds."""
        previous = None
        for item in list(self._session.items):
            view = server.item(item)
            await self.send(server.event("conversation.item.added", previous_item_id=previous, item=view))
            await self.send(server.event("conversation.item.done", previous_item_id=previous, item=view))
            products = [p for i in item.products if (p := self._stylist.catalog.products.get(i))]
            if products:
                await self.send(server.products(item.id, products))
            previous = item.id
        await self.send(server.event("concierge.resumed", items=len(self._session.items)))

    async def _receive(self, text: str | None) -> None:
        """Honour one event, or answer it with an `error`."""
        event_id = None
        try:
            if text is None:
                raise ProtocolError("invalid_event", "Send events as text frames, not binary ones.")
            event = events.parse(text)
            event_id = event.event_id
            await self._handle(event)
        except SessionNotFound:  # another process was told to forget it
            await self.dismiss()
        except Exception as error:
            await self.send(_answer(error, event_id))

    async def _handle(self, event: events.ClientEvent) -> None:
        match event:
            case events.ResponseCreate():
                await self._respond(event.response)
            case events.ResponseCancel():
                self._cancel(event.response_id)
            case events.ItemCreate():
                await self._create(event)
            case events.ItemRetrieve():
                item = server.item(self._conversation.find(event.item_id))
                await self.send(server.event("conversation.item.retrieved", item=item))
            case events.ItemDelete():
                await self._conversation.delete(event.item_id)
                await self.send(server.event("conversation.item.deleted", item_id=event.item_id))
            case events.ItemTruncate():
                await self._conversation.truncate(event)
                fields = event.model_dump(include={"item_id", "content_index", "audio_end_ms"})
                await self.send(server.event("conversation.item.truncated", **fields))
            case events.SessionUpdate():
                await self._update(event.session)

    async def _create(self, event: events.ItemCreate) -> None:
        if event.item.role != "user" and not self._caller.trusted:
            raise ProtocolError("not_allowed", "Shoppers create user messages only.", "item.role")
        self._limits.take("message", self._caller)
        item = await self._conversation.create(event)
        view, previous = server.item(item), self._conversation.before(item.id)
        await self.send(server.event("conversation.item.added", previous_item_id=previous, item=view))
        await self.send(server.event("conversation.item.done", previous_item_id=previous, item=view))

    async def _update(self, config: events.SessionConfig) -> None:
        if config.instructions is not None and not self._caller.trusted:
            raise ProtocolError("not_allowed", "Instructions need an API key.", "session.instructions")
        config.check_model(self._model.name)
        self._session.settings |= config.model_dump(
            include={"instructions", "max_output_tokens"}, exclude_none=True
        )
        await self._conversation.store.save(self._session)
        await self.send(server.event("session.updated", session=self._view()))

    async def _respond(self, config: events.ResponseConfig) -> None:
        """Start a reply to the conversation's last message."""
        if config.instructions is not None and not self._caller.trusted:
            raise ProtocolError("not_allowed", "Instructions need an API key.", "response.instructions")
        await self._conversation.settle()
        if self._conversation.reply:
            raise ProtocolError(
                "conversation_already_has_active_response",
                "A response is under way: wait for its response.done, or send response.cancel.",
            )
        if not self._session.items or self._session.items[-1].role != "user":
            message = "There is nothing to answer: the conversation's last item is not a user's message."
            raise ProtocolError("no_user_message", message)
        self._limits.take("response", self._caller)
        self._reply = Reply(
            self._conversation, config, stylist=self._stylist, model=self._model, send=self.send
        )
        self._conversation.reply = self._reply
        limits = [{"name": "requests", **self._limits.status("response", self._caller)}]
        self._task = asyncio.create_task(self._reply.run(limits))

    def _cancel(self, response_id: str | None) -> None:
        reply = self._conversation.reply
        if reply is None or reply.cancelled or response_id not in (None, reply.id):
            message = "There is nothing to cancel: no such response is under way."
            raise ProtocolError("response_cancel_not_active", message, "response_id" if response_id else None)
        reply.cancel()

    def _view(self) -> dict[str, Any]:
        return server.session(self._session.id, self._model.name, self._session.settings)


def _answer(error: Exception, event_id: str | None) -> server.Event:
    """The `error` event for what an event of the client's has come to."""
    match error:
        case ProtocolError():
            error.event_id = error.event_id or event_id
            return server.error(error)
        case Refusal():
            problem = ProtocolError(error.code, error.message, error.param, event_id)
            return server.error(problem, type=error.type, retry_after=error.retry_after)
        case StoreUnavailable():
            problem = ProtocolError("store_unavailable", MESSAGES["store_unavailable"], None, event_id)
            return server.error(problem, type="server_error", retry_after=5)
        case _:
            logger.error("an event could not be handled", exc_info=error)
            problem = ProtocolError("internal_error", "The server failed on this event.", None, event_id)
            return server.error(problem, type="server_error")
