"""Best pieces for a wish: limits as filters, then one score of words, meanings, color, formality, warmth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from concierge.catalog import sizes
from concierge.catalog.index import Index, Mask, family_bits
from concierge.catalog.minilm import Floats
from concierge.catalog.product import Product
from concierge.catalog.vocabulary import FAMILIES, GROUPS, OCCASIONS, WITHOUT, shade_asked, shades_of
from concierge.catalog.wish import Wish

# Shares of the score. Over the tuning part of tests/catalog/labels.jsonl (two of three labels), recall@5 is
# flat where LEXICAL is 0.2 to 0.6, and lower beyond; `scripts/measure_search.py --weights` prints it.
LEXICAL, SEMANTIC = 0.5, 0.5
_SHADE, _FORMALITY, _COMPARISON = 0.25, 0.2, 0.8
_NEAR = 20  # of lightness, 0 to 100: navy is near midnight blue, and not sky blue
_ENOUGH = 0.35  # cosine below which a wish that names nothing we know has found nothing
_CLOTHES = frozenset(("dress", "suit", "top", "bottom", "outer", "swim", "night", "under"))


def allowed(index: Index, wish: Wish) -> Mask:
    """The products that break none of the wish's limits, in one variant that can be ordered.

    Those without sizes only where none has the size: mittens for who asks for gloves in 8.
    """
    if wish.sizes and len(wish.garments) == 1:
        sized = _allowed(index, wish, sizeless=False)
        if sized.any():
            return sized
    return _allowed(index, wish, sizeless=True)


def _allowed(index: Index, wish: Wish, *, sizeless: bool) -> Mask:
    variants = index.available.copy()
    if wish.price_max is not None:
        variants &= index.price <= float(wish.price_max)
    if wish.price_min is not None:
        variants &= index.price >= float(wish.price_min)
    if wish.colors:
        variants &= (index.families & np.uint32(family_bits(wish.colors))) != 0
    if wish.not_colors:
        variants &= (index.families & np.uint32(family_bits(wish.not_colors))) == 0
    if wish.sizes:
        variants &= _sized(index, wish, sizeless=sizeless)
    mask = np.zeros(len(index.products), np.bool_)
    mask[index.of_variant[variants]] = True
    if wish.price_min is not None:
        mask &= index.current_price >= float(wish.price_min)
    if wish.gender:
        mask &= index.gender_masks[wish.gender]
    if wish.garments:
        mask &= index.garment_mask(wish.garments)
    if wish.not_garments:
        mask &= ~index.garment_mask(wish.not_garments)
    if wish.materials:
        made = np.logical_or.reduce([index.material_mask(m) for m in wish.materials])
        mask &= made if (mask & made).any() else _colored(index, wish.materials)
    for material in wish.not_materials:
        for name in (material, *WITHOUT.get(material, ())):
            mask &= ~index.material_mask(name)
    for product in wish.exclude:
        if product in index.position:
            mask[index.position[product]] = False
    return mask


def _colored(index: Index, materials: Sequence[str]) -> Mask:
    """Products in the color of a material, for where none are made of it: `a gold clutch`."""
    bits = np.uint32(family_bits([m for m in materials if m in FAMILIES]))
    mask = np.zeros(len(index.products), np.bool_)
    mask[index.of_variant[index.available & ((index.families & bits) != 0)]] = True
    return mask


def _sized(index: Index, wish: Wish, *, sizeless: bool) -> Mask:
    """Variants in one of the sizes; pieces that have no sizes only if that kind was asked for."""
    mask = np.zeros(len(index.of_variant), np.bool_)
    for size in wish.sizes:
        exact, _ = sizes.asked(size, "")
        for key in exact:
            mask[index.by_size.get(key, np.empty(0, np.int64))] = True
        for worn, products in index.worn.items():
            _, bare = sizes.asked(size, worn)
            for key in bare:
                where = index.by_size.get(key, np.empty(0, np.int64))
                mask[where[products[index.of_variant[where]] & index.bare_sized[where]]] = True
    if sizeless and (wish.garments or wish.look or wish.goes_with):
        mask |= index.sizeless[index.of_variant]
    if wish.look or wish.goes_with:  # the size is that of the clothes
        mask |= ~np.isin(index.slots, list(_CLOTHES))[index.of_variant]
    return mask


def search(index: Index, wish: Wish, limit: int) -> list[Product]:
    """The best products for a wish, best first; fewer than `limit`, or none, where few or none fit."""
    if wish.kind == "none" or limit < 1 or not index.products:
        return []
    mask = allowed(index, wish)
    if not mask.any():
        return []
    if wish.goes_with is not None and wish.goes_with.id in index.position:
        return _accompany(index, wish, mask, limit)
    score = _score(index, wish, mask)
    if wish.look:
        return _look(index, wish, mask, score, limit)
    best = _ranked(mask, score)
    if wish.order:
        prices = index.current_price[best]
        by_price = np.argsort(prices if wish.order == "cheapest" else -prices, kind="stable")
        return [index.products[i] for i in best[by_price][:limit]]
    return [index.products[i] for i in _varied(index, wish, best.tolist(), limit)]


def _ranked(mask: Mask, score: Floats) -> npt.NDArray[np.intp]:
    """Products of the mask for which something speaks, best first; the feed's order among equals."""
    where = np.flatnonzero(mask & np.isfinite(score))
    return where[np.argsort(-score[where], kind="stable")]


