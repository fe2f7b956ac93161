"""A row of a feed file."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One item: the line it starts on, its attributes by name, or why it could not be read."""

    line: int
    values: dict[str, str] = field(default_factory=dict)
    problem: str = ""
