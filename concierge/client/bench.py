"""`concierge bench`: simulated shoppers who measure what a person would wait for.

Times are taken by the arrival of chunks at the client, tokens by the server's own usage count.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from concierge.client import address, report
from concierge.client.address import CannotConnect, Refused
from concierge.errors import UserError

SILENCE_SECONDS = 300.0  # a server that sends nothing for so long has failed the turn


@dataclass(frozen=True, slots=True)
class Plan:
    """What the shoppers do; see the options of `concierge bench`."""

    url: str
    api: str
    shoppers: int
    turns: int
    think: float
    max_tokens: int
    prompt_tokens: int
    ignore_eos: bool
    key: str | None

    def __post_init__(self) -> None:
        if self.api not in ("realtime", "chat"):
            raise UserError(f"--api cannot be {self.api!r}; it is realtime or chat.")
        if self.api == "realtime" and (self.prompt_tokens or self.ignore_eos):
            raise UserError("--prompt-tokens and --ignore-eos go with --api chat alone.")


@dataclass(slots=True)
class Turn:
    """One message and its reply, as the shopper saw it. Times in seconds from the sending of the message."""

    first: bool  # of its chat
    arrivals: list[float] = field(default_factory=list)  # of the chunks that carried text
    end: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    error: str = ""


Ask = Callable[[str, Turn], Any]  # coroutine: sends a message, fills in the turn


def run(plan: Plan, questions: Path | None, output: Path | None) -> int:
    """Carry out the plan, print the table, write the JSON; returns the exit code.

    Raises UserError: no questions, nowhere to write, CannotConnect, Refused.
    """
    asked = _questions(questions)
    if output:
        _check_writable(output)
    turns, seconds, cpu = uvloop.run(_measure(plan, asked))
    results = report.summary(plan, turns, seconds, cpu)
    report.show(results)
    if output:
        output.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    return 1 if results["errors"] else 0


def _questions(path: Path | None) -> list[str]:
    try:
        text = (
            path.read_text("utf-8")
            if path
            else files(__package__).joinpath("questions.txt").read_text("utf-8")
        )
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--questions {path}: cannot be read ({error}).") from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise UserError(f"--questions {path}: has no question; write one on each line.")
    return lines


def _check_writable(output: Path) -> None:
    try:
        output.open("a").close()
    except OSError as error:
        raise UserError(f"--json {output}: cannot be written ({error.strerror}).") from error


async def _measure(plan: Plan, questions: list[str]) -> tuple[list[Turn], float, float]:
    """All turns, the seconds they took together, and the seconds of CPU that measuring took."""
    turns: list[Turn] = []
    async with _open_api(plan) as open_chat:
        started, cpu = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as shop:
            for number in range(plan.shoppers):
                shop.create_task(_shopper(plan, number, questions, open_chat, turns))
        return turns, time.perf_counter() - started, time.process_time() - cpu


async def _shopper(
    plan: Plan, number: int, questions: list[str], open_chat: Callable[[], Any], turns: list[Turn]
) -> None:
    """One chat: ask, wait for the whole reply, think, ask again. A chat that cannot go on is left."""
    chance = random.Random(number)
    try:
        async with open_chat() as ask:
            for index in range(plan.turns):
                if index:
                    await asyncio.sleep(plan.think * chance.uniform(0.5, 1.5))
                turn = Turn(first=index == 0)
                turns.append(turn)
                await ask(questions[(number * plan.turns + index) % len(questions)], turn)
    except (httpx.HTTPError, WebSocketException, OSError, TimeoutError) as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        turns.append(Turn(first=True, error=reason))


@asynccontextmanager
async def _open_api(plan: Plan) -> AsyncIterator[Callable[[], Any]]:
    """The means to open a chat, once the server is known to answer."""
    async with httpx.AsyncClient(
        headers=address.headers(plan.key),
        timeout=httpx.Timeout(SILENCE_SECONDS, connect=10),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
    ) as client:
        model = await _first_model(plan, client)
        if plan.api == "realtime":
            yield lambda: _realtime_chat(plan)
        else:
            system = await _shared_prompt(plan, client, model)
            yield lambda: _completions_chat(plan, client, model, system)


async def _first_model(plan: Plan, client: httpx.AsyncClient) -> str:
    try:
        answer = await client.get(address.http(plan.url, "/v1/models"))
    except httpx.HTTPError as error:
        raise CannotConnect(f"No server answers at {plan.url} ({error}); is it running?") from error
    if answer.status_code in (401, 403):
        raise Refused(f"{plan.url} refuses us (HTTP {answer.status_code}); give a key with --key.")
    try:
        return str(answer.json()["data"][0]["id"])
    except (ValueError, LookupError, TypeError):
        raise Refused(f"{plan.url} names no model at /v1/models (HTTP {answer.status_code}).") from None


# --- the Realtime protocol


@asynccontextmanager
async def _realtime_chat(plan: Plan) -> AsyncIterator[Ask]:
    try:
        socket = await connect(
            address.realtime(plan.url), additional_headers=address.headers(plan.key), max_size=None
        )
    except InvalidStatus as error:
        raise WebSocketException(f"HTTP {error.response.status_code}") from error
    async with socket:
        await _until(socket, "session.created")

        async def ask(text: str, turn: Turn) -> None:
            content = [{"type": "input_text", "text": text}]
            item = {"type": "message", "role": "user", "content": content}
            response = {"max_output_tokens": plan.max_tokens}
            started = time.perf_counter()
            await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
            await socket.send(json.dumps({"type": "response.create", "response": response}))
            await _realtime_reply(socket, turn, started)

        yield ask


async def _realtime_reply(socket: ClientConnection, turn: Turn, started: float) -> None:
    while True:
        event = json.loads(await asyncio.wait_for(socket.recv(), SILENCE_SECONDS))
        now = time.perf_counter() - started
        match event["type"]:
            case "response.output_text.delta":
                turn.arrivals.append(now)
            case "error":
                turn.error, turn.end = event["error"]["message"], now
                return
            case "response.done":
                break
    turn.end = now
    response = event["response"]
    if response["status"] == "failed":
        turn.error = ((response.get("status_details") or {}).get("error") or {}).get("message") or "failed"
    usage = response.get("usage") or {}
    turn.prompt_tokens = usage.get("input_tokens", 0)
    turn.cached_tokens = (usage.get("input_token_details") or {}).get("cached_tokens", 0)
    turn.completion_tokens = usage.get("output_tokens", 0)


async def _until(socket: ClientConnection, kind: str) -> None:
    while (event := json.loads(await asyncio.wait_for(socket.recv(), SILENCE_SECONDS)))["type"] != kind:
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
        reply = await _complete(plan, client, _body(plan, model, messages), turn)
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


async def _complete(plan: Plan, client: httpx.AsyncClient, body: dict[str, Any], turn: Turn) -> str:
    """Stream one completion into `turn`; returns its text."""
    text: list[str] = []
    started = time.perf_counter()
    async with client.stream("POST", address.http(plan.url, "/v1/chat/completions"), json=body) as response:
        if response.status_code != 200:
            await response.aread()
            turn.error = f"HTTP {response.status_code}"
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
            if (choices := chunk.get("choices")) and (delta := choices[0]["delta"].get("content")):
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
        await _complete(plan, client, _body(plan, model, messages) | {"max_tokens": 1}, turn)
        if not turn.prompt_tokens:
            raise Refused(f"{plan.url} does not tell usage, which --prompt-tokens needs ({turn.error}).")
        counts.append(turn.prompt_tokens)
    return prompt(round(plan.prompt_tokens * 100 / max(1, counts[1] - counts[0])), seed=2)
