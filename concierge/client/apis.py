"""The two ways a simulated shopper talks to a server: the Realtime protocol and chat completions."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from concierge.client import address
from concierge.client.address import CannotConnect, Refused
from concierge.client.plan import Plan, Turn

ASK = "ask"  # event id of each response.create
REPLY_SECONDS = 300.0  # a reply that takes longer has failed

Ask = Callable[[str, Turn], Awaitable[None]]  # sends a message and fills in the turn with what comes back
OpenChat = Callable[[], AbstractAsyncContextManager[Ask]]


@asynccontextmanager
async def open_api(plan: Plan) -> AsyncIterator[OpenChat]:
    """The means to open a chat, once the server is known to answer."""
    async with http_client(plan.key) as client:
        model = await first_model(plan.url, client)
        if plan.api == "realtime":
            yield lambda: realtime_chat(plan)
        else:
            system = await _shared_prompt(plan, client, model)
            yield lambda: _completions_chat(plan, client, model, system)


def http_client(key: str | None = None) -> httpx.AsyncClient:
    """A client for any number of requests at once, each as long as it takes, on a connection of its own.

    Servers close idle connections, and a request that just then went out on one would have failed.
    """
    return httpx.AsyncClient(
        headers=address.headers(key),
        timeout=httpx.Timeout(None, connect=10),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
    )


async def first_model(url: str, client: httpx.AsyncClient) -> str:
    """The id of the model that the server names first. Raises CannotConnect or Refused."""
    try:
        answer = await client.get(address.http(url, "/v1/models"))
    except httpx.HTTPError as error:
        raise CannotConnect(f"No server answers at {url} ({error}); is it running?") from error
    if answer.status_code != 200:
        raise Refused.by_http(url, answer.status_code, answer.content)
    try:
        return str(answer.json()["data"][0]["id"])
    except (ValueError, LookupError, TypeError):
        raise Refused(f"{url} names no model at /v1/models.") from None


# --- the Realtime protocol


@asynccontextmanager
async def realtime_chat(plan: Plan) -> AsyncIterator[Ask]:
    """A new session. Raises Refused, OSError or WebSocketException if there can't be one."""
    try:
        socket = await connect(
            address.realtime(plan.url), additional_headers=address.headers(plan.key), max_size=None
        )
    except InvalidStatus as error:
        raise Refused.by_http(plan.url, error.response.status_code, error.response.body) from error
    async with socket:
        async with asyncio.timeout(REPLY_SECONDS):
            await _until(socket, "session.created")

        async def ask(text: str, turn: Turn) -> None:
            content = [{"type": "input_text", "text": text}]
            item = {"type": "message", "role": "user", "content": content}
            response = {"max_output_tokens": plan.max_tokens}
            started = time.perf_counter()
            await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
            await socket.send(json.dumps({"type": "response.create", "event_id": ASK, "response": response}))
            async with asyncio.timeout(REPLY_SECONDS):
                await _realtime_reply(socket, turn, started)

        yield ask


async def _realtime_reply(socket: ClientConnection, turn: Turn, started: float) -> None:
    while True:
        event = json.loads(await socket.recv())
        now = time.perf_counter() - started
        match event["type"]:
            case "response.output_text.delta":
                turn.arrivals.append(now)
                turn.text += event["delta"]
            case "concierge.products":
                turn.products = event["products"]
            case "error":
                turn.error = turn.error or event["error"]["message"]
                if event["error"].get("event_id") == ASK:
                    return
            case "response.done":
                break
    turn.end = now
    response = event["response"]
    turn.finish_reason = response["status"]
    if response["status"] == "failed":
        turn.error = ((response.get("status_details") or {}).get("error") or {}).get("message") or "failed"
    usage = response.get("usage") or {}
    turn.prompt_tokens = usage.get("input_tokens", 0)
    turn.cached_tokens = (usage.get("input_token_details") or {}).get("cached_tokens", 0)
    turn.completion_tokens = usage.get("output_tokens", 0)


async def _until(socket: ClientConnection, kind: str) -> None:
    while (event := json.loads(await socket.recv()))["type"] != kind:
        if event["type"] == "error":
            raise WebSocketException(event["error"]["message"])


# --- chat completions


@asynccontextmanager
async def _completions_chat(
    plan: Plan, client: httpx.AsyncClient, model: str, system: str
) -> AsyncIterator[Ask]:
    messages = [{"role": "system", "content": system}] if system else []

    async def ask(text: str, turn: Turn) -> None:
        messages.append({"role": "user", "content": text})
        async with asyncio.timeout(REPLY_SECONDS):
            reply = await complete(plan.url, client, _body(plan, model, messages), turn)
        messages.append({"role": "assistant", "content": reply})

    yield ask


def _body(plan: Plan, model: str, messages: list[dict[str, str]]) -> dict[str, Any]:
    body = {
        "model": model,
        "messages": messages,
        "max_tokens": plan.max_tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return body | ({"ignore_eos": True} if plan.ignore_eos else {})


async def complete(url: str, client: httpx.AsyncClient, body: dict[str, Any], turn: Turn) -> str:
    """Stream one completion of the server at `url` into `turn`; returns its text."""
    text: list[str] = []
    started = time.perf_counter()
    async with client.stream("POST", address.http(url, "/v1/chat/completions"), json=body) as response:
        if response.status_code != 200:
            refusal = await response.aread()
            turn.error = str(Refused.by_http(url, response.status_code, refusal))
            return ""
        async for line in response.aiter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            now = time.perf_counter() - started
            chunk = json.loads(line[6:])
            if "error" in chunk:
                turn.error = str(chunk["error"].get("message"))
            if usage := chunk.get("usage"):
                turn.prompt_tokens = usage["prompt_tokens"]
                turn.cached_tokens = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
                turn.completion_tokens = usage["completion_tokens"]
            if choices := chunk.get("choices"):
                turn.finish_reason = choices[0].get("finish_reason") or turn.finish_reason
                if delta := choices[0]["delta"].get("content"):
                    turn.arrivals.append(now)
                    text.append(delta)
    turn.end = time.perf_counter() - started
    return "".join(text)


FILLER = "the house keeps wool and linen in many colors for those who ask about fit care and price"


async def _shared_prompt(plan: Plan, client: httpx.AsyncClient, model: str) -> str:
    """A system prompt of about `plan.prompt_tokens` tokens, by the server's own count of another one."""
    if not plan.prompt_tokens:
        return ""

    def prompt(words: int, seed: int) -> str:
        return " ".join(random.Random(seed).choices(FILLER.split(), k=words))

    counts = []
    for words in (100, 200):
        turn = Turn(first=True)
        messages = [
            {"role": "system", "content": prompt(words, seed=1)},
            {"role": "user", "content": "Hello"},
        ]
        await complete(plan.url, client, _body(plan, model, messages) | {"max_tokens": 1}, turn)
        if not turn.prompt_tokens:
            raise Refused(f"{plan.url} does not tell usage, which --prompt-tokens needs ({turn.error}).")
        counts.append(turn.prompt_tokens)
    return prompt(round(plan.prompt_tokens * 100 / max(1, counts[1] - counts[0])), seed=2)
