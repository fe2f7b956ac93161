"""Knitwear, shirts, blouses, dresses and jumpsuits, in centimetres from where shoulder meets neck (y = 0)."""

from __future__ import annotations

from dataclasses import replace

from .bottoms import belt_of, drape, legs, pleats, wavy_hem
from .palette import darker, lighter, luminance
from .path import mirrored, whole
from .sheet import Sheet
from .tailoring import Cut, interior, sleeves

Options = frozenset[str]
PEARL = "#efe8dc"

NECKS = {  # from the axis to the shoulder, right half
    "crew": "M 0 8.6 C 4.4 8.6 7.6 5.6 8.2 -0.3",
    "scoop": "M 0 12 C 5.6 12 9 7 9.8 0.2",
    "boat": "M 0 4.6 Q 8 4.4 13.4 1.4",
    "v": "M 0 21 Q 5.4 10 7.8 -0.4",
    "square": "M 0 13.4 L 10.6 13 Q 10.4 5 11.2 0.6",
    "polo": "M 0 7 C 4 6.6 7 4 7.6 -0.4",
}


def back_neck(sheet: Sheet, depth: float) -> None:
    sheet.lining(
        f"M -9.6 0.8 Q 0 -2.6 9.6 0.8 Q 9 {depth * 0.7} 5 {depth + 1} L 0 {depth + 2} L -5 {depth + 1} Q -9 {depth * 0.7} -9.6 0.8 Z"
    )
    sheet.label(0.9, 2.8)


def rib(sheet: Sheet, data: str, step: float = 1.0) -> None:
    """A ribbed edge of a knit."""
    sheet.panel(data, volume=6, weave="", over=sheet.ribs(step))


def knit(sheet: Sheet, options: Options) -> None:
    """crew | turtle | boat | polo | v | tee | vest; fine | chunky; cable, stripes, man."""
    man, chunky = "man" in options, "chunky" in options
    sheet.place(400, 205, 9.5 if not man else 8.9, flip=man, slim=0.95 if not man else 1)
    wide = (2.5 if man else 0) + (1.5 if chunky else 0)
    length = 64 + (5 if man else 0)
    cut = Cut(
        length=length,
        shoulder=20 + wide,
        chest=24 + wide,
        waist=22.6 + wide,
        hem=22.4 + wide,
        sleeve=60 + (3 if man else 0),
        cuff=4.6,
        spread=12,
        waist_at=44,
    )
    vest, tee = "vest" in options, "tee" in options
    neck = next((n for n in ("boat", "v") if n in options), "polo" if "polo" in options else "crew")
    if vest:
        cut = Cut(length=58, shoulder=17.5, chest=23, waist=21.6, hem=21.4, waist_at=40)
    if tee:
        cut = Cut(
            length=58,
            shoulder=19.4,
            chest=23,
            waist=21.4,
            hem=22.4,
            sleeve=19,
            cuff=7.6,
            spread=11,
            waist_at=42,
        )
    if "cable" in options:
        sheet.cloth = replace(sheet.cloth, weave="cable")
    stripes = ""
    if "stripes" in options:
        band = "#27324a" if luminance(sheet.color) > 0.5 else "#efe6d4"
        rows = "".join(f"M0 {y}H800" for y in range(330, 830, 34))
        stripes = f'<path d="{rows}" stroke="{band}" stroke-width="13" opacity=".92"/>'
    end = cut.drop + cut.sleeve
    if not vest:
        sleeves(sheet, cut, blouson=1.4 if chunky else 0.5, over=stripes)
    if not vest and not tee:
        tip = cut.shoulder + cut.spread
        for turned in (str, mirrored):
            rib(
                sheet,
                turned(
                    f"M {tip - 10} {end - 6} Q {tip - 5} {end - 4.8} {tip + 0.5} {end - 7} L {tip - 0.4} {end - 0.6} Q {tip - 5} {end + 1.8} {tip - 9.2} {end + 0.6} Z"
                ),
            )
    depth = 21 if neck == "v" else 8.6
    back_neck(sheet, depth)
    armhole = f"C {cut.shoulder - 1.6} {cut.drop + 8} {cut.shoulder - 1.2} 20 {cut.chest} 25.5"
    outline = (
        f"{NECKS[neck]} L {cut.shoulder} {cut.drop} {armhole} C {cut.chest - 0.6} 34 {cut.waist} 38 {cut.waist} {cut.waist_at} "
        f"L {cut.hem} {cut.length - 5} Q {cut.hem / 2} {cut.length - 3.6} 0 {cut.length - 3.6}"
    )
    folds = [
        "M 21 27 Q 15 33 8 36",
        "M -21 27 Q -16 34 -10 38",
        f"M {cut.waist - 1} 46 Q 14 50 6 49",
        f"M {-cut.waist + 1} 50 Q -14 54 -8 52",
    ]
    sheet.panel(whole(outline), folds=folds, over=stripes)
    hem = f"M -{cut.hem} {cut.length - 5.6} Q 0 {cut.length - 2} {cut.hem} {cut.length - 5.6} L {cut.hem - 0.5} {cut.length - 0.4} Q 0 {cut.length + 2.6} -{cut.hem - 0.5} {cut.length - 0.4} Z"
    rib(sheet, hem)
    if vest:
        for turned in (str, mirrored):
            rib(
                sheet,
                turned(
                    f"M {cut.shoulder - 1.6} 3.8 L {cut.shoulder + 0.8} 4.6 C {cut.shoulder - 0.6} 12 {cut.shoulder} 20 {cut.chest + 0.4} 24.6 L {cut.chest - 1.6} 26.6 C {cut.shoulder - 3.6} 22 {cut.shoulder - 3} 12 {cut.shoulder - 1.6} 3.8 Z"
                ),
            )
    _neckband(sheet, "turtle" if "turtle" in options else neck)


