"""Sections of facts.md as plain sentences."""

from __future__ import annotations

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_ENDS = re.compile(
    r"(?<=[.;!?])(?<!\b[A-Z]\.)(?:(?<!\b[ap]\.m\.)|(?=\s+[A-Z]))"
    r"(?<!\b(?i:mr|ms|dr|no|nr|st)\.)(?<!\b(?i:mrs|e\.g|i\.e|max|min|tel)\.)(?<!\b(?i:incl|excl)\.)(?<!\b(?i:approx)\.)\s+"
)
_MARKDOWN = MarkdownIt("commonmark").enable("table")


def sections(markdown: str) -> list[tuple[str, list[str]]]:
    """(heading, its blocks on a line each) of each section; before the first heading it is the house's.

    An item of a list and a row of a table are sentences of their own; a table's head is left out. What ends
    in a colon leads in the block that follows.
    """
    found: list[tuple[str, list[str]]] = [("The house", [])]

    def add(text: str) -> None:
        if text:
            blocks = found[-1][1]
            lead = f"{blocks.pop()} " if blocks and blocks[-1].endswith(":") else ""
            blocks.append(lead + _ended(text))

    row: list[str] = []
    for opening, token in pairwise(_MARKDOWN.parse(markdown)):
        if token.type in ("inline", "code_block", "fence"):
            text = _plain(token)
            if opening.type == "heading_open":
                found.append((text, []))
            elif opening.type == "td_open":
                row.append(text)
            elif opening.type != "th_open":
                add(text)
        elif token.type == "tr_close" and row:
            add(", ".join(filter(None, row)))
            row = []
    return [(heading, blocks) for heading, blocks in found if blocks]


def sentences(text: str) -> list[str]:
    """At full stops and semicolons, but not after an initial, as in `2214 E. Admiral Place`, or `9 a.m.`."""
    return _ENDS.split(text)


def _plain(token: Token) -> str:
    """The words of a block, without emphasis and links' targets."""
    breaks = {"softbreak", "hardbreak"}
    parts = [" " if child.type in breaks else child.content for child in token.children or [token]]
    return " ".join("".join(parts).split())


def _ended(text: str) -> str:
    return text if text[-1] in ".;:!?" else f"{text}."
