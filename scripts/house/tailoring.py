"""Coats, jackets, suits: garments with a front that opens, set-in sleeves, lapels.

Lengths are a real garment's centimetres, from the point where shoulder meets neck (y = 0). Right halves are
drawn and mirrored. The wearer's right side closes over for women, the left for men.
"""

from __future__ import annotations

from dataclasses import dataclass

from .bottoms import legs
from .cloth import cloth_of
from .palette import darker, lighter, luminance, mix
from .path import mirrored, whole
from .sheet import BRASS, Sheet

SATIN = cloth_of("satin")
Options = frozenset[str]


@dataclass(frozen=True, slots=True)
class Cut:
    """The measures of a fitted upper garment, as half widths and heights in cm."""

    length: float = 70
    shoulder: float = 20
    chest: float = 24
    waist: float = 21.5
    hem: float = 25
    waist_at: float = 42
    sleeve: float = 62
    cuff: float = 6.2
    spread: float = 13  # how far the cuff hangs outside the shoulder
    drop: float = 4.5  # shoulder slope


def sleeves(sheet: Sheet, cut: Cut, *, blouson: float = 0, over: str = "") -> None:
    """Both sleeves, to be drawn before the body, which covers the armholes. `blouson`: fullness above the cuff, cm; `over`: a print."""
    tip, end, share = cut.shoulder, cut.drop + cut.sleeve, cut.sleeve / 62
    outer = tip + 6.5 + (cut.spread - 6.5) * share + (2.5 if share < 0.5 else 0)
    inner = outer - 2 * cut.cuff
    bow = outer + blouson
    root = min(end - 1, cut.drop + 22)
    arm = (
        f"M {tip - 4} {cut.drop - 1} C {tip + 2} {cut.drop - 0.5} {tip + 5} {cut.drop + 6 * min(1, share * 2)} {tip + 6.5} {cut.drop + 15 * min(1, share * 2)} "
        f"C {tip + 6.5 + (bow - tip - 6.5) * 0.4} {cut.drop + cut.sleeve * 0.5} {bow} {end - cut.sleeve * 0.35} {outer} {end - 1.5} "
        f"Q {outer - cut.cuff} {end + 1.2} {inner} {end} "
        f"C {inner - 0.5 - blouson} {end - cut.sleeve * 0.3} {inner - 1 - blouson} {end - cut.sleeve * 0.42} {cut.chest - 3} {root} L {tip - 5} {cut.drop + 14} Z"
    )
    if share < 0.5:
        arm = (
            f"M {tip - 4} {cut.drop - 1} C {tip + 1.5} {cut.drop - 0.5} {tip + 4} {cut.drop + 3} {tip + 5.5} {cut.drop + 8} L {outer + 1} {end - 3} "
            f"Q {outer - cut.cuff} {end + 0.8} {cut.chest + 0.6} {end + 0.6} L {cut.chest - 3} {root} L {tip - 5} {cut.drop + 12} Z"
        )
    middle = (outer + inner) / 2
    creases = [
        f"M {middle + 2.5} {end - 5} Q {middle + 1 + blouson / 2} {end - cut.sleeve * 0.34} {tip + 4} {cut.drop + cut.sleeve * 0.26}"
    ]
    if share > 0.7:
        creases += [
            f"M {tip + 4} {cut.drop + 29} Q {middle - 1} {cut.drop + 34} {middle + 3} {cut.drop + 33}",
            f"M {inner + 1} {cut.drop + 39} Q {middle} {cut.drop + 43} {outer - 2} {cut.drop + 41}",
        ]
    for turned in (str, mirrored):
        sheet.panel(turned(arm), folds=[turned(c) for c in creases], over=over)


def front(cut: Cut, edge: float, neck: str, hem_curve: float = 0) -> str:
    """The right front: shoulder, armhole, side, hem, then up the front edge at x = `edge`; `neck` leads back."""
    return (
        f"M 7.4 -0.6 L {cut.shoulder} {cut.drop} C {cut.shoulder - 1.6} {cut.drop + 8} {cut.shoulder - 1.2} 20 {cut.chest} 25.5 "
        f"C {cut.chest - 0.6} 32 {cut.waist} {cut.waist_at - 6} {cut.waist} {cut.waist_at} "
        f"C {cut.waist} {cut.waist_at + 8} {cut.hem - 1} {min(cut.waist_at + 22, cut.length - 8)} {cut.hem} {cut.length - 1.2} "
        f"Q {(cut.hem + edge) / 2} {cut.length + 0.8} {edge + hem_curve} {cut.length} "
        f"Q {edge} {cut.length - hem_curve * 0.3} {edge} {cut.length - hem_curve} {neck} Z"
    )


