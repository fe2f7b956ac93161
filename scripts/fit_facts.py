"""Fits the weights by which the stylist finds the sentence of facts.md that a message asks for.

    .venv/bin/python scripts/fit_facts.py

A conditional logit (McFadden 1974) over questions that the encoder was not taught, on pages written by hand
and on invented houses: of a page's sentences, the one that answers should score highest. Prints the weights,
which those in concierge/stylist/facts.py are near to, and how often the answer is among the first sentences.
It takes a minute; the same seed gives the same weights.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import numpy.typing as npt
from training import meaning
from training.meaning import Page

from concierge.catalog import MiniLM
from concierge.paths import cache_dir
from concierge.stylist import open_encoder
from concierge.stylist.facts import WEIGHTS, Facts
from concierge.stylist.values import wanted

PENALTY = 1e-2  # on the weights' squares
STEPS, RATE = 400, 2.0
AMONG = (1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: the features of a house's sentences, shape (sentences, 6), and which of them answer it."""

    features: npt.NDArray[np.float64]
    answers: npt.NDArray[np.bool_]


def asked(pages: Iterable[Page], encoder: MiniLM) -> Iterator[Asked]:
    for page in pages:
        facts = Facts(page.markdown, encoder)
        if len(facts.facts) != len(page.sentences):
            continue  # `refund: no. Collection is free.` is read as one, and the answers' places are off
        for question, answers in page.questions:
            features = facts.features(question, encoder.sentences([question])[0], wanted(question))
            places = np.array([fact.place in answers for fact in facts.facts])
            yield Asked(features.astype(np.float64), places)


def fit(questions: list[Asked]) -> npt.NDArray[np.float64]:
    """The weights of the largest penalized likelihood, by accelerated gradient descent (Nesterov 1983)."""
    weights = ahead = np.zeros(len(WEIGHTS))
    for step in range(STEPS):
        slope = PENALTY * ahead
        for question in questions:
            scores = question.features @ ahead
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            right = shares * question.answers
            slope = slope + question.features.T @ (shares - right / right.sum()) / len(questions)
        before, weights = weights, ahead - RATE * slope
        ahead = weights + step / (step + 3) * (weights - before)
    return weights


def recall(questions: list[Asked], weights: npt.NDArray[np.float64]) -> str:
    """How often an answer is among the first few."""
    ranks = [int(q.answers[np.argsort(-(q.features @ weights), kind="stable")].argmax()) for q in questions]
    shares = (f"{np.mean([rank < n for rank in ranks]):.1%} among the first {n}" for n in AMONG)
    return f"{len(questions)} questions: " + ", ".join(shares)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--houses", type=int, default=60, help="to invent (default: 60)")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    encoder = open_encoder(cache_dir())
    written = list(asked(meaning.written(held_out=True), encoder))
    made = list(asked(meaning.pages(arguments.houses, arguments.seed, held_out=True), encoder))
    weights = fit(written + made)
    print("weights:", ", ".join(f"{weight:.2f}" for weight in weights))
    for name, questions in (("written", written), ("made", made)):
        print(f"{name}, with these:", recall(questions, weights))
        print(f"{name}, as shipped:", recall(questions, WEIGHTS))


if __name__ == "__main__":
    main()
