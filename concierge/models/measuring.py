"""What a model costs on this machine, and how well it foretells a text."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from concierge.engine.llama import Batch, Context, Model, Tokens
from concierge.models.record import PROMPT

TEXT = Path(__file__).with_name("perplexity.txt")
BATCH = 512  # tokens a step at most, as the engine has it
CHUNK = 256  # tokens whose logits are held at once
PREFILLS, STEPS = 5, 12  # samples
SECONDS = 3.0  # for each speed; a large model gets fewer rounds
READING = 20.0  # seconds for the text; a large model reads its beginning


def measure(path: Path, *, gpu_layers: int, threads: int, batches: list[int]) -> dict[str, Any]:
    """Measure a GGUF; blocks for seconds, or minutes if it is large.

    Returns:
        prefill: tokens a second.
        decode: tokens a second by chats decoded at once, one for each of `batches`.
        log_likelihoods: of the text's tokens, each given those before it; fewer if time ran out.

    Raises:
        UserError: the model cannot be loaded, or there is no memory for its context.
    """
    model = Model(path, gpu_layers)
    text = model.vocab.tokenize(TEXT.read_text("utf-8"), special=False, bos=True)
    tokens = np.array(text, np.int32)
    prefill, decode = _speeds(model, tokens, threads, batches)
    return {
        "prefill": prefill,
        "decode": decode,
        "log_likelihoods": _log_likelihoods(model, tokens, threads),
    }


def _speeds(model: Model, tokens: Tokens, threads: int, batches: list[int]) -> tuple[float, dict[int, float]]:
    """Tokens a second of prefill, and of decoding by the size of the batch."""
    most = max(batches)
    context = Context(model, cells=PROMPT + STEPS * most + CHUNK, batch=BATCH, threads=threads)
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


def _log_likelihoods(model: Model, tokens: Tokens, threads: int) -> list[float]:
    context, batch = Context(model, cells=len(tokens), batch=CHUNK, threads=threads), Batch(CHUNK)
    found: list[float] = []
    started = time.perf_counter()
    for start in range(0, len(tokens), CHUNK):
        if start and time.perf_counter() - started > READING:
            break
        batch.clear()
        chunk = tokens[start : start + CHUNK]
        batch.add(chunk, start, 0, logits=len(chunk))
        context.decode(batch)
        for i, token in enumerate(tokens[start + 1 : start + 1 + len(chunk)]):
            logits = context.logits(i)
            top = logits.max()
            found.append(float(logits[token] - top - np.log(np.exp(logits - top).sum())))
    context.close()
    return found
