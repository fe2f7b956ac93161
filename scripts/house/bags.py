"""Bags and small leather, in centimetres from the middle of the base, up is negative."""

from __future__ import annotations

from .cloth import cloth_of
from .palette import darker, lighter, luminance
from .path import mirrored, oval, whole
from .sheet import BRASS, Sheet

Options = frozenset[str]
LEATHER = cloth_of("bridle leather")


def bag(sheet: Sheet, options: Options) -> None:
    """The one shape among SHAPES that the options name."""
    name = next(n for n in SHAPES if n in options)
    SHAPES[name](sheet)


def _box(top: float, bottom: float, high: float, r: float = 1.6) -> str:
    """The outline of a bag's front, rounded at the base."""
    return whole(
        f"M 0 {-high} L {top - r * 0.6} {-high} Q {top} {-high} {top} {-high + r * 0.6} L {bottom} {-r * 1.4} Q {bottom + 0.2} 0 {bottom - r} 0 Q {bottom / 2} 0.3 0 0.3"
    )


def _handle(
    sheet: Sheet,
    x: float,
    y: float,
    high: float,
    width: float = 1.5,
    *,
    back: bool = False,
    color: str | None = None,
    spread: float = 0.7,
) -> None:
    """An arched handle from (-x, y) to (x, y)."""
    s = spread
    outer = f"M {-x - width / 2} {y} C {-x - width / 2 + x * (1 - s) * 0.3} {y - high * 1.36} {x + width / 2 - x * (1 - s) * 0.3} {y - high * 1.36} {x + width / 2} {y}"
    inner = f"L {x - width / 2} {y} C {x - width / 2 - x * (1 - s) * 0.3} {y - high * 1.36 + width * 1.5} {-x + width / 2 + x * (1 - s) * 0.3} {y - high * 1.36 + width * 1.5} {-x + width / 2} {y} Z"
    shade = color or sheet.color
    sheet.panel(f"{outer} {inner}", volume=6, color=darker(shade, 0.3) if back else shade, weave="")


def _clasp(sheet: Sheet, x: float, y: float) -> None:
    """The house's turning bobbin."""
    sheet.metal(f"M {x - 2} {y - 0.8} L {x + 2} {y - 0.8} L {x + 2} {y + 0.8} L {x - 2} {y + 0.8} Z")
    sheet.metal(
        f"M {x - 1.2} {y - 1.4} Q {x} {y - 0.5} {x + 1.2} {y - 1.4} L {x + 1.2} {y + 1.4} Q {x} {y + 0.5} {x - 1.2} {y + 1.4} Z",
        color="#dcb764",
    )


def tophandle(sheet: Sheet) -> None:
    sheet.ground(792, 290)
    sheet.place(400, 790, 17.5)
    _handle(sheet, 6.4, -20.5, 10.5, 1.6, back=True)
    sheet.panel(_box(12.4, 15.4, 21.5))
    for turned in (str, mirrored):
        sheet.panel(
            turned("M 12.4 -21 L 14.6 -17 L 16.4 -1.4 Q 16.4 -0.2 15.2 0 Z"),
            color=darker(sheet.color, 0.2),
            volume=6,
        )
        sheet.metal(turned("M 5.6 -20.6 L 7.4 -20.6 L 7.2 -17.6 Q 6.4 -16.8 5.8 -17.6 Z"))
    sheet.panel(
        whole("M 0 -22 L 12.6 -21.6 Q 13.4 -17 13 -13.6 Q 8 -9.6 4 -8 Q 2 -7.2 0 -7.2"),
        folds=["M 11 -20 Q 11.4 -16 9 -12"],
    )
    sheet.stitch(
        "M -12.2 -20.6 Q -12.8 -16.6 -12.4 -14 Q -7.6 -10.4 -4 -8.8 Q 0 -7.4 4 -8.8 Q 7.6 -10.4 12.4 -14 Q 12.8 -16.6 12.2 -20.6"
    )
    _handle(sheet, 6.4, -20, 10.5, 1.6)
    _clasp(sheet, 0, -9.6)


