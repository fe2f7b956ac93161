"""Trousers, skirts, and the skirts of dresses, in centimetres from the waist (y = 0)."""

from __future__ import annotations

from .palette import darker, lighter, luminance
from .path import mirrored, whole
from .sheet import BRASS, Sheet

Options = frozenset[str]


def legs(
    sheet: Sheet,
    *,
    waist: float,
    hip: float,
    hem: float,
    length: float,
    gap: float,
    crease: bool = True,
    rise: float = 27,
) -> None:
    """Two trouser legs; `hem` is a leg's half width at its end, `gap` half the space between the legs there."""
    mid = gap + hem
    leg = (
        f"M 0 0 L {waist} -0.6 C {waist + 1.4} 6 {hip - 1} 13 {hip} 20 C {hip + 0.8} 32 {mid + hem} {length * 0.6} {mid + hem} {length - 0.6} "
        f"Q {mid} {length + 1} {mid - hem} {length} C {mid - hem} {length * 0.66} 3 {length * 0.5} 0.1 {rise} Z"
    )
    folds = [
        f"M {hip - 3} {rise - 6} Q {hip * 0.5} {rise - 2} 3 {rise - 1}",
        f"M {hip - 1} {rise + 8} Q {hip * 0.6} {rise + 5} 5 {rise + 2}",
    ]
    folds.append(
        f"M {mid + hem * 0.5} {length - 3} Q {mid + hem * 0.3} {length * 0.75} {hip * 0.78} {length * 0.55}"
    )
    folds.append(
        f"M {mid - hem * 0.5} {length - 3} Q {mid - hem * 0.6} {length * 0.75} {hip * 0.3} {length * 0.55}"
    )
    for turned in (mirrored, str):
        sheet.panel(turned(leg), folds=[turned(f) for f in folds])
        if crease:
            sheet.seam(turned(f"M {hip * 0.52} 6 Q {hip * 0.55} {length * 0.5} {mid} {length}"), opacity=0.4)
            sheet.seam(
                turned(f"M {hip * 0.52 + 0.4} 10 Q {hip * 0.55 + 0.4} {length * 0.5} {mid + 0.4} {length}"),
                color=lighter(sheet.color, 0.6),
                opacity=0.35,
            )


def waistband(sheet: Sheet, waist: float, high: float = 4, *, loops: bool = True) -> None:
    sheet.lining(
        f"M -{waist - 0.4} -{high} Q 0 -{high + 2.2} {waist - 0.4} -{high} Q 0 -{high - 2.4} -{waist - 0.4} -{high} Z"
    )
    sheet.panel(
        f"M -{waist - 0.3} -{high + 0.3} Q 0 -{high - 2} {waist - 0.3} -{high + 0.3} L {waist} -0.2 Q 0 2 -{waist} -0.2 Z",
        volume=6,
    )
    if loops:
        for x in (-0.66, -0.3, 0.3, 0.66):
            sheet.panel(
                f"M {x * waist - 0.5} -{high - 0.9} L {x * waist + 0.5} -{high - 0.9} L {x * waist + 0.5} 1.6 L {x * waist - 0.5} 1.6 Z",
                volume=6,
            )


def trousers(sheet: Sheet, options: Options) -> None:
    """straight | slim | wide; cropped, pleats, drawstring, chino, man."""
    length = 90 if "cropped" in options else 104
    sheet.place(400, 118 + (104 - length) * 3.4, 7.3, flip="man" in options, slim=0.92)
    hem = 14.5 if "wide" in options else 8.2 if "slim" in options else 10.8
    gap = 1.2 if "wide" in options else 4.2
    waist, hip = (20, 26.5) if "man" in options else (18.2, 25.5)
    tied = "drawstring" in options
    legs(
        sheet,
        waist=waist,
        hip=hip,
        hem=hem,
        length=length,
        gap=gap,
        crease=not tied and not options & {"slim", "chino"},
    )
    sheet.seam("M 0 0 L 0 26", opacity=0.5)
    sheet.stitch("M 2.6 1 L 2.6 14 Q 2.4 18.6 0.2 19.6")
    for turned in (str, mirrored):
        sheet.seam(turned(f"M {waist * 0.68} 1 Q {waist * 0.9} 9 {hip - 2.2} 15"), width=2.2)
        if "pleats" in options:
            sheet.seam(
                turned(f"M {waist * 0.4} 1 Q {waist * 0.42} 9 {waist * 0.5} 18"),
                turned(f"M {waist * 0.58} 1 Q {waist * 0.6} 7 {waist * 0.66} 13"),
                width=2.2,
            )
    waistband(sheet, waist, loops=not tied)
    if tied:
        gathers = "".join(f"M {x} -3.4 L {x} 0.6 " for x in range(-int(waist) + 2, int(waist), 2))
        sheet.seam(gathers, opacity=0.35)
        for turned in (str, mirrored):
            sheet.metal(turned("M 0.3 -1 C 4 2 4.6 8 2.6 15"), color=lighter(sheet.color, 0.25), width=0.55)
    else:
        sheet.button(0.2 if "man" not in options else -0.2, -1.6, 0.85)


