"""How a material takes light: its relief, its sheen, and the weave drawn on it."""

from __future__ import annotations

from dataclasses import dataclass

from .palette import darker, lighter, luminance


@dataclass(frozen=True, slots=True)
class Cloth:
    """A material's surface.

    Attributes:
        grain: base frequency (x, y) of the relief's noise, in 1/px.
        relief: height of that noise; 0 is smooth.
        sheen: strength of highlights, 0 to 1.
        tight: exponent of highlights: high for satin and patent, low for wool.
        weave: name of the pattern drawn on it, or "".
        soft: how deep its folds look, 0 (stiff) to 1.
    """

    grain: str = "0.7 0.7"
    relief: float = 0.06
    sheen: float = 0.1
    tight: int = 8
    weave: str = ""
    soft: float = 0.5


WOOL = Cloth(grain="0.8 0.8", relief=0.1, sheen=0.06)
KINDS: tuple[tuple[str, Cloth], ...] = (
    ("boucle", Cloth(grain="0.16 0.18", relief=0.5, sheen=0.05, weave="boucle")),
    ("tweed", Cloth(grain="0.4 0.45", relief=0.16, sheen=0.04, weave="tweed")),
    ("corduroy", Cloth(grain="0.6 0.3", relief=0.08, sheen=0.12, weave="wale")),
    ("velvet", Cloth(grain="0.9 0.9", relief=0.05, sheen=0.3, tight=4, soft=1)),
    ("lace", Cloth(relief=0.05, sheen=0.05, weave="lace")),
    ("denim", Cloth(grain="0.5 0.2", relief=0.14, sheen=0.03, weave="twill")),
    ("willow", Cloth(relief=0.1, sheen=0.1, weave="basket")),
    ("straw", Cloth(grain="0.1 0.5", relief=0.15, sheen=0.1, weave="straw")),
    ("woven nappa", Cloth(relief=0.05, sheen=0.25, tight=14, weave="plait")),
    ("plaited", Cloth(relief=0.05, sheen=0.25, tight=14, weave="plait")),
    ("suede", Cloth(grain="0.35 0.4", relief=0.13, sheen=0.03, soft=0.6)),
    ("deerskin", Cloth(grain="0.3 0.3", relief=0.12, sheen=0.1)),
    ("metallic", Cloth(grain="0.4 0.4", relief=0.06, sheen=0.6, tight=20)),
    ("polished", Cloth(relief=0.01, sheen=0.6, tight=30)),
    ("box calf", Cloth(relief=0.01, sheen=0.5, tight=26)),
    ("grained", Cloth(grain="0.16 0.16", relief=0.16, sheen=0.25, tight=14)),
    ("museum", Cloth(grain="0.03 0.03", relief=0.1, sheen=0.4, tight=24)),
    ("calf", Cloth(grain="0.3 0.3", relief=0.04, sheen=0.35, tight=18)),
    ("skin", Cloth(grain="0.2 0.2", relief=0.08, sheen=0.35, tight=16, soft=0.8)),
    ("nappa", Cloth(grain="0.2 0.2", relief=0.05, sheen=0.35, tight=16, soft=0.8)),
    ("leather", Cloth(grain="0.3 0.3", relief=0.06, sheen=0.3, tight=16, soft=0.6)),
    ("waxed", Cloth(grain="0.12 0.12", relief=0.14, sheen=0.14, tight=10)),
    ("nylon", Cloth(relief=0.03, sheen=0.2, tight=12)),
    ("pique", Cloth(relief=0.04, sheen=0.04, weave="pique")),
    ("knit", Cloth(relief=0.08, sheen=0.06, weave="knit")),
    ("cashmere", Cloth(grain="0.6 0.6", relief=0.12, sheen=0.05, weave="knit")),
    ("lambswool", Cloth(grain="0.5 0.5", relief=0.16, sheen=0.03, weave="knit")),
    ("alpaca", Cloth(grain="0.5 0.12", relief=0.26, sheen=0.06)),
    ("merino", Cloth(relief=0.07, sheen=0.05, weave="knit")),
    ("camel hair", Cloth(grain="0.5 0.25", relief=0.18, sheen=0.08)),
    ("melton", WOOL),
    ("flannel", Cloth(grain="0.7 0.7", relief=0.13, sheen=0.04)),
    ("hopsack", Cloth(relief=0.06, sheen=0.06, weave="hopsack")),
    ("twill", Cloth(relief=0.06, sheen=0.12, weave="twill")),
    ("gabardine", Cloth(relief=0.05, sheen=0.1, weave="twill")),
    ("duchesse", Cloth(relief=0.0, sheen=0.5, tight=12)),
    ("sateen", Cloth(relief=0.02, sheen=0.25, tight=10)),
    ("satin", Cloth(relief=0.0, sheen=0.6, tight=14, soft=1)),
    ("crepe", Cloth(grain="0.8 0.8", relief=0.05, sheen=0.1, soft=0.8)),
    ("linen", Cloth(grain="0.05 0.6", relief=0.13, sheen=0.03, weave="slub", soft=0.8)),
    ("silk", Cloth(relief=0.02, sheen=0.35, tight=10, soft=1)),
    ("acetate", Cloth(relief=0.0, sheen=0.7, tight=30)),
    ("wool", WOOL),
    ("cotton", Cloth(grain="0.6 0.6", relief=0.05, sheen=0.04, soft=0.6)),
)


def cloth_of(material: str) -> Cloth:
    """The first kind whose name stands in the material, trimmings ("... with silk satin") left aside."""
    ground = material.lower().split(" with ")[0]
    return next((cloth for word, cloth in KINDS if word in ground), Cloth())


