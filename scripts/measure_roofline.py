"""Draws the limits: what this machine's memory and arithmetic allow, and where prefill and decode stand.

The roofline model (Williams et al. 2009, doi:10.1145/1498765.1498785): a step cannot take less
time than its bytes take to read, nor than its operations take to compute. Where products are of 8 bits
(matmul.c), four times as many are possible as in single precision; attention is always in that. Prints
Markdown tables, and with --plot writes a PNG (matplotlib is in the extra `compare`).

    .venv/bin/python scripts/measure_roofline.py [--model GGUF] [--rounds 5] [--plot FILE]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from crowd import CORES, HOUSE, Crowd, Parts

from concierge.engine import kernels
from concierge.engine.llama import Model, gpu_offload_supported
from concierge.models import resolve
from concierge.settings import Settings

OWN = 200  # tokens of context, each chat's own
CHATS = (1, 2, 4, 8, 16, 32)
EIGHT_BITS = 4  # VPDPBUSD multiplies 64 pairs where an instruction of single precision multiplies 16


@dataclass(frozen=True, slots=True)
class Machine:
    bandwidth: float  # bytes a second
    rate: float  # operations in single precision a second
    products: float  # operations with weights a second


@dataclass(frozen=True, slots=True)
class Work:
    """A step: its bytes, its operations with weights and in attention, and the seconds it took."""

    name: str
    tokens: int
    bytes: float
    products: float
    attention: float
    seconds: float

    @property
    def operations(self) -> float:
        return self.products + self.attention

    @property
    def intensity(self) -> float:
        """Operations a byte."""
        return self.operations / self.bytes

    def bounds(self, machine: Machine) -> tuple[float, str]:
        """(seconds that it takes at least, what takes them)."""
        arithmetic = self.products / machine.products + self.attention / machine.rate
        return max((self.bytes / machine.bandwidth, "memory"), (arithmetic, "arithmetic"))


def fastest(run: Callable[[], object], rounds: int) -> float:
    def once() -> float:
        started = time.perf_counter()
        run()
        return time.perf_counter() - started

    once()
    return min(once() for _ in range(rounds))


def measure_machine(rounds: int) -> Machine:
    """Reading memory with all cores, and multiplying matrices in single precision (numpy's BLAS).

    The rate of products is derived from that, for the model whose steps were measured before.
    """
    parts = [np.ones(64 << 20, np.float32) for _ in range(CORES)]
    with ThreadPoolExecutor(CORES) as pool:
        reading = fastest(lambda: list(pool.map(np.max, parts)), rounds)
    size = 2048
    a, b = np.ones((size, size), np.float32), np.ones((size, size), np.float32)
    multiplying = fastest(lambda: a @ b, rounds)
    rate = 2 * size**3 / multiplying
    products = rate * EIGHT_BITS if kernels.calls("matmul") else rate
    return Machine(sum(p.nbytes for p in parts) / reading, rate, products)


class Cost:
    """Bytes and operations of a batch, from the model's shape."""

    def __init__(self, model: Model) -> None:
        self.weights = model.bytes
        self.kv = model.kv_bytes_per_token
        head = model.number("attention.key_length", 0) or (
            model.number("embedding_length", 0) // model.number("attention.head_count", 1)
        )
        width = model.number("attention.head_count", 1) * head
        self.attention = 4 * model.number("block_count", 0) * width  # a token, for each cell it looks at
        self.output = model.vocab.size * model.number("embedding_length", 0)
        self.inner = model.parameters - self.output  # a tied embedding is multiplied with once: as the output

    def of(self, name: str, tokens: int, logits: int, seen: int, cells: int, seconds: float) -> Work:
        """`seen`: cells that each token looks at; `cells`: distinct ones that are read."""
        products, attention = 2 * (self.inner * tokens + self.output * logits), self.attention * tokens * seen
        return Work(name, tokens, self.weights + self.kv * cells, products, attention, seconds)


def measure_steps(model: Model, rounds: int) -> list[Work]:
    crowd, cost = Crowd(model, OWN, at_a_time=OWN), Cost(model)
    spare = max(CHATS) + 1

    def median(parts: Parts) -> float:
        return statistics.median(crowd.step(parts) for _ in range(rounds))

    works = []
    for count in (16, 64, 256, 512):
        seconds = median([(spare, 0, count)])
        works.append(cost.of(f"prefill, {count} tokens", count, 1, count // 2, count, seconds))
    for count in (16, 64, 256):
        seconds, end = median([(0, crowd.end, count)]), crowd.end
        name = f"prefill behind {end}, {count} tokens"
        works.append(cost.of(name, count, 1, end + count // 2, end + count, seconds))
    for count in CHATS:
        seconds = median([(chat, crowd.end, 1) for chat in range(count)])
        name = f"decode, {count} chat{'s' * (count > 1)}"
        works.append(cost.of(name, count, count, crowd.end, HOUSE + count * OWN, seconds))
    crowd.close()
    return works


def show(machine: Machine, works: list[Work]) -> None:
    print("| machine | measured |\n|---|---|")
    print(f"| reading memory, {CORES} cores | {machine.bandwidth / 1e9:.1f} GB/s |")
    print(f"| matrix product, float32 | {machine.rate / 1e9:.0f} GFLOP/s |")
    print(f"| products with weights, at most | {machine.products / 1e9:.0f} GFLOP/s |\n")
    print("| step | MB | GFLOP | operations a byte | bound by | at least | measured | tokens/s | of roof |")
    print("|---|---|---|---|---|---|---|---|---|")
    for work in works:
        bound, by = work.bounds(machine)
        print(
            f"| {work.name} | {work.bytes / 1e6:.0f} | {work.operations / 1e9:.2f} | {work.intensity:.1f} "
            f"| {by} | {1000 * bound:.1f} ms | {1000 * work.seconds:.1f} ms "
            f"| {work.tokens / work.seconds:.0f} | {bound / work.seconds:.0%} |"
        )


def plot(machine: Machine, works: list[Work], path: Path) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    roof = np.geomspace(1, 1000, 200)
    for rate, style in ((machine.rate, "-"), (machine.products, "--")):
        axes.plot(roof, np.minimum(roof * machine.bandwidth, rate) / 1e9, style, color="black")
    kinds = {"prefill,": "tab:blue", f"prefill behind {HOUSE + OWN},": "tab:green", "decode,": "tab:red"}
    for kind, color in kinds.items():
        points = [work for work in works if work.name.startswith(kind)]
        x = [work.intensity for work in points]
        y = [work.operations / work.seconds / 1e9 for work in points]
        axes.plot(x, y, "o-", color=color, label=kind.strip(","))
        for work, left, up in zip(points, x, y, strict=True):
            axes.annotate(str(work.tokens), (left, up), textcoords="offset points", xytext=(4, -11))
    axes.set(xscale="log", yscale="log", xlabel="operations a byte", ylabel="GFLOP/s")
    axes.set_title("Roofline, dashed for products of 8 bits; numbers are tokens a step")
    axes.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    model = Model(resolve(args.model, Settings().cache_dir), -1 if gpu_offload_supported() else 0)
    works = measure_steps(model, args.rounds)
    machine = measure_machine(args.rounds)
    show(machine, works)
    if args.plot:
        plot(machine, works, args.plot)


if __name__ == "__main__":
    main()