def interior(sheet: Sheet, cut: Cut, depth: float) -> None:
    """The back's inside, as seen through the open neck."""
    sheet.lining(f"M -9 0 Q 0 -4 9 0 L 12 {depth * 0.4} L 0 {depth + 3} L -12 {depth * 0.4} Z")
    sheet.lining("M -8.4 0.5 Q 0 -3.4 8.4 0.5 Q 0 4.6 -8.4 0.5 Z", darker(sheet.color, 0.25))
    sheet.label(2.2)


@dataclass(frozen=True, slots=True)
class Lapels:
    """Collar and lapels that roll from the neck to the top button, `end` cm down."""

    kind: str  # "notch", "peak" or "shawl"
    end: float
    width: float = 1.0
    satin: bool = False

    def lapel(self, edge: float) -> str:
        """The right lapel; `edge` is where the front's edge stands at the button."""
        w, end = self.width, self.end
        roll = f"C {edge + 3} {end * 0.66} 5.6 {end * 0.36} 6.6 2 Z"
        if self.kind == "shawl":
            outer = f"C {12.5 * w} 7 {15 * w} {end * 0.4} {9.5 * w + edge * 0.3} {end * 0.7} C {6.5 * w + edge * 0.5} {end * 0.85} {edge + 2} {end * 0.96} {edge} {end}"
            return f"M 7 -3 Q 8.4 -1.6 9 0 {outer} {roll}"
        tip = (
            f"L {11.6 * w} 13 L {15.2 * w} 14.4"
            if self.kind == "notch"
            else f"L {11 * w} 12.6 L {16.6 * w} 8.6"
        )
        lean = 14.6 if self.kind == "notch" else 17.2
        return f"M 6.6 2 L {8 * w} 9.6 {tip} C {lean * w} {end * 0.52} {8 * w + edge * 0.4} {end * 0.8} {edge} {end} {roll}"

    def collar(self) -> str:
        w = self.width
        if self.kind == "shawl":
            return whole("M 0 -4.4 C 4.6 -4.4 7.6 -3 9.2 -0.2 L 7 3 Q 4.6 -1.8 0 -2")
        return whole(
            f"M 0 -4.4 C 4.6 -4.4 7.6 -3 9 -0.8 L {13.4 * w} 10.2 L {11.2 * w} 12.6 L {7.8 * w} 9.4 C 6.9 6 6.6 3.4 6 1.4 Q 4.2 -1.8 0 -2"
        )

    def draw(self, sheet: Sheet, data: str) -> None:
        if self.satin:
            light = luminance(sheet.color)
            color = (
                darker(sheet.color, 0.12)
                if light > 0.5
                else lighter(sheet.color, 0.05)
                if light < 0.16
                else mix(sheet.color, "#101012", 0.6)
            )
            sheet.panel(data, volume=6, color=color, cloth=SATIN, weave="")
        else:
            sheet.panel(data, volume=6)


def flap_pocket(
    sheet: Sheet, x: float, y: float, width: float = 14, tilt: float = 0.8, height: float = 5
) -> None:
    for turned in (str, mirrored):
        sheet.panel(
            turned(
                f"M {x} {y} L {x + width} {y - tilt} L {x + width - 0.2} {y - tilt + height} Q {x + width / 2} {y + height + 0.6} {x + 0.3} {y + height} Z"
            ),
            volume=6,
        )


def welt_pocket(sheet: Sheet, x: float, y: float, tilt: float = 4) -> None:
    for turned in (str, mirrored):
        sheet.panel(
            turned(f"M {x} {y} L {x + 2.4} {y - 0.6} L {x + 2.4 + tilt} {y + 14} L {x + tilt} {y + 14.6} Z"),
            volume=6,
        )


