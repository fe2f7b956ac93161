"""What a message is: a wish for a person, a complaint, a question on an order or on the house, or none of it.

A multinomial logistic regression over MiniLM's sentence vectors, fitted at start (half a second) to the
examples of `intents.toml`. Patterns over words were tried first: of phrasings not seen when they were written
they found 52 % of the wishes for a person, 11 % of the complaints and 22 % of the order questions.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from concierge.catalog import MiniLM
from concierge.catalog.minilm import Floats

Mark = Literal["person", "complaint", "order"]
MARKS: tuple[Mark, ...] = get_args(Mark)
KINDS = (*MARKS, "facts", "none")

_STAFF = 0.5  # probability, of all marks together, from which on a message is for staff
_MARK = 0.25  # then, of each mark
_FACTS = 0.3  # lower, as a fact too many costs a few tokens and one too few an answer
_L2, _STEP, _STEPS = 3e-4, 4.0, 600
_Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Intent:
    """Reasons for staff to look at a message, and whether it asks for facts of the house."""

    marks: frozenset[Mark]
    facts: bool


class Intents:
    """Tells a message's intent by its meaning."""

    def __init__(self, encoder: MiniLM) -> None:
        examples = tomllib.loads(Path(__file__).with_name("intents.toml").read_text("utf-8"))
        texts = [text for kind in KINDS for text in examples[kind]]
        labels = np.concatenate([np.full(len(examples[kind]), i) for i, kind in enumerate(KINDS)])
        self._weights = _fit(_features(encoder.sentences(texts)), labels)

    def of(self, vector: Floats) -> Intent:
        """The intent of a message by its sentence vector, shape (384,)."""
        shares = dict(zip(KINDS, _softmax(_features(vector[None]) @ self._weights)[0], strict=True))
        most = max(shares[mark] for mark in MARKS)
        marks = frozenset(mark for mark in MARKS if shares[mark] >= min(_MARK, most))
        for_staff = sum(shares[mark] for mark in MARKS) >= _STAFF
        return Intent(marks if for_staff else frozenset(), bool(shares["facts"] >= _FACTS))


def _features(vectors: Floats) -> _Matrix:
    return np.hstack([vectors, np.ones((len(vectors), 1))])


def _fit(features: _Matrix, labels: npt.NDArray[np.int64]) -> _Matrix:
    """Weights, shape (features, classes), by accelerated gradient descent (Nesterov 1983). Deterministic."""
    targets = np.eye(len(KINDS))[labels]
    penalty = np.full((features.shape[1], 1), _L2)
    penalty[-1] = 0  # the bias
    weights = ahead = np.zeros((features.shape[1], len(KINDS)))
    for step in range(_STEPS):
        error = _softmax(features @ ahead) - targets
        before, weights = weights, ahead - _STEP * (features.T @ error / len(features) + penalty * ahead)
        ahead = weights + step / (step + 3) * (weights - before)
    return weights


def _softmax(scores: _Matrix) -> _Matrix:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: _Matrix = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares
