"""Teaches MiniLM what shoppers mean, for some minutes: their intent, and which facts they ask for.

    scripts/install train
    .venv/bin/python scripts/teach_encoder.py

A LoRA on all its linear layers. Intents are learnt from scripts/training/text/intents.toml and the chats of
scripts/training_data.py, facts from invented houses and the questions on them. Afterwards fit what depends on
it: scripts/fit_facts.py.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file
from training import command, meaning
from training.encoder import Encoder, Tensors, teach
from training.meaning import Page

from concierge.catalog import MiniLM, minilm
from concierge.errors import UserError
from concierge.paths import cache_dir
from concierge.stylist.encoder import ADAPTER
from concierge.stylist.intent import KINDS, Intents

JUDGED = 50  # houses
TOLD_EVERY = 50  # steps


def main() -> int:
    arguments = _arguments()
    return command.safely("teach_encoder", lambda: _run(arguments), again="starts anew")


def _run(arguments: argparse.Namespace) -> int:
    earlier = _read(arguments.earlier) if arguments.earlier else None
    torch.manual_seed(arguments.seed)
    encoder = Encoder(*minilm.fetch(cache_dir()))
    examples = meaning.examples(held_out=False)
    turns = meaning.turns(arguments.chats, arguments.seed)
    made = list(meaning.pages(arguments.houses, arguments.seed, held_out=False))
    written = meaning.written(held_out=False)
    told = f"{len(turns)} turns of chats, {len(made)} pages made and {len(written)} written"
    print(f"{len(examples)} examples, {told}", flush=True)
    started = time.monotonic()
    recent = []
    # What people wrote is asked twice as often as what was made.
    sorts = [made, written, written]
    losses_of_steps = teach(encoder, examples, turns, sorts, arguments.steps, arguments.seed)
    for step, losses in enumerate(losses_of_steps, 1):
        recent.append(losses)
        if step % TOLD_EVERY == 0 or step == arguments.steps:
            intents, answers = np.mean(recent[-TOLD_EVERY:], axis=0)
            passed = f"{time.monotonic() - started:.0f} s"
            print(
                f"{step}/{arguments.steps}: intents {intents:.3f}, answers {answers:.3f}, {passed}",
                flush=True,
            )
    encoder.write(arguments.output, earlier)
    print(_judged(arguments.output), flush=True)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.1f} MB", flush=True)
    return 0


def _read(adapter: Path) -> Tensors:
    """An adapter taught before. Raises UserError, before any teaching."""
    try:
        return load_file(adapter)
    except (OSError, SafetensorError) as error:
        raise UserError(f"--earlier {adapter}: cannot be read ({error}).") from error


def _judged(adapter: Path) -> str:
    """How it does on what is held out, as it is served."""
    encoder, intents = MiniLM.open(cache_dir(), adapter), Intents(adapter)
    messages = meaning.examples(held_out=True)
    goals = np.array([message.intent for message in messages])
    vectors = encoder.sentences([message.text for message in messages])
    told = np.array([intents.shares(vector).argmax() for vector in vectors]) == goals
    kinds = ", ".join(f"{k} {told[goals == i].sum()}/{(goals == i).sum()}" for i, k in enumerate(KINDS))
    made = _found(encoder, meaning.pages(JUDGED, 1, held_out=True))
    written = _found(encoder, meaning.written(held_out=True))
    return (
        f"held out: {told.mean():.1%} of intents ({kinds}); nearest to what answers: "
        f"{made:.1%} of questions on pages made, {written:.1%} on those written"
    )


def _found(encoder: MiniLM, pages: Iterable[Page]) -> float:
    """The share of questions that are nearest to a sentence that answers them."""
    found: list[bool] = []
    for page in pages:
        asked = encoder.sentences([question for question, _ in page.questions])
        nearest = (asked @ encoder.sentences(page.sentences).T).argmax(axis=1)
        found += [int(at) in places for at, (_, places) in zip(nearest, page.questions, strict=True)]
    return float(np.mean(found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/teach_encoder.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--steps", type=int, default=850, help="of training (default: 850)")
    add("--chats", type=int, default=3000, help="whose messages are learnt too (default: 3000)")
    add("--houses", type=int, default=400, help="to ask (default: 400)")
    add("--seed", type=int, default=1, help="of data, order and new weights (default: 1)")
    add("--earlier", type=Path, help="an adapter taught before, to be averaged with this one")
    add("--output", type=Path, default=ADAPTER, help="the adapter (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
