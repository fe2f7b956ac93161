"""What goes into the engine and what comes out: plain data that could cross a process border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FinishReason = Literal["stop", "length", "cancelled"]


class EngineError(Exception):
    """The engine could not finish this request; other requests are unaffected."""


class Busy(EngineError):
    """The waiting queue is full.

    Attributes:
        retry_after: seconds after which a place is likely.
    """

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"All places are taken; try again in {retry_after:.0f} s.")
        self.retry_after = retry_after


class InvalidRequest(EngineError):
    """The request itself is wrong.

    Attributes:
        param: name of the offending field, or None.
    """

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class ContextOverflow(InvalidRequest):
    """Even the newest message alone does not fit the context."""


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message as the chat template sees it.

    Attributes:
        role: "system", "user" or "assistant".
        content: text; never parsed as special tokens.
        tokens: exact tokens of a reply that this very model generated, else empty. They keep the
            KV prefix identical, since tokenizing generated text anew may split it otherwise.
    """

    role: str
    content: str
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How to choose each token.

    Attributes:
        temperature: 0 is greedy decoding.
        top_p, top_k, min_p: truncation of the distribution; 1.0, 0 and 0.0 turn them off.
        repeat_penalty: divides the logits of the reply's last 64 tokens; 1.0 is off.
        seed: None draws one.
        stop: the reply ends before the first of these strings.
        max_tokens: None is "to the context's end".
        json_schema: a JSON schema (as JSON text) that the reply must satisfy, enforced by a grammar.
        grammar: a GBNF grammar that what is generated must satisfy; of a reply to be continued, the rest.
        banned_first: tokens that must not come first.
        ignore_eos: go on to `max_tokens` whatever the model wants; for load tests.
    """

    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 40
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    json_schema: str | None = None
    grammar: str | None = None
    banned_first: tuple[int, ...] = ()
    ignore_eos: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A chat to be continued by one reply.

    Attributes:
        messages: oldest first; the last is to be answered.
        priority: lower runs first; shoppers are 0.
        reply: tokens of a reply that has begun and is to be gone on with. They count for `max_tokens`, the
            usage and the last chunk's `tokens` as if there had been no break. Since the reply was let in
            once, it goes before the requests that wait, and is never refused as too many.
    """

    messages: tuple[Message, ...]
    sampling: SamplingParams = SamplingParams()
    priority: int = 0
    reply: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one reply; `cached_tokens` of the prompt were not prefilled again."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a reply. The last one, and only it, has `finish_reason` and `tokens`.

    Attributes:
        text: whole characters; may be empty on the last chunk.
        usage: up to here.
        tokens: every token of the reply, for `Message.tokens`.
        pieces: the tokens that came with this chunk, the one that ended the reply included, and what each
            added to `text`. A character of several tokens is the last one's.
    """

    text: str
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    tokens: tuple[int, ...] = ()
    pieces: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is loaded.

    Attributes:
        fingerprint: names the file's content; `Message.tokens` are valid only under the same one.
        context: tokens one chat may hold, prompt and reply together.
        train_context: tokens the model was trained for.
    """

    name: str
    fingerprint: str
    architecture: str
    parameters: int
    vocab_size: int
    context: int
    train_context: int


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Counters since start, and gauges.

    Attributes:
        running, waiting: sequences being decoded and queued.
        cells, free_cells: KV cells altogether, and those in nobody's use.
        cached_sequences: finished chats whose KV prefix is kept.
        prompt_tokens, cached_tokens, completion_tokens: totals over finished requests.
        steps: batches run; `step_seconds` their time, `decode_seconds` the part inside llama.cpp.
        evictions: kept prefixes that left the KV cache for newer ones.
        restored_tokens: those of `cached_tokens` that came back from host memory.
        host_bytes: host memory that evicted prefixes take.
        drafted_tokens, accepted_tokens: tokens verified ahead, and those of them that were right.
    """

    running: int
    waiting: int
    cells: int
    free_cells: int
    cached_sequences: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    steps: int
    step_seconds: float
    decode_seconds: float
    evictions: int
    restored_tokens: int
    host_bytes: int
    drafted_tokens: int
    accepted_tokens: int
