"""What the target model says to the training chats, and what it might have said instead at each token.

It is asked in llama.cpp, as it is served: by the engine for its replies, and once more for its logits. Both
are kept in files, a share of the chats each, so that it is asked once for all students.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from concierge.engine import Engine, Message, Request, SamplingParams
from concierge.engine.llama import Batch, Context, Model, gpu_offload_supported
from concierge.engine.sampling import Sampler
from concierge.engine.template import ChatTemplate
from concierge.stylist.stylist import SAMPLING
from training.encoding import Example, encode, reply_end

LIKELY = 32  # tokens kept at each place; at the stylist's temperature nearly all of the probability
SHARE = 64  # chats a file
CHATS = 8  # that it answers at once
BATCH = 512


@dataclass(frozen=True, slots=True)
class Lesson(Example):
    """A chat with the teacher's replies.

    Attributes:
        likely: [taught tokens, LIKELY] tokens that it might have said there, the likeliest first.
        logits: of those, same shape, as the stylist's sampler has them: after the repeat penalty.
    """

    likely: np.ndarray[Any, np.dtype[np.int32]]
    logits: np.ndarray[Any, np.dtype[np.float32]]

    def replies(self) -> Iterator[tuple[int, int, int]]:
        """Of each reply: where it begins and ends in `tokens`, and the row of `likely` of its first token."""
        row = 0
        for start, end in runs(self.taught):
            yield start, end, row
            row += end - start


def runs(taught: np.ndarray[Any, np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """(start, end) of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], taught, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


