"""The formats that a model's weights can be brought into."""

from __future__ import annotations

from dataclasses import dataclass

AUTO, SOURCE = "auto", "source"  # the fastest as measured here; the file as it is


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write weights down.

    Attributes:
        name: what `--format` and llama.cpp call it.
        bits: that a weight takes, about.
    """

    name: str
    bits: float


FORMATS = (
    Format("BF16", 16.5),
    Format("F16", 16.5),
    Format("Q8_0", 9),
    Format("Q4_K_M", 6.5),
    Format("Q4_0", 5.5),
    Format("IQ4_NL", 5.5),
)


def named(name: str) -> Format:
    """The format that `--format` calls so."""
    return next(format for format in FORMATS if format.name == name)
