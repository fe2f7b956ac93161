"""Scarves, belts, hats, gloves, jewellery, sunglasses, neckwear and the rest, in centimetres around the middle."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .cloth import Cloth, cloth_of
from .palette import darker, lighter, luminance, mix
from .path import capsule, mirrored, oval, parse, whole
from .sheet import BRASS, Sheet

Options = frozenset[str]
SILK, SATIN, LEATHER, GROSGRAIN = cloth_of("silk"), cloth_of("satin"), cloth_of("leather"), cloth_of("twill")
STONE = Cloth(relief=0, sheen=0.8, tight=34)


# -- scarves -------------------------------------------------------------------------------------------------


def scarf(sheet: Sheet, options: Options) -> None:
    """square | bandana | stole | rib | long fringe"""
    if "square" in options:
        _square(sheet)
    elif "bandana" in options:
        _bandana(sheet)
    else:
        _hanging(sheet, stole="stole" in options, ribbed="rib" in options)


def _square(sheet: Sheet) -> None:
    """A printed square laid flat, one corner folded over."""
    sheet.place(400, 500, 6.6, turn=-4)
    color, pale, ink = sheet.color, mix(sheet.color, "#f6ecd8", 0.78), darker(sheet.color, 0.55)
    gold = "#d2a24a" if color != "#d69b32" else "#7a3b2a"
    cx, cy, s = 400, 500, sheet.scale
    side = "".join(
        f"M{cx + (x - 3.4) * s:.0f} {cy - 24 * s:.0f}v{-4 * s:.0f}q0-{4.4 * s:.0f} {3.4 * s:.0f}-{4.4 * s:.0f}t{3.4 * s:.0f} {4.4 * s:.0f}v{4 * s:.0f}"
        for x in (-18, -9, 0, 9, 18)
    )
    star = "".join(
        f"M{cx} {cy - r * s:.0f}l{0.28 * r * s:.0f} {0.72 * r * s:.0f}l{-0.28 * r * s:.0f} {0.28 * r * s:.0f}l{-0.28 * r * s:.0f}-{0.28 * r * s:.0f}z"
        for r in (15.0,)
    )
    lines = [
        f'<g transform="rotate({k * 45 - 4} {cx} {cy})"><path d="{star}" fill="{(color, gold)[k % 2]}"/></g>'
        for k in range(8)
    ]
    lines += [
        f'<g transform="rotate({k * 90 - 4} {cx} {cy})"><path d="M{cx - 38 * s:.0f} {cy - 39 * s:.0f}h{76 * s:.0f}" stroke="{gold}" stroke-width="7" stroke-dasharray="0 15"/>'
        f'<path d="{side}" stroke="{color}" stroke-width="13"/><path d="{side}" stroke="{ink}" stroke-width="4"/>'
        f'<path d="M{cx - 25 * s:.0f} {cy - 22 * s:.0f}h{50 * s:.0f}" stroke="{ink}" stroke-width="4"/><circle cx="{cx - 27 * s:.0f}" cy="{cy - 27 * s:.0f}" r="{3.6 * s:.0f}" stroke="{ink}" stroke-width="5" fill="{gold}"/></g>'
        for k in range(4)
    ]
    art = (
        f'<g fill="none" stroke-linecap="round"><path d="{sheet.px("M -34 -34 L 34 -34 L 34 34 L -34 34 Z")}" fill="{pale}" stroke="{gold}" stroke-width="5"/>{"".join(lines)}'
        f'<circle cx="{cx}" cy="{cy}" r="{17.5 * s:.0f}" stroke="{ink}" stroke-width="4"/><circle cx="{cx}" cy="{cy}" r="{3 * s:.0f}" fill="{pale}" stroke="{ink}" stroke-width="4"/></g>'
    )
    sheet.panel(
        "M -45 -45 Q 0 -46 45 -45 Q 46 0 45 45 Q 0 46 -45 45 Q -46 0 -45 -45 Z",
        volume=6,
        over=art,
        folds=["M -30 -42 Q -10 0 -26 42", "M 22 -44 Q 12 0 30 42", "M 44 -14 Q 10 -2 -44 -10"],
    )


def _bandana(sheet: Sheet) -> None:
    """A small square folded to a triangle and knotted."""
    sheet.place(400, 400, 13.5)
    dots = "#fbf5e8" if luminance(sheet.color) < 0.75 else darker(sheet.color, 0.5)
    sheet.define_once(
        f'<pattern id="d" width="42" height="42" patternUnits="userSpaceOnUse" patternTransform="rotate(24)"><circle cx="12" cy="12" r="6.5" fill="{dots}"/><circle cx="33" cy="31" r="6.5" fill="{dots}"/></pattern>'
    )
    over = '<rect width="800" height="1000" fill="url(#d)"/>'
    sheet.panel(
        "M -17 -9 C -13 -13 13 -13 17 -9 Q 12 -7 0 -6.6 Q -12 -7 -17 -9 Z",
        color=darker(sheet.color, 0.25),
        volume=6,
        over=over,
    )
    sheet.panel(
        "M -17.4 -9 Q -8 -4 0 -4 Q 8 -4 17.4 -9 C 18 -6 16 -2 12 4 Q 6 14 1 22.6 Q 0 23.6 -1 22.6 Q -6 14 -12 4 C -16 -2 -18 -6 -17.4 -9 Z",
        folds=["M -15 -7 Q -5 2 -2 19", "M 15 -7 Q 6 2 3 17", "M -10 -4 Q 0 4 11 -3", "M -12 0 Q 0 9 12 1"],
        over=over,
    )


def _hanging(sheet: Sheet, *, stole: bool, ribbed: bool) -> None:
    """A long scarf looped once, its ends hanging."""
    sheet.place(400, 130, 12.4 if not stole else 11.4)
    wide = 9.6 if stole else 6.6
    fringe = not ribbed
    over = sheet.ribs(0.75) if ribbed else ""
    ends = ((wide * 0.62, 52, 1.0), (-wide * 0.66, 47, -1.0))
    loop = whole("M 0 -1 C 9 -1.4 15 4 14.6 11 C 14.2 17 9 21 4 23 L 0 21 ")
    sheet.panel(loop, color=darker(sheet.color, 0.3), folds=["M 12 4 Q 13 10 6 20"], over=over)
    sheet.lining(whole("M 0 4.4 C 5 4.4 8.4 7 8 11 C 7.6 14.6 4 17.6 0 19"), "#eae4d9")
    for x, end, side in ends:
        if fringe:
            strands = int(wide / 0.95)
            threads = "".join(
                f"M {x - wide / 2 + 0.5 + k * 0.95:.2f} {end - 0.6} Q {x - wide / 2 + 0.5 + k * 0.97:.2f} {end + 2.6} {x - wide / 2 + 0.35 + k * 0.97 + k % 3 * 0.12:.2f} {end + 5 + k % 2 * 0.5} "
                for k in range(strands)
            )
            sheet.seam(threads, width=7, color=darker(sheet.color, 0.38), opacity=0.9)
            sheet.seam(threads, width=4.5, color=lighter(sheet.color, 0.08), opacity=1)
        half = wide / 2
        tail = f"M {-side * 1.5 - half * 0.6} 17 C {x - half} 26 {x - half * 1.04} 36 {x - half} {end} Q {x} {end + 0.8} {x + half} {end} C {x + half * 1.06} 36 {x + half} 26 {-side * 1.5 + half * 0.9} 16 Z"
        sheet.panel(
            tail,
            folds=[
                f"M {x - half * 0.3} 20 Q {x - half * 0.6} 34 {x - half * 0.5} {end - 1}",
                f"M {x + half * 0.4} 19 Q {x + half * 0.5} 32 {x + half * 0.45} {end - 1}",
            ],
            over=over,
        )
    band = "M -15 7 C -14 15 -7 22.6 0 24.6 C 7 22.6 14 15 15 7 C 15.6 14 12 24 5 28.4 Q 0 30.4 -5 28.4 C -12 24 -15.6 14 -15 7 Z"
    sheet.panel(
        band, folds=["M -13 12 Q -7 24 1 26.6", "M 14 11 Q 9 22 2 25", "M 12 20 Q 6 27 -2 28"], over=over
    )


# -- belts, hats, gloves -------------------------------------------------------------------------------------


def belt(sheet: Sheet, options: Options) -> None:
    """A fastened belt seen from a little above: wide | woven."""
    sheet.place(400, 480, 15.5)
    wide = 5.4 if "wide" in options else 3
    sheet.ground(480 + (8.6 + wide) * 15.5, 270)
    sheet.panel(
        f"M -18 0 C -18 -11 18 -11 18 0 L 18 {wide} C 18 {wide - 11} -18 {wide - 11} -18 {wide} Z",
        color=darker(sheet.color, 0.5),
        volume=6,
        weave="",
    )
    front = f"M -18.2 -0.4 C -18.2 10.8 18.2 10.8 18.2 -0.4 L 18.2 {wide - 0.4} C 18.2 {wide + 10.8} -18.2 {wide + 10.8} -18.2 {wide - 0.4} Z"
    sheet.panel(front, volume=6)
    if "woven" not in options:
        for inset in (0.5, wide - 0.5):
            sheet.stitch(
                f"M -17.8 {inset - 0.2} C -17.6 {inset + 10.8} 17.6 {inset + 10.8} 17.8 {inset - 0.2}"
            )
    mid = 8 + wide / 2
    if "wide" in options:
        sheet.metal(f"M -4 {mid - 1.7} L 4 {mid - 1.7} L 4 {mid + 1.7} L -4 {mid + 1.7} Z")
        sheet.metal(
            f"M -2.4 {mid - 2.8} Q 0 {mid - 1} 2.4 {mid - 2.8} L 2.4 {mid + 2.8} Q 0 {mid + 1} -2.4 {mid + 2.8} Z",
            color="#dcb764",
        )
        return
    sheet.panel(
        f"M 5.6 {mid - 2} L 7.2 {mid - 2.2} L 7.4 {mid + 1.6} L 5.8 {mid + 1.8} Z", volume=6, weave=""
    )
    half = wide / 2 + 0.9
    sheet.metal(
        f"M -2.4 {mid - half} L 2 {mid - half} Q 2.6 {mid - half} 2.6 {mid - half + 0.6} L 2.6 {mid + half - 0.6} Q 2.6 {mid + half} 2 {mid + half} L -2.4 {mid + half} Z",
        width=0.6,
    )
    sheet.metal(f"M -2.4 {mid} L 2.8 {mid}", width=0.42)
    for k in range(3):
        x = 9 + k * 2
        sheet.button(x, mid - 0.6 - k * 0.5, 0.25, "#120c08")


def hat(sheet: Sheet, options: Options) -> None:
    """fedora | straw | beret | beanie"""
    if "beanie" in options:
        sheet.place(400, 600, 19)
        over = sheet.ribs(0.8)
        sheet.panel(
            whole("M 0 -17.4 C 8 -17.4 11.4 -9 11.6 0 L 0 2"),
            folds=["M 3 -16 Q 6 -8 5 -1", "M -4 -16 Q -7 -8 -6 -1"],
            over=over,
        )
        sheet.panel(whole("M 0 -2.6 Q 7 -2.6 12 -4 Q 12.8 -1 12.4 3.2 Q 7 5.4 0 5.4"), over=over)
        sheet.panel("M 7 0 L 10 -0.3 L 10 1.6 L 7 2 Z", color="#efe6d4", cloth=LEATHER, weave="", volume=6)
        return
    if "beret" in options:
        sheet.place(400, 560, 17, turn=-8)
        sheet.panel(
            whole("M 0 0.6 Q 6 0.6 8.6 -1 L 8.8 3 Q 5 5 0 5"), volume=6, color=darker(sheet.color, 0.3)
        )
        sheet.panel(
            "M -16.6 -4 C -17 -11 -7 -14.4 2 -14 C 12 -13.4 17.6 -8.4 16.4 -3.6 C 15 0.6 8 3 0 3 C -8 3 -16 0.6 -16.6 -4 Z",
            folds=["M -9 1.6 Q -8 -4 -2 -7", "M 9 1.6 Q 9 -4 4 -8", "M -14 -2 Q -6 0 0 0.4"],
        )
        sheet.panel(capsule(1, -13.6, 1.8, -15.6, 0.45, 0.4), volume=6)
        return
    straw = "straw" in options
    sheet.place(400, 560, 15.5 if straw else 17)
    brim = 22 if straw else 17.5
    sheet.ground(560 + 15.5 * 6.4, 310)
    sheet.panel(
        f"M {-brim} 0 C {-brim + 2} -6 -9 -5 0 -5 C 9 -5 {brim - 2} -6 {brim} 0 C {brim - 3} 4 9 6.6 0 6.6 C -9 6.6 {-brim + 3} 4 {-brim} 0 Z"
    )
    crown = (
        "M 0 -15.6 Q 3 -14.2 5.6 -16 C 9 -16.4 9.8 -9 10.6 0.6 Q 5 3.6 0 3.6"
        if not straw
        else "M 0 -13.4 C 7 -13.6 9.6 -9 10.4 0.4 Q 5 3.4 0 3.4"
    )
    sheet.panel(
        whole(crown), folds=["M 4.4 -15 Q 5.6 -9 4 -4.4", "M -4.6 -15 Q -6 -9 -4.4 -4"] if not straw else ()
    )
    band = "#1d1b1d" if straw or luminance(sheet.color) > 0.2 else "#0d0d0f"
    sheet.panel(
        whole("M 0 -1.4 Q 5 -1.4 10.2 -4.2 L 10.7 0.8 Q 5 3.8 0 3.8"),
        color=band,
        cloth=GROSGRAIN,
        weave="",
        volume=6,
    )
    if straw:
        sheet.panel(
            "M 9.6 -1.6 Q 14 1 15 8 L 12.6 7 L 11.6 9 Q 11 3 8.6 0.4 Z",
            color=band,
            cloth=GROSGRAIN,
            weave="",
            volume=6,
        )
    else:
        sheet.panel(
            "M -10.4 -3.4 L -6.4 -1.4 L -6.8 2.6 L -10.7 0.6 Z",
            color=band,
            cloth=GROSGRAIN,
            weave="",
            volume=6,
        )


def _hand(long: float) -> str:
    """A flat glove, fingers up, its cuff `long` cm below the thumb."""
    fingers = ((-3.3, -13.2, 0.82), (-1.25, -15.4, 0.88), (0.85, -14.9, 0.88), (2.9, -12, 0.78))
    parts = [capsule(x * 0.9, -5, x, y, 0.98, r) for x, y, r in fingers]
    parts.append(capsule(-2.4, 1, -5.9, -6.8, 1.5, 0.9))
    parts.append(
        f"M -4.1 -6 C -4.4 -3 -4.6 0 -3.3 3 L -3.9 {long} Q 0 {long + 1} 3.9 {long} L 3.3 3 C 3.8 0 4.2 -3 3.6 -6 Q 0 -7.4 -4.1 -6 Z"
    )
    return " ".join(parts)


def gloves(sheet: Sheet, options: Options) -> None:
    """short, long or driving"""
    long = 25 if "long" in options else 8
    scale = 18.5 if "long" in options else 25
    y = 430 if "long" in options else 570
    for x, flip, turn in ((470, True, -5), (330, False, -4)):
        sheet.place(x, y - (22 if flip else 0), scale, flip=flip, turn=turn)
        sheet.panel(
            _hand(long),
            volume=6,
            folds=[
                f"M -3 {k} Q 0 {k + 1} 3 {k - 0.6}"
                for k in ((8, 13, 18, 22) if "long" in options else (3.4,))
            ],
        )
        for px in (-1.8, 0, 1.9):
            sheet.seam(f"M {px} -5.4 Q {px * 0.9} -2.4 {px * 0.8} -0.6", opacity=0.5, width=2.2)
        if "driving" in options:
            for k in range(4):
                sheet.raw(
                    f'<path d="{sheet.px(oval(-2.9 + k * 2, -6 + abs(k - 1.5) * 0.3, 0.45, 0.5))}" fill="#1a120c" opacity=".75"/>'
                )
            sheet.panel("M -1.9 0.6 L 1.9 0.6 L 1.9 2 L -1.9 2 Z", volume=6)
            sheet.button(1.2, 1.3, 0.45, BRASS)
        elif "long" in options:
            for k in range(3):
                sheet.button(2.2, 2.6 + k * 1.5, 0.4, "#efe9dd")
        else:
            sheet.seam(f"M -3.8 {long - 1} Q 0 {long} 3.8 {long - 1}", opacity=0.45)


# -- jewellery -----------------------------------------------------------------------------------------------


PEARL = (
    '<radialGradient id="o" cx=".36" cy=".3" r=".8"><stop stop-color="#fffdf8"/><stop offset=".45" stop-color="#f1e8da"/>'
    '<stop offset=".85" stop-color="#b5a48f"/><stop offset="1" stop-color="#d9cbb9"/></radialGradient>'
)
BRILLIANT = (
    '<circle r="10" fill="#dfe8ee" stroke="#6f7b85" stroke-width="1.4"/><path d="M0-10L0 10M-10 0L10 0M-7-7L7 7M-7 7L7-7" stroke="#7c8b97" opacity=".8"/>'
    '<path d="M-5-2L-2-5L2-5L5-2L5 2L2 5L-2 5L-5 2Z" fill="#fff" opacity=".85"/><path d="M3 6L8 2L7 7Z" fill="#8fa3b3"/><path d="M-8-2L-3-8L-4-3Z" fill="#fff"/>'
)


def _strew(sheet: Sheet, kind: str, r: float, points: Sequence[tuple[float, float]]) -> None:
    """Pearls or brilliants of radius `r` cm at each of some points, as the markers of one path."""
    size = round(r * sheet.scale, 1)
    name = f"m{size:g}".replace(".", "-")
    if kind == "pearl":
        sheet.define_once(PEARL)
    stone = '<circle r="10" fill="url(#o)"/>' if kind == "pearl" else BRILLIANT
    sheet.define_once(
        f'<marker id="{name}" viewBox="-11 -11 22 22" markerWidth="{size * 2.2:.1f}" markerHeight="{size * 2.2:.1f}" markerUnits="userSpaceOnUse">{stone}</marker>'
    )
    data = sheet.px("M " + " L ".join(f"{x:.2f} {y:.2f}" for x, y in points))
    sheet.raw(
        f'<path d="{data}" fill="none" marker-start="url(#{name})" marker-mid="url(#{name})" marker-end="url(#{name})"/>'
    )


def earrings(sheet: Sheet, options: Options) -> None:
    """hoop | pearl | chandelier"""
    for x in (285, 515):
        if "hoop" in options:
            sheet.place(x, 500, 52)
            sheet.metal(oval(0, 0, 1.7, 1.9), color=sheet.color, width=0.52)
            wraps = "".join(
                f"M {math.cos(a) * 1.42:.2f} {math.sin(a) * 1.62:.2f} L {math.cos(a + 0.1) * 1.98:.2f} {math.sin(a + 0.1) * 2.18:.2f} "
                for a in (k * math.pi / 14 for k in range(28))
            )
            sheet.seam(wraps, width=2.5, color="#7d5d1e", opacity=0.6)
            sheet.metal("M 0 -1.9 Q 0.3 -2.9 -0.3 -3.1", color=sheet.color, width=0.12)
        elif "pearl" in options:
            sheet.place(x, 450, 52)
            sheet.metal("M 0 -1.4 C 0.1 -2.8 -1 -3 -1 -2", width=0.12)
            sheet.metal(oval(0, -0.8, 0.5))
            sheet.metal("M 0 -0.4 L 0 0.4", width=0.12)
            sheet.define_once(PEARL)
            sheet.raw(
                f'<path d="{sheet.px("M 0 0.2 C 0.8 0.3 1.4 1.4 1.4 2.4 C 1.4 3.6 0.8 4.2 0 4.2 C -0.9 4.2 -1.5 3.4 -1.4 2.3 C -1.3 1.3 -0.8 0.2 0 0.2 Z")}" fill="url(#o)"/>'
            )
        else:
            sheet.place(x, 360, 42)
            rows = (
                (0, 0.75, 1),
                (1.6, 0.5, 3),
                (2.9, 0.42, 5),
                (4.1, 0.38, 4),
                (5.2, 0.34, 3),
                (6.2, 0.3, 2),
                (7.1, 0.36, 1),
            )
            for y, r, n in rows:
                places = [((k - (n - 1) / 2) * 0.95, y) for k in range(n)]
                sheet.seam(
                    "".join(f"M {dx} {y - 0.9} L {dx} {y} " for dx, y in places),
                    width=2.5,
                    color="#7f868c",
                    opacity=0.9,
                )
                _strew(sheet, "brilliant", r, places)


def necklace(sheet: Sheet, options: Options) -> None:
    """chain | pearls | riviere"""
    if "chain" in options:
        sheet.place(400, 190, 24)
        loop = "M 0 20.4 C -4 14 -9 8 -8.6 2.4 C -8 -3 8 -3 8.6 2.4 C 9 8 4 14 0 20.4"
        tails = "M -0.2 20 C -1.6 22 -1.8 25 -1.6 27 M 0.2 20 C 1.4 22.6 1.5 24 1.4 25"
        sheet.metal(loop + tails, color=sheet.color, width=0.26)
        data = sheet.px(loop + tails)
        sheet.raw(
            f'<path d="{data}" fill="none" stroke="#6d4f17" stroke-width="3" stroke-dasharray="1.5 4" opacity=".55"/>'
        )
        sheet.metal(capsule(-0.5, 19.6, 0.5, 21, 0.55, 0.55), color=sheet.color)
        for x, y in ((-1.6, 27.4), (1.4, 25.4)):
            sheet.metal(oval(x, y, 0.5), color=sheet.color)
        return
    sheet.place(400, 480, 25)
    pearls = "pearls" in options
    n = 45 if pearls else 53
    angles = [math.pi * 2 * k / n - math.pi / 2 for k in range(n)]
    for step in range(4):  # small behind, large in front
        near = [a for a in angles if min(3, int((math.sin(a) + 1) * 2)) == step]
        places = [(math.cos(a) * (9.4 + 0.9 * math.sin(a)), math.sin(a) * 10.6) for a in near]
        _strew(
            sheet,
            "pearl" if pearls else "brilliant",
            (0.56, 0.63, 0.7, 0.77)[step] if pearls else (0.42, 0.49, 0.56, 0.63)[step],
            places,
        )
    if pearls:
        sheet.metal(capsule(-0.6, -10.6, 0.6, -10.6, 0.5, 0.5))


def bracelet(sheet: Sheet, options: Options) -> None:
    """cuff | cord"""
    sheet.place(400, 500, 60)
    if "cuff" in options:
        sheet.metal(
            "M -3.4 -0.8 C -3.2 -3 3.2 -3 3.4 -0.8 L 3.2 0.2 C 2.6 -1.6 -2.6 -1.6 -3.2 0.2 Z",
            color=darker(sheet.color, 0.3),
        )
        sheet.metal(
            "M -3.5 -0.9 C -4 1.4 -2.4 2.8 -0.3 2.6 C -0.8 2.2 -1 1.8 -0.8 1.3 C -2.4 1.2 -3.2 0.2 -3.1 -0.8 Z",
            color=sheet.color,
        )
        sheet.metal(
            "M 3.5 -0.9 C 4 1.4 2.8 2.6 0.5 2.7 C 0.9 2.2 0.9 1.8 0.6 1.3 C 2.4 1 3.2 0.2 3.1 -0.8 Z",
            color=sheet.color,
        )
        return
    cord = Cloth(relief=0, sheen=0.3, tight=10)
    ring = "M -3.4 -0.4 C -3.4 -2.8 3.4 -2.8 3.4 -0.4 C 3.4 2.4 -3.4 2.4 -3.4 -0.4 Z M -3.12 -0.4 C -3.1 2 3.1 2 3.12 -0.4 C 3.1 -2.4 -3.1 -2.4 -3.12 -0.4 Z"
    sheet.panel(ring, volume=6, cloth=cord, weave="")
    data = sheet.px("M -3.26 -0.4 C -3.26 -2.6 3.26 -2.6 3.26 -0.4 C 3.26 2.2 -3.26 2.2 -3.26 -0.4")
    sheet.raw(
        f'<path d="{data}" fill="none" stroke="{lighter(sheet.color, 0.4)}" stroke-width="9" stroke-dasharray="2 6" opacity=".45"/>'
    )
    sheet.metal(oval(0, 1.55, 0.52))
    for tail in ("M 2.6 1 Q 3.6 1.8 3.2 3.2", "M 2.5 1.1 Q 2.9 2.2 2.3 3.2"):
        sheet.metal(tail, color=sheet.color, width=0.2)


def ring(sheet: Sheet, options: Options) -> None:
    sheet.place(400, 520, 90)
    sheet.metal(oval(0, 0.8, 1.9, 2), width=0.32)
    sheet.metal("M -1.5 -0.8 Q 0 0 1.5 -0.8 L 1.2 -1.6 L -1.2 -1.6 Z")
    stone = "#2d7a5c"
    sheet.panel(
        "M -1.2 -2.7 L 1.2 -2.7 Q 1.7 -2.7 1.7 -2.2 L 1.7 -1.3 Q 1.7 -0.8 1.2 -0.8 L -1.2 -0.8 Q -1.7 -0.8 -1.7 -1.3 L -1.7 -2.2 Q -1.7 -2.7 -1.2 -2.7 Z",
        color=stone,
        cloth=STONE,
        weave="",
        volume=6,
    )
    facets = "M -1.7 -2.6 L -0.9 -2.2 L 0.9 -2.2 L 1.7 -2.6 M -0.9 -2.2 L -0.9 -1.3 L -1.6 -0.9 M 0.9 -2.2 L 0.9 -1.3 L 1.6 -0.9 M -0.9 -1.3 L 0.9 -1.3"
    sheet.seam(facets, width=2, color="#bfe8d4", opacity=0.6)
    sheet.raw(
        f'<path d="{sheet.px("M -0.8 -2.1 L 0.4 -2.1 L -0.4 -1.4 L -0.8 -1.4 Z")}" fill="#fff" opacity=".35"/>'
    )
    for x in (-1.5, 1.5):
        for y in (-2.55, -0.95):
            sheet.metal(oval(x, y, 0.17))


def cufflinks(sheet: Sheet, options: Options) -> None:
    for x, turn in ((290, -14), (510, 12)):
        sheet.place(x, 500, 60, turn=turn)
        sheet.metal("M -0.2 0.4 L 0.2 0.4 L 0.2 2.6 L -0.2 2.6 Z", color="#a9acaf")
        sheet.metal(capsule(-0.8, 2.7, 0.8, 2.7, 0.28, 0.28), color="#b5b8bb")
        sheet.metal("M -1.7 0 Q 0 -1.7 1.7 0 Q 0 1.7 -1.7 0 Z", color=sheet.color)
        sheet.panel(
            "M -1.1 0 Q 0 -0.7 1.1 0 Q 0 0.7 -1.1 0 Z", color="#18181b", cloth=STONE, weave="", volume=6
        )


# -- the rest ------------------------------------------------------------------------------------------------


def sunglasses(sheet: Sheet, options: Options) -> None:
    """round | cat | aviator"""
    sheet.place(400, 480, 41)
    sheet.ground(610, 300)
    wire = "aviator" in options
    lens = "#3c4a3a" if wire else "#33302e" if luminance(sheet.color) < 0.5 else "#4d4038"
    sheet.define_once(
        f'<linearGradient id="n" x2=".3" y2="1"><stop stop-color="{darker(lens, 0.4)}"/><stop offset="1" stop-color="{lighter(lens, 0.35)}"/></linearGradient>'
    )
    shape, inner = {
        "round": (oval(3.5, 0, 2.75, 2.6), oval(3.5, 0.05, 2.2, 2.1)),
        "cat": (
            "M 0.8 -0.9 C 1.2 -2 4.6 -2.7 7.2 -2.9 C 7.4 -1 7 1.8 4.4 2.3 C 2 2.6 0.5 0.8 0.8 -0.9 Z ",
            "M 1.5 -0.7 C 2 -1.6 4.6 -2 6.2 -2 C 6.3 -0.6 5.8 1.4 4.2 1.7 C 2.4 1.9 1.3 0.6 1.5 -0.7 Z ",
        ),
        "aviator": (
            "M 0.9 -1.9 C 3 -2.3 5.4 -2.3 6.6 -1.6 C 7 0.8 5.6 3 3.8 3 C 1.8 3 0.6 0.4 0.9 -1.9 Z ",
            "M 1.05 -1.75 C 3 -2.15 5.4 -2.1 6.45 -1.5 C 6.8 0.7 5.5 2.85 3.8 2.85 C 1.95 2.85 0.8 0.3 1.05 -1.75 Z ",
        ),
    }["aviator" if wire else "cat" if "cat" in options else "round"]
    for turned in (str, mirrored):
        sheet.raw(f'<path d="{sheet.px(turned(inner))}" fill="url(#n)" opacity=".9"/>')
        glint = (
            "M 2 -1 L 4 -1.6 L 2.6 1.2 L 1.7 0.4 Z"
            if turned is str
            else "M -5 -1.2 L -3 -1.6 L -4.6 1.4 L -5.4 0.4 Z"
        )
        sheet.raw(f'<path d="{sheet.px(glint)}" fill="#fff" opacity=".13"/>')
        if wire:
            sheet.metal(turned(shape), color=sheet.color, width=0.2)
    bridge = "M -1.1 -0.6 C -0.6 -1.3 0.6 -1.3 1.1 -0.6 L 1.05 0 C 0.6 -0.7 -0.6 -0.7 -1.05 0 Z"
    if wire:
        sheet.metal("M -1 -0.6 C -0.6 -1 0.6 -1 1 -0.6 M -1.4 -2 L 1.4 -2", color=sheet.color, width=0.2)
        return
    over = ""
    if sheet.color == "#6a4326":
        blots = "".join(
            f'<ellipse cx="{(k * 137) % 640 + 80}" cy="{390 + (k * 71) % 190}" rx="{14 + k % 3 * 7}" ry="{9 + k % 4 * 3}"/>'
            for k in range(30)
        )
        over = f'<g fill="#c0813c" opacity=".55">{blots}</g>'
    for turned in (str, mirrored):
        sheet.panel(_hollow(turned(shape), turned(inner)), volume=6, over=over)
    sheet.panel(bridge, volume=6, over=over)


def _hollow(outer: str, inner: str) -> str:
    """An outline with a hole: the inner path runs the other way round."""
    steps = [(c, p) for c, p in parse(inner) if c != "Z"]
    ends = [p[-1] for _, p in steps]
    back = f"M {ends[-1][0]} {ends[-1][1]}"
    for i in range(len(steps) - 1, 0, -1):
        command, points = steps[i]
        back += f" {command} " + " ".join(f"{x} {y}" for x, y in [*points[:-1][::-1], ends[i - 1]])
    return f"{outer} {back} Z"


def tie(sheet: Sheet, options: Options) -> None:
    """silk, knit or bow"""
    if "bow" in options:
        sheet.place(400, 500, 40)
        for turned in (str, mirrored):
            sheet.panel(
                turned("M 0.6 -0.8 C 2.6 -2.6 5.4 -3.4 7.4 -3 Q 7 0 7.4 3 C 5.4 3.4 2.6 2.6 0.6 0.8 Z"),
                folds=[turned("M 1 0 Q 3 -0.6 5.4 -0.4"), turned("M 1 0.4 Q 3 0.8 5 1.4")],
            )
        sheet.panel(
            "M -1.1 -1.3 Q 0 -1.7 1.1 -1.3 Q 1.5 0 1.1 1.3 Q 0 1.7 -1.1 1.3 Q -1.5 0 -1.1 -1.3 Z",
            volume=6,
            folds=["M 0 -1.3 Q 0.3 0 0 1.3"],
        )
        return
    sheet.place(400, 120, 13.4)
    knit = "knit" in options
    over = sheet.ribs(0.5) if knit else ""
    if not knit:
        small, tone = lighter(sheet.color, 0.3), darker(sheet.color, 0.4)
        sheet.define_once(
            f'<pattern id="j" width="26" height="26" patternUnits="userSpaceOnUse"><path d="M13 5l5 8l-5 8l-5-8z" fill="{small}" opacity=".6"/><path d="M0 0l3 4M26 26l-3-4M26 0l-3 4M0 26l3-4" stroke="{tone}" stroke-width="2"/></pattern>'
        )
        over = '<rect width="800" height="1000" fill="url(#j)"/>'
    sheet.lining(whole("M 0 -3.8 Q 4 -3.8 4.8 -2.4 Q 4 0.4 0 1"), darker(sheet.color, 0.5))
    for turned in (str, mirrored):
        sheet.panel(
            turned(
                "M 1.5 3.6 C 5 1 6.8 -2 5.6 -3.6 Q 4.4 -4.6 0 -4.4 L 0 -3.4 Q 4 -3.4 4.2 -2.4 Q 3.6 0 0.6 2.4 Z"
            ),
            volume=6,
            over=over,
        )
    blade = (
        "M -1.9 6.8 L 1.9 6.8 C 2.6 22 3.6 36 4.2 48 L 0 53.6 L -4.2 48 C -3.6 36 -2.6 22 -1.9 6.8 Z"
        if not knit
        else "M -1.8 6.8 L 1.8 6.8 C 2.2 22 2.9 38 3.1 51 Q 0 51.6 -3.1 51 C -2.9 38 -2.2 22 -1.8 6.8 Z"
    )
    sheet.panel("M -0.6 7 L 2.6 7 L 3.8 45 L 1 47 Z", color=darker(sheet.color, 0.25), volume=6)
    sheet.panel(blade, over=over, folds=["M -0.6 7 Q 0.6 14 0.2 22"])
    sheet.panel("M -3.3 2.4 Q 0 1.4 3.3 2.4 L 2 7.2 Q 0 7.8 -2 7.2 Z", volume=6, over=over)


def pocketsquare(sheet: Sheet, options: Options) -> None:
    """Folded in four, a corner turned back to show the hem."""
    edge = darker(sheet.color, 0.35) if luminance(sheet.color) < 0.85 else "#5f6340"
    for turn, size, shade in ((11, 11.6, 0.12), (4, 11.2, 0.06), (-3, 11, 0.0)):
        sheet.place(400, 500, 24, turn=turn)
        square = f"M {-size} {-size} Q 0 {-size - 0.3} {size} {-size} Q {size + 0.3} 0 {size} {size} Q 0 {size + 0.3} {-size} {size} Q {-size - 0.3} 0 {-size} {-size} Z"
        sheet.panel(
            square,
            color=darker(sheet.color, shade),
            folds=["M -8 -10 Q -4 0 -6 10", "M 5 -10 Q 7 0 4 10"] if not shade else (),
        )
        inset = size - 0.5
        sheet.seam(
            f"M {-inset} {-inset} L {inset} {-inset} L {inset} {inset} L {-inset} {inset} Z",
            width=8,
            color=edge,
            opacity=0.85,
        )
    sheet.panel(
        "M 3.4 -10.8 Q 7.4 -7.6 10.8 -3.4 Q 5 -3 3.8 -4 Q 3 -5.4 3.4 -10.8 Z",
        color=lighter(sheet.color, 0.1),
        volume=6,
    )
    sheet.seam("M 3.8 -10 Q 3.4 -5.4 4.2 -4.4 Q 5.2 -3.4 10 -3.8", width=7, color=edge, opacity=0.85)


def umbrella(sheet: Sheet, options: Options) -> None:
    """Open, seen from the side, on its crook."""
    sheet.place(400, 150, 8)
    wood = "#7a4b2a"
    sheet.panel(capsule(0, 4, 0, 78, 0.7, 0.7), color=wood, cloth=LEATHER, weave="", volume=6)
    sheet.metal("M 0 77 L 0 82 C 0 93 13 93 13 83 L 13 81", color=wood, width=2.2)
    sheet.metal("M -0.8 74 L 0.8 74 L 0.8 76 L -0.8 76 Z")
    sheet.panel(capsule(0, -4, 0, 1, 0.5, 0.8), color=wood, cloth=LEATHER, weave="", volume=6)
    sheet.lining(
        "M -43 36 Q -20 26 0 30 Q 20 26 43 36 Q 20 20 0 20 Q -20 20 -43 36 Z", darker(sheet.color, 0.55)
    )
    gores = ((-43, -23), (43, 23), (-23, 0), (23, 0))
    for outer, inner in gores:
        mid = (outer + inner) / 2
        drop_in = 31 if inner else 32.4
        bow = outer * 0.86
        sheet.panel(
            f"M 0 -0.6 C {bow * 0.75} 1 {outer * 0.98} 18 {outer} {36 if abs(outer) == 43 else 32.2} Q {mid} {28} {inner} {drop_in + 0.8} C {inner * 0.96} 16 {inner * 0.6} 4 0 -0.6 Z",
            color=sheet.color if abs(outer) == 23 else darker(sheet.color, 0.12),
        )


def socks(sheet: Sheet, options: Options) -> None:
    """Three pairs in a row, overlapping."""
    tones = (darker(sheet.color, 0.3), lighter(sheet.color, 0.25), sheet.color)
    for k, tone in enumerate(tones):
        sheet.place(290 + k * 85, 215 + k * 45, 17)
        sheet.panel(
            "M -4.6 0 Q 0 1 4.6 0 C 4.6 8 4.4 14 4.8 19 C 5.4 22 9 24.6 12.4 27.6 C 15 30 14.4 33.6 11.6 34.4 C 8 35.4 2 32.4 -1.6 28.6 C -4.6 25.4 -5 22 -4.8 18 C -4.4 12 -4.6 6 -4.6 0 Z",
            color=tone,
            folds=["M 4.6 17 Q 0 20 -3 19.6", "M 5.4 21.4 Q 2 24 0 24", "M -4 9 Q 0 10.4 3 9.6"],
            over=sheet.ribs(0.45),
        )
        sheet.panel(
            "M -4.8 -0.4 Q 0 0.6 4.8 -0.4 L 4.7 4 Q 0 5 -4.7 4 Z", color=tone, volume=6, over=sheet.ribs(0.45)
        )
        sheet.panel(
            "M 13 28.2 C 15 30.4 14.4 33.6 11.6 34.4 Q 9.6 34.8 7.6 34.2 Q 10 31.6 13 28.2 Z",
            color=darker(tone, 0.3),
            volume=6,
        )
