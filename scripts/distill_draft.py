"""Makes a draft model for speculative decoding out of the model that it drafts for.

    scripts/install train
    .venv/bin/python scripts/training_data.py --examples 6000 --output build/training/train.jsonl
    .venv/bin/python scripts/training_data.py --held-out --examples 200 --output build/training/held-out.jsonl
    .venv/bin/python scripts/distill_draft.py --minutes 60
    scripts/serve --draft build/draft/2-layers-4096-tokens.gguf

1. The target (--model, with --adapter merged in) answers the training chats in the engine as the stylist
   would have it; then llama.cpp tells what it might have said at each token. Kept in OUTPUT/teacher, so
   it is asked once. --replies data takes the data's replies instead, which saves the time of answering
   and fits a model that was taught on them.
2. A student is cut out of the target: --layers of its layers, --width channels, and the --vocabulary
   tokens that it says most. The draft model then reads other tokens as the nearest of those and cannot
   propose them; n-gram drafting, which goes on beside it, can.
3. All its weights are trained: KL to the target's logits at the stylist's temperature, where the target
   replies.
4. It is written as OUTPUT/NAME.gguf, run in llama.cpp on held-out chats, and timed. What it would gain is
   worked out by the engine's own controller from these figures; scripts/measure_speculation.py then
   measures it.

Several values of --layers, --width and --vocabulary make a student of each combination, each with the
whole of --minutes or --steps, and OUTPUT/frontier.md and .json hold them side by side. Ctrl-C is safe at
any time: the same command goes on from where it was. With --steps, the same seed gives the same students
on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import torch
from training import command
from training.distilling import Distilling, shown
from training.draft_gguf import write_draft
from training.forecast import Measured, Shop, measured, step_seconds
from training.model import load
from training.student import Cut, cut_out, evenly, frequent, translation
from training.teacher import Lesson, Teacher
from training.trainer import Trainer, origin

from concierge.engine import Message
from concierge.engine.llama import Model
from concierge.engine.speculation import Translation
from concierge.errors import UserError
from concierge.models import adapt, resolve, resolve_adapter
from concierge.paths import cache_dir
from concierge.stylist.stylist import SAMPLING

CHATS = (1, 4)  # at once, that the forecast is for
LARGEST = 13e6  # bytes of a draft that is shipped with the program


def main() -> int:
    arguments = _arguments()
    return command.safely("distill_draft", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    target = _target(arguments)
    asked = Teacher(
        target, arguments.output / "teacher", own=arguments.replies == "own", longest=arguments.longest
    )
    held_out = asked.lessons(_chats(arguments.held_out, arguments.judged), "held out")
    lessons = asked.lessons(_chats(arguments.data, arguments.chats), "training")
    if not lessons or not held_out:
        raise UserError(
            f"no chat of --data or --held-out fits into {arguments.longest} tokens; raise --longest."
        )
    told = sum(int(lesson.taught.sum()) for lesson in lessons)
    print(f"{len(lessons)} chats with {told} tokens of replies, {len(held_out)} held out", flush=True)
    del asked
    for cut in _cuts(arguments, target):
        distill(target, cut, lessons, held_out, arguments)
    _report(target, held_out, arguments)
    return 0


def distill(
    target: Path, cut: Cut, lessons: list[Lesson], held_out: list[Lesson], arguments: argparse.Namespace
) -> Path:
    """Cut, train and write a student; goes on where it was left."""
    output = arguments.output / f"{cut.name}.gguf"
    vocab = Model(target, 0, weights=False).vocab
    torch.manual_seed(arguments.seed)
    teacher = load(target)
    fewer = cut.vocabulary is not None and cut.vocabulary < vocab.size
    between = translation(teacher, frequent(lessons, cut.vocabulary, vocab)) if fewer else None
    student = cut_out(teacher, cut, between.tokens if between else None, lessons)
    del teacher
    print(
        f"\n{cut.name}: {sum(p.numel() for p in student.parameters()) / 1e6:.1f} million weights", flush=True
    )
    trainer = Trainer(
        Distilling(student, between, held_out, size=arguments.batch, temperature=arguments.temperature),
        command.plan(arguments),
        output.with_suffix(".checkpoint"),
        _origin(target, cut, lessons, between),
    )
    trainer.run(lessons)
    write_draft(student, target, output, between, cut.name)
    return output


def _origin(target: Path, cut: Cut, lessons: list[Lesson], between: Translation | None) -> str:
    kept = [between.tokens] if between else []
    name = f"a draft of {Model(target, 0, weights=False).fingerprint}: {cut}"
    return origin(name, [*kept, *(lesson.tokens for lesson in lessons)])


def _report(target: Path, held_out: list[Lesson], arguments: argparse.Namespace) -> None:
    """Run and time what was made, and write the frontier."""
    seconds = step_seconds(target)
    plain = {n: Shop(held_out, seconds, None, False).rate(n) for n in CHATS}
    rows = [_row("n-gram alone", None, None, held_out, seconds, plain)]
    for cut in _cuts(arguments, target):
        path = arguments.output / f"{cut.name}.gguf"
        rows.append(_row(cut.name, path, measured(path, held_out), held_out, seconds, plain))
    head = {"target": target.name, "step_ms": [1e3 * s for s in seconds], "tokens_per_second": plain}
    (arguments.output / "frontier.json").write_text(json.dumps(head | {"drafts": rows}, indent=1) + "\n")
    table = _table(rows)
    (arguments.output / "frontier.md").write_text(table)
    print("\n" + table, flush=True)


def _row(
    name: str,
    path: Path | None,
    model: Measured | None,
    held_out: list[Lesson],
    seconds: list[float],
    plain: dict[int, float],
) -> dict[str, object]:
    """A draft's figures; speed-ups are forecast, against no speculation."""

    def gain(ngram: bool) -> dict[int, float]:
        return {n: Shop(held_out, seconds, model, ngram).rate(n) / plain[n] for n in CHATS}

    row: dict[str, object] = {"name": name, "both" if model else "alone": gain(True)}
    if path and model:
        row |= {"alone": gain(False), "bytes": path.stat().st_size, "accepted": model.accepted}
        row["ms"] = {n: 1e3 * model.seconds[min(n, len(model.seconds)) - 1] for n in CHATS}
    return row


