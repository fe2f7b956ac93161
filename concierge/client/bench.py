"""`concierge bench`: simulated shoppers who measure what a person would wait for.

Times are taken by the arrival of chunks at the client, tokens by the server's own usage count.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from importlib.resources import files
from pathlib import Path

import httpx
import uvloop
from websockets.exceptions import WebSocketException

from concierge.client import report
from concierge.client.address import Refused
from concierge.client.apis import OpenChat, open_api
from concierge.client.plan import Plan, Turn
from concierge.errors import UserError


def run(plan: Plan, questions: Path | None, output: Path | None) -> int:
    """Carry out the plan, print the table, write the JSON; returns the exit code.

    Raises UserError: no questions, nowhere to write, CannotConnect, Refused.
    """
    asked = _questions(questions)
    if output:
        _check_writable(output)
    turns, seconds, cpu = uvloop.run(_measure(plan, asked))
    results = report.summary(plan, turns, seconds, cpu)
    report.show(results)
    if output:
        output.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    return 1 if results["errors"] else 0


def _questions(path: Path | None) -> list[str]:
    try:
        text = (
            path.read_text("utf-8")
            if path
            else files(__package__).joinpath("questions.txt").read_text("utf-8")
        )
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--questions {path}: cannot be read ({error}).") from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise UserError(f"--questions {path}: has no question; write one on each line.")
    return lines


def _check_writable(output: Path) -> None:
    try:
        output.open("a").close()
    except OSError as error:
        raise UserError(f"--json {output}: cannot be written ({error.strerror}).") from error


async def _measure(plan: Plan, questions: list[str]) -> tuple[list[Turn], float, float]:
    """All turns, the seconds they took together, and the seconds of CPU that measuring took."""
    turns: list[Turn] = []
    async with open_api(plan) as open_chat:
        started, cpu = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as shop:
            for number in range(plan.shoppers):
                shop.create_task(_shopper(plan, number, questions, open_chat, turns))
        return turns, time.perf_counter() - started, time.process_time() - cpu


async def _shopper(
    plan: Plan, number: int, questions: list[str], open_chat: OpenChat, turns: list[Turn]
) -> None:
    """One chat: ask, wait for the whole reply, think, ask again. A chat that cannot go on is left."""
    chance = random.Random(number)
    turn = Turn(first=True)
    turns.append(turn)
    try:
        async with open_chat() as ask:
            for index in range(plan.turns):
                if index:
                    await asyncio.sleep(plan.think * chance.uniform(0.5, 1.5))
                    turn = Turn(first=False)
                    turns.append(turn)
                await ask(questions[(number * plan.turns + index) % len(questions)], turn)
    except (httpx.HTTPError, WebSocketException, Refused, OSError) as error:
        turn.error = str(error) or type(error).__name__
