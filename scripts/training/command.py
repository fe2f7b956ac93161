"""What the scripts that train have in common on the command line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import torch

from concierge.errors import UserError
from training.trainer import Plan

BUILD = Path("build/training")


def safely(name: str, run: Callable[[], int], again: str = "goes on from here") -> int:
    """Run it on all cores; gives the exit status. SIGINT, SIGTERM and UserErrors are told in one line.

    Args:
        again: what the same command does after it was stopped.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        return run()
    except KeyboardInterrupt:
        print(f"Stopped; the same command {again}.", flush=True)
        return 130
    except UserError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2


def parser(
    name: str, about: str | None, *, minutes: float, rate: float, size: int
) -> argparse.ArgumentParser:
    """The options of any training; `minutes`, `rate` and `size` (tokens of a batch) are defaults."""
    parser = argparse.ArgumentParser(
        prog=f"scripts/{name}.py", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", default="small", help="GGUF of what learns, or is learned from (default: small)")
    add("--data", type=Path, default=BUILD / "train.jsonl", help="chats (default: %(default)s)")
    add("--held-out", type=Path, default=BUILD / "held-out.jsonl", help="others (default: %(default)s)")
    add("--minutes", type=float, default=minutes, help="of training in all (default: %(default)s)")
    add("--steps", type=int, help="instead of --minutes; 0 to train nothing")
    add("--rate", type=float, default=rate, help="highest learning rate (default: %(default)s)")
    add("--batch", type=int, default=size, help="tokens a step at most (default: %(default)s)")
    add("--longest", type=int, default=2048, help="tokens of the longest chat used (default: %(default)s)")
    add("--seed", type=int, default=1, help="of order and new weights (default: 1)")
    return parser


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The arguments; ends the program if the data are not there."""
    arguments = parser.parse_args()
    for path in (arguments.data, arguments.held_out):
        if not path.is_file():
            parser.error(f"there is no {path}; make it with scripts/training_data.py")
    return arguments


def plan(arguments: argparse.Namespace) -> Plan:
    return Plan(60 * arguments.minutes, arguments.steps, arguments.rate, arguments.batch, arguments.seed)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
