"""Shoes in profile: centimetres from the heel's back on the ground, toe to the right, up is negative."""

from __future__ import annotations

from collections.abc import Callable

from .cloth import cloth_of
from .palette import darker, lighter, luminance
from .sheet import BRASS, Sheet

Options = frozenset[str]
LEATHER, RUBBER = cloth_of("leather"), cloth_of("cotton poplin")
LINING, SOLE = "#c9a57c", "#3a2a1f"


def single(sheet: Sheet, options: Options, *, kind: Callable[[Sheet, Options], None]) -> None:
    """One shoe on the ground."""
    tall = "tall" in options
    scale, ground = (17.0, 880) if tall else (22.5, 660)
    if kind is boot and not tall:
        ground = 760
    sheet.ground(ground + 3, 300 if not tall else 240)
    sheet.place(400 - (14.4 if not tall else 13.4) * scale, ground, scale)
    kind(sheet, options)


def _sole(sheet: Sheet, data: str, color: str | None = None) -> None:
    dark = color or ("#241a14" if luminance(sheet.color) < 0.5 else "#8a6541")
    sheet.panel(data, color=dark, cloth=LEATHER, weave="", volume=6)


def _inside(sheet: Sheet, data: str) -> None:
    sheet.lining(data, LINING)
    sheet.lining(data, "#00000022")


def pump(sheet: Sheet, options: Options) -> None:
    """mid | high | kitten; slingback cut at the heel when `kitten`."""
    h = 8.6 if "high" in options else 4.6 if "kitten" in options else 6.6
    sling = "kitten" in options
    back = -h - 5.8
    _inside(
        sheet,
        f"M 1.4 {back} C 6 {back + 0.2} 14 {-h * 0.62 - 4} 19.6 -4.8 C 14 {-h * 0.4 - 2} 7 {-h - 1} 1.4 {back} Z",
    )
    heel = f"M 0.7 {-h - 0.8} Q 3.4 {-h - 0.4} 6.4 {-h + 1.2} C 4 {-h + 1.8} 2.4 {-h * 0.7} 2.2 -0.1 L 1.3 -0.1 C 1.2 {-h * 0.5} 0.8 {-h * 0.8} 0.7 {-h - 0.8} Z"
    if sling:
        heel = f"M 0.8 {-h - 0.8} Q 3.4 {-h - 0.4} 6 {-h + 0.8} C 4.4 {-h + 2} 3.6 -2 3.5 -0.2 L 1.9 -0.2 C 1.8 -2 1 {-h + 1} 0.8 {-h - 0.8} Z"
    sheet.panel(heel, volume=6)
    _sole(
        sheet,
        f"M 0.7 {-h - 0.5} C 5 {-h} 9 {-h * 0.45} 14 {-h * 0.13 - 0.2} C 18 0.1 24 0.1 28.4 -0.3 Q 29.2 -0.5 28.6 -1 L 14 {-h * 0.2 - 1.2} L 5 {-h - 0.4} Z",
    )
    if sling:
        upper = f"M 9 {-h * 0.62 - 1.6} C 12 {-h * 0.4 - 3.4} 16 -4.4 19 -5.2 C 22.4 -4.4 26 -2.4 28.6 -1.2 Q 29.2 -0.6 28.4 -0.5 C 24 -0.1 18 -0.2 14 {-h * 0.15 - 0.4} Q 11 {-h * 0.4} 9 {-h * 0.62 - 1.6} Z"
        sheet.panel(upper, folds=())
        sheet.panel(
            f"M 9.2 {-h * 0.62 - 2} C 6 {-h - 1.6} 3 {-h - 3.8} 1.2 {-h - 4.2} Q 0 {-h - 4.4} 0.3 {-h - 5.2} Q 1.4 {-h - 5.4} 3 {-h - 4.8} C 6 {-h - 3.6} 8.6 {-h - 1} 10.6 {-h * 0.62 - 2.2} Z",
            volume=6,
        )
    else:
        upper = (
            f"M 1.3 {back} C 6.4 {-h - 2.6} 12.6 {-h * 0.36 - 2.4} 19.6 -4.8 C 22.8 -4.2 26 -2.4 28.6 -1.2 Q 29.2 -0.6 28.4 -0.5 C 24 -0.1 18 -0.2 14 {-h * 0.15 - 0.4} "
            f"C 9 {-h * 0.48} 5 {-h - 0.1} 0.7 {-h - 0.7} C -0.2 {-h - 2.4} 0.2 {-h - 4.6} 1.3 {back} Z"
        )
        sheet.panel(upper, folds=())
        sheet.seam(f"M 2 {back + 0.7} C 6.8 {-h - 2} 12.8 {-h * 0.34 - 1.8} 19.6 -4.1", opacity=0.35)