def _varied(index: Index, wish: Wish, best: Sequence[int], limit: int) -> list[int]:
    """The best, but at most two of a kind where no kind was asked for, and each kind where several were."""
    if len(wish.garments) > 1:
        masks = [index.garment_mask([garment]) for garment in wish.garments]
        firsts = [next((i for i in best if mask[i]), None) for mask in masks]
        chosen = list(dict.fromkeys(i for i in firsts if i is not None))[:limit]
        return chosen + [i for i in best if i not in chosen][: limit - len(chosen)]
    if wish.garments or wish.text.strip():
        return list(best[:limit])
    counts: Counter[str] = Counter()
    chosen = []
    for i in best:
        kind = index.kinds[i][0] if index.kinds[i] else ""
        if counts[kind] < 2:
            counts[kind] += 1
            chosen.append(i)
            if len(chosen) == limit:
                break
    return chosen


def _score(index: Index, wish: Wish, mask: Mask) -> Floats:
    """Scores over all products; minus infinity where nothing speaks for one."""
    ranking = index.rank(wish.text, wish.hints)
    lexical, semantic = ranking.lexical, ranking.semantic
    highest = float(lexical[mask].max())
    score = SEMANTIC * semantic + (LEXICAL * lexical / highest if highest > 0 else 0.0)
    score = np.asarray(score, np.float32)
    structured = (
        wish.garments
        or wish.colors
        or wish.materials
        or wish.occasions
        or wish.sizes
        or wish.order
        or wish.than
    )
    if not structured and wish.text and wish.price_max is None and wish.price_min is None:
        score[(lexical <= 0) & (semantic < _ENOUGH)] = -np.inf
    if wish.colors:
        score += _SHADE * _closeness(index, wish)
    formality = _formality(wish)
    if formality is not None:
        score += _FORMALITY * (1 - np.abs(index.axes["formality"] - (formality - 3)) / 3)
    for than in wish.than:
        values = index.product_lightness / 50 if than.axis == "lightness" else index.axes[than.axis]
        reference = (than.reference or 0.0) / (50 if than.axis == "lightness" else 1)
        step = np.nan_to_num((values - reference) * (1 if than.more else -1))
        score += _COMPARISON * np.clip(step, -1, 1)
        if than.reference is not None and (beyond := mask & (step > 0)).any():
            score[~beyond] = -np.inf
    return score


