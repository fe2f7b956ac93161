"""A sheet to draw a piece on: panels of cloth that take light, folds, seams, buttons."""

from __future__ import annotations

import math
from collections.abc import Iterable
from xml.sax.saxutils import escape

from .cloth import Cloth, cloth_of, weave_pattern
from .palette import darker, lighter, luminance
from .path import Point, crease, mapped, write

WIDTH, HEIGHT = 800, 1000
HORN, BRASS, STEEL = "#3d2c20", "#c9a453", "#b9bcbf"


class Sheet:
    """One illustration. Shapes are given in centimetres from an origin on the sheet, x to the right, y down.

    Attributes:
        color, cloth: of the piece; panels take them unless told otherwise.
    """

    def __init__(self, color: str, material: str, cloth: Cloth | None = None) -> None:
        self.color = color
        self.cloth = cloth or cloth_of(material)
        self._body: list[str] = []
        self._defs: list[str] = []
        self._filters: dict[tuple[object, ...], str] = {}
        self._weaves: set[str] = set()
        self.place(400, 150, 6)

    def place(
        self, x: float, y: float, scale: float, *, flip: bool = False, slim: float = 1, turn: float = 0
    ) -> None:
        """Set the origin (px), the scale (px a cm), a narrowing of widths, a turn in degrees, whether right and left change places."""
        sx = (-scale if flip else scale) * slim
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))

        def to(a: float, b: float) -> Point:
            return x + (a * cos - b * sin) * sx, y + (a * sin + b * cos) * scale

        self._to = to
        self.scale = scale

    def px(self, data: str) -> str:
        return write(mapped(data, self._to))

    # -- cloth ---------------------------------------------------------------------------------------------

    def panel(
        self,
        data: str,
        *,
        color: str | None = None,
        cloth: Cloth | None = None,
        folds: Iterable[str] = (),
        volume: int = 20,
        weave: str | None = None,
        depth: float = 1.0,
        over: str = "",
    ) -> None:
        """A piece of cloth with its light, its shadow on what lies beneath, and folds drawn in it.

        Args:
            folds: soft creases, "M start Q control end" each, clipped to the panel.
            volume: how far from its edges a panel rounds off, px; it casts its shadow accordingly.
            depth: how strong its folds are.
            over: more SVG to draw inside the panel, clipped.
        """
        cloth, color = cloth or self.cloth, color or self.color
        path = self.px(data)
        light = f'filter="url(#{self._light(cloth, volume)})"'
        inner = f'<path d="{path}" fill="{color}"/>'
        plain = inner
        weave = cloth.weave if weave is None else weave
        if weave:
            self._weave(weave)
            inner += f'<path d="{path}" fill="url(#w)"/>'
        shapes = "".join(crease(self.px(fold), 17) for fold in folds)
        if shapes:
            strength = min(1.0, depth * (0.55 + 0.45 * cloth.soft))
            over += f'<path d="{shapes}" filter="url(#f)" opacity="{strength:.2g}"/>'
        if over:
            name = f"c{len(self._defs)}"
            self._defs.append(f'<clipPath id="{name}"><path d="{path}"/></clipPath>')
            inner += f'<g clip-path="url(#{name})">{over}</g>'
        self._body.append(f"<path {light} {plain[6:]}" if inner == plain else f"<g {light}>{inner}</g>")

    def _weave(self, weave: str) -> None:
        if not self._weaves:
            self._defs.append(weave_pattern(weave, self.color))
        self._weaves.add(weave)

    def _light(self, cloth: Cloth, volume: int) -> str:
        """The filter that lights a panel: a rounded height map with the cloth's grain, diffuse and specular.

        Diffuse light comes from above left; the specular one is lower, so that a flat panel has no haze on it.
        """
        dark = luminance(self.color) < 0.2
        key = (cloth.grain, cloth.relief, cloth.sheen, cloth.tight, volume, dark)
        if key in self._filters:
            return self._filters[key]
        name = self._filters[key] = f"l{len(self._filters)}"
        scale = volume * (0.9 if volume > 6 else 0.75)
        relief = cloth.relief * 3 / volume * (1.3 if dark else 1)
        noise = (
            f'<feTurbulence type="fractalNoise" baseFrequency="{cloth.grain}" numOctaves="2" result="n"/>'
            f'<feComposite in="a" in2="n" operator="arithmetic" k2=".7" k3="{relief:.3f}" result="a"/>'
        )
        sheen, tight = cloth.sheen + (0.1 if dark else 0), cloth.tight + 8
        self._defs.append(
            f'<filter id="{name}" x="-.2" y="-.2" width="1.4" height="1.4" color-interpolation-filters="sRGB">'
            f'<feGaussianBlur in="SourceAlpha" stdDeviation="{volume * 0.8:.3g}" result="a"/>{noise if cloth.relief else ""}'
            f'<feDiffuseLighting in="a" surfaceScale="{scale:.3g}" diffuseConstant="1.18" lighting-color="#fff">'
            '<feDistantLight azimuth="232" elevation="58"/></feDiffuseLighting>'
            '<feComposite in2="SourceGraphic" operator="arithmetic" k1="1" result="d"/>'
            f'<feSpecularLighting in="a" surfaceScale="{scale:.3g}" specularConstant="{sheen * 1.3:.2g}" specularExponent="{tight}"'
            ' lighting-color="#fff6e8"><feDistantLight azimuth="232" elevation="34"/></feSpecularLighting>'
            '<feComposite in2="d" operator="arithmetic" k2="1" k3="1"/><feComposite in2="SourceAlpha" operator="in" result="c"/>'
            f'<feDropShadow in="SourceAlpha" dx="{1 + volume / 10:.2g}" dy="{2 + volume / 5:.2g}" stdDeviation="{2 + volume / 4:.2g}"'
            ' flood-color="#241c14" flood-opacity=".36"/><feMerge><feMergeNode/><feMergeNode in="c"/></feMerge></filter>'
        )
        return name

    # -- lines and trimmings -------------------------------------------------------------------------------

    def seam(self, *paths: str, width: float = 1.6, color: str | None = None, opacity: float = 0.5) -> None:
        """A seam: a thin dark line."""
        dark = color or (darker(self.color, 0.5) if luminance(self.color) > 0.16 else "#000")
        data = "".join(self.px(path) for path in paths)
        self._body.append(
            f'<path d="{data}" fill="none" stroke="{dark}" stroke-width="{width:g}" opacity="{opacity:g}"/>'
        )

    def stitch(self, *paths: str, color: str | None = None, width: float = 1.5) -> None:
        """A row of visible stitches."""
        thread = color or (
            lighter(self.color, 0.3) if luminance(self.color) < 0.3 else darker(self.color, 0.35)
        )
        data = "".join(self.px(path) for path in paths)
        self._body.append(
            f'<path d="{data}" fill="none" stroke="{thread}" stroke-width="{width:g}" stroke-dasharray="5 3.5" opacity=".75"/>'
        )

    def button(self, x: float, y: float, radius: float = 1.1, color: str = HORN) -> None:
        """A sewn button: the marker of a point, so that many cost little."""
        size = round(radius * self.scale, 1)
        name = f"b{size:g}{color[1:]}".replace(".", "-")
        self.define_once(
            f'<marker id="{name}" viewBox="-12 -12 26 26" markerWidth="{size * 2.6:.1f}" markerHeight="{size * 2.6:.1f}" markerUnits="userSpaceOnUse">'
            f'<circle cx="1.5" cy="2.5" r="10" opacity=".3"/><circle r="10" fill="{color}"/><circle r="7.2" fill="none" stroke="{lighter(color, 0.35)}" stroke-width="1.4" opacity=".7"/>'
            f'<path d="M-2.6 0h.1M2.6 0h.1" stroke="{darker(color, 0.65)}" stroke-width="2.4" stroke-linecap="round"/></marker>'
        )
        self._body.append(f'<path d="{self.px(f"M {x} {y}")}h.1" marker-start="url(#{name})"/>')

    def buttons(self, x: float, y: float, radius: float = 1.1) -> None:
        """A pair of buttons to the left and right of the middle."""
        self.button(-x, y, radius)
        self.button(x, y, radius)

    def metal(self, data: str, *, color: str = BRASS, width: float = 0) -> None:
        """A piece of metal: filled, or drawn as a wire of `width` cm."""
        finish = Cloth(relief=0, sheen=0.9, tight=14)
        light = self._light(finish, 3)
        style = (
            f'fill="none" stroke="{color}" stroke-width="{width * self.scale:.1f}"'
            if width
            else f'fill="{color}"'
        )
        self._body.append(f'<path filter="url(#{light})" d="{self.px(data)}" {style}/>')

    def raw(self, svg: str) -> None:
        self._body.append(svg)

    def ribs(self, step: float) -> str:
        """Vertical ribs `step` cm apart, to lie over a panel."""
        wide = max(4, round(step * self.scale))
        self.define_once(
            f'<pattern id="r{wide}" width="{wide}" height="9" patternUnits="userSpaceOnUse"><path d="M{wide * 0.3:.1f} 0V9" stroke="{darker(self.color, 0.7)}"'
            f' stroke-width="{wide * 0.4:.1f}" opacity=".34"/><path d="M{wide * 0.75:.1f} 0V9" stroke="#fff" stroke-width="{wide * 0.3:.1f}" opacity=".14"/></pattern>'
        )
        return f'<rect width="800" height="1000" fill="url(#r{wide})"/>'

    def define_once(self, svg: str) -> None:
        if svg not in self._defs:
            self._defs.append(svg)

    def lining(self, data: str, color: str | None = None) -> None:
        """The inside of a garment, seen through an opening: darker, without relief."""
        shade = color or darker(self.color, 0.42)
        self._body.append(f'<path d="{self.px(data)}" fill="{shade}"/>')

    def label(self, y: float, width: float = 3.2) -> None:
        """The house's label at the back neck."""
        x, top = self._to(0, y)
        half, high = width * self.scale / 2, width * self.scale * 0.34
        self._body.append(
            f'<rect x="{x - half:.0f}" y="{top:.0f}" width="{half * 2:.0f}" height="{high:.0f}" fill="#f3ece0"/>'
            f'<path d="M{x - half * 0.6:.0f} {top + high / 2:.0f}h{half * 1.2:.0f}" stroke="#4b443a" stroke-width="1.5" opacity=".7"/>'
        )

    def ground(self, y: float, half_width: float, x: float = 400) -> None:
        """A soft shadow on the ground, px."""
        for name, blur in (("g", 18), ("s", 6)):
            self.define_once(
                f'<filter id="{name}" filterUnits="userSpaceOnUse" x="0" y="0" width="800" height="1000"><feGaussianBlur stdDeviation="{blur}"/></filter>'
            )
        self._body.insert(
            0,
            f'<ellipse cx="{x:g}" cy="{y:g}" rx="{half_width:g}" ry="{half_width * 0.09:.0f}" fill="#3a2f22" opacity=".34" filter="url(#g)"/>'
            f'<ellipse cx="{x:g}" cy="{y:g}" rx="{half_width * 0.8:g}" ry="{half_width * 0.03:.0f}" fill="#2a2118" opacity=".4" filter="url(#s)"/>',
        )

    def _folds(self) -> str:
        """The filter that makes a soft crease of a stroke: shade, and light on the side that faces it."""
        dark = darker(self.color, 0.6) if luminance(self.color) > 0.2 else "#000"
        glow = lighter(self.color, 0.3 + 0.5 * self.cloth.sheen)
        shade, light = (
            (0.36, 0.3 + 0.5 * self.cloth.sheen)
            if luminance(self.color) > 0.2
            else (0.55, 0.28 + 0.35 * self.cloth.sheen)
        )
        return (
            '<filter id="f" filterUnits="userSpaceOnUse" x="0" y="0" width="800" height="1000"><feGaussianBlur stdDeviation="6" result="b"/>'
            f'<feFlood flood-color="{dark}" flood-opacity="{shade:.2g}"/><feComposite in2="b" operator="in" result="d"/>'
            f'<feOffset in="b" dx="-13" dy="-2"/><feComposite in2="b" operator="out" result="o"/><feFlood flood-color="{glow}" flood-opacity="{light:.2g}"/>'
            '<feComposite in2="o" operator="in"/><feMerge><feMergeNode/><feMergeNode in="d"/></feMerge></filter>'
        )

    def svg(self, title: str) -> str:
        """The finished drawing."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{escape(title)}</title><defs>'
            '<radialGradient id="bg" cx=".5" cy=".42" r=".75"><stop stop-color="#f5f1ea"/><stop offset="1" stop-color="#e7e0d4"/></radialGradient>'
            f"{self._folds()}"
            f'{"".join(self._defs)}</defs><rect width="{WIDTH}" height="{HEIGHT}" fill="url(#bg)"/><g stroke-linecap="round">{"".join(self._body)}</g></svg>\n'
        )
