"""Where the formats of a source file are kept: `<cache>/formats/<content>/`."""

from __future__ import annotations

import asyncio
import glob
import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from concierge.models.formats import SOURCE
from concierge.models.offload import offload
from concierge.models.record import Machine, Record

_FORMAT = re.compile(r"[.-](I?Q\d\w*|B?F16|F32)$", re.IGNORECASE)  # as makers end their files' names
_PART = re.compile(r"-(\d{5})-of-(\d{5})$")  # llama.cpp's end of the name of one piece of a GGUF

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The files made of one source, and a record for each machine that measured them.

    A file is written in `drawer` and put in place when it is whole, by whoever holds the `lock`.

    Attributes:
        sha256: of the source's content.
    """

    source: Path
    sha256: str
    directory: Path

    @classmethod
    async def of(cls, source: Path, cache_dir: Path) -> Shelf:
        """Reads the whole source, but only if it has changed since. Raises OSError, WorkerError."""
        directory = cache_dir / "formats"
        note = _note(source, directory)
        sha256 = _noted(note)
        if sha256 is None:
            found = await offload("digest", paths=[str(part) for part in _parts(source)])
            sha256 = str(found["sha256"])
            _jot(note, sha256)
        return cls(source, sha256, directory / sha256[:16])

    def file(self, format: str) -> Path:
        return self.source if format == SOURCE else self.directory / f"{self._name}.{format}.gguf"

    def record(self, machine: Machine) -> Path:
        return self.directory / f"{self._name}.{machine.key}.json"

    def read(self, machine: Machine, chats: int) -> Record | None:
        """What was measured on the machine, if that tells the cost of so many chats."""
        record = Record.read(self.record(machine))
        return record if record and record.covers(chats) else None

    @property
    def _name(self) -> str:
        return _FORMAT.sub("", _PART.sub("", self.source.stem))

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """The right to write here; other processes wait for theirs."""
        self.directory.mkdir(parents=True, exist_ok=True)
        lock, waiting = FileLock(self.directory / ".lock"), False
        while not lock.is_locked:
            try:
                lock.acquire(timeout=0)
            except Timeout:
                if not waiting:
                    logger.info("Waiting for another process that prepares %s", self.source.name)
                waiting = True
                await asyncio.sleep(0.2)
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def drawer(self) -> Iterator[Path]:
        """A directory for what is not finished, gone at the end; what a killed process left goes too."""
        for leftover in self.directory.glob(".prepare-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=".prepare-", dir=self.directory) as drawer:
            yield Path(drawer)

    async def put(self, path: Path, target: Path) -> None:
        """Move a finished file out of the drawer, durably."""
        await asyncio.to_thread(_sync, path)
        os.replace(path, target)
        _sync(self.directory)


def _note(source: Path, directory: Path) -> Path:
    """Where the hash of a file is kept for as long as its name, size, time and inode stay."""
    status = source.stat()
    identity = f"{source} {status.st_size} {status.st_mtime_ns} {status.st_ino}"
    return directory / f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}.sha256"


def _noted(note: Path) -> str | None:
    try:
        text = note.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return text if re.fullmatch(r"[0-9a-f]{64}", text) else None


def _jot(note: Path, sha256: str) -> None:
    note.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=note.parent) as drawer:
        draft = Path(drawer) / note.name
        draft.write_text(sha256, "utf-8")
        os.replace(draft, note)


def _parts(source: Path) -> list[Path]:
    """All pieces of a split GGUF, of which `source` is the first."""
    piece = _PART.search(source.stem)
    if not piece:
        return [source]
    stem = glob.escape(source.stem[: piece.start()])
    return sorted(source.parent.glob(f"{stem}-*-of-{piece[2]}{source.suffix}"))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
