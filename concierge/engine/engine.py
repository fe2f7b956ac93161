"""The thread that steps, and the asynchronous interface to it."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from collections.abc import Sequence as SequenceOf
from dataclasses import replace
from pathlib import Path

import numpy as np

from concierge.engine.detokenizer import Detokenizer
from concierge.engine.host_cache import HostCache, Saved
from concierge.engine.llama import MAX_SEQUENCES, Batch, Context, DecodeError, Model, gpu_offload_supported
from concierge.engine.prefix_cache import PrefixCache
from concierge.engine.sampling import Sampler
from concierge.engine.scheduler import Scheduler
from concierge.engine.sequence import Sequence, Slice
from concierge.engine.speculation import (
    Drafter,
    ModelDrafter,
    NgramDrafter,
    Speculation,
    StepTime,
    check_vocabulary,
    measure,
)
from concierge.engine.template import ChatTemplate
from concierge.engine.types import (
    Busy,
    Chunk,
    ContextOverflow,
    EngineError,
    EngineStats,
    FinishReason,
    InvalidRequest,
    Message,
    ModelInfo,
    Request,
    SamplingParams,
)
from concierge.errors import UserError

BATCH = 512  # tokens a step at most
QUEUE_PER_PLACE = 4  # requests that may wait for each place before the answer is 'busy'
IDLE_CELLS = 1024  # of chats between two turns; attention passes over every cell, so more go to host memory
HOST_SHARE = 4  # a quarter of the memory left over is for prefixes that had to leave the KV cache
SENDING = 0.005  # s at most that the next step waits for the loop to send what the last one brought
LONG_TEXT = 20_000  # characters; tokenizing more than this would hold up the event loop

logger = logging.getLogger(__name__)


class Stream:
    """The loop's end of one reply. A slow reader's deltas grow together into one, never into a queue."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []
        self._error: EngineError | None = None
        self._ready = asyncio.Event()

    def put(self, news: Chunk | EngineError) -> None:
        if isinstance(news, Chunk):
            self._chunks.append(news)
        else:
            self._error = news
        self._ready.set()

    async def get(self) -> Chunk:
        """What has come since the last call. Raises the EngineError that ended the reply."""
        await self._ready.wait()
        self._ready.clear()
        chunks, self._chunks = self._chunks, []
        if self._error:
            if not chunks:
                raise self._error
            self._ready.set()
        text = "".join(chunk.text for chunk in chunks)
        return replace(chunks[-1], text=text, pieces=tuple(p for chunk in chunks for p in chunk.pieces))


Handover = list[tuple[Stream, Chunk | EngineError]]