def tote(sheet: Sheet) -> None:
    sheet.ground(842, 290)
    sheet.place(400, 840, 15.4)
    _handle(sheet, 6, -27, 15, 1.2, back=True)
    sheet.lining("M -18 -27.6 Q 0 -29.6 18 -27.6 Q 0 -25.6 -18 -27.6 Z", darker(sheet.color, 0.6))
    sheet.panel(
        whole("M 0 -26.6 Q 9 -26.6 18.2 -27.8 L 15 -1.4 Q 14.8 0 13 0 L 0 0.3"),
        folds=["M 12 -26 Q 10 -12 11 -2", "M -13 -26 Q -11 -14 -12 -3", "M 3 -26 Q 2 -16 4 -8"],
    )
    for turned in (str, mirrored):
        sheet.seam(turned("M 16.4 -27 L 13.4 -0.6"), opacity=0.35)
        sheet.panel(turned("M 5 -28.4 L 7.2 -28.4 L 7.2 -20.6 Q 6.1 -19.4 5 -20.6 Z"), volume=6)
        sheet.stitch(turned("M 5.4 -25 L 5.4 -21 Q 6.1 -20.2 6.8 -21 L 6.8 -25"))
    sheet.stitch("M -17.8 -26.6 Q 0 -24.6 17.8 -26.6")
    _handle(sheet, 6, -27, 15, 1.2)
    sheet.raw(
        f'<path d="{sheet.px("M -2 -4 L 2 -4")}" stroke="{lighter(sheet.color, 0.5)}" stroke-width="3" opacity=".6"/>'
    )


def bucket(sheet: Sheet) -> None:
    sheet.ground(832, 240)
    sheet.place(400, 830, 18)
    _handle(sheet, 8.4, -23, 15, 1.1, back=False, spread=0.9)
    sheet.lining("M -10 -24 Q 0 -27 10 -24 Q 0 -21 -10 -24 Z", darker(sheet.color, 0.6))
    sheet.panel(
        whole(
            "M 0 -23 Q 6 -23 10.6 -24.4 C 10.4 -21 9 -20 9.2 -18.4 C 12 -12 13 -6 12.6 -1.6 Q 12 0.6 0 0.8"
        ),
        folds=[f"M {x * 0.9} -24 Q {x * 0.8} -20 {x * 1.2} -12" for x in (-8, -5, -2, 2, 5, 8)],
    )
    sheet.panel(
        whole("M 0 -3.4 Q 8 -3.6 12.7 -4.6 L 12.6 -1.4 Q 12 0.7 0 0.9"),
        volume=6,
        color=darker(sheet.color, 0.15),
        cloth=LEATHER,
    )
    sheet.panel(
        "M -9.6 -19.2 Q 0 -16.6 9.6 -19.2 L 9.5 -18.3 Q 0 -15.7 -9.5 -18.3 Z",
        volume=6,
        color=darker(sheet.color, 0.25),
        cloth=LEATHER,
    )
    for tail in (
        "M -0.4 -17 Q -3 -12 -2.4 -8 L -1.4 -8.2 Q -1.6 -12 0.6 -16.8 Z",
        "M 0.2 -17 Q 3 -12.6 3 -9 L 2 -9 Q 1.8 -12.4 -0.6 -16.6 Z",
    ):
        sheet.panel(tail, volume=6, color=darker(sheet.color, 0.25), cloth=LEATHER)


def woven(sheet: Sheet) -> None:
    sheet.ground(792, 300)
    sheet.place(400, 790, 16.5)
    _handle(sheet, 11, -17, 15, 2.4, spread=0.9)
    sheet.lining("M -15 -17.6 Q 0 -12 15 -17.6 Q 0 -20 -15 -17.6 Z", darker(sheet.color, 0.6))
    sheet.panel(
        whole("M 0 -15 Q 9 -15.4 14.6 -19 C 18 -12 18.6 -6 16.6 -2.6 Q 14 0.6 0 0.6"),
        folds=["M 13 -16 Q 12 -8 14 -3", "M -13 -16 Q -12 -8 -14 -3"],
    )