def flat(sheet: Sheet, options: Options) -> None:
    _inside(sheet, "M 1 -6.2 C 7 -6.4 14 -5.4 20.4 -4 C 14 -3.4 6 -3.6 1 -6.2 Z")
    _sole(
        sheet, "M 0.4 -1.4 L 6 -1.2 Q 16 -0.6 27.6 -1 Q 28.4 -0.6 27.6 -0.1 L 16 0 L 7 -0.2 L 6.6 0 L 0.6 0 Z"
    )
    sheet.panel(
        "M 1 -6.2 C 6 -3.4 14 -2.8 20.4 -4.2 C 23.6 -4.6 27.4 -3.6 28.2 -1.8 Q 28.4 -0.9 27.4 -0.8 C 18 -0.3 8 -0.8 0.5 -1 C 0 -3 0.2 -5 1 -6.2 Z",
        folds=["M 20 -3.6 Q 22 -2.6 22.4 -1.4"],
    )
    for wing in (
        "M 20.6 -4.4 C 19 -6 17.4 -5.8 17.2 -4.8 C 17.2 -3.8 19 -3.4 20.6 -4 Z",
        "M 20.8 -4.4 C 22 -5.8 23.8 -5.6 24 -4.6 C 23.8 -3.8 22 -3.6 20.8 -4 Z",
    ):
        sheet.panel(wing, volume=6, color=darker(sheet.color, 0.12))


UPPER_FLAT = (  # a low shoe's upper: over the topline from the heel to the toe, and back along the welt
    "M 1.2 -8.8 C 4 -7.2 8 -6.6 11.6 -9.8 Q 13.4 -10.8 14.6 -9.4 C 18 -6.8 24 -6 27.2 -3.8 Q 29 -2.4 28.4 -1.4 L 0.7 -1.4 C -0.1 -4 0.2 -7 1.2 -8.8 Z"
)


def _welt(sheet: Sheet, heel: float = 2.2, *, rubber: bool = False) -> None:
    color = "#2b201a" if luminance(sheet.color) < 0.6 else "#7b5a3c"
    if rubber:
        color = "#231f1d"
    _sole(
        sheet,
        "M 0.3 -1.7 L 28.4 -1.7 Q 29.4 -1.2 28.8 -0.5 Q 28 0 24 -0.05 Q 15 0 9.8 -0.7 L 9.4 0 L 0.3 0 Z",
        color,
    )
    sheet.stitch("M 1 -1.35 L 28.4 -1.35", color=lighter(color, 0.5), width=1.2)


def _tongue(sheet: Sheet) -> None:
    _inside(sheet, "M 1.2 -8.8 C 5 -9.6 9 -10.4 12 -10.6 L 12.4 -9 C 8 -6 4 -7 1.2 -8.8 Z")


def loafer(sheet: Sheet, options: Options) -> None:
    _tongue(sheet)
    _welt(sheet)
    sheet.panel(UPPER_FLAT, folds=["M 15.5 -7.4 Q 17 -4 16.4 -2", "M 18 -6.4 Q 19 -4 18.6 -2.2"])
    sheet.seam("M 11.8 -8 C 13 -5 17 -4.4 21 -4.8 C 24 -5.2 26 -4.6 26.6 -3.6", width=3.2, opacity=0.55)
    sheet.stitch("M 11.6 -7.4 C 13 -4.4 17 -3.8 21 -4.2 C 24 -4.6 25.8 -4 26.4 -3.2")
    if "penny" in options:
        sheet.panel(
            "M 11.2 -10 Q 13.2 -11 14.8 -9.4 L 17 -8.2 C 15.6 -6 14.8 -4 14.6 -1.5 L 10.6 -1.5 C 10.6 -4 10.8 -7 11.2 -10 Z",
            volume=6,
        )
        sheet.lining("M 12.6 -6.4 L 15.2 -6 L 14.9 -5.2 L 12.4 -5.6 Z", "#120d0a")
    sheet.seam("M 4.8 -7.4 Q 4.4 -4 4.8 -1.5", opacity=0.35)