def fronts(
    sheet: Sheet,
    cut: Cut,
    overlap: float,
    lapels: Lapels | None,
    folds: tuple[str, ...] = (),
    hem_curve: float = 0,
    neck: float = 3.5,
) -> None:
    """Both fronts with their lapels: the under one, then the one that closes over it, then the collar."""
    end = lapels.end if lapels else neck
    right = front(cut, -overlap, f"L {-overlap} {end} L 6.6 2", hem_curve)
    for turned in (str, mirrored):
        sheet.panel(turned(right), folds=[turned(f) for f in folds])
        if lapels:
            lapels.draw(sheet, turned(lapels.lapel(-overlap)))
    if lapels:
        lapels.draw(sheet, lapels.collar())


def coat(sheet: Sheet, options: Options) -> None:
    """single | double | wrap | cocoon; notch | peak | shawl | stand | collar | collarless; short | knee | long; man."""
    man = "man" in options
    length = 118 if "long" in options else 80 if "short" in options else 103
    scale = 740 / length if length > 85 else 8.6
    sheet.place(400, 118 if length > 85 else 140, min(scale, 8.6), flip=man, slim=0.97 if man else 0.93)
    wide = 1.5 if man else 0
    cut = Cut(
        length=length,
        shoulder=21 + wide,
        chest=25.5 + wide,
        waist=24 + wide,
        hem=28 + (length - 80) * 0.1 + wide,
        sleeve=62 + wide * 2,
        spread=12.5,
        cuff=7.2,
        waist_at=44,
    )
    if "cocoon" in options:
        cut = Cut(
            length=length,
            shoulder=23,
            chest=31,
            waist=34,
            hem=27,
            sleeve=56,
            spread=15,
            cuff=8,
            waist_at=52,
            drop=6.5,
        )
    if "wrap" in options:
        cut = Cut(
            length=length,
            shoulder=22,
            chest=26,
            waist=20.5,
            hem=33,
            sleeve=62,
            spread=14,
            cuff=8,
            waist_at=43,
            drop=5,
        )
    low = length - 4
    drape = (
        f"M {cut.waist - 7} {cut.waist_at + 12} Q {cut.waist - 5} {low - 20} {cut.hem - 8} {low}",
        f"M {cut.waist - 15} {cut.waist_at + 22} Q {cut.waist - 14} {low - 14} {cut.hem - 18} {low}",
        f"M {cut.shoulder - 2} 24 Q {cut.chest - 8} 30 {cut.chest - 12} 40",
    )
    sleeves(sheet, cut)
    if "wrap" in options:
        _wrap(sheet, cut, drape)
        return
    double = "double" in options
    collarless, stand = "collarless" in options, options & {"stand", "collar"}
    end = 3.5 if stand else 9 if collarless else 40 if double else 36
    overlap = 9 if double else 2.4
    interior(sheet, cut, end)
    kind = "peak" if "peak" in options or double else "notch"
    fronts(sheet, cut, overlap, None if stand or collarless else Lapels(kind, end, 1.12), drape, neck=end)
    if stand:
        _stand_collar(sheet, turned_down="collar" in options)
    if double:
        for y in (46, 58) if length > 85 else (44, 55):
            sheet.buttons(7, y, 1.5)
        sheet.buttons(9.5, 34, 1.5)
    elif not options & {"mac", "cocoon"}:
        for y in (40, 54, 68) if not (stand or collarless) else (11,) if collarless else (10, 24, 38, 52, 66):
            sheet.button(0, y, 1.4)
    if options & {"mac", "cocoon"}:
        sheet.stitch(f"M -5 12 L -5 {length * 0.72}") if "mac" in options else None
    if "cocoon" in options or "mac" in options or "long" in options:
        welt_pocket(sheet, 12.5, 56)
    else:
        flap_pocket(sheet, 9.5, 60 if length > 85 else 54, 13)