def clutch(sheet: Sheet) -> None:
    sheet.ground(702, 300)
    sheet.place(400, 700, 21)
    rows = ("".join(f"M{140 + shift} {y}H680" for y in range(480 + shift, 700, 60)) for shift in (0, 20, 40))
    beads = "".join(
        f'<path d="{row}" stroke="{tone}" stroke-width="7" stroke-dasharray="0 40"/>'
        for row, tone in zip(rows, ("#efdfae", "#fff", "#caa65a"), strict=True)
    )
    arcs = "M120 690" + "q30-70 60 0" * 9 + "M120 470" + "q30 60 60 0" * 9
    over = f'<g fill="none"><path d="{arcs}" stroke="#dcc07a" stroke-width="4" stroke-dasharray="0 7"/>{beads}</g>'
    sheet.panel(_box(12.6, 12.6, 13.4, 1.2), over=over, weave="")
    sheet.metal("M -12.8 -13.2 L 12.8 -13.2 L 12.8 -14.2 L -12.8 -14.2 Z")
    sheet.metal(oval(-0.7, -14.9, 0.75))
    sheet.metal(oval(0.7, -14.9, 0.75))


def envelope(sheet: Sheet) -> None:
    sheet.ground(702, 310)
    sheet.place(400, 700, 21)
    sheet.panel(_box(13.6, 13.6, 16.4, 0.6))
    sheet.panel(whole("M 0 -16.8 L 13.8 -16.8 Q 13.9 -16 13.4 -15.6 L 1 -5.8 Q 0.4 -5.4 0 -5.4"), volume=20)
    sheet.stitch("M -13 -15.4 L 0 -5.9 L 13 -15.4")


def crossbody(sheet: Sheet) -> None:
    sheet.ground(822, 230)
    sheet.place(400, 820, 19)
    _handle(sheet, 8.6, -15, 17, 0.9, spread=1)
    sheet.panel(_box(10.6, 11, 16.4, 2.2), folds=["M 9 -14 Q 8 -8 9 -2"])
    sheet.metal("M -9 -14.4 L 9 -14.4", width=0.5)
    sheet.metal("M 8.6 -14.6 L 10 -14.6 L 10 -12 L 8.8 -12 Z", color="#d8b25a")
    sheet.panel(
        "M -9 -11 L 9 -11 L 9.2 -2.4 Q 9.2 -1.6 8.4 -1.6 L -8.4 -1.6 Q -9.2 -1.6 -9.2 -2.4 Z", volume=6
    )
    sheet.stitch("M -8.6 -10.4 L -8.7 -2.6 Q -8.7 -2 -8 -2 L 8 -2 Q 8.7 -2 8.7 -2.6 L 8.6 -10.4")


def shoulder(sheet: Sheet) -> None:
    sheet.ground(812, 280)
    sheet.place(400, 810, 18.5)
    for curve in ("M -9.6 -16 C -8 -38 8 -38 9.6 -16",):
        data = sheet.px(curve)
        sheet.raw(
            f'<g fill="none"><path d="{data}" stroke="{darker(sheet.color, 0.1)}" stroke-width="9"/><path d="{data}" stroke="#8a6a2c" stroke-width="15" stroke-dasharray="5 9"/>'
            f'<path d="{data}" stroke="#dcb866" stroke-width="11" stroke-dasharray="4 10" stroke-dashoffset="-1"/></g>'
        )
    sheet.panel(_box(13, 14, 16.6, 1.8))
    sheet.panel(
        whole("M 0 -17 L 13 -17 Q 14 -16.6 13.9 -15.4 L 13.2 -8.4 Q 12.8 -6.4 10.6 -6.2 L 0 -5.8"),
        folds=["M 11 -15 Q 11 -10 9 -8"],
    )
    sheet.stitch(
        "M -13.2 -15 L -12.6 -8.4 Q -12.2 -7 -10.4 -6.8 L 0 -6.4 L 10.4 -6.8 Q 12.2 -7 12.6 -8.4 L 13.2 -15"
    )
    _clasp(sheet, 0, -7.4)


