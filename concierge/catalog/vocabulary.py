"""What words mean in a wardrobe: pieces, colors, materials, occasions, people. The tables are TOML files."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from rapidfuzz import fuzz, process

TermKind = Literal["garment", "color", "material", "occasion", "person", "ignore"]

FOLDED = str.maketrans("øæœßłđðþı", "oaoslddti")  # letters that Unicode takes no accent from
_TOKEN = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"['\u2019]s\b")


def words(text: str) -> list[str]:
    """Words in lower case, without accents and possessive endings; `Skjær` is one, `skjar`."""
    text = text.lower()
    if not text.isascii():
        text = text.replace("\u2019", "'").translate(FOLDED)
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _TOKEN.findall(_POSSESSIVE.sub("", text) if "'" in text else text)


@dataclass(frozen=True, slots=True)
class Term:
    """A thing of the vocabulary: a kind of piece, a color's name, a material, an occasion, whom it is for."""

    kind: TermKind
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """Terms that the words [start, end) of a text stand for."""

    start: int
    end: int
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Shade:
    """A color: its families (what is meant by the name comes first) and its lightness, 0 to 100."""

    families: tuple[str, ...]
    lightness: float


@dataclass(frozen=True, slots=True)
class Occasion:
    """What to look for besides for an occasion; formality from 1 (gym) to 5 (white tie), or None."""

    hints: str
    formality: float | None


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))


_GARMENTS, _COLORS, _WORDS = _load("garments.toml"), _load("colors.toml"), _load("words.toml")

CATEGORIES: dict[str, str] = _WORDS["categories"]
FAMILIES: dict[str, float] = _COLORS["families"]
GROUPS: dict[str, tuple[str, ...]] = {name: tuple(f) for name, f in _COLORS["groups"].items()}
SHADES: dict[str, Shade] = {name: Shade((name,), lightness) for name, lightness in FAMILIES.items()} | {
    name: Shade(tuple(entry[:-1]), entry[-1]) for name, entry in _COLORS["names"].items()
}
OCCASIONS: dict[str, Occasion] = {
    name: Occasion(entry["hints"], entry.get("formality")) for name, entry in _WORDS["occasions"].items()
}
AXES: dict[str, dict[str, float]] = _WORDS["axes"]
WITHOUT: dict[str, tuple[str, ...]] = {name: tuple(also) for name, also in _WORDS["without"].items()}
STOP_WORDS = frozenset(_WORDS["stop"]["words"])
NUMBERS: dict[str, int] = _WORDS["numbers"]["words"]
AMBIGUOUS_COLORS = frozenset(_COLORS["ambiguous"]["words"])
_MODIFIERS = {
    "dark": -18,
    "deep": -14,
    "light": 20,
    "pale": 24,
    "soft": 12,
    "bright": 8,
    "pastel": 28,
    "washed": 12,
}


def _ancestors(name: str) -> frozenset[str]:
    return frozenset({name}).union(*(_ancestors(parent) for parent in _GARMENTS[name].get("is", ())))


def _slot(name: str) -> str:
    entry = _GARMENTS[name]
    return str(entry["slot"]) if "slot" in entry else _slot(entry["is"][0])


GARMENTS: dict[str, frozenset[str]] = {name: _ancestors(name) for name in _GARMENTS}
"""Each kind of piece with all that it is as well, itself included."""
SLOTS: dict[str, str] = {name: _slot(name) for name in _GARMENTS}
"""Each kind's place in a look."""


class Lexicon:
    """Finds the vocabulary's phrases in a text, longest first."""

    def __init__(self) -> None:
        self.phrases: dict[tuple[str, ...], tuple[Term, ...]] = {}
        for name, entry in _GARMENTS.items():
            self._add("garment", name, entry["words"])
        for name in (*SHADES, *GROUPS):
            self._add("color", name, [f"{name}!"])
        for kind, table in (("material", _WORDS["materials"]), ("person", _WORDS["people"])):
            for name, phrases in table.items():
                self._add(kind, name, phrases)
        for name, entry in _WORDS["occasions"].items():
            self._add("occasion", name, entry["words"])
        self._add("ignore", "", _WORDS["ignore"]["words"])
        self.words = frozenset(word for phrase in self.phrases for word in phrase)
        # How many words the phrases have that begin with one, the most first.
        self._lengths: dict[str, list[int]] = {}
        for first, length in sorted({(p[0], len(p)) for p in self.phrases}, reverse=True):
            self._lengths.setdefault(first, []).append(length)

    def _add(self, kind: Any, name: str, phrases: Iterable[str]) -> None:
        for text in phrases:
            phrase = tuple(words(text))
            forms = [phrase] if text.endswith("!") else [phrase, (*phrase[:-1], plural(phrase[-1]))]
            for form in forms:
                known = self.phrases.get(form, ())
                if Term(kind, name) not in known:
                    self.phrases[form] = (*known, Term(kind, name))

    def find(self, tokens: Sequence[str]) -> Iterator[Found]:
        """Phrases in their order, none overlapping another."""
        position = 0
        while position < len(tokens):
            step = 1
            for length in self._lengths.get(tokens[position], ()):
                end = position + length
                terms = self.phrases.get(tuple(tokens[position:end])) if end <= len(tokens) else None
                if terms:
                    yield Found(position, end, terms)
                    step = length
                    break
            position += step


