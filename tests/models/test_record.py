"""What is chosen, from what was measured."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.models.formats import SOURCE
from concierge.models.record import BUDGET, PROMPT, REPLY, Machine, Measured, Record, choice, compared

RATES = st.floats(1, 10_000)


@st.composite
def measurements(draw: st.DrawFn) -> list[Measured]:
    """The source, and up to six formats of it."""
    worse = [0.0, *draw(st.lists(st.floats(-0.2, 0.5), max_size=6))]
    return [
        Measured(
            format=str(i) if i else SOURCE,
            size=1,
            prefill=draw(RATES),
            decode={1: draw(RATES), 8: draw(RATES)},
            perplexity=30,
            worse=w,
        )
        for i, w in enumerate(worse)
    ]


@given(measurements(), st.integers(1, 8))
def test_the_cheapest_turn_within_the_budget_is_chosen(formats: list[Measured], chats: int) -> None:
    best = choice(formats, chats)
    assert best.worse <= BUDGET
    for other in formats:
        assert other.worse > BUDGET or other.turn(chats) >= best.turn(chats)


def test_a_turn_is_its_prompt_and_its_share_of_every_step() -> None:
    measured = Measured(format="Q8_0", size=1, prefill=100, decode={1: 50, 8: 200}, perplexity=30)
    assert measured.turn(1) == pytest.approx(PROMPT / 100 + REPLY / 50)
    assert measured.turn(8) == pytest.approx(PROMPT / 100 + REPLY / 200)
    assert 1 / 50 < measured.step(4) < 8 / 200


@given(st.lists(st.floats(-20, 0), min_size=2, max_size=50), st.floats(-0.5, 0.5))
def test_perplexity_is_compared_over_the_same_tokens(reference: list[float], shift: float) -> None:
    own = [value - shift for value in reference]
    worse, error = compared(reference, own[: len(own) // 2 + 1])
    assert worse == pytest.approx(math.exp(shift) - 1, abs=1e-9)
    assert error == pytest.approx(0, abs=1e-6)


def test_a_record_is_read_as_it_was_written_and_a_damaged_one_not_at_all(tmp_path: Path) -> None:
    machine = Machine(devices=("A CPU",), build="1.0", threads=2, gpu_layers=0)
    measured = Measured(format=SOURCE, size=1, prefill=100, decode={1: 50, 8: 200}, perplexity=30)
    record = Record(source="a.gguf", sha256="0" * 64, machine=machine, formats=(measured,))
    path = tmp_path / "record.json"
    text = record.model_dump_json(indent=2)
    path.write_text(text)
    assert Record.read(path) == record
    assert [record.covers(chats) for chats in (1, 8, 9)] == [True, True, False]
    for damaged in ("", text[: len(text) // 2], text.replace("100", "-1")):
        path.write_text(damaged)
        assert Record.read(path) is None


def test_another_machine_measures_for_itself() -> None:
    machine = Machine(devices=("A CPU",), build="1.0", threads=2, gpu_layers=0)
    others = [{"devices": ("B CPU",)}, {"build": "1.1"}, {"threads": 4}, {"gpu_layers": -1}]
    keys = {machine.key, *(machine.model_copy(update=other).key for other in others)}
    assert len(keys) == 5
