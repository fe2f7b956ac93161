"""Teaches the small model to be a concierge: LoRA on the de-quantized model, for hours, in the background.

    scripts/install train
    .venv/bin/python scripts/training_data.py --examples 6000 --output build/training/train.jsonl
    .venv/bin/python scripts/training_data.py --held-out --examples 200 --output build/training/held-out.jsonl
    nohup .venv/bin/python scripts/train_concierge.py --minutes 120 > build/training/log &

It keeps a checkpoint beside the output every few minutes and goes on from there when started again (Ctrl-C
is safe at any time). The learning rate falls with the share of --minutes, or of --steps, that is used up.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parent))

import torch
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from training.encoding import Example, batches, read
from training.lora import load, loss, with_lora, write_adapter

from concierge import __version__
from concierge.engine.llama import Model
from concierge.engine.template import ChatTemplate
from concierge.models import resolve
from concierge.paths import cache_dir

BUILD = Path("build/training")
WARM_UP = 0.03  # of the whole
SAVE_EVERY = 300.0  # seconds
TOLD_EVERY = 20  # steps
HELD_OUT = 16  # chats; more would take a good part of the time


@dataclass
class Plan:
    """How far training goes: by time, or by steps if they are given."""

    seconds: float
    steps: int | None

    def progress(self, seconds: float, step: int) -> float:
        return step / self.steps if self.steps else seconds / self.seconds


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    torch.set_num_threads(os.cpu_count() or 1)
    base = resolve(arguments.model, cache_dir())
    vocab_only = Model(base, 0, weights=False)
    template = ChatTemplate(vocab_only.chat_template or "", vocab_only.vocab)
    train = read(arguments.data, template, vocab_only.vocab, arguments.longest)
    held_out = read(arguments.held_out, template, vocab_only.vocab, arguments.longest)[:HELD_OUT]
    print(f"{len(train)} chats of {sum(map(len, train))} tokens, {len(held_out)} held out", flush=True)
    model = with_lora(load(base), arguments.rank, arguments.seed)
    trainer = Trainer(model, arguments)
    trainer.resume()
    try:
        trainer.run(train, held_out, Plan(60 * arguments.minutes, arguments.steps))
    except KeyboardInterrupt:
        trainer.save()
        print(f"Stopped at step {trainer.step}; start again to go on.", flush=True)
        return 130
    trainer.save()
    sha256 = hashlib.sha256(base.read_bytes()).hexdigest()
    about = {
        "general.license": "apache-2.0",
        "general.description": f"Teaches {base.stem} to be a shop's concierge; docs/models.md",
        "general.version": __version__,
    }
    write_adapter(model, arguments.output, base_sha256=sha256, name="Concierge", about=about)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.1f} MB", flush=True)
    return 0


class Trainer:
    """The loop, and what it keeps between two starts."""

    def __init__(self, model: PeftModel, arguments: argparse.Namespace) -> None:
        self._model = model
        self._size, self._seed, self._rate = arguments.batch, arguments.seed, arguments.rate
        self._checkpoint = arguments.output.with_suffix(".checkpoint")
        weights = [p for p in model.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(weights, lr=self._rate, weight_decay=0.0, betas=(0.9, 0.99))
        self._weights = weights
        self.step, self._seconds, self._seen = 0, 0.0, 0
        self._epoch = self._at = 0  # the next batch
        self._recent: list[float] = []

    def run(self, train: list[Example], held_out: list[Example], plan: Plan) -> None:
        """Train until the plan is fulfilled."""
        print(f"training from step {self.step}", flush=True)
        saved = time.monotonic()
        started = saved - self._seconds
        while True:
            todo = list(batches(train, self._size, f"{self._seed} {self._epoch}"))
            while self._at < len(todo):
                self._seconds = time.monotonic() - started
                progress = plan.progress(self._seconds, self.step)
                if progress >= 1:
                    print(f"held out: {self.evaluate(held_out):.4f} nats a token", flush=True)
                    return
                self._learn(todo[self._at], progress)
                self._at += 1
                if self.step % TOLD_EVERY == 0:
                    self._tell(progress)
                if time.monotonic() - saved > SAVE_EVERY:
                    self.save()
                    print(f"held out: {self.evaluate(held_out):.4f} nats a token", flush=True)
                    saved = time.monotonic()
            self._epoch, self._at = self._epoch + 1, 0

    def evaluate(self, examples: list[Example]) -> float:
        """Mean cross-entropy of the replies, in nats a token."""
        total = count = 0.0
        with torch.no_grad():
            for batch in batches(examples, self._size, "held out"):
                summed, tokens = loss(self._model, batch)
                total, count = total + float(summed), count + tokens
        return total / max(1.0, count)

    def save(self) -> None:
        """Whole or not at all."""
        state = {
            "adapter": get_peft_model_state_dict(self._model),
            "optimizer": self._optimizer.state_dict(),
            "place": (self.step, self._seconds, self._seen, self._epoch, self._at),
        }
        draft = self._checkpoint.with_suffix(".unfinished")
        torch.save(state, draft)
        os.replace(draft, self._checkpoint)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one."""
        if not self._checkpoint.exists():
            return
        state = torch.load(self._checkpoint)
        set_peft_model_state_dict(self._model, state["adapter"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step, self._seconds, self._seen, self._epoch, self._at = state["place"]
        print(f"going on from step {self.step} of {self._checkpoint}", flush=True)

    def _learn(self, batch: list[Example], progress: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * min(1.0, progress / WARM_UP + 0.01, _cosine(progress))
        summed, tokens = loss(self._model, batch)
        self._optimizer.zero_grad(set_to_none=True)
        (summed / tokens).backward()
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self.step += 1
        self._seen += sum(map(len, batch))
        self._recent = [*self._recent[1 - TOLD_EVERY :], float(summed.detach()) / tokens]

    def _tell(self, progress: float) -> None:
        mean = sum(self._recent) / len(self._recent)
        print(
            f"step {self.step}, epoch {self._epoch + 1}: loss {mean:.4f}, {self._seen} tokens, "
            f"{self._seen / self._seconds:.0f} tokens/s, {100 * progress:.0f}%",
            flush=True,
        )


def _cosine(progress: float) -> float:
    return 0.05 + 0.95 * (1 + math.cos(math.pi * min(1.0, progress))) / 2


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/train_concierge.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--model", default="small", help="GGUF to teach (default: small)")
    add("--data", type=Path, default=BUILD / "train.jsonl", help="chats (default: %(default)s)")
    add("--held-out", type=Path, default=BUILD / "held-out.jsonl", help="others (default: %(default)s)")
    add("--output", type=Path, default=BUILD / "concierge.gguf", help="the adapter (default: %(default)s)")
    add("--minutes", type=float, default=120, help="of training in all (default: 120)")
    add("--steps", type=int, help="instead of --minutes")
    add("--rank", type=int, default=16, help="of the LoRA matrices (default: 16)")
    add("--rate", type=float, default=8e-4, help="highest learning rate (default: %(default)s)")
    add("--batch", type=int, default=4096, help="tokens a step at most (default: %(default)s)")
    add("--longest", type=int, default=2048, help="tokens of the longest chat used (default: %(default)s)")
    add("--seed", type=int, default=1, help="of order and matrices (default: 1)")
    arguments = parser.parse_args()
    for path in (arguments.data, arguments.held_out):
        if not path.is_file():
            parser.error(f"there is no {path}; make it with scripts/training_data.py")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    return arguments


if __name__ == "__main__":
    sys.exit(main())
