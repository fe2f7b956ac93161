"""POST /v1/chat/completions: the engine itself, for the caller's own messages; no house, no search."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import to_json
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from concierge.access import Refusal
from concierge.api import body, models
from concierge.api.errors import error_body
from concierge.engine import (
    Busy,
    Chunk,
    ContextOverflow,
    EngineError,
    InvalidRequest,
    Message,
    ModelInfo,
    Request,
    SamplingParams,
    Usage,
)
from concierge.rooms import rooms_of

GONE = Response(status_code=499)  # the client has closed the connection; nginx's code, which nobody reads

T = TypeVar("T")
Stop = Annotated[str, Field(min_length=1)]


class Fields(BaseModel):
    """Null stands for 'not given'. Fields that are not listed are refused by name."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> Any:
        return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


class TextPart(Fields):
    type: Literal["text"]
    text: str


def _one_part(content: Any) -> Any:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _one_string(stop: Any) -> Any:
    return [stop] if isinstance(stop, str) else stop


class ChatMessage(Fields):
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[list[TextPart], BeforeValidator(_one_part)]
    name: Any = None
    refusal: Any = None

    @property
    def for_engine(self) -> Message:
        role = "system" if self.role == "developer" else self.role
        return Message(role, "".join(part.text for part in self.content))


class JsonSchema(Fields):
    name: str = ""
    description: str = ""
    schema_: Annotated[dict[str, Any], Field(alias="schema")] = {"type": "object"}
    strict: bool = True


class ResponseFormat(Fields):
    """`{"type": "json_object", "schema": ...}` is llama-server's."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None

    @model_validator(mode="after")
    def _has_schema(self) -> ResponseFormat:
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("json_schema is required when type is 'json_schema'")
        return self

    @property
    def grammar(self) -> str | None:
        """The JSON text of the schema that the reply must satisfy."""
        if self.type == "text":
            return None
        if self.json_schema:
            return json.dumps(self.json_schema.schema_)
        return json.dumps(self.schema_ or {"type": "object"})


class StreamOptions(Fields):
    include_usage: bool = False
    include_obfuscation: Literal[False] = False


class ChatRequest(Fields):
    """OpenAI's request, and `top_k`, `min_p`, `repeat_penalty`, `ignore_eos` as llama-server has them.

    Fields that say what is so anyway (`n` of 1, no penalties) and those that are labels of the caller's own
    (`user`, `metadata`) are taken.
    """

    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    model: str = models.ALIAS
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    stop: Annotated[list[Stop], Field(max_length=16), BeforeValidator(_one_string)] = []
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    response_format: ResponseFormat | None = None
    ignore_eos: bool = False
    n: Literal[1] = 1
    frequency_penalty: Annotated[float, Field(ge=0, le=0)] = 0
    presence_penalty: Annotated[float, Field(ge=0, le=0)] = 0
    logprobs: Literal[False] = False
    store: bool = False
    cache_prompt: Literal[True] = True
    service_tier: Literal["auto", "default"] = "auto"
    user: Any = None
    metadata: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None

    @model_validator(mode="after")
    def _can_end(self) -> ChatRequest:
        if self.ignore_eos and self.response_format and self.response_format.type != "text":
            raise ValueError("ignore_eos does not go with a response_format of JSON, which has an end")
        return self

    def for_engine(self) -> Request:
        given = self.model_dump(
            include={"temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed", "ignore_eos"},
            exclude_none=True,
        )
        limit = self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens
        sampling = SamplingParams(
            stop=tuple(self.stop),
            max_tokens=limit,
            json_schema=self.response_format.grammar if self.response_format else None,
            **given,
        )
        return Request(tuple(message.for_engine for message in self.messages), sampling)


async def complete(request: HTTPRequest) -> Response:
    """Answer one request, of an API key's holder. Closing the connection frees its place in the engine."""
    rooms = rooms_of(request)
    engine = rooms.open.engine
    caller = await rooms.access.caller(request, rooms.open.store)
    if not caller.trusted:
        raise Refusal(403, "not_allowed", "Chat completions need an API key; shoppers chat at /v1/realtime.")
    wanted = await body.read(request, ChatRequest)
    models.known(wanted.model, engine.info.name)
    chunks = engine.generate(wanted.for_engine())
    include_usage = wanted.stream and wanted.stream_options.include_usage
    completion = Completion(engine.info, include_usage)
    try:
        if not wanted.stream:
            return await _unless_gone(request, _whole(completion, chunks)) or GONE
        first = await _unless_gone(request, _first(chunks))
    except EngineError as error:
        raise _refusal(error) from None
    if first is None:
        return GONE
    events = _events(completion, first, chunks)
    return EventStream(events, media_type="text/event-stream", headers={"cache-control": "no-store"})


