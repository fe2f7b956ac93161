"""Which KV sequence holds which token prefix: a radix tree over tokens.

After SGLang's RadixAttention (Zheng et al. 2023, arXiv:2312.07104). Pure bookkeeping: it knows nothing of
llama.cpp, and the engine carries out what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int32]


@dataclass(slots=True, eq=False)
class Node:
    """An edge of the tree: `tokens` that follow the parent's, each in one KV cell.

    `holders` are the sequences whose path runs through here. Their number is the reference count.
    """

    tokens: Tokens
    parent: Node | None
    holders: set[int] = field(default_factory=set)
    children: dict[int, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """The longest known prefix: its length, and a sequence that holds it (None if there is none).

    `whole`: the holder is kept idle and holds nothing beyond the match, so it can simply go on.
    """

    length: int = 0
    holder: int | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Positions [start, end) of a sequence that `holder` had computed as well."""

    holder: int
    start: int
    end: int


class PrefixCache:
    """The tree, and the sequences: in use, kept idle for their prefix (LRU first), or free."""

    def __init__(self, sequences: int) -> None:
        self._root = Node(np.empty(0, np.int32), None)
        self._ends: dict[int, Node] = {}
        self._lengths: dict[int, int] = {}
        self._free = list(range(sequences - 1, -1, -1))
        self._idle: dict[int, None] = {}  # in order of release: the first is the least recently used
        self._pinned: set[int] = set()
        self.cells = 0
        self.evictions = 0

    @property
    def idle(self) -> int:
        """Sequences kept for their prefix, the pinned ones not counted."""
        return len(self._idle)

    def match(self, tokens: Tokens) -> Match:
        """The longest prefix of `tokens` that some sequence holds."""
        length, node = 0, self._root
        for child, shared in self._walk(tokens):
            length, node = length + shared, child
        if not length:
            return Match()
        whole = next((s for s in node.holders if s in self._idle and self._lengths[s] == length), None)
        holder = whole if whole is not None else next(iter(node.holders))
        return Match(length, holder, whole is not None)

    def acquire(self, match: Match) -> int | None:
        """A sequence to go on from `match` with: its whole holder, else a free one, which from now on
        holds the prefix too (the caller copies the cells). None: evict first.
        """
        if match.whole and match.holder is not None:
            del self._idle[match.holder]
            return match.holder
        if not self._free:
            return None
        sequence = self._free.pop()
        self._ends[sequence] = self._root
        self._lengths[sequence] = 0
        if match.holder is not None:
            self._hold(sequence, self.tokens(match.holder)[: match.length])
        return sequence

    def extend(self, sequence: int, tokens: Tokens) -> Duplicate | None:
        """Record that `sequence` has computed all of `tokens`, which begin with what it held.

        Returns the stretch that another sequence had recorded meanwhile, if there is one: the caller
        should give up its own cells for the other's, since the tree counts them once.
        """
        before = self._lengths[sequence]
        end = self._ends[sequence]
        if end is not self._root and end.holders == {sequence} and not end.children:
            added = tokens[before:]
            end.tokens = np.concatenate([end.tokens, added])
            self.cells += len(added)
            self._lengths[sequence] = len(tokens)
            return None
        known = self.match(tokens)
        self._hold(sequence, tokens)
        if known.length > before and known.holder is not None:
            return Duplicate(known.holder, before, known.length)
        return None

    def release(self, sequence: int) -> None:
        """Keep `sequence` idle for its prefix, as the most recently used."""
        self._idle[sequence] = None

    def pin(self, sequence: int) -> None:
        """Keep `sequence` and never evict it."""
        self._pinned.add(sequence)

    def unpin_all(self) -> None:
        """Let the pinned prefixes grow old like any other."""
        for sequence in self._pinned:
            self.release(sequence)
        self._pinned.clear()

    def drop(self, sequence: int) -> None:
        """Forget all that `sequence` holds; it is free again. The caller clears its cells."""
        node: Node | None = self._ends.pop(sequence)
        del self._lengths[sequence]
        self._idle.pop(sequence, None)
        self._pinned.discard(sequence)
        while node is not None and node.parent is not None:
            node.holders.discard(sequence)
            if not node.holders:
                self.cells -= len(node.tokens)
                del node.parent.children[int(node.tokens[0])]
            node = node.parent
        self._free.append(sequence)

    @property
    def oldest(self) -> int | None:
        """The least recently used idle sequence."""
        return next(iter(self._idle), None)

    def evict(self) -> int | None:
        """Drop the least recently used idle sequence. Returns it for its cells to be cleared, or None."""
        sequence = self.oldest
        if sequence is not None:
            self.drop(sequence)
            self.evictions += 1
        return sequence

    def touch(self, sequence: int) -> None:
        """Make an idle sequence the most recently used."""
        self._idle[sequence] = self._idle.pop(sequence)

    def held(self, sequence: int) -> int:
        """Tokens that the tree records for `sequence`."""
        return self._lengths[sequence]

    def tokens(self, sequence: int) -> Tokens:
        """The prefix that `sequence` holds."""
        edges: list[Tokens] = []
        node: Node | None = self._ends[sequence]
        while node is not None:
            edges.append(node.tokens)
            node = node.parent
        return np.concatenate(edges[::-1])

    def shared(self, sequence: int) -> int:
        """How many of its tokens other sequences hold as well."""
        length, node = self._lengths[sequence], self._ends[sequence]
        while node.parent is not None and len(node.holders) == 1:
            length, node = length - len(node.tokens), node.parent
        return length

    def holders(self, tokens: Tokens) -> Iterator[tuple[int, set[int]]]:
        """How many of `tokens` each node of their path takes it to, and the sequences that hold so many."""
        length = 0
        for node, common in self._walk(tokens):
            length += common
            yield length, node.holders

    def reclaimable(self) -> int:
        """Cells that would be free if every idle sequence were evicted."""
        return sum(len(n.tokens) for n in self._nodes() if all(h in self._idle for h in n.holders))

    def _nodes(self) -> Iterator[Node]:
        stack = list(self._root.children.values())
        while stack:
            node = stack.pop()
            stack.extend(node.children.values())
            yield node

    def _walk(self, tokens: Tokens) -> Iterator[tuple[Node, int]]:
        """Nodes along `tokens` with how many of each one's tokens agree (fewer than all: the last)."""
        node, position = self._root, 0
        while position < len(tokens):
            child = node.children.get(int(tokens[position]))
            if child is None:
                return
            shared = _common(child.tokens, tokens[position:])
            yield child, shared
            if shared < len(child.tokens):
                return
            node, position = child, position + shared

    def _hold(self, sequence: int, tokens: Tokens) -> None:
        """Make `sequence` a holder of every node along `tokens`, adding and splitting nodes as needed."""
        node, position = self._root, 0
        for child, shared in list(self._walk(tokens)):
            if shared < len(child.tokens):
                child = self._split(child, shared)
            child.holders.add(sequence)
            node, position = child, position + shared
        if position < len(tokens):
            leaf = Node(tokens[position:].copy(), node, {sequence})
            node.children[int(tokens[position])] = leaf
            self.cells += len(leaf.tokens)
            node = leaf
        self._ends[sequence] = node
        self._lengths[sequence] = len(tokens)

    def _split(self, node: Node, at: int) -> Node:
        """Cut `node` after `at` tokens; returns the new upper part."""
        assert node.parent is not None
        upper = Node(node.tokens[:at], node.parent, set(node.holders), {int(node.tokens[at]): node})
        node.parent.children[int(node.tokens[0])] = upper
        node.tokens, node.parent = node.tokens[at:], upper
        return upper


def _common(a: Tokens, b: Tokens) -> int:
    """Length of the common prefix."""
    size = min(len(a), len(b))
    differs = np.flatnonzero(a[:size] != b[:size])
    return int(differs[0]) if len(differs) else size
