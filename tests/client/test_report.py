import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.client.plan import Plan, Turn
from concierge.client.report import PERCENTILES, percentiles, summary
from concierge.errors import UserError

PLAN = Plan("http://shop", "chat", 2, 2, 0.0, 64, 0, False, "sk-secret")


@given(st.lists(st.floats(0, 1000), min_size=1))
def test_percentiles_are_numpys(seconds: list[float]) -> None:
    result = percentiles(seconds)
    assert result is not None
    expected = np.percentile(np.array(seconds) * 1000, PERCENTILES)
    assert [result[f"p{p}"] for p in PERCENTILES] == pytest.approx(expected, abs=0.01)
    assert result["max"] == pytest.approx(1000 * max(seconds), abs=0.01)


def test_no_samples_have_no_percentiles() -> None:
    assert percentiles([]) is None


def test_a_summary_keeps_first_and_later_turns_apart_and_counts_errors() -> None:
    turns = [
        Turn(
            first=True,
            arrivals=[0.1, 0.2, 0.4],
            end=0.5,
            prompt_tokens=10,
            cached_tokens=4,
            completion_tokens=3,
        ),
        Turn(first=False, arrivals=[0.05], end=0.06, prompt_tokens=20, cached_tokens=15, completion_tokens=1),
        Turn(first=True, error="busy"),
        Turn(first=False),
    ]
    results = summary(PLAN, turns, seconds=2.0, cpu=0.1)
    assert results["replies"] == 2
    assert results["errors"] == {"busy": 1, "empty reply": 1}
    assert results["tokens_per_second"] == 2.0
    assert (results["prompt_tokens"], results["cached_tokens"], results["completion_tokens"]) == (30, 19, 4)
    assert results["ttft_first_ms"]["p50"] == 100
    assert results["ttft_later_ms"]["p50"] == 50
    assert results["inter_token_ms"]["p50"] == 150
    assert results["end_to_end_ms"]["max"] == 500
    assert results["client_cpu_share"] == 0.05
    assert "sk-secret" not in str(results)


def test_a_plan_that_makes_no_sense() -> None:
    with pytest.raises(UserError, match="realtime or chat"):
        Plan("http://shop", "grpc", 1, 1, 0.0, 64, 0, False, None)
    with pytest.raises(UserError, match="--api chat alone"):
        Plan("http://shop", "realtime", 1, 1, 0.0, 64, 0, True, None)
