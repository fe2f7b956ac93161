"""The house's colors, and light and shade of them."""

from __future__ import annotations

COLORS = {
    "black": "#232124",
    "blush": "#e0bfb2",
    "bottle green": "#23412f",
    "butter": "#ead8a0",
    "camel": "#bd9056",
    "champagne": "#d9c29b",
    "charcoal": "#47484c",
    "chestnut": "#6e3f27",
    "cobalt": "#2d489c",
    "cognac": "#a2602f",
    "denim": "#3e5170",
    "ecru": "#e8ddc6",
    "emerald": "#14634b",
    "garnet": "#85222f",
    "gold": "#cda550",
    "ink": "#232c40",
    "ivory": "#f4ecdc",
    "lavender": "#b3a6c4",
    "midnight": "#1c2140",
    "moss": "#5f6340",
    "oxblood": "#5e1c22",
    "plum": "#552a48",
    "rose": "#cf969a",
    "rust": "#a5542f",
    "saffron": "#d69b32",
    "sage": "#a0aa8b",
    "sand": "#d2bd9b",
    "silver": "#c2c4c6",
    "sky blue": "#a9c1d4",
    "slate": "#66727d",
    "stone": "#bcb09d",
    "terracotta": "#bc6746",
    "tobacco": "#7e5635",
    "tortoise": "#6a4326",
    "white": "#f9f7f2",
}


def _rgb(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(max(0.0, min(1.0, part)) * 255):02x}" for part in rgb)


def mix(color: str, other: str, share: float) -> str:
    """`color` with a share (0 to 1) of `other` in it."""
    return _hex(
        tuple(a + (b - a) * share for a, b in zip(_rgb(color), _rgb(other), strict=True))  # type: ignore[arg-type]
    )


def darker(color: str, amount: float) -> str:
    """`color` in shade."""
    red, green, blue = _rgb(color)
    return _hex((red * (1 - amount), green * (1 - amount * 1.02), blue * (1 - amount * 1.04)))


def lighter(color: str, amount: float) -> str:
    """`color` in light."""
    return mix(color, "#fffaf0", amount)


def luminance(color: str) -> float:
    """Rough lightness, 0 (black) to 1 (white)."""
    red, green, blue = _rgb(color)
    return 0.3 * red + 0.59 * green + 0.11 * blue
