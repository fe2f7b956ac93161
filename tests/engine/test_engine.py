"""The engine's promises, on the real model."""

import asyncio
import json
import math
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from concierge.engine import (
    Busy,
    ContextOverflow,
    EngineError,
    InvalidRequest,
    Message,
    Request,
    SamplingParams,
)
from tests.engine.conftest import HOUSE, prove_tie, reply, user


async def test_many_chats_stream_together(running) -> None:
    async with running(chats=8, context=1024) as engine:
        replies = await asyncio.gather(*(reply(engine, HOUSE, user(f"Say {i} things.")) for i in range(12)))
        assert all(last.finish_reason in ("stop", "length") and text for text, last in replies)
        assert engine.stats().running == engine.stats().waiting == 0


async def test_a_new_chat_shares_the_house_prompt_while_every_holder_is_busy(running) -> None:
    async with running(chats=4, context=1024) as engine:
        house = await engine.pin([HOUSE])
        replies = await asyncio.gather(*(reply(engine, HOUSE, user(f"Hat {i}?")) for i in range(4)))
        for _, last in replies:
            assert last.usage.cached_tokens >= house
            assert last.usage.prompt_tokens - last.usage.cached_tokens < 20


async def test_a_returning_chat_prefills_only_its_new_tokens(running) -> None:
    async with running(chats=2, context=1024) as engine:
        chat = [HOUSE, user("What is tweed?")]
        for question in ("And linen?", "And silk?"):
            text, last = await reply(engine, *chat, max_tokens=24)
            before = last.usage.total_tokens
            await asyncio.gather(*(reply(engine, HOUSE, user(f"Meanwhile {i}")) for i in range(3)))
            chat += [Message("assistant", text, last.tokens), user(question)]
            _, last = await reply(engine, *chat)
            assert last.usage.cached_tokens >= before - 1


async def test_a_replys_end_does_not_wait_for_its_chat_to_move_to_host_memory(running, monkeypatch) -> None:
    async with running(chats=1, context=2048) as engine:
        done: list[str] = []

        def noted(owner: object, name: str) -> None:
            before = getattr(owner, name)

            def noting(*arguments: object) -> object:
                result = before(*arguments)
                done.append(name)
                return result

            monkeypatch.setattr(owner, name, noting)

        noted(engine, "_hand_over")
        noted(engine, "_evict")
        await reply(engine, HOUSE, user("linen " * 1100), max_tokens=4)
        while "_evict" not in done:
            await asyncio.sleep(0.01)
        assert done.count("_hand_over") >= 4
        assert done.count("_evict") == 1
        assert done[-1] == "_evict"


async def crowd_out(engine) -> None:
    """Others until every idle chat has been evicted."""
    long = "linen " * 150
    await asyncio.gather(*(reply(engine, HOUSE, user(f"{i} {long}"), max_tokens=2) for i in range(8)))
    while engine._untidy:
        await asyncio.sleep(0.01)


async def test_an_evicted_chat_comes_back_from_host_memory(running, small_model: Path) -> None:
    async with running(chats=2, context=768) as engine:
        first = [HOUSE, user("What is tweed?")]
        text, last = await reply(engine, *first, max_tokens=24)
        held = last.usage.total_tokens - 1
        await crowd_out(engine)
        assert engine.stats().evictions > 0
        assert engine.stats().host_bytes > 0
        second = [*first, Message("assistant", text, last.tokens), user("And linen?")]
        _, restored = await reply(engine, *second)
        assert restored.usage.cached_tokens >= held
        assert engine.stats().restored_tokens > 0

        engine._host._seconds_per_byte = 1.0  # as if the memory were slower than the arithmetic
        await crowd_out(engine)
        before = engine.stats().restored_tokens
        _, recomputed = await reply(engine, *second)
        assert recomputed.usage.cached_tokens < held
        assert engine.stats().restored_tokens == before
    if restored.tokens != recomputed.tokens:
        prove_tie(small_model, engine._template.encode(second), restored.tokens, recomputed.tokens)


async def test_a_retried_turn_forks_from_its_prompt(running) -> None:
    async with running(chats=2, context=1024) as engine:
        await reply(engine, HOUSE, user("What is tweed?"))
        _, last = await reply(engine, HOUSE, user("What is tweed?"))
        assert last.usage.cached_tokens == last.usage.prompt_tokens - 1


async def test_replacing_the_house_prompt_leaves_the_old_one_to_age(running) -> None:
    async with running(chats=2, context=1024) as engine:
        other = Message("system", "You are another concierge. " * 30)
        length = await engine.pin([other])
        _, last = await reply(engine, other, user("Hello"))
        assert last.usage.cached_tokens >= length
        _, last = await reply(engine, HOUSE, user("Hello"))
        assert last.usage.cached_tokens > 100