def _closeness(index: Index, wish: Wish) -> Floats:
    """How near the nearest variant in the families asked for comes to the shade asked for, 0 to 1."""
    nearness = np.zeros(len(index.products), np.float32)
    for color in wish.colors:
        shade = shade_asked(color, wish.color_modifiers)
        named = (index.families & np.uint32(family_bits((color,)))) != 0
        distance = np.abs(np.nan_to_num(index.lightness, nan=50.0) - shade.lightness)
        near = np.where(named & index.available, np.exp(-distance / 20), 0).astype(np.float32)
        np.maximum.at(nearness, index.of_variant, near)
    return nearness


def shades_missed(wish: Wish, pieces: Iterable[Product]) -> tuple[str, ...]:
    """The shades asked for, as they are said, if none of the pieces comes near one."""
    asked = {
        c: shade_asked(c, wish.color_modifiers)
        for c in wish.colors
        if wish.color_modifiers or c not in FAMILIES
    }
    broad = set(wish.colors) - asked.keys() - {s.families[0] for s in asked.values()}  # not in `navy blue`
    have = [s for p in pieces for v in p.variants if v.is_available for s in shades_of(v.color)]
    if broad or wish.than or not have or not GROUPS.keys().isdisjoint(asked):
        return ()
    for a in asked.values():
        if any(a.families[0] in h.families and abs(a.lightness - h.lightness) <= _NEAR for h in have):
            return ()
    return tuple(" ".join((*wish.color_modifiers, color)) for color in asked)


def _formality(wish: Wish) -> float | None:
    known = [f for o in wish.occasions if (f := OCCASIONS[o].formality) is not None]
    return max(known) if known else None


# --- looks ---

_NEUTRAL = family_bits(("neutral",))
_METALLIC = family_bits(("metallic",))
_HARMONIES = (
    ("green", "pink"), ("green", "brown"), ("green", "gold"), ("blue", "brown"), ("blue", "orange"),
    ("red", "pink"), ("red", "gold"), ("purple", "gold"), ("pink", "gold"), ("pink", "red"),
    ("yellow", "blue"), ("blue", "silver"), ("purple", "green"), ("orange", "brown"),
    ("red", "blue"), ("blue", "pink"),
)  # fmt: skip
_BESIDE = {
    "dress": ("shoes", "bag", "jewelry", "outer", "accessory"),
    "suit": ("top", "shoes", "bag", "jewelry", "outer"),
    "top": ("bottom", "shoes", "outer", "bag", "accessory"),
    "bottom": ("top", "shoes", "outer", "bag", "accessory"),
    "outer": ("top", "bottom", "shoes", "accessory", "bag"),
    "shoes": ("dress", "bottom", "bag", "top", "accessory"),
    "bag": ("dress", "outer", "shoes", "jewelry", "accessory"),
    "jewelry": ("dress", "top", "bag", "shoes"),
    "accessory": ("outer", "dress", "top", "bag", "shoes"),
    "neckwear": ("top", "suit", "outer", "shoes"),
    "swim": ("accessory", "shoes", "bag", "dress"),
}
_FOR_MEN = {"bag": "neckwear", "jewelry": "accessory", "dress": "suit"}
_ANCHORS = ("dress", "suit", "bottom")


def _harmony(index: Index, piece: int) -> Floats:
    """How well each product's colors sit beside a piece's first color, 0 to 1."""
    first = int(index.families[np.flatnonzero(index.of_variant == piece)[0]])
    partners = family_bits([b for a, b in _HARMONIES if first & family_bits((a,))])
    partners |= family_bits([a for a, b in _HARMONIES if first & family_bits((b,))])
    variant = np.full(len(index.of_variant), 0.3, np.float32)
    variant[index.families == 0] = 0.6
    for bits, value in ((partners, 0.8), (first, 0.8), (_METALLIC, 0.9), (_NEUTRAL, 1.0)):
        variant[(index.families & np.uint32(bits)) != 0] = value
    if first & _NEUTRAL:
        variant[:] = np.maximum(variant, 0.85)
    product = np.zeros(len(index.products), np.float32)
    np.maximum.at(product, index.of_variant, np.where(index.available, variant, 0))
    return product


