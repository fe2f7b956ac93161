"""Messages that a person of the house should see: requests for one, complaints, questions on an order."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal, get_args

Mark = Literal["person", "complaint", "order"]


def _compile() -> dict[Mark, re.Pattern[str]]:
    table = tomllib.loads(Path(__file__).with_name("handover.toml").read_text("utf-8"))

    def pattern(mark: Mark) -> re.Pattern[str]:
        source = "|".join(table[mark])
        for name in ("staff", "purchase"):
            source = source.replace("{" + name + "}", table[name])
        return re.compile(source, re.IGNORECASE)

    return {mark: pattern(mark) for mark in get_args(Mark)}


_PATTERNS = _compile()


def marks_of(message: str) -> frozenset[Mark]:
    """The reasons, if any, for which staff should look at a shopper's message."""
    text = message.replace("\u2019", "'")
    return frozenset(mark for mark, pattern in _PATTERNS.items() if pattern.search(text))