def _neckband(sheet: Sheet, neck: str) -> None:
    """The collar of a knit."""
    if neck == "turtle":
        rib(sheet, whole("M 0 -7.4 Q 5 -7.6 7 -6.2 L 8 1.4 Q 6 6.6 0 7"), 0.9)
        rib(sheet, whole("M 0 -8.2 Q 5.6 -8.2 7.6 -6.6 Q 8.8 -2 8.8 2.6 Q 5 5 0 5"), 0.9)
    elif neck == "polo":
        sheet.panel("M -2 7 L 2 7 L 2 20 L -2 20 Z", volume=6)
        for y in (9.5, 13.5, 17.5):
            sheet.button(0, y, 0.6, PEARL if luminance(sheet.color) > 0.5 else HORN_DARK)
        leaf = "M 0 -2.6 C 4 -2.8 6.6 -2.2 8.4 0 L 12 7.6 L 7.4 12 Q 4 9.4 0.5 7.4 Q 5 4 5.8 0.4 Q 3.4 -1.4 0 -1.2 Z"
        for turned in (str, mirrored):
            sheet.panel(turned(leaf), volume=6)
    elif neck == "v":
        for turned in (str, mirrored):
            rib(sheet, turned("M 0 20.4 Q 5 9.6 7.2 -0.8 L 9.4 0 Q 7.2 12 0 24 Z"))
    elif neck == "boat":
        sheet.seam("M -13.4 1.4 Q 0 7.6 13.4 1.4", width=3)
    else:
        band = "M 0 8 C 4 8 7 5 7.4 -0.8 Q 8.4 -1 9.4 -0.2 C 9.4 6.6 5.6 11 0 11"
        rib(sheet, whole(band), 0.9)


HORN_DARK = "#3a2b20"


def cardigan(sheet: Sheet, options: Options) -> None:
    """fine | chunky; long, shawl, man."""
    man, long = "man" in options, "long" in options
    length = 92 if long else 70 if man else 60
    sheet.place(400, 150 if long else 200, 7.8 if long else 8.8 if man else 9.8, flip=man, slim=0.95)
    wide = 2.5 if "chunky" in options else 0
    cut = Cut(
        length=length,
        shoulder=20 + wide,
        chest=23.5 + wide,
        waist=22.6 + wide,
        hem=23 + wide,
        sleeve=60,
        cuff=5,
        spread=12.4,
        waist_at=44,
    )
    sleeves(sheet, cut, blouson=1.0)
    tip, end = cut.shoulder + cut.spread, cut.drop + cut.sleeve
    for turned in (str, mirrored):
        rib(
            sheet,
            turned(
                f"M {tip - 10.8} {end - 6} Q {tip - 5} {end - 4.8} {tip + 0.5} {end - 7} L {tip - 0.4} {end - 0.6} Q {tip - 5} {end + 1.8} {tip - 10} {end + 0.6} Z"
            ),
        )
    v = 9 if not (long or "shawl" in options) else 34
    interior(sheet, cut, v)
    inside = 2.2 if long else 0
    right = (
        f"M 7.4 -0.6 L {cut.shoulder} {cut.drop} C {cut.shoulder - 1.6} {cut.drop + 8} {cut.shoulder - 1.2} 20 {cut.chest} 25.5 "
        f"C {cut.chest - 0.6} 34 {cut.waist} 38 {cut.waist} {cut.waist_at} L {cut.hem} {length - 5} Q {cut.hem / 2} {length - 3.8} {inside} {length - 4} L {inside} {v} Q 5 {v * 0.5} 7.4 -0.6 Z"
    )
    for turned in (str, mirrored):
        sheet.panel(
            turned(right),
            folds=[
                turned("M 21 27 Q 15 33 9 36"),
                turned(f"M {cut.waist - 3} 46 Q {cut.waist - 6} {length * 0.7} {cut.waist - 5} {length - 8}"),
            ],
        )
        rib(
            sheet,
            turned(
                f"M {inside} {length - 5.4} Q 12 {length - 4.6} {cut.hem} {length - 6} L {cut.hem - 0.5} {length} Q 12 {length + 1.4} {inside} {length + 1} Z"
            ),
        )
        if "chunky" in options:
            sheet.panel(
                turned(
                    f"M {inside + 6} {length * 0.58} L 20 {length * 0.57} L 20.4 {length * 0.57 + 16} L {inside + 6} {length * 0.58 + 16} Z"
                ),
                volume=6,
            )
            rib(
                sheet,
                turned(
                    f"M {inside + 5.8} {length * 0.58 - 0.4} L 20.2 {length * 0.57 - 0.4} L 20.2 {length * 0.57 + 2.6} L {inside + 5.8} {length * 0.58 + 2.6} Z"
                ),
            )
    band = f"M 6.6 -2.6 Q 9 -2 9.2 0 Q 6.8 {v * 0.62} {inside + 2.2} {v + 1} L {inside + 2.2} {length + 0.8} L {inside - 1.6} {length + 0.8} L {inside - 1.6} {v} Q 4.4 {v * 0.5} 6.6 -2.6 Z"
    if "shawl" in options:
        band = f"M 5 -4 Q 9 -4 10.4 -1 C 14 10 12.6 22 {inside + 2.4} {v + 2} L {inside + 2.2} {length + 0.8} L {inside - 1.6} {length + 0.8} L {inside - 1.6} {v} Q 4.4 {v * 0.5} 5 -4 Z"
    for turned in (str, mirrored):
        rib(sheet, turned(band), 0.9)
    rib(sheet, whole("M 0 -3.6 Q 5 -3.8 7 -2.6 Q 8 -1 7.4 0.6 Q 5 -1.4 0 -1.2"), 0.9)
    if not long:
        for k in range(7 if v < 10 else 5):
            sheet.button(
                0,
                v + 3 + k * (length - v - 5) / (6.6 if v < 10 else 4.7),
                0.8 if v < 10 else 1.1,
                PEARL if v < 10 else "#5a3a24",
            )


