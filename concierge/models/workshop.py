"""Makes formats of one model and measures them, each in a process of its own (`worker.py`)."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from concierge.models.formats import FORMATS, SOURCE, Format
from concierge.models.offload import WorkerError, offload
from concierge.models.progress import Steps
from concierge.models.record import Machine, Measured, Record, choice
from concierge.models.shelf import Shelf

BATCHES = {1, 8}  # chats at once that are always measured, so that other --chats lie in between

logger = logging.getLogger(__name__)


class NoRoom(Exception):
    """There is no disk space for a file; the message is a clause."""


class Workshop:
    """The formats of a shelf's source, made in `drawer` and measured on `machine`."""

    def __init__(self, shelf: Shelf, drawer: Path, machine: Machine, steps: Steps) -> None:
        self._shelf, self._drawer, self._machine, self._steps = shelf, drawer, machine, steps
        self._facts: dict[str, Any] = {}

    async def inspect(self) -> None:
        """Look at the source; comes before all else. Raises WorkerError if it is not a model."""
        self._facts = await offload("inspect", path=str(self._shelf.source))

    async def make(self, format: Format) -> Path:
        """The format's file, in the drawer. Raises NoRoom, WorkerError."""
        target = self._drawer / self._shelf.file(format.name).name
        if target.exists():
            return target
        self._steps.next(f"making {format.name}")
        needed, free = self._size(format), shutil.disk_usage(self._drawer).free
        if free < needed:
            raise NoRoom(f"{format.name} needs {needed >> 20} MiB of disk space and there are {free >> 20}")
        try:
            await offload(
                "quantize",
                source=str(self._shelf.source),
                target=str(target),
                file_type=format.name,
                threads=self._machine.threads,
            )
        except WorkerError as error:
            target.unlink(missing_ok=True)
            if "iostream" in str(error):  # all that llama.cpp says when it cannot write
                raise NoRoom(f"writing {format.name}, about {needed >> 20} MiB, broke off") from error
            raise
        return target

    async def compare(self, chats: int) -> Record:
        """Measure the source and its formats. Of those made, the file of the best stays in the drawer.

        Raises:
            NoRoom: for one of the formats.
            WorkerError: the source itself cannot be measured.
        """
        source, best = self._shelf.source, None
        formats = [format for format in FORMATS if format.name != self._facts["file_type"]]
        batches = sorted(BATCHES | {chats})
        self._steps.total = 1 + 2 * len(formats)
        measured = [Measured(format=SOURCE, **await self._measure(source, batches))]
        unfit: dict[str, str] = {}
        for format in formats:
            try:
                self._check_memory(format)
                path = await self.make(format)
                found = await self._measure(path, batches)
                measured.append(measured[0].beside(format.name, **found))
            except WorkerError as error:
                logger.info("%s is not possible here: %s", format.name, error)
                unfit[format.name] = str(error)
                continue
            worst = best if choice(measured, chats).format == format.name else path
            best = path if worst is not path else best
            if worst:
                worst.unlink()
        return Record(
            source=source.name,
            sha256=self._shelf.sha256,
            machine=self._machine,
            formats=tuple(measured),
            unfit=unfit,
        )

    def _size(self, format: Format) -> int:
        """Bytes that the format's file takes, about."""
        return int(self._facts["parameters"] * format.bits / 8)

    def _check_memory(self, format: Format) -> None:
        """Raises WorkerError for a format that would crowd out the KV cache and the rest of the machine."""
        size, memory = self._size(format), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if size > memory // 2:
            raise WorkerError(f"its {size >> 20} MiB are more than half of this machine's memory")

    async def _measure(self, path: Path, batches: list[int]) -> dict[str, Any]:
        """See `measuring.measure`. The source comes first."""
        self._steps.next(f"measuring {path.name}")
        return await offload(
            "measure",
            path=str(path),
            source=str(self._shelf.source),
            foretold=str(self._drawer / "source.npz"),
            gpu_layers=self._machine.gpu_layers,
            threads=self._machine.threads,
            batches=batches,
        )
