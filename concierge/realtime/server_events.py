"""Server events, built as plain dicts and strings; the client may be slow, so building must not be. No I/O.

They are not validated here: tests hold every one of them against the `openai` package's own types.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring as quote
from typing import Any

from concierge.catalog import Product
from concierge.engine import Usage
from concierge.realtime.events import ProtocolError
from concierge.sessions import Item

Event = dict[str, Any]


def new_id(prefix: str) -> str:
    """`prefix_` and 96 random bits."""
    return f"{prefix}_{secrets.token_hex(12)}"


def event(type: str, **fields: Any) -> Event:
    """A server event with an id of its own."""
    return {"type": type, "event_id": new_id("event"), **fields}


def error(problem: ProtocolError, **details: Any) -> Event:
    """An `error` event for a client event that was not honoured."""
    body = {
        "type": "invalid_request_error",
        "code": problem.code,
        "message": problem.message,
        "param": problem.param,
        "event_id": problem.event_id,
    }
    return event("error", error=body | details)


def session(id: str, model: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A session as `session.created`, `session.updated` and a client secret show it."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": id,
        "model": model,
        "output_modalities": ["text"],
        "instructions": settings.get("instructions", ""),
        "max_output_tokens": settings.get("max_output_tokens", "inf"),
        "tools": [],
        "tool_choice": "auto",
    }


def item(item: Item) -> dict[str, Any]:
    """A conversation item; one that has just begun has no content yet."""
    part = {"type": "output_text" if item.role == "assistant" else "input_text", "text": item.text}
    return {
        "id": item.id,
        "object": "realtime.item",
        "type": "message",
        "status": item.status,
        "role": item.role,
        "content": [part] if item.text else [],
    }


def products(item_id: str, products: Iterable[Product], response_id: str | None = None) -> Event:
    """Cards of the pieces that an item is about. `response_id` is None when a conversation is resumed."""
    cards = [product.as_card() for product in products]
    return event("concierge.products", response_id=response_id, item_id=item_id, products=cards)


def usage(usage: Usage) -> dict[str, Any]:
    """Token counts of one response; all of them are text."""
    kinds = {"audio_tokens": 0, "image_tokens": 0}
    return {
        "total_tokens": usage.total_tokens,
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "input_token_details": {
            "text_tokens": usage.prompt_tokens,
            "cached_tokens": usage.cached_tokens,
            "cached_tokens_details": {"text_tokens": usage.cached_tokens, **kinds},
            **kinds,
        },
        "output_token_details": {"text_tokens": usage.completion_tokens, "audio_tokens": 0},
    }


class DeltaWriter:
    """Writes a reply's `response.output_text.delta` events: one a token, so only the text is encoded anew."""

    def __init__(self, response_id: str, item_id: str) -> None:
        place = f'"response_id":"{response_id}","item_id":"{item_id}","output_index":0,"content_index":0'
        self._head = f'{{"type":"response.output_text.delta",{place},"event_id":"{new_id("event")}_'
        self._count = 0

    def write(self, text: str) -> str:
        self._count += 1
        return f'{self._head}{self._count}","delta":{quote(text)}}}'
