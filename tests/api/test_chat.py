"""Chat completions, driven with the official SDK and with bare requests."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from tests.servers import Server


def user(content: Any) -> list[Any]:
    return [{"role": "user", "content": content}]


MESSAGES = user("Count from one to ten.")


@pytest.fixture
async def client(server: Server) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=server.api, api_key="none", max_retries=0) as client:
        yield client


async def test_a_completion(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="concierge", messages=MESSAGES, max_completion_tokens=12, temperature=0
    )
    [choice] = answer.choices
    assert choice.message.content
    assert choice.finish_reason in ("stop", "length")
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert 0 < answer.usage.completion_tokens <= 12


async def test_streaming_says_the_same(client: AsyncOpenAI) -> None:
    settings: Any = {"model": "concierge", "messages": MESSAGES, "max_tokens": 12, "temperature": 0}
    whole = await client.chat.completions.create(**settings)
    stream = await client.chat.completions.create(
        **settings, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == whole.choices[0].finish_reason
    assert chunks[-1].choices == []
    assert chunks[-1].usage
    assert whole.usage
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    details = chunks[-1].usage.prompt_tokens_details
    assert details
    assert details.cached_tokens
    assert details.cached_tokens > 0, "the same prompt was just computed"


async def test_a_stream_as_it_goes_over_the_wire(server: Server) -> None:
    async with httpx.AsyncClient() as http:
        body = {"messages": MESSAGES, "stream": True, "max_tokens": 3}
        answer = await http.post(f"{server.api}/chat/completions", json=body, timeout=60)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(json.loads(e.removeprefix("data: "))["object"] for e in events[:-2])


async def test_seed_stop_and_text_parts(client: AsyncOpenAI) -> None:
    parts: list[Any] = [
        {"role": "developer", "content": "You count."},
        {"role": "user", "content": [{"type": "text", "text": "One, "}, {"type": "text", "text": "two?"}]},
    ]
    settings: dict[str, Any] = {"model": "concierge", "messages": parts, "max_tokens": 16, "seed": 7}
    first, second = [await client.chat.completions.create(**settings, temperature=1.5) for _ in range(2)]
    text = first.choices[0].message.content
    assert text
    assert text == second.choices[0].message.content
    word = text.split()[-1]
    cut = await client.chat.completions.create(**settings, temperature=1.5, stop=word)
    assert cut.choices[0].finish_reason == "stop"
    assert cut.choices[0].message.content == text[: text.index(word)]


async def test_exactly_as_many_tokens_as_asked_for(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="concierge",
        messages=[{"role": "user", "content": "Say hi."}],
        max_tokens=40,
        extra_body={"ignore_eos": True, "top_k": 5, "min_p": 0.0},
    )
    assert answer.usage
    assert answer.usage.completion_tokens == 40
    assert answer.choices[0].finish_reason == "length"


async def test_json_as_the_schema_has_it(client: AsyncOpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"color": {"enum": ["red", "green"]}, "count": {"type": "integer"}},
        "required": ["color", "count"],
        "additionalProperties": False,
    }
    answer = await client.chat.completions.create(
        model="concierge",
        messages=[{"role": "user", "content": "A color and a count, as JSON."}],
        response_format={"type": "json_schema", "json_schema": {"name": "it", "schema": schema}},
        max_tokens=60,
    )
    value = json.loads(answer.choices[0].message.content or "")
    assert value["color"] in ("red", "green")
    assert isinstance(value["count"], int)


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"messages": []}, 400, "invalid_value", "messages"),
        ({"messages": None}, 400, "missing_required_parameter", "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "invalid_value", "messages[0].role"),
        ({"messages": user([{"type": "image_url"}])}, 400, "invalid_value", "messages[0].content[0].type"),
        ({"model": "gpt-4"}, 404, "model_not_found", "model"),
        ({"n": 2}, 400, "invalid_value", "n"),
        ({"tools": []}, 400, "unsupported_parameter", "tools"),
        ({"logprobs": True}, 400, "invalid_value", "logprobs"),
        ({"frequency_penalty": 0.5}, 400, "invalid_value", "frequency_penalty"),
        ({"temperature": -1}, 400, "invalid_value", "temperature"),
        ({"temperature": "hot"}, 400, "invalid_value", "temperature"),
        ({"max_tokens": 0}, 400, "invalid_value", "max_tokens"),
        ({"stop": [""]}, 400, "invalid_value", "stop[0]"),
        ({"response_format": {"type": "json_schema"}}, 400, "invalid_value", "response_format"),
        ({"ignore_eos": True, "response_format": {"type": "json_object"}}, 400, "invalid_value", None),
        ({"messages": user("word " * 20_000)}, 400, "context_length_exceeded", "messages"),
        ({"messages": user("x" * (1 << 20))}, 413, "request_too_large", None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_mistakes_are_named(
    server: Server, change: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    answer = httpx.post(f"{server.api}/chat/completions", json={"messages": MESSAGES} | change, timeout=60)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param)


def test_no_json_and_no_post(server: Server) -> None:
    answer = httpx.post(f"{server.api}/chat/completions", content=b"{")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")
    answer = httpx.get(f"{server.api}/chat/completions")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    answer = httpx.get(f"{server.api}/nowhere")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("stream", [True, False])
async def test_hanging_up_frees_the_place(server: Server, stream: bool) -> None:
    """Each would take minutes; more of them than places and queue hold are started and left."""
    body = {"messages": MESSAGES, "stream": stream, "ignore_eos": True, "max_tokens": 2_000}
    async with httpx.AsyncClient() as http:

        async def hang_up() -> None:
            with pytest.raises(httpx.ReadTimeout):
                patience = httpx.Timeout(60, read=1)
                await http.post(f"{server.api}/chat/completions", json=body, timeout=patience)

        if stream:
            for _ in range(3):
                async with http.stream(
                    "POST", f"{server.api}/chat/completions", json=body, timeout=60
                ) as answer:
                    await anext(answer.aiter_lines())
        else:
            await asyncio.gather(*(hang_up() for _ in range(3)))
        started = time.monotonic()
        quick = {"messages": MESSAGES, "max_tokens": 1}
        await http.post(f"{server.api}/chat/completions", json=quick, timeout=60)
        assert time.monotonic() - started < 20


async def test_busy_is_429_and_says_when_to_come_back(client: AsyncOpenAI) -> None:
    settings: Any = {"model": "concierge", "messages": MESSAGES, "max_tokens": 4}
    requests = (client.chat.completions.create(**settings) for _ in range(60))
    answers = await asyncio.gather(*requests, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, openai.RateLimitError)]
    assert 0 < len(refused) < 60
    assert len(refused) == sum(isinstance(answer, Exception) for answer in answers)
    for error in refused:
        assert error.code == "server_busy"
        assert 1 <= int(error.response.headers["retry-after"]) <= 60


async def test_models(client: AsyncOpenAI) -> None:
    names = [model.id async for model in client.models.list()]
    assert "concierge" in names
    assert len(names) == 2
    for name in names:
        assert (await client.models.retrieve(name)).id == name
    with pytest.raises(openai.NotFoundError) as caught:
        await client.models.retrieve("gpt-4")
    assert caught.value.code == "model_not_found"
