"""Conversations over real sockets with the real model."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.realtime.talk import LONG, Event, Talk, said, talk
from tests.servers import Server

SPOKEN = ("completed", "incomplete")  # the small model does not always find an end


def types(events: list[Event]) -> list[str]:
    """The events' types, neighbours of one type told once."""
    names: list[str] = []
    for event in events:
        if names[-1:] != [event["type"]]:
            names.append(event["type"])
    return names


async def resumed(url: str, session: str) -> list[Event]:
    """What a client is told that comes back to a session."""
    async with talk(f"{url}?session_id={session}") as client:
        assert client.session == session
        return await client.until("concierge.resumed")


async def speaking(client: Talk) -> list[Event]:
    """Start a long reply; returns its events up to some words."""
    await client.write(LONG)
    await client.send("response.create")
    events = await client.until("response.output_text.delta")
    return events + await client.until("response.output_text.delta")


async def test_a_turn_in_order(server: Server) -> None:
    async with talk(server.realtime) as client:
        await client.write("I need a wool coat.")
        events = await client.reply()
    assert types(events) == [
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "concierge.products",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    by_type = {event["type"]: event for event in events}
    text = said(events)
    assert text.strip()
    assert by_type["response.output_text.done"]["text"] == text
    response = by_type["response.done"]["response"]
    assert response["status"] in SPOKEN
    assert response["output"][0]["content"] == [{"type": "output_text", "text": text}]
    assert {e["response_id"] for e in events if "response_id" in e} == {response["id"]}
    assert {e["item_id"] for e in events if "item_id" in e} == {response["output"][0]["id"]}
    assert len({event["event_id"] for event in events}) == len(events)
    card = by_type["concierge.products"]["products"][0]
    assert {"id", "title", "price", "color", "sizes", "availability", "image", "link"} <= card.keys()


async def test_later_turns_find_the_prompt_cached(server: Server) -> None:
    async with talk(server.realtime) as client:
        first = (await client.ask("Good morning", max_output_tokens=8))[-1]["response"]["usage"]
        second = (await client.ask("Thank you", max_output_tokens=2))[-1]["response"]["usage"]
    assert first["input_token_details"]["cached_tokens"] > 0, "the house prompt is shared"
    before = first["input_tokens"] + first["output_tokens"]
    assert second["input_token_details"]["cached_tokens"] >= before - 8
    assert second["total_tokens"] == second["input_tokens"] + second["output_tokens"]


async def test_cancel_stops_at_once_and_keeps_what_was_said(server: Server) -> None:
    async with talk(server.realtime) as client:
        events = await speaking(client)
        await client.send("response.cancel")
        events += await client.until("response.done")
        response = events[-1]["response"]
        assert response["status"] == "cancelled"
        assert response["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        assert response["output"][0]["status"] == "incomplete"
        assert response["output"][0]["content"][0]["text"] == said(events)
        assert (await client.ask("Hello", max_output_tokens=2))[-1]["response"]["status"] in SPOKEN
        await client.send("response.cancel", event_id="late")
        error = await client.error()
        assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "late")
    replay = await resumed(server.realtime, client.session)
    kept = [e["item"] for e in replay if e["type"] == "conversation.item.done"]
    assert kept[1]["content"][0]["text"] == said(events)


async def test_cancel_and_ask_again_in_one_breath(server: Server) -> None:
    async with talk(server.realtime) as client:
        await speaking(client)
        await client.send("response.cancel")
        await client.write("Hello")
        await client.send("response.create", response={"max_output_tokens": 2})
        assert (await client.until("response.done"))[-1]["response"]["status"] == "cancelled"
        assert (await client.until("response.done"))[-1]["response"]["status"] in SPOKEN


async def test_cancel_before_the_first_word(server: Server) -> None:
    async with talk(server.realtime) as client:
        await client.write(LONG)
        await client.send("response.create")
        await client.send("response.cancel")
        response = (await client.until("response.done"))[-1]["response"]
        assert (response["status"], response["output"]) == ("cancelled", [])
        assert len([e for e in await resumed(server.realtime, client.session) if "item" in e]) == 2


async def test_one_response_at_a_time(server: Server) -> None:
    async with talk(server.realtime) as client, talk(f"{server.realtime}?session_id={client.session}") as tab:
        await speaking(client)
        for other in (client, tab):
            await other.send("response.create", event_id="second")
            event = (await other.until("error"))[-1]
            assert event["error"]["code"] == "conversation_already_has_active_response"
            assert event["error"]["event_id"] == "second"
        await client.send("response.cancel")
        await client.until("response.done")
        await client.write("Hello")
        assert (await tab.reply(max_output_tokens=2))[-1]["response"]["status"] in SPOKEN


async def test_events_are_honoured_while_a_response_streams(server: Server) -> None:
    async with talk(server.realtime) as client:
        events = await speaking(client)
        asked = next(e for e in events if e["type"] == "conversation.item.added")
        await client.send("conversation.item.retrieve", item_id=asked["previous_item_id"])
        more = await client.until("conversation.item.retrieved")
        assert more[-1]["item"]["content"] == [{"type": "input_text", "text": LONG}]
        await client.send("conversation.item.delete", item_id=asked["item"]["id"], event_id="early")
        error = (await client.until("error"))[-1]["error"]
        assert (error["code"], error["event_id"]) == ("item_in_progress", "early")
        await client.send("response.cancel")
        await client.until("response.done")


async def test_a_message_sent_meanwhile_comes_after_the_reply(server: Server) -> None:
    async with talk(server.realtime) as client:
        await speaking(client)
        await client.send("response.cancel")
        await client.until("response.done")
        await client.write("Hello")
    items = [e["item"] for e in await resumed(server.realtime, client.session) if e["type"].endswith(".done")]
    assert [item["role"] for item in items] == ["user", "assistant", "user"]


async def test_a_message_sent_before_the_first_word_is_answered_next(server: Server) -> None:
    async with talk(server.realtime) as client:
        await client.write("A coat for a long winter in the mountains, please")
        await client.send("response.create", response={"max_output_tokens": 3})
        content = [{"type": "input_text", "text": "And gloves"}]
        await client.send(
            "conversation.item.create", item={"type": "message", "role": "user", "content": content}
        )
        await client.until("response.done")
        assert (await client.reply(max_output_tokens=3))[-1]["type"] == "response.done"
    items = [e["item"] for e in await resumed(server.realtime, client.session) if e["type"].endswith(".done")]
    assert [item["role"] for item in items] == ["user", "assistant", "user", "assistant"]


async def test_retrieve_delete_and_truncate(server: Server) -> None:
    async with talk(server.realtime) as client:
        item = await client.write("Hello", id="mine")
        assert item == "mine"
        answer = {"type": "message", "role": "assistant"}
        answer["content"] = [{"type": "output_text", "text": "Good morning, and welcome in."}]  # type: ignore[assignment]
        await client.send("conversation.item.create", item=answer)
        events = await client.until("conversation.item.done")
        assert events[-1]["previous_item_id"] == "mine"
        reply = events[-1]["item"]["id"]
        place = {"item_id": reply, "content_index": 0}
        await client.send("conversation.item.truncate", **place, audio_end_ms=1000)
        assert (await client.receive())["audio_end_ms"] == 1000
        await client.send("conversation.item.retrieve", item_id=reply)
        view = (await client.receive())["item"]
        assert view["content"] == [{"type": "output_text", "text": "Good morning,"}]
        assert view["status"] == "incomplete"
        await client.send("conversation.item.truncate", **place, audio_end_ms=60_000)
        assert (await client.error())["param"] == "audio_end_ms"
        await client.send("conversation.item.delete", item_id=reply)
        assert (await client.receive())["item_id"] == reply
        await client.send("conversation.item.delete", item_id=reply, event_id="again")
        error = await client.error()
        assert (error["code"], error["param"], error["event_id"]) == ("item_not_found", "item_id", "again")
        await client.send("conversation.item.create", item={"id": "mine", **answer})
        assert (await client.error())["code"] == "item_exists"
    assert len(await resumed(server.realtime, client.session)) == 3


async def test_items_are_added_at_the_end(server: Server) -> None:
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    async with talk(server.realtime) as client:
        await client.send("conversation.item.create", item=message, previous_item_id="root")
        first = (await client.until("conversation.item.done"))[-1]["item"]["id"]
        await client.send("conversation.item.create", item=message, previous_item_id=first)
        assert (await client.until("conversation.item.done"))[-1]["previous_item_id"] == first
        await client.send("conversation.item.create", item=message, previous_item_id="root")
        assert (await client.error())["param"] == "previous_item_id"


async def test_instructions_and_limits_of_a_session(server: Server) -> None:
    async with talk(server.realtime) as client:
        settings: dict[str, Any] = {"instructions": "Write long letters.", "max_output_tokens": 3}
        await client.send("session.update", session={"type": "realtime", **settings})
        updated = await client.receive()
        assert updated["type"] == "session.updated"
        assert settings.items() <= updated["session"].items()
        # Answered in the words of facts.md; of the model's own the guard may let none through.
        question = "May I return a coat that doesn't fit?"
        response = (await client.ask(question))[-1]["response"]
        assert response["status"] == "incomplete"
        assert response["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
        assert response["usage"]["output_tokens"] == 3
        longer = (await client.ask(question, max_output_tokens=5, metadata={"of": "ours"}))[-1]["response"]
        assert longer["usage"]["output_tokens"] == 5 or longer["status"] == "completed"
        assert longer["metadata"] == {"of": "ours"}
    async with talk(f"{server.realtime}?session_id={client.session}") as client:
        await client.until("concierge.resumed")
        await client.send("session.update", session={"type": "realtime"})
        assert settings.items() <= (await client.receive())["session"].items()


async def test_nothing_to_answer(server: Server) -> None:
    async with talk(server.realtime) as client:
        await client.send("response.create", event_id="first")
        error = await client.error()
        assert (error["code"], error["event_id"]) == ("no_user_message", "first")
        await client.ask("Hello", max_output_tokens=2)
        await client.send("response.create")
        assert (await client.error())["code"] == "no_user_message"


async def test_a_conversation_is_resumed_as_it_was(server: Server) -> None:
    async with talk(server.realtime) as client:
        events = await client.ask("I need a wool coat.", max_output_tokens=12)
    replay = await resumed(server.realtime, client.session)
    assert types(replay[-2:])[-1] == "concierge.resumed"
    assert replay[-1]["items"] == 2
    items = [e["item"] for e in replay if e["type"] == "conversation.item.done"]
    assert [item["role"] for item in items] == ["user", "assistant"]
    assert items[1] == events[-1]["response"]["output"][0]
    [shown] = [e for e in events if e["type"] == "concierge.products"]
    [again] = [e for e in replay if e["type"] == "concierge.products"]
    assert again["products"] == shown["products"]
    assert again["item_id"] == shown["item_id"]
    async with talk(f"{server.realtime}?session_id={client.session}") as client:
        await client.until("concierge.resumed")
        usage = (await client.ask("Thank you", max_output_tokens=2))[-1]["response"]["usage"]
        assert usage["input_token_details"]["cached_tokens"] > 100


async def test_leaving_in_mid_reply_stops_it_and_keeps_what_was_said(server: Server) -> None:
    async with talk(server.realtime) as client:
        words = said(await speaking(client))
        client.socket.transport.abort()
    replay = await resumed(server.realtime, client.session)
    item = [e["item"] for e in replay if e["type"] == "conversation.item.done"][-1]
    assert item["status"] == "incomplete"
    assert item["content"][0]["text"].startswith(words)
    async with talk(f"{server.realtime}?session_id={client.session}") as client:
        await client.until("concierge.resumed")
        assert (await client.ask("Hello", max_output_tokens=2))[-1]["response"]["status"] in SPOKEN


async def test_a_wish_for_a_person_is_marked(server: Server) -> None:
    async with talk(server.realtime) as client:
        events = await client.ask("Can I speak to a person please?", max_output_tokens=2)
        [marked] = [e for e in events if e["type"] == "concierge.marked"]
        assert marked["marks"] == ["person"]


async def test_many_talk_at_once_and_none_hears_another(server: Server) -> None:
    async def shopper(name: str) -> str:
        async with talk(server.realtime) as client:
            await client.ask(f"My name is {name}.", max_output_tokens=8)
            replay = await resumed(server.realtime, client.session)
            return " ".join(e["item"]["content"][0]["text"] for e in replay if "item" in e)

    names = ["Zorbelka", "Quinvara", "Ystriel", "Oxlumbe", "Fjarnith", "Wexpodo"]  # nobody's by chance
    texts = await asyncio.gather(*map(shopper, names))
    for name, text in zip(names, texts, strict=True):
        assert name in text
        assert not any(other in text for other in names if other != name)


@pytest.mark.parametrize("session", ["sess_unknown", "nonsense", "sess_" + "x" * 5_000])
async def test_unknown_sessions(server: Server, session: str) -> None:
    async with connect(f"{server.realtime}?session_id={session}") as socket:
        client = Talk(socket)
        error = await client.error()
        assert (error["code"], error["param"]) == ("session_not_found", "session_id")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1008


async def test_deltas_are_not_compressed_for_who_offers_it(server: Server) -> None:
    async with connect(server.realtime, compression="deflate") as socket:
        assert socket.request
        assert "permessage-deflate" in socket.request.headers["Sec-WebSocket-Extensions"]
        assert socket.protocol.extensions == []
