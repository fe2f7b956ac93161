"""Rates and connections, with a clock that the test moves."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.access import CROWD, Caller, Limits, Refusal
from concierge.limits import ConnectionLimit, RateLimit
from concierge.settings import Settings


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_an_allowance_may_be_spent_at_once_and_comes_back_evenly() -> None:
    clock = Clock()
    rate = RateLimit(60, clock)
    assert [rate.take({"anna": 3}) for _ in range(3)] == [0, 0, 0]
    assert rate.take({"anna": 3}) == pytest.approx(20)
    assert rate.take({"bert": 3}) == 0
    clock.now += 20
    assert rate.take({"anna": 3}) == 0
    assert rate.take({"anna": 3}) > 0


def test_who_is_refused_spends_nothing_of_those_beside_him() -> None:
    rate = RateLimit(60, Clock())
    for _ in range(10):
        rate.take({"anna": 2, "address": 4})
    assert rate.remaining("address", 4) == 2
    assert rate.take({"bert": 2, "address": 4}) == 0


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 3)), max_size=60), st.integers(1, 10))
def test_no_more_than_twice_the_limit_in_any_period(steps: list[tuple[float, int]], limit: int) -> None:
    clock = Clock()
    rate = RateLimit(60, clock)
    granted: list[float] = []
    for pause, tries in steps:
        clock.now += pause
        granted += [clock.now for _ in range(tries) if rate.take({"a": limit}) == 0]
    for start in granted:
        assert sum(start <= moment < start + 60 for moment in granted) <= 2 * limit


def test_connections_come_back_when_they_end() -> None:
    limit = ConnectionLimit()
    with limit.hold({"a": 1}) as first, limit.hold({"a": 1}) as second:
        assert (first, second) == (True, False)
    with limit.hold({"a": 1}) as again:
        assert again


def limits(**settings: Any) -> Limits:
    return Limits(Settings.model_validate(settings))


def held(limits: Limits, callers: Mapping[str, Caller], name: str) -> bool:
    try:
        with limits.connection(callers[name]):
            return True
    except Refusal:
        return False


def test_a_houses_own_connections_leave_room_for_its_shoppers() -> None:
    limited = limits(max_connections_per_client=1)
    house = Caller("key:abc", "key", "10.0.0.1")
    callers = {
        "here": Caller("key:abc", "secret", "10.0.0.2"),
        "there": Caller("key:abc", "secret", "10.0.0.3"),
    }
    with limited.connection(house), limited.connection(house), limited.connection(callers["here"]):
        assert not held(limited, callers, "here")
        assert held(limited, callers, "there")


def test_shoppers_of_one_address_share_it() -> None:
    limited = limits(messages_per_minute=1)
    for i in range(CROWD):
        limited.take("message", Caller(f"shopper:{i}", "page", "10.0.0.1"))
    with pytest.raises(Refusal, match="Too many messages"):
        limited.take("message", Caller("shopper:new", "page", "10.0.0.1"))
    limited.take("message", Caller("shopper:new", "page", "10.0.0.2"))
