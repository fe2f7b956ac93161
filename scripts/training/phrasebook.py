"""The texts of `text/`: sections of lines, some kept for the held-out set, and how a line is filled."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Protocol

from training.grammar import tidy

TEXT = Path(__file__).with_name("text")
HELD_OUT = "~ "
_ALTERNATIVES = re.compile(r"\(([^()]*\|[^()]*)\)")
_MARKUP = re.compile(r"\{(\w+)(?:\.(\w+))?\}|<(?:(\w):)?([^/<>]+)/([^<>]*)>")


class Unfit(Exception):
    """A line needs what the situation does not have; another line will do."""


class Speakable(Protocol):
    """What a line may speak of by `{name.key}`: a piece."""

    plural: bool

    def say(self, key: str) -> str:
        """Raises Unfit where there is nothing to say."""


Values = Mapping[str, "str | Speakable"]


@cache
def read(path: str) -> Mapping[str, tuple[str, ...]]:
    """Sections of a text file: `# name`, then a line a phrase; `//` starts a comment."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (TEXT / path).read_text("utf-8").splitlines():
        if line.startswith("# "):
            lines = sections.setdefault(line[2:], [])
        elif line.strip() and not line.startswith("//"):
            lines.append(line)
    return {name: tuple(lines) for name, lines in sections.items()}


@cache
def read_toml(path: str) -> dict[str, Any]:
    return tomllib.loads((TEXT / path).read_text("utf-8"))


class Phrasebook:
    """The lines for training, or those held out. A list that marks none as held out serves both."""

    def __init__(self, held_out: bool) -> None:
        self.held_out = held_out

    def choose(self, lines: Sequence[str]) -> list[str]:
        """The lines of a list that are this book's, without their mark."""
        kept = [line[len(HELD_OUT) :] for line in lines if line.startswith(HELD_OUT)]
        others = [line for line in lines if not line.startswith(HELD_OUT)]
        return kept if self.held_out and kept else others

    def lines(self, path: str, section: str) -> list[str]:
        """This book's lines of a section; none if there is no such section."""
        return self.choose(read(path).get(section, ()))

    def has(self, path: str, section: str) -> bool:
        return section in read(path)

    def say(self, rng: Random, path: str, section: str, values: Values | None = None) -> str:
        """A line of a section that fits, filled. Raises Unfit if none does."""
        english = not path.startswith("tongues/")
        return self.say_one(rng, self.lines(path, section), values or {}, english=english)

    def say_one(self, rng: Random, lines: Sequence[str], values: Values, *, english: bool = True) -> str:
        """One of the lines that fits, filled. Raises Unfit if none does."""
        for line in rng.sample(lines, len(lines)):
            try:
                return tidy(fill(rng, line, values), english=english)
            except Unfit:
                continue
        raise Unfit(str(lines[:1]))


def expand(rng: Random, line: str) -> str:
    """One of each `(a|b)`, the inner ones first."""
    while match := _ALTERNATIVES.search(line):
        line = line[: match.start()] + rng.choice(match[1].split("|")) + line[match.end() :]
    return line


def fill(rng: Random, line: str, values: Values) -> str:
    """A line with its slots filled and its verbs agreeing. Raises Unfit where a value is missing."""
    parts: list[str] = []
    end, last = 0, next((v for v in values.values() if not isinstance(v, str)), None)
    line = expand(rng, line)
    for match in _MARKUP.finditer(line):
        name, key, whose, one, many = match.groups()
        parts.append(line[end : match.start()])
        end = match.end()
        if name is None:
            spoken = values.get(whose) if whose else last
            if spoken is None or isinstance(spoken, str):
                raise Unfit(line)
            parts.append(many if spoken.plural else one)
            continue
        value = values.get(name.lower())
        if value is None:
            raise Unfit(line)
        if not isinstance(value, str):
            last = value
            value = value.say((key or "the").lower())
        parts.append(_capital(value) if (key or name)[0].isupper() else value)
    return "".join(parts) + line[end:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