async def test_a_long_prompt_does_not_stall_a_stream(running) -> None:
    async with running(chats=4, context=4096) as engine:
        gaps: list[float] = []

        async def stream() -> None:
            last = time.perf_counter()
            request = Request(
                (HOUSE, user("Tell me a story.")), SamplingParams(0, max_tokens=60, ignore_eos=True)
            )
            async with aclosing(engine.generate(request)) as chunks:
                async for _ in chunks:
                    now = time.perf_counter()
                    gaps.append(now - last)
                    last = now

        streaming = asyncio.create_task(stream())
        await asyncio.sleep(0.5)
        started = time.perf_counter()
        _, last = await reply(engine, user("wool and silk " * 400), max_tokens=1)
        alone = time.perf_counter() - started
        assert last.usage.prompt_tokens - last.usage.cached_tokens > 1000
        await streaming
        assert max(gaps[1:]) < alone / 3  # unchunked, one gap would be nearly all of it


async def test_deltas_arrive_as_they_are_made(running) -> None:
    async with running(chats=2, context=1024) as engine:
        request = Request(
            (HOUSE, user("Tell me of wool.")), SamplingParams(0, max_tokens=20, ignore_eos=True)
        )
        async with aclosing(engine.generate(request)) as chunks:
            seen = [c async for c in chunks]
        assert len(seen) > 10
        assert [c.finish_reason for c in seen[:-1]] == [None] * (len(seen) - 1)
        assert seen[-1].usage.completion_tokens == 20 == len(seen[-1].tokens)


async def test_a_slow_reader_gets_all_its_text_in_few_pieces(running) -> None:
    async with running(chats=2, context=1024) as engine:
        pieces = []
        params = SamplingParams(temperature=0, max_tokens=40)
        async with aclosing(engine.generate(Request((HOUSE, user("Tell me of wool.")), params))) as chunks:
            async for chunk in chunks:
                pieces.append(chunk.text)
                await asyncio.sleep(0.5)
        assert "".join(pieces) == b"".join(map(engine._vocab.piece, chunk.tokens)).decode()
        assert len(pieces) < 20


async def test_cancelling_frees_the_place_within_a_step(running) -> None:
    async with running(chats=1, context=2048) as engine:
        endless = Request((HOUSE, user("Go on.")), SamplingParams(0, ignore_eos=True))
        async with aclosing(engine.generate(endless)) as chunks:
            async for chunk in chunks:
                assert chunk.text
                break
        steps = engine.stats().steps
        _, last = await reply(engine, HOUSE, user("Hello"), max_tokens=4)
        assert last.finish_reason
        assert engine.stats().steps - steps <= 1 + 1 + 4
        task = asyncio.create_task(reply(engine, HOUSE, user("Go on."), max_tokens=None, ignore_eos=True))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await reply(engine, HOUSE, user("Hello"), max_tokens=4)
        assert engine.stats().running == 0


async def test_a_cancelled_chat_keeps_its_prefix(running) -> None:
    async with running(chats=1, context=2048) as engine:
        async with aclosing(engine.generate(Request((HOUSE, user("What is felt? " * 20))))) as chunks:
            async for _ in chunks:
                break
        _, last = await reply(engine, HOUSE, user("What is felt? " * 20), max_tokens=2)
        assert last.usage.cached_tokens == last.usage.prompt_tokens - 1


async def test_a_full_queue_answers_busy_and_recovers(running) -> None:
    async with running(chats=1, context=1024) as engine:
        tasks = [asyncio.create_task(reply(engine, HOUSE, user(f"{i}"), max_tokens=8)) for i in range(9)]
        done = await asyncio.gather(*tasks, return_exceptions=True)
        busy = [d for d in done if isinstance(d, Busy)]
        assert len(busy) == 9 - 5  # one place, four waiting
        assert all(b.retry_after >= 1 for b in busy)
        assert all(isinstance(d, Busy | tuple) for d in done)
        await reply(engine, HOUSE, user("Now?"), max_tokens=2)


async def test_more_chats_than_kv_cells_evict_the_oldest_and_all_finish(running) -> None:
    async with running(chats=2, context=768) as engine:
        for i in range(8):
            await asyncio.gather(
                *(reply(engine, HOUSE, user(f"{i}{k} " * 60), max_tokens=4) for k in range(3))
            )
        stats = engine.stats()
        assert stats.evictions > 0
        assert 0 <= stats.free_cells < stats.cells
        _, last = await reply(engine, HOUSE, user("Hello"), max_tokens=2)
        assert last.usage.cached_tokens > 200  # the house was never evicted


async def test_the_context_is_trimmed_at_turn_borders(running) -> None:
    async with running(chats=1, context=768) as engine:
        chat = [HOUSE]
        trimmed, previous = False, 0
        for turn in range(12):
            chat.append(user(f"Question {turn}: " + "what of this one " * 8))
            text, last = await reply(engine, *chat, max_tokens=16)
            assert last.usage.total_tokens <= 768
            trimmed |= last.usage.prompt_tokens < previous
            previous = last.usage.prompt_tokens
            chat.append(Message("assistant", text, last.tokens))
        assert trimmed
    async with running(chats=1, context=768) as engine:
        with pytest.raises(ContextOverflow):
            await reply(engine, HOUSE, user("long " * 900))
        await reply(engine, HOUSE, user("short"))


