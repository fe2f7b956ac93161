"""Training a LoRA adapter to say what the chats' replies say: cross-entropy of their tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from torch.nn.functional import cross_entropy

from training.encoding import Example, batches, padded
from training.model import logits


class Adapting:
    """A model with an adapter, of which the adapter is trained."""

    memory = 0.99

    def __init__(self, model: PeftModel, held_out: Sequence[Example], size: int) -> None:
        """
        Args:
            size: tokens of a batch at most, when it is judged.
        """
        self._model, self._held_out, self._size = model, held_out, size

    def weights(self) -> list[torch.nn.Parameter]:
        return [weight for weight in self._model.parameters() if weight.requires_grad]

    def loss(self, batch: list[Example]) -> torch.Tensor:
        summed, count = self._entropy(batch)
        return summed / count

    def judged(self) -> str:
        with torch.no_grad():
            parts = [self._entropy(batch) for batch in batches(self._held_out, self._size, "held out")]
        mean = sum(float(summed) for summed, _ in parts) / max(1, sum(count for _, count in parts))
        return f"{mean:.4f} nats a token"

    def state(self) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = get_peft_model_state_dict(self._model)
        return state

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        set_peft_model_state_dict(self._model, state)

    def _entropy(self, batch: list[Example]) -> tuple[torch.Tensor, int]:
        """(summed cross-entropy of what is taught, in nats; how many tokens that is)."""
        tokens, taught = map(torch.from_numpy, padded(batch))
        goal = tokens[:, 1:][taught[:, 1:]]
        found = logits(self._model.get_base_model(), tokens, taught)
        return cross_entropy(found, goal, reduction="sum"), len(goal)