def _table(rows: list[dict[str, object]]) -> str:
    """Markdown: size, cost of a drafted token, acceptance, and the forecast speed-up for 1 and 4 chats."""
    head = [
        "draft",
        "MB",
        "ms a token, " + " / ".join(f"{n} chats" for n in CHATS).replace("1 chats", "1 chat"),
    ]
    head += ["accepted to the 1st, 2nd, 3rd, 4th token", "alone", "with n-gram"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        size = (
            f"{row['bytes'] / 1e6:.1f}" + (" (too large to ship)" if row["bytes"] > LARGEST else "")
            if "bytes" in row
            else ""
        )
        cells = [row["name"], size, _joined(row.get("ms")), shown(row.get("accepted", []))]
        lines.append("| " + " | ".join([*cells, _joined(row.get("alone")), _joined(row.get("both"))]) + " |")
    return "\n".join(lines) + "\n"


def _joined(values: dict[int, float] | None) -> str:
    return " / ".join(f"{value:.2f}" for value in values.values()) if values else ""


def _cuts(arguments: argparse.Namespace, target: Path) -> list[Cut]:
    """A student for each combination of what was asked for."""
    model = Model(target, 0, weights=False)
    blocks, channels = model.number("block_count", 0), model.number("embedding_length", 0)
    if max(arguments.width) > channels:
        raise UserError(f"{target.name} has {channels} channels; choose --width among them.")
    cuts = []
    for layers, width, tokens in itertools.product(arguments.layers, arguments.width, arguments.vocabulary):
        named = "," in layers
        chosen = tuple(map(int, layers.strip(",").split(","))) if named else evenly(int(layers), blocks)
        if max(chosen) >= blocks:
            raise UserError(f"{target.name} has the layers 0 to {blocks - 1}; choose --layers among them.")
        cuts.append(Cut(chosen, width or None, tokens or None, named))
    return cuts


def _target(arguments: argparse.Namespace) -> Path:
    base = resolve(arguments.model, cache_dir())
    adapter = resolve_adapter(arguments.adapter, arguments.model)
    return asyncio.run(adapt(base, adapter, cache_dir())) if adapter else base


def _chats(path: Path, count: int) -> list[list[Message]]:
    """The first chats of a file of scripts/training_data.py."""
    with path.open(encoding="utf-8") as lines:
        chats = (json.loads(line)["messages"] for line in itertools.islice(lines, count))
        return [[Message(m["role"], m["content"]) for m in chat] for chat in chats]


def _arguments() -> argparse.Namespace:
    parser = command.parser("distill_draft", __doc__, minutes=60, rate=1e-3, size=8192)
    add = parser.add_argument
    add(
        "--adapter", default="auto", help="LoRA in GGUF merged into it: a path, auto, or none (default: auto)"
    )
    add(
        "--output",
        type=Path,
        default=Path("build/draft"),
        help="folder of all that is made (default: %(default)s)",
    )
    add("--layers", nargs="+", default=["2"], help="how many, or which, as 0,15,29 (default: 2)")
    add("--width", nargs="+", type=int, default=[0], help="channels, by 32; 0 for all (default: 0)")
    add("--vocabulary", nargs="+", type=int, default=[4096], help="tokens; 0 for all (default: 4096)")
    add(
        "--replies",
        choices=("own", "data"),
        default="own",
        help="the target's own or the data's (default: own)",
    )
    add("--chats", type=int, default=3000, help="of the data that are used (default: 3000)")
    add("--judged", type=int, default=64, help="of the held-out (default: 64)")
    add(
        "--temperature",
        type=float,
        default=SAMPLING.temperature,
        help="of the teacher (default: the stylist's)",
    )
    arguments = command.parsed(parser)
    if bad := [width for width in arguments.width if width < 0 or width % 32]:
        parser.error(f"--width {bad[0]}: give a multiple of 32, or 0")
    if bad := [size for size in arguments.vocabulary if 0 < size < 512]:
        parser.error(f"--vocabulary {bad[0]}: give 512 at least, since single bytes are always in it, or 0")
    if bad := [n for n in arguments.layers if not n.replace(",", "").isdigit() or n == "0"]:
        parser.error(f"--layers {bad[0]}: give a number of layers, or which, as 0,15,29")
    arguments.output.mkdir(parents=True, exist_ok=True)
    return arguments


if __name__ == "__main__":
    sys.exit(main())
