"""Replies of the shipped house, by the real model over the real catalog."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from concierge.catalog import Catalog, MiniLM
from concierge.engine import Engine
from concierge.paths import PROMPTS, cache_dir
from concierge.sessions import Item
from concierge.stylist import Finished, Grounding, House, Stylist, TextDelta
from concierge.stylist.prompt import NOTHING_FOUND, describe, messages


@pytest.fixture(scope="module")
def house() -> House:
    return House.load(PROMPTS)


@pytest.fixture(scope="module")
def catalog(house: House) -> Catalog:
    return Catalog.open(house.catalog, cache_dir())


@pytest.fixture
async def stylist(
    house: House, catalog: Catalog, encoder: MiniLM, small_model: Path
) -> AsyncIterator[Stylist]:
    engine = Engine.load(small_model, chats=2, context=4096)
    await engine.start()
    made = Stylist(house, catalog, engine, encoder)
    await made.warm()
    yield made
    await engine.stop()


def user(text: str, **fields: object) -> Item:
    return Item(id=f"item_{text}", role="user", text=text, **fields)


async def respond(stylist: Stylist, *items: Item, **options: object) -> tuple[Grounding, str, Finished]:
    async with aclosing(stylist.respond(items, **options)) as stream:
        events = [event async for event in stream]
    grounding, *deltas, finished = events
    assert isinstance(grounding, Grounding)
    assert isinstance(finished, Finished)
    assert all(isinstance(d, TextDelta) and d.text for d in deltas)
    return grounding, "".join(d.text for d in deltas), finished


async def test_a_styling_question_is_answered_beside_real_products(stylist: Stylist) -> None:
    asked = user("I need a silk dress for a summer wedding")
    grounding, text, finished = await respond(stylist, asked)
    assert 1 <= len(grounding.products) <= 4
    assert all(p.id in stylist.catalog.products for p in grounding.products)
    assert all(p.title in grounding.context for p in grounding.products)
    assert text.strip()
    assert finished.usage.cached_tokens > 500  # the house prompt was warm


async def test_the_next_turn_prefills_only_what_is_new(stylist: Stylist) -> None:
    first = user("A camel coat, please")
    grounding, text, finished = await respond(stylist, first)
    first.context = grounding.context
    model = stylist._engine.info.fingerprint
    reply = Item(id="r", role="assistant", text=text, tokens=finished.tokens, model=model)
    reply.products = tuple(p.id for p in grounding.products)
    _, _, second = await respond(stylist, first, reply, user("Something lighter?"))
    assert second.usage.cached_tokens >= finished.usage.total_tokens - 2


async def test_nothing_found_is_said_rather_than_made_up(stylist: Stylist) -> None:
    grounding, _, _ = await respond(stylist, user("A coat under 3 euros"))
    assert grounding.products == ()
    assert NOTHING_FOUND in grounding.context


async def test_facts_stand_beside_a_question_on_them_and_no_products(stylist: Stylist) -> None:
    grounding, _, _ = await respond(stylist, user("How long may I return something?"))
    assert "[Facts]\nReturns" in grounding.context
    assert grounding.products == ()


async def test_a_request_for_a_person_is_marked(stylist: Stylist) -> None:
    grounding, _, _ = await respond(stylist, user("I want to speak to a person"))
    assert grounding.marks == {"person"}
    assert "[Note]" in grounding.context
    assert grounding.products == ()


async def test_no_more_is_said_than_was_asked_for(stylist: Stylist) -> None:
    _, _, finished = await respond(stylist, user("Tell me of coats"), max_tokens=3)
    assert finished.usage.completion_tokens <= 3


def test_prices_and_stock_in_the_prompt_are_the_feeds(catalog: Catalog) -> None:
    for product in catalog.products.values():
        line = describe(product)
        assert product.title in line
        assert f"{product.current_price:,.0f}" in line or f"{product.current_price:,.2f}" in line
        if product.sale_price is not None:
            assert "was" in line
        assert "\n" not in line


def test_the_house_prompt_comes_first_and_is_the_same_for_all(house: House) -> None:
    one = messages(house, [user("Hi")], "m")
    other = messages(
        house, [user("Hello", context="[Pieces]\n1. Coat")], "m", instructions="Answer in French."
    )
    assert one[0] == other[0]
    assert other[1].content == "[Instructions]\nAnswer in French.\n\n[Pieces]\n1. Coat\n[Shopper]\nHello"


def test_instructions_come_before_a_greeting_as_well(house: House) -> None:
    items = [Item(id="g", role="assistant", text="Welcome."), user("Hi")]
    chat = messages(house, items, "m", instructions="Answer in French.")
    assert [m.role for m in chat] == ["system", "user", "assistant", "user"]
    assert chat[1].content == "[Instructions]\nAnswer in French."


def test_reply_tokens_count_only_under_the_model_that_made_them(house: House) -> None:
    items = [user("Hi"), Item(id="r", role="assistant", text="Hello.", tokens=(1, 2), model="m"), user("?")]
    assert messages(house, items, "m")[2].tokens == (1, 2)
    assert messages(house, items, "other")[2].tokens == ()


def test_roles_alternate_whatever_was_cut_off(house: House) -> None:
    items = [
        Item(id="g", role="assistant", text="Welcome."),
        user("a"),
        user("b"),
        Item(id="n", role="system", text="n"),
    ]
    roles = [m.role for m in messages(house, items, "m")]
    assert roles == ["system", "user", "assistant", "user"]