def _wrap(sheet: Sheet, cut: Cut, drape: tuple[str, ...]) -> None:
    interior(sheet, cut, 30)
    gathers = (
        *drape,
        f"M {cut.waist - 4} 46 Q {cut.waist - 3} 60 {cut.waist} 80",
        "M 8 46 Q 8 62 10 84",
        "M 6 40 Q 9 34 12 26",
    )
    fronts(sheet, cut, 9, Lapels("shawl", 42, 1.25), gathers)
    belt = f"M -{cut.waist + 0.6} 41.4 Q 0 44.6 {cut.waist + 0.6} 41.4 L {cut.waist + 0.6} 45.8 Q 0 49.2 -{cut.waist + 0.6} 45.8 Z"
    for tail in (
        "M 2.5 46 Q 8 62 6 79 L 10.6 79 Q 13 60 6.5 45 Z",
        "M 0.5 46 Q -3 60 -1 72 L 3.6 72.6 Q 3 58 5 46 Z",
    ):
        sheet.panel(tail, volume=6, folds=())
    sheet.panel(belt, volume=6)
    sheet.panel("M -0.5 42.6 Q 3 41 6.5 43 Q 8 46.5 6 50 Q 2.5 51 -0.5 49.5 Q -2 46 -0.5 42.6 Z", volume=6)


def _stand_collar(sheet: Sheet, *, turned_down: bool) -> None:
    if turned_down:
        leaf = "M 0 -3.8 C 4.6 -3.8 7.6 -2.6 9 -0.6 L 13.4 9.6 Q 9 13.4 6.6 13.6 C 3.4 10 1.2 6 -0.4 3.2 L 0 -1 Z"
        sheet.panel(leaf, volume=6)
        sheet.panel(mirrored(leaf), volume=6)
        return
    collar = "M 0 -4.5 C 4 -4.8 7 -4.6 8.2 -3.6 L 8.6 1.4 Q 5 5 -2.4 5.4 L -2.4 0 L 0 -2 Z"
    sheet.panel(collar, volume=6)
    sheet.panel(mirrored(collar), volume=6)


def blazer(sheet: Sheet, options: Options) -> None:
    """single | double; notch | peak | shawl; satin; relaxed; man."""
    man = "man" in options
    sheet.place(400, 185, 8.4 if man else 9, flip=man, slim=1 if man else 0.93)
    if man:
        cut = Cut(
            length=75,
            shoulder=22.5,
            chest=26.5,
            waist=24,
            hem=26.5,
            sleeve=64,
            cuff=6.8,
            spread=11.5,
            waist_at=44,
        )
    else:
        cut = Cut(
            length=70, shoulder=20, chest=23.5, waist=20, hem=25, sleeve=61, cuff=6, spread=12, waist_at=41
        )
    draw_jacket(sheet, cut, options)


def draw_jacket(sheet: Sheet, cut: Cut, options: Options, *, shirt: bool = False) -> None:
    """A tailored jacket of a given cut on the sheet as placed."""
    man = "man" in options
    relaxed = 1.5 if "relaxed" in options else 0
    if relaxed:
        cut = Cut(
            cut.length,
            cut.shoulder + 0.6,
            cut.chest + 1.2,
            cut.waist + 2.5,
            cut.hem + 1,
            cut.waist_at,
            cut.sleeve,
            cut.cuff + 0.6,
            cut.spread + 1,
        )
    double = "double" in options
    end = 40 if double else 43
    if "shawl" in options:
        end = 44
    overlap = 8 if double else 2
    shape = (
        f"M {cut.shoulder - 2} 24 Q {cut.chest - 9} 31 {cut.chest - 13} 41",
        f"M {cut.waist - 3} {cut.waist_at + 2} Q {cut.waist - 7} {cut.waist_at + 12} {cut.waist - 5} {cut.length - 5}",
    )
    sleeves(sheet, cut)
    if shirt:
        shirt_front(sheet, "bow" if "shawl" in options else "tie")
    else:
        interior(sheet, cut, end)
    kind = next((k for k in ("peak", "shawl") if k in options), "notch")
    lapels = Lapels(kind, end, 1.05 if man else 0.98, "satin" in options)
    fronts(sheet, cut, overlap, lapels, shape, hem_curve=0 if double else 7)
    for turned in (str, mirrored):  # darts
        sheet.seam(
            turned(
                f"M {cut.chest - 10} 30 Q {cut.waist - 9.5} {cut.waist_at} {cut.waist - 8.5} {cut.waist_at + 11}"
            ),
            opacity=0.35,
        )
    pocket = cut.waist_at + 12
    if relaxed:
        for turned in (str, mirrored):
            sheet.panel(
                turned(
                    f"M 8.5 {pocket - 3} L 21 {pocket - 3.5} L 21.5 {pocket + 10} Q 21 {pocket + 12.5} 18 {pocket + 12.6} L 12 {pocket + 12.8} Q 9 {pocket + 12.5} 8.8 {pocket + 10} Z"
                ),
                volume=6,
            )
    elif "satin" in options:
        for turned in (str, mirrored):
            sheet.seam(
                turned(f"M 9 {pocket} L 21.5 {pocket - 0.8} M 9 {pocket + 1} L 21.5 {pocket + 0.2}"),
                opacity=0.6,
            )
    else:
        flap_pocket(sheet, 8.8, pocket, 13)
    sheet.panel("M -19.4 24.8 L -10.4 23.4 L -10.2 25.6 L -19.2 27 Z", volume=6)
    if double:
        for y in (45, 56):
            sheet.buttons(6.6, y, 1.25)
        sheet.buttons(8.6, 34, 1.25)
    else:
        sheet.button(0, 44.5, 1.25)
        if man and "shawl" not in options and "satin" not in options:
            sheet.button(0, 55, 1.25)
    for x in (1, -1):
        base = cut.shoulder + cut.spread - 2 * cut.cuff
        for k in range(3):
            sheet.button(x * (base + 1.6), cut.drop + cut.sleeve - 4 - 2.3 * k, 0.65)