def shirt(sheet: Sheet, options: Options) -> None:
    """collar | wing | buttondown | camp; relaxed, check, print, bib, short, man."""
    man = "man" in options
    sheet.place(400, 185, 8.7 if man else 9.1, flip=man)
    wide = (2.5 if man else 0) + (2 if "relaxed" in options else 0)
    short = "short" in options
    length = 72 if man else 69
    cut = Cut(
        length=length,
        shoulder=20.5 + wide,
        chest=24 + wide,
        waist=22.4 + wide,
        hem=23.4 + wide,
        sleeve=22 if short else 61,
        cuff=8.6 if short else 5.4,
        spread=12.4,
        waist_at=43,
    )
    over = (
        _print(sheet, "check")
        if "check" in options
        else _print(sheet, "shuttle")
        if "print" in options
        else ""
    )
    sleeves(sheet, cut, blouson=0 if short else 1, over=over)
    tip, end = cut.shoulder + cut.spread, cut.drop + cut.sleeve
    if not short:
        for turned in (str, mirrored):
            sheet.panel(
                turned(
                    f"M {tip - 11.4} {end - 6} Q {tip - 5} {end - 4.6} {tip + 0.6} {end - 7} L {tip + 0.2} {end - 0.2} Q {tip - 5} {end + 2.2} {tip - 11} {end + 1} Z"
                ),
                volume=6,
            )
            sheet.button(*((tip - 9, end - 2.4) if turned is str else (-tip + 9, end - 2.4)), 0.55, PEARL)
    back_neck(sheet, 8 if "camp" not in options else 16)
    curved = (
        f"Q {cut.hem - 2} {length + 1} {cut.hem * 0.55} {length + 5} Q 6 {length + 6} 0 {length + 5.4}"
        if not short
        else f"Q {cut.hem / 2} {length + 1.4} 0 {length + 1.4}"
    )
    neck = "M 0 15 L 7.6 -0.4" if "camp" in options else "M 0 6.4 Q 5 4 7.4 -0.4"
    outline = (
        f"{neck} L {cut.shoulder} {cut.drop} C {cut.shoulder - 1.6} {cut.drop + 8} {cut.shoulder - 1.2} 20 {cut.chest} 25.5 "
        f"C {cut.chest - 0.6} 34 {cut.waist} 38 {cut.waist} {cut.waist_at} C {cut.waist} {length - 16} {cut.hem} {length - 10} {cut.hem} {length - 6} {curved}"
    )
    folds = [
        "M 22 27 Q 15 34 8 38",
        "M -22 27 Q -16 35 -9 41",
        "M 18 44 Q 12 56 13 66",
        "M -19 46 Q -13 54 -14 68",
        "M 10 46 Q 7 54 8 64",
    ]
    sheet.panel(whole(outline), folds=folds, over=over)
    for turned in (str, mirrored):  # yoke
        sheet.seam(turned(f"M 9 6 Q 16 8.6 {cut.shoulder - 0.6} 9.4"), opacity=0.3)
    if "bib" in options:
        sheet.panel(whole("M 0 8 L 9.6 8 L 10.4 36 Q 8 43 0 43"), volume=6, weave="pique")
    sheet.seam(f"M 1.7 9 L 1.7 {length + 5}", f"M -1.7 9 L -1.7 {length + 5}", opacity=0.32)
    _shirt_collar(sheet, options)
    stud = "#1d1d20" if "bib" in options else PEARL
    for k in range(6):
        sheet.button(0, (13 if "camp" not in options else 19) + k * 9.4, 0.6, stud)
    if not options & {"bib"}:
        sheet.panel("M 9 25.4 L 17.4 24.8 L 17.6 34 L 13.4 36.4 L 9.2 34.6 Z", volume=6, over=over)


