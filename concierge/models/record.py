"""What was measured of a model's formats on one machine, and the choice that follows."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from concierge.models.formats import FORMATS

PROMPT, REPLY = 230, 60  # tokens a turn prefills and decodes: docs/benchmarks.md, "Through the wire"
BUDGET = 0.03  # of the source's perplexity on what it would itself say, that a format may add to it
CHATS = Path(__file__).with_name("chats.jsonl")  # whose replies are foretold

Rate = Annotated[float, Field(gt=0)]  # tokens a second


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Machine(_Stored):
    """Where a measurement holds: what computes, what it was compiled for, and how much of it is used."""

    devices: tuple[str, ...]
    build: str
    kernels: str
    threads: int
    gpu_layers: int

    @classmethod
    def here(cls, threads: int, gpu_layers: int | Literal["auto"]) -> Machine:
        """This machine, used as the settings of these names say; 0 threads is one for each core."""
        from concierge.engine import kernels
        from concierge.engine.llama import build, devices, gpu_offload_supported

        if gpu_layers == "auto":
            gpu_layers = -1 if gpu_offload_supported() else 0
        threads = threads or os.cpu_count() or 1
        return cls(
            devices=tuple(devices()),
            build=build(),
            kernels=kernels.VERSION,
            threads=threads,
            gpu_layers=gpu_layers,
        )

    @property
    def key(self) -> str:
        """Names the machine, the formats that this version tries, and what it measures, on which chats."""
        measured = f"{list(Measured.model_fields)} {CHATS.read_text('utf-8')}"
        return hashlib.sha256(f"{self.model_dump_json()} {FORMATS} {measured}".encode()).hexdigest()[:12]


class Measured(_Stored):
    """One format's speed and quality.

    Attributes:
        format: its name; `source` is the file as it is.
        size: of the file, in bytes.
        prefill: tokens a second.
        decode: tokens a second of all chats together, by how many are decoded at once.
        perplexity: of the replies of the shipped chats.
        divergence: from what the source foretells there, D(source || format), in nats a token.
        standard_error: of the divergence.
    """

    format: str
    size: int
    prefill: Rate
    decode: dict[int, Rate]
    perplexity: float
    divergence: Annotated[float, Field(ge=0)] = 0.0
    standard_error: float = 0.0

    @property
    def worse(self) -> float:
        """By how much of it a format exceeds the source's perplexity, on what the source would itself say.

        That is what the divergence tells: the mean difference of their log-likelihoods there.
        """
        return math.expm1(self.divergence)

    def beside(self, format: str, *, prefill: float, decode: dict[str, float], **found: Any) -> Measured:
        """A format whose speeds were measured as multiples of this one's."""
        rates = {int(chats): times * self.decode[int(chats)] for chats, times in decode.items()}
        return Measured(format=format, prefill=prefill * self.prefill, decode=rates, **found)

    def step(self, chats: int) -> float:
        """Seconds of a step that decodes for so many chats; linear between those measured."""
        sizes = sorted(self.decode)
        return float(np.interp(chats, sizes, [size / self.decode[size] for size in sizes]))

    def turn(self, chats: int) -> float:
        """Seconds of computing that a typical turn costs while so many chats are busy."""
        return PROMPT / self.prefill + REPLY * self.step(chats) / chats


class Record(_Stored):
    """All that was measured of one source file on one machine.

    Attributes:
        source: name of the file, for people.
        sha256: of its content.
        formats: the source first.
        unfit: why formats that were tried are not among them, by name.
    """

    source: str
    sha256: str
    machine: Machine
    formats: tuple[Measured, ...] = Field(min_length=1)
    unfit: dict[str, str] = {}

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """None if there is none, or it is damaged."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None

    def covers(self, chats: int) -> bool:
        """Whether the cost of a turn among so many chats lies within what was measured."""
        return all(chats <= max(measured.decode) for measured in self.formats)


def choice(formats: Sequence[Measured], chats: int) -> Measured:
    """The one whose turns are cheapest among those within the budget, which the source always is."""
    return min((f for f in formats if f.worse <= BUDGET), key=lambda f: f.turn(chats))
