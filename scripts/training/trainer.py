"""A training loop that may be stopped at any time and goes on where it was."""

from __future__ import annotations

import hashlib
import math
import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch

from concierge.errors import UserError
from training.encoding import E, Example, batches

WARM_UP = 0.03  # of the whole
SAVE_EVERY = 300.0  # s
TOLD_EVERY = 20  # steps
STOPPING = (signal.SIGINT, signal.SIGTERM)

Taught = TypeVar("Taught", bound=Example, contravariant=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    Attributes:
        seconds: in all, unless steps are given.
        rate: the highest learning rate; it rises for a start and then falls with a cosine.
        size: tokens of a batch at most.
        seed: of the order.
    """

    seconds: float
    steps: int | None
    rate: float
    size: int
    seed: int

    def progress(self, seconds: float, step: int) -> float:
        """The share that is done, 1 at the end."""
        done, all_ = (seconds, self.seconds) if self.steps is None else (step, self.steps)
        return done / all_ if all_ else 1.0

    def rate_at(self, progress: float) -> float:
        cosine = 0.05 + 0.95 * (1 + math.cos(math.pi * min(1.0, progress))) / 2
        return self.rate * min(1.0, progress / WARM_UP + 0.01, cosine)


class Pupil(Protocol[Taught]):
    """What is trained."""

    memory: float  # of the mean square of gradients: Adam's second beta

    def weights(self) -> list[torch.nn.Parameter]:
        """Those that change."""

    def loss(self, batch: list[Taught]) -> torch.Tensor:
        """What is made small: a mean, in nats a token."""

    def judged(self) -> str:
        """How it does on what is held out, for a progress line."""

    def state(self) -> dict[str, torch.Tensor]:
        """The weights by their names, to be kept."""

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Take them back."""


class Trainer(Generic[E]):
    """A pupil, its optimizer, and where it is; kept in a checkpoint between two starts."""

    def __init__(self, pupil: Pupil[E], plan: Plan, checkpoint: Path, origin: str) -> None:
        """
        Args:
            checkpoint: file; it need not be there.
            origin: names what pupil and examples are made from, as `origin` has it.
        """
        self._pupil, self._plan = pupil, plan
        self._checkpoint, self._origin = checkpoint, origin
        self._weights = pupil.weights()
        betas = (0.9, pupil.memory)
        self._optimizer = torch.optim.AdamW(self._weights, lr=plan.rate, weight_decay=0.0, betas=betas)
        self.step, self._seconds, self._seen = 0, 0.0, 0
        self._epoch = self._at = 0  # the next batch
        self._recent: list[float] = []

    def run(self, examples: Sequence[E]) -> None:
        """Train until the plan is fulfilled, from the checkpoint if there is one, and leave one behind.

        Raises:
            UserError: the checkpoint is of another origin.
            KeyboardInterrupt: SIGINT or SIGTERM came; the step that it came in is done and kept.
        """
        self._resume()
        with _held() as stopping:
            print(f"training from step {self.step}", flush=True)
            self._train(examples, stopping)
            self._save()
            if stopping:
                raise KeyboardInterrupt
        print(f"held out: {self._pupil.judged()}", flush=True)

    def _train(self, examples: Sequence[E], stopping: list[int]) -> None:
        saved = time.monotonic()
        started = saved - self._seconds
        for batch in self._batches(examples):
            self._seconds = time.monotonic() - started
            progress = self._plan.progress(self._seconds, self.step)
            if progress >= 1 or stopping:
                return
            self._learn(batch, progress)
            if self.step % TOLD_EVERY == 0:
                self._tell(progress)
            if time.monotonic() - saved > SAVE_EVERY:
                self._save()
                print(f"held out: {self._pupil.judged()}", flush=True)
                saved = time.monotonic()

    def _batches(self, examples: Sequence[E]) -> Iterator[list[E]]:
        """Without end, from the place where it is, epoch after epoch."""
        while True:
            todo = list(batches(examples, self._plan.size, f"{self._plan.seed} {self._epoch}"))
            while self._at < len(todo):
                yield todo[self._at]
            self._epoch, self._at = self._epoch + 1, 0

    def _learn(self, batch: list[E], progress: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = self._plan.rate_at(progress)
        loss = self._pupil.loss(batch)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self.step, self._at = self.step + 1, self._at + 1
        self._seen += sum(map(len, batch))
        self._recent = [*self._recent[1 - TOLD_EVERY :], float(loss.detach())]

    def _tell(self, progress: float) -> None:
        mean = sum(self._recent) / len(self._recent)
        print(
            f"step {self.step}, epoch {self._epoch + 1}: {mean:.4f} nats a token, {self._seen} tokens, "
            f"{self._seen / max(1e-9, self._seconds):.0f} tokens/s, {100 * progress:.0f}%",
            flush=True,
        )

    def _save(self) -> None:
        """Whole or not at all."""
        state = {
            "origin": self._origin,
            "pupil": self._pupil.state(),
            "optimizer": self._optimizer.state_dict(),
            "place": (self.step, self._seconds, self._seen, self._epoch, self._at),
        }
        unfinished = self._checkpoint.with_suffix(".unfinished")
        torch.save(state, unfinished)
        os.replace(unfinished, self._checkpoint)

    def _resume(self) -> None:
        if not self._checkpoint.exists():
            return
        state: dict[str, Any] = torch.load(self._checkpoint, map_location=self._weights[0].device)
        if state["origin"] != self._origin:
            raise UserError(
                f"{self._checkpoint} is of another model or other chats; remove it or give another --output."
            )
        self._pupil.restore(state["pupil"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step, self._seconds, self._seen, self._epoch, self._at = state["place"]
        print(f"going on from step {self.step} of {self._checkpoint}", flush=True)


def origin(name: str, numbers: Iterable[np.ndarray]) -> str:
    """A digest of what a pupil is made from and of what it is taught."""
    digest = hashlib.sha256(name.encode())
    for part in numbers:
        digest.update(part.tobytes())
    return digest.hexdigest()


@contextmanager
def _held() -> Iterator[list[int]]:
    """Signals that would stop it, as they come. Held, since half a step is neither the old nor the new state.

    A second one stops it at once.
    """
    came: list[int] = []

    def note(signum: int, frame: FrameType | None) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(signum)

    before = {number: signal.signal(number, note) for number in STOPPING}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
