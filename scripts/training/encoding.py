"""Chats as the tokens that the engine would compute, and which of them are the reply's."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from concierge.engine import Message
from concierge.engine.llama import Vocab
from concierge.engine.template import ChatTemplate


@dataclass(frozen=True, slots=True)
class Example:
    """A chat.

    Attributes:
        tokens: of the whole chat.
        taught: True for each token that the model is to learn to say; same length.
    """

    tokens: np.ndarray[Any, np.dtype[np.int32]]
    taught: np.ndarray[Any, np.dtype[np.bool_]]

    def __len__(self) -> int:
        return len(self.tokens)


E = TypeVar("E", bound=Example)


def encode(
    chat: Sequence[Message], template: ChatTemplate, vocab: Vocab, learnt: Sequence[int] | None = None
) -> Example:
    """A chat up to the last reply that is taught, each of those with the end token after it.

    Args:
        learnt: places of the replies to teach in the chat; all without it.
    """
    places = [i for i, m in enumerate(chat) if m.role == "assistant"] if learnt is None else learnt
    end = reply_end(template, vocab)
    tokens: list[int] = []
    taught: list[bool] = []
    for place in places:
        prompt = template.encode(chat[:place])
        assert prompt[: len(tokens)] == tokens, "a chat's prompt only grows"
        reply = [*vocab.tokenize(chat[place].content.strip(), special=False), end]
        taught += [False] * (len(prompt) - len(tokens)) + [True] * len(reply)
        tokens = [*prompt, *reply]
    return Example(np.array(tokens, np.int32), np.array(taught, np.bool_))


def reply_end(template: ChatTemplate, vocab: Vocab) -> int:
    """The token after a reply, by the template: Gemma's turns end with another than its vocabulary names."""
    asked, said = Message("user", "a"), Message("assistant", "b")
    at = len(template.encode([asked])) + len(vocab.tokenize(said.content, special=False))
    after = template.encode([asked, said, asked])[at]
    return after if after in vocab.end_tokens else vocab.eos


def read(path: Path, template: ChatTemplate, vocab: Vocab, longest: int) -> list[Example]:
    """The examples of a file of `scripts/training_data.py`, without those longer than so many tokens."""
    examples = []
    with path.open(encoding="utf-8") as lines:
        for chat in map(json.loads, lines):
            messages = [Message(m["role"], m["content"]) for m in chat["messages"]]
            examples.append(encode(messages, template, vocab, chat["train"]))
    return [example for example in examples if len(example) <= longest]


def padded(
    batch: Sequence[Example],
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.bool_]]]:
    """(tokens, taught), both [chats, tokens of the longest]; 0 and False after a chat's end."""
    tokens = np.zeros((len(batch), max(map(len, batch))), np.int64)
    taught = np.zeros(tokens.shape, np.bool_)
    for row, example in enumerate(batch):
        tokens[row, : len(example)], taught[row, : len(example)] = example.tokens, example.taught
    return tokens, taught


def batches(examples: Sequence[E], size: int, seed: str) -> Iterator[list[E]]:
    """All examples once, in random order, in batches of about equal lengths and at most `size` tokens."""
    chance = random.Random(seed)
    order = sorted(examples, key=lambda e: len(e) + chance.uniform(-40, 40))
    made: list[list[E]] = [[]]
    for example in order:
        longest = max(len(e) for e in [*made[-1], example])
        if longest * (len(made[-1]) + 1) > size and made[-1]:
            made.append([])
        made[-1].append(example)
    chance.shuffle(made)
    yield from made
