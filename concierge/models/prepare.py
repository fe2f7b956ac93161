"""`--model` in the format that is fastest on this machine: chosen by measuring, made once, and kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from concierge.errors import UserError
from concierge.models.formats import AUTO, SOURCE, named
from concierge.models.offload import WorkerError, offload
from concierge.models.progress import Steps
from concierge.models.record import Machine, Record, choice
from concierge.models.shelf import Shelf
from concierge.models.workshop import NoRoom, Workshop


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to prepare for.

    Attributes:
        format: a format's name, `source` (the file as it is), or `auto`: the one whose turns are cheapest
            among those within the budget of perplexity.
        chats: how many are decoded at once.
    """

    format: str
    chats: int
    machine: Machine


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file to serve.

    Attributes:
        record: what was measured, if that is what the choice stands on.
        found: whether nothing had to be done.
    """

    path: Path
    record: Record | None = None
    found: bool = False


async def prepare(
    source: Path,
    cache_dir: Path,
    wanted: Wanted,
    *,
    again: bool = False,
    before: Callable[[], Awaitable[object]] | None = None,
) -> Prepared:
    """The file to serve in place of the GGUF `source`. A first time takes a minute, or many if it is large.

    Any number of processes may ask at once; one works and the others wait for it. Cancelled or killed, it
    leaves no unfinished file where it would be found.

    Args:
        again: measure and make anew what is there already.
        before: awaited before the work begins; for what would compete with it.

    Raises:
        UserError: it cannot be made, measured or stored; says why and what to do.
    """
    if wanted.format == SOURCE:
        return Prepared(source)
    try:
        shelf = await Shelf.of(source, cache_dir)
        if not again and (found := _find(shelf, wanted)):
            return found
        if before:
            await before()
        async with shelf.lock():
            if not again and (found := _find(shelf, wanted)):
                return found
            with shelf.drawer() as drawer:
                return await _work(shelf, drawer, wanted, again)
    except (OSError, NoRoom) as error:
        raise UserError(
            f"Cannot prepare {source.name} ({error}); make room in {cache_dir}, which CONCIERGE_CACHE_DIR "
            f"moves, or give --format source."
        ) from error
    except WorkerError as error:
        raise UserError(f"Cannot prepare {source.name}: {error}.") from error


async def adapt(source: Path, adapter: Path, cache_dir: Path) -> Path:
    """The GGUF `source` with a LoRA adapter merged into it: F16 where that changes it. Made once, and kept.

    Raises UserError: the adapter is for another base, or the file cannot be made or stored.
    """
    try:
        shelf = await Shelf.of(source, cache_dir)
        lora = await Shelf.of(adapter, cache_dir)  # for its hash, which is kept while the file stays as it is
        target = shelf.file(f"{adapter.stem}-{lora.sha256[:8]}")
        if target.is_file():
            return target
        async with shelf.lock():
            if target.is_file():
                return target
            with shelf.drawer() as drawer, Steps(f"Merging {adapter.name} into {source.name}") as steps:
                steps.next("merging")
                draft = drawer / target.name
                files = {"source": str(source), "adapter": str(adapter), "target": str(draft)}
                await offload("merge", **files, sha256=shelf.sha256)
                await shelf.put(draft, target)
    except OSError as error:
        raise UserError(
            f"Cannot merge {adapter.name} into {source.name} ({error}); make room in {cache_dir}, which "
            "CONCIERGE_CACHE_DIR moves, or give --adapter none."
        ) from error
    except WorkerError as error:
        raise UserError(f"{error}.") from error
    return target


def _find(shelf: Shelf, wanted: Wanted) -> Prepared | None:
    """What was prepared before, if it is all there."""
    record, format = None, wanted.format
    if format == AUTO:
        record = shelf.read(wanted.machine, wanted.chats)
        if record is None:
            return None
        format = choice(record.formats, wanted.chats).format
    path = shelf.file(format)
    return Prepared(path, record, found=True) if path.is_file() else None


async def _work(shelf: Shelf, drawer: Path, wanted: Wanted, again: bool) -> Prepared:
    with Steps(f"Preparing {shelf.source.name}") as steps:
        workshop = Workshop(shelf, drawer, wanted.machine, steps)
        await workshop.inspect()
        record, format = None, wanted.format
        if format == AUTO:
            record = None if again else shelf.read(wanted.machine, wanted.chats)
            record = record or await workshop.compare(wanted.chats)
            format = choice(record.formats, wanted.chats).format
        if format != SOURCE:
            await shelf.put(await workshop.make(named(format)), shelf.file(format))
    if record:
        draft = drawer / "record.json"
        draft.write_text(record.model_dump_json(indent=2), "utf-8")
        await shelf.put(draft, shelf.record(wanted.machine))
    return Prepared(shelf.file(format), record)
