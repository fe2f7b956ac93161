"""What a message is: a wish for a person, a complaint, a question on an order or on the house, a wish for
pieces, something else altogether, or none of it.

A softmax over sentence vectors that were taught to tell just this (`encoder.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors.numpy import load_file

from concierge.catalog.minilm import Floats
from concierge.stylist.encoder import ADAPTER

Mark = Literal["person", "complaint", "order", "question"]
Sure = Literal["", "wish", "facts", "aside", "none"]
MARKS: tuple[Mark, ...] = ("person", "complaint", "order")  # `question`: the facts don't tell
KINDS = (*MARKS, "facts", "wish", "aside", "none")

_STAFF = 0.48  # probability, of all marks together, from which on a message is for staff
_MARK = 0.22  # and of each mark
_FACTS = 0.1  # lower, as a fact too many costs a few tokens and one too few an answer
_SURE = {"wish": 0.45, "facts": 0.55, "aside": 0.5, "none": 0.6}  # from which on nothing else is thought of
_STRAYS = 0.4  # of what is about neither: from here on, for what names nothing that could be worn
_HARDLY = 0.25  # of a wish: below this, something else may be all that is asked


@dataclass(frozen=True, slots=True)
class Intent:
    """What a message asks for.

    Attributes:
        marks: reasons for staff to look at it.
        staff: how probably it is for them.
        facts: it may ask for facts of the house.
        wishes: it is likelier to wish for pieces than to ask for facts.
        strays: it is likelier about neither the house nor its pieces than to wish for any.
        sure: it asks for one thing alone: for pieces, whatever its words, for facts of the house, for what is
            about neither, or for none of it, as thanks do, and questions on a piece just shown.
    """

    marks: frozenset[Mark]
    staff: float
    facts: bool
    wishes: bool
    strays: bool
    sure: Sure


class Intents:
    """Tells a message's intent by its meaning."""

    def __init__(self, adapter: Path = ADAPTER) -> None:
        tensors = load_file(adapter)
        self._weights, self._bias = tensors["intents.weight"], tensors["intents.bias"]

    def shares(self, vector: Floats) -> Floats:
        """How probable each of KINDS is, by a message's vector of `open_encoder`'s, shape (384,)."""
        scores = self._weights @ vector + self._bias
        exponentials = np.exp(scores - scores.max())
        shares: Floats = exponentials / exponentials.sum()
        return shares

    def of(self, vector: Floats) -> Intent:
        """The intent of a message by its sentence vector."""
        shares = dict(zip(KINDS, map(float, self.shares(vector)), strict=True))
        marks = frozenset(mark for mark in MARKS if shares[mark] >= _MARK)
        staff = sum(shares[mark] for mark in MARKS)
        marks = marks if staff >= max(_STAFF, shares["aside"]) else frozenset()
        wishes = shares["wish"] > shares["facts"]
        strays = shares["aside"] >= max(_STRAYS, shares["wish"])
        return Intent(marks, staff, shares["facts"] >= _FACTS, wishes, strays, "" if marks else _sure(shares))


def _sure(shares: dict[str, float]) -> Sure:
    if shares["wish"] >= _SURE["wish"]:
        return "wish"
    if shares["wish"] >= _HARDLY:
        return ""
    if shares["facts"] >= _SURE["facts"]:
        return "facts"
    if shares["aside"] >= _SURE["aside"]:
        return "aside"
    return "none" if shares["none"] >= _SURE["none"] else ""
