"""Whatever a client sends is an event, or an error that names the field."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openai.types.realtime import RealtimeClientEvent
from pydantic import TypeAdapter

from concierge.realtime.events import EVENTS, MAX_EVENT, MAX_TEXT, ClientEvent, ProtocolError, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
MESSAGE = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "A coat"}]}
VALID: list[dict[str, Any]] = [
    {"type": "session.update", "session": {"type": "realtime"}},
    {
        "type": "session.update",
        "event_id": "mine",
        "session": {
            "type": "realtime",
            "output_modalities": ["text"],
            "instructions": "Be brief.",
            "max_output_tokens": "inf",
            "tools": [],
            "tool_choice": "auto",
        },
    },
    {"type": "conversation.item.create", "item": MESSAGE},
    {"type": "conversation.item.create", "previous_item_id": "root", "item": {"id": "item_1", **MESSAGE}},
    {"type": "conversation.item.retrieve", "item_id": "item_1"},
    {"type": "conversation.item.delete", "item_id": "item_1"},
    {"type": "conversation.item.truncate", "item_id": "item_1", "content_index": 0, "audio_end_ms": 1500},
    {"type": "response.create"},
    {"type": "response.create", "response": {"max_output_tokens": 5, "metadata": {"a": "b"}}},
    {"type": "response.cancel"},
    {"type": "response.cancel", "response_id": "resp_1"},
]


def item(**changes: Any) -> dict[str, Any]:
    return {"type": "conversation.item.create", "item": MESSAGE | changes}


def part(**fields: Any) -> dict[str, Any]:
    return item(content=[fields])


def update(**fields: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "realtime", **fields}}


def respond(**fields: Any) -> dict[str, Any]:
    return {"type": "response.create", "response": fields}


MISTAKES: list[tuple[Any, str, str | None]] = [
    ([], "invalid_type", None),
    ("text", "invalid_type", None),
    ({}, "missing_required_parameter", "type"),
    ({"type": 5}, "invalid_type", "type"),
    ({"type": "conversation.item.invent"}, "unknown_event", "type"),
    ({"type": "input_audio_buffer.append", "audio": "AAAA"}, "unsupported_event", "type"),
    ({"type": "output_audio_buffer.clear"}, "unsupported_event", "type"),
    ({"type": "response.cancel", "event_id": 7}, "invalid_type", "event_id"),
    ({"type": "response.cancel", "response": "x"}, "unknown_parameter", "response"),
    ({"type": "session.update"}, "missing_required_parameter", "session"),
    ({"type": "session.update", "session": "x"}, "invalid_type", "session"),
    ({"type": "session.update", "session": {}}, "missing_required_parameter", "session.type"),
    ({"type": "session.update", "session": {"type": "transcription"}}, "invalid_value", "session.type"),
    (update(voice="alloy"), "unsupported_parameter", "session.voice"),
    (update(audio={"input": {"turn_detection": None}}), "unsupported_parameter", "session.audio"),
    (update(tools=[{"type": "function"}]), "unsupported_parameter", "session.tools"),
    (update(tool_choice="required"), "unsupported_parameter", "session.tool_choice"),
    (update(truncation="disabled"), "unsupported_parameter", "session.truncation"),
    (update(output_modalities=["audio"]), "invalid_value", "session.output_modalities[0]"),
    (update(max_output_tokens=0), "invalid_value", "session.max_output_tokens"),
    (update(max_output_tokens="many"), "invalid_type", "session.max_output_tokens"),
    (update(instructions=5), "invalid_type", "session.instructions"),
    (update(temperature=1), "unknown_parameter", "session.temperature"),
    ({"type": "conversation.item.create"}, "missing_required_parameter", "item"),
    (item(type="function_call_output"), "invalid_value", "item.type"),
    (item(role="tool"), "invalid_value", "item.role"),
    (item(id="no spaces"), "invalid_value", "item.id"),
    (item(content="A coat"), "invalid_type", "item.content"),
    (item(content=[]), "invalid_value", "item.content"),
    (item(role="assistant"), "invalid_value", "item.content[0].type"),
    (part(type="input_text"), "missing_required_parameter", "item.content[0].text"),
    (part(type="input_text", text=5), "invalid_type", "item.content[0].text"),
    (part(type="input_text", text=" \n"), "invalid_value", "item.content"),
    (part(type="input_text", text="ä" * (MAX_TEXT // 2 + 1)), "string_above_max_length", "item.content"),
    (part(type="input_text", text="x" * MAX_EVENT), "event_too_large", None),
    (part(type="input_audio", audio="AAAA"), "invalid_value", "item.content[0].type"),
    (part(type="input_text", text="x", image_url="x"), "unsupported_parameter", "item.content[0].image_url"),
    ({"type": "conversation.item.delete"}, "missing_required_parameter", "item_id"),
    (
        {"type": "conversation.item.truncate", "item_id": "i", "content_index": 1, "audio_end_ms": 0},
        "invalid_value",
        "content_index",
    ),
    (respond(conversation="none"), "unsupported_parameter", "response.conversation"),
    (respond(input=[]), "unsupported_parameter", "response.input"),
    (respond(metadata={"a": 1}), "invalid_type", "response.metadata.a"),
]


@pytest.mark.parametrize("event", VALID, ids=lambda e: e["type"])
def test_honoured_events_are_the_conventions(event: dict[str, Any]) -> None:
    assert isinstance(parse(json.dumps(event)), EVENTS[event["type"]])
    TypeAdapter(RealtimeClientEvent).validate_python(event)


@pytest.mark.parametrize(("event", "code", "param"), MISTAKES, ids=lambda v: str(v)[:60])
def test_mistakes_are_named(event: Any, code: str, param: str | None) -> None:
    if isinstance(event, dict):
        event = {"event_id": "mine", **event}
    with pytest.raises(ProtocolError) as caught:
        parse(json.dumps(event))
    assert (caught.value.code, caught.value.param) == (code, param)
    if isinstance(event, dict) and event["event_id"] == "mine":
        assert caught.value.event_id == "mine"
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("text", ["", "{", "\x00", '{"a": NaN}', "[" * 100_000, '{"type": "\\ud800"}'])
def test_what_is_not_json(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse(text)
    assert caught.value.code == "invalid_json"


def test_null_is_not_given() -> None:
    event = parse(json.dumps({"type": "response.create", "event_id": None, "response": {"tools": None}}))
    assert event == parse('{"type": "response.create", "response": {}}')


def outcome(text: str) -> ClientEvent | ProtocolError:
    """What comes of a text; any other exception is the test's failure."""
    try:
        return parse(text)
    except ProtocolError as error:
        return error


def check(text: str) -> None:
    result = outcome(text)
    if isinstance(result, ProtocolError):
        assert len(result.message) < 1_000
        assert len(result.param or "") <= 200


@given(JSON)
@example({"type": "session.update", "session": {"type": "realtime", "x" * 60_000: 1}})
def test_any_json_is_an_event_or_an_error(value: Any) -> None:
    check(json.dumps(value))


@given(st.text())
def test_any_text_is_an_event_or_an_error(text: str) -> None:
    check(text)


@given(st.sampled_from(VALID), st.data())
def test_any_change_to_an_event_is_an_event_or_an_error(event: dict[str, Any], data: st.DataObject) -> None:
    event = json.loads(json.dumps(event))
    place: Any = event
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from([*place, "more"]))
        if key not in place or not isinstance(place[key], dict) or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    check(json.dumps(event))
