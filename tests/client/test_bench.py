"""`concierge bench` against the real server, over both of its interfaces."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = [str(Path(sys.executable).with_name("concierge")), "bench"]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(COMMAND + list(arguments), capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("api", ["realtime", "chat"])
def test_latencies_and_tokens(server: Any, tmp_path: Path, api: str) -> None:
    output = tmp_path / "results.json"
    plan = ["--shoppers", "3", "--turns", "2", "--max-tokens", "48", "--think", "0.01"]
    result = bench(server.url, "--api", api, *plan, "--json", str(output))
    assert result.returncode == 0, result.stdout + result.stderr
    results = json.loads(output.read_text())
    assert results["replies"] == 6
    assert results["errors"] == {}
    assert 6 <= results["completion_tokens"] <= 6 * 48
    assert results["cached_tokens"] > 0
    for name in ("ttft_first_ms", "ttft_later_ms", "end_to_end_ms"):
        assert 0 < results[name]["p50"] <= results[name]["p99"]
        assert f"{results[name]['p50']:.1f}" in result.stdout
    assert results["ttft_first_ms"]["p50"] < results["seconds"] * 1000
    assert results["tokens_per_second"] == pytest.approx(
        results["completion_tokens"] / results["seconds"], rel=0.01
    )


def test_exactly_as_many_tokens_as_asked_for(server: Any, tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    plan = ["--shoppers", "2", "--turns", "1", "--max-tokens", "12", "--ignore-eos", "--prompt-tokens", "300"]
    assert bench(server.url, "--api", "chat", *plan, "--json", str(output)).returncode == 0
    results = json.loads(output.read_text())
    assert results["completion_tokens"] == 24
    assert 2 * 270 <= results["prompt_tokens"] <= 2 * 400


def test_own_questions(server: Any, tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text("\nHello\n\n")
    plan = ["--shoppers", "1", "--turns", "1", "--max-tokens", "4"]
    assert bench(server.url, *plan, "--questions", str(questions)).returncode == 0
    questions.write_text("\n")
    result = bench(server.url, *plan, "--questions", str(questions))
    assert result.returncode == 2
    assert "has no question" in result.stderr


def test_nobody_there() -> None:
    result = bench("http://127.0.0.1:9")
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1


def test_nowhere_to_write(server: Any, tmp_path: Path) -> None:
    result = bench(server.url, "--json", str(tmp_path / "none" / "results.json"))
    assert result.returncode == 2
    assert "--json" in result.stderr


@pytest.mark.parametrize("api", ["realtime", "chat"])
def test_turns_that_fail_are_counted_and_told(server: Any, tmp_path: Path, api: str) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text("too long " * 20_000)
    output = tmp_path / "results.json"
    plan = ["--shoppers", "1", "--turns", "2", "--questions", str(questions), "--json", str(output)]
    result = bench(server.url, "--api", api, *plan)
    assert result.returncode == 1
    assert "failed: " in result.stdout
    assert sum(json.loads(output.read_text())["errors"].values()) >= 1