class Teacher:
    """The target model, and the files of what it has said."""

    def __init__(self, target: Path, folder: Path, *, own: bool, longest: int) -> None:
        """
        Args:
            folder: for the files; they are found again while target, chats and sampling are the same.
            own: the replies are its own, drawn as the stylist draws them; else the data's.
            longest: tokens of the longest chat.
        """
        self._model = Model(target, -1 if gpu_offload_supported() else 0)
        self._target, self._folder, self._own, self._longest = target, folder, own, longest
        self._template = ChatTemplate(self._model.chat_template or "", self._model.vocab)
        self._end = reply_end(self._template, self._model.vocab)
        self._context: Context | None = None
        self._batch = Batch(BATCH)

    def lessons(self, chats: Sequence[Sequence[Message]], name: str) -> list[Lesson]:
        """The chats as lessons, those left out that are too long; `name` is for progress lines."""
        return asyncio.run(self._lessons(chats, name))

    async def _lessons(self, chats: Sequence[Sequence[Message]], name: str) -> list[Lesson]:
        engine: Engine | None = None
        lessons: list[Lesson] = []
        try:
            for at in range(0, len(chats), SHARE):
                share = chats[at : at + SHARE]
                path = self._folder / f"{self._key(share)}.npz"
                if not path.is_file():
                    if self._own and engine is None:
                        engine = Engine.load(self._target, chats=CHATS, context=self._longest)
                        await engine.start()
                    _store([self._score(e) for e in await self._examples(engine, share)], path)
                    told = "asked" if self._own else "read"
                    print(f"{name}: {min(at + SHARE, len(chats))} of {len(chats)} chats {told}", flush=True)
                lessons += _stored(path)
        finally:
            if engine:
                await engine.stop()
        return lessons

    def _key(self, chats: Sequence[Sequence[Message]]) -> str:
        said = (self._model.fingerprint, self._own, self._longest, SAMPLING, LIKELY, [list(c) for c in chats])
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    async def _examples(self, engine: Engine | None, chats: Sequence[Sequence[Message]]) -> list[Example]:
        vocab = self._model.vocab
        fitting = [c for c in chats if len(encode(c, self._template, vocab)) <= self._longest]
        if engine is None:
            return [encode(chat, self._template, vocab) for chat in fitting]
        places = asyncio.Semaphore(CHATS)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._converse(engine, chat, places)) for chat in fitting]
        examples = [task.result() for task in asked]
        return [example for example in examples if 0 < len(example) <= self._longest]

    async def _converse(self, engine: Engine, chat: Sequence[Message], places: asyncio.Semaphore) -> Example:
        """The chat as it goes when the model gives the replies, each after its own earlier ones."""
        said: list[Message] = []
        tokens: list[int] = []
        taught: list[bool] = []
        async with places:
            for message in chat:
                if message.role != "assistant":
                    said.append(message)
                    continue
                prompt = self._template.encode(said)
                if len(prompt) + (SAMPLING.max_tokens or 0) > self._longest:
                    break
                reply, text = await self._reply(engine, said, replace(SAMPLING, seed=len(prompt)))
                taught += [False] * (len(prompt) - len(tokens)) + [True] * len(reply)
                tokens = [*prompt, *reply]
                said.append(Message("assistant", text, tuple(t for t in reply if t not in self._ends)))
        return Example(np.array(tokens, np.int32), np.array(taught, np.bool_))

    async def _reply(
        self, engine: Engine, said: list[Message], params: SamplingParams
    ) -> tuple[list[int], str]:
        """(tokens, the one that ended it included; text) of a reply."""
        text = ""
        async with aclosing(engine.generate(Request(tuple(said), params))) as chunks:
            async for chunk in chunks:
                text += chunk.text
        ended = [self._end] if chunk.finish_reason == "stop" else []
        return [*chunk.tokens, *ended], text

    @property
    def _ends(self) -> frozenset[int]:
        return self._model.vocab.end_tokens

    def _score(self, example: Example) -> Lesson:
        """What the model might have said at each taught token."""
        if self._context is None:
            threads = os.cpu_count() or 1
            self._context = Context(self._model, cells=self._longest + BATCH, batch=BATCH, threads=threads)
        greedy = replace(SAMPLING, temperature=0.0)
        likely, found = [], []
        sampler, reply, last = Sampler(greedy, self._model.vocab), [], -1
        for at, index in read_through(self._context, self._batch, example):
            if at != last + 1:
                sampler, reply = Sampler(greedy, self._model.vocab), []
            sampler.sample(self._context, index, reply)  # what it penalizes stays so in the logits
            logits = self._context.logits(index)
            best = np.argpartition(logits, -LIKELY)[-LIKELY:]
            best = best[np.argsort(-logits[best], kind="stable")]
            likely.append(best.astype(np.int32))
            found.append(logits[best])
            reply.append(int(example.tokens[at]))
            last = at
        shape = (-1, LIKELY)
        return Lesson(
            example.tokens,
            example.taught,
            np.reshape(likely, shape),
            np.array(found, np.float32).reshape(shape),
        )


def read_through(context: Context, batch: Batch, example: Example) -> Iterator[tuple[int, int]]:
    """Compute a chat; yields each taught token's place, and the batch index of the logits before it."""
    foretells = np.append(example.taught[1:], False)
    context.remove(0)
    for start in range(0, len(example), batch.capacity):
        end = min(start + batch.capacity, len(example))
        batch.clear()
        rows = runs(foretells[start:end])
        done = 0
        for first, after in rows:
            batch.add(example.tokens[start + done : start + first], start + done, 0, logits=0)
            batch.add(example.tokens[start + first : start + after], start + first, 0, logits=after - first)
            done = after
        batch.add(example.tokens[start + done : end], start + done, 0, logits=0)
        context.decode(batch)
        for first, after in rows:
            for index in range(first, after):
                yield start + index + 1, index


def _store(lessons: list[Lesson], path: Path) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {
        f"{name}{i}": getattr(lesson, name)
        for i, lesson in enumerate(lessons)
        for name in ("tokens", "taught", "likely", "logits")
    }
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        np.savez(file, count=len(lessons), **parts)
    os.replace(unfinished, path)


def _stored(path: Path) -> list[Lesson]:
    with np.load(path) as parts:
        return [
            Lesson(*(parts[f"{name}{i}"] for name in ("tokens", "taught", "likely", "logits")))
            for i in range(int(parts["count"]))
        ]