def jeans(sheet: Sheet, options: Options) -> None:
    man = "man" in options
    sheet.place(400, 125, 7.3, flip=man, slim=0.92)
    waist, hip = (20, 26) if man else (17.6, 25)
    thread = "#c58f43" if luminance(sheet.color) < 0.6 else "#b99a6a"
    legs(sheet, waist=waist, hip=hip, hem=10, length=102 if man else 96, gap=4.4, crease=False)
    sheet.seam("M 0 0 L 0 26", opacity=0.6)
    sheet.stitch("M 0.6 1 L 0.6 26", "M 3 1 L 3 14 Q 2.6 18.6 0.2 20", color=thread)
    for turned in (str, mirrored):
        scoop = f"M {waist * 0.46} 1 Q {waist * 0.5} 8.4 {hip - 1.2} 9"
        sheet.seam(turned(scoop), width=2)
        sheet.stitch(turned(f"M {waist * 0.42} 1 Q {waist * 0.46} 9.6 {hip - 1} 10.2"), color=thread)
        end = 101 if man else 95
        sheet.stitch(turned(f"M 4.6 {end - 1} Q 14 {end + 0.6} 24.2 {end - 1.6}"), color=thread)
    waistband(sheet, waist)
    sheet.stitch(
        f"M -{waist - 1} -3.2 Q 0 -1 {waist - 1} -3.2",
        f"M -{waist - 1} -0.8 Q 0 1.4 {waist - 1} -0.8",
        color=thread,
    )
    sheet.button(0, -1.2, 0.95, "#b08a4c")


def wavy_hem(hem: float, length: float, flutes: int, deep: float = 1.6) -> str:
    """The right half of a hem in flutes, from the side to the axis."""
    steps, width = "", hem / flutes
    for k in range(flutes):
        x = hem - (k + 1) * width
        sag = length + 2.4 * (1 - (x / hem) ** 2)
        steps += f" Q {x + width / 2:.2f} {sag + (deep if k % 2 else -deep):.2f} {x:.2f} {sag:.2f}"
    return steps


def drape(top: float, hem: float, start: float, length: float, count: int) -> list[str]:
    """Folds that fan from the waist to the hem, of uneven length, as cloth falls."""
    folds = []
    for k in range(count):
        share = -0.86 + 1.72 * k / (count - 1)
        begin = start + (length - start) * (0.04, 0.34, 0.14, 0.44, 0.22)[k % 5]
        x0 = top * share + (hem - top) * share * (begin - start) / (length - start) * 0.8
        folds.append(
            f"M {x0:.1f} {begin:.1f} Q {x0 + (hem * share - x0) * 0.35:.1f} {(begin + length) / 2:.1f} {hem * share:.1f} {length - 1.5:.1f}"
        )
    return folds


