"""`--model` in all its forms. The hub is a server on this machine that answers as the hub's API says."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from concierge.errors import UserError
from concierge.models import resolve

GGUF = b"GGUF" + bytes(1000)


def test_a_path(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(GGUF)
    assert resolve(str(path), tmp_path) == path


def test_a_path_from_here_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.gguf").write_bytes(GGUF)
    monkeypatch.chdir(tmp_path)
    assert resolve("model.gguf", tmp_path) == tmp_path / "model.gguf"


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04" + bytes(100), b"<html>Not found</html>"])
def test_not_a_gguf(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"--model .*model\.gguf: not a GGUF file"):
        resolve(str(path), tmp_path)


@pytest.mark.parametrize("spec", ["missing.gguf", ".", "hf://owner/file.gguf", "hf://owner/repo/file.bin"])
def test_no_such_thing(spec: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--model") as raised:
        resolve(spec, tmp_path)
    assert "\n" not in str(raised.value)
    with pytest.raises(UserError, match="--draft"):
        resolve(spec, tmp_path, "--draft")


def test_small_is_healed(small_model: Path, tmp_path: Path) -> None:
    damaged = tmp_path / small_model.parent.name / small_model.name
    damaged.parent.mkdir()
    content = bytearray(small_model.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    assert resolve("small", tmp_path) == damaged
    with damaged.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    assert digest == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


class Hub(BaseHTTPRequestHandler):
    """The hub's `resolve` route: one file, and the refusals it can give, by the repository's name."""

    def do_HEAD(self) -> None:
        repo, file = self.path.split("/")[2], self.path.rpartition("/")[2]
        refusals = {"gated": (403, "GatedRepo"), "private": (401, "RepoNotFound"), "broken": (400, "")}
        status, code = refusals.get(repo, (200, "") if file == "model.gguf" else (404, "EntryNotFound"))
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("ETag", f'"{hashlib.sha1(GGUF).hexdigest()}"')
        self.send_header("Content-Length", str(len(GGUF) if status == 200 else 0))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(GGUF)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def resolve_from(spec: str, home: Path, **environment: str) -> str:
    """What `resolve` returns or raises, in a process of its own: the hub's settings are read at import."""
    script = """
import sys
from pathlib import Path
from concierge.errors import UserError
from concierge.models import resolve
try:
    print(resolve(sys.argv[1], Path()))
except UserError as error:
    print(error)
"""
    result = subprocess.run(
        [sys.executable, "-c", script, spec],
        env=os.environ | {"HF_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return result.stdout.removesuffix("\n")


def test_the_hub(hub: str, tmp_path: Path) -> None:
    path = Path(resolve_from("hf://owner/repo/model.gguf", tmp_path, HF_ENDPOINT=hub))
    assert path.read_bytes() == GGUF
    assert path.is_relative_to(tmp_path)
    again = resolve_from("hf://owner/repo/model.gguf", tmp_path, HF_ENDPOINT=hub, HF_HUB_OFFLINE="1")
    assert Path(again) == path


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("hf://owner/gated/model.gguf", "gated is gated: accept its licence on the hub and set HF_TOKEN"),
        ("hf://owner/private/model.gguf", "the hub has no repository owner/private"),
        ("hf://owner/repo/other.gguf", "owner/repo has no file other.gguf"),
        ("hf://owner/broken/model.gguf", "the hub cannot be reached"),
        ("hf://owner/-/model.gguf", "the hub says: "),
    ],
)
def test_what_the_hub_refuses_is_said_in_one_line(hub: str, tmp_path: Path, spec: str, reason: str) -> None:
    message = resolve_from(spec, tmp_path, HF_ENDPOINT=hub)
    assert message.startswith(f"--model {spec}: ")
    assert reason in message
    assert "\n" not in message


def test_without_a_network(tmp_path: Path) -> None:
    message = resolve_from("hf://owner/repo/model.gguf", tmp_path, HF_HUB_OFFLINE="1")
    assert "cannot be reached" in message
