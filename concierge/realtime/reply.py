"""One response: what the stylist says, as events to the client and as an item of the conversation."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

from anyio import CancelScope

from concierge.catalog import Product
from concierge.engine import Busy, ContextOverflow, EngineError, InvalidRequest, ModelInfo
from concierge.realtime import server_events as server
from concierge.realtime.conversation import Conversation
from concierge.realtime.events import ResponseConfig
from concierge.sessions import Item, SessionNotFound, StoreUnavailable
from concierge.stylist import Finished, Grounding, Stylist, TextDelta

SAVE_EVERY = 1.0  # seconds of speech that a killed process may lose

Send = Callable[[server.Event | str], Awaitable[None]]

MESSAGES = {
    "session_not_found": "This session has been forgotten.",
    "store_unavailable": "Conversations cannot be kept just now; try again in a few seconds.",
    "internal_error": "The reply failed; try again.",
}

logger = logging.getLogger(__name__)


class Reply:
    """A response in the making.

    A client that is gone makes `send` do nothing; what had been said is stored all the same.

    Attributes:
        ended: set when all is sent and stored.
    """

    def __init__(
        self,
        conversation: Conversation,
        config: ResponseConfig,
        *,
        stylist: Stylist,
        model: ModelInfo,
        send: Send,
    ) -> None:
        """The conversation's last item must be the user's message to answer."""
        self.id = server.new_id("resp")
        self.ended = asyncio.Event()
        self._conversation, self._config = conversation, config
        self._stylist, self._model, self._send = stylist, model, send
        self._session, self._store = conversation.session, conversation.store
        self._items = tuple(self._session.items)
        self._item = Item(server.new_id("item"), "assistant", "", "in_progress")
        self._writer = server.DeltaWriter(self.id, self._item.id)
        self._words: list[str] = []
        self._saved = 0.0  # when; 0: not begun
        self._products: tuple[Product, ...] = ()
        self._finished: Finished | None = None
        self._failure: dict[str, Any] | None = None
        self._scope = CancelScope()

    def cancel(self) -> None:
        """Stop speaking at once. What has been said is kept."""
        self._scope.cancel()

    @property
    def cancelled(self) -> bool:
        return self._scope.cancel_called

    async def run(self, rate_limits: Sequence[dict[str, Any]]) -> None:
        """Speak, and see the reply to its end whatever happens."""
        try:
            await self._send(server.event("response.created", response=self._view("in_progress")))
            await self._send(server.event("rate_limits.updated", rate_limits=rate_limits))
            with self._scope:
                try:
                    await self._speak()
                except Exception as error:
                    self._failure = _explain(error)
            await self._end()
        finally:
            self._conversation.reply = None
            self.ended.set()

    async def _speak(self) -> None:
        settings = self._session.settings
        instructions = self._config.instructions or settings.get("instructions", "")
        limit = self._limit
        words = self._stylist.respond(
            self._items, instructions=instructions, max_tokens=None if limit == "inf" else limit
        )
        async with aclosing(words) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    await self._say(event.text)
                elif isinstance(event, Grounding):
                    await self._ground(event)
                else:
                    self._finished = event

    @property
    def _limit(self) -> Any:
        return self._config.max_output_tokens or self._session.settings.get("max_output_tokens", "inf")

    async def _ground(self, grounding: Grounding) -> None:
        """Keep what the reply rests on, so that later prompts repeat this one."""
        self._products = grounding.products
        asked = self._items[-1]
        with CancelScope(shield=True):
            if asked.context != grounding.context:
                asked.context = grounding.context
                await self._store.replace(self._session, asked)
            if not grounding.marks <= self._session.marks:
                self._session.marks |= grounding.marks
                await self._store.save(self._session)
        if grounding.marks:
            await self._send(server.event("concierge.marked", marks=sorted(self._session.marks)))

    async def _say(self, text: str) -> None:
        if not self._saved:
            with CancelScope(shield=True):
                await self._begin()
        self._words.append(text)
        await self._send(self._writer.write(text))
        if time.monotonic() - self._saved > SAVE_EVERY:
            await self._save()

    async def _begin(self) -> None:
        """Announce the item, and the pieces that the words are about."""
        self._saved = time.monotonic()
        self._item.products = tuple(product.id for product in self._products)
        await self._store.append(self._session, self._item, after=self._items[-1])
        item = server.item(self._item)
        await self._send(
            server.event("response.output_item.added", response_id=self.id, output_index=0, item=item)
        )
        previous = self._conversation.before(self._item.id)
        await self._send(server.event("conversation.item.added", previous_item_id=previous, item=item))
        await self._send(self._part("response.content_part.added", part={"type": "text", "text": ""}))
        if self._products:
            await self._send(server.products(self._item.id, self._products, self.id))

    async def _save(self) -> None:
        with CancelScope(shield=True):
            self._item.text = "".join(self._words)
            await self._store.replace(self._session, self._item)
        self._saved = time.monotonic()

    async def _end(self) -> None:
        if self._saved:
            await self._keep()
        status, details = self._outcome()
        if self._saved:
            await self._close_item()
        usage = server.usage(self._finished.usage) if self._finished else None
        response = self._view(status, details, usage)
        await self._send(server.event("response.done", response=response))

    async def _keep(self) -> None:
        """Store the item in its last state."""
        whole = self._finished and self._finished.reason == "stop" and not self._failure
        self._item.status = "completed" if whole else "incomplete"
        if self._finished:
            self._item.tokens, self._item.model = self._finished.tokens, self._model.fingerprint
        try:
            await self._save()
        except Exception as error:
            self._failure = _explain(error)

    def _outcome(self) -> tuple[str, dict[str, Any] | None]:
        """The response's status and its details."""
        if self._failure:
            return "failed", {"type": "failed", "error": self._failure}
        if self._finished is None:
            return "cancelled", {"type": "cancelled", "reason": "client_cancelled"}
        if self._finished.reason == "length":
            return "incomplete", {"type": "incomplete", "reason": "max_output_tokens"}
        return "completed", None

    async def _close_item(self) -> None:
        text, item = self._item.text, server.item(self._item)
        await self._send(self._part("response.output_text.done", text=text))
        await self._send(self._part("response.content_part.done", part={"type": "text", "text": text}))
        await self._send(
            server.event("response.output_item.done", response_id=self.id, output_index=0, item=item)
        )
        previous = self._conversation.before(self._item.id)
        await self._send(server.event("conversation.item.done", previous_item_id=previous, item=item))

    def _part(self, type: str, **fields: Any) -> server.Event:
        place = {"response_id": self.id, "item_id": self._item.id, "output_index": 0, "content_index": 0}
        return server.event(type, **place, **fields)

    def _view(
        self, status: str, details: dict[str, Any] | None = None, usage: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The response as `response.created` and `response.done` show it."""
        return {
            "object": "realtime.response",
            "id": self.id,
            "conversation_id": self._session.id.replace("sess_", "conv_", 1),
            "status": status,
            "status_details": details,
            "output": [server.item(self._item)] if self._saved else [],
            "output_modalities": ["text"],
            "max_output_tokens": self._limit,
            "metadata": self._config.metadata,
            "usage": usage,
        }


def _explain(error: Exception) -> dict[str, Any]:
    """Why a reply failed, as `response.done` tells it."""
    details: dict[str, Any] = {}
    match error:
        case Busy():
            kind, code = "server_error", "server_busy"
            details = {"retry_after": round(error.retry_after, 1)}
        case ContextOverflow():
            kind, code = "invalid_request_error", "context_length_exceeded"
        case InvalidRequest():
            kind, code = "invalid_request_error", "invalid_value"
        case EngineError():
            kind, code = "server_error", "engine_error"
        case SessionNotFound():
            kind, code = "invalid_request_error", "session_not_found"
        case StoreUnavailable():
            kind, code = "server_error", "store_unavailable"
        case _:
            kind, code = "server_error", "internal_error"
            logger.error("a reply failed", exc_info=error)
    message = str(error) if isinstance(error, EngineError) else MESSAGES[code]
    return {"type": kind, "code": code, "message": message, **details}
