"""`concierge prepare`: the work, and what it found as a table."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table

from concierge.models.prepare import Prepared, Wanted, adapt, prepare
from concierge.models.record import BUDGET, PROMPT, REPLY, Machine, Record, choice
from concierge.models.resolve import resolve, resolve_adapter


def run(
    model: str,
    adapter: str,
    cache_dir: Path,
    format: str,
    chats: int,
    threads: int,
    gpu_layers: int | Literal["auto"],
    *,
    again: bool,
) -> int:
    """Prepare a model and print the outcome. Returns an exit code. Raises UserError."""
    source, lora = resolve(model, cache_dir), resolve_adapter(adapter, model)
    wanted = Wanted(format, chats, Machine.here(threads, gpu_layers))

    async def work() -> Prepared:
        base = await adapt(source, lora, cache_dir) if lora else source
        return await prepare(base, cache_dir, wanted, again=again)

    try:
        prepared = asyncio.run(work())
    except KeyboardInterrupt:
        return 130
    _print(prepared, chats)
    return 0


def _print(prepared: Prepared, chats: int) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if prepared.record:
        console.print(_table(prepared.record, chats))
        console.print(
            f"A turn is {PROMPT} tokens of prompt and {REPLY} of reply while {chats} chats are busy. "
            f"Served is the cheapest that is at most {BUDGET:.0%} worse: so much its perplexity exceeds the "
            "file's own, on what the file itself would reply. It is exp(KL) - 1; KL is in nats a token."
        )
        for format, reason in prepared.record.unfit.items():
            console.print(f"{format} is not possible here: {reason}.")
    if prepared.found:
        console.print("Prepared before; --again would measure anew.")
    console.print(str(prepared.path))


def _table(record: Record, chats: int) -> Table:
    """Prefill, and decoding for so many chats, in tokens a second; the chosen format in bold."""
    table = Table(box=box.MARKDOWN)
    batches = sorted({1, chats})
    chats_each = ("1 chat" if n == 1 else f"{n} chats" for n in batches)
    headings = ["format", "MB", "prefill", *chats_each, "turn", "KL", "worse"]
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "format" else "right")
    best = choice(record.formats, chats)
    for measured in record.formats:
        table.add_row(
            f"**{measured.format}**" if measured is best else measured.format,
            f"{measured.size / 1e6:.0f}",
            f"{measured.prefill:.0f}",
            *(f"{n / measured.step(n):.0f}" for n in batches),
            f"{1000 * measured.turn(chats):.0f} ms",
            f"{measured.divergence:.4f}",
            f"{measured.worse:.1%}",
        )
    return table