def basket(sheet: Sheet) -> None:
    sheet.ground(822, 280)
    sheet.place(400, 820, 16.5)
    tan = "#8a5a36"
    _handle(sheet, 8, -19, 13, 1.3, back=True, color=tan)
    sheet.lining("M -16.4 -20 Q 0 -24 16.4 -20 Q 0 -16.4 -16.4 -20 Z", "#ece2cd")
    sheet.panel(
        whole("M 0 -17.8 Q 9 -18 16.6 -20 C 16.8 -12 15 -6 12.6 -1.4 Q 11.6 0.6 0 0.8"),
        color="#c69c63",
        volume=20,
    )
    sheet.panel(
        "M -16.6 -20.4 Q 0 -15.6 16.6 -20.4 L 16.5 -18.6 Q 0 -13.8 -16.5 -18.6 Z", color="#b4884e", volume=6
    )
    for turned in (str, mirrored):
        sheet.panel(
            turned("M 7.2 -18.8 L 9 -18.8 L 8.8 -11.4 Q 8.1 -10.6 7.4 -11.4 Z"),
            color=tan,
            cloth=LEATHER,
            weave="",
            volume=6,
        )
    _handle(sheet, 8, -18, 14, 1.3, color=tan)


def weekender(sheet: Sheet) -> None:
    sheet.ground(782, 340)
    sheet.place(400, 780, 12.6)
    trim = "#6b4126" if luminance(sheet.color) < 0.35 and sheet.color != "#7e5635" else "#4e2f1c"
    _handle(sheet, 8, -22, 13, 1.5, back=True, color=trim)
    canvas = cloth_of("twill")
    sheet.panel(
        whole("M 0 -27 L 15 -27 Q 22 -26.6 23.4 -20 L 24.4 -2.4 Q 24.4 0 22 0 L 0 0.3"),
        cloth=canvas,
        folds=["M 17 -25 Q 16 -14 18 -6", "M -17 -25 Q -16 -14 -18 -6", "M 3 -24 Q 1 -16 3 -10"],
    )
    sheet.panel(
        whole("M 0 -7.6 L 24.1 -7.6 L 24.4 -2.4 Q 24.4 0 22 0 L 0 0.3"),
        color=trim,
        cloth=LEATHER,
        weave="",
        volume=6,
    )
    sheet.stitch("M -23.8 -7 L 23.8 -7", color="#d2a877")
    sheet.metal("M -15 -27 L 15 -27", width=0.6)
    for turned in (str, mirrored):
        sheet.panel(
            turned("M 7 -24 L 9.4 -24 L 9.4 -7.4 L 7 -7.4 Z"), color=trim, cloth=LEATHER, weave="", volume=6
        )
        sheet.metal(turned("M 6.6 -21 L 9.8 -21 L 9.8 -18.4 L 6.6 -18.4 Z"), width=0.4)
        sheet.panel(
            turned("M 21.6 -25 Q 24 -23 24.4 -18 L 22.8 -17.6 Q 22.4 -22 20.6 -24 Z"),
            color=trim,
            cloth=LEATHER,
            weave="",
            volume=6,
        )
    _handle(sheet, 8.2, -22, 14, 1.5, color=trim)


