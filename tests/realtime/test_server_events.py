"""What the server builds by hand is JSON, and the convention's."""

import json

from hypothesis import given
from hypothesis import strategies as st
from openai.types.realtime import RealtimeServerEvent, ResponseTextDeltaEvent
from openai.types.realtime.client_secret_create_response import ClientSecretCreateResponse
from pydantic import TypeAdapter

from concierge.engine import Usage
from concierge.realtime import server_events as server
from concierge.realtime.events import ProtocolError
from concierge.sessions import Item

SERVER_EVENT: TypeAdapter[RealtimeServerEvent] = TypeAdapter(RealtimeServerEvent)
WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_deltas(texts: list[str]) -> None:
    writer = server.DeltaWriter("resp_1", "item_1")
    events = [SERVER_EVENT.validate_json(writer.write(text)) for text in texts]
    assert all(isinstance(event, ResponseTextDeltaEvent) for event in events)
    assert [event.delta for event in events] == texts
    assert len({event.event_id for event in events}) == len(texts)


@given(WORDS, st.sampled_from(["user", "assistant", "system"]))
def test_items(text: str, role: str) -> None:
    event = server.event("conversation.item.retrieved", item=server.item(Item("item_1", role, text)))
    item = SERVER_EVENT.validate_python(event).item
    assert "".join(part.text for part in item.content) == text
    assert (item.id, item.role, item.status) == ("item_1", role, "completed")


@given(WORDS, st.none() | WORDS)
def test_errors(message: str, param: str | None) -> None:
    event = SERVER_EVENT.validate_python(server.error(ProtocolError("code", message, param, "mine")))
    assert event.error.model_dump() == {
        "type": "invalid_request_error",
        "code": "code",
        "message": message,
        "param": param,
        "event_id": "mine",
    }


def test_usage_adds_up() -> None:
    usage = server.usage(Usage(prompt_tokens=10, cached_tokens=7, completion_tokens=3))
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] == 13
    assert usage["input_token_details"]["cached_tokens"] == 7
    json.dumps(usage)


def test_a_secrets_session() -> None:
    session = server.session("", "small", {"max_output_tokens": 5})
    answer = ClientSecretCreateResponse.model_validate({"value": "ek_1", "expires_at": 1, "session": session})
    assert answer.session.max_output_tokens == 5