def _shirt_collar(sheet: Sheet, options: Options) -> None:
    if "camp" in options:
        leaf = "M 0 15.6 L 6 3 Q 7 -1 5 -3 Q 9 -2.6 9.6 0 L 12.6 8 L 10.6 11 L 14 12.6 Q 8 15 0 15.6 Z"
    else:
        leaf = "M 0.3 7 C 1.4 3 4.2 -1.6 6.8 -3.8 Q 8.8 -3.4 9.4 -0.6 L 10.4 11.6 Q 5 9.6 0.3 7 Z"
        sheet.panel(whole("M 0 -4.6 Q 4.6 -4.6 7.4 -3.2 L 8 0 Q 4.6 -1.6 0 -1.6"), volume=6)
    for turned in (str, mirrored):
        sheet.panel(turned(leaf), volume=6)
        if "buttondown" in options:
            sheet.button(9.2 if turned is str else -9.2, 10, 0.45, PEARL)


def _print(sheet: Sheet, kind: str) -> str:
    """A printed or woven figure over a whole panel."""
    light, dark = lighter(sheet.color, 0.55), darker(sheet.color, 0.5)
    tile = {
        "check": (
            64,
            f'<path d="M0 12H64M12 0V64" stroke="{dark}" stroke-width="16" opacity=".4"/><path d="M0 44H64M44 0V64" stroke="{light}" stroke-width="4" opacity=".6"/>',
        ),
        "shuttle": (
            58,
            f'<path d="M6 14Q18 4 30 14Q18 24 6 14ZM35 43Q47 33 59 43Q47 53 35 43Z" fill="{light}" opacity=".75"/><path d="M40 8l8 12M12 38l8 12" stroke="{dark}" stroke-width="3" opacity=".6"/>',
        ),
        "floral": (
            92,
            "".join(
                f'<g transform="translate({x} {y}) rotate({a})"><path d="M0 4q3 14-4 22M1 14q8-1 11 5q-9 2-11-5" stroke="{dark}" fill="none" stroke-width="2" opacity=".6"/>'
                f'<path d="M0 0q-9-4-6-10q7-1 6 6q-1-8 6-8q5 6-4 9q9 0 8 7q-7 4-10-4q1 9-6 9q-5-6 4-9" fill="{light}"/><circle r="2.4" fill="#c99a3a"/></g>'
                for x, y, a in ((22, 20, 0), (68, 40, 60), (30, 70, 140), (84, 82, 220))
            ),
        ),
    }[kind]
    name = "p" + kind
    definition = f'<pattern id="{name}" width="{tile[0]}" height="{tile[0]}" patternUnits="userSpaceOnUse">{tile[1]}</pattern>'
    sheet.define_once(definition)
    return f'<rect width="800" height="1000" fill="url(#{name})"/>'


def tee(sheet: Sheet, options: Options) -> None:
    sheet.place(400, 225, 9.6)
    cut = Cut(
        length=68, shoulder=21.5, chest=25, waist=24, hem=24.4, sleeve=20, cuff=8.4, spread=11.4, waist_at=44
    )
    polo = "polo" in options
    sleeves(sheet, cut)
    back_neck(sheet, 9)
    neck = NECKS["polo" if polo else "crew"]
    outline = (
        f"{neck} L {cut.shoulder} {cut.drop} C {cut.shoulder - 1.6} {cut.drop + 8} {cut.shoulder - 1.2} 20 {cut.chest} 25.5 "
        f"C {cut.chest - 0.4} 34 {cut.waist} 38 {cut.waist} {cut.waist_at} L {cut.hem} {cut.length} Q {cut.hem / 2} {cut.length + 1.6} 0 {cut.length + 1.6}"
    )
    sheet.panel(
        whole(outline),
        folds=[
            "M 22 28 Q 15 34 8 37",
            "M -22 28 Q -16 35 -9 40",
            "M 18 46 Q 12 56 13 65",
            "M -19 48 Q -13 56 -14 66",
        ],
    )
    sheet.stitch(
        f"M -{cut.hem - 0.2} {cut.length - 2.4} Q 0 {cut.length + 0.8} {cut.hem - 0.2} {cut.length - 2.4}"
    )
    _neckband(sheet, "polo" if polo else "crew")


