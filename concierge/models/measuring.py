"""What a model costs on this machine, and how far it is from the one that it was made of."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from concierge.engine.llama import Batch, Context, Model, Tokens
from concierge.models.foretelling import Foretold, divergence, foretell, prompt
from concierge.models.record import PROMPT

BATCH = 512  # tokens a step at most, as the engine has it
PREFILLS, STEPS = 5, 12  # samples
SECONDS = 3.0  # for each speed; a large model gets fewer rounds


def measure(path: Path, *, gpu_layers: int, threads: int, batches: list[int], source: Path) -> dict[str, Any]:
    """Measure a GGUF; blocks for seconds, or minutes if it is large.

    Args:
        source: a file (.npz) of what the source foretells. Where there is none, `path` is the source, and it
            is written.

    Returns:
        size: of the file, in bytes.
        prefill: tokens a second.
        decode: tokens a second by chats decoded at once, one for each of `batches`.
        perplexity: of the shipped chats' replies; of the first of them if time ran out.
        divergence: from the source, in nats a token.
        standard_error: of the divergence.

    Raises:
        UserError: the model cannot be loaded, has no chat template, or there is no memory for its context.
        InvalidRequest: its chat template refuses the chats.
    """
    model = Model(path, gpu_layers)
    prefill, decode = _speeds(model, prompt(model), threads, batches)
    reference = Foretold.load(source) if source.exists() else None
    own = foretell(model, threads, reference)
    if reference is None:
        own.save(source)
    mean, error = divergence(reference or own, own)
    return {
        "size": path.stat().st_size,
        "prefill": prefill,
        "decode": decode,
        "perplexity": own.perplexity,
        "divergence": mean,
        "standard_error": error,
    }


def _speeds(model: Model, tokens: Tokens, threads: int, batches: list[int]) -> tuple[float, dict[int, float]]:
    """Tokens a second of prefill, and of decoding by the size of the batch."""
    most = max(batches)
    context = Context(model, cells=PROMPT + STEPS * most + BATCH, batch=BATCH, threads=threads)
    batch = Batch(BATCH)

    def prefill(count: int) -> float:
        context.remove(0)
        batch.clear()
        batch.add(tokens[:count], 0, 0, logits=1)
        return _timed(context, batch)

    def decode(chats: int, position: int) -> float:
        batch.clear()
        for chat in range(chats):
            batch.add(tokens[position : position + 1], position, chat, logits=1)
        return _timed(context, batch)

    prefill(16)  # the first to touch the weights waits for the disk
    rate = PROMPT / _median((prefill(PROMPT) for _ in range(PREFILLS)), 1)
    rates = {}
    for chats in batches:
        for chat in range(1, chats):
            context.copy(0, chat, 0, PROMPT)
        rates[chats] = chats / _median((decode(chats, PROMPT + step) for step in range(STEPS)), 3)
        for chat in range(chats):
            context.remove(chat, PROMPT)
    context.close()
    return rate, rates


def _timed(context: Context, batch: Batch) -> float:
    started = time.perf_counter()
    context.decode(batch)
    return time.perf_counter() - started


def _median(times: Iterator[float], least: int) -> float:
    """Of all the times, or at least so many, and then those that fit into SECONDS."""
    taken: list[float] = []
    for seconds in times:
        taken.append(seconds)
        if len(taken) >= least and sum(taken) > SECONDS:
            break
    return statistics.median(taken)
