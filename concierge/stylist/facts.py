"""The house's facts by topic, and the topics that a message asks about."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import Stemmer

from concierge.catalog import MiniLM
from concierge.catalog.minilm import Floats

SENTENCES = (
    5  # repeated beside a question; of 216 questions on four houses 4 would lose the answer in 7, and 3 in 15
)
_SHARED = 0.05  # of likeness, for each word that a sentence shares with the message
_stemmer = Stemmer.Stemmer("english")


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stemmer.stemWords(re.findall(r"[a-z]+", text.lower().replace("'", ""))))


def _stem_of(word: str) -> str:
    return str(_stemmer.stemWord(word))


@dataclass(frozen=True, slots=True)
class Topic:
    """A heading of facts.md, its text, and what asks for it: phrases (as sets of stems), and a meaning.

    Attributes:
        names: what it alone tells of by a name: a country, a card, a town. As stems.
        vectors: of its whole text and of each of its sentences, shape (1 + sentences, 384).
    """

    heading: str
    sentences: tuple[str, ...]
    phrases: frozenset[frozenset[str]]
    words: frozenset[str]
    names: frozenset[str]
    vectors: Floats


class Facts:
    """facts.md, cut at its headings. Whole facts are in the house prompt already; a small model answers
    better with the right ones repeated beside the question.
    """

    def __init__(self, markdown: str, encoder: MiniLM) -> None:
        says = tomllib.loads(Path(__file__).with_name("topics.toml").read_text("utf-8"))
        parts = sections(markdown)
        names = _names([text for _, text in parts])
        self._encoder = encoder
        self._topics = [
            _topic(*section, own, says, encoder) for section, own in zip(parts, names, strict=True)
        ]

    def about(self, message: str, vector: Floats | None = None, most: int = 2) -> str:
        """The topics that a message asks about, as `heading: text` lines; empty if none.

        Args:
            vector: the message's sentence vector if it is known to ask for facts: then a name that one
                topic has tells as well, and where nothing tells, the topics next in meaning will do.
        """
        said = _stems(message)
        scored = [(_score(topic, said, named=vector is not None), -i) for i, topic in enumerate(self._topics)]
        best = sorted((s for s in scored if s[0] > 0), reverse=True)
        chosen = [-i for score, i in best if score >= 0.6 * best[0][0]][:most]
        if vector is not None and not chosen and self._topics:
            likeness = [float((topic.vectors @ vector).max()) for topic in self._topics]
            chosen = sorted(range(len(likeness)), key=lambda i: -likeness[i])[:most]
        return self._lines([self._topics[i] for i in chosen], message, vector)

    def _lines(self, topics: Sequence[Topic], message: str, vector: Floats | None) -> str:
        """The sentences of some topics that are nearest to the message, in their order."""
        if not topics:
            return ""
        said = _stems(message) - _COMMON
        if vector is None:
            vector = self._encoder.sentences([message])[0]
        likeness = {
            (i, j): float(topic.vectors[1 + j] @ vector) + _SHARED * len(said & _stems(sentence))
            for i, topic in enumerate(topics)
            for j, sentence in enumerate(topic.sentences)
        }
        kept = sorted(sorted(likeness, key=lambda at: -likeness[at])[:SENTENCES])
        lines = {i: " ".join(topics[i].sentences[j] for at, j in kept if at == i) for i, _ in kept}
        return "\n".join(f"{topics[i].heading}: {text}" for i, text in lines.items())


def _score(topic: Topic, said: frozenset[str], *, named: bool) -> float:
    """Words of the phrases that ask for the topic, and its names; other words only tell such topics apart."""
    asked = sum(len(phrase) for phrase in topic.phrases if phrase <= said)
    asked += len(topic.names & said) if named else 0
    return asked + 0.2 * len(topic.words & said) if asked else 0.0


def _names(texts: Sequence[str]) -> list[frozenset[str]]:
    """For each text, the words with a capital that no text has without one, and no other text has at all."""
    every = [_stems(text) for text in texts]
    small = frozenset(_stemmer.stemWords(re.findall(r"\b[a-z]+", " ".join(texts))))
    capital = [_stems(" ".join(re.findall(r"\b[A-Z]\w+", text))) for text in texts]
    return [
        own - small - frozenset().union(*every[:i], *every[i + 1 :]) - _COMMON
        for i, own in enumerate(capital)
    ]


def _topic(
    heading: str, text: str, names: frozenset[str], says: dict[str, dict[str, list[str]]], encoder: MiniLM
) -> Topic:
    title = _stems(heading)
    named = [t for t in says.values() if title & {_stem_of(h) for h in t["headings"]}]
    phrases = {_stems(phrase) for topic in named or _told(text, says) for phrase in topic["says"]}
    phrases |= {frozenset([stem]) for stem in title if len(stem) > 4 and not named}
    sentences = tuple(re.split(r"(?<=[.;])\s+", text))
    vectors = encoder.sentences([f"{heading}: {sentence}" for sentence in (text, *sentences)])
    return Topic(heading, sentences, frozenset(phrases), _stems(text) - _COMMON, names, vectors)


def _told(text: str, says: dict[str, dict[str, list[str]]]) -> list[dict[str, list[str]]]:
    """The topic of a text whose heading names none: most of its phrases are in it, two at least."""
    told = _stems(text)
    hits = {name: sum(_stems(phrase) <= told for phrase in topic["says"]) for name, topic in says.items()}
    best = max(hits, key=lambda name: hits[name])
    return [says[best]] if hits[best] >= 2 else []


def sections(markdown: str) -> list[tuple[str, str]]:
    """(heading, text on one line) of each Markdown section; text before the first heading has none."""
    parts = re.split(r"^#+\s*(.+?)\s*$", markdown, flags=re.MULTILINE)
    pairs = zip(["The house", *parts[1::2]], parts[0::2], strict=True)
    return [(heading, " ".join(text.split())) for heading, text in pairs if text.strip()]


_COMMON = _stems(
    "a an and are at be by can do does for from how i in is it me my of on or our the to we what with you"
)
