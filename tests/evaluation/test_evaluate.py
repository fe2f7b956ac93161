"""`concierge evaluate` as people run it, on the real service with the small model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = [str(Path(sys.executable).with_name("concierge")), "evaluate"]
FEW = """
talk = [["Good morning!"]]
handover = [["I want to speak to a person."]]
style = [["Do you have {a_garment} under {under}?"]]
"""


@pytest.fixture
def few(tmp_path: Path) -> Path:
    path = tmp_path / "few.toml"
    path.write_text(FEW)
    return path


def evaluate(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {k: v for k, v in os.environ.items() if not k.startswith("CONCIERGE_")}
    return subprocess.run(
        COMMAND + list(arguments),
        env=settings | {"COLUMNS": "150"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_running_service(server: Any, few: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    result = evaluate(server.url, "--questions", str(few), "--count", "4", "--json", str(output))
    assert result.returncode == 0, result.stderr
    assert "grounded" in result.stdout
    results = json.loads(output.read_text())
    assert len(results["replies"]) == 4
    kinds = {reply["kind"] for reply in results["replies"]}
    assert kinds == {"style", "handover", "talk"} or kinds == {"style", "handover"}
    assert results["measures"]["hands_over"]["of"] >= 1
    styled = [reply for reply in results["replies"] if reply["kind"] == "style"]
    assert all(reply["offered"] and reply["reply"] for reply in styled)
    again = evaluate(server.url, "--questions", str(few), "--count", "1", "--beside", str(output))
    assert again.returncode == 0, again.stderr


def test_a_service_of_its_own_ends_with_it(small_model: Path, few: Path, tmp_path: Path) -> None:
    result = evaluate(
        *("--model", str(small_model), "--format", "source", "--questions", str(few), "--count", "1"),
        TMPDIR=str(tmp_path),
    )
    assert result.returncode == 0, result.stderr
    assert not list(tmp_path.glob("concierge-evaluate-*"))


def test_a_feed_that_is_not_the_services(server: Any, few: Path, tmp_path: Path) -> None:
    feed = tmp_path / "feed.tsv"
    feed.write_text("id\ttitle\tprice\tcolor\n1\tWool Coat\t900.00 EUR\tblack\n")
    result = evaluate(server.url, "--catalog", str(feed), "--questions", str(few), "--count", "4")
    assert result.returncode == 2
    assert "give its own with --house and --catalog" in result.stderr


def test_a_service_that_cannot_start(tmp_path: Path) -> None:
    result = evaluate("--model", str(tmp_path / "none.gguf"), "--count", "1")
    assert result.returncode == 2
    assert result.stderr.strip().splitlines()[-1].startswith("concierge: ")
    assert "no such file" in result.stderr


def test_nobody_there() -> None:
    assert evaluate("http://127.0.0.1:9", "--count", "1").returncode == 3


def test_an_interrupt_prints_what_was_measured(server: Any) -> None:
    with subprocess.Popen(
        [*COMMAND, server.url, "--count", "150"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            process.wait(6)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        printed, complaints = process.communicate(timeout=60)
    assert process.returncode == 130, complaints
    assert "grounded" in printed
    assert "Traceback" not in complaints
