"""Which scenes make a chat, and in what order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from random import Random
from typing import Any

from training import asking, following, knowing, styling, talking
from training.chat import Chat
from training.houses import make_house
from training.names import Names
from training.phrasebook import Phrasebook, Unfit

Scene = Callable[[Chat], None]

OPENINGS: dict[Scene, float] = {
    styling.occasion: 18, styling.garment: 13, styling.color: 7, styling.material: 4, styling.size: 4,
    styling.budget: 9, styling.sale: 4, styling.gift: 8, styling.vague: 5, styling.absent: 2,
    knowing.known: 6, knowing.unknown: 2, knowing.beside: 4, asking.stock: 2,
    asking.more: 1, asking.price: 1, talking.manners: 8, talking.declined: 7,
    talking.staff: 4, talking.tongue: 7,
}  # fmt: skip
FOLLOWERS: dict[Scene, float] = {
    following.comparative: 9, following.cheaper: 5, following.under: 5, following.in_color: 7,
    following.in_size: 4, following.pairing: 9, following.yes: 14, following.no: 1.5,
    asking.more: 6, asking.price: 4, asking.reduced: 2, asking.colors: 3, asking.has_color: 5,
    asking.made_of: 4, asking.size: 10, asking.sizes: 3, asking.stock: 4, asking.wear: 4, asking.buy: 3,
    asking.compare: 8, asking.discount: 2, asking.second_thought: 1.5,
    knowing.care: 6, knowing.known: 5, knowing.unknown: 2,
    talking.manners: 4, talking.declined: 3, talking.staff: 3, styling.garment: 3, styling.gift: 1,
}  # fmt: skip
KINDS = sorted({scene.__name__ for scene in (*OPENINGS, *FOLLOWERS)})
_TURNS = (0.3, 0.34, 0.24, 0.12)  # of chats with one, two, three, four turns


@dataclass(frozen=True, slots=True)
class Example:
    """A chat for training: messages as the model reads them, places of those to learn, kinds of its turns.

    Learnt are the replies that the model words by itself; where a grammar says what is allowed, it needn't.
    """

    messages: list[dict[str, str]]
    train: list[int]
    tags: list[str]

    def as_json(self) -> dict[str, Any]:
        return {"messages": self.messages, "train": self.train, "tags": self.tags}


def examples(number: int, seed: int, *, held_out: bool = False) -> Iterator[Example]:
    """As many chats, the same for the same seed; each of a house of its own."""
    rng = Random(f"{seed} {held_out}")
    book = Phrasebook(held_out)
    names = Names(book)
    made = (_example(rng, names, book) for _ in count())
    return islice((example for example in made if example.train), number)


def _example(rng: Random, names: Names, book: Phrasebook) -> Example:
    chat = Chat(rng, make_house(rng, names, book), book)
    _act(chat, OPENINGS)
    turns = rng.choices(range(1, len(_TURNS) + 1), _TURNS)[0]
    if not set(chat.tags) & {"tongue", "staff", "bye"}:
        for _ in range(turns - 1):
            _act(chat, FOLLOWERS)
            if set(chat.tags) & {"staff", "bye", "no"}:
                break
    messages = chat.messages()
    replies = [i for i, item in enumerate(chat.items) if item.role == "assistant"]
    places = [i for i, message in enumerate(messages) if message["role"] == "assistant"]
    learnt = [place for place, i in zip(places, replies, strict=True) if i not in chat.given]
    return Example(messages, learnt, chat.tags)


def _act(chat: Chat, scenes: dict[Scene, float]) -> None:
    """One scene that fits; one that turns out not to leaves no trace."""
    items, tags = len(chat.items), len(chat.tags)
    shown, seen, given = list(chat.shown), list(chat.seen), list(chat.given)
    topic, instructions = chat.topic, chat.instructions
    while True:
        scene = chat.rng.choices(list(scenes), list(scenes.values()))[0]
        chat.tags.append(scene.__name__)
        try:
            scene(chat)
            return
        except Unfit:
            chat.shown, chat.seen, chat.given = shown, seen, given
            chat.topic, chat.instructions = topic, instructions
            del chat.items[items:], chat.tags[tags:]
