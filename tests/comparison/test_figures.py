"""What runs add up to, and which goals they meet."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from comparison.figures import (
    BURST,
    GOALS,
    Cell,
    Run,
    bursts,
    cells,
    deviation,
    figures,
    run_of,
    verdicts,
)
from comparison.load import Load
from comparison.scenarios import SCENARIOS
from comparison.table import markdown
from hypothesis import given
from hypothesis import strategies as st

from concierge.client.plan import Turn

D = SCENARIOS["d"]


def reply(first: bool, *, start: float = 0.1, gap: float = 0.01, tokens: int = 0, **other: Any) -> Turn:
    """A reply of scenario d: a chunk a token, `gap` seconds apart."""
    tokens = tokens or D.max_tokens
    known = {
        "prompt_tokens": 800,
        "cached_tokens": 600,
        "completion_tokens": tokens,
        "finish_reason": "length",
    }
    arrivals = [start + gap * i for i in range(tokens)]
    return Turn(first=first, arrivals=arrivals, end=arrivals[-1], **{**known, **other})


def load(*, seconds: float = 6.0, **other: Any) -> Load:
    """Scenario d, carried out."""
    turns = [reply(turn == 0, **other) for _ in range(D.chats) for turn in range(D.turns)]
    return Load(turns, seconds=seconds, cpu=0.3)


@given(st.lists(st.floats(0, 0.01), max_size=50))
def test_bursts_are_far_enough_apart_and_leave_nobody_waiting(steps: list[float]) -> None:
    arrivals = [sum(steps[: i + 1]) for i in range(len(steps))]
    seen = bursts(arrivals)
    assert seen[:1] == arrivals[:1]
    assert all(b - a >= BURST for a, b in pairwise(seen))
    assert all(any(0 <= arrival - burst < BURST for burst in seen) for arrival in arrivals)


def test_a_run_adds_up() -> None:
    run = run_of(D, "concierge", "as shipped", 1, load())
    assert run["invalid"] == ""
    assert run["client_cpu_share"] == 0.05
    table = run["figures"]
    assert table["tokens_per_second"] == D.replies * D.max_tokens / 6.0
    assert table["cached_share"] == 0.75
    assert table["ttft_first_p95"] == pytest.approx(100)
    assert table["inter_token_p50"] == pytest.approx(10, abs=0.1)
    assert table["tokens_per_chunk"] == 1
    assert table["ttft_long_p50"] is None


def test_chunks_that_come_together_are_one() -> None:
    turn = reply(True)
    turn.arrivals = [0.1 + 0.02 * (i // 2) + 0.0001 * (i % 2) for i in range(D.max_tokens)]
    run = run_of(D, "concierge", "as shipped", 1, Load([turn], seconds=1.0))
    assert run["figures"]["tokens_per_chunk"] == 2
    assert run["figures"]["inter_token_p50"] == pytest.approx(20, abs=0.1)
    assert run["figures"]["tpot_p50"] == pytest.approx(10, rel=0.02)


def test_the_long_message_counts_as_work_and_not_as_a_stream() -> None:
    long = reply(True, start=5.0, gap=1.0)
    with_long = figures(run_of(D, "x", "", 1, Load([reply(True)], long, seconds=2.0)))
    assert with_long["ttft_long_p50"] == 5000
    assert with_long["inter_token_p99"] == pytest.approx(10, abs=0.1)
    assert with_long["tokens_per_second"] == D.max_tokens


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        (reply(True), ""),
        (reply(True, completion_tokens=D.max_tokens - 1), "95 tokens, not 96"),
        (reply(True, completion_tokens=0), ""),
        (reply(True, completion_tokens=0, finish_reason="stop"), "ended by stop"),
        (reply(True, completion_tokens=0, finish_reason=""), "ended by nothing"),
        (reply(True, completion_tokens=0, tokens=D.max_tokens + 1), "97 chunks"),
        (reply(True, tokens=D.max_tokens // 3), "32 tokens"),
        (Turn(first=True, error="busy"), "busy"),
        (Turn(first=True), "empty"),
    ],
)
def test_replies_of_another_length_are_found(turn: Turn, why: str) -> None:
    assert (why in deviation(turn, D.max_tokens)) if why else not deviation(turn, D.max_tokens)


def test_a_run_in_which_somebody_got_less_is_invalid() -> None:
    short = load()
    short.turns[3] = reply(False, tokens=50)
    assert run_of(D, "x", "", 1, short)["invalid"] == "1 of 6 replies: 50 tokens, not 96"
    late = load(seconds=300.2)
    late.in_time = False
    assert run_of(D, "x", "", 1, late)["invalid"] == "> 300 s"
    missing = load()
    missing.turns.pop()
    assert run_of(D, "x", "", 1, missing)["invalid"] == "1 of 6 replies: not asked for"


def three_rounds(server: str, *seconds: float, **other: Any) -> list[Run]:
    return [run_of(D, server, "s", i, load(seconds=s, **other)) for i, s in enumerate(seconds, 1)]


def test_cells_are_medians_and_one_bad_round_spoils_them() -> None:
    good = three_rounds("concierge", 6.0, 3.0, 60.0)
    bad = [*three_rounds("llama-server", 6.0, 6.0), run_of(D, "llama-server", "s", 3, Load(seconds=1.0))]
    cell, spoilt = cells(good + bad)
    assert cell.figures["tokens_per_second"] == 96.0
    assert (cell.invalid, cell.rounds) == ("", 3)
    assert spoilt.invalid
    assert not verdicts([cell, spoilt])[0].goal.higher  # nothing to compare with but itself


def test_goals_are_held_against_the_best_valid_peer_of_each_figure() -> None:
    runs = three_rounds("concierge", 3.0, gap=0.01)
    runs += three_rounds("llama-server", 4.0, gap=0.02)
    runs += three_rounds("examples/server", 6.0, gap=0.005)
    runs += three_rounds("llama_cpp.server", 0.1, completion_tokens=5)
    found = {verdict.goal.title: verdict for verdict in verdicts(cells(runs), serial=["llama_cpp.server"])}
    assert found["tokens/s"].against == "llama-server"
    assert found["tokens/s"].ratio == pytest.approx(4 / 3)
    assert found["tokens/s"].met
    assert found["inter-token p50"].against == "examples/server"
    assert not found["inter-token p50"].met
    assert found["inter-token p99"].against == "its own p50"
    assert found["inter-token p99"].met


def test_a_server_of_one_chat_at_a_time_has_no_say_about_streams_beside_others() -> None:
    def cell(scenario: str, server: str, gap: float) -> Cell:
        names = {goal.figure for goal in GOALS}
        return Cell(scenario, server, "s", dict.fromkeys(names, gap), "", 3)

    for scenario, best in (("a", "llama-server"), ("d", "llama_cpp.server")):
        table = [
            cell(scenario, *row) for row in (("concierge", 9), ("llama-server", 9), ("llama_cpp.server", 1))
        ]
        found = [v for v in verdicts(table, ["llama_cpp.server"]) if v.goal.figure == "inter_token_p50"]
        assert [verdict.against for verdict in found] == [best]


def results(runs: list[Run]) -> dict[str, Any]:
    return {
        "date": "2026-01-01",
        "command": "scripts/compare",
        "commit": "abc",
        "machine": {"cpu": "Some CPU", "cores": 2, "memory_gib": 8, "system": "Linux"},
        "versions": {"concierge": "0", "llama-cpp-python": "0.3.36", "python": "3.11"},
        "model": {"file": "small.gguf", "bytes": 1},
        "threads": 2,
        "settings": {"d": {"llama-server": "-np 1", "concierge": "s"}},
        "trials": [run_of(D, "llama-server", name, 0, load()) for name in ("-np 1", "-np 1 -kvu")],
        "runs": runs,
    }


def test_the_table_tells_all() -> None:
    runs = three_rounds("concierge", 3.0) + three_rounds("llama-server", 6.0, start=0.4)
    runs += three_rounds("llama_cpp.server", 6.0, completion_tokens=5)
    text = markdown(results(runs))
    assert "| (d) tokens/s | concierge | 192.0 | 96.0 | llama-server | 2.00x | ≥ 1.3x | met |" in text
    assert "| (d) TTFT, first turn, p95 | concierge | 100 | 400 | llama-server | 0.25x | ≤ 0.1x | not" in text
    assert "| llama_cpp.server | invalid: 6 of 6 replies: 5 tokens, not 96 |||||||||" in text
    assert "**-np 1** 96.0, -np 1 -kvu 96.0" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in rows if line.startswith(("| concierge", "| llama"))} == {11}


def test_pictures_are_drawn_of_what_is_there(tmp_path: Any) -> None:
    plots = pytest.importorskip("comparison.plots", exc_type=ImportError)
    plots.draw(results(three_rounds("concierge", 3.0)), tmp_path)
    for name in ("ttft.png", "inter_token.png", "throughput.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