def blouse(sheet: Sheet, options: Options) -> None:
    """bow | v | high; lace."""
    sheet.place(400, 190, 9.4, slim=0.93)
    cut = Cut(
        length=63, shoulder=19, chest=23.5, waist=22, hem=24, sleeve=60, cuff=4, spread=12.6, waist_at=42
    )
    sleeves(sheet, cut, blouson=4)
    tip, end = cut.shoulder + cut.spread, cut.drop + cut.sleeve
    for turned in (str, mirrored):
        sheet.panel(
            turned(
                f"M {tip - 9} {end - 4.6} Q {tip - 4} {end - 3.4} {tip + 1} {end - 5.6} L {tip + 0.4} {end} Q {tip - 4} {end + 2} {tip - 8.4} {end + 1} Z"
            ),
            volume=6,
        )
    back_neck(sheet, 19 if "v" in options else 7)
    neck = NECKS["v" if "v" in options else "polo"]
    outline = (
        f"{neck} L {cut.shoulder} {cut.drop} C {cut.shoulder - 1.6} {cut.drop + 8} {cut.shoulder - 1.2} 20 {cut.chest} 25.5 C {cut.chest - 0.6} 34 {cut.waist} 38 {cut.waist} {cut.waist_at} "
        f"L {cut.hem} {cut.length - 1} {wavy_hem(cut.hem, cut.length - 1, 4, 0.8)}"
    )
    folds = [
        "M 14 4 Q 13 16 9 26",
        "M -14 4 Q -13 16 -9 26",
        "M 20 28 Q 15 40 16 58",
        "M -20 28 Q -14 42 -16 58",
        "M 8 36 Q 6 48 8 60",
        "M -7 34 Q -4 46 -6 60",
    ]
    sheet.panel(whole(outline), folds=folds)
    if "high" in options:
        sheet.panel(whole("M 0 -6.4 Q 4.6 -6.6 6.4 -5.6 L 7.8 0.4 Q 5 6.4 0 6.8"), volume=6)
        sheet.seam("M -10 10 Q 0 25 10 10", width=4, color=lighter(sheet.color, 0.6), opacity=0.6)
    if "bow" in options:
        sheet.seam("M 0 9 L 0 63", opacity=0.4)
        for k in range(5):
            sheet.button(0, 22 + k * 8.6, 0.55, sheet.color)
        sheet.panel(whole("M 0 -3.6 Q 4.6 -3.8 6.8 -2.6 L 8.4 1.6 Q 5 7.6 0 8.2"), volume=6)
        for turned in (str, mirrored):
            sheet.panel(
                turned("M 0.6 9 C 3 15 6 24 5.4 35 L 10.6 33 C 10.4 22 6 13 2.4 8 Z"),
                volume=6,
                folds=[turned("M 2 11 Q 7 22 7.6 33")],
            )
            sheet.panel(
                turned("M 0.8 8.2 C 5 3.6 11 3.4 14.2 5.6 Q 15.4 9.6 13.4 13.2 C 9 14.6 4 12.6 0.8 10 Z"),
                volume=6,
                folds=[turned("M 2 9 Q 7 8 11 9")],
            )
        sheet.panel("M -2 6.8 Q 0 6 2 6.8 Q 2.8 9 2 11.2 Q 0 12 -2 11.2 Q -2.8 9 -2 6.8 Z", volume=6)
    elif "v" not in options:
        sheet.seam("M 0 8 L 0 63", opacity=0.4)


def straps(sheet: Sheet, x: float, y: float) -> None:
    """Thin shoulder straps from (x, y) over the shoulder to the back."""
    for side in (1, -1):
        back = (
            f"M {side * x * 0.8} {y + 3} C {side * x * 0.74} {y * 0.5} {side * x * 0.8} 2 {side * x * 0.86} 0"
        )
        sheet.seam(back, width=4, color=darker(sheet.color, 0.4), opacity=1)
        sheet.seam(
            f"M {side * x} {y + 0.6} C {side * x} {y * 0.5} {side * x * 0.96} 1 {side * x * 0.86} 0",
            width=5,
            color=darker(sheet.color, 0.1),
            opacity=1,
        )


def camisole(sheet: Sheet, options: Options) -> None:
    sheet.place(400, 200, 10.4, slim=0.86)
    straps(sheet, 11, 18)
    sheet.lining("M -16 21 Q 0 14 16 21 L 10 27 L 0 30 L -10 27 Z")
    outline = f"M 0 28.6 Q 6 26 11 18 Q 15 23 20 26 C 20.4 34 19 40 20 46 L 24 60 {wavy_hem(24, 60, 4, 0.8)}"
    sheet.panel(
        whole(outline),
        folds=[
            "M 14 26 Q 10 40 14 58",
            "M -14 26 Q -9 40 -13 58",
            "M 4 31 Q 2 46 5 60",
            "M -18 34 Q -8 38 0 36",
        ],
    )


