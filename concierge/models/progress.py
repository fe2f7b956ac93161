"""How far long work is, on standard error: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar

LINE_EVERY = 5.0  # seconds


class Progress:
    """A download: `with Progress("Fetching it", total) as progress: progress.show(bytes)`.

    The total may be unknown.
    """

    def __init__(self, label: str, total: int | None) -> None:
        self._label, self._total = label, total
        self._console = Console(stderr=True)
        self._bar: Bar | None = None
        self._shown = 0.0

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
            self._bar = Bar(*columns, TransferSpeedColumn(), TimeRemainingColumn(), console=self._console)
            self._task = self._bar.add_task(self._label, total=self._total)
            self._bar.start()
        return self

    def show(self, done: int) -> None:
        """Tell that `done` bytes have come."""
        if self._bar:
            self._bar.update(self._task, completed=min(done, self._total or done))
        elif not self._shown or time.monotonic() - self._shown >= LINE_EVERY:
            self._shown = time.monotonic()
            of = f" of {self._total / 1e6:.0f}" if self._total else ""
            self._console.print(f"{self._label}: {done / 1e6:.0f}{of} MB", highlight=False, soft_wrap=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()


class Steps:
    """Work in steps: `with Steps("Preparing it") as steps: steps.next("measuring")`.

    Attributes:
        total: how many there will be, as far as is known.
    """

    def __init__(self, label: str) -> None:
        self._label, self._step, self.total = label, 0, 1
        self._console = Console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task(label, total=1)

    def __enter__(self) -> Steps:
        self._bar.start()
        return self

    def next(self, name: str) -> None:
        """Tell that this step begins, and the one before it is done."""
        label = f"{self._label}: {name}"
        self._bar.update(self._task, completed=self._step, total=self.total, description=label)
        self._step += 1
        if self._bar.disable:
            line = f"{label} ({self._step} of {self.total})"
            self._console.print(line, highlight=False, soft_wrap=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._bar.update(self._task, completed=self.total)
        self._bar.stop()