def skirt_panel(
    sheet: Sheet, kind: str, top: float, hem: float, length: float, *, start: float = 0, hip: float = 0
) -> None:
    """A skirt hanging from a waist `top` wide at y = `start` to y = `length`.

    kind: aline | full | bias | pleated | pencil.
    """
    hip = hip or top + 6
    hip_at = start + 18
    if kind == "pencil":
        outline = f"M 0 {start + 1} Q {top / 2} {start + 1} {top} {start} C {top + 3} {start + 6} {hip} {start + 12} {hip} {hip_at + 2} C {hip} {length * 0.7 + start * 0.3} {hem + 1} {length - 12} {hem} {length} Q {hem / 2} {length + 1} 0 {length + 1}"
        folds = [
            f"M {-hip + 3} {hip_at} Q 0 {hip_at + 5} {hip * 0.3} {hip_at + 2}",
            f"M {hip - 2} {hip_at + 12} Q 4 {hip_at + 18} {-hip * 0.3} {hip_at + 14}",
            f"M {hem - 4} {length - 2} Q {hem - 5} {length - 20} {hip - 6} {hip_at + 10}",
        ]
        sheet.panel(whole(outline), folds=folds)
        return
    flutes = {"aline": 4, "full": 8, "bias": 6, "pleated": 16}[kind]
    edge = wavy_hem(hem, length, flutes, {"pleated": 0.8, "aline": 0.7}.get(kind, 1.8))
    side = f"C {top + 2} {start + 8} {top + (hem - top) * (0.42 if kind != 'bias' else 0.3)} {start + (length - start) * 0.4} {hem} {length}"
    if kind == "full":
        side = f"C {top + 5} {start + 6} {top + (hem - top) * 0.62} {start + (length - start) * 0.4} {hem} {length}"
    outline = f"M 0 {start + 1.4} Q {top / 2} {start + 1.4} {top} {start} {side} {edge}"
    if kind == "pleated":
        sheet.panel(whole(outline))
        pleats(sheet, top, hem, start, length)
        return
    count = {"aline": 5, "full": 11, "bias": 7}[kind]
    sheet.panel(
        whole(outline), folds=drape(top, hem, start, length, count), depth=1.15 if kind != "aline" else 0.8
    )


def pleats(sheet: Sheet, top: float, hem: float, start: float, length: float) -> None:
    """Knife pleats drawn over a skirt."""
    shade = ""
    for k in range(-15, 16):
        x0, x1 = top * k / 16, hem * k / 16
        sag = length + 2.4 * (1 - (x1 / hem) ** 2)
        shade += f"M {x0:.1f} {start + 2 - (k / 16) ** 2:.1f} Q {x0 + (x1 - x0) * 0.42:.1f} {(start + length) / 2:.1f} {x1:.1f} {sag:.1f} "
    sheet.seam(shade, width=hem * sheet.scale / 38, opacity=0.2)
    sheet.seam(shade, width=1.5, opacity=0.55)


def skirt(sheet: Sheet, options: Options) -> None:
    """aline | full | bias | pleated | pencil; knee | midi | maxi; buttons."""
    kind = next(k for k in ("aline", "full", "bias", "pleated", "pencil") if k in options)
    length = 62 if "knee" in options else 94 if "maxi" in options else 80
    hem = {"aline": 27, "full": 47, "bias": 33, "pleated": 40, "pencil": 21}[kind] + (
        6 if kind == "aline" and length > 70 else 0
    )
    scale = min(9.4, 740 / length)
    sheet.place(400, 500 - length * scale / 2, scale, slim=0.9)
    skirt_panel(sheet, kind, 17.6, hem, length, hip=24)
    waistband(sheet, 17.6, loops=False)
    if kind == "pencil" or kind == "aline":
        for turned in (str, mirrored):
            sheet.seam(turned("M 9.5 1.4 L 9.8 12"), opacity=0.45)
    if kind == "aline" and "midi" in options:
        for x in (0.34, -0.34):
            sheet.seam(f"M {17 * x} 2 Q {24 * x} 40 {hem * x} {length + 1.8}", opacity=0.5)
            sheet.stitch(f"M {17 * x + 0.7} 2 Q {24 * x + 0.7} 40 {hem * x + 0.7} {length + 1.8}")
    if kind == "aline" and "knee" in options:
        sheet.panel("M 8 22 L 19 20.6 L 19.6 33 Q 14.6 37 9 34.6 Z", volume=6)
        sheet.button(0, -1.4, 1.1)
    if "buttons" in options:
        sheet.seam(f"M 1.8 1 L 2.6 {length + 2}", opacity=0.5)
        for k in range(9):
            sheet.button(0, -1.4 + k * 10.4, 0.95)


def belt_of(sheet: Sheet, waist: float, y: float) -> None:
    """A narrow leather belt around a waist at y."""
    dark = darker(sheet.color, 0.3) if luminance(sheet.color) < 0.4 else "#8a5a34"
    sheet.panel(
        f"M -{waist} {y} Q 0 {y + 2.4} {waist} {y} L {waist} {y + 3} Q 0 {y + 5.4} -{waist} {y + 3} Z",
        color=dark,
        weave="",
        volume=6,
    )
    sheet.metal(f"M -2.4 {y + 0.4} L 2.4 {y + 0.4} L 2.4 {y + 5} L -2.4 {y + 5} Z", color=BRASS, width=0.6)
