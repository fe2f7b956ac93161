"""The house's facts, sentence by sentence, and those that a message asks for.

A large model has all of them in the house's prompt and the right ones repeated beside the question; a small
one is told only these. A sentence's score is a weighted sum of what tells of it; the weights lie between
those of a conditional logit over held-out help pages (`scripts/fit_facts.py`) and over the evaluation's
questions.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import Stemmer

from concierge.catalog import MiniLM
from concierge.catalog.minilm import Floats
from concierge.stylist.places import around, is_wide, nearness, of_locale, places
from concierge.stylist.sections import sections, sentences
from concierge.stylist.values import Kind, stated, wanted

SENTENCES = 5  # repeated beside a question at most
WEIGHTS = np.array([9.0, 3.0, 2.5, 2.0, 1.2, 0.6])  # of `Facts.features`
PLACE = 5  # which of them tells how near a sentence's places are
# Below this the facts don't tell: 3 % of what they do is there, and 75 % of what they don't.
CLEAR = 5.2
# And lower by so much where a kind of value is wanted and stated that few sentences have.
TELLING: dict[Kind, float] = {"address": 1.7, "email": 1.7, "phone": 1.7, "year": 1.7}
PLACED = 0.8  # and where it names the place that is asked for
NEXT = 1.7  # a second sentence that comes so near to the best belongs to the answer
LISTED = 4  # and so many if they are a list, such as the hours of each shop
BESIDE = 2.5  # one of its section that comes so near and states what is wanted replaces the best, or joins it
ABROAD = -6.0  # of a sentence on another country, where the house's own is asked for: nearness
STRONG = 8.0  # from here on, what states a value that is wanted is asked for whatever else a message may mean
CERTAIN = 5.2  # from here on a question is not about pieces, whatever the search makes of it


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """A sentence of facts.md.

    Attributes:
        place: its number in facts.md.
        topic: that of its section.
        block: that of its paragraph or item in the section.
        heading: of the section.
        stems: of its words, common ones left out.
        kinds: of the values that it states.
        places: that it or its heading names.
        names: stems of its words with a capital that no sentence has without one.
    """

    place: int
    topic: int
    block: int
    heading: str
    text: str
    stems: frozenset[str]
    kinds: frozenset[Kind]
    places: frozenset[str]
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Told:
    """What the house tells on a message.

    Attributes:
        facts: the nearest sentences, best first; none if none is asked for.
        scores: of each.
        kinds: of the values that are wanted.
        clear: the best is an answer.
        unnamed: none is, since the message turns on what the facts would have to name.
    """

    facts: tuple[Fact, ...] = ()
    scores: tuple[float, ...] = ()
    kinds: frozenset[Kind] = frozenset()
    clear: bool = False
    unnamed: bool = False

    @property
    def certain(self) -> bool:
        """Whether nothing but the facts can have been meant."""
        return bool(self.scores) and self.scores[0] >= CERTAIN

    @property
    def strong(self) -> bool:
        """Whether a value is wanted and stated, so plainly that nothing else can be meant."""
        return self.clear and self.scores[0] >= STRONG and bool(self.facts[0].kinds & self.kinds)

    def states(self, *kinds: Kind) -> bool:
        """Whether a sentence as near as one that answers states a value of one of these kinds."""
        return bool(self.facts) and any(fact.kinds & set(kinds) for fact in self._near(BESIDE))

    @property
    def answer(self) -> tuple[str, ...]:
        """The sentences that answer, in their order in a section; none if the facts don't tell.

        One or two, or more if they are a list that the message takes nothing out of.
        """
        if not self.clear:
            return ()
        best = self.facts[0]
        if not best.kinds & self.kinds:
            of_section = (f for f in self._near(BESIDE) if f.topic == best.topic)
            best = next((f for f in of_section if f.kinds & self.kinds), best)
        near = self._listed(best)
        if len(near) <= 2:
            lacking = self.kinds - best.kinds  # a price, where the best says only what is free
            adding = [f for f in self._near(BESIDE) if f.topic == best.topic and f.kinds & lacking]
            others = [fact for fact in (*adding, *self._near(NEXT)) if fact is not best]
            near = [best, *others[:1]]
        if len({fact.topic for fact in near}) == 1:
            near.sort(key=lambda fact: fact.place)
        return tuple(fact.text for fact in near)

    def _listed(self, best: Fact) -> list[Fact]:
        """Those of its section that come as near, and state all that it states of what is wanted."""
        kinds = best.kinds & self.kinds
        alike = [f for f in self._near(NEXT) if f.topic == best.topic and f.kinds >= kinds]
        return alike[:LISTED] if kinds else []

    def _near(self, distance: float) -> list[Fact]:
        """Those that score as high as the best, or lower by so much at most."""
        return [f for f, s in zip(self.facts, self.scores, strict=True) if s >= self.scores[0] - distance]

    @property
    def text(self) -> str:
        """`heading: sentences` lines, the section of the best first; empty if there are none."""
        sections: dict[tuple[int, str], list[Fact]] = {}
        for fact in self.facts:
            sections.setdefault((fact.topic, fact.heading), []).append(fact)
        return "\n".join(f"{heading}: {_in_order(facts)}" for (_, heading), facts in sections.items())


class Facts:
    """facts.md, to be asked.

    Args:
        locale: of the house, whose country it need not name.
    """

    def __init__(self, markdown: str, encoder: MiniLM, locale: str = "") -> None:
        says = tomllib.loads(Path(__file__).with_name("topics.toml").read_text("utf-8"))
        read = sections(markdown)
        told = [
            (topic, block, heading, text)
            for topic, (heading, blocks) in enumerate(read)
            for block, paragraph in enumerate(blocks)
            for text in sentences(paragraph)
        ]
        small = _small([text for *_, text in told])
        self.facts = [
            Fact(
                *(place, *of),
                stems=_stems(of[-1]) - _COMMON,
                kinds=stated(of[-1]),
                places=places(": ".join(of[2:])),
                names=_capital(of[-1]) - small - _COMMON,
            )
            for place, of in enumerate(told)
        ]
        parts = [(heading, " ".join(blocks)) for heading, blocks in read]
        self._named = _stems(_joined(markdown))
        body = " ".join(text for _, text in parts)  # a heading such as `Delivery abroad` promises no country
        self._everywhere = bool(_EVERYWHERE.search(body))
        self._home = of_locale(locale)
        self._places = places(markdown) | {home for home in [self._home] if home}
        self._phrases = [_phrases(*part, says) for part in parts]
        self._names = _names([text for _, text in parts])
        self._of = np.array([fact.topic for fact in self.facts], np.intp)
        texts = [f"{fact.heading}: {fact.text}" for fact in self.facts]
        vectors = encoder.sentences([*texts, *map(": ".join, parts)])
        self._vectors, self._topics = vectors[: len(texts)], vectors[len(texts) :]
        count = Counter(stem for fact in self.facts for stem in fact.stems)
        self._rarity = {stem: float(np.log((len(texts) + 1) / (n + 0.5))) for stem, n in count.items()}
        self._unseen = float(np.log((len(texts) + 1) / 0.5))

    def about(self, message: str, vector: Floats, *, asked: bool) -> Told:
        """What a message asks for.

        Args:
            vector: of the message, shape (384,).
            asked: it is known to ask for facts: where no phrase tells which, the nearest will do.
        """
        said = _stems(message)
        called = np.array([asked or self._asks(topic, said) > 0 for topic in range(len(self._phrases))])
        if not called.any():
            return Told()
        kinds = wanted(message)
        features = self.features(message, vector, kinds)
        scores = np.where(called[self._of], features @ WEIGHTS, -np.inf)
        best = [i for i in np.argsort(-scores, kind="stable")[:SENTENCES] if scores[i] > -np.inf]
        if best and (after := self._going_on(best[0], kinds)) is not None:
            scores[after] = scores[best[0]]
            best = [best[0], after, *(i for i in best[1:] if i != after)][:SENTENCES]
        best = [i for i in best if not self._is_another(i, best[0], said)]
        near, found = [self.facts[i] for i in best], [float(scores[i]) for i in best]
        clear = bool(near) and found[0] >= _least(kinds & near[0].kinds, placed=features[best[0], PLACE] > 0)
        unnamed = self._lacks(message, kinds)
        return Told(tuple(near), tuple(found), kinds, clear and not unnamed, unnamed)

    def _going_on(self, place: int, kinds: frozenset[Kind]) -> int | None:
        """Where the block of a sentence that states nothing wanted goes on to state it."""
        fact = self.facts[place]
        if fact.kinds & kinds:
            return None
        rest = (f for f in self.facts[place + 1 :] if (f.topic, f.block) == (fact.topic, fact.block))
        return next((f.place for f in rest if f.kinds & kinds), None)

    def _is_another(self, place: int, best: int, said: frozenset[str]) -> bool:
        """Whether a sentence is on another shop than the one of its section that is named."""
        fact, named = self.facts[place], self.facts[best]
        if fact.topic != named.topic or fact.block == named.block:
            return False
        shops = "address" in fact.kinds & named.kinds
        return shops and bool(named.names & said) and not fact.names & said

    def features(self, message: str, vector: Floats, kinds: frozenset[Kind]) -> Floats:
        """What tells of each sentence, shape (sentences, 6).

        Its likeness in meaning; that of its section; the share of the message's words that it has, rare ones
        counting more; how much the section's phrases and names are asked for, against the section asked for
        most; whether it states a kind of value that is wanted; how near the places that it names are to those
        that are asked for.
        """
        said = _stems(message)
        words = said - _COMMON
        asks = np.array([self._asks(topic, said, named=True) for topic in range(len(self._phrases))])
        weight = {stem: self._rarity.get(stem, self._unseen) for stem in words}
        whole = sum(weight.values()) or 1.0
        asked = places(message)
        at_home = all(self._home in around(place) for place in asked)
        near = [nearness(asked, fact.places) for fact in self.facts]
        return np.stack(
            [
                self._vectors @ vector,
                (self._topics @ vector)[self._of],
                [sum(weight[stem] for stem in words & fact.stems) / whole for fact in self.facts],
                (asks / max(1.0, asks.max()))[self._of],
                [bool(kinds & fact.kinds) for fact in self.facts],
                [ABROAD if at_home and n < 0 else n for n in near],
            ],
            axis=1,
        ).astype(np.float32)

    def _lacks(self, message: str, kinds: frozenset[Kind]) -> bool:
        """Whether only facts can answer it that name what these don't, however near others are in meaning."""
        if any(not _AS_GOOD.get(stem, {stem}) & self._named for stem in _to_be_named(message)):
            return True
        if self._everywhere or _ORIGIN.search(message):
            return False
        return any(not self._tells_of(place, kinds) for place in places(message))

    def _tells_of(self, place: str, kinds: frozenset[Kind]) -> bool:
        """Whether a place is named, or what it lies in.

        Of a continent, and where shops are asked for, what lies in it does as well.
        """
        if self._places & around(place).keys():
            return True
        return (is_wide(place) or "address" in kinds) and any(place in around(p) for p in self._places)

    def _asks(self, topic: int, said: frozenset[str], *, named: bool = False) -> int:
        """How many words of the topic's phrases a message says, and of names that no other topic has."""
        asked = sum(len(phrase) for phrase in self._phrases[topic] if phrase <= said)
        return asked + (len(self._names[topic] & said) if named else 0)


