"""Fits the weights by which the stylist finds the sentence of facts.md that a message asks for.

    .venv/bin/python scripts/fit_facts.py

A conditional logit (McFadden 1974) over the questions of invented houses, as `scripts/training_data.py` makes
them: of a house's sentences, the one that answers should score highest. Prints the weights, which stand
rounded in concierge/stylist/facts.py, and how often the answer is among the first sentences, for these
questions and for houses and phrasings that were held out. Takes under a minute; the same seed gives the same
weights.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import numpy.typing as npt
from training.facts import make_sheet
from training.names import Names
from training.phrasebook import Phrasebook

from concierge.catalog import MiniLM
from concierge.paths import cache_dir
from concierge.stylist.facts import WEIGHTS, Facts

QUESTIONS = 8  # of a house
PENALTY = 1e-2  # on the weights' squares
STEPS, RATE = 400, 2.0
AMONG = (1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: the features of a house's sentences, shape (sentences, 5), and which of them answer it."""

    features: npt.NDArray[np.float64]
    answers: npt.NDArray[np.bool_]


def asked(houses: int, seed: int, encoder: MiniLM, *, held_out: bool) -> Iterator[Asked]:
    """Questions of invented houses."""
    rng, book = Random(f"{seed} {held_out}"), Phrasebook(held_out)
    names = Names(book)
    for _ in range(houses):
        city, year = names.any(rng, "city"), rng.randint(1790, 2021)
        sheet = make_sheet(
            rng, names, book, rng.choice(["EUR", "GBP", "USD"]), city, year, rng.randint(8, 24)
        )
        facts = Facts(sheet.markdown, encoder)
        for told in rng.sample(sheet.told, min(QUESTIONS, len(sheet.told))):
            question = book.say_one(rng, told.asks, told.values)
            features = facts.features(question, encoder.sentences([question])[0])
            answers = np.array([fact.text in told.text for fact in facts.facts])
            if answers.any():
                yield Asked(features.astype(np.float64), answers)


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
    parser.add_argument("--houses", type=int, default=150, help="to ask (default: 150)")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    encoder = MiniLM.open(cache_dir())
    questions = list(asked(arguments.houses, arguments.seed, encoder, held_out=False))
    others = list(asked(arguments.houses // 3, arguments.seed, encoder, held_out=True))
    weights = fit(questions)
    print("weights:", ", ".join(f"{weight:.2f}" for weight in weights))
    print("fitted on", recall(questions, weights))
    print("held out, with these:", recall(others, weights))
    print("held out, as shipped:", recall(others, WEIGHTS))


if __name__ == "__main__":
    main()