def oxford(sheet: Sheet, options: Options) -> None:
    """captoe | brogue | derby | monk"""
    _tongue(sheet)
    _welt(sheet, rubber="derby" in options)
    sheet.panel("M 9.6 -9.4 Q 12 -12.6 14 -11.4 L 17 -8.6 L 12 -7 Z", volume=6)
    sheet.panel(UPPER_FLAT, folds=["M 17.4 -6.6 Q 18.6 -4 18 -2", "M 19.4 -6 Q 20.4 -4 19.8 -2.2"])
    quarter = "M 1.2 -8.8 C 4 -7.2 8 -6.8 11 -9.6 L 12.6 -10.4 L 18.4 -7.4 Q 16 -5.6 13.8 -5 Q 12.4 -3.4 12.4 -1.4 L 0.7 -1.4 C -0.1 -4 0.2 -7 1.2 -8.8 Z"
    if "monk" in options:
        sheet.panel(
            "M 1.2 -8.8 C 4 -7.2 8 -6.8 11 -9.6 L 13 -10.6 L 14.4 -9 Q 11.6 -5 12 -1.4 L 0.7 -1.4 C -0.1 -4 0.2 -7 1.2 -8.8 Z",
            volume=6,
        )
        for x, y in ((10.2, -8.6), (11.4, -5.8)):
            sheet.panel(
                f"M {x - 3} {y + 1.2} L {x + 6} {y - 0.6} Q {x + 7} {y + 0.3} {x + 6.2} {y + 1.2} L {x - 2.8} {y + 3} Z",
                volume=6,
            )
            sheet.metal(
                f"M {x - 0.4} {y + 0.2} L {x + 1.5} {y - 0.2} L {x + 1.9} {y + 2} L {x} {y + 2.4} Z",
                width=0.34,
            )
        return
    sheet.panel(quarter, volume=6)
    for k in range(4):
        x, y = 12.3 + k * 1.5, -9.6 + k * 0.72
        sheet.seam(
            f"M {x - 0.8} {y + 1.1} Q {x + 0.5} {y + 0.2} {x + 1.3} {y - 0.8}",
            width=5,
            color=darker(sheet.color, 0.45),
            opacity=0.95,
        )
    sheet.stitch("M 10.2 -8 L 12.2 -9 L 17.4 -6.6 Q 14.8 -5 13.2 -4.6 Q 11.8 -3.2 11.8 -1.6")
    sheet.seam("M 5 -7.5 Q 4.4 -4 5 -1.5", opacity=0.4)
    if "captoe" in options:
        sheet.seam("M 23 -5.8 Q 21.6 -3.4 22.4 -1.5", width=2.6)
        sheet.stitch("M 22.6 -5.8 Q 21.2 -3.4 22 -1.5")
    if "brogue" in options:
        wing = "M 26 -4.6 Q 22.6 -6.4 20.2 -5.6 Q 20.4 -3 15.4 -1.6"
        sheet.seam(wing, width=2.4)
        for path in (wing, "M 25.4 -3.8 Q 22 -5 21 -4.4", "M 11.2 -7 L 13 -7.8"):
            sheet.raw(
                f'<path d="{sheet.px(path)}" transform="translate(0 6)" fill="none" stroke="#1a100a" stroke-width="4.5" stroke-dasharray="0 9" stroke-linecap="round" opacity=".7"/>'
            )


def sneaker(sheet: Sheet, options: Options) -> None:
    _tongue(sheet)
    sheet.panel("M 9.4 -9.6 Q 11.6 -13 14 -11.6 L 18 -8 L 12 -7 Z", volume=6)
    sheet.panel(
        "M 1.2 -9.8 C 4 -8 8 -7.4 11 -9.8 L 12.6 -10.4 C 17 -7.2 24 -7 27.2 -4.6 Q 29 -3 28.4 -2.2 L 0.6 -2.2 C -0.2 -4 0.2 -7.4 1.2 -9.8 Z",
        folds=["M 19 -7 Q 20.6 -5 20 -3"],
    )
    sheet.panel(
        "M 9 -9 L 12.6 -10.4 L 19.4 -7.4 Q 17.6 -5 14 -4.4 Q 12.8 -3.4 13 -2.2 L 7 -2.2 Q 7.4 -6 9 -9 Z",
        volume=6,
    )
    heel = darker(sheet.color, 0.1) if luminance(sheet.color) > 0.5 else lighter(sheet.color, 0.12)
    sheet.panel(
        "M 1.2 -9.8 Q 2.6 -8.8 4.6 -8.2 Q 4 -5 4.6 -2.2 L 0.6 -2.2 C -0.2 -4 0.2 -7.4 1.2 -9.8 Z",
        color=heel,
        cloth=cloth_of("suede"),
        volume=6,
    )
    lace = "#fdfbf6" if luminance(sheet.color) < 0.8 else "#e9e4da"
    for k in range(5):
        x, y = 12 + k * 1.55, -10 + k * 0.66
        sheet.seam(
            f"M {x - 1.2} {y + 1.6} Q {x + 0.3} {y + 0.6} {x + 1.3} {y - 0.5}",
            width=7,
            color=darker(lace, 0.25),
            opacity=1,
        )
        sheet.seam(
            f"M {x - 1.2} {y + 1.5} Q {x + 0.3} {y + 0.5} {x + 1.3} {y - 0.6}", width=5, color=lace, opacity=1
        )
    sheet.seam("M 26.6 -5.2 Q 23 -5.6 20 -2.3", opacity=0.4)
    sheet.panel(
        "M 0.2 -2.7 L 28.8 -2.7 Q 29.8 -1.6 29 -0.4 Q 28 0 26 0 L 1 0 Q 0 -0.8 0.2 -2.7 Z",
        color="#f6f2e9",
        cloth=RUBBER,
        weave="",
        volume=6,
    )
    sheet.stitch("M 0.8 -2.1 L 28.8 -2.1", color="#b9ae9b", width=1.4)


