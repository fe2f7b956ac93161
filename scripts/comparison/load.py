"""One run of a scenario against a server: shoppers who chat, and when each chunk of a reply reached them."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from comparison.scenarios import HOUSE, Scenario, long_message, message
from concierge.client.apis import complete, first_model, http_client
from concierge.client.plan import Turn
from concierge.errors import UserError

GLANCE = 0.01  # seconds between two looks at whether everybody's reply is coming


@dataclass(slots=True)
class Load:
    """What came of it.

    Attributes:
        turns: of all chats; `long` is the one long message, if the scenario has one.
        seconds: from the first message to the end of the last reply.
        cpu: seconds of CPU that the measuring itself took.
        in_time: whether it was through within the limit.
    """

    turns: list[Turn] = field(default_factory=list)
    long: Turn | None = None
    seconds: float = 0.0
    cpu: float = 0.0
    in_time: bool = True


class Shop:
    """The client's side of a server."""

    def __init__(self, url: str, client: httpx.AsyncClient, model: str, extra: dict[str, Any]) -> None:
        self._url, self._client = url, client
        self._common = {"model": model, "temperature": 0, "stream": True} | extra
        self._common["stream_options"] = {"include_usage": True}

    async def chat(self, texts: Iterator[tuple[float, str]], max_tokens: int, turns: list[Turn]) -> None:
        """One chat: think, ask, wait for the whole reply. A chat that cannot go on is left."""
        messages = [{"role": "system", "content": HOUSE}]
        for index, (think, text) in enumerate(texts):
            await asyncio.sleep(think)
            turn = Turn(first=index == 0)
            turns.append(turn)
            messages.append({"role": "user", "content": text})
            body = self._common | {"messages": messages, "max_tokens": max_tokens}
            try:
                reply = await complete(self._url, self._client, body, turn)
            except (httpx.HTTPError, OSError) as error:
                turn.error = str(error) or type(error).__name__
            if turn.error:
                return
            messages.append({"role": "assistant", "content": reply})


async def put(
    url: str,
    scenario: Scenario,
    salt: str,
    *,
    extra: dict[str, Any],
    count: Callable[[str], int],
    limit: float,
) -> Load:
    """Put the scenario's load on the server at `url`.

    Args:
        salt: makes this round's prompts differ from all others'.
        extra: fields that fix the replies' length, in the words of this server.
        count: counts tokens.
        limit: seconds after which it is given up.

    Raises CannotConnect or Refused: the server does not answer at all.
    """
    load = Load()
    long = long_message(scenario, salt, count) if scenario.long_tokens else ""
    async with http_client() as client:
        shop = Shop(url, client, await first_model(url, client), extra)
        numbers = iter(range(scenario.chats))
        started, cpu = time.perf_counter(), time.process_time()
        try:
            async with asyncio.timeout(limit), asyncio.TaskGroup() as tasks:
                for _ in range(scenario.at_once):
                    tasks.create_task(_shopper(shop, scenario, salt, numbers, load.turns))
                if long:
                    tasks.create_task(_long(shop, scenario, long, load))
        except TimeoutError:
            load.in_time = False
        load.seconds, load.cpu = time.perf_counter() - started, time.process_time() - cpu
    return load


async def _shopper(
    shop: Shop, scenario: Scenario, salt: str, numbers: Iterator[int], turns: list[Turn]
) -> None:
    """Chats one after another, while there are any left to have."""
    for number in numbers:
        await shop.chat(_texts(scenario, salt, number), scenario.max_tokens, turns)


def _texts(scenario: Scenario, salt: str, number: int) -> Iterator[tuple[float, str]]:
    """Seconds to think, and what is then written."""
    chance = random.Random(number)
    for turn in range(scenario.turns):
        early = turn == 0 and number < scenario.at_once
        think = scenario.think * (chance.uniform(0, 2) if early else chance.uniform(0.5, 1.5))
        yield think, message(scenario, salt, number, turn)


async def _long(shop: Shop, scenario: Scenario, text: str, load: Load) -> None:
    """The long message, as soon as everybody's first reply is coming (or has come to nothing)."""
    while sum(bool(turn.arrivals or turn.error) for turn in load.turns) < scenario.at_once:  # noqa: ASYNC110
        await asyncio.sleep(GLANCE)
    turns: list[Turn] = []
    try:
        await shop.chat(iter([(0.0, text)]), scenario.max_tokens, turns)
    finally:
        load.long = next(iter(turns), None)


async def warm(url: str, *, extra: dict[str, Any]) -> None:
    """One chat of two turns, so that the house's prompt is where a server keeps such things.

    Raises UserError: the server fails to answer it.
    """
    turns: list[Turn] = []
    async with http_client() as client:
        shop = Shop(url, client, await first_model(url, client), extra)
        texts = zip(itertools.repeat(0.0), ("Good morning!", "Do you have gloves?"), strict=False)
        await shop.chat(texts, 16, turns)
    for turn in turns:
        if turn.error or not turn.arrivals:
            raise UserError(f"{url} fails the first chat: {turn.error or 'an empty reply'}.")