def weave_pattern(weave: str, color: str) -> str:
    """The tile of a weave as the content of a `<pattern id="w">`, in light and shade of the color."""
    dark, light = darker(color, 0.35), lighter(color, 0.3)
    if luminance(color) < 0.2:
        dark, light = darker(color, 0.6), lighter(color, 0.2)
    tiles = {
        "twill": (6, 6, f'<path d="M-1 7L7-1M-1 1L1-1M5 7L7 5" stroke="{dark}" opacity=".3"/>'),
        "wale": (
            9,
            9,
            f'<path d="M1 0V9" stroke="{dark}" stroke-width="2.4" opacity=".55"/>'
            f'<path d="M5.5 0V9" stroke="{light}" stroke-width="2" opacity=".3"/>',
        ),
        "knit": (
            9,
            8,
            f'<path d="M0 0L4.5 5L9 0M0 8L4.5 13L9 8M0-8L4.5-3L9-8" stroke="{dark}" stroke-width="1.3"'
            f' fill="none" opacity=".3"/><path d="M0 2L4.5 7L9 2" stroke="{light}" fill="none" opacity=".2"/>',
        ),
        "rib": (
            12,
            12,
            f'<path d="M2 0V12" stroke="{dark}" stroke-width="3" opacity=".42"/>'
            f'<path d="M8 0V12" stroke="{light}" stroke-width="3" opacity=".22"/>',
        ),
        "hopsack": (6, 6, f'<path d="M0 0H3V3H0ZM3 3H6V6H3Z" fill="{dark}" opacity=".22"/>'),
        "pique": (
            6,
            6,
            f'<circle cx="1.5" cy="1.5" r="1.2" fill="{dark}" opacity=".25"/>'
            f'<circle cx="4.5" cy="4.5" r="1.2" fill="{dark}" opacity=".25"/>',
        ),
        "slub": (
            53,
            47,
            f'<path d="M3 9H26M31 23H50M8 38H19" stroke="{dark}" stroke-width="1.5" opacity=".25"/>'
            f'<path d="M12 3V20M41 26V45" stroke="{light}" stroke-width="1.5" opacity=".4"/>',
        ),
        "plait": (
            22,
            22,
            f'<path d="M0 0H11V11H0ZM11 11H22V22H11Z" fill="{dark}" opacity=".35"/>'
            f'<path d="M1 1V10M12 12V21M12 1H21M1 12H10" stroke="{light}" stroke-width="2" opacity=".45"/>'
            f'<path d="M0 0H22M0 11H22M0 0V22M11 0V22" stroke="{dark}" opacity=".8"/>',
        ),
        "basket": (
            28,
            16,
            f'<path d="M0 4Q7-1 14 4T28 4M0 12Q7 17 14 12T28 12" stroke="{dark}" stroke-width="3" fill="none"'
            f' opacity=".5"/><path d="M0 1Q7-4 14 1T28 1M0 9Q7 14 14 9T28 9" stroke="{light}" stroke-width="2"'
            f' fill="none" opacity=".6"/>',
        ),
        "straw": (
            10,
            8,
            f'<path d="M0 2L5 6L10 2" stroke="{dark}" stroke-width="1.5" fill="none" opacity=".35"/>',
        ),
    }
    if weave == "tweed":
        return _flecks(61, (dark, light, "#b98a4a", "#8c9a86", dark, light, "#7d3f2c"))
    if weave == "boucle":
        return _flecks(47, (light, dark, light, dark, "#f4ead8"), 4)
    if weave == "lace":
        return _lace(dark, light)
    if weave == "cable":
        return _cable(dark, light)
    width, height, content = tiles[weave]
    return _pattern(width, height, content)


def _pattern(width: int, height: int, content: str) -> str:
    return (
        f'<pattern id="w" width="{width}" height="{height}" patternUnits="userSpaceOnUse">{content}</pattern>'
    )


def _flecks(size: int, colors: tuple[str, ...], length: float = 2) -> str:
    """Knops of yarn strewn by a fixed recurrence, so that each run strews them alike."""
    strewn: dict[str, str] = dict.fromkeys(colors, "")
    at = 7
    for i in range(28):
        at = (at * 69 + 41) % 4096
        strewn[colors[i % len(colors)]] += f"M{at % size} {(at // 7) % size}h{length:g}"
    knops = "".join(f'<path d="{path}" stroke="{color}"/>' for color, path in strewn.items())
    return _pattern(size, size, f'<g opacity=".6" stroke-width="{length:g}">{knops}</g>')


def _lace(dark: str, light: str) -> str:
    petals = "".join(
        f'<ellipse cx="15" cy="8" rx="3" ry="5" transform="rotate({a} 15 15)"/>' for a in range(0, 360, 60)
    )
    net = f'<path d="M0 0L30 30M30 0L0 30" stroke="{light}" opacity=".5"/>'
    return _pattern(
        30,
        30,
        f'<rect width="30" height="30" fill="{dark}" opacity=".2"/>{net}<g fill="{light}" opacity=".8">{petals}</g>',
    )


def _cable(dark: str, light: str) -> str:
    rope = "M6 0C6 16 30 16 30 34M30 0C30 12 22 15 18 17M18 17C12 20 6 24 6 34"
    rails = "M0 0V34M37 0V34M44 0V34"
    return _pattern(
        50,
        34,
        f'<path d="{rails}" stroke="{dark}" stroke-width="3" opacity=".45"/>'
        f'<path d="{rope}" stroke="{dark}" stroke-width="9" fill="none" opacity=".38"/>'
        f'<path d="{rope}" stroke="{light}" stroke-width="4" fill="none" opacity=".55"/>',
    )
