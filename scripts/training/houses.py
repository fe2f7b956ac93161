"""Houses that do not exist: a name, a voice with its rules, facts, a currency, and prices."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from concierge.stylist import House
from training import grammar, money
from training.facts import Sheet, make_sheet
from training.names import Names
from training.phrasebook import Phrasebook
from training.pieces import Maker

TONES = ("warm", "formal", "terse", "playful")
_WORDS = {1: "one sentence", 2: "two sentences", 3: "three sentences"}
VOICE = "voice.txt"


@dataclass(frozen=True, slots=True)
class Voice:
    """How a house speaks, and the rules that its replies obey."""

    tone: str
    most_sentences: int
    most_pieces: int
    questions: bool
    exclaims: bool


@dataclass(frozen=True, slots=True)
class MadeHouse:
    """A house as the stylist has it, and what the generator has to know of it."""

    house: House
    voice: Voice
    sheet: Sheet
    maker: Maker


def make_house(rng: Random, names: Names, book: Phrasebook) -> MadeHouse:
    city, year = names.any(rng, "city"), rng.randint(1790, 2021)
    name, currency = names.house(rng, city), _currency(rng)
    voice = _voice(rng)
    size = rng.choices(("short", "middle", "long"), (0.74, 0.2, 0.06))[0]
    aspects = {"short": rng.randint(2, 5), "middle": rng.randint(7, 12), "long": rng.randint(18, 24)}[size]
    sheet = make_sheet(rng, names, book, currency, city, year, aspects)
    text = _voice_text(rng, book, voice, name, city, year, size)
    house = House(
        name=name, tagline="", currency=currency, locale="en", greeting="Welcome.", suggestions=(),
        voice=text, facts=sheet.markdown, catalog=None, images=None,
    )  # fmt: skip
    level = rng.choice([0.35, 0.6, 1, 1, 1.4, 2.2])
    return MadeHouse(house, voice, sheet, Maker(rng, names, book, currency, level))


def _currency(rng: Random) -> str:
    codes = list(money.currencies())
    return rng.choices(codes, [8, 4, 4] + [1] * (len(codes) - 3))[0]


def _voice(rng: Random) -> Voice:
    tone = rng.choices(TONES, (0.5, 0.2, 0.15, 0.15))[0]
    most = rng.choice([1, 2]) if tone == "terse" else rng.choices((1, 2, 3), (0.08, 0.3, 0.62))[0]
    return Voice(
        tone=tone,
        most_sentences=most,
        most_pieces=1 if rng.random() < 0.15 else 2,
        questions=tone != "terse" and rng.random() < 0.85,
        exclaims=tone == "playful" and rng.random() < 0.5,
    )


def _voice_text(
    rng: Random, book: Phrasebook, voice: Voice, name: str, city: str, year: int, size: str
) -> str:
    """voice.md: who speaks, then rules; those that set this voice apart always, the others by length."""

    def say(section: str) -> str:
        return grammar.sentence_case(book.say(rng, VOICE, section, values))

    count = f"one to {_WORDS[voice.most_sentences]}" if voice.most_sentences > 1 else "one short sentence"
    values = {
        "house": name, "city": city, "year": str(year),
        "tone": rng.choice(book.lines(VOICE, f"tone.{voice.tone}")),
        "trade": rng.choice(book.lines(VOICE, "trade")),
        "sentences": count, "most": _WORDS[voice.most_sentences],
    }  # fmt: skip
    own = ["length", "question" if voice.questions else "no_question"]
    own += [
        "exclaim" if voice.exclaims else "no_exclaim",
        "two_pieces" if voice.most_pieces == 2 else "one_piece",
    ]
    rest = [f"manner.{voice.tone}", "price", "stock", "nothing", "facts", "handover", "scope"]
    spare = {"short": rng.randint(0, 3), "middle": rng.randint(3, 6), "long": len(rest)}[size]
    chosen = own + rng.sample(rest, spare)
    rules = [say(section) for section in rng.sample(chosen, len(chosen))]
    layout = rng.random()
    if layout < 0.5:
        body = "\n".join(f"- {rule}" for rule in rules)
    elif layout < 0.75:
        body = " ".join(rules)
    else:
        body = f"{say('heading')}\n" + "\n".join(f"- {rule}" for rule in rules)
    return f"{say('intro')}\n\n{body}"