def _in_order(facts: Sequence[Fact]) -> str:
    return " ".join(fact.text for fact in sorted(facts, key=lambda fact: fact.place))


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    return str(_stemmer.stemWord(word))


def _stems(text: str) -> frozenset[str]:
    return frozenset(map(_stem, re.findall(r"[a-z]+", text.lower().replace("'", ""))))


def _least(kinds: frozenset[Kind], *, placed: bool) -> float:
    """The least score of an answer that states these kinds of values, which are wanted.

    Args:
        placed: it names the place that is asked for.
    """
    telling = [TELLING.get(kind, 0.0) for kind in kinds]
    return CLEAR - max([*telling, PLACED if placed and kinds else 0.0])


def _to_be_named(message: str) -> frozenset[str]:
    """Stems of what only facts that name it can answer, however near others are in meaning."""
    paid = _stems(" ".join(_PAID_WITH.findall(message.lower()))) - _MEANS
    return (_stems(_joined(message)) & _PARTICULARS) | paid


def _joined(text: str) -> str:
    """Names of days that only a text that has them whole tells of, in one word."""
    return _SALES.sub(lambda match: match[0].replace(" ", ""), text.lower())


def _names(texts: Sequence[str]) -> list[frozenset[str]]:
    """For each text, the words with a capital that no text has without one, and no other text has at all."""
    every = [_stems(text) for text in texts]
    small = _small(texts)
    return [
        _capital(text) - small - frozenset().union(*every[:i], *every[i + 1 :]) - _COMMON
        for i, text in enumerate(texts)
    ]


