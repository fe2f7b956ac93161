"""What is chosen, from what was measured."""

import hashlib
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.models import record as records
from concierge.models.formats import FORMATS, SOURCE
from concierge.models.record import BUDGET, PROMPT, REPLY, Machine, Measured, Record, choice

RATES = st.floats(1, 10_000)


@st.composite
def measurements(draw: st.DrawFn) -> list[Measured]:
    """The source, and up to six formats of it."""
    divergences = [0.0, *draw(st.lists(st.floats(0, 0.5), max_size=6))]
    return [
        Measured(
            format=str(i) if i else SOURCE,
            size=1,
            prefill=draw(RATES),
            decode={1: draw(RATES), 8: draw(RATES)},
            perplexity=30,
            divergence=divergence,
        )
        for i, divergence in enumerate(divergences)
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


def test_a_format_measured_beside_the_source_is_as_much_faster_in_the_record() -> None:
    source = Measured(format=SOURCE, size=1, prefill=100, decode={1: 50, 8: 200}, perplexity=30)
    format = source.beside("Q8_0", size=1, prefill=1.5, decode={"1": 2.0, "8": 0.5}, perplexity=30)
    assert (format.prefill, format.decode) == (150, {1: 100, 8: 100})


def test_worse_is_what_the_divergence_does_to_perplexity() -> None:
    measured = Measured(format="Q4_0", size=1, prefill=1, decode={1: 1}, perplexity=30, divergence=0.2)
    assert measured.worse == pytest.approx(math.exp(0.2) - 1)


def test_a_record_is_read_as_it_was_written_and_a_damaged_one_not_at_all(tmp_path: Path) -> None:
    machine = Machine(devices=("A CPU",), build="1.0", kernels="a", threads=2, gpu_layers=0)
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
    machine = Machine(devices=("A CPU",), build="1.0", kernels="a", threads=2, gpu_layers=0)
    others = [{"devices": ("B CPU",)}, {"build": "1.1"}, {"kernels": "b"}, {"threads": 4}, {"gpu_layers": -1}]
    keys = {machine.key, *(machine.model_copy(update=other).key for other in others)}
    assert len(keys) == 6


def test_what_another_version_measured_is_not_read(tmp_path: Path) -> None:
    machine = Machine(devices=("A CPU",), build="1.0", kernels="a", threads=2, gpu_layers=0)
    assert machine.key != hashlib.sha256(f"{machine.model_dump_json()} {FORMATS}".encode()).hexdigest()[:12]
    measured = Measured(format=SOURCE, size=1, prefill=100, decode={1: 50, 8: 200}, perplexity=30)
    record = Record(source="a.gguf", sha256="0" * 64, machine=machine, formats=(measured,))
    content = json.loads(record.model_dump_json())
    content["formats"][0]["worse"] = content["formats"][0].pop("divergence")
    path = tmp_path / "record.json"
    path.write_text(json.dumps(content))
    assert Record.read(path) is None


def test_other_chats_are_another_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(devices=("A CPU",), build="1.0", kernels="a", threads=2, gpu_layers=0)
    before = machine.key
    chats = tmp_path / "chats.jsonl"
    chats.write_text(records.CHATS.read_text("utf-8") + "\n", "utf-8")
    monkeypatch.setattr(records, "CHATS", chats)
    assert machine.key != before