def boot(sheet: Sheet, options: Options) -> None:
    """chelsea | ankle | lace | tall"""
    if "tall" in options:
        _tall(sheet)
        return
    heel = 6 if "ankle" in options else 0
    rise = 4.2 if heel else 0
    if heel:
        sheet.panel("M 0.5 -6 L 7.2 -5.4 L 6.6 -0.2 L 1.2 -0.2 Z", volume=6, color=darker(sheet.color, 0.25))
        _sole(
            sheet,
            "M 0.5 -6.6 C 6 -6.4 10 -3.4 14.4 -1.6 C 18 -1 24 -1.2 28.2 -1.7 Q 29 -0.8 28 -0.3 L 16 0 C 11 -0.6 8 -4 4 -5.4 Z",
        )
    else:
        _welt(sheet, rubber=True)
    front = "C 13.6 -13 15 -10 18 -8.6 C 22 -7 27 -6.2 28 -3.4 Q 28.6 -2 28.2 -1.3"
    base = "L 0.7 -1.4" if not heel else "C 24 -0.9 18 -0.8 14.4 -1.4 C 10 -3.2 6 -6.2 0.6 -6.4"
    top = -21 - rise
    upper = f"M 1.4 {top} Q 7 {top + 1} 12.6 {top - 0.4} L 13.2 -15 {front} {base} C 0 -8 1.8 -14 1.4 {top} Z"
    sheet.lining(f"M 1.4 {top} Q 7 {top - 1.6} 12.6 {top - 0.4} Q 7 {top + 1.4} 1.4 {top} Z", "#2a1d14")
    sheet.panel(
        upper,
        folds=[
            "M 13 -13 Q 10 -11 7 -11.6",
            "M 16 -8.6 Q 14 -6 14.6 -3",
            "M 18.6 -7.4 Q 17.6 -5 18 -2.6",
            "M 1.4 -11 Q 5 -9 8 -9.4",
        ],
    )
    if "chelsea" in options:
        sheet.panel(
            f"M 5 {top + 0.5} L 10.4 {top + 0.4} Q 10.8 -13 8.4 -9.4 Q 7.6 -8.6 6.8 -9.6 Q 5 -13 5 {top + 0.5} Z",
            color=darker(sheet.color, 0.35),
            volume=6,
            weave="",
            over=sheet.ribs(0.5),
        )
        sheet.panel(f"M 0.9 {top - 1.1} L 2.6 {top - 1.1} L 2.8 {top + 2.4} L 1.2 {top + 2.4} Z", volume=6)
        sheet.seam("M 8 -8.8 Q 12 -6 12 -1.6", opacity=0.4)
    elif heel:
        sheet.seam(f"M 7 {top + 0.6} Q 7.4 -14 6.6 -6", opacity=0.5, width=2.4)
    else:
        sheet.panel(
            f"M 8.6 {top - 1} L 13 {top - 0.4} L 13.6 -14 Q 15 -10 18.4 -8.2 Q 17 -6 14 -6 Q 10 -8 9 -14 Z",
            volume=6,
        )
        for k in range(7):
            x, y = 9.6 + (0.9 * max(0, k - 3)) * 1.4, top + 1.5 + k * 1.95
            sheet.seam(f"M {x - 0.2} {y + 0.5} L {x + 2.9} {y - 0.3}", width=5, color="#b98a52", opacity=0.95)
        _sole(
            sheet,
            "M 0.3 -1.9 L 28.6 -1.9 L 28.8 0 L 26.4 0 L 26 -0.6 L 24 -0.6 L 23.6 0 L 21.4 0 L 21 -0.6 L 19 -0.6 L 18.6 0 L 16.4 0 L 16 -0.6 L 10 -0.6 L 9.6 0 L 0.4 0 Z",
            "#2a2320",
        )


