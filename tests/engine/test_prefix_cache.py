"""The radix tree against a model that keeps every sequence's tokens in a plain list."""

from itertools import takewhile

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from concierge.engine.prefix_cache import Match, PrefixCache

SEQUENCES = 6


def common(a: list[int], b: list[int]) -> list[int]:
    return [x for x, _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))]


def array(tokens: list[int]) -> np.ndarray:
    return np.array(tokens, np.int32)


class Against(RuleBasedStateMachine):
    """Few distinct tokens, so that prefixes meet, split and nest."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = PrefixCache(SEQUENCES)
        self.held: dict[int, list[int]] = {}
        self.idle: list[int] = []
        self.pinned: set[int] = set()

    @property
    def busy(self) -> list[int]:
        return [s for s in self.held if s not in self.idle and s not in self.pinned]

    @rule(tokens=st.lists(st.integers(0, 2), min_size=1, max_size=12))
    def start(self, tokens: list[int]) -> None:
        match = self.cache.match(array(tokens))
        best = max((len(common(t, tokens)) for t in self.held.values()), default=0)
        assert match.length == best
        if best:
            assert self.held[match.holder][:best] == tokens[:best]
        if match.whole:
            assert match.holder in self.idle
            assert len(self.held[match.holder]) == best
        slot = self.cache.acquire(match)
        if slot is None:
            assert len(self.held) == SEQUENCES
            return
        if match.whole:
            self.idle.remove(slot)
        self.held[slot] = tokens[:best]

    @precondition(lambda self: self.busy)
    @rule(data=st.data(), more=st.lists(st.integers(0, 2), max_size=6))
    def extend(self, data: st.DataObject, more: list[int]) -> None:
        slot = data.draw(st.sampled_from(self.busy))
        tokens = self.held[slot] + more
        others = [common(t, tokens) for s, t in self.held.items() if s != slot]
        known = max(map(len, others), default=0)
        twice = self.cache.extend(slot, array(tokens))
        if twice:
            assert (twice.start, twice.end) == (len(self.held[slot]), known)
            assert self.held[twice.holder][:known] == tokens[:known]
        else:
            assert known <= len(self.held[slot])
        self.held[slot] = tokens

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(self.busy))
        self.cache.release(slot)
        self.idle.append(slot)

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def pin(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(self.busy))
        self.cache.pin(slot)
        self.pinned.add(slot)

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(self.busy))
        self.cache.drop(slot)
        del self.held[slot]

    @rule()
    def evict(self) -> None:
        expected = self.idle.pop(0) if self.idle else None
        assert self.cache.evict() == expected
        if expected is not None:
            del self.held[expected]

    @invariant()
    def cells_are_the_distinct_prefixes(self) -> None:
        prefixes = {tuple(t[: i + 1]) for t in self.held.values() for i in range(len(t))}
        assert self.cache.cells == len(prefixes)
        busy = [t for s, t in self.held.items() if s not in self.idle]
        kept = {tuple(t[: i + 1]) for t in busy for i in range(len(t))}
        assert self.cache.reclaimable() == len(prefixes - kept)
        assert all(self.cache.held(s) == len(t) for s, t in self.held.items())

    @invariant()
    def what_a_sequence_holds_and_shares(self) -> None:
        for sequence, tokens in self.held.items():
            assert self.cache.tokens(sequence).tolist() == tokens
            others = [common(t, tokens) for s, t in self.held.items() if s != sequence]
            assert self.cache.shared(sequence) == max(map(len, others), default=0)
            for length, holders in self.cache.holders(array(tokens)):
                assert holders == {s for s, t in self.held.items() if t[:length] == tokens[:length]}


TestAgainstModel = Against.TestCase
TestAgainstModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_pinned_prefix_is_shared_and_never_evicted() -> None:
    cache = PrefixCache(3)
    house = cache.acquire(Match())
    cache.extend(house, array([1, 2, 3]))
    cache.pin(house)
    assert cache.evict() is None
    match = cache.match(array([1, 2, 3, 4]))
    assert (match.length, match.holder, match.whole) == (3, house, False)
    cache.unpin_all()
    assert cache.evict() == house


def test_an_idle_chat_goes_on_in_its_own_sequence() -> None:
    cache = PrefixCache(3)
    chat = cache.acquire(Match())
    cache.extend(chat, array([1, 2, 3]))
    cache.release(chat)
    match = cache.match(array([1, 2, 3, 4]))
    assert match.whole
    assert cache.acquire(match) == chat
    assert not cache.match(array([1, 2, 3, 4])).whole  # it is busy now
