"""`concierge chat` as people run it, against the real server."""

import codecs
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.client.proxy import Proxy

COMMAND = [str(Path(sys.executable).with_name("concierge")), "chat"]
LONG = "Hello, tell me everything that you can do for me, in many words."


def chat(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND + list(arguments),
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        timeout=180,
    )


def session_of(stderr: str) -> str:
    found = re.search(r"--session (sess_\S+)", stderr)
    assert found, stderr
    return found[1]


@pytest.fixture
def proxy(server: Any) -> Iterator[Proxy]:
    parts = urlsplit(server.url)
    proxy = Proxy(str(parts.hostname), int(parts.port or 80))
    yield proxy
    proxy.close()


def test_one_message_one_reply_with_its_products(server: Any) -> None:
    result = chat(server.url, "I need a wool coat.", "--stats")
    assert result.returncode == 0, result.stderr
    words, _, products = result.stdout.partition("•")
    assert words.strip()
    assert re.search(r"\d+\.\d\d [A-Z]{3}", products)
    assert "in stock" in products
    assert re.search(
        r"first words after \d+ ms, \d+ tokens at [\d.]+ a second, \d+ of \d+ prompt tokens cached",
        result.stderr,
    )


def test_a_message_from_standard_input(server: Any) -> None:
    result = chat(server.url, text="Good morning!\n")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_raw_events_are_json_lines(server: Any) -> None:
    result = chat(server.url, "Good morning!", "--raw")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    types = [event["type"] for event in events]
    assert types[0] == "session.created"
    assert types[-1] == "response.done"
    deltas = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    [done] = [event["text"] for event in events if event["type"] == "response.output_text.done"]
    assert deltas == done


def test_a_session_goes_on(server: Any) -> None:
    first = chat(server.url, "Good morning!")
    session = session_of(first.stderr)
    second = chat(server.url, "And now?", "--session", session, "--raw")
    assert second.returncode == 0, second.stderr
    assert session_of(second.stderr) == session
    items = [
        e["item"]
        for e in map(json.loads, second.stdout.splitlines())
        if e["type"] == "conversation.item.done"
    ]
    assert [item["role"] for item in items] == ["user", "assistant", "user", "assistant"]
    terminal = Terminal(server.url, "--session", session)
    terminal.wait_for(r"» Good morning![\s\S]+» And now\?[\s\S]+» $")
    terminal.type("\x04")
    assert terminal.exit_code() == 0


def test_nobody_there() -> None:
    result = chat("http://127.0.0.1:9", "Hello")
    assert result.returncode == 3
    assert re.fullmatch(r"concierge: No Concierge answers at http://127.0.0.1:9 .*\n", result.stderr)


def test_refused(server: Any) -> None:
    result = chat(server.url, "Hello", "--session", "sess_" + "0" * 32)
    assert result.returncode == 4
    assert result.stderr.count("\n") == 1
    assert "session" in result.stderr


@pytest.mark.parametrize("arguments", [["http://", "Hello"], ["ftp://shop", "Hello"], []])
def test_wrong_usage(arguments: list[str]) -> None:
    result = chat(*arguments)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1


class Terminal:
    """`concierge chat` in a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self.pid, self._screen = pty.fork()
        if not self.pid:
            os.execv(COMMAND[0], COMMAND + list(arguments))
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def wait_for(self, pattern: str, seconds: float = 120) -> re.Match[str]:
        """Read on until the pattern is on the screen; what came before it is forgotten."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < end, f"no {pattern!r} in {self.text!r}"
            self.text += self._read() or ""
        self.text = self.text[found.end() :]
        return found

    def exit_code(self) -> int:
        end = time.monotonic() + 60
        while self._read() is not None:
            assert time.monotonic() < end, "it does not end"
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> str | None:
        """What is new on the screen within a second; None at its end."""
        if not select.select([self._screen], [], [], 1)[0]:
            return ""
        try:
            return self._decoder.decode(os.read(self._screen, 4096))
        except OSError:  # Linux says so when the other end has closed
            return None


def test_a_conversation_in_a_terminal(server: Any) -> None:
    terminal = Terminal(server.url)
    terminal.wait_for("» ")
    terminal.type("Good morning!\r")
    terminal.wait_for(r"\n\S[^»]*» ")
    terminal.type("\x04")
    terminal.wait_for("--session sess_")
    assert terminal.exit_code() == 0


def test_the_first_interrupt_stops_a_reply_and_the_second_quits(server: Any) -> None:
    terminal = Terminal(server.url)
    terminal.wait_for("» ")
    terminal.type(LONG + "\r")
    terminal.wait_for(r"words\.\r\n\S")
    terminal.type("\x03")
    terminal.wait_for(r"\(stopped\)")
    terminal.wait_for("» ")
    time.sleep(0.5)  # Python's readline overlooks a signal between its prompt and its select()
    terminal.type("\x03")
    terminal.wait_for("--session sess_")
    assert terminal.exit_code() == 130


def test_an_interrupted_one_shot(server: Any) -> None:
    with subprocess.Popen(
        [*COMMAND, server.url, LONG, "--raw"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        for line in process.stdout:
            if json.loads(line)["type"] == "response.output_text.delta":
                break
        process.send_signal(signal.SIGINT)
        events = [json.loads(line) for line in process.stdout]
        remarks = process.stderr.read()
    assert process.returncode == 130
    assert events[-1]["response"]["status"] == "cancelled"
    assert "--session sess_" in remarks


def test_a_connection_lost_between_two_turns_is_taken_up_again(proxy: Proxy) -> None:
    terminal = Terminal(proxy.url)
    terminal.wait_for("» ")
    terminal.type("Good morning!\r")
    terminal.wait_for(r"\n\S[^»]*» ")
    proxy.cut()
    terminal.type("Are you there?\r")
    terminal.wait_for(r"Connection lost; reconnecting \.\.\.\r\n\S[^»]*» ")
    terminal.type("\x04")
    session = terminal.wait_for(r"--session (\S+)\s")[1]
    assert terminal.exit_code() == 0
    result = chat(proxy.url, "Thanks.", "--session", session, "--raw")
    items = [
        e["item"]
        for e in map(json.loads, result.stdout.splitlines())
        if e["type"] == "conversation.item.done"
    ]
    assert [item["role"] for item in items] == ["user", "assistant"] * 3  # nothing lost, nothing twice


def test_a_connection_lost_in_a_reply_keeps_what_was_said(proxy: Proxy) -> None:
    with subprocess.Popen(
        [*COMMAND, proxy.url, LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        said = process.stdout.read(5)
        proxy.cut()
        said += process.stdout.read()
        remarks = process.stderr.read()
    assert "Connection lost; reconnecting" in remarks
    assert proxy.connections == 2
    assert process.returncode == 1
    result = chat(proxy.url, "Thanks.", "--session", session_of(remarks), "--raw")
    items = [
        e["item"]
        for e in map(json.loads, result.stdout.splitlines())
        if e["type"] == "conversation.item.done"
    ]
    stored = items[1]["content"][0]["text"]
    assert items[1]["status"] == "incomplete"
    assert said.startswith(stored)


def test_a_server_that_does_not_come_back(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    from concierge.client import realtime

    monkeypatch.setattr(realtime, "WAITS", (0.0, 0.0))
    conversation = realtime.Conversation(proxy.url, key=None, session=None)
    proxy.close()
    conversation.say("Hello")
    with pytest.raises(realtime.CannotConnect, match="does not come back"):
        while conversation.receive():
            pass