def _tall(sheet: Sheet) -> None:
    _welt(sheet, rubber=True)
    sheet.lining("M -0.6 -42 Q 7 -45 14.4 -43.6 Q 7 -40.6 -0.6 -42 Z", "#2a1d14")
    upper = "M -0.6 -42 Q 7 -40.6 14.4 -43.6 C 14.8 -32 13 -22 13 -15 C 13.6 -12 15 -10 18 -8.6 C 22 -7 27 -6.2 28 -3.4 Q 28.6 -2 28.2 -1.3 L 0.7 -1.4 C 0 -8 2.2 -13 1.8 -18 C 0.4 -26 -1 -34 -0.6 -42 Z"
    sheet.panel(
        upper,
        folds=[
            "M 13 -14 Q 9 -12 5 -12.4",
            "M 12.8 -17 Q 9 -15.6 6 -16",
            "M 2 -13 Q 6 -9.6 9 -9.6",
            "M 16.6 -8.6 Q 14.6 -6 15 -3",
            "M 4 -40 Q 5 -28 5 -16",
        ],
    )
    sheet.seam("M 7 -41.4 Q 7.6 -24 7.4 -12 Q 7.4 -5 8 -1.5", opacity=0.35)
    sheet.panel("M 0.7 -11.6 Q 7 -9 15.6 -10.4 L 16.2 -8.8 Q 7 -7.4 0.6 -10 Z", volume=6)
    sheet.metal("M 8.4 -10.6 L 10.4 -10.6 L 10.4 -8.1 L 8.4 -8.1 Z", width=0.4)


def sandal(sheet: Sheet, options: Options) -> None:
    """flat | heel | slide"""
    if "heel" in options:
        h = 8.4
        sheet.panel(
            f"M 0.9 {-h - 0.4} Q 3.4 {-h} 5.6 {-h + 1} C 4.2 {-h + 2.4} 3 -3 2.9 -0.2 L 1.8 -0.2 C 1.6 -3 1.2 -6 0.9 {-h - 0.4} Z",
            volume=6,
        )
        _sole(
            sheet,
            f"M 0.7 {-h - 0.9} C 5 {-h - 0.4} 9 -4 14 -1.4 C 18 -0.6 24 -0.8 28 -0.9 Q 28.8 -0.4 28 -0.1 C 22 0.1 16 0 13 -0.8 C 8 -3 5 {-h + 0.4} 0.7 {-h - 0.1} Z",
            "#c79d6c",
        )
        sheet.panel(
            f"M 0.9 {-h - 0.8} Q 0 {-h - 4} 1.2 {-h - 6.6} L 3 {-h - 6.4} Q 2.4 {-h - 3} 4.6 {-h + 0.2} Z",
            volume=6,
        )
        far = f"M 0.9 {-h - 6.2} C 4 {-h - 9.2} 8 {-h - 9.4} 11.2 {-h - 7} L 10.6 {-h - 6} C 8 {-h - 8} 4 {-h - 7.8} 1.2 {-h - 5.2} Z"
        sheet.panel(far, volume=6, color=darker(sheet.color, 0.35))
        sheet.panel(
            f"M 0.9 {-h - 6.4} C 4 {-h - 4.6} 8 {-h - 5} 10.4 {-h - 7.2} L 11.2 {-h - 6.2} C 8.6 {-h - 3.6} 4 {-h - 3} 0.9 {-h - 4.9} Z",
            volume=6,
        )
        sheet.metal(f"M 7 {-h - 5.6} L 8.3 {-h - 6} L 8.7 {-h - 4.5} L 7.4 {-h - 4.1} Z", width=0.25)
        sheet.panel(
            "M 19.4 -1 C 19.4 -3 20 -4.6 21 -5.2 Q 22.4 -5.6 23.4 -4.6 C 24.2 -3.6 24.6 -2 24.6 -0.8 Z",
            volume=6,
        )
        return
    _sole(
        sheet,
        "M 0.4 -1.6 Q 14 -1 28 -1.8 Q 29 -1 28 -0.2 L 10 -0.1 L 9.6 0 L 0.6 0 Z",
        "#8a5a34" if luminance(sheet.color) > 0.2 else "#4a3324",
    )
    if "slide" in options:
        sheet.panel(
            "M 11.6 -1.4 C 11.8 -4.6 13 -7.2 14.6 -7.8 Q 16 -8 17.4 -7.2 C 20.6 -5.8 22.6 -4.4 23.4 -1.6 Z",
            folds=["M 14.6 -7 Q 14 -4 14.6 -2"],
        )
        sheet.stitch(
            "M 12.3 -1.5 C 12.5 -4.2 13.4 -6.4 14.8 -7 Q 16 -7.2 17.2 -6.5 C 19.8 -5.3 21.8 -4 22.6 -1.7"
        )
        return
    for band in (
        "M 11 -1.4 C 11 -4 12.4 -7.6 14.4 -8.2 L 16.6 -7.4 C 14.8 -6 14.2 -4 14.2 -1.4 Z",
        "M 20.4 -1.5 C 20.4 -3 21 -4.2 21.6 -4.6 Q 22.8 -4.8 23.4 -4 C 24 -3.2 24.2 -2.4 24.2 -1.7 Z",
    ):
        sheet.panel(band, volume=6)
    sheet.panel("M 14.6 -8.2 C 10 -6.4 5 -7 1.6 -9 L 1.2 -7.6 C 5 -5.4 11 -5 15.6 -6.8 Z", volume=6)
    sheet.panel("M 0.5 -1.4 Q 0 -5 1.2 -9 L 2.6 -8.6 Q 2 -5 3.6 -1.4 Z", volume=6)
    sheet.button(14.2, -6.6, 0.5, BRASS)


