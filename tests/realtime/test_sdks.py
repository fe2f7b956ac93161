"""The official SDKs, as they are, are clients."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeErrorEvent, ResponseDoneEvent

from tests.servers import Server

SCRIPT = Path(__file__).with_name("converse.js")


async def test_python(server: Server) -> None:
    client = AsyncOpenAI(base_url=server.api, api_key="none")
    async with client.realtime.connect(model="concierge") as connection:
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        await connection.conversation.item.create(
            item={
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Good morning"}],
            }
        )
        await connection.response.create(response={"max_output_tokens": 8})
        words = ""
        async for event in connection:
            if event.type == "response.output_text.delta":
                words += event.delta
            elif isinstance(event, ResponseDoneEvent):
                break
        assert event.response.output
        assert event.response.output[0].id
        assert words
        assert event.response.usage
        assert event.response.usage.output_tokens
        await connection.conversation.item.retrieve(item_id=event.response.output[0].id)
        retrieved = await connection.recv()
        assert retrieved.type == "conversation.item.retrieved"
        assert retrieved.item.content[0].text == words
        await connection.input_audio_buffer.append(audio="AAAA", event_id="audio")
        error = await connection.recv()
        assert isinstance(error, RealtimeErrorEvent)
        assert error.error.event_id == "audio"


async def test_python_with_a_client_secret(server: Server) -> None:
    client = AsyncOpenAI(base_url=server.api, api_key="none")
    secret = await client.realtime.client_secrets.create(
        expires_after={"anchor": "created_at", "seconds": 60},
        session={"type": "realtime", "instructions": "Be brief.", "max_output_tokens": 2},
    )
    browser = AsyncOpenAI(base_url=server.api, api_key=secret.value)
    async with browser.realtime.connect(model="concierge") as connection:
        created = await connection.recv()
        assert created.type == "session.created"
        assert created.session.instructions == "Be brief."
        assert created.session.max_output_tokens == 2
        await connection.session.update(session={"type": "realtime", "instructions": "Be rude."})
        refused = await connection.recv()
        assert isinstance(refused, RealtimeErrorEvent)
        assert (refused.error.code, refused.error.param) == ("not_allowed", "session.instructions")


@pytest.mark.skipif(not shutil.which("node"), reason="no Node.js here")
def test_javascript(server: Server) -> None:
    result = subprocess.run(
        ["node", str(SCRIPT), server.api], capture_output=True, text=True, timeout=120, cwd=SCRIPT.parent
    )
    assert result.returncode == 0, result.stderr
    seen = json.loads(result.stdout)
    assert seen["words"]
    assert seen["statuses"][0] in ("completed", "incomplete")
    assert seen["statuses"][1] == "cancelled"
    assert seen["errors"] == [{"code": "unsupported_event", "event_id": "audio"}]
    assert {"response.created", "rate_limits.updated", "conversation.item.done"} <= set(seen["types"])
