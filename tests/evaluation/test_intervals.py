import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.evaluation.intervals import wilson


@pytest.mark.parametrize(
    ("passed", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662), (99, 100, 0.9455, 0.9982)],
)  # fmt: skip
def test_published_values(passed: int, of: int, low: float, high: float) -> None:
    """81 of 263 is Newcombe's (1998) example."""
    assert wilson(passed, of) == pytest.approx((low, high), abs=2e-4)


def test_nothing_counted_tells_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_the_share_and_shrinks_with_more(counts: tuple[int, int]) -> None:
    passed, of = counts
    low, high = wilson(passed, of)
    assert 0 <= low <= passed / of <= high <= 1
    wide = wilson(passed * 4, of * 4)
    assert wide[1] - wide[0] < high - low
    mirrored = wilson(of - passed, of)
    assert mirrored == pytest.approx((1 - high, 1 - low))
