"""Going on with a reply that has begun, and tokens that must not come first."""

import asyncio
import codecs
import json
from contextlib import aclosing
from pathlib import Path

import pytest

from concierge.engine import Busy, Chunk, Engine, InvalidRequest, Request, SamplingParams
from tests.engine.conftest import HOUSE, prove_tie, reply, user

SILK = user("What is silk?")
SIGNS = user("Repeat this, and nothing else: déjà vu — 東京 🧵 “soie”")


async def chunks_of(engine: Engine, request: Request) -> list[Chunk]:
    async with aclosing(engine.generate(request)) as chunks:
        return [chunk async for chunk in chunks]


def text_of(engine: Engine, tokens: tuple[int, ...], *, final: bool = False) -> str:
    """The whole characters of tokens; if `final`, what is left of a character too."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(b"".join(map(engine._vocab.piece, tokens)), final)


@pytest.mark.parametrize("question", [SILK, SIGNS])
async def test_a_reply_goes_on_as_if_it_had_not_been_interrupted(
    running, small_model: Path, question
) -> None:
    async with running(chats=1, context=1024, speculate=False) as engine:
        signs = tuple(engine._vocab.tokenize("Voilà — 東京 🧵!", special=False))
        begun = signs if question is SIGNS else ()
        text, whole = await reply(engine, HOUSE, question, max_tokens=len(begun) + 12, begun=begun)
        for k in range(len(begun) and 1, len(whole.tokens)):
            rest, last = await reply(
                engine, HOUSE, question, max_tokens=len(begun) + 12, begun=whole.tokens[:k]
            )
            if last.tokens != whole.tokens and k >= len(begun):
                prompt = engine._template.encode([HOUSE, question])
                prove_tie(small_model, prompt, whole.tokens, last.tokens)
                continue
            if k >= len(begun):
                assert rest == (text_of(engine, begun) + text).removeprefix(text_of(engine, whole.tokens[:k]))
                assert last.finish_reason == whole.finish_reason
            assert text_of(engine, whole.tokens[:k]) + rest == text_of(engine, last.tokens, final=True)
            assert last.usage.prompt_tokens == whole.usage.prompt_tokens
            assert last.usage.completion_tokens - len(last.tokens) in (0, 1)
            assert last.usage.cached_tokens == last.usage.prompt_tokens - (k == 0)


async def test_pieces_are_the_tokens_and_their_text(running) -> None:
    async with running(chats=1, context=1024) as engine:
        params = SamplingParams(temperature=0, max_tokens=24)
        chunks = await chunks_of(engine, Request((HOUSE, SILK), params))
        pieces = [piece for chunk in chunks for piece in chunk.pieces]
        assert tuple(token for token, _ in pieces)[: len(chunks[-1].tokens)] == chunks[-1].tokens
        assert len(pieces) == chunks[-1].usage.completion_tokens
        assert all("".join(text for _, text in chunk.pieces) == chunk.text for chunk in chunks)
        signs = tuple(engine._vocab.tokenize("🧵", special=False))
        assert len(signs) > 1
        chunks = await chunks_of(engine, Request((HOUSE, SILK), params, reply=signs[:1]))
        assert "".join(c.text for c in chunks).encode() != b""


@pytest.mark.parametrize("speculate", [False, True])
async def test_what_is_banned_does_not_come_first_and_may_come_later(running, eager, speculate) -> None:
    async with running(chats=1, context=1024, speculate=speculate) as engine:
        _, whole = await reply(engine, HOUSE, SILK, max_tokens=20)
        for k in (0, 3, 7):
            banned: tuple[int, ...] = ()
            for _ in range(4):
                _, last = await reply(
                    engine, HOUSE, SILK, max_tokens=20, begun=whole.tokens[:k], banned_first=banned
                )
                assert last.tokens[:k] == whole.tokens[:k]
                assert last.tokens[k] not in banned
                banned += (last.tokens[k],)
            _, drawn = await reply(
                engine,
                HOUSE,
                SILK,
                max_tokens=20,
                begun=whole.tokens[:k],
                banned_first=banned,
                temperature=1.0,
            )
            assert drawn.tokens[k] not in banned
        word = whole.tokens[5]
        _, last = await reply(
            engine, HOUSE, SILK, max_tokens=20, begun=whole.tokens[:5], banned_first=(word, 10**9, -1)
        )
        assert last.tokens[5] != word


async def test_a_reply_may_not_end_first(running) -> None:
    async with running(chats=1, context=1024) as engine:
        ends = tuple(engine._vocab.end_tokens)
        _, whole = await reply(engine, HOUSE, user("Say only: Yes."), max_tokens=60)
        text, _ = await reply(
            engine, HOUSE, user("Say only: Yes."), max_tokens=62, begun=whole.tokens, banned_first=ends
        )
        assert text


async def test_what_has_begun_counts_for_the_repeat_penalty(running) -> None:
    async with running(chats=1, context=1024, speculate=False) as engine:
        sampling = {"repeat_penalty": 1.5, "max_tokens": 24}
        _, whole = await reply(engine, HOUSE, SILK, **sampling)
        _, last = await reply(engine, HOUSE, SILK, begun=whole.tokens[:12], **sampling)
        assert last.tokens[:16] == whole.tokens[:16]


async def test_a_grammar_holds_what_comes_next(running) -> None:
    async with running(chats=1, context=1024) as engine:
        begun = tuple(engine._vocab.tokenize("It costs", special=False))
        text, last = await reply(engine, HOUSE, SILK, begun=begun, grammar='root ::= " 40 EUR" | " 70 EUR"')
        assert text in (" 40 EUR", " 70 EUR")
        assert last.finish_reason == "stop"
        assert last.tokens[: len(begun)] == begun
        with pytest.raises(InvalidRequest, match="grammar"):
            await reply(engine, HOUSE, SILK, grammar="root ::= (")


async def test_a_json_schema_holds_the_whole_reply(running) -> None:
    schema = json.dumps({"type": "object", "properties": {"n": {"enum": [7]}}, "required": ["n"]})
    async with running(chats=1, context=1024) as engine:
        begun = tuple(engine._vocab.tokenize('{"n":', special=False))
        text, _ = await reply(engine, HOUSE, SILK, begun=begun, json_schema=schema, max_tokens=40)
        assert json.loads('{"n":' + text)["n"] == 7
        with pytest.raises(InvalidRequest, match="beginning"):
            await reply(engine, HOUSE, SILK, begun=begun[::-1], json_schema=schema)


async def test_it_goes_before_those_who_wait_and_is_never_refused(running) -> None:
    async with running(chats=1, context=1024) as engine:
        _, whole = await reply(engine, HOUSE, SILK, max_tokens=4)
        order: list[str] = []

        async def ask(name: str, begun: tuple[int, ...] = ()) -> None:
            await reply(engine, HOUSE, user(name), max_tokens=8, begun=begun)
            order.append(name)

        waiting = [asyncio.create_task(ask(f"{i}")) for i in range(5)]
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        with pytest.raises(Busy):
            await ask("new")
        await asyncio.gather(*waiting, ask("begun", whole.tokens))
        assert order.index("begun") <= 1  # only the one that ran already may have ended before


async def test_a_reply_that_leaves_no_room_or_is_of_another_vocabulary_is_refused(running) -> None:
    async with running(chats=1, context=1024) as engine:
        _, whole = await reply(engine, HOUSE, SILK, max_tokens=6)
        for begun in (whole.tokens, (10**6,), (-1,)):
            with pytest.raises(InvalidRequest) as raised:
                await reply(engine, HOUSE, SILK, max_tokens=6, begun=begun)
            assert raised.value.param == "reply"
