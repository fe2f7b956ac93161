"""Sections of facts.md as plain sentences."""

from __future__ import annotations

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark").enable("table")


def sections(markdown: str) -> list[tuple[str, str]]:
    """(heading, text on one line) of each section; the house's is what comes before the first heading.

    An item of a list and a row of a table are sentences of their own; a table's head is left out.
    """
    found: list[tuple[str, list[str]]] = [("The house", [])]
    row: list[str] = []
    for opening, token in pairwise(_MARKDOWN.parse(markdown)):
        if token.type in ("inline", "code_block", "fence"):
            text = _plain(token)
            if opening.type == "heading_open":
                found.append((text, []))
            elif opening.type == "td_open":
                row.append(text)
            elif opening.type != "th_open":
                found[-1][1].append(_ended(text))
        elif token.type == "tr_close" and row:
            found[-1][1].append(_ended(", ".join(filter(None, row))))
            row = []
    return [(heading, " ".join(texts)) for heading, texts in found if any(texts)]


def sentences(text: str) -> list[str]:
    """At full stops and semicolons, but not after an initial: `2214 E. Admiral Place` is one."""
    return re.split(r"(?<=[.;!?])(?<!\b[A-Z]\.)\s+", text)


def _plain(token: Token) -> str:
    """The words of a block, without emphasis and links' targets."""
    breaks = {"softbreak", "hardbreak"}
    parts = [" " if child.type in breaks else child.content for child in token.children or [token]]
    return " ".join("".join(parts).split())


def _ended(text: str) -> str:
    return text if not text or text[-1] in ".;:!?" else f"{text}."
