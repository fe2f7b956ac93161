import asyncio
import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.sessions import EmbeddedRedis, Item, SessionNotFound, SessionStore, StoreUnavailable
from tests.sessions.conftest import connect


def said(text: str, role: str = "user") -> Item:
    return Item(id=f"item_{text}", role=role, text=text)


async def until(condition, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


async def texts(store: SessionStore, session_id: str) -> list[str]:
    return [item.text for item in (await store.open(session_id, "anna")).items]


@given(
    st.builds(
        Item,
        id=st.text(),
        role=st.sampled_from(["user", "assistant"]),
        text=st.text(),
        context=st.text(),
        tokens=st.lists(st.integers(0, 1 << 20)).map(tuple),
        products=st.lists(st.text()).map(tuple),
        created=st.floats(0, 4e9),
    )
)
def test_items_survive_json(item: Item) -> None:
    assert Item.from_json(item.to_json()) == item


async def test_a_conversation_is_there_in_another_process(store: SessionStore, redis: EmbeddedRedis) -> None:
    session = await store.create("anna")
    await store.append(session, said("Hello"))
    reply = Item(id="r", role="assistant", text="Good day.", tokens=(1, 2), model="m", products=("coat",))
    await store.append(session, reply)
    reply.text, reply.status = "Good day to you.", "incomplete"
    await store.replace(session, reply)
    session.marks.add("order")
    session.settings["max_output_tokens"] = 50
    await store.save(session)
    other = connect(redis)
    again = await other.open(session.id, "anna")
    assert again == session
    await other.append(again, said("And shoes?"))
    assert await texts(store, session.id) == ["Hello", "Good day to you.", "And shoes?"]
    await other.remove(again, "r")
    assert await texts(store, session.id) == ["Hello", "And shoes?"]
    await other.stop()


async def test_an_item_written_twice_is_there_once(store: SessionStore) -> None:
    session = await store.create("anna")
    for _ in range(2):
        await store.append(session, said("Hello"))
    assert await texts(store, session.id) == ["Hello"]


async def test_a_session_is_its_owners_alone(store: SessionStore) -> None:
    session = await store.create("anna")
    for intruder in ("bert", "", "anna "):
        with pytest.raises(SessionNotFound):
            await store.open(session.id, intruder)
        with pytest.raises(SessionNotFound):
            await store.forget(session.id, intruder)
    with pytest.raises(SessionNotFound):
        await store.open("sess_none", "anna")
    assert len(session.id) > 30


async def test_forgetting_is_at_once_and_for_good(store: SessionStore, redis: EmbeddedRedis) -> None:
    session = await store.create("anna")
    await store.append(session, said("Hello"))
    other = connect(redis)
    held = await other.open(session.id, "anna")
    await store.forget(session.id, "anna")
    for late in (session, held):
        with pytest.raises(SessionNotFound):
            await other.append(late, said("Still there?"))
        with pytest.raises(SessionNotFound):
            await other.save(late)
    with pytest.raises(SessionNotFound):
        await store.open(session.id, "anna")
    assert await other._redis.keys("*") == []
    await other.stop()


async def test_a_quiet_session_expires_and_a_used_one_does_not(redis: EmbeddedRedis) -> None:
    store = connect(redis, ttl=0.6)
    await store.start()
    quiet, used = await store.create("anna"), await store.create("anna")
    for i in range(5):
        await asyncio.sleep(0.2)
        await store.append(used, said(str(i)))
    with pytest.raises(SessionNotFound):
        await store.open(quiet.id, "anna")
    assert len(await texts(store, used.id)) == 5
    await asyncio.sleep(0.8)
    assert await store._redis.keys("*") == []
    await store.stop()


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
async def test_writes_of_an_outage_follow_in_order_and_once(
    store: SessionStore, redis: EmbeddedRedis, blow: signal.Signals
) -> None:
    session, idle = await store.create("anna"), await store.create("anna")
    await store.append(session, said("before"))
    pid = redis.pid
    redis._keeper.cancel()  # it stays away until we say so
    os.kill(pid, blow)
    async with asyncio.timeout(20):
        for i in range(4):
            await store.append(session, said(f"during {i}"))
        await store.remove(session, "item_during 2")
    assert not store.available
    with pytest.raises(StoreUnavailable):
        await store.create("bert")
    assert (await store.open(session.id, "anna")).items[-1].text == "during 3"  # held here, so it goes on
    if blow == signal.SIGSTOP:
        os.kill(pid, signal.SIGCONT)
    else:
        await redis._launch(redis._binary())
    await until(lambda: store.available and not store._pending)
    other = connect(redis)
    assert await texts(other, session.id) == ["before", "during 0", "during 1", "during 3"]
    assert await texts(other, idle.id) == []
    await other.stop()
    await store.create("bert")


async def test_concurrent_writes_around_a_death_lose_nothing(
    store: SessionStore, redis: EmbeddedRedis
) -> None:
    sessions = [await store.create("anna") for _ in range(8)]

    async def talk(session) -> None:
        for i in range(40):
            await store.append(session, said(f"{i}"))
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as group:
        for session in sessions:
            group.create_task(talk(session))
        await asyncio.sleep(0.15)
        os.kill(redis.pid, signal.SIGKILL)  # and its keeper starts it again
    await until(lambda: store.available and not store._pending)
    for session in sessions:
        assert await texts(store, session.id) == [str(i) for i in range(40)]


async def test_what_piles_up_is_bounded(
    store: SessionStore, redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("concierge.sessions.store.MOST_PENDING", 2000)
    session = await store.create("anna")
    redis._keeper.cancel()
    os.kill(redis.pid, signal.SIGKILL)
    with pytest.raises(StoreUnavailable):
        for i in range(50):
            await store.append(session, said(f"{i} " + "x" * 100))
    assert store._pending_size <= 2000
    await redis._launch(redis._binary())
    await until(lambda: store.available and not store._pending)
    assert store._pending_size == 0


async def test_secrets_expire_and_are_not_stored_in_the_clear(store: SessionStore) -> None:
    value, expires = await store.issue_secret("anna", 0.5, {"instructions": "Be brief."})
    assert value.startswith("ek_")
    assert expires > 0
    assert await store.secret_owner(value) == ("anna", {"instructions": "Be brief."})
    assert await store.secret_owner("ek_guess") is None
    dump = b"".join([key + (await store._redis.get(key)) for key in await store._redis.keys("*secret*")])
    assert value.encode() not in dump
    await asyncio.sleep(0.7)
    assert await store.secret_owner(value) is None
