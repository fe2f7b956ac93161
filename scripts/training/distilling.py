"""Training a draft model to guess what the teacher will say: KL to the teacher's logits where it replies.

At the temperature of the stylist's sampler, since that is what drafts are held against: what matters is the
token that will be drawn, and not how the improbable ones compare (Zhou et al. 2023, DistillSpec,
arXiv:2310.08461, find the divergence best that looks like the decoding).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from concierge.engine.speculation import Translation
from training.encoding import batches, padded
from training.model import logits
from training.teacher import Lesson

DEPTH = 4  # tokens of a draft of which acceptance is told


class Distilling:
    """A student that is trained, all of it, and the tokens that it and the teacher have."""

    memory = 0.98

    def __init__(
        self,
        student: PreTrainedModel,
        translation: Translation | None,
        held_out: Sequence[Lesson],
        *,
        size: int,
        temperature: float,
    ) -> None:
        """
        Args:
            held_out: lessons that it is judged by.
            size: tokens of a batch at most, when it is judged.
            temperature: of the teacher.
        """
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._student = student.to(self._device).train()
        self._held_out, self._size, self._temperature = held_out, size, temperature
        count = student.config.vocab_size
        inputs = np.arange(count) if translation is None else translation.inputs
        tokens = np.arange(count) if translation is None else translation.tokens
        own = np.full(len(inputs), -1)
        own[tokens] = np.arange(count)
        self._inputs = torch.from_numpy(inputs.astype(np.int64))
        self._own = torch.from_numpy(own)  # the student's token for each of the teacher's, -1 if it has none

    def weights(self) -> list[torch.nn.Parameter]:
        return list(self._student.parameters())

    def loss(self, batch: list[Lesson]) -> torch.Tensor:
        """Mean KL(teacher || student) in nats a token, over the tokens that the student has."""
        scaled = _stacked([lesson.logits for lesson in batch]) / self._temperature
        own = self._own[_stacked([lesson.likely for lesson in batch]).long()]
        goal = (torch.softmax(scaled, dim=1) * (own >= 0)).to(self._device)
        guess = torch.log_softmax(self._logits(batch), dim=1).gather(1, own.clamp(min=0).to(self._device))
        return (goal * (goal.clamp(min=1e-9).log() - guess)).sum() / len(goal)

    def judged(self) -> str:
        return f"{shown(self.acceptance(self._held_out))} accepted"

    def acceptance(self, lessons: Sequence[Lesson]) -> list[float]:
        """As `acceptance` has it, of the student as it is now."""
        replies: list[np.ndarray] = []
        self._student.eval()
        with torch.no_grad():
            for batch in batches(lessons, self._size, "held out"):
                guessed = self._logits(batch).argmax(dim=1).cpu()
                right = (guessed == self._own[_stacked([lesson.likely[:, 0] for lesson in batch])]).numpy()
                ends = np.cumsum([len(lesson.likely) for lesson in batch])[:-1]
                for lesson, rows in zip(batch, np.split(right, ends), strict=True):
                    replies += by_reply(lesson, rows)
        self._student.train()
        return acceptance(replies)

    def state(self) -> dict[str, torch.Tensor]:
        return self._student.state_dict()

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        self._student.load_state_dict(state)

    def _logits(self, batch: list[Lesson]) -> torch.Tensor:
        tokens, taught = map(torch.from_numpy, padded(batch))
        return logits(self._student, self._inputs[tokens], taught)


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
