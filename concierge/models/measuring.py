"""What a model costs on this machine, and how far it is from the one that it was made of."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from concierge.engine.llama import Batch, Context, Model
from concierge.models.foretelling import Foretold, divergence, foretell, prompt
from concierge.models.record import PROMPT

BATCH = 512  # tokens a step at most, as the engine has it
ROUNDS = 3  # of source and format in turns: a machine's own pace may change by half within seconds
PREFILLS, STEPS = 2, 4  # samples of a round
PATIENCE = 10.0  # s; a large model gets fewer rounds


def measure(
    path: Path, *, gpu_layers: int, threads: int, batches: list[int], source: Path, foretold: Path
) -> dict[str, Any]:
    """Measure a GGUF; blocks for seconds, or minutes if it is large.

    Args:
        source: the file that it was made of, or the same, which has to be the first.
        foretold: a file (.npz) of what the source foretells; written when that is measured.

    Returns:
        size: of the file, in bytes.
        prefill: tokens a second, of the source; of others, how many times the source's.
        decode: the same by chats decoded at once, one for each of `batches`.
        perplexity: of the shipped chats' replies; of the first of them if time ran out.
        divergence: from the source, in nats a token.
        standard_error: of the divergence.

    Raises:
        UserError: the model cannot be loaded, has no chat template, or there is no memory for its context.
        InvalidRequest: its chat template refuses the chats.
    """
    prefill, *decode = _speeds([source] if path == source else [source, path], gpu_layers, threads, batches)
    reference = None if path == source else Foretold.load(foretold)
    own = foretell(Model(path, gpu_layers), threads, reference)
    if reference is None:
        own.save(foretold)
    mean, error = divergence(reference or own, own)
    return {
        "size": path.stat().st_size,
        "prefill": prefill,
        "decode": dict(zip(batches, decode, strict=True)),
        "perplexity": own.perplexity,
        "divergence": mean,
        "standard_error": error,
    }


def _speeds(paths: list[Path], gpu_layers: int, threads: int, batches: list[int]) -> list[float]:
    """Tokens a second of prefill and of each batch; of two models, the second's over the first's."""
    rounds: list[list[list[float]]] = []
    started = time.perf_counter()
    while len(rounds) < ROUNDS and not (rounds and time.perf_counter() - started > PATIENCE):
        rounds.append([_round(Model(path, gpu_layers), threads, batches) for path in paths])
    rates = np.array(rounds)  # [rounds, models, speeds]
    speeds = rates[:, 1] / rates[:, 0] if len(paths) > 1 else rates[:, 0]
    return [float(speed) for speed in np.median(speeds, axis=0)]


def _round(model: Model, threads: int, batches: list[int]) -> list[float]:
    """Tokens a second of prefill, and of decoding by the size of the batch."""
    tokens = prompt(model)
    context = Context(model, cells=PROMPT + STEPS * max(batches) + BATCH, batch=BATCH, threads=threads)
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
    rates = [PROMPT / statistics.median(prefill(PROMPT) for _ in range(PREFILLS))]
    for chats in batches:
        for chat in range(1, chats):
            context.copy(0, chat, 0, PROMPT)
        rates.append(chats / statistics.median(decode(chats, PROMPT + step) for step in range(STEPS)))
        for chat in range(chats):
            context.remove(chat, PROMPT)
    context.close()
    return rates


def _timed(context: Context, batch: Batch) -> float:
    started = time.perf_counter()
    context.decode(batch)
    return time.perf_counter() - started