def _beside(index: Index, piece: int) -> Floats:
    """How well each product goes with a piece: color, formality, season, what their descriptions share."""
    mentions = index.rank(index.products[piece].title).lexical
    mentions = mentions / max(float(mentions[np.arange(len(mentions)) != piece].max(initial=0)), 1e-6)
    apart = np.abs(index.axes["formality"] - index.axes["formality"][piece])
    weather = np.abs(index.axes["warmth"] - index.axes["warmth"][piece])
    score = 0.4 * (index.vectors @ index.vectors[piece]) + 0.3 * _harmony(index, piece)
    return np.asarray(score + 0.15 * np.minimum(mentions, 1) - 0.25 * apart - 0.1 * weather, np.float32)


def _one_gender(index: Index, piece: int, mask: Mask) -> Mask:
    gender = index.products[piece].gender
    return mask & index.gender_masks[gender] if gender in index.gender_masks else mask


def _places_beside(index: Index, piece: int) -> tuple[str, ...]:
    """The places in a look that a piece leaves open, the most important first."""
    slots = _BESIDE.get(str(index.slots[piece]), ("outer", "shoes", "bag", "accessory"))
    if index.products[piece].gender == "male":
        formal = index.slots[piece] in ("suit", "neckwear") or "blazer" in index.kinds[piece]
        slots = tuple(_FOR_MEN.get(s, s) for s in slots if formal or s not in ("bag", "jewelry"))
    return tuple(dict.fromkeys(slots))


def _accompany(index: Index, wish: Wish, mask: Mask, limit: int) -> list[Product]:
    """Pieces for a piece: of the kinds asked for, else one for each place in the look that it leaves open."""
    assert wish.goes_with is not None
    piece = index.position[wish.goes_with.id]
    mask = _one_gender(index, piece, mask)
    mask[piece] = False
    if not mask.any():
        return []
    score = _beside(index, piece)
    if wish.text or wish.hints:
        said = _score(index, replace(wish, goes_with=None), mask)
        said[~np.isfinite(said)] = 0  # words that nothing answers don't rule out what goes with the piece
        score = score + 0.5 * said
    if wish.garments:
        return [index.products[i] for i in _ranked(mask, score)[:limit]]
    mask &= index.slots != index.slots[piece]
    slots = _places_beside(index, piece)
    return _fill(index, slots, mask, score, limit, wish.price_max, total=False)


def _look(index: Index, wish: Wish, mask: Mask, score: Floats, limit: int) -> list[Product]:
    """An outfit: the best dress, suit or trousers, then what goes with it; within price_max in all."""
    anchors = mask & np.isin(index.slots, _ANCHORS) & np.isfinite(score)
    if not anchors.any():
        return [index.products[i] for i in _ranked(mask, score)[:limit]]
    budget = wish.price_max
    affordable = anchors
    if budget is not None and limit > 1:  # leave something for shoes
        cheap = anchors & (index.current_price <= float(budget) * 0.7)
        affordable = cheap if cheap.any() else anchors
    piece = int(np.flatnonzero(affordable)[np.argmax(score[affordable])])
    chosen = index.products[piece]
    rest = None if budget is None else budget - chosen.current_price
    mask = _one_gender(index, piece, mask)
    mask &= index.slots != index.slots[piece]
    slots = _places_beside(index, piece)
    others = _fill(index, slots, mask, 2 * score + _beside(index, piece), limit - 1, rest, total=True)
    return [chosen, *others]


def _fill(
    index: Index,
    slots: Sequence[str],
    mask: Mask,
    score: Floats,
    limit: int,
    budget: Decimal | None,
    *,
    total: bool,
) -> list[Product]:
    """The best piece for each place; `budget` is for each piece, or for all of them in `total`."""
    chosen: list[Product] = []
    for slot in slots:
        fits = mask & (index.slots == slot) & np.isfinite(score)
        if budget is not None:
            fits &= index.current_price <= float(budget)
        if fits.any() and len(chosen) < limit:
            best = index.products[int(np.flatnonzero(fits)[np.argmax(score[fits])])]
            chosen.append(best)
            if total and budget is not None:
                budget -= best.current_price
    return chosen
