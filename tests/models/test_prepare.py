"""Formats of the real model, made and measured by real processes that are killed and starved."""

import glob
import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from concierge.engine.llama import Model
from concierge.errors import UserError
from concierge.models import Machine, Wanted, prepare, workshop
from concierge.models.formats import named
from concierge.models.record import BUDGET, Record, choice
from concierge.models.shelf import Shelf
from tests import gguf, servers
from tests.servers import CONCIERGE, running

NAME = "SmolLM2-135M-Instruct"
HERE = Machine.here(0, "auto")


def start(cache: Path, source: Path, *arguments: str, limit: int = 0) -> subprocess.Popen[str]:
    """`concierge prepare`; `limit` is the largest file in bytes that it may write, 0 for any."""

    def before() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # which tests that run in the background have ignored
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [CONCIERGE, "prepare", "--model", source, *arguments],
        env=os.environ | {"CONCIERGE_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
    )


def unfinished(cache: Path) -> list[Path]:
    return list((cache / "formats").glob("*/.prepare-*"))


def being_made(cache: Path) -> list[str]:
    """Models that a process is writing now; `glob`, as pathlib's raises where a folder ends meanwhile."""
    return glob.glob("*/.prepare-*/*.gguf", root_dir=cache / "formats")


def models(cache: Path) -> list[str]:
    """Names of the models that would be found."""
    return [path.name for path in (cache / "formats").glob("*/*.gguf")]


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


async def test_a_format_is_made_once(small_model: Path, tmp_path: Path) -> None:
    wanted = Wanted("Q4_0", 8, HERE)
    first = await prepare(small_model, tmp_path, wanted)
    made = first.path.stat().st_mtime_ns
    assert first.path.name == f"{NAME}.Q4_0.gguf"
    assert Model(first.path, 0, weights=False).file_type == "Q4_0"
    again = await prepare(small_model, tmp_path, wanted)
    assert (again.path, again.found) == (first.path, True)
    assert again.path.stat().st_mtime_ns == made
    assert not unfinished(tmp_path)
    assert (await prepare(small_model, tmp_path, Wanted("source", 8, HERE))).path == small_model