def suit(sheet: Sheet, options: Options) -> None:
    """A man's jacket over its shirt and tie, with the trousers hanging behind."""
    man = options | {"man"}
    sheet.place(400, 95 + 42 * 5.5, 5.5)
    legs(sheet, waist=22, hip=25.5, hem=10.6, length=104, gap=3)
    sheet.place(400, 95, 5.5, flip=True)
    cut = Cut(
        length=75,
        shoulder=22.5,
        chest=26.5,
        waist=24,
        hem=26.5,
        sleeve=64,
        cuff=6.8,
        spread=11.5,
        waist_at=44,
    )
    draw_jacket(sheet, cut, man, shirt=True)


def tuxedo(sheet: Sheet, options: Options) -> None:
    suit(sheet, options | {"satin", "single"})


def shirt_front(sheet: Sheet, tie: str) -> None:
    """The shirt and tie in a suit's opening."""
    white = "#fbf9f4"
    sheet.panel("M -7 0 L 7 0 L 10 10 L 6 46 L -6 46 L -10 10 Z", color=white, weave="")
    dark = darker(sheet.color, 0.45) if luminance(sheet.color) > 0.2 else mix(sheet.color, "#7d2a34", 0.5)
    if tie == "tie":
        sheet.panel("M -1.9 8.6 L 1.9 8.6 L 4 44 L 0 50 L -4 44 Z", color=dark, weave="", volume=6)
        sheet.panel("M -3.1 4.4 Q 0 3.6 3.1 4.4 L 1.9 9.2 Q 0 9.9 -1.9 9.2 Z", color=dark, weave="", volume=6)
    else:
        for x in (18, 26, 34):
            sheet.button(0, x, 0.7, "#1c1c20")
    for turned in (str, mirrored):
        sheet.panel(
            turned("M 0.4 5.4 C 2 2 4.4 -2.6 7.6 -3.4 L 9.4 0.6 L 9 8.4 L 5.6 11 Z"),
            color=white,
            weave="",
            volume=6,
        )
    if tie == "bow":
        for turned in (str, mirrored):
            sheet.panel(
                turned("M 0.6 6.2 C 3 3.6 7 2.8 9.6 3.6 Q 9 7 9.6 10.6 C 7 11.2 3 10 0.6 8 Z"),
                color="#1b1b20",
                cloth=SATIN,
                weave="",
                volume=6,
            )
        sheet.panel(
            "M -1.5 5.8 Q 0 5.2 1.5 5.8 L 1.4 8.6 Q 0 9.2 -1.4 8.6 Z",
            color="#1b1b20",
            cloth=SATIN,
            weave="",
            volume=6,
        )


