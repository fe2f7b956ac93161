"""A bare client of the wire: sends anything, collects events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter
from websockets.asyncio.client import ClientConnection, connect

Event = dict[str, Any]
SERVER_EVENT: TypeAdapter[RealtimeServerEvent] = TypeAdapter(RealtimeServerEvent)
PATIENCE_S = 60.0
LONG = "Hello, tell me everything that you can do for me, at great length."


class Talk:
    """One WebSocket. Every event it receives is held against the `openai` package's types."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.session = ""

    async def send(self, type: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type, **fields}))

    async def receive(self) -> Event:
        async with asyncio.timeout(PATIENCE_S):
            event: Event = json.loads(await self.socket.recv())
        if not event["type"].startswith("concierge."):
            SERVER_EVENT.validate_python(event)
        return event

    async def until(self, *types: str) -> list[Event]:
        """Events up to the first of one of these types."""
        events = [await self.receive()]
        while events[-1]["type"] not in types:
            events.append(await self.receive())
        return events

    async def write(self, text: str, **fields: Any) -> str:
        """Create a user's message; returns the item's id."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content, **fields}
        await self.send("conversation.item.create", item=item)
        event = (await self.until("conversation.item.done", "error"))[-1]
        assert event["type"] != "error", event
        return str(event["item"]["id"])

    async def reply(self, **response: Any) -> list[Event]:
        """Ask for a response; returns its events."""
        await self.send("response.create", response=response)
        return await self.until("response.done", "error")

    async def ask(self, text: str, **response: Any) -> list[Event]:
        await self.write(text)
        return await self.reply(**response)

    async def error(self) -> Event:
        """The error that the next event must be."""
        event = await self.receive()
        assert event["type"] == "error", event
        error: Event = event["error"]
        return error


def said(events: list[Event]) -> str:
    """The words of a response."""
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


@asynccontextmanager
async def talk(url: str, **options: Any) -> AsyncIterator[Talk]:
    """A conversation at `url`, past its `session.created` or, if resumed, past its `concierge.resumed`."""
    async with connect(url, max_size=None, **options) as socket:
        client = Talk(socket)
        first = await client.receive()
        assert first["type"] == "session.created", first
        client.session = first["session"]["id"]
        yield client