async def test_what_is_prepared_belongs_to_the_content(small_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(small_model.read_bytes())
    original, copy = await Shelf.of(small_model, tmp_path), await Shelf.of(path, tmp_path)
    assert (
        copy.sha256 == original.sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    )
    gguf.with_train_context(small_model, path, 4096)
    changed = await Shelf.of(path, tmp_path)
    assert changed.directory != original.directory


async def test_the_fastest_within_the_budget_is_measured_chosen_and_kept(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(workshop, "FORMATS", (named("Q8_0"), named("Q4_0")))
    auto = Wanted("auto", 2, HERE)
    prepared = await prepare(small_model, tmp_path, auto)
    record = prepared.record
    assert record
    assert [f.format for f in record.formats] == ["source", "Q8_0", "Q4_0"]
    assert all(set(f.decode) == {1, 2, 8} for f in record.formats)
    source, q8, q4 = record.formats
    assert source.worse == source.standard_error == 0
    assert 0 < q8.worse < BUDGET
    assert BUDGET < q4.worse < 1  # four bits rounded to four other bits
    best = choice(record.formats, 2).format
    assert best != "Q4_0"
    assert models(tmp_path) == ([] if best == "source" else [f"{NAME}.{best}.gguf"])
    assert not unfinished(tmp_path)
    assert "measuring" in capfd.readouterr().err

    (stored,) = tmp_path.rglob("*.json")
    assert Record.read(stored) == record
    for chats in (1, 2, 8):  # all lie within what was measured
        assert (await prepare(small_model, tmp_path, Wanted("auto", chats, HERE))).record == record


async def test_a_record_of_an_older_kind_is_measured_anew(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workshop, "FORMATS", ())  # the source alone
    wanted = Wanted("auto", 1, HERE)
    record = (await prepare(small_model, tmp_path, wanted)).record
    assert record
    (stored,) = tmp_path.rglob("*.json")
    assert (await prepare(small_model, tmp_path, wanted)).found
    older = record.model_dump(mode="json")
    for measured in older["formats"]:
        measured["worse"] = measured.pop("divergence")
    stored.write_text(json.dumps(older))
    prepared = await prepare(small_model, tmp_path, wanted)
    assert not prepared.found
    assert Record.read(stored) == prepared.record != record


async def test_a_model_that_cannot_chat(small_model: Path, tmp_path: Path) -> None:
    path = gguf.without_template(small_model, tmp_path / "model.gguf")
    with pytest.raises(UserError, match="has no chat template"):
        await prepare(path, tmp_path, Wanted("auto", 1, HERE))
    template = {"tokenizer.chat_template": lambda _: "{{ raise_exception('never') }}"}
    gguf.rewritten(small_model, path, template)
    with pytest.raises(UserError, match="refuses this chat: never"):
        await prepare(path, tmp_path, Wanted("auto", 1, HERE))


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_one_leaves_no_model_and_no_process(
    small_model: Path, tmp_path: Path, signum: signal.Signals
) -> None:
    with start(tmp_path, small_model, "--format", "IQ4_NL") as process:
        until(lambda: being_made(tmp_path), "nothing is made")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert children
        process.send_signal(signum)
        assert process.wait(10) == (130 if signum == signal.SIGINT else -signum)
    until(lambda: not any(Path(f"/proc/{child}").exists() for child in children), "the worker lives on")
    assert not models(tmp_path)
    assert not (signum == signal.SIGINT and unfinished(tmp_path))
    with start(tmp_path, small_model, "--format", "Q4_0") as process:
        output, _ = process.communicate(timeout=60)
    assert Path(output.strip()).name == f"{NAME}.Q4_0.gguf"
    assert not unfinished(tmp_path)


def test_of_many_processes_one_works(small_model: Path, tmp_path: Path) -> None:
    processes = [start(tmp_path, small_model, "--format", "Q4_0") for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert len({lines[-1] for lines in outputs}) == 1
    assert sum("Prepared before" in lines[0] for lines in outputs) == 2


@pytest.mark.parametrize("limit", [1_000_000, 60_000_000])
def test_a_full_disk(small_model: Path, tmp_path: Path, limit: int) -> None:
    with start(tmp_path, small_model, "--format", "Q4_0", limit=limit) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    line = errors.splitlines()[-1]
    assert line.startswith(f"concierge: Cannot prepare {small_model.name} (writing Q4_0, about 8")
    assert "CONCIERGE_CACHE_DIR" in line
    assert not models(tmp_path)
    assert not unfinished(tmp_path)


async def test_a_file_that_is_no_model(small_model: Path, tmp_path: Path) -> None:
    path = gguf.truncated(small_model, tmp_path / "model.gguf", 1_000_000)
    with pytest.raises(UserError, match="choose another --model"):
        await prepare(path, tmp_path, Wanted("Q4_0", 8, HERE))


def test_serving_a_format(small_model: Path, tmp_path: Path) -> None:
    with running(small_model, tmp_path, format="Q4_0") as server:
        assert httpx.get(f"{server.api}/models").json()["data"][0]["id"] == f"{NAME}.Q4_0"
        assert f"{NAME}.Q4_0.gguf" in server.log.read_text()


@pytest.fixture
def bare_cache(small_model: Path, tmp_path: Path) -> Path:
    """A cache directory with all that a server needs, and nothing prepared."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for shared in small_model.parent.parent.iterdir():
        if shared.name != "formats":
            (cache / shared.name).symlink_to(shared)
    return cache


def test_where_nothing_can_be_prepared_the_file_is_served_as_it_is(
    small_model: Path, bare_cache: Path, tmp_path: Path
) -> None:
    (bare_cache / "formats").touch()
    with running(small_model, tmp_path / "state", format="auto", cache_dir=bare_cache) as server:
        assert httpx.get(f"{server.api}/models").json()["data"][0]["id"] == small_model.stem
        assert "Cannot prepare" in server.log.read_text()


def test_a_server_that_is_told_to_end_while_it_prepares_ends_cleanly(
    small_model: Path, bare_cache: Path, tmp_path: Path
) -> None:
    process, log = servers.start(small_model, tmp_path / "state", format="IQ4_NL", cache_dir=bare_cache)
    until(lambda: being_made(bare_cache), "nothing is made")
    started = time.monotonic()
    assert servers.stop(process) == 0
    assert time.monotonic() - started < 3
    assert not models(bare_cache)
    assert not unfinished(bare_cache)
    assert "making IQ4_NL" in log.read_text()