def waistcoat(sheet: Sheet, options: Options) -> None:
    sheet.place(400, 200, 10.2, flip=True)
    interior(sheet, Cut(), 24)
    right = "M 7.4 -0.6 L 17 3 C 13.5 12 14.5 22 21.5 27 C 20.6 34 19.6 38 20 44 C 20.4 48 21 52 21.6 56 L 9.5 62.5 L -1.6 54 L -1.6 25 L 6.6 2 Z"
    for turned in (str, mirrored):
        sheet.panel(turned(right), folds=[turned("M 17 30 Q 13 38 8 44"), turned("M 18 44 Q 15 50 14 56")])
        sheet.seam(turned("M 11.5 30 Q 12 42 12.5 58"), turned("M 7.4 -0.6 Q 5 12 0 25"), opacity=0.35)
        sheet.panel(turned("M 9 45 L 18.5 42.4 L 18.8 44.6 L 9.2 47.2 Z"), volume=6)
    for y in (27, 32.5, 38, 43.5, 49):
        sheet.button(0, y, 0.85)


def trench(sheet: Sheet, options: Options) -> None:
    """Double-breasted, belted, with storm flap, epaulettes and wide collar: long | short."""
    short = "short" in options
    length = 76 if short else 112
    sheet.place(400, 120 if not short else 150, 6.9 if not short else 9, slim=0.93)
    cut = Cut(
        length=length,
        shoulder=21,
        chest=25,
        waist=20.5,
        hem=24 if short else 32,
        sleeve=62,
        cuff=7.4,
        spread=13,
        waist_at=43,
    )
    sleeves(sheet, cut)
    for side in (1, -1):
        base = cut.shoulder + cut.spread
        strap = f"M {base - 14.8} 55.4 Q {base - 7} 57.4 {base + 0.2} 54.4 L {base + 0.4} 57 Q {base - 7} 60 {base - 14.6} 58 Z"
        sheet.panel(strap if side > 0 else mirrored(strap), volume=6)
    interior(sheet, cut, 24)
    folds = (
        f"M {cut.waist - 5} 48 Q {cut.waist - 4} {length * 0.7} {cut.hem - 7} {length - 3}",
        f"M {cut.waist - 13} 48 Q {cut.waist - 14} {length * 0.7} {cut.hem - 17} {length - 3}",
        f"M {cut.waist - 3} 41 Q {cut.waist - 8} 35 {cut.chest - 12} 33",
    )
    fronts(sheet, cut, 9, Lapels("notch", 30, 1.2), folds)
    storm = "M -8 1 L -21.4 4.6 C -20 12 -20.4 18 -22.4 23.6 Q -15 27.4 -8.6 26 C -12 18 -14.4 10 -8 1 Z"
    sheet.panel(storm, volume=6)
    lapels = Lapels("notch", 30, 1.2)
    lapels.draw(sheet, mirrored(lapels.lapel(-9)))
    lapels.draw(sheet, lapels.collar())
    for turned in (str, mirrored):
        sheet.panel(turned("M 12 0.6 L 21.6 3.4 L 21.8 6.6 L 12.6 4 Q 11 2.4 12 0.6 Z"), volume=6)
        sheet.button(*((13.6, 2.6) if turned is str else (-13.6, 2.6)), 0.7)
    for y in (34, 55) if short else (34, 56, 68):
        sheet.buttons(7, y, 1.3)
    welt_pocket(sheet, 12.5, 53)
    w = cut.waist + 0.7
    sheet.panel(f"M -{w} 42 Q 0 44.4 {w} 42 L {w} 46.6 Q 0 49 -{w} 46.6 Z", volume=6)
    sheet.panel("M 4 46 Q 10 54 9.6 68 L 13.8 68.4 Q 14.6 54 8.4 46 Z", volume=6)
    sheet.panel(
        "M -4 42 L 4.6 42 L 4.6 49.6 L -4 49.6 Z M -2.4 44 L -2.4 47.8 L 3 47.8 L 3 44 Z",
        color="#5a3d28",
        weave="",
        volume=6,
    )