def briefcase(sheet: Sheet) -> None:
    sheet.ground(772, 320)
    sheet.place(400, 770, 15.6)
    _handle(sheet, 5.4, -26.8, 6, 1.7, spread=0.5)
    sheet.panel(_box(19.4, 19.6, 27, 1.2))
    sheet.panel(
        whole("M 0 -27.4 L 19.8 -27.4 L 19.6 -13.4 Q 19.2 -11.6 17 -11.6 L 0 -11.2"),
        folds=["M 17 -26 Q 16 -20 15 -15"],
    )
    sheet.stitch(
        "M -19 -26 L -18.9 -13.6 Q -18.6 -12.3 -16.8 -12.3 L 0 -12 L 16.8 -12.3 Q 18.6 -12.3 18.9 -13.6 L 19 -26"
    )
    sheet.panel("M -2.4 -14 L 2.4 -14 L 2.4 -7.6 Q 0 -6.4 -2.4 -7.6 Z", volume=6)
    sheet.metal("M -1.7 -12 L 1.7 -12 L 1.7 -9 L -1.7 -9 Z")
    sheet.metal(oval(0, -10.5, 0.55), color="#7b5c22")


def backpack(sheet: Sheet) -> None:
    sheet.ground(872, 240)
    sheet.place(400, 870, 15.4)
    _handle(sheet, 3.4, -38, 4.6, 1.2)
    for turned in (str, mirrored):
        sheet.panel(
            turned("M 11 -34 Q 16.6 -26 15.6 -12 L 14 -8 L 13 -12 Q 14 -24 9 -33 Z"),
            color=darker(sheet.color, 0.3),
            volume=6,
        )
    sheet.panel(
        whole("M 0 -39 L 8 -38.6 Q 13.4 -37.6 14 -31 L 14.6 -3 Q 14.6 0 11.6 0 L 0 0.3"),
        folds=["M 11 -34 Q 9 -20 11 -6"],
    )
    sheet.panel(
        whole("M 0 -39.4 L 8.2 -39 Q 13.8 -37.6 14.2 -31 L 14.1 -22 Q 13.8 -19.8 11.6 -19.6 L 0 -19"),
        volume=20,
    )
    sheet.stitch(
        "M -13.5 -31 L -13.4 -22 Q -13.1 -20.4 -11.4 -20.3 L 0 -19.8 L 11.4 -20.3 Q 13.1 -20.4 13.4 -22 L 13.5 -31"
    )
    sheet.panel("M -10.6 -14.6 L 10.6 -14.6 L 11 -3.6 Q 11 -2 9.4 -2 L -9.4 -2 Q -11 -2 -11 -3.6 Z", volume=6)
    sheet.panel("M -1.3 -24 L 1.3 -24 L 1.3 -13.6 Q 0 -12.4 -1.3 -13.6 Z", volume=6)
    sheet.metal("M -1.9 -18 L 1.9 -18 L 1.9 -15 L -1.9 -15 Z", width=0.45)


def washbag(sheet: Sheet) -> None:
    sheet.ground(732, 290)
    sheet.place(400, 730, 20.5)
    sheet.panel(
        whole("M 0 -15.4 L 10.6 -15.2 Q 12.8 -14.8 13.2 -12 L 13.8 -2 Q 13.8 0 12 0 L 0 0.3"),
        folds=["M 10 -14 Q 8 -8 10 -3", "M -9 -14 Q -8 -9 -10 -4", "M 2 -13 Q 1 -8 3 -4"],
    )
    trim = "#6b4126"
    sheet.metal("M -11 -15.2 L 11 -15.2", width=0.6)
    sheet.panel(
        "M -13.6 -4.6 L 13.6 -4.6 L 13.8 -1.6 Q 13.8 0 12 0 L -12 0 Q -13.8 0 -13.8 -1.6 Z",
        color=trim,
        cloth=LEATHER,
        weave="",
        volume=6,
    )
    sheet.panel(
        "M 10.6 -16 L 15.6 -15 L 15.2 -12.8 L 10.8 -14.2 Z", color=trim, cloth=LEATHER, weave="", volume=6
    )
    sheet.stitch("M -13.2 -4 L 13.2 -4", color="#d2a877")