def plural(word: str) -> str:
    """An English noun's regular plural."""
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in ("a", "e", "i", "o", "u"):
        return word[:-1] + "ies"
    return word + "s"


LEXICON = Lexicon()


def gender_of(declared: str, *texts: str) -> str:
    """`female`, `male`, `unisex` or empty: as declared, else as the first text that tells says."""
    declared = declared.strip().lower()
    if declared in ("unisex", "all", "both"):
        return "unisex"
    for text in (declared, *texts):
        tokens = words(text)
        told = {
            t.name
            for found in LEXICON.find(tokens)
            for t in found.terms
            if t.kind == "person"
            and tokens[found.start]
            not in ("bride", "groom", "bridesmaid", "lady", "boy", "girl", "girlfriend", "boyfriend")
        }
        if text == declared and declared in ("f", "m"):
            told = {"female" if declared == "f" else "male"}
        if "unisex" in tokens:
            return "unisex"
        if told:
            return "unisex" if len(told) > 1 else told.pop()
    return ""


_PREPOSITIONS = frozenset(("with", "in", "for", "by", "from", "and", "of", "on", "over", "w"))


@lru_cache(maxsize=65536)
def garments_named(text: str) -> tuple[str, ...]:
    """The kinds that a title names: its last noun before any preposition, `Silk Shirt Dress with Belt`."""
    tokens = words(text)
    head = next((i for i, t in enumerate(tokens) if i and t in _PREPOSITIONS), len(tokens))
    for part in (tokens[:head], tokens):
        kinds = [[t.name for t in f.terms if t.kind == "garment"] for f in LEXICON.find(part)]
        kinds = [k for k in kinds if k]
        if kinds:
            return tuple(kinds[-1])
    return ()


def garments_listed(text: str) -> tuple[str, ...]:
    """All kinds that a category's leaf names: `Coats & Jackets`."""
    return tuple(
        dict.fromkeys(
            t.name for found in LEXICON.find(words(text)) for t in found.terms if t.kind == "garment"
        )
    )


@lru_cache(maxsize=16384)
def shades_of(text: str) -> tuple[Shade, ...]:
    """The colors of a feed's value, such as `navy/white` or `dark moss`; names not known are left out."""
    shades = [_shade(part) for part in re.split(r"[/,;|+&]| and | or | with ", text.lower()) if part.strip()]
    return tuple(s for s in shades if s)


def _shade(text: str) -> Shade | None:
    tokens = words(text)
    named = [t.name for f in LEXICON.find(tokens) for t in f.terms if t.kind == "color" and t.name in SHADES]
    if not named:
        named = [n for t in tokens if (n := _hue_word(t))]
    if not named:
        return None
    # "navy blue" is navy, "rose red" is red with a little rose: the family word decides, the other refines
    families = dict.fromkeys(f for name in reversed(named) for f in SHADES[name].families)
    if len(named) > 1 and named[-1] in FAMILIES:
        fine = [n for n in named[:-1] if named[-1] in SHADES[n].families]
        lightness = SHADES[fine[0] if fine else named[-1]].lightness
        families = dict.fromkeys((named[-1],))
    else:
        lightness = SHADES[named[-1]].lightness
    lightness += sum(_MODIFIERS.get(t, 0) for t in tokens if t not in named)
    return Shade(tuple(families), min(max(lightness, 0.0), 100.0))


def _hue_word(token: str) -> str | None:
    """`greenish` is green; a slip of the pen in a long name is forgiven."""
    stem = token.removesuffix("ish").removesuffix("y") if token.endswith(("ish", "y")) else token
    for candidate in (stem, stem[:-1]):  # reddish: redd, red
        if candidate in SHADES and len(candidate) > 2:
            return candidate
    if len(token) >= 5:
        best = process.extractOne(
            token, [n for n in SHADES if " " not in n], scorer=fuzz.ratio, score_cutoff=88
        )
        if best:
            return str(best[0])
    return None


def shade_asked(name: str, modifiers: Iterable[str] = ()) -> Shade:
    """What a shopper who says a color's name will accept: the name's first family, or all of a group's."""
    if name in GROUPS:
        return Shade(GROUPS[name], 50.0)
    shade = SHADES[name]
    lightness = shade.lightness + sum(_MODIFIERS.get(m, 0) for m in modifiers)
    return Shade(shade.families[:1], min(max(lightness, 0.0), 100.0))


MODIFIERS = frozenset(_MODIFIERS)
