"""MiniLM in PyTorch with a LoRA, and what it is taught: a message's intent, and which sentence answers it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from peft import LoraConfig, get_peft_model
from safetensors.numpy import load_file, save_file
from torch.nn.functional import cross_entropy, normalize
from transformers import BertConfig, BertModel

from concierge.catalog import minilm
from concierge.catalog.minilm import HEADS, LAYERS, WIDTH
from concierge.stylist.intent import KINDS
from training.meaning import Message, Page

RANK = 16
SHARP, SHARPER = 16.0, 20.0  # of scores and of likenesses: unit vectors are near each other
SMOOTH = 0.1  # of labels (Szegedy et al. 2016, arXiv:1512.00567): some borders are a matter of taste
DROPOUT = 0.1
BATCH, BESIDE = 32, 16  # of examples, and of chats' turns, which count half
ASKED = 32  # questions of a page; its sentences cost more
ROWS = 24  # encoded at once, of about one length
WARM_UP = 0.1
RATE, HEAD_RATE = 2e-3, 1e-2

Weight = npt.NDArray[np.floating[Any]]
Tensors = dict[str, Weight]


class Encoder(torch.nn.Module):
    """Sentences as unit vectors, and their intents' scores."""

    def __init__(self, weights: Path, tokenizer: Path) -> None:
        super().__init__()
        self._tokenizer = minilm.tokenizer_of(tokenizer)
        config = BertConfig(
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            intermediate_size=4 * WIDTH,
            hidden_dropout_prob=DROPOUT,
            attention_probs_dropout_prob=0.0,  # to draw it takes a quarter of a step
            attn_implementation="eager",  # the other's way back takes a third
        )
        bert = BertModel(config, add_pooling_layer=False)
        tensors = {name: torch.from_numpy(weight) for name, weight in load_file(weights).items()}
        missing = bert.load_state_dict(tensors, strict=False).missing_keys
        assert not missing, missing
        lora = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=["query", "key", "value", "dense"])
        self._bert = get_peft_model(bert, lora)
        self.intents = torch.nn.Linear(WIDTH, len(KINDS))

    def forward(self, texts: Sequence[str]) -> torch.Tensor:
        """Shape (texts, 384)."""
        encoded = [torch.tensor(e.ids) for e in self._tokenizer.encode_batch(list(texts))]
        order = torch.tensor([len(tokens) for tokens in encoded]).argsort()
        vectors = [self._vectors([encoded[i] for i in near]) for near in order.split(ROWS)]
        return torch.cat(vectors)[order.argsort()]

    def _vectors(self, encoded: Sequence[torch.Tensor]) -> torch.Tensor:
        tokens = torch.nn.utils.rnn.pad_sequence(encoded, batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(e) for e in encoded], batch_first=True)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self._bert(input_ids=tokens, attention_mask=mask).last_hidden_state
        weight = mask[..., None].float()
        return normalize((hidden.float() * weight).sum(1) / weight.sum(1), dim=-1)

    def scores(self, texts: Sequence[str]) -> torch.Tensor:
        """Of each intent, shape (texts, 7)."""
        scores: torch.Tensor = SHARP * self.intents(self(texts))
        return scores

    def nearness(self, page: Page, asked: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """(some questions' likeness to the sentences, which answer), both of shape (asked, sentences)."""
        questions = [page.questions[number] for number in asked]
        answers = torch.zeros(len(questions), len(page.sentences), dtype=torch.bool)
        for row, (_, places) in zip(answers, questions, strict=True):
            row[list(places)] = True
        return self([question for question, _ in questions]) @ self(page.sentences).T, answers

    def write(self, path: Path, earlier: Tensors | None = None) -> None:
        """The LoRA in float16 and the intents' weights, as `concierge.stylist.encoder` reads them.

        Args:
            earlier: an adapter to be averaged with.
        """
        scale = self._bert.peft_config["default"].lora_alpha / self._bert.peft_config["default"].r
        tensors = {}
        for name, weight in self._bert.get_base_model().named_parameters():
            layer, _, part = name.partition(".lora_")
            if part:
                of = minilm.A if part.startswith("A") else minilm.B
                by = scale if of == minilm.B else 1.0
                tensors[layer + of] = (by * weight.detach()).numpy().astype(np.float16)
        tensors["intents.weight"] = (SHARP * self.intents.weight.detach()).numpy()
        tensors["intents.bias"] = (SHARP * self.intents.bias.detach()).numpy()
        save_file(averaged(earlier, tensors) if earlier else tensors, path)


def averaged(one: Tensors, other: Tensors) -> Tensors:
    """Two adapters as one that adds half of each one's changes, of both ranks together.

    Weights taught apart from one beginning can be averaged, and do better than either (model soups: Wortsman
    et al. 2022, arXiv:2203.05482).
    """
    return {name: _average(name, weight, other[name]) for name, weight in one.items()}


def _average(name: str, one: Weight, other: Weight) -> Weight:
    if name.endswith(minilm.A):
        return np.concatenate([one, other])
    if name.endswith(minilm.B):
        return np.concatenate([one / 2, other / 2], axis=1)
    return (one + other) / 2


def teach(
    encoder: Encoder,
    examples: Sequence[Message],
    turns: Sequence[Message],
    pages: Sequence[Sequence[Page]],
    steps: int,
    seed: int,
) -> Iterator[tuple[float, float]]:
    """Losses (of intents, of answers) of each step, in nats. The rate rises, then falls linearly.

    Args:
        pages: sorts of them, that are learnt from by turns.
    """
    rng = np.random.default_rng(seed)
    lora = [weight for name, weight in encoder.named_parameters() if ".lora_" in name]
    head = list(encoder.intents.parameters())
    optimizer = torch.optim.AdamW(
        [{"params": lora, "lr": RATE}, {"params": head, "lr": HEAD_RATE}], betas=(0.9, 0.99), weight_decay=0.0
    )
    falling = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (WARM_UP * steps), 1 - step / steps)
    )
    counted = torch.tensor([1.0] * BATCH + [0.5] * BESIDE) / (BATCH + 0.5 * BESIDE)
    encoder.train()
    batches = zip(_batches(examples, BATCH, rng), _batches(turns, BESIDE, rng), strict=True)
    for (some, others), sort in zip(islice(batches, steps), cycle(pages), strict=False):
        batch = [*some, *others]
        goals = torch.tensor([message.intent for message in batch])
        scores = encoder.scores([message.text for message in batch])
        losses = cross_entropy(scores, goals, label_smoothing=SMOOTH, reduction="none")
        page = sort[rng.integers(len(sort))]
        nearness, answers = encoder.nearness(page, rng.permutation(len(page.questions))[:ASKED])
        sharp = SHARPER * nearness
        right = torch.logsumexp(sharp.masked_fill(~answers, -torch.inf), 1)
        missed = (torch.logsumexp(sharp, 1) - right).mean()
        optimizer.zero_grad()
        ((losses * counted).sum() + missed).backward()
        torch.nn.utils.clip_grad_norm_(lora, 1.0)
        optimizer.step()
        falling.step()
        yield float(losses[:BATCH].detach().mean()), float(missed.detach())


def _batches(messages: Sequence[Message], size: int, rng: np.random.Generator) -> Iterator[list[Message]]:
    """Without end, in a new order each time; those of one batch are of about one length."""
    while True:
        order = rng.permutation(len(messages))
        for start in range(0, len(order) - size + 1, 8 * size):
            near = sorted(order[start : start + 8 * size], key=lambda i: len(messages[i].text))
            whole = range(0, len(near) - size + 1, size)
            for at in rng.permutation(whole):
                yield [messages[i] for i in near[at : at + size]]
