"""What is kept of evicted prefixes, against a plain list; restoring them is tested with the engine."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from concierge.engine.host_cache import HostCache, Saved

tokens = st.lists(st.integers(0, 2), min_size=1, max_size=10)


def saved(tokens: list[int], start: int = 0, size: int = 1) -> Saved:
    return Saved(np.array(tokens, np.int32), start, np.zeros(size, np.uint8))


def agreeing(a: list[int], b: list[int]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


@given(st.lists(st.tuples(tokens, st.floats(0, 0.9))), tokens, st.integers(0, 5))
def test_finds_what_goes_on_the_furthest(kept, wanted: list[int], held: int) -> None:
    cache = HostCache(1 << 20)
    entries = [(path, int(start * len(path))) for path, start in kept]
    for path, start in entries:
        cache.put(saved(path, start))
    best = max((agreeing(path, wanted) for path, start in entries if start <= held), default=0)
    found = cache.find(np.array(wanted, np.int32), held)
    if best <= held:
        assert found is None
        return
    entry, length = found
    assert length == best
    taken = cache.take(entry, length)
    assert taken.start <= held
    assert taken.tokens[:length].tolist() == wanted[:length]
    assert len(cache) == len(entries) - (length == len(taken.tokens))


def test_forgets_the_least_recently_used_to_stay_within_its_bytes() -> None:
    cache = HostCache(10)
    cache.put(saved([1, 1], size=4))
    cache.put(saved([2, 2], size=4))
    entry, length = cache.find(np.array([1], np.int32), 0)
    cache.take(entry, length)
    cache.put(saved([3, 3], size=4))
    assert cache.bytes == 8
    assert cache.find(np.array([2, 2], np.int32), 0) is None
    assert cache.find(np.array([1, 1], np.int32), 0)
    cache.put(saved([4], size=11))
    assert len(cache) == 2


def test_what_restoring_costs_is_learned() -> None:
    cache = HostCache(100)
    small, large = saved([1], size=10), saved([2], size=40)
    cache.put(small)
    cache.put(large)
    entry, _ = cache.find(np.array([2], np.int32), 0)
    assert cache.seconds(entry) == 0
    cache.observe(small, 0.01)
    assert abs(cache.seconds(entry) - 0.04) < 1e-9