def cape(sheet: Sheet, options: Options) -> None:
    sheet.place(400, 175, 7.6)
    sheet.panel(
        whole("M 0 -13 C 9 -13 14 -6 13 4 L 9 12 L 0 14"),
        folds=["M 9 -6 Q 11 2 8 10", "M -8 -7 Q -10 2 -7 10"],
    )
    sheet.lining("M -7 -3 Q 0 -9.5 7 -3 Q 8.6 5 5.4 9.4 Q 0 13 -5.4 9.4 Q -8.6 5 -7 -3 Z")
    sheet.label(-1.4, 2.8)
    folds = [
        f"M {x * 0.45:.1f} {24 - abs(x) * 0.1:.1f} Q {x * 0.7:.1f} 50 {x} 82"
        for x in (-34, -24, -12, 13, 25, 35)
    ]
    sheet.panel(
        whole(
            "M 0 12.5 Q 5 11.6 8.4 7.4 C 16 9 22.5 13 26 24 C 32 42 39 62 42.5 80 Q 38 84.6 32 84.2 Q 24 88.6 16 86.4 Q 8 89.6 0 87"
        ),
        folds=folds,
    )
    sheet.seam("M 0 12.6 L 0 87", opacity=0.6)
    for turned in (str, mirrored):
        sheet.panel(turned("M 17 42 L 19.6 41.4 L 23.4 58 L 20.8 58.8 Z"), volume=6)
    for y in (17, 29, 41, 53):
        sheet.button(0.1, y, 1.1)


def casual(sheet: Sheet, options: Options, *, kind: str) -> None:
    """Short jackets with a straight front: quilted, leather, bomber, field, overshirt, gilet, boxy."""
    man = kind in ("bomber", "field", "overshirt", "gilet")
    length = {
        "quilted": 64,
        "leather": 56,
        "bomber": 62,
        "field": 74,
        "overshirt": 74,
        "gilet": 64,
        "boxy": 54,
    }[kind]
    sheet.place(
        400, 190 if length < 70 else 165, 9.6 if length < 60 else 9.1 if length < 70 else 8.5, flip=man
    )
    wide = 2.0 if man else 0
    cut = Cut(
        length=length,
        shoulder=20 + wide,
        chest=24 + wide,
        waist=(21 if kind == "leather" else 23.5) + wide,
        hem=(22 if kind in ("leather", "bomber") else 24.5) + wide,
        sleeve=(54 if kind == "boxy" else 61) + wide,
        cuff=6.4,
        spread=11.5,
        waist_at=min(42, length - 14),
    )
    sleeve_folds = kind in ("leather", "bomber")
    if kind != "gilet":
        sleeves(sheet, cut, blouson=1.5 if sleeve_folds else 0)
    interior(sheet, cut, 8)
    quilt = ""
    if kind in ("quilted", "gilet"):
        size = round((4.6 if kind == "quilted" else 7) * sheet.scale)
        lines = f"M0 0L{size} {size}M0 {size}L{size} 0" if kind == "quilted" else f"M0 {size // 2}H{size}"
        sheet.define_once(
            f'<pattern id="q" width="{size}" height="{size}" patternUnits="userSpaceOnUse" stroke-width="3" fill="none">'
            f'<path d="{lines}" stroke="{lighter(sheet.color, 0.4)}" transform="translate(2 4)" opacity=".4"/><path d="{lines}" stroke="{darker(sheet.color, 0.55)}" opacity=".6"/></pattern>'
        )
        quilt = '<rect width="800" height="1000" fill="url(#q)"/>'
    end = {"leather": 10, "boxy": 7, "bomber": 4}.get(kind, 4)
    right = front(cut, -1.2, f"L -1.2 {end} L 6.6 2")
    creases = (
        ()
        if quilt
        else (
            f"M {cut.shoulder - 2} 24 Q {cut.chest - 9} 30 {cut.chest - 12} 38",
            f"M {cut.waist - 3} {cut.waist_at} Q {cut.waist - 8} {cut.waist_at + 5} {cut.waist - 10} {length - 4}",
        )
    )
    for turned in (str, mirrored):
        sheet.panel(turned(right), folds=[turned(c) for c in creases], over=quilt)
    _trim(sheet, cut, kind)