def _capital(text: str) -> frozenset[str]:
    """Stems of the words with a capital."""
    return _stems(" ".join(re.findall(r"\b[A-Z]\w+", text)))


def _small(texts: Iterable[str]) -> frozenset[str]:
    """Stems of the words without one."""
    return frozenset(map(_stem, re.findall(r"\b[a-z]+", " ".join(texts))))


def _phrases(heading: str, text: str, says: dict[str, dict[str, list[str]]]) -> frozenset[frozenset[str]]:
    """What asks for a section, as sets of stems: told by its heading, or else by its text, or the heading."""
    title = _stems(heading)
    named = [topic for topic in says.values() if title & set(map(_stem, topic["headings"]))]
    phrases = {_stems(phrase) for topic in named or _told(text, says) for phrase in topic["says"]}
    return frozenset(phrases | {frozenset([stem]) for stem in title if len(stem) > 4 and not named})


def _told(text: str, says: dict[str, dict[str, list[str]]]) -> list[dict[str, list[str]]]:
    """The topic of a text whose heading names none: most of its phrases are in it, two at least."""
    told = _stems(text)
    hits = {name: sum(_stems(phrase) <= told for phrase in topic["says"]) for name, topic in says.items()}
    best = max(hits, key=lambda name: hits[name])
    return [says[best]] if hits[best] >= 2 else []


