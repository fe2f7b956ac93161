"""What a message is: a wish for a person, a complaint, a question on an order or on the house, a wish for
pieces, something else altogether, or none of it.

A multinomial logistic regression with a Gaussian kernel (Zhu and Hastie 2005, J. Comput. Graph. Stat.) over
MiniLM's sentence vectors, fitted at start (a second) to the examples of `intents.toml`. Of the first
1,540, left out by turns, it told 81 %; without the kernel, 77 %. The others are those of 2,500 more that it
then got wrong or was in doubt of. Patterns over words were tried first: of phrasings not seen when they were
written they found 52 % of the wishes for a person, 11 % of the complaints and 22 % of the order questions.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from concierge.catalog import MiniLM
from concierge.catalog.minilm import Floats

Mark = Literal["person", "complaint", "order", "question"]
MARKS: tuple[Mark, ...] = ("person", "complaint", "order")  # `question`: the facts don't tell
KINDS = (*MARKS, "facts", "wish", "aside", "none")

_STAFF = 0.4  # probability, of all marks together, from which on a message is for staff
_MARK = 0.25  # then, of each mark
_FACTS = 0.2  # lower, as a fact too many costs a few tokens and one too few an answer
_SURE = {"wish": 0.5, "facts": 0.4, "aside": 0.4}  # from which on nothing else is thought of
_HARDLY = 0.25  # of a wish: below this, something else may be all that is asked
_NEAR = 5.0  # the kernel's gamma
_L2, _STEP, _STEPS = 3e-6, 16.0, 300
_Matrix = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a message asks for.

    Attributes:
        marks: reasons for staff to look at it.
        staff: how probably it is for them.
        facts: it may ask for facts of the house.
        sure: it asks for one thing alone: for pieces, whatever its words, for facts of the house, or for what
            is about neither.
    """

    marks: frozenset[Mark]
    staff: float
    facts: bool
    sure: Literal["", "wish", "facts", "aside"]


class Intents:
    """Tells a message's intent by its meaning."""

    def __init__(self, encoder: MiniLM) -> None:
        texts, labels = examples()
        self._examples = encoder.remembered(texts)
        self._weights = _fit(_likeness(self._examples, self._examples), labels)

    def of(self, vector: Floats) -> Intent:
        """The intent of a message by its sentence vector, shape (384,)."""
        likeness = _likeness(vector[None], self._examples)
        shares = dict(zip(KINDS, _softmax(likeness @ self._weights)[0], strict=True))
        most = max(shares[mark] for mark in MARKS)
        marks = frozenset(mark for mark in MARKS if shares[mark] >= min(_MARK, most))
        staff = float(sum(shares[mark] for mark in MARKS))
        marks = marks if staff >= _STAFF else frozenset()
        return Intent(marks, staff, bool(shares["facts"] >= _FACTS), "" if marks else _sure(shares))


def examples() -> tuple[list[str], npt.NDArray[np.intp]]:
    """The texts of `intents.toml`, and for each the number of its kind in KINDS."""
    table = tomllib.loads(Path(__file__).with_name("intents.toml").read_text("utf-8"))
    texts = [text for kind in KINDS for text in table[kind]]
    return texts, np.repeat(np.arange(len(KINDS)), [len(table[kind]) for kind in KINDS])


def _sure(shares: dict[str, float]) -> Literal["", "wish", "facts", "aside"]:
    if shares["wish"] >= _SURE["wish"]:
        return "wish"
    if shares["wish"] >= _HARDLY:
        return ""
    if shares["facts"] >= _SURE["facts"]:
        return "facts"
    return "aside" if shares["aside"] >= _SURE["aside"] else ""


def _likeness(vectors: Floats, examples: Floats) -> _Matrix:
    """The kernel, shape (vectors, examples): 1 where they are the same."""
    likeness: _Matrix = np.exp(_NEAR * (vectors @ examples.T - 1))
    return likeness


def _fit(likeness: _Matrix, labels: npt.NDArray[np.intp]) -> _Matrix:
    """Weights, shape (examples, classes), by accelerated gradient descent in the kernel's space.

    Nesterov 1983; deterministic.
    """
    targets = np.eye(len(KINDS), dtype=np.float32)[labels]
    weights: _Matrix = np.zeros_like(targets)
    ahead = weights
    for step in range(_STEPS):
        error = _softmax(likeness @ ahead) - targets
        before, weights = weights, ahead - _STEP * (error / len(targets) + _L2 * ahead)
        ahead = weights + step / (step + 3) * (weights - before)
    return weights


def _softmax(scores: _Matrix) -> _Matrix:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: _Matrix = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares
