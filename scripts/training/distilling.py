"""Training a draft model to guess what the teacher will say: KL to the teacher's logits where it replies.

At the temperature of the stylist's sampler, since that is what drafts are held against: what matters is the
token that will be drawn, and not how the improbable ones compare (Zhou et al. 2023, DistillSpec,
arXiv:2310.08461, find the divergence best that looks like the decoding).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from concierge.engine.speculation import Translation
from concierge.errors import UserError
from training.encoding import batches
from training.teacher import Lesson

WARM_UP = 0.03  # of the whole
SAVE_EVERY = 120.0  # s
TOLD_EVERY = 20  # steps
DEPTH = 4  # tokens of a draft of which acceptance is told


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    Attributes:
        seconds: in all, unless steps are given.
        rate: the highest learning rate; it rises for a start and then falls with a cosine.
        size: tokens of a batch at most.
    """

    seconds: float
    steps: int | None
    rate: float
    size: int
    seed: int
    temperature: float

    def progress(self, seconds: float, step: int) -> float:
        if self.steps is None:
            return seconds / self.seconds
        return step / self.steps if self.steps else 1.0


class Distilling:
    """A student, its optimizer, and where it is; kept in a checkpoint between two starts."""

    def __init__(
        self,
        student: PreTrainedModel,
        translation: Translation | None,
        plan: Plan,
        checkpoint: Path,
        origin: str,
    ) -> None:
        """
        Args:
            origin: names what student and lessons are made from; a checkpoint of another is refused.
        """
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._student = student.to(self._device).train()
        size = student.config.vocab_size
        inputs = np.arange(size) if translation is None else translation.inputs
        tokens = np.arange(size) if translation is None else translation.tokens
        own = np.full(len(inputs), -1)
        own[tokens] = np.arange(size)
        self._inputs = torch.from_numpy(inputs.astype(np.int64))
        self._own = torch.from_numpy(own)  # the student's token for each of the teacher's, -1 if it has none
        self._plan, self._checkpoint, self._origin = plan, checkpoint, origin
        self._optimizer = torch.optim.AdamW(
            student.parameters(), lr=plan.rate, weight_decay=0.0, betas=(0.9, 0.98)
        )
        self.step, self._seconds, self._epoch, self._at = 0, 0.0, 0, 0
        self._recent: list[float] = []

    def run(self, lessons: Sequence[Lesson], held_out: Sequence[Lesson]) -> None:
        """Train until the plan is fulfilled, from wherever it is."""
        saved = time.monotonic()
        started = saved - self._seconds
        while True:
            todo = list(batches(lessons, self._plan.size, f"{self._plan.seed} {self._epoch}"))
            while self._at < len(todo):
                self._seconds = time.monotonic() - started
                progress = self._plan.progress(self._seconds, self.step)
                if progress >= 1:
                    return
                self._learn(todo[self._at], progress)
                self._at += 1
                if self.step % TOLD_EVERY == 0:
                    self._tell(progress)
                if time.monotonic() - saved > SAVE_EVERY:
                    self.save()
                    print(f"held out: {shown(self.acceptance(held_out))} accepted", flush=True)
                    saved = time.monotonic()
            self._epoch, self._at = self._epoch + 1, 0

    def acceptance(self, lessons: Sequence[Lesson]) -> list[float]:
        """As `acceptance` has it, of the student as it is now."""
        right = []
        self._student.eval()
        with torch.no_grad():
            for batch in batches(lessons, self._plan.size, "held out"):
                guessed = self._logits(batch).argmax(dim=1).cpu()
                goal = self._own[_stacked([lesson.likely[:, 0] for lesson in batch])]
                right += np.split((guessed == goal).numpy(), np.cumsum([len(x.likely) for x in batch])[:-1])
        self._student.train()
        order = [lesson for batch in batches(lessons, self._plan.size, "held out") for lesson in batch]
        return acceptance(
            [r for lesson, rows in zip(order, right, strict=True) for r in by_reply(lesson, rows)]
        )

    def save(self) -> None:
        """Whole or not at all."""
        state = {
            "origin": self._origin,
            "student": self._student.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "place": (self.step, self._seconds, self._epoch, self._at),
        }
        unfinished = self._checkpoint.with_suffix(".unfinished")
        torch.save(state, unfinished)
        os.replace(unfinished, self._checkpoint)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one. Raises UserError if that is of another student."""
        if not self._checkpoint.exists():
            return
        state = torch.load(self._checkpoint, map_location=self._device)
        if state["origin"] != self._origin:
            raise UserError(
                f"{self._checkpoint} is of another target or other chats; remove it or give another --output."
            )
        self._student.load_state_dict(state["student"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step, self._seconds, self._epoch, self._at = state["place"]
        print(f"going on from step {self.step} of {self._checkpoint}", flush=True)

    def _learn(self, batch: list[Lesson], progress: float) -> None:
        rate = self._plan.rate * min(1.0, progress / WARM_UP + 0.01, _cosine(progress))
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        divergence = self._divergence(batch)
        self._optimizer.zero_grad(set_to_none=True)
        divergence.backward()
        torch.nn.utils.clip_grad_norm_(self._student.parameters(), 1.0)
        self._optimizer.step()
        self.step += 1
        self._recent = [*self._recent[1 - TOLD_EVERY :], float(divergence.detach())]

    def _divergence(self, batch: list[Lesson]) -> torch.Tensor:
        """Mean KL(teacher || student) in nats a token, over the tokens that the student has."""
        logits = _stacked([lesson.logits for lesson in batch])
        goal = torch.softmax(logits / self._plan.temperature, dim=1)
        own = self._own[_stacked([lesson.likely for lesson in batch]).long()]
        goal = (goal * (own >= 0)).to(self._device)
        guess = torch.log_softmax(self._logits(batch), dim=1).gather(1, own.clamp(min=0).to(self._device))
        return (goal * (goal.clamp(min=1e-9).log() - guess)).sum() / len(goal)

    def _logits(self, batch: list[Lesson]) -> torch.Tensor:
        """Logits before each taught token, one chat's after another's. The head computes only those rows.

        Padding needs no mask: it comes last, and attention is causal.
        """
        longest = max(map(len, batch))
        tokens = torch.zeros(len(batch), longest, dtype=torch.long)
        taught = torch.zeros_like(tokens, dtype=torch.bool)
        for row, lesson in enumerate(batch):
            tokens[row, : len(lesson)] = self._inputs[torch.from_numpy(lesson.tokens).long()]
            taught[row, : len(lesson)] = torch.from_numpy(lesson.taught)
        with torch.autocast(self._device.type, torch.bfloat16):
            hidden = self._student.get_decoder()(input_ids=tokens.to(self._device)).last_hidden_state
            logits = self._student.get_output_embeddings()(hidden[:, :-1][taught[:, 1:].to(self._device)])
        return logits.float()

    def _tell(self, progress: float) -> None:
        mean = sum(self._recent) / len(self._recent)
        print(f"step {self.step}, epoch {self._epoch + 1}: KL {mean:.4f}, {100 * progress:.0f}%", flush=True)


def by_reply(lesson: Lesson, rows: np.ndarray) -> list[np.ndarray]:
    """What is known of each taught token, parted into replies."""
    return [rows[row : row + end - start] for start, end, row in lesson.replies()]


def acceptance(replies: Sequence[np.ndarray]) -> list[float]:
    """Of a draft of `DEPTH` tokens after each true prefix: the share whose first n tokens are all right.

    Args:
        replies: for each token of a reply, whether it is guessed right after the true ones before it.
    """
    shares = []
    for depth in range(1, DEPTH + 1):
        windows = [np.lib.stride_tricks.sliding_window_view(r, depth) for r in replies if len(r) >= depth]
        shares.append(float(np.concatenate([w.all(axis=1) for w in windows]).mean()) if windows else 0.0)
    return shares


def shown(shares: Sequence[float]) -> str:
    return " ".join(f"{share:.2f}" for share in shares)


def _stacked(parts: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts))


def _cosine(progress: float) -> float:
    return 0.05 + 0.95 * (1 + math.cos(math.pi * min(1.0, progress))) / 2
