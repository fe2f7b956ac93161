"""A small load on a real Concierge, started and stopped as the comparison does it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from comparison import load, peers
from comparison.figures import run_of
from comparison.peers import SERVERS, Failed
from comparison.scenarios import SCENARIOS

from concierge.engine.llama import Model

SMALL = replace(
    SCENARIOS["e"], at_once=2, chats=3, turns=2, max_tokens=8, slots=3, context=2560, long_tokens=300
)
FIXED = SERVERS["concierge"].fixed_length([])


def words(text: str) -> int:
    return len(text.split())


def test_replies_of_fixed_length_are_measured_and_shorter_ones_found(
    small_model: Path, tmp_path: Path
) -> None:
    with peers.running(SERVERS["concierge"], {}, small_model, 2, SMALL, tmp_path / "log") as url:
        asyncio.run(load.warm(url, extra=FIXED))
        put = {"count": words, "limit": 120.0}
        good = asyncio.run(load.put(url, SMALL, "t1", extra=FIXED, **put))
        early = asyncio.run(load.put(url, SMALL, "t2", extra=FIXED | {"max_completion_tokens": 5}, **put))
        hasty = asyncio.run(load.put(url, SMALL, "t3", extra=FIXED, count=words, limit=0.05))
    run = run_of(SMALL, "concierge", "", 1, good)
    assert run["invalid"] == ""
    assert sorted(turn["kind"] for turn in run["turns"]) == ["first"] * 3 + ["later"] * 3 + ["long"]
    assert all(turn["completion_tokens"] == 8 for turn in run["turns"])
    assert run["figures"]["tokens_per_second"] == pytest.approx(7 * 8 / good.seconds, rel=0.01)
    first = [turn for turn in run["turns"] if turn["kind"] == "first"]
    assert all(
        turn["cached_tokens"] > 600 for turn in first
    )  # the house's prompt, which the first chat warmed
    assert run_of(SMALL, "concierge", "", 1, early)["invalid"] == "7 of 7 replies: 5 tokens, not 8"
    assert run_of(SMALL, "concierge", "", 1, hasty)["invalid"] == "> 0 s"
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_peer_is_put_the_same_load(small_model: Path, tmp_path: Path) -> None:
    server, variant = SERVERS["llama_cpp.server"], "RAM cache"
    few = replace(SMALL, long_tokens=0, chats=2, turns=1)
    extra = server.fixed_length(sorted(Model(small_model, gpu_layers=0).vocab.end_tokens))
    options = server.variants(few)[variant]
    with peers.running(server, options, small_model, 2, few, tmp_path / "log") as url:
        asyncio.run(load.warm(url, extra=extra))
        done = asyncio.run(load.put(url, few, "t1", extra=extra, count=words, limit=120.0))
    run = run_of(few, server.name, variant, 1, done)
    assert run["invalid"] == ""
    assert [turn["kind"] for turn in run["turns"]] == ["first"] * 2


def test_a_server_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        pytest.raises(Failed, match="no such file"),
        peers.running(SERVERS["concierge"], {}, tmp_path / "none.gguf", 2, SMALL, log),
    ):
        pass


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--help"], 0, "200 chats of 4 turns"),
        (["--servers", "vllm"], 2, "there is no 'vllm'; there are concierge,"),
        (["--rounds", "0"], 2, "'0' is not a whole number from 1 on"),
        (["--model", "none.gguf"], 2, "no such file"),
    ],
)
def test_the_command_line(tmp_path: Path, arguments: list[str], status: int, words: str) -> None:
    command = [sys.executable, "-m", "comparison", "--output", str(tmp_path), *arguments]
    scripts = Path(__file__).parents[2] / "scripts"
    environment = {
        "PYTHONPATH": f"{scripts}:{scripts.parent}",
        "PATH": "/usr/bin:/bin",
        "HOME": str(Path.home()),
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == status, done.stderr
    assert words in " ".join((done.stdout + done.stderr).split())
