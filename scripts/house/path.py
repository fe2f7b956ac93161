"""SVG path data with absolute M, L, C, Q and Z: mapping, mirroring, mending halves into wholes."""

from __future__ import annotations

import re
from collections.abc import Callable

Point = tuple[float, float]
Step = tuple[str, list[Point]]

_TOKEN = re.compile(r"[MLCQZ]|-?\d*\.?\d+(?:e-?\d+)?")


def parse(data: str) -> list[Step]:
    """The steps of a path: a command and its points each."""
    steps: list[Step] = []
    numbers: list[float] = []
    for token in _TOKEN.findall(data):
        if token.isalpha():
            steps.append((token, []))
            numbers = []
            continue
        numbers.append(float(token))
        if len(numbers) == 2:
            steps[-1][1].append((numbers[0], numbers[1]))
            numbers = []
    return steps


def write(steps: list[Step]) -> str:
    """Path data in whole units, which is fine enough on a sheet of 800 by 1000."""
    return "".join(
        command + " ".join(f"{round(x)} {round(y)}" for x, y in points) for command, points in steps
    )


def mapped(data: str, to: Callable[[float, float], Point]) -> list[Step]:
    return [(command, [to(x, y) for x, y in points]) for command, points in parse(data)]


def mirrored(data: str) -> str:
    """The path on the other side of x = 0, in its own units."""
    steps = mapped(data, lambda x, y: (-x, y))
    return " ".join(command + " " + " ".join(f"{x:g} {y:g}" for x, y in points) for command, points in steps)


def whole(half: str) -> str:
    """A closed symmetric outline from its right half, drawn from the axis (x = 0) to the axis."""
    flat: list[tuple[str, list[Point]]] = []
    for command, points in parse(half):
        size = {"M": 1, "L": 1, "Q": 2, "C": 3}[command]
        flat += [(command, points[i : i + size]) for i in range(0, len(points), size)]
    ends = [points[-1] for _, points in flat]
    back: list[Step] = []
    for i in range(len(flat) - 1, 0, -1):
        command, points = flat[i]
        reverse = [*points[:-1][::-1], ends[i - 1]]
        back.append((command, [(-x, y) for x, y in reverse]))
    steps = [*flat, *back, ("Z", [])]
    return " ".join(c + " " + " ".join(f"{x:g} {y:g}" for x, y in p) for c, p in steps)


def crease(data: str, width: float) -> str:
    """A fold along "M start Q control end" as a closed shape, in px: a lens, or a wedge that opens downwards if it is long and steep."""
    (_, [(x0, y0)]), (_, [(cx, cy), (x1, y1)]) = parse(data)
    length = max(1.0, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
    nx, ny = (y1 - y0) / length * width / 2, (x0 - x1) / length * width / 2
    if abs(y1 - y0) > 230 and abs(y1 - y0) > 2 * abs(x1 - x0):
        if y1 < y0:
            x0, y0, x1, y1 = x1, y1, x0, y0
        w = max(width, min(26.0, length / 14)) / 2
        steps = [
            ("M", [(x0, y0)]),
            ("Q", [(cx + w / 2, cy), (x1 + w, y1)]),
            ("L", [(x1 - w, y1)]),
            ("Q", [(cx - w / 2, cy), (x0, y0)]),
        ]
    else:
        steps = [
            ("M", [(x0, y0)]),
            ("Q", [(cx + nx, cy + ny), (x1, y1)]),
            ("Q", [(cx - nx, cy - ny), (x0, y0)]),
        ]
    return write(steps)


def oval(x: float, y: float, rx: float, ry: float | None = None) -> str:
    """An ellipse."""
    ry = rx if ry is None else ry
    a, b = rx * 0.5523, ry * 0.5523
    return (
        f"M {x - rx} {y} C {x - rx} {y - b} {x - a} {y - ry} {x} {y - ry} C {x + a} {y - ry} {x + rx} {y - b} {x + rx} {y} "
        f"C {x + rx} {y + b} {x + a} {y + ry} {x} {y + ry} C {x - a} {y + ry} {x - rx} {y + b} {x - rx} {y} Z "
    )


def capsule(x0: float, y0: float, x1: float, y1: float, r0: float, r1: float) -> str:
    """A rounded bar from one point to another, of radius r0 to r1."""
    length = max(1e-6, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    k = 1.333
    ax, ay, bx, by = x0 - uy * r0, y0 + ux * r0, x1 - uy * r1, y1 + ux * r1
    cx, cy, dx, dy = x1 + uy * r1, y1 - ux * r1, x0 + uy * r0, y0 - ux * r0
    return (
        f"M {ax:.2f} {ay:.2f} L {bx:.2f} {by:.2f} C {bx + ux * r1 * k:.2f} {by + uy * r1 * k:.2f} {cx + ux * r1 * k:.2f} {cy + uy * r1 * k:.2f} {cx:.2f} {cy:.2f} "
        f"L {dx:.2f} {dy:.2f} C {dx - ux * r0 * k:.2f} {dy - uy * r0 * k:.2f} {ax - ux * r0 * k:.2f} {ay - uy * r0 * k:.2f} {ax:.2f} {ay:.2f} Z "
    )