def _trim(sheet: Sheet, cut: Cut, kind: str) -> None:
    """What tells one short jacket from another: collar, pockets, closing, ribs."""
    length, end = cut.length, cut.drop + cut.sleeve
    base = cut.shoulder + cut.spread
    if kind == "boxy":
        edges = [
            f"M 7.4 -0.6 Q 6.6 6 1.2 8.6 L 1.2 {length} Q 12 {length + 1} {cut.hem} {length - 1}",
            f"M {base - 12.8} {end} Q {base - 6} {end + 1.4} {base} {end - 1.4}",
        ]
        braid = lighter(sheet.color, 0.5) if luminance(sheet.color) < 0.75 else "#a98d5f"
        pockets = [f"M 7 {y} L 19 {y - 0.6} L 19 {y + h} L 7 {y + h} Z" for y, h in ((22, 8), (38, 11))]
        for pocket in pockets:
            for turned in (str, mirrored):
                sheet.panel(turned(pocket), volume=6)
                sheet.seam(turned(pocket), width=6, color=braid, opacity=0.8)
                sheet.button(13 if turned is str else -13, 24.6 if "22" in pocket[:8] else 40.6, 0.9, BRASS)
        for turned in (str, mirrored):
            sheet.seam(*(turned(e) for e in edges), width=7, color=braid, opacity=0.85)
        return
    if kind == "leather":
        for turned in (str, mirrored):
            sheet.panel(
                turned(
                    "M 0.8 24 C 2 14 4.6 5 6.4 -2.6 Q 9 -2.6 9.8 -0.4 L 14.6 9.4 L 12 11.4 L 15.4 13.6 Q 9 21 0.8 24 Z"
                ),
                volume=6,
            )
            sheet.metal(turned("M 9 40 L 19 35"), width=0.45, color=STEEL_ZIP)
        sheet.metal(f"M 1.4 22 L 0 {length - 1}", width=0.7, color=STEEL_ZIP)
        sheet.stitch(f"M -{cut.hem} {length - 6} Q 0 {length - 4} {cut.hem} {length - 6}")
        return
    if kind == "bomber":
        rib = darker(sheet.color, 0.2)
        sheet.panel(
            f"M -{cut.hem} {length - 6} Q 0 {length - 4} {cut.hem} {length - 6} L {cut.hem - 1.4} {length + 0.4} Q 0 {length + 2.4} -{cut.hem - 1.4} {length + 0.4} Z",
            color=rib,
            volume=6,
            over=sheet.ribs(0.9),
        )
        for turned in (str, mirrored):
            sheet.panel(
                turned("M 0.4 5.6 Q 5 3.4 6.4 -1.6 Q 7.4 -4 8.8 -2.4 Q 11 4.6 0.4 10.6 Z"),
                color=rib,
                volume=6,
                over=sheet.ribs(0.9),
            )
            sheet.panel(
                turned(
                    f"M {base - 13} {end - 5} Q {base - 6} {end - 3} {base + 0.4} {end - 6} L {base - 0.6} {end} Q {base - 6} {end + 2.6} {base - 12} {end + 1} Z"
                ),
                color=rib,
                volume=6,
                over=sheet.ribs(0.9),
            )
            sheet.panel(turned("M 11 40 L 13.4 39 L 18.6 51 L 16.2 52 Z"), volume=6)
        sheet.metal(f"M 0 9 L 0 {length - 1}", width=0.7)
        return
    _stand_collar(sheet, turned_down=True)
    if kind in ("quilted", "gilet"):
        for y in range(14, round(length) - 2, 11):
            sheet.button(0, y, 0.9, darker(sheet.color, 0.3))
        for turned in (str, mirrored):
            sheet.panel(
                turned(f"M 8.5 {length - 19} L 20 {length - 20} L 20 {length - 7} L 8.5 {length - 6} Z"),
                volume=6,
            )
        return
    tops, bottoms = (24, 12), (46, 15)
    for y, high in (tops, bottoms) if kind == "field" else (tops,):
        for turned in (str, mirrored):
            sheet.panel(turned(f"M 7.5 {y} L 19.5 {y - 0.5} L 19.5 {y + high} L 7.5 {y + high} Z"), volume=6)
            sheet.panel(
                turned(f"M 7.1 {y - 1.6} L 19.9 {y - 2.1} L 19.9 {y + 2} L 13.5 {y + 4.6} L 7.1 {y + 2.4} Z"),
                volume=6,
            )
            sheet.button(13.5 if turned is str else -13.5, y + 2.6, 0.7)
    sheet.stitch(f"M 2.4 12 L 2.4 {length - 1}", f"M -2.6 12 L -2.6 {length - 1}")
    for y in range(18, round(length) - 4, 11):
        sheet.button(0, y, 0.85)


STEEL_ZIP = "#b5aa92"
