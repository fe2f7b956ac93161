"""Prefixes that had to leave the KV cache, kept as bytes in host memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from concierge.engine.prefix_cache import Match, PrefixCache, Tokens

ENTRIES = 1 << 14

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """Keys and values of the positions [start, len(tokens)) of a prefix; what stands before it shared."""

    tokens: Tokens
    start: int
    data: Bytes

    @property
    def size(self) -> int:
        """KV cells that restoring it takes."""
        return len(self.tokens) - self.start


class HostCache:
    """Saved stretches, the least recently used forgotten first.

    The radix tree that tells which KV sequence holds what tells here which entry does.
    """

    def __init__(self, limit: int) -> None:
        """`limit`: bytes that may be kept; 0 keeps nothing."""
        self.limit = limit
        self.bytes = 0
        self._tree = PrefixCache(ENTRIES)
        self._saved: dict[int, Saved] = {}
        self._seconds_per_byte = 0.0

    def __len__(self) -> int:
        return len(self._saved)

    def put(self, saved: Saved) -> None:
        """Keep it, unless it alone is more than may be kept."""
        if saved.data.nbytes > self.limit:
            return
        while len(self) == ENTRIES or self.bytes + saved.data.nbytes > self.limit:
            oldest = self._tree.oldest
            assert oldest is not None
            self._forget(oldest)
        entry = self._tree.acquire(Match())
        assert entry is not None
        self._tree.extend(entry, saved.tokens)
        self._tree.release(entry)
        self._saved[entry] = saved
        self.bytes += saved.data.nbytes

    def find(self, tokens: Tokens, held: int) -> tuple[int, int] | None:
        """The entry that continues the first `held` of `tokens` the furthest, and how far it agrees."""
        for length, entries in reversed(list(self._tree.holders(tokens))):
            if length <= held:
                return None
            for entry in entries:
                if self._saved[entry].start <= held:
                    return entry, length
        return None

    def take(self, entry: int, length: int) -> Saved:
        """What `find` found. Wanted to its end it goes, for the KV cache will hold it; else it stays."""
        saved = self._saved[entry]
        if length == len(saved.tokens):
            self._forget(entry)
        else:
            self._tree.touch(entry)
        return saved

    def seconds(self, entry: int) -> float:
        """What restoring the entry would take, by what others took; 0 before any did."""
        return self._seconds_per_byte * self._saved[entry].data.nbytes

    def observe(self, saved: Saved, seconds: float) -> None:
        """Learn what restoring `saved` took."""
        each = seconds / saved.data.nbytes
        self._seconds_per_byte += (each - self._seconds_per_byte) * (0.1 if self._seconds_per_byte else 1.0)

    def _forget(self, entry: int) -> None:
        self._tree.drop(entry)
        self.bytes -= self._saved.pop(entry).data.nbytes
