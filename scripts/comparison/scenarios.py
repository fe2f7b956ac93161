"""The loads, and what their shoppers write: the same words for every server."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

HOUSE = (Path(__file__).parent / "house.txt").read_text("utf-8")
QUESTIONS = files("concierge.client").joinpath("questions.txt").read_text("utf-8").splitlines()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A load.

    Attributes:
        at_once: shoppers present at the same time; each has its chats one after another.
        chats: chats in all.
        think: seconds before each message, give or take half; the first shoppers spread over twice as much.
        max_tokens: of each reply, which all have exactly this length.
        slots: chats that a server is set up to decode at once.
        context: KV cells for each slot. A server gets `cells` in all, one slot's more than the slots need.
        quotes: a message brings lines of products, which the reply is asked to repeat.
        long_tokens: of one more message, sent once everybody else's reply is coming.
    """

    key: str
    title: str
    at_once: int
    chats: int
    turns: int
    max_tokens: int
    slots: int
    context: int = 2560
    think: float = 0.0
    quotes: bool = False
    long_tokens: int = 0

    @property
    def cells(self) -> int:
        return self.context * (self.slots + 1)

    @property
    def replies(self) -> int:
        return self.chats * self.turns + bool(self.long_tokens)

    def trial(self) -> Scenario:
        """A short form, on which the settings of a server are tried; the same where it is short already."""
        if self.at_once == 1:
            return self
        return replace(
            self,
            chats=min(self.chats, self.at_once),
            turns=min(self.turns, 2),
            max_tokens=self.max_tokens // 2,
            think=self.think / 4,
        )


SCENARIOS = {
    scenario.key: scenario
    for scenario in (
        Scenario("a", "8 at once", at_once=8, chats=16, turns=2, max_tokens=64, slots=8),
        Scenario("b", "32 at once", at_once=32, chats=32, turns=2, max_tokens=32, slots=32),
        Scenario("c", "200 chats", at_once=48, chats=200, turns=4, max_tokens=12, slots=32, think=2.0),
        Scenario("d", "one chat", at_once=1, chats=2, turns=3, max_tokens=96, slots=1, quotes=True),
        Scenario(
            *("e", "long prompt among 8"),
            at_once=8,
            chats=8,
            turns=1,
            max_tokens=128,
            slots=9,
            context=4096,
            long_tokens=3000,
        ),
    )
}


def message(scenario: Scenario, salt: str, chat: int, turn: int) -> str:
    """What a shopper writes. The salt begins a chat, so that chats share the house's prompt and no more."""
    chance = random.Random(f"{scenario.key} {salt} {chat} {turn}")
    words = chance.choice(QUESTIONS)
    if scenario.quotes:
        lines = "\n".join(_product(chance) for _ in range(5))
        words = f"Please repeat these five pieces word for word, with their prices and sizes.\n{lines}"
    return words if turn else f"Visit {salt}-{chat}. {words}"


def long_message(scenario: Scenario, salt: str, count: Callable[[str], int]) -> str:
    """One message of `scenario.long_tokens` tokens and at most a line more, as `count` counts them."""
    chance = random.Random(f"{scenario.key} {salt} long")
    text = f"Visit {salt}-long. Which of these would you choose for a rainy week by the sea?"
    lines = [text]
    while (short := scenario.long_tokens - count("\n".join(lines))) > 0:
        lines += [_product(chance) for _ in range(max(1, short // 60))]
    return "\n".join(lines)


def _product(chance: random.Random) -> str:
    name = f"{chance.choice(NAMES)} {chance.choice(KINDS)}"
    price = f"{chance.randrange(8, 190)}0 EUR"
    sizes = ", ".join(str(size) for size in sorted(chance.sample(range(34, 50, 2), 4)))
    return (
        f"{name}: {price}; {chance.choice(COLORS)} or {chance.choice(COLORS)}; {chance.choice(CLOTHS)}; "
        f"size {sizes}. {chance.choice(REMARKS)}"
    )


NAMES = (
    "Aubrey",
    "Bramble",
    "Calder",
    "Dunmore",
    "Elmfield",
    "Farrow",
    "Garrick",
    "Hollis",
    "Innes",
    "Juniper",
)
KINDS = ("Coat", "Field Jacket", "Silk Dress", "Wrap Skirt", "Oxford Shirt", "Cardigan", "Tote", "Loafer")
COLORS = ("navy", "black", "sand", "dark green", "camel", "oxblood", "ivory", "slate blue")
CLOTHS = ("waxed cotton", "boiled wool", "silk crepe", "merino", "brushed twill", "calfskin", "linen")
REMARKS = (
    "Cut with room for a sweater underneath.",
    "Falls to just below the knee.",
    "Lined by hand, with two inner pockets.",
    "A soft sole for long days.",
    "Holds a laptop and a change of shoes.",
    "For evenings that run late.",
)