def jumpsuit(sheet: Sheet, options: Options) -> None:
    """v sleeveless wide | collar long belt."""
    utility = "collar" in options
    sheet.place(400, 88 + 41 * 5.6, 5.6, slim=0.86)
    legs(
        sheet,
        waist=20,
        hip=25.5,
        hem=11 if utility else 14.5,
        length=103,
        gap=2.6 if utility else 1,
        crease=not utility,
    )
    sheet.place(400, 88, 5.6, slim=0.86)
    shoulder = 20 if utility else 16.4
    cut = Cut(
        length=44,
        shoulder=shoulder,
        chest=23,
        waist=19.6,
        hem=19.6,
        sleeve=60,
        cuff=6,
        spread=13,
        waist_at=41,
    )
    if utility:
        sleeves(sheet, cut)
    back_neck(sheet, 20)
    armhole = (
        f"C {shoulder - 1.6} {cut.drop + 8} {shoulder - 1.2} 20 {cut.chest} 25.5"
        if utility
        else "C 14 12 15.4 21 22 25.6"
    )
    outline = f"{NECKS['polo' if utility else 'v']} L {shoulder} {cut.drop - 1} {armhole} C 22 32 19.6 36 19.6 41.4 Q 10 43.6 0 43.6"
    sheet.panel(whole(outline), folds=["M 20 28 Q 14 34 8 40", "M -20 28 Q -14 34 -8 40"])
    if utility:
        sheet.seam("M 0 8 L 0 62", opacity=0.5)
        for y in (14, 22, 30):
            sheet.button(0, y, 0.8)
        for turned in (str, mirrored):
            sheet.panel(turned("M 6.6 17 L 16.4 16.4 L 16.4 28 L 6.6 28.6 Z"), volume=6)
            sheet.panel(turned("M 6.4 15.6 L 16.6 15 L 16.6 18.4 L 11.5 21 L 6.4 19 Z"), volume=6)
        _shirt_collar(sheet, options)
        belt_of(sheet, 20.3, 40)
    else:
        sheet.panel(
            "M 7.8 -0.4 L 10 0.2 Q 3 22 -19.4 41 L -19.6 44 L -8 44 Q 6 24 7.8 -0.4 Z",
            volume=6,
            folds=["M 6 12 Q -2 30 -17 42"],
        )
        sheet.panel("M -19.8 41 Q 0 45 19.8 41 L 19.8 45.4 Q 0 49.4 -19.8 45.4 Z", volume=6)


def dress(sheet: Sheet, options: Options) -> None:
    """A length (mini, knee, midi, maxi), a neck (v, crew, boat, square, collar, turtle, halter, strapless, oneshoulder, straps),
    sleeves (short, elbow, long, sleeveless, cape) and a shape (slip, aline, column, shirt, sheath, pleated, knit, wrap, fit,
    tiered, trapeze, draped)."""
    length = {"mini": 88, "knee": 103, "midi": 122, "maxi": 148}[
        next(k for k in ("mini", "knee", "midi", "maxi") if k in options)
    ]
    scale = min(8.4, 800 / length)
    sheet.place(400, 500 - length * scale / 2 + 6, scale, slim=0.84)
    shape = next(s for s in SHAPES if s in options)
    over = _print(sheet, "floral") if "floral" in options else ""
    _bodice_sleeves(sheet, options, over)
    if "cape" in options:
        _cape(sheet, length)
    bare = options & {"straps", "halter", "strapless", "oneshoulder"}
    if not bare:
        back_neck(sheet, 20 if "v" in options else 13 if "square" in options else 8)
    elif "straps" in options:
        straps(sheet, *((12, 17.4) if "square" in options else (10.4, 15.4)))
        sheet.lining("M -15 19 Q 0 13 15 19 L 10 24 L 0 26 L -10 24 Z")
    top = _bodice(options) if shape != "draped" else ""
    waist_at, waist = 40.0, 18.6
    if shape in ("slip", "column", "sheath", "knit", "trapeze", "draped"):
        _one_piece(sheet, shape, top, length, over)
    elif shape == "tiered":
        _tiers(sheet, waist, waist_at, length)
        outline = f"{top} C 21 30 {waist} {waist_at - 6} {waist} {waist_at} Q {waist / 2} {waist_at + 2.4} 0 {waist_at + 2.4}"
        sheet.panel(whole(outline), folds=GATHERS)
    else:
        if shape == "pleated":
            waist_at, waist = 29.0, 19.4
        _waisted(sheet, shape, top, waist, waist_at, length, over)
    _dress_trim(sheet, options, length, waist, waist_at)


SHAPES = (
    "slip",
    "aline",
    "column",
    "shirt",
    "sheath",
    "pleated",
    "knit",
    "wrap",
    "fit",
    "tiered",
    "trapeze",
    "draped",
)


