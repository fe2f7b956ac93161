"""Teaches the small model to be a concierge: LoRA on the de-quantized model, for hours, in the background.

    scripts/install train
    .venv/bin/python scripts/training_data.py --examples 6000 --output build/training/train.jsonl
    .venv/bin/python scripts/training_data.py --held-out --examples 200 --output build/training/held-out.jsonl
    nohup .venv/bin/python scripts/train_concierge.py --minutes 120 > build/training/log &

It keeps a checkpoint beside the output every few minutes and goes on from there when started again (Ctrl-C
is safe at any time). The learning rate falls with the share of --minutes, or of --steps, that is used up.
A checkpoint goes on with its own chats alone. To teach an adapter more with other chats, start a new training
from its file:

    .venv/bin/python scripts/train_concierge.py --from build/training/concierge.gguf \\
        --data build/training/more.jsonl --output build/training/taught-more.gguf
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from peft import PeftModel
from training import command
from training.adapting import Adapting
from training.encoding import Example, read
from training.lora import read_adapter, with_lora, write_adapter
from training.model import load
from training.trainer import Trainer, origin

from concierge import __version__
from concierge.engine.llama import Model
from concierge.engine.template import ChatTemplate
from concierge.errors import UserError
from concierge.models import resolve
from concierge.models.adapter import Adapter
from concierge.paths import cache_dir

HELD_OUT = 16  # chats; more would take a good part of the time


def main() -> int:
    arguments = _arguments()
    return command.safely("train_concierge", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    base = resolve(arguments.model, cache_dir())
    sha256 = hashlib.sha256(base.read_bytes()).hexdigest()
    train, held_out = _examples(base, arguments)
    print(f"{len(train)} chats of {sum(map(len, train))} tokens, {len(held_out)} held out", flush=True)
    start = Adapter(arguments.start) if arguments.start else None
    model = _adapted(base, sha256, start, arguments)
    named = f"{sha256} {start.rank if start else arguments.rank}"
    if start:
        named += hashlib.sha256(start.path.read_bytes()).hexdigest()
    trainer = Trainer(
        Adapting(model, held_out, arguments.batch),
        command.plan(arguments),
        arguments.output.with_suffix(".checkpoint"),
        origin(named, (example.tokens for example in train)),
    )
    trainer.run(train)
    about = {
        "general.license": "apache-2.0",
        "general.description": f"Teaches {base.stem} to be a shop's concierge; docs/models.md",
        "general.version": __version__,
    }
    write_adapter(model, arguments.output, base_sha256=sha256, name="Concierge", about=about)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.1f} MB", flush=True)
    return 0


def _examples(base: Path, arguments: argparse.Namespace) -> tuple[list[Example], list[Example]]:
    """(chats to train on, chats to judge by)."""
    model = Model(base, 0, weights=False)
    template = ChatTemplate(model.chat_template or "", model.vocab)
    train, held_out = (
        read(path, template, model.vocab, arguments.longest) for path in (arguments.data, arguments.held_out)
    )
    if not train or not held_out:
        raise UserError(
            f"no chat of --data or --held-out fits into {arguments.longest} tokens; raise --longest."
        )
    return train, held_out[:HELD_OUT]


def _adapted(base: Path, sha256: str, start: Adapter | None, arguments: argparse.Namespace) -> PeftModel:
    """The model with new matrices, or with those of an adapter that was made for it."""
    if start is None:
        return with_lora(load(base), arguments.rank, arguments.seed)
    if start.base not in (None, sha256):
        raise UserError(f"--from {start.path} was made for another file than {base}; give another, or none.")
    model = with_lora(load(base), start.rank, arguments.seed)
    read_adapter(model, start)
    return model


def _arguments() -> argparse.Namespace:
    parser = command.parser("train_concierge", __doc__, minutes=120, rate=8e-4, size=4096)
    add = parser.add_argument
    add(
        "--output",
        type=Path,
        default=command.BUILD / "concierge.gguf",
        help="the adapter (default: %(default)s)",
    )
    add("--rank", type=int, default=16, help="of the LoRA matrices, unless --from has one (default: 16)")
    add("--from", type=Path, dest="start", metavar="ADAPTER", help="LoRA in GGUF to start from")
    arguments = command.parsed(parser)
    if arguments.start and not arguments.start.is_file():
        parser.error(f"there is no {arguments.start}")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    return arguments


if __name__ == "__main__":
    sys.exit(main())
