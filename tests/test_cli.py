"""The command line as people run it: processes, exit codes, one line that says what to do."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from concierge import __version__
from concierge.settings import FLAGS, Settings, environment, flag
from tests import gguf

COMMAND = [str(Path(sys.executable).with_name("concierge"))]
LOG = re.compile(r"^(\S+ )?\d\d:\d\d:\d\d|^(DEBUG|INFO|WARNING|ERROR)")


def run(
    *arguments: str, env: dict[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CONCIERGE_")}
    return subprocess.run(
        COMMAND + list(arguments),
        env=environment | {"COLUMNS": "200"} | (env or {}),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
    )


def test_version() -> None:
    assert run("--version").stdout == f"concierge {__version__}\n"


def test_help_teaches_every_setting_with_its_variable_and_default() -> None:
    text = " ".join(run("serve", "--help").stdout.split())
    for name in FLAGS:
        assert flag(name) in text
        assert f"env: {environment(name)})" in text
        default = Settings.model_fields[name].default
        assert not isinstance(default, int) or f"default: {default}, env: {environment(name)}" in text


@pytest.mark.parametrize("arguments", [["serve", "--no-such-flag"], ["dance"], ["bench"]])
def test_wrong_usage(arguments: list[str]) -> None:
    assert run(*arguments).returncode == 2


Refusal = Callable[..., str]


@pytest.fixture
def refusal(small_model: Path, tmp_path: Path) -> Refusal:
    """`refusal("--port", "80")`: the one line with which `concierge serve` ends."""
    state = tmp_path / "state"

    def refusal(*arguments: str, env: dict[str, str] | None = None) -> str:
        defaults = ["--state-dir", str(state), "--port", "0"]
        defaults += ["--model", str(small_model), "--format", "source"]
        result = run("serve", *defaults, *arguments, env=env, timeout=120)
        assert result.returncode == 2
        lines = [line for line in result.stderr.splitlines() if line.strip() and not LOG.match(line)]
        assert len(lines) == 1, result.stderr
        assert lines[0].startswith("concierge: ")
        assert not list(tmp_path.rglob("*.tmp"))
        return lines[0]

    return refusal


def test_a_missing_model(refusal: Refusal, tmp_path: Path) -> None:
    assert "no such file; give the path of a GGUF" in refusal("--model", str(tmp_path / "none.gguf"))


def test_a_model_that_is_no_gguf(refusal: Refusal, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_text("<html>")
    assert "not a GGUF file" in refusal("--model", str(tmp_path / "model.gguf"))


@pytest.mark.parametrize("size", [4, 1000, 1_000_000, 90_000_000, 98_362_400])
def test_a_truncated_model(refusal: Refusal, small_model: Path, tmp_path: Path, size: int) -> None:
    path = gguf.truncated(small_model, tmp_path / "model.gguf", size)
    assert "choose another --model" in refusal("--model", str(path))


def test_a_model_without_a_chat_template(refusal: Refusal, small_model: Path, tmp_path: Path) -> None:
    path = gguf.without_template(small_model, tmp_path / "model.gguf")
    assert "has no chat template" in refusal("--model", str(path))


def test_a_draft_of_another_vocabulary(refusal: Refusal, small_model: Path, tmp_path: Path) -> None:
    path = gguf.with_other_token(small_model, tmp_path / "draft.gguf", 40_000, "haberdashery")
    assert "choose a draft with the same vocabulary" in refusal("--draft", str(path))


def test_a_context_larger_than_memory(refusal: Refusal, small_model: Path, tmp_path: Path) -> None:
    path = gguf.with_train_context(small_model, tmp_path / "model.gguf", 100_000_000)
    line = refusal("--model", str(path), "--context", "100000000")
    assert "--context" in line
    assert "--chats" in line


def test_a_port_in_use(refusal: Refusal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refusal("--port", port)
    assert port in line
    assert "--port" in line


def test_an_unreachable_redis(refusal: Refusal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    line = refusal("--redis-url", f"redis://:sk-secret@127.0.0.1:{port}")
    assert "--redis-url" in line
    assert "sk-secret" not in line


@pytest.mark.parametrize(
    "feed", ["", "id\ttitle\tprice\n", "id\ttitle\tprice\n1\tCoat\tdear\n2\t\t10.00 EUR\n", "\x00\x01"]
)
def test_a_feed_without_a_usable_row(refusal: Refusal, tmp_path: Path, feed: str) -> None:
    path = tmp_path / "feed.tsv"
    path.write_text(feed)
    assert str(path) in refusal("--catalog", str(path))


def test_a_missing_house(refusal: Refusal, tmp_path: Path) -> None:
    assert "--house" in refusal("--house", str(tmp_path / "none"))


def test_a_state_directory_that_cannot_be(refusal: Refusal, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "--state-dir" in refusal("--state-dir", str(tmp_path / "file" / "state"))


def test_beyond_loopback_without_keys(refusal: Refusal) -> None:
    assert "CONCIERGE_API_KEYS" in refusal("--host", "0.0.0.0")


def test_a_host_that_is_not_here(refusal: Refusal) -> None:
    assert "--host" in refusal("--host", "192.0.2.1", env={"CONCIERGE_API_KEYS": "sk-secret"})


def test_a_wrong_setting(refusal: Refusal, tmp_path: Path) -> None:
    config = tmp_path / "shop.toml"
    config.write_text("chatz = 8")
    assert "did you mean chats?" in refusal("--config", str(config))