def _bodice(options: Options) -> str:
    """The right half from the axis over neck and shoulder to the underarm."""
    if "halter" in options:
        return "M 0 2.4 Q 4 2 6.4 -1 C 7.6 8 11 18 20.4 25"
    if "strapless" in options:
        return "M 0 22 Q 7 17 12 18.6 Q 17 20.4 20.6 24.6"
    if "straps" in options:
        return (
            "M 0 25 Q 6 23 10.4 15.4 Q 14.6 20.6 20.2 24.6"
            if "square" not in options
            else "M 0 18 L 12 17.6 Q 16 20 20.6 25"
        )
    sleeveless = "sleeveless" in options
    neck = NECKS[
        "polo"
        if options & {"collar", "turtle"}
        else next(n for n in ("v", "crew", "boat", "square") if n in options)
    ]
    tip = 15.6 if sleeveless else 18.6
    if "cape" in options:
        tip = 17
    arm = "C 13.4 12 14.6 21 21.4 25.4" if sleeveless else f"C {tip - 1.6} 12 {tip - 1} 20 21.6 25.4"
    return f"{neck} L {tip} {2.6 + tip * 0.08:.1f} {arm}"


def _bodice_sleeves(sheet: Sheet, options: Options, over: str) -> None:
    kind = next((s for s in ("short", "elbow", "long") if s in options), None)
    if not kind:
        return
    measures = {"short": (18, 7.6), "elbow": (33, 6.6), "long": (58, 5)}[kind]
    cut = Cut(shoulder=18.6, chest=21.6, sleeve=measures[0], cuff=measures[1], spread=11.4, drop=4)
    sleeves(sheet, cut, blouson=0.6, over=over)


def _one_piece(sheet: Sheet, shape: str, top: str, length: float, over: str) -> None:
    """A dress without a waist seam."""
    sides = {
        "slip": ("C 20 31 18.8 36 19.4 42", 26, 35),
        "column": ("C 20.6 31 18.4 36 18.6 41", 24, 30),
        "sheath": ("C 21 31 18.8 36 19.2 42", 23.6, 22.6),
        "knit": ("C 20.6 31 18.4 36 18.8 42", 24, 27),
        "trapeze": ("C 23 34 26 44 28 54", 33, 39),
        "draped": ("C 20.6 31 18.6 36 18.8 41", 24.6, 27),
    }
    side, hip, hem = sides[shape]
    flutes = 6 if shape in ("slip", "column") else 4
    edge = (
        wavy_hem(hem, length, flutes, 1.2)
        if shape not in ("sheath", "knit")
        else f" Q {hem / 2} {length + 1.6} 0 {length + 1.6}"
    )
    flow = (
        f"C {hip - 3} 50 {hip} 54 {hip} 62 C {hip + 1} 76 {hem - 1} {length - 20} {hem} {length}"
        if shape != "trapeze"
        else f"L {hem} {length}"
    )
    folds = [*GATHERS, *drape(18.6, hem, 50, length, 7 if flutes == 6 else 4)]
    if shape == "draped":
        fan = [f"M 17 {54 - k} Q 0 {50 - k * 5} {-19 - k * 0.3} {42 - k * 3}" for k in range(5)]
        fan += [f"M 17 {56 + k} Q 4 {70 + k * 9} {-16 + k * 7} {length - 4}" for k in range(5)]
        right = f"M 9 -0.4 L 17.6 3 C 15 12 15.6 20 21.4 25.4 {side} {flow} Q {hem / 2} {length + 2.6} 0 {length + 2} Q {-hem / 2} {length + 2.6} {-hem} {length}"
        left = f"C {-hem + 1} {length - 20} {-hip - 1} 76 {-hip} 62 C {-hip} 54 {-hip + 3} 50 -18.8 41 C -18.6 36 -20.6 31 -20.6 25 C -14 22 2 18 9 -0.4 Z"
        sheet.panel(f"{right} {left}", folds=fan, depth=1.2)
        return
    sheet.panel(
        whole(f"{top} {side} {flow} {edge}"),
        folds=folds,
        over=over,
        depth=1.0 if shape != "sheath" else 0.7,
        weave="rib" if shape == "knit" else None,
    )


GATHERS = ("M 20 28 Q 14 33 7 35", "M -20 28 Q -14 34 -7 36")


def _waisted(
    sheet: Sheet, shape: str, top: str, waist: float, waist_at: float, length: float, over: str
) -> None:
    """A dress with a waist seam; bodice and skirt are lit as one."""
    hem, flutes, deep, spring = {
        "aline": (20 + length * 0.13, 5, 0.8, 0.42),
        "shirt": (38, 5, 0.7, 0.46),
        "wrap": (34, 6, 1.2, 0.4),
        "fit": (45, 8, 1.8, 0.66),
        "pleated": (50, 16, 0.8, 0.4),
    }[shape]
    skirt = length - waist_at
    outline = (
        f"{top} C 21 30 {waist} {waist_at - 6} {waist} {waist_at} "
        f"C {waist + 2.6} {waist_at + 7} {waist + (hem - waist) * spring} {waist_at + skirt * 0.4} {hem} {length} {wavy_hem(hem, length, flutes, deep)}"
    )
    folds = [
        *GATHERS,
        *drape(
            waist, hem, waist_at, length, {"fit": 11, "aline": 7, "wrap": 8, "shirt": 6, "pleated": 2}[shape]
        ),
    ]
    sheet.panel(whole(outline), folds=folds, over=over)
    if shape == "pleated":
        pleats(sheet, waist, hem, waist_at, length)
    sheet.seam(f"M {-waist} {waist_at} Q 0 {waist_at + 3.4} {waist} {waist_at}", width=2.4)