class Engine:
    """A model, its KV cache, and a thread that runs one batch after another.

    Only that thread touches the model's context, the scheduler and the prefix cache. Requests and
    cancellations reach it through a mailbox; what a step produced leaves it in one hand-over.
    """

    def __init__(
        self, model: Model, *, threads: int, chats: int, context: int, speculate: bool, draft: Model | None
    ) -> None:
        """See `load`."""
        self._template = ChatTemplate.of(model)
        context = min(context, model.train_context)
        # One context more than the chats need: the house prompt, and prefixes of chats between two turns.
        cells = context * (chats + 1)
        _check_memory(model, cells)
        self._model = model
        self._vocab = model.vocab
        self._vocab.longer()  # now, as a step has no time for it
        self._context = Context(model, cells=cells, batch=BATCH, threads=threads)
        self._batch = Batch(BATCH)
        self._speculation = self._speculating(draft, cells, threads) if speculate else None
        self._cache = PrefixCache(MAX_SEQUENCES)
        # Of a sliding window's cells only those within it are saved, so nothing could branch from them.
        spare = 0 if model.sliding_window else max(0, _free_memory() - cells * model.kv_bytes_per_token)
        self._host = HostCache(spare // HOST_SHARE)
        on_cpu = not gpu_offload_supported()
        self._scheduler = Scheduler(chats, BATCH, chats * QUEUE_PER_PLACE)
        self._streams: dict[Sequence, Stream] = {}
        self._mailbox: deque[Callable[[], None]] = deque()
        self._wake = threading.Condition()
        # Where llama.cpp takes every core, the loop would get one only by turns, in the middle of a step; the
        # thread that it is taken from is then waited for by all others, so sending first costs no more.
        self._sends_first = on_cpu and threads >= (os.cpu_count() or 1)
        self._sent = threading.Event()
        self._stopping = self._untidy = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._accepted = 0  # requests that the loop has sent and not yet seen end
        self._prompt_tokens = self._cached_tokens = self._restored_tokens = 0
        self._completion_tokens = self._steps = 0
        self._step_seconds = self._decode_seconds = 0.0
        self.info = ModelInfo(
            name=model.path.stem,
            fingerprint=model.fingerprint,
            architecture=model.architecture,
            parameters=model.parameters,
            vocab_size=model.vocab.size,
            context=context,
            train_context=model.train_context,
        )

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        gpu_layers: int | None = None,
        threads: int | None = None,
        chats: int = 8,
        context: int = 4096,
        speculate: bool = True,
        draft: Path | None = None,
    ) -> Engine:
        """Load a GGUF; blocks for as long as that takes.

        Args:
            gpu_layers: layers on the GPU, -1 for all; None is all if the build has a GPU, else none.
            threads: CPU threads; None is one for each core.
            chats: sequences decoded at once.
            context: tokens a chat, prompt and reply; at most what the model was trained for.
            speculate: draft tokens from what the chat has seen, where that pays. Replies are the same.
            draft: a small GGUF of the same vocabulary that drafts too.

        Raises:
            UserError: no model, no chat template, no memory for it, or a draft of another vocabulary.
        """
        if not path.is_file():
            raise UserError(f"There is no model file at {path}; give --model a GGUF that exists.")
        if draft and not draft.is_file():
            raise UserError(f"There is no model file at {draft}; give --draft a GGUF that exists, or none.")
        layers = gpu_layers if gpu_layers is not None else (-1 if gpu_offload_supported() else 0)
        model = Model(path, layers)
        threads = threads or os.cpu_count() or 1
        drafter = Model(draft, layers, "--draft") if draft and speculate else None
        return cls(model, threads=threads, chats=chats, context=context, speculate=speculate, draft=drafter)

    def _speculating(self, draft: Model | None, cells: int, threads: int) -> Speculation:
        drafters: list[Drafter] = [NgramDrafter()]
        if draft:
            check_vocabulary(draft, self._model)
            _check_memory(draft, cells)
            drafters.append(ModelDrafter(draft, cells=cells, batch=BATCH, threads=threads))
        return Speculation(drafters, BATCH)

    async def start(self) -> None:
        """Start stepping, in a thread bound to the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End every reply with an EngineError, then the thread, and free the KV cache."""
        if self._thread is None:
            return
        self._stopping = True
        self._post(lambda: None)
        await asyncio.to_thread(self._thread.join)
        self._thread = None
        self._context.close()
        if self._speculation:
            self._speculation.close()

    async def pin(self, messages: SequenceOf[Message]) -> int:
        """Prefill the prompt that every chat begins with, and keep it; it replaces what was pinned before.

        Returns its length in tokens. Raises UserError if it leaves a chat less than half the context.
        """
        prefix = self._template.prefix(messages)
        if len(prefix) > self.info.context // 2:
            raise UserError(
                f"The house prompt takes {len(prefix)} of {self.info.context} tokens of context; "
                "shorten voice.md and facts.md or raise --context."
            )
        async for _ in self._stream(self._sequence(prefix, 0, SamplingParams(temperature=0), pin=True)):
            pass
        return len(prefix)

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        """Stream the reply. Closing the generator, or cancelling its task, frees its place within a step.

        Raises:
            InvalidRequest: the messages, or the sampling parameters, cannot be.
            Busy: the queue is full.
            EngineError: the engine failed or stopped.
        """
        self._check_running()
        if not request.reply and self._accepted >= self._scheduler.places + self._scheduler.queue:
            raise Busy(self._retry_after())
        if sum(len(m.content) for m in request.messages) > LONG_TEXT:
            sequence = await asyncio.to_thread(self._prepare, request)
        else:
            sequence = self._prepare(request)
        async for chunk in self._stream(sequence):
            yield chunk

    def stats(self) -> EngineStats:
        """A snapshot, exact to within a step."""
        return EngineStats(
            running=len(self._scheduler.running),
            waiting=self._scheduler.waiting,
            cells=self._context.cells,
            free_cells=self._context.cells - self._used(),
            cached_sequences=self._cache.idle,
            prompt_tokens=self._prompt_tokens,
            cached_tokens=self._cached_tokens,
            completion_tokens=self._completion_tokens,
            steps=self._steps,
            step_seconds=self._step_seconds,
            decode_seconds=self._decode_seconds,
            evictions=self._cache.evictions,
            restored_tokens=self._restored_tokens,
            host_bytes=self._host.bytes,
            drafted_tokens=self._speculation.drafted if self._speculation else 0,
            accepted_tokens=self._speculation.accepted if self._speculation else 0,
        )

    def step_cost(self) -> tuple[float, float]:
        """The measured cost of a step that decodes: (seconds, seconds for each token in it)."""
        return self._scheduler.cost.curve

    # On the event loop

    def _prepare(self, request: Request) -> Sequence:
        params = request.sampling
        _check(params)
        context = self.info.context
        reply = min(params.max_tokens or context // 2, context // 2)
        prompt = self._template.fit(request.messages, context - reply)
        limit = min(params.max_tokens or context, context - len(prompt))
        if len(request.reply) >= limit:
            raise InvalidRequest("The reply that has begun leaves no room to go on.", "reply")
        if not all(0 <= token < self._vocab.size for token in request.reply):
            raise InvalidRequest("The reply that has begun has tokens of another vocabulary.", "reply")
        return self._sequence(prompt, limit, params, priority=request.priority, begun=request.reply)

    def _sequence(
        self,
        prompt: list[int],
        max_tokens: int,
        params: SamplingParams,
        *,
        priority: int = 0,
        pin: bool = False,
        begun: SequenceOf[int] = (),
    ) -> Sequence:
        sampler = Sampler(params, self._vocab, begun)
        detokenizer = Detokenizer(self._vocab, params.stop, begun)
        return Sequence(prompt, max_tokens, sampler, detokenizer, priority=priority, pin=pin, begun=begun)

    async def _stream(self, sequence: Sequence) -> AsyncGenerator[Chunk]:
        self._check_running()
        stream = Stream()
        self._accepted += 1
        self._post(lambda: self._accept(sequence, stream))
        try:
            while True:
                chunk = await stream.get()
                yield chunk
                if chunk.finish_reason:
                    return
        finally:
            self._accepted -= 1
            self._post(lambda: self._cancel(sequence))

    def _check_running(self) -> None:
        if self._thread is None or self._stopping:
            raise EngineError("The engine is not running.")

    def _retry_after(self) -> float:
        """Seconds until a place is free, guessed from the time a reply of 100 tokens takes now; 1 to 30."""
        places = self._scheduler.places
        return min(max(1.0, 100 * self._scheduler.cost.decoding(places) / places), 30.0)

    def _post(self, message: Callable[[], None]) -> None:
        with self._wake:
            self._mailbox.append(message)
            self._wake.notify()

    def _deliver(self, handover: Handover) -> None:
        for stream, news in handover:
            stream.put(news)
        assert self._loop
        # The readers just woken run first, and what these wake: the writers of their sockets.
        self._loop.call_soon(self._loop.call_soon, self._sent.set)

    # On the engine's thread

    def _run(self) -> None:
        marked = time.perf_counter()
        while not self._stopping:
            with self._wake:
                if not self._mailbox and self._scheduler.idle and not self._untidy:
                    self._wake.wait_for(lambda: self._mailbox)
                    marked = time.perf_counter()
                messages, self._mailbox = self._mailbox, deque()
            for message in messages:
                message()
            if self._stopping:
                continue
            try:
                if not self._scheduler.idle:
                    handover = self._step()
                    now = time.perf_counter()
                    self._step_seconds += now - marked
                    marked = now  # the hand-over is charged to the next step
                    self._hand_over(handover)
                if self._untidy:  # one prefix at a time, after those who read along were served
                    self._untidy = self._tidy()
            except Exception as error:  # one bad step must not end all chats to come
                logger.exception("engine step failed")
                self._untidy = False
                self._fail(list(self._streams), EngineError(f"The engine failed: {error}"))
        self._fail(list(self._streams), EngineError("The engine has stopped."))

    def _accept(self, sequence: Sequence, stream: Stream) -> None:
        self._streams[sequence] = stream
        self._scheduler.add(sequence)

    def _cancel(self, sequence: Sequence) -> None:
        if self._streams.pop(sequence, None):
            self._scheduler.remove(sequence)
            self._retire(sequence)

    def _step(self) -> Handover:
        """Run one batch. Returns what it gave each stream."""
        self._scheduler.admit(self._place)
        slices = self._scheduler.plan()
        if self._speculation:
            self._speculation.draft(slices, self._scheduler.running, BATCH - sum(s.count for s in slices))
        self._fill(slices)
        started = time.perf_counter()
        slices = self._decode(slices)
        seconds = time.perf_counter() - started
        self._steps += 1
        self._decode_seconds += seconds
        if slices:
            self._learn(slices, seconds)
        return [entry for s in slices if (entry := self._take(s))]

    def _learn(self, slices: list[Slice], seconds: float) -> None:
        prefilled = sum(s.count for s in slices if not s.sequence.decoding)
        self._scheduler.cost.observe(self._batch.size - prefilled, prefilled, seconds)
        if self._speculation:
            self._speculation.observe(self._batch.size, seconds, read=prefilled > 0)

    def _place(self, sequence: Sequence) -> bool:
        """Give a sequence a slot that holds as much of its prompt as any does. False: not now."""
        match = self._cache.match(sequence.tokens[:-1])  # the last one must be computed, for its logits
        slot = self._cache.acquire(match)
        if slot is None:
            return self._evict() and self._place(sequence)
        promised = sum(
            s.capacity - self._cache.held(s.slot) for s in self._scheduler.running if s.slot is not None
        )
        live = self._cache.cells - self._cache.reclaimable()
        if live + promised + sequence.capacity - match.length > self._context.cells:
            self._cache.release(slot) if match.whole else self._cache.drop(slot)
            return False
        if not match.whole and match.holder is not None:
            self._context.copy(match.holder, slot, 0, match.length)
        sequence.slot, sequence.computed, sequence.cached = slot, match.length, match.length
        self._restore(sequence)
        return True

    def _restore(self, sequence: Sequence) -> None:
        """Take from host memory what that has of the rest of its prompt, unless computing it is faster."""
        assert sequence.slot is not None
        while found := self._host.find(sequence.tokens[:-1], sequence.computed):
            entry, length = found
            each = self._scheduler.cost.prefill
            if each and self._host.seconds(entry) > each * (length - sequence.computed):
                return
            started = time.perf_counter()
            saved = self._host.take(entry, length)
            while self._used() + saved.size > self._context.cells and self._evict():
                pass
            if not self._context.restore(saved.data, sequence.slot, sequence.computed, length):
                return
            self._host.observe(saved, time.perf_counter() - started)
            self._restored_tokens += length - sequence.computed
            sequence.computed = sequence.cached = length
            self._record(sequence)

    def _fill(self, slices: list[Slice]) -> None:
        self._batch.clear()
        for item in slices:
            sequence = item.sequence
            assert sequence.slot is not None
            tokens = sequence.tokens[sequence.computed : sequence.computed + item.count]
            if item.draft:
                tokens = np.append(tokens, np.array(item.draft, np.int32))
            wanted = 1 + len(item.draft) if item.completes else 0
            item.index = self._batch.add(tokens, sequence.computed, sequence.slot, logits=wanted)

    def _decode(self, slices: list[Slice]) -> list[Slice]:
        """Compute the batch, evicting kept prefixes until it fits. Returns the slices that were computed."""
        while self._used() + self._batch.size > self._context.cells and self._evict():
            pass
        while True:
            try:
                self._context.decode(self._batch)
                return slices
            except DecodeError as error:
                if error.no_room and self._evict():
                    continue
                logger.error("%s; ending the replies in this batch", error)
                self._fail([s.sequence for s in slices], EngineError("The model failed on this batch."))
                return []

    def _take(self, item: Slice) -> tuple[Stream, Chunk] | None:
        try:
            return self._advance(item)
        except Exception as error:  # a sampler's failure is its own sequence's
            logger.exception("could not take a token")
            self._fail([item.sequence], EngineError(f"This reply failed: {error}"))
            return None

    def _advance(self, item: Slice) -> tuple[Stream, Chunk] | None:
        """Take the batch's result into one sequence."""
        sequence = item.sequence
        completes = item.completes
        sequence.computed += item.count
        if not completes:
            return None
        assert sequence.slot is not None
        if not sequence.decoding:
            self._record(sequence)  # from here on the prompt can be shared
        if sequence.pin:
            self._keep(sequence)
            return self._end(sequence, "stop", [])
        pieces: list[tuple[int, str]] = []
        reason, position = None, 0
        for position in range(len(item.draft) + 1):
            token = sequence.sampler.sample(self._context, item.index + position, sequence.reply)
            sequence.append(token)
            pieces.append((token, self._say(sequence, token)))
            reason = self._finish_reason(sequence, token)
            if reason or position == len(item.draft) or token != item.draft[position]:
                break
            sequence.computed += 1
        if item.draft:
            self._context.remove(sequence.slot, sequence.computed)
        if self._speculation:
            self._speculation.learn(sequence, sequence.reply[-1 - position :])
        if reason:
            return self._end(sequence, reason, pieces)
        return self._streams[sequence], _chunk(sequence, pieces)

    def _say(self, sequence: Sequence, token: int) -> str:
        return "" if token in self._vocab.end_tokens else sequence.detokenizer.push(token)

    def _finish_reason(self, sequence: Sequence, token: int) -> FinishReason | None:
        if token in self._vocab.end_tokens or sequence.detokenizer.stopped:
            return "stop"
        return "length" if len(sequence.reply) >= sequence.max_tokens else None

    def _end(
        self, sequence: Sequence, reason: FinishReason, pieces: list[tuple[int, str]]
    ) -> tuple[Stream, Chunk]:
        rest = sequence.detokenizer.flush()
        pieces = [*pieces[:-1], *((token, text + rest) for token, text in pieces[-1:])]
        stream = self._streams.pop(sequence)
        self._scheduler.remove(sequence)
        self._retire(sequence)
        self._prompt_tokens += sequence.prompt_tokens
        self._cached_tokens += sequence.cached
        self._completion_tokens += len(sequence.reply)
        reply = sequence.reply
        if sequence.detokenizer.stopped:
            reply = []  # they run past the text
        elif reply and reply[-1] in self._vocab.end_tokens:
            reply = reply[:-1]  # the template writes its own end
        return stream, replace(_chunk(sequence, pieces), finish_reason=reason, tokens=tuple(reply))

    def _keep(self, sequence: Sequence) -> None:
        assert sequence.slot is not None
        self._cache.unpin_all()
        self._cache.pin(sequence.slot)
        if self._speculation:
            seconds, change = measure(self._context, self._batch, sequence.slot, len(sequence))
            for tokens, each in enumerate(seconds, 1):
                self._scheduler.cost.observe(tokens, 0, each)
            self._speculation.pin(sequence.tokens, StepTime(seconds, BATCH, change))
        sequence.slot = None

    def _retire(self, sequence: Sequence) -> None:
        """Leave what was computed in the cache, for the chat's next turn."""
        if sequence.slot is not None:
            self._record(sequence)
            self._cache.release(sequence.slot)
            sequence.slot = None
            self._untidy = True

    def _record(self, sequence: Sequence) -> None:
        assert sequence.slot is not None
        twice = self._cache.extend(sequence.slot, sequence.tokens[: sequence.computed])
        if twice:
            self._context.remove(sequence.slot, twice.start, twice.end)
            self._context.copy(twice.holder, sequence.slot, twice.start, twice.end)

    def _fail(self, sequences: list[Sequence], error: EngineError) -> None:
        """End sequences whose cells can no longer be trusted."""
        handover: Handover = []
        for sequence in sequences:
            stream = self._streams.pop(sequence, None)
            if stream is None:
                continue
            self._scheduler.remove(sequence)
            if sequence.slot is not None:
                self._cache.drop(sequence.slot)
                self._context.remove(sequence.slot)
                sequence.slot = None
            handover.append((stream, error))
        self._hand_over(handover)

    def _tidy(self) -> bool:
        """Move an idle chat to host memory if there are many. False: there are not."""
        return self._host.limit > 0 and self._cache.reclaimable() > IDLE_CELLS and self._evict()

    def _evict(self) -> bool:
        """Take the least recently used prefix out of the KV cache; host memory keeps what no other holds."""
        oldest = self._cache.oldest
        if oldest is None:
            return False
        tokens, start = self._cache.tokens(oldest), self._cache.shared(oldest)
        if self._host.limit and start < len(tokens):
            self._host.put(Saved(tokens, start, self._context.save(oldest, start, len(tokens))))
        self._cache.evict()
        self._context.remove(oldest)
        return True

    def _used(self) -> int:
        """Cells in use: those the tree records, and what running sequences have computed beyond it."""
        running = [s for s in list(self._scheduler.running) if s.slot is not None]
        return self._cache.cells + sum(
            s.computed - self._cache.held(s.slot) for s in running if s.slot is not None
        )

    def _hand_over(self, handover: Handover) -> None:
        if not handover or not self._loop or self._loop.is_closed():
            return
        self._sent.clear()
        self._loop.call_soon_threadsafe(self._deliver, handover)
        if self._sends_first:
            self._sent.wait(SENDING)


def _chunk(sequence: Sequence, pieces: SequenceOf[tuple[int, str]]) -> Chunk:
    return Chunk("".join(text for _, text in pieces), usage=sequence.usage, pieces=tuple(pieces))


def _check(params: SamplingParams) -> None:
    """Raises InvalidRequest for a parameter out of its range."""
    ranges = {
        "temperature": (0.0, 5.0),
        "top_p": (0.0, 1.0),
        "min_p": (0.0, 1.0),
        "top_k": (0, 1 << 20),
        "repeat_penalty": (0.1, 10.0),
    }
    for name, (low, high) in ranges.items():
        if not low <= getattr(params, name) <= high:
            raise InvalidRequest(f"{name} must be between {low} and {high}.", name)
    if params.max_tokens is not None and params.max_tokens < 1:
        raise InvalidRequest("max_tokens must be at least 1.", "max_tokens")
    if params.seed is not None and not isinstance(params.seed, int):
        raise InvalidRequest("seed must be an integer.", "seed")


def _check_memory(model: Model, cells: int) -> None:
    """Raises UserError if the KV cache exceeds this machine's free memory; the kernel would kill us later."""
    need = cells * model.kv_bytes_per_token
    free = _free_memory()
    if not gpu_offload_supported() and need > free:
        raise UserError(
            f"The KV cache needs {need / 2**30:.1f} GiB and {free / 2**30:.1f} GiB are free; "
            "lower --context or --chats."
        )


def _free_memory() -> int:
    """Bytes that can be had without swapping, on Linux; elsewhere no limit is known."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return 1 << 62


__all__ = ["ContextOverflow", "Engine"]