SHAPES = {
    "tophandle": tophandle,
    "tote": tote,
    "bucket": bucket,
    "woven": woven,
    "clutch": clutch,
    "envelope": envelope,
    "crossbody": crossbody,
    "shoulder": shoulder,
    "basket": basket,
    "weekender": weekender,
    "briefcase": briefcase,
    "backpack": backpack,
    "washbag": washbag,
}


def wallet(sheet: Sheet, options: Options) -> None:
    """fold | card | passport"""
    if "passport" in options:
        sheet.place(415, 500, 34, turn=4)
        sheet.panel("M -5 -7 L 4.4 -7 Q 5 -7 5 -6.4 L 5 6.4 Q 5 7 4.4 7 L -5 7 Z")
        sheet.stitch("M -4.4 -6.5 L 4.5 -6.5 L 4.5 6.5 L -4.4 6.5")
        sheet.seam("M -4.6 -7 L -4.6 7", width=4, opacity=0.3)
        sheet.seam(
            "M -1.6 -2.2 C -1.6 -4 1.6 -4 1.6 -2.2 C 1.6 -0.4 -1.6 -0.4 -1.6 -2.2 M -1.6 0.8 L 1.6 0.8",
            width=3,
            opacity=0.35,
        )
        return
    if "card" in options:
        sheet.place(400, 500, 44, turn=-6)
        sheet.panel(
            "M -4 -5.4 L 4 -5.4 L 4 2 L -4 2 Z", color="#e8dcc2", cloth=cloth_of("poplin"), weave="", volume=6
        )
        for top in (-4.4, -2.8, -1.2):
            sheet.panel(
                f"M -5.2 {top} L 5.2 {top} L 5.2 3 Q 5.2 3.6 4.6 3.6 L -4.6 3.6 Q -5.2 3.6 -5.2 3 Z", volume=6
            )
        sheet.stitch("M -4.8 -0.8 L 4.8 -0.8 L 4.8 3.2 L -4.8 3.2 Z")
        return
    sheet.place(400, 500, 42, turn=-5)
    sheet.panel(
        "M -5.6 -4.4 Q -5.6 -4.8 -5.2 -4.8 L 5.3 -4.8 Q 5.7 -4.8 5.7 -4.4 L 5.7 4.4 Q 5.7 4.8 5.3 4.8 L -5.2 4.8 Q -5.6 4.8 -5.6 4.4 Z",
        color=darker(sheet.color, 0.2),
    )
    sheet.panel(
        "M -5.8 -4.2 Q -5.8 -4.6 -5.4 -4.6 L 5 -4.6 Q 5.4 -4.6 5.4 -4.2 L 5.4 4.6 Q 5.4 5 5 5 L -5.4 5 Q -5.8 5 -5.8 4.6 Z"
    )
    sheet.stitch("M -5.3 -4.1 L 4.9 -4.1 L 4.9 4.5 L -5.3 4.5")
    sheet.seam("M 3.4 3.4 L 4.2 3.4", width=3, opacity=0.5)


def keyring(sheet: Sheet, options: Options) -> None:
    sheet.place(400, 500, 40, turn=8)
    sheet.metal(oval(0, -6.6, 2.2), width=0.32)
    sheet.panel("M -1 -5.2 Q 0 -5.6 1 -5.2 L 1.3 2.4 L -1.3 2.4 Z", volume=6)
    sheet.stitch("M -0.7 -4.4 L -0.9 2", "M 0.7 -4.4 L 0.9 2")
    sheet.metal(
        "M -1.6 2.2 L 1.6 2.2 L 1.6 3 Q 0.9 4.4 1.6 5.8 L 1.6 6.6 L -1.6 6.6 L -1.6 5.8 Q -0.9 4.4 -1.6 3 Z",
        color=BRASS,
    )
    sheet.metal("M -1.1 3.8 L 1.1 3.8 L 1.1 5 L -1.1 5 Z", color="#e2c274")
