"""What judged turns add up to, and chats judged turn by turn."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from concierge.errors import UserError
from concierge.evaluation import report
from concierge.evaluation.judging import Judge, Judged, Reply
from concierge.evaluation.limits import Limits
from concierge.evaluation.questions import Question
from concierge.stylist.house import House
from tests.evaluation.shops import HARROW, HARROW_FACTS

ROOT = Path(__file__).parents[2]
HOUSE = replace(
    House.load(ROOT / "prompts"), name="Harrow", currency="GBP", facts=HARROW_FACTS, voice="Be brief."
)


def judged(*turns: tuple[str, str, str, bool]) -> list[Judged]:
    chat = Judge.of(HOUSE, HARROW).chat()
    return [
        chat.judged(
            Question(kind, said, Limits(size="40")),  # type: ignore[arg-type]
            Reply(reply, HARROW if offered else (), True, 9),
        )
        for kind, said, reply, offered in turns
    ]


def test_a_chat_is_judged_by_what_was_said_and_offered_before() -> None:
    first, second, third = judged(
        ("style", "a coat in 40", "The Pelham Overcoat is 1,250 GBP.", True),
        ("pair", "and shoes?", "The Lamont Brogues in tan, at 295 GBP.", False),
        ("talk", "thanks", "The Lamont Brogues in tan, at 295 GBP.", False),
    )
    assert first.verdicts == {
        "grounded": [],
        "recommends": [],
        "limits": [],
        "loops": [],
        "length": [],
        "discreet": [],
    }
    assert second.verdicts["recommends"] == []
    assert third.verdicts.keys() == {"grounded", "loops", "length", "discreet"}
    assert third.verdicts["loops"] == ["the same reply as before"]


def test_measures_count_the_replies_they_apply_to() -> None:
    turns = judged(
        ("style", "a coat in 40", "The Pelham Overcoat is 1,250 GBP.", True),
        ("style", "another in 40", "The Pelham Overcoat is 250 GBP.", True),
        ("handover", "a person!", "A colleague will join.", False),
    )
    results = report.summary(turns, ["busy", "busy"], model="m", house="h", seed=1)
    measures = results["measures"]
    assert (measures["grounded"]["passed"], measures["grounded"]["of"]) == (2, 3)
    assert measures["recommends"]["of"] == 2
    assert measures["hands_over"] == {"passed": 1, "of": 1, "share": 1.0, "low": 0.2065, "high": 1.0}
    assert measures["facts"]["share"] is None
    assert results["errors"] == {"busy": 2}
    assert results["replies"][1]["verdicts"]["grounded"]


def test_an_empty_run_and_one_beside_it_can_be_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = report.summary(
        judged(("style", "a coat in 40", "The Pelham Overcoat is 99 GBP.\x1b[2J", True)), [], model="one", house="h", seed=1
    )  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(some))
    none = report.summary([], ["gone"], model="other", house="h", seed=1)
    report.show(none, [report.read(tmp_path / "a.json")])
    report.show(some)
    printed = capsys.readouterr().out
    assert "other" in printed
    assert "not grounded: says 99" in printed
    assert "1 failed: gone" in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"measures": {}, "model": 3}'])
def test_what_is_not_a_runs_results(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match="--beside"):
        report.read(tmp_path / "a.json")