async def test_stop_strings_max_tokens_and_usage(running) -> None:
    async with running(chats=2, context=1024) as engine:
        whole, last = await reply(engine, HOUSE, user("What is silk?"), max_tokens=30)
        assert last.usage.completion_tokens <= 30
        word = whole.split()[4]
        cut, last = await reply(engine, HOUSE, user("What is silk?"), max_tokens=30, stop=(word,))
        assert last.finish_reason == "stop"
        assert cut == whole[: whole.index(word)]


async def test_a_json_schema_is_obeyed(running) -> None:
    schema = {
        "type": "object",
        "properties": {
            "fabric": {"enum": ["silk", "wool"]},
            "price": {"type": "integer", "maximum": 999, "minimum": 1},
        },
        "required": ["fabric", "price"],
        "additionalProperties": False,
    }
    async with running(chats=4, context=1024) as engine:
        asked = [
            reply(
                engine,
                HOUSE,
                user("A scarf, as JSON."),
                max_tokens=60,
                json_schema=json.dumps(schema),
                **sampling,
            )
            for sampling in (
                {},
                {"temperature": 1.5, "seed": 1},
                {"temperature": 1.5, "seed": 2},
                {"repeat_penalty": 1.3},
            )
        ]
        for text, last in await asyncio.gather(*asked):
            assert last.finish_reason == "stop"
            value = json.loads(text)
            assert value["fabric"] in ("silk", "wool")
            assert isinstance(value["price"], int)
        with pytest.raises(InvalidRequest, match="schema"):
            await reply(engine, HOUSE, user("?"), json_schema='{"type": "nonsense"}')


async def test_a_seed_repeats_a_reply_and_another_changes_it(running) -> None:
    """Alone, warm, short and undrafted: batches of other shapes round otherwise, and a draw may tip over."""
    async with running(chats=4, context=1024, speculate=False) as engine:

        def ask(seed: int):
            return reply(engine, user("Tell me a story."), temperature=1.0, seed=seed, max_tokens=8)

        await ask(1)
        (a, _), (b, _), (c, _) = await ask(7), await ask(7), await ask(8)
        assert a == b != c


async def test_top_k_of_one_is_greedy(running) -> None:
    async with running(chats=2, context=1024) as engine:
        greedy, _ = await reply(engine, HOUSE, user("What is felt?"))
        sampled, _ = await reply(engine, HOUSE, user("What is felt?"), temperature=1.0, top_k=1)
        assert greedy == sampled


@pytest.mark.parametrize(
    ("sampling", "param"),
    [
        ({"temperature": -1}, "temperature"),
        ({"top_p": 2}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": math.nan}, "temperature"),
        ({"min_p": -0.1}, "min_p"),
        ({"top_k": -1}, "top_k"),
    ],
)
async def test_parameters_out_of_range_name_themselves(running, sampling, param) -> None:
    async with running(chats=1, context=512, house=None) as engine:
        with pytest.raises(InvalidRequest) as raised:
            await reply(engine, user("?"), **sampling)
        assert raised.value.param == param


async def test_stopping_ends_replies_with_an_error(running) -> None:
    async with running(chats=1, context=1024) as engine:
        task = asyncio.create_task(reply(engine, HOUSE, user("Go on."), max_tokens=None, ignore_eos=True))
        await asyncio.sleep(0.3)
        await engine.stop()
        with pytest.raises(EngineError):
            await task
        with pytest.raises(EngineError):
            await reply(engine, user("Hello"))


async def test_lower_priority_waits(running) -> None:
    async with running(chats=1, context=1024) as engine:
        order: list[str] = []

        async def ask(name: str, priority: int) -> None:
            await reply(engine, HOUSE, user(name), priority=priority, max_tokens=3)
            order.append(name)

        await asyncio.gather(ask("first", 0), ask("copywriting", 5), ask("shopper", 0))
        assert order == ["first", "shopper", "copywriting"]


async def test_special_tokens_typed_by_a_shopper_are_text(running) -> None:
    async with running(chats=1, context=1024) as engine:
        _, plain = await reply(engine, HOUSE, user("x"))
        _, typed = await reply(engine, HOUSE, user("<|im_end|>"))
        assert typed.usage.prompt_tokens > plain.usage.prompt_tokens  # several tokens, not one


async def test_little_of_a_step_is_spent_outside_llama_cpp(running) -> None:
    async with running(chats=8, context=1024) as engine:
        before = engine.stats()
        await asyncio.gather(
            *(reply(engine, HOUSE, user(f"{i}"), max_tokens=40, ignore_eos=True) for i in range(8))
        )
        after = engine.stats()
        inside = after.decode_seconds - before.decode_seconds
        outside = after.step_seconds - before.step_seconds - inside
        assert outside / (8 * 40) < 0.0005  # s a token; measured: 0.00015; machines are noisy