_stemmer = Stemmer.Stemmer("english")
_EVERYWHERE = re.compile(
    r"\b(?:worldwide|anywhere|everywhere|(?:around|all over|rest of) the (?:world|globe)|other countries|"
    r"(?:all|any|every|most) (?:other )?countr(?:y|ies)|"
    r"(?:deliver|ship|send|post)\w* (?:\w+ ){0,2}(?:abroad|overseas|internationally))\b",
    re.IGNORECASE,
)
_PARTICULARS = _stems(
    "parking wifi wheelchair dog pushchair student teacher nurse doctor pensioner military bitcoin crypto "
    "nhs veteran franchise wholesale vacancy internship revenue turnover employees employ "
    "ethereum rent rental blackfriday cybermonday boxingday"
)
# What tells of some of them without naming them.
_AS_GOOD = {
    _stem(word): _stems(f"{word} {others}")
    for word, others in {
        "wheelchair": "step steps ramp lift accessible",
        "pushchair": "step steps ramp lift pram buggy",
        "rent": "hire hired lend",
        "rental": "hire hired lend",
        "dog": "dogs pets",
        "amex": "american",
    }.items()
}
# Where a piece comes from is told whatever place is named: `made in China, or where?`
_ORIGIN = re.compile(
    r"\b(?:made|comes?|from|sewn|produced?|manufactured|sourced)\b[^.?!]*\b(?:china|or where)\b"
    r"|\bwhere\b[^.?!]*\b(?:made|comes? from|sewn|produced?|manufactured|sourced)\b",
    re.IGNORECASE,
)
_SALES = re.compile(r"\b(?:black friday|cyber monday|boxing day)\b")
_PAID_WITH = re.compile(r"\bpay (?:\w+ )?(?:with|by|w|via|using) (?:an? |my |the )?(\w+)")
_MEANS = _stems("card cards cash money credit debit phone")
_COMMON = _stems(
    "a an and are at be by can do does for from how i in is it me my of on or our the to we what with you"
)
