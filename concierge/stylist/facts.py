"""The house's facts by topic, and the topics that a message asks about."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import Stemmer

from concierge.catalog import MiniLM
from concierge.catalog.minilm import Floats

_stemmer = Stemmer.Stemmer("english")


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stemmer.stemWords(re.findall(r"[a-z]+", text.lower().replace("'", ""))))


def _stem_of(word: str) -> str:
    return str(_stemmer.stemWord(word))


@dataclass(frozen=True, slots=True)
class Topic:
    """A heading of facts.md, its text, and what asks for it: phrases (as sets of stems), and a meaning.

    Attributes:
        vectors: of its text and of each of its sentences, shape (1 + sentences, 384).
    """

    heading: str
    text: str
    phrases: frozenset[frozenset[str]]
    words: frozenset[str]
    vectors: Floats


class Facts:
    """facts.md, cut at its headings. Whole facts are in the house prompt already; a small model answers
    better with the right ones repeated beside the question.
    """

    def __init__(self, markdown: str, encoder: MiniLM) -> None:
        says = tomllib.loads(Path(__file__).with_name("topics.toml").read_text("utf-8"))
        self._topics = [_topic(*section, says, encoder) for section in sections(markdown)]

    def about(self, message: str, vector: Floats | None = None, most: int = 2) -> str:
        """The topics that a message asks about, as `heading: text` lines; empty if none.

        Args:
            vector: the message's sentence vector if it is known to ask for facts: then the topic next in
                meaning will do where no phrase tells.
        """
        said = _stems(message)
        scored = [(_score(topic, said), -i) for i, topic in enumerate(self._topics)]
        best = sorted((s for s in scored if s[0] > 0), reverse=True)
        chosen = [-i for score, i in best if score >= 0.6 * best[0][0]][:most]
        if vector is not None and not chosen and self._topics:
            likeness = [float((topic.vectors @ vector).max()) for topic in self._topics]
            chosen = sorted(range(len(likeness)), key=lambda i: -likeness[i])[:most]
        return "\n".join(f"{self._topics[i].heading}: {self._topics[i].text}" for i in chosen)


def _score(topic: Topic, said: frozenset[str]) -> float:
    """Words of the phrases that ask for the topic; its other words only tell such topics apart."""
    asked = [phrase for phrase in topic.phrases if phrase <= said]
    return sum(map(len, asked)) + 0.2 * len(topic.words & said) if asked else 0.0


def _topic(heading: str, text: str, says: dict[str, dict[str, list[str]]], encoder: MiniLM) -> Topic:
    title = _stems(heading)
    named = [t for t in says.values() if title & {_stem_of(h) for h in t["headings"]}]
    phrases = {_stems(phrase) for topic in named for phrase in topic["says"]}
    phrases |= {frozenset([stem]) for stem in title if len(stem) > 4 and not named}
    sentences = [text, *re.split(r"(?<=[.;])\s+", text)]
    vectors = encoder.sentences([f"{heading}: {sentence}" for sentence in sentences])
    return Topic(heading, text, frozenset(phrases), _stems(text) - _COMMON, vectors)


def sections(markdown: str) -> list[tuple[str, str]]:
    """(heading, text on one line) of each Markdown section; text before the first heading has none."""
    parts = re.split(r"^#+\s*(.+?)\s*$", markdown, flags=re.MULTILINE)
    pairs = zip(["The house", *parts[1::2]], parts[0::2], strict=True)
    return [(heading, " ".join(text.split())) for heading, text in pairs if text.strip()]


_COMMON = _stems(
    "a an and are at be by can do does for from how i in is it me my of on or our the to we what with you"
)