class Completion:
    """The objects of one answer, which share id and time."""

    def __init__(self, model: ModelInfo, include_usage: bool) -> None:
        self.include_usage = include_usage
        self._common = {
            "id": f"chatcmpl-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": model.name,
            "system_fingerprint": model.fingerprint,
        }

    def whole(self, text: str, reason: str, usage: Usage) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        return {"object": "chat.completion", **self._common, "choices": [choice], "usage": _usage(usage)}

    def chunk(self, delta: dict[str, str], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        usage = {"usage": None} if self.include_usage else {}
        return {"object": "chat.completion.chunk", **self._common, "choices": [choice], **usage}

    def usage(self, usage: Usage) -> dict[str, Any]:
        return {"object": "chat.completion.chunk", **self._common, "choices": [], "usage": _usage(usage)}


class EventStream(StreamingResponse):
    """Closes its events, and so the generation behind them, however the sending ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        events = self.body_iterator
        assert isinstance(events, AsyncGenerator)
        async with aclosing(events):
            await super().__call__(scope, receive, send)


async def _events(completion: Completion, first: Chunk, rest: AsyncGenerator[Chunk]) -> AsyncGenerator[bytes]:
    """The reply as server-sent events; what a step brought is sent in one piece."""
    yield _data(completion.chunk({"role": "assistant", "content": ""})) + _deltas(completion, first)
    async with aclosing(rest):
        chunk = first
        try:
            async for chunk in rest:
                yield _deltas(completion, chunk)
        except EngineError as error:
            yield _data(error_body(_refusal(error)))
            return
        if completion.include_usage and chunk.usage:
            yield _data(completion.usage(chunk.usage))
        yield b"data: [DONE]\n\n"


def _deltas(completion: Completion, chunk: Chunk) -> bytes:
    data = _data(completion.chunk({"content": chunk.text})) if chunk.text else b""
    if chunk.finish_reason:
        data += _data(completion.chunk({}, chunk.finish_reason))
    return data


def _data(value: dict[str, Any]) -> bytes:
    return b"data: " + to_json(value) + b"\n\n"


async def _first(chunks: AsyncGenerator[Chunk]) -> Chunk:
    return await anext(chunks)


async def _whole(completion: Completion, chunks: AsyncGenerator[Chunk]) -> Response:
    words = []
    async with aclosing(chunks):
        async for chunk in chunks:
            words.append(chunk.text)
    assert chunk.finish_reason
    assert chunk.usage
    return JSONResponse(completion.whole("".join(words), chunk.finish_reason, chunk.usage))


async def _unless_gone(request: HTTPRequest, work: Coroutine[Any, Any, T]) -> T | None:
    """The work's result; None if the client leaves first, and then the work is cancelled."""
    working, gone = asyncio.create_task(work), asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.wait((working, gone))


async def _gone(request: HTTPRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
    }


def _refusal(error: EngineError) -> Refusal:
    """An engine's error in HTTP's terms."""
    if isinstance(error, Busy):
        return Refusal(429, "server_busy", str(error), retry_after=error.retry_after)
    if isinstance(error, ContextOverflow):
        return Refusal(400, "context_length_exceeded", str(error), "messages")
    if isinstance(error, InvalidRequest):
        return Refusal(400, "invalid_value", str(error), error.param)
    return Refusal(500, "engine_error", str(error))
