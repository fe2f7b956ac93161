"""What a house tells of itself: aspects with their own numbers, the questions on them, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from concierge.stylist import prompt
from training import money
from training.names import Names
from training.phrasebook import Phrasebook, read_toml


@dataclass(frozen=True, slots=True)
class Told:
    """An aspect as a house tells it: `text` stands in its facts."""

    topic: str
    text: str
    values: dict[str, str]
    asks: tuple[str, ...]
    answers: tuple[str, ...]
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A house's facts by topic, in their order."""

    headings: dict[str, str]
    told: tuple[Told, ...]

    @property
    def topics(self) -> list[str]:
        return list(dict.fromkeys(t.topic for t in self.told))

    @property
    def markdown(self) -> str:
        """As facts.md has it."""
        return "\n\n".join(f"## {self.headings[topic]}\n{self.text(topic)}" for topic in self.topics)

    def line(self, topic: str) -> str:
        """As it stands under [Facts]."""
        return f"{self.headings[topic]}: {self.text(topic)}"

    def text(self, topic: str) -> str:
        return " ".join(t.text for t in self.told if t.topic == topic)


def make_sheet(
    rng: Random, names: Names, book: Phrasebook, currency: str, city: str, year: int, length: int
) -> Sheet:
    """Facts of about `length` aspects; a topic has one to four."""
    table = read_toml("facts.toml")
    by_topic: dict[str, list[dict[str, Any]]] = {}
    for aspect in table["aspect"]:
        by_topic.setdefault(aspect["topic"], []).append(aspect)
    headings = {topic: rng.choice(heads) for topic, heads in table["headings"].items()}
    told: list[Told] = []
    topics = [t for t in headings if t in by_topic]
    for topic in rng.sample(topics, len(topics)):
        if len(told) >= length:
            break
        chosen = rng.sample(by_topic[topic], rng.randint(1, min(3, len(by_topic[topic]))))
        told += [_tell(rng, names, book, a, currency, city, year) for a in _consistent(chosen)]
    told.sort(key=lambda t: topics.index(t.topic))
    return Sheet(headings, tuple(told))


def _consistent(aspects: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without a second aspect that answers one of the same questions, perhaps differently."""
    kept: list[dict[str, Any]] = []
    for aspect in aspects:
        asks, misses = _asked([aspect]), _missed([aspect])
        if not _asked(kept) & (asks | misses) and not _missed(kept) & asks:
            kept.append(aspect)
    return kept


def _asked(aspects: Sequence[dict[str, Any]]) -> set[str]:
    return {question.lower() for aspect in aspects for question in aspect["asks"]}


def _missed(aspects: Sequence[dict[str, Any]]) -> set[str]:
    return {miss.split(" | ")[0].lower() for aspect in aspects for miss in aspect.get("misses", ())}


def _tell(
    rng: Random, names: Names, book: Phrasebook, aspect: dict[str, Any], currency: str, city: str, year: int
) -> Told:
    cities = [c for c in names.some(rng, "city", 4) if c != city]
    countries = names.some(rng, "country", 4)
    coined = names.coined(rng)
    values = {
        "city": city, "city2": cities[0], "city3": cities[1], "city4": cities[2], "year": str(year),
        "country": countries[0], "country2": countries[1], "country3": countries[2], "country4": countries[3],
        "n": coined, "person": names.any(rng, "person"), "street": names.street(rng),
        "mail": f"{rng.choice(['care', 'hello', 'service', 'concierge'])}@{coined.lower()}.example",
        "phone": "+" + " ".join(
            str(rng.randint(low, high)) for low, high in ((30, 49), (10, 99), (100, 999), (1000, 9999))
        ),
    }  # fmt: skip
    for slot, pool in aspect.items():
        if isinstance(pool, str) and pool.startswith("money "):
            low, high = map(float, pool.removeprefix("money ").split("-"))
            values[slot] = prompt.money(money.small(rng, low, high, currency), currency)
        elif isinstance(pool, list) and slot not in ("says", "asks", "answers", "misses"):
            values[slot] = rng.choice(pool)
    text = book.say_one(rng, aspect["says"], values)
    lists = (tuple(book.choose(aspect.get(name, ()))) for name in ("asks", "answers", "misses"))
    return Told(aspect["topic"], text[0].upper() + text[1:], values, *lists)
