"""The question set: chats as written down, filled from any feed and any house's facts."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from concierge.catalog import Product
from concierge.catalog.vocabulary import LEXICON, STOP_WORDS, words
from concierge.errors import UserError
from concierge.evaluation.checkers import Expected
from concierge.evaluation.filling import CannotFill, Filling
from concierge.evaluation.limits import Limits
from concierge.stylist.amounts import CURRENCIES
from concierge.stylist.house import House
from concierge.stylist.sections import sections, sentences
from concierge.stylist.values import KINDS, values

NO_LIMITS = Limits()
Ask = Literal[
    "style", "nothing", "piece", "talk", "handover", "injection", "offtopic", "facts", "pair", "compare"
]
SHARES: dict[str, float] = {
    "style": 0.36,
    "facts": 0.24,
    "handover": 0.14,
    "injection": 0.07,
    "offtopic": 0.07,
    "nothing": 0.05,
    "piece": 0.05,
    "talk": 0.02,
}
_PLAIN = ("style", "nothing", "piece", "talk", "handover")
_LURING = ("injection", "offtopic")
_SECTIONS = frozenset((*_PLAIN, *_LURING, "facts"))


@dataclass(frozen=True, slots=True)
class Question:
    """One turn of a chat, and what its reply is judged by beside the feed.

    Attributes:
        limits: of this turn and those before.
        forbidden: regular expressions of what only a reply that complies says.
    """

    kind: Ask
    text: str
    limits: Limits = NO_LIMITS
    expected: Expected | None = None
    forbidden: tuple[str, ...] = ()


Chat = tuple[Question, ...]


def load(path: Path | None) -> dict[str, Any]:
    """The shipped questions, or those of a TOML file in the same form. Raises UserError."""
    try:
        text = path.read_text("utf-8") if path else _shipped()
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"--questions {path}: not a readable TOML file ({error}).") from error
    if unknown := table.keys() - _SECTIONS:
        raise UserError(
            f"--questions {path}: there is no kind {min(unknown)}; there are {', '.join(sorted(_SECTIONS))}."
        )
    try:
        _check(table)
    except (TypeError, KeyError, AttributeError, re.error) as error:
        raise UserError(
            f"--questions {path}: not in the form of the shipped questions ({error!r})."
        ) from error
    if not any(table.values()):
        raise UserError(f"--questions {path}: has no question.")
    return table


def _shipped() -> str:
    return files(__package__).joinpath("questions.toml").read_text("utf-8")


def _check(table: Mapping[str, Any]) -> None:
    for kind in _PLAIN:
        for chat in table.get(kind, ()):
            if not (isinstance(chat, list) and chat):
                raise TypeError(f"{kind} wants lists of turns, not {chat!r}")
            for turn in chat:
                if _turn(kind, turn)[0] not in get_args(Ask):
                    raise KeyError(turn)
    for lure in (lure for kind in _LURING for lure in table.get(kind, ())):
        [re.compile(p) for p in lure["never"]], [t.strip() for t in lure["turns"]]
    for entry in table.get("facts", ()):
        re.compile(entry["heading"]), re.compile(entry.get("about", "")), [a.strip() for a in entry["ask"]]
        if entry["wants"] not in (*KINDS, "words", "yes", "unknown"):
            raise KeyError(entry["wants"])
        if entry["wants"] == "yes" and not entry.get("name"):
            raise KeyError("yes without name = true")


def chats(
    table: Mapping[str, Any], house: House, products: Sequence[Product], count: int, seed: int
) -> list[Chat]:
    """`count` chats in the shares of their kinds, mixed, the same for the same seed, feed and facts.

    Raises UserError if nothing can be asked of this feed and these facts.
    """
    chance = random.Random(seed)
    filling = Filling(products, house.currency, chance)
    makers = {kind: _maker(kind, table[kind], house, filling, chance) for kind in SHARES if table.get(kind)}
    made: list[Chat] = []
    for kind, number in _quotas(list(makers), count).items():
        made += [chat for _, chat in zip(range(number), makers[kind], strict=False)]
    if not made:
        raise UserError("None of the questions can be asked of this feed and these facts.")
    chance.shuffle(made)
    return made


def _quotas(kinds: Sequence[str], count: int) -> dict[str, int]:
    """How many of each kind: as many as its share, each once at least where there are enough."""
    whole = sum(SHARES[k] for k in kinds)
    exact = {k: count * SHARES[k] / whole for k in kinds}
    quotas = {k: int(exact[k]) for k in kinds}
    for kind in sorted(kinds, key=lambda k: quotas[k] - exact[k])[: count - sum(quotas.values())]:
        quotas[kind] += 1
    return quotas


def _maker(kind: str, entries: Any, house: House, filling: Filling, chance: random.Random) -> Iterator[Chat]:
    """Chats of a kind without end, each entry once before any comes again; none if none can be filled."""
    ways: list[Callable[[], Chat]]
    if kind == "facts":
        ways = [partial(_one_of, asked, chance) for asked in _fact_questions(entries, house)]
    else:
        fill = _lured if kind in _LURING else _filled
        ways = [partial(fill, kind, entry, filling) for entry in entries]
    while ways:
        chance.shuffle(ways)
        made = 0
        for way in ways:
            with suppress(CannotFill):
                chat = way()
                made += 1
                yield chat
        if not made:
            return


def _one_of(asked: Sequence[Question], chance: random.Random) -> Chat:
    return (chance.choice(asked),)


def _turn(kind: str, text: str) -> tuple[str, str]:
    named, bar, rest = text.partition("|")
    return (
        (named.strip(), rest.strip())
        if bar and " " not in named.strip() and "<" not in named
        else (kind, text)
    )


def _filled(kind: str, turns: Sequence[str], filling: Filling) -> Chat:
    split = [_turn(kind, turn) for turn in turns]
    said = filling.fill([text for _, text in split])
    return tuple(
        Question(ask, text, limits if ask in ("style", "nothing") else NO_LIMITS)  # type: ignore[arg-type]
        for (ask, _), (text, limits) in zip(split, said, strict=True)
    )


def _lured(kind: str, entry: Mapping[str, Any], filling: Filling) -> Chat:
    split = [_turn(kind, turn) for turn in entry["turns"]]
    said = filling.fill([text for _, text in split])
    never = tuple(entry["never"])
    return tuple(
        Question(ask, text, forbidden=never if ask == kind else ())  # type: ignore[arg-type]
        for (ask, _), (text, _) in zip(split, said, strict=True)
    )


# --- facts


def _fact_questions(entries: Sequence[Mapping[str, Any]], house: House) -> Iterator[list[Question]]:
    """For each entry and section of the facts that answers it, all ways to ask."""
    parts = [(heading, " ".join(blocks)) for heading, blocks in sections(house.facts)]
    known: set[str] = set()
    for entry in entries:
        anything = entry["heading"] == ".*"
        for heading, text in parts[:1] if anything else parts:
            if not re.search(rf"\b(?:{entry['heading']})", heading, re.I):
                continue
            known |= set() if anything else {heading}
            asked = [
                Question(
                    "facts", _SLOT.sub(slot, way), expected=Expected(kind, frozenset(answer), house.facts)
                )
                for slot, kind, answer in _answers(entry, text, house.facts)
                for way in entry["ask"]
            ]
            if asked:
                yield asked
    for heading, text in parts:
        if heading not in known:
            expected = Expected("words", frozenset(_content(text)), house.facts)
            yield [Question("facts", f"What can you tell me about {heading.lower()}?", expected=expected)]


_SLOT = re.compile(r"\{(?:name|material)\}")


def _answers(entry: Mapping[str, Any], text: str, facts: str) -> Iterator[tuple[str, str, set[str]]]:
    """(what fills the slot, the kind of value, the values that answer); nothing if the section doesn't tell."""
    wants, about = entry["wants"], entry.get("about", "")
    if wants == "unknown":
        if not re.search(entry["absent"], facts, re.I):
            yield "", wants, set()
        return
    clauses = [c for c in sentences(text) if re.search(about, c, re.I)]
    if without := entry.get("without"):
        clauses = [c for c in clauses if not re.search(without, c, re.I)]
    if entry.get("material"):
        for clause in clauses:
            for material in _materials(clause):
                yield material, "words", _content(clause) - {material}
    elif entry.get("name"):
        for clause in clauses:
            for name in sorted(_proper(clause, facts)):
                if wants == "yes":
                    yield name, "yes", {name.lower()}
                elif found := values(clause, wants):
                    yield name, wants, found
    elif wants == "words":
        if clauses:
            yield "", "words", _content(" ".join(clauses))
    elif found := set().union(*(values(c, wants) for c in clauses)):
        yield "", wants, found


_NAME = re.compile(r"[A-Z][\w'\u2019]+(?: [A-Z][\w'\u2019]+)*")
_NO_NAMES = CURRENCIES | frozenset(
    "free same standard express other gift cards card orders we our the all delivery shipping returns monday tuesday wednesday thursday friday saturday sunday".split()
)


def _proper(clause: str, facts: str) -> set[str]:
    """Names in a clause that one can ask for: countries, means of payment.

    A word that the facts have without a capital as well, such as `In`, only opens the clause; money is none.
    """
    return {
        n
        for n in _NAME.findall(clause)
        if not {n.lower(), n.split()[0].lower()} & _NO_NAMES
        and not re.search(r"\d", n)
        and not re.search(rf"\b{n.lower()}\b", facts)
    }


def _materials(clause: str) -> list[str]:
    keys = words(clause)
    found = LEXICON.find(keys)
    return [" ".join(keys[f.start : f.end]) for f in found if any(t.kind == "material" for t in f.terms)]


def _content(text: str) -> set[str]:
    return {w for w in words(text) if len(w) > 2 and w not in STOP_WORDS}
