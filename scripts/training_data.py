"""Makes chats to teach a small model to be a concierge.

    python scripts/training_data.py --examples 6000 --output build/training/train.jsonl
    python scripts/training_data.py --examples 200 --held-out --output build/training/held-out.jsonl
    python scripts/training_data.py --examples 60 --show      # read them before you trust them

A line of the output is a chat of one to four turns:

    {"messages": [{"role": "system", "content": ...}, ...], "train": [2, 4], "tags": ["garment", "size"]}

`messages` are what the stylist would send to the engine, made by its own `prompt.py`: the house's voice,
then [Pieces], [Facts] and [Note] before each of the shopper's messages. `train` names the messages to
learn from, the replies. `tags` name the kinds of the turns.

Every chat has a house of its own (name, voice, rules, facts, currency, prices), and no piece's name comes
twice, so that nothing can be learnt by heart but how to read the prompt. The held-out set is of other words,
which training never sees: names, colors, occasions, details and phrases marked with ~ in
scripts/training/text. To teach more, add lines there; no code has to change. Each reply is checked before it
is written (names, numbers, currency and colors must stand in its prompt); the first bad one ends the run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from training.checks import BadReply
from training.director import Example, examples
from training.statistics import summary


def main() -> int:
    arguments = _arguments()
    begin, made = time.monotonic(), []
    try:
        for example in examples(arguments.examples, arguments.seed, held_out=arguments.held_out):
            made.append(example)
            if len(made) % 500 == 0 and sys.stderr.isatty():
                print(f"\r{len(made)} of {arguments.examples}", end="", file=sys.stderr, flush=True)
    except BadReply as error:
        print(f"training_data: chat {len(made)} has a bad reply: {error}", file=sys.stderr)
        return 1
    if arguments.output:
        _write(made, arguments.output)
        seconds = time.monotonic() - begin
        print(f"{len(made)} chats in {arguments.output}, made in {seconds:.1f} s", file=sys.stderr)
    if arguments.show:
        print("\n\n".join(_readable(example) for example in made))
    if arguments.stats:
        print(summary(made))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="training_data", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=6000, metavar="N", help="how many chats (6000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed, the same chats (1)")
    parser.add_argument("--output", type=Path, metavar="FILE.jsonl", help="where to write them")
    parser.add_argument("--held-out", action="store_true", help="of the words kept from training")
    parser.add_argument("--show", action="store_true", help="print the chats to be read")
    parser.add_argument("--stats", action="store_true", help="print counts, lengths and distinct shares")
    arguments = parser.parse_args()
    if not (arguments.output or arguments.show or arguments.stats):
        parser.error("nothing to do: give --output FILE.jsonl, --show or --stats")
    return arguments


def _write(made: list[Example], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in made:
            file.write(json.dumps(example.as_json(), ensure_ascii=False) + "\n")


def _readable(example: Example) -> str:
    """A chat without the house's facts."""
    lines = [f"=== {' '.join(example.tags)}", example.messages[0]["content"].split("\n")[0]]
    lines += [f"{m['role'][0].upper()}: {m['content']}" for m in example.messages[1:]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
