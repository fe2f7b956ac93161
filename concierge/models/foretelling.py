"""How a model foretells the replies of the shipped chats, and how far that is from what its source foretells.

The distance is the KL divergence D(source || other), in nats a token: the mean difference of their
log-likelihoods of what the source would itself say. Of each distribution are kept the tokens that the source
finds likeliest, and all others taken as one. Taking events as one never adds to a divergence (the
data-processing inequality: Cover & Thomas, Elements of Information Theory, 2.8), so it is a lower bound.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from concierge.engine.llama import Batch, Context, Model, Tokens
from concierge.engine.template import ChatTemplate
from concierge.engine.types import Message
from concierge.models.record import CHATS

Floats = npt.NDArray[np.floating[Any]]
Reply = tuple[list[int], list[int]]  # the prompt, and what is said to it with the end token

LIKELIEST = 64  # tokens of the source whose probabilities are compared one by one
CHUNK = 256  # tokens a step
READING = 20.0  # seconds for the chats; a large model reads the first few
_NONE = 1e-15  # a probability that rounding cannot tell from 0


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a model foretells at n places: before each token of each reply, and before each reply's end.

    Attributes:
        said: log-likelihood of the token that is there, [n], in nats.
        likeliest: the tokens that the source finds likeliest, [n, LIKELIEST].
        shares: their log-probabilities, and last that of all other tokens together, [n, LIKELIEST + 1].
    """

    said: Floats
    likeliest: Tokens
    shares: Floats

    @property
    def perplexity(self) -> float:
        """Of the replies."""
        return float(np.exp(-self.said.mean()))

    def save(self, path: Path) -> None:
        np.savez(path, **asdict(self))

    @classmethod
    def load(cls, path: Path) -> Foretold:
        with np.load(path) as arrays:
            return cls(**arrays)


def foretell(model: Model, threads: int, source: Foretold | None = None) -> Foretold:
    """What `model` foretells at the source's places; with no `source` it is the source itself.

    A model too slow for all chats in READING seconds stops after the reply that it is at.

    Raises:
        UserError: it has no chat template, or there is no memory for its context.
        InvalidRequest: its template refuses the chats.
    """
    replies = list(_replies(model))
    cells = max(len(prompt) + len(reply) for prompt, reply in replies)
    context, batch = Context(model, cells=cells, batch=CHUNK, threads=threads), Batch(CHUNK)
    said: list[float] = []
    likeliest: list[Tokens] = []
    shares: list[Floats] = []
    held: list[int] = []
    started = time.perf_counter()
    for prompt, reply in replies:
        late = time.perf_counter() - started > READING
        if said and (late or (source and len(said) == len(source.said))):
            break
        shared = min(_shared(held, prompt), len(prompt) - 1)
        held = [*prompt, *reply[:-1]]
        for token, logits in zip(reply, _logits(context, batch, held, shared, len(prompt) - 1), strict=True):
            logs = _normalized(logits)
            likeliest.append(source.likeliest[len(said)] if source else _likeliest(logs))
            shares.append(lumped(logs, likeliest[-1]))
            said.append(float(logs[token]))
    context.close()
    return Foretold(np.array(said), np.array(likeliest, np.int32), np.array(shares))


def divergence(source: Foretold, other: Foretold) -> tuple[float, float]:
    """(mean of D(source || other), its standard error) over the places that both reached; nats a token.

    The places are taken as independent, so the error is somewhat too small.
    """
    count = min(len(source.said), len(other.said))
    p, q = source.shares[:count], other.shares[:count]
    each = (np.exp(p) * (p - q)).sum(axis=1)
    return max(0.0, float(each.mean())), float(each.std()) / count**0.5


def lumped(logs: Floats, tokens: Tokens) -> Floats:
    """Log-probabilities of the k `tokens` and of all others taken as one, [k + 1], from those of all, [V]."""
    listed = logs[tokens]
    rest = 1 - np.exp(listed).sum()
    return np.append(listed, np.log(max(rest, _NONE)))


def prompt(model: Model) -> Tokens:
    """The longest prompt of the shipped chats. Raises what `foretell` raises."""
    return np.array(max((prompt for prompt, _ in _replies(model)), key=len), np.int32)


def _replies(model: Model) -> Iterator[Reply]:
    """The replies of the shipped chats, as the engine would be asked for them."""
    template = ChatTemplate.of(model)
    for line in CHATS.read_text("utf-8").splitlines():
        chat = [Message(**message) for message in json.loads(line)["messages"]]
        for index, message in enumerate(chat):
            if message.role == "assistant":
                said = model.vocab.tokenize(message.content.strip(), special=False)
                yield template.encode(chat[:index]), [*said, model.vocab.eos]


def _logits(context: Context, batch: Batch, tokens: list[int], start: int, first: int) -> Iterator[Floats]:
    """Logits [V] after each of `tokens` from index `first` on; of those before `start` the cells are held."""
    context.remove(0, start)
    for begin in range(start, len(tokens), CHUNK):
        chunk = np.array(tokens[begin : begin + CHUNK], np.int32)
        batch.clear()
        wanted = batch.add(chunk, begin, 0, logits=max(0, min(len(chunk), begin + len(chunk) - first)))
        context.decode(batch)
        for index in range(wanted, len(chunk)):
            yield context.logits(index)


def _normalized(logits: Floats) -> Floats:
    """Log-probabilities [V], in double precision, as what is small has to add up."""
    shifted = logits.astype(np.float64) - logits.max()
    normalized: Floats = shifted - np.log(np.exp(shifted).sum())
    return normalized


def _likeliest(logs: Floats) -> Tokens:
    return np.argpartition(-logs, LIKELIEST)[:LIKELIEST].astype(np.int32)


def _shared(one: list[int], other: list[int]) -> int:
    """How many tokens both begin with."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