def espadrille(sheet: Sheet, options: Options) -> None:
    for ribbon in (
        "M 3 -16 Q 8 -14 13 -16.4 L 13.2 -15 Q 8 -12.6 3 -14.6 Z",
        "M 2.6 -15.6 C 6 -12 10 -10.6 15 -8.6 L 15.8 -7.4 C 10 -9 5 -11 2.4 -14 Z",
        "M 13 -16 C 9 -12 5 -10.6 2 -9 L 2 -7.6 C 6 -9 11 -11.6 13.6 -14.6 Z",
    ):
        sheet.panel(ribbon, volume=6, cloth=cloth_of("silk"), weave="")
    jute = "M 0.3 -6.4 C 6 -5.4 10 -3.6 15 -2.6 C 20 -2 24 -2.4 28.4 -2.6 Q 29.2 -1.2 28.4 0 L 0.8 0 Q -0.2 -3 0.3 -6.4 Z"
    cord = "".join(f"M0 {y}H800" for y in range(300, 760, 9))
    sheet.panel(
        jute,
        color="#cfae7a",
        cloth=cloth_of("straw"),
        weave="",
        volume=6,
        over=f'<path d="{cord}" stroke="#7d5d33" stroke-width="2.5" stroke-dasharray="9 3" opacity=".55"/>',
    )
    _inside(sheet, "M 1 -11 C 6 -11.4 12 -9 17.4 -7.2 C 12 -6.6 6 -8 1 -11 Z")
    sheet.panel(
        "M 14.6 -7.6 C 18 -8 25 -7 28 -3.6 Q 28.8 -2.6 28.2 -2.3 C 24 -2 20 -1.8 15 -2.4 Q 13.4 -5 14.6 -7.6 Z",
        folds=["M 18 -7 Q 19 -5 18.6 -3"],
    )
    sheet.panel(
        "M 0.9 -11.2 Q 3 -9.8 6.4 -8.8 Q 5.6 -6.6 7 -4.8 Q 3 -5.6 0.4 -6.3 Q 0 -9 0.9 -11.2 Z", volume=6
    )
    sheet.stitch("M 15 -2.9 C 20 -2.2 24 -2.5 28 -2.9", color="#f4e9d2", width=2.4)


def slingback(sheet: Sheet, options: Options) -> None:
    pump(sheet, options | {"kitten"})


def slide(sheet: Sheet, options: Options) -> None:
    sandal(sheet, options | {"slide"})


def derby(sheet: Sheet, options: Options) -> None:
    oxford(sheet, options | {"derby"})


def monk(sheet: Sheet, options: Options) -> None:
    oxford(sheet, options | {"monk"})
