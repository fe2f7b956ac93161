"""The drawing that a piece's `draw` words name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from . import accessories, bags, bottoms, shoes, tailoring, tops
from .palette import COLORS
from .sheet import Sheet

Drawing = Callable[[Sheet, frozenset[str]], None]
DRAWINGS: dict[str, Drawing] = {
    "bag": bags.bag,
    "belt": accessories.belt,
    "blazer": tailoring.blazer,
    "blouse": tops.blouse,
    "bomber": partial(tailoring.casual, kind="bomber"),
    "boot": partial(shoes.single, kind=shoes.boot),
    "boxy": partial(tailoring.casual, kind="boxy"),
    "bracelet": accessories.bracelet,
    "camisole": tops.camisole,
    "cape": tailoring.cape,
    "cardigan": tops.cardigan,
    "coat": tailoring.coat,
    "cufflinks": accessories.cufflinks,
    "derby": partial(shoes.single, kind=shoes.derby),
    "dress": tops.dress,
    "earrings": accessories.earrings,
    "espadrille": partial(shoes.single, kind=shoes.espadrille),
    "field": partial(tailoring.casual, kind="field"),
    "flat": partial(shoes.single, kind=shoes.flat),
    "gilet": partial(tailoring.casual, kind="gilet"),
    "gloves": accessories.gloves,
    "hat": accessories.hat,
    "jeans": bottoms.jeans,
    "jumpsuit": tops.jumpsuit,
    "keyring": bags.keyring,
    "knit": tops.knit,
    "leather": partial(tailoring.casual, kind="leather"),
    "loafer": partial(shoes.single, kind=shoes.loafer),
    "monk": partial(shoes.single, kind=shoes.monk),
    "necklace": accessories.necklace,
    "overshirt": partial(tailoring.casual, kind="overshirt"),
    "oxford": partial(shoes.single, kind=shoes.oxford),
    "pocketsquare": accessories.pocketsquare,
    "pump": partial(shoes.single, kind=shoes.pump),
    "quilted": partial(tailoring.casual, kind="quilted"),
    "ring": accessories.ring,
    "sandal": partial(shoes.single, kind=shoes.sandal),
    "scarf": accessories.scarf,
    "shirt": tops.shirt,
    "skirt": bottoms.skirt,
    "slide": partial(shoes.single, kind=shoes.slide),
    "slingback": partial(shoes.single, kind=shoes.slingback),
    "sneaker": partial(shoes.single, kind=shoes.sneaker),
    "socks": accessories.socks,
    "suit": tailoring.suit,
    "sunglasses": accessories.sunglasses,
    "tee": tops.tee,
    "tie": accessories.tie,
    "trench": tailoring.trench,
    "trousers": bottoms.trousers,
    "tuxedo": tailoring.tuxedo,
    "umbrella": accessories.umbrella,
    "waistcoat": tailoring.waistcoat,
    "wallet": bags.wallet,
}


def drawing(words: str, color: str, material: str, title: str = "") -> str:
    """The SVG of "coat long double" and the like in a color and a material."""
    name, *options = words.split()
    sheet = Sheet(COLORS[color], material)
    DRAWINGS[name](sheet, frozenset(options))
    return sheet.svg(title)