def _tiers(sheet: Sheet, waist: float, waist_at: float, length: float) -> None:
    rows = (
        (waist_at + 46, length, 34, 42),
        (waist_at + 22, waist_at + 50, 26, 35),
        (waist_at, waist_at + 26, waist, 27),
    )
    for start, end, top, hem in rows:
        edge = wavy_hem(hem, end, 8, 1.1)
        sheet.panel(
            whole(f"M 0 {start + 1} L {top} {start} L {hem} {end} {edge}"),
            folds=drape(top, hem, start, end, 11),
        )


def _cape(sheet: Sheet, length: float) -> None:
    panel = f"M 8 1 Q 17 1 21 7 C 31 40 37 90 40 {length - 8} Q 34 {length - 3} 27 {length - 5} Q 20 {length} 12 {length - 2} L 8 10 Z"
    for turned in (str, mirrored):
        sheet.panel(
            turned(panel),
            color=lighter(sheet.color, 0.08),
            folds=[turned(f"M 21 12 Q 27 60 {28 + k * 5} {length - 10}") for k in range(2)],
        )


def _dress_trim(sheet: Sheet, options: Options, length: float, waist: float, waist_at: float) -> None:
    if "collar" in options:
        sheet.seam(f"M 1.6 9 L 1.6 {length + 2}", f"M -1.6 9 L -1.6 {length + 2}", opacity=0.3)
        _shirt_collar(sheet, options)
        for k in range(9):
            sheet.button(0, 13 + k * (length - 30) / 8, 0.7, PEARL)
    if "buttons" in options:
        for k in range(10):
            sheet.button(0, 24 + k * (length - 36) / 9, 0.65, darker(sheet.color, 0.35))
    if "turtle" in options:
        _neckband(sheet, "turtle")
    if "wrap" in options:
        sheet.panel(
            f"M 7.8 -0.4 L 10.4 0.2 Q 6 22 {-waist} {waist_at} L {-waist} {waist_at + 4} Q 0 {waist_at - 8} 7.8 -0.4 Z",
            volume=6,
        )
        sheet.panel(
            f"M {-waist - 0.4} {waist_at - 1} Q 0 {waist_at + 2.6} {waist + 0.4} {waist_at - 1} L {waist + 0.4} {waist_at + 3} Q 0 {waist_at + 6.6} {-waist - 0.4} {waist_at + 3} Z",
            volume=6,
        )
        sheet.panel(
            f"M 13 {waist_at + 3} Q 16 {waist_at + 16} 13.4 {waist_at + 30} L 17 {waist_at + 30} Q 19.6 {waist_at + 16} 15.6 {waist_at + 2} Z",
            volume=6,
        )
        sheet.panel(
            f"M 12 {waist_at} Q 15 {waist_at - 1.6} 16.6 {waist_at + 1} Q 17 {waist_at + 4} 15 {waist_at + 6} Q 12 {waist_at + 5} 12 {waist_at} Z",
            volume=6,
        )
        sheet.seam(f"M 12 {waist_at + 5} Q 6 {length * 0.7} -4 {length + 1}", opacity=0.4)
    if "belt" in options:
        belt_of(sheet, waist + 0.6, waist_at - 1)
    if "halter" in options:
        sheet.panel(whole("M 0 -2 Q 4 -2.6 6.4 -1.6 L 6.6 1 Q 3.6 3.4 0 3.6"), volume=6)
        sheet.panel(
            f"M -{waist_at * 0.66} 29 Q 0 32 {waist_at * 0.66} 29 L {waist_at * 0.66} 31 Q 0 34 -{waist_at * 0.66} 31 Z",
            volume=6,
        )
    if "cape" in options:
        for k in range(13):
            x = -7.8 + k * 1.3
            sheet.button(x, 8.8 - 0.13 * x * x, 0.5, "#efe3c8")
    if "lace" in options:
        edge = "".join(
            f"M {-22 + k * 4} {length + 0.6} Q {-20 + k * 4} {length + 4} {-18 + k * 4} {length + 0.6} "
            for k in range(11)
        )
        sheet.seam(edge, width=3, color=lighter(sheet.color, 0.4), opacity=0.8)
    if "square" in options and "maxi" in options:
        sheet.stitch(
            "M -12.6 2 L -12 15.6 L 12 15.6 L 12.6 2", "M -14 2.4 L -13.6 17.4 L 13.6 17.4 L 14 2.4", width=3
        )
