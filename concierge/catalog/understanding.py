"""From a shopper's words to a wish, with what was said and shown before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

import numpy as np

from concierge.catalog.index import Index, kinds_of
from concierge.catalog.product import Product
from concierge.catalog.reading import Said, read, slots_of
from concierge.catalog.referring import WHICH, referred
from concierge.catalog.spelling import Speller
from concierge.catalog.vocabulary import LEXICON, OCCASIONS, STOP_WORDS, words
from concierge.catalog.wish import Than, Wish

_GREETING = 3  # words at most
_REMEMBERED = 16  # earlier messages that still count
_CENT = Decimal("0.01")
_LIKE = re.compile(r"\b(?:like|similar to|in the style of|resembl\w+|along the lines of)\b")
# `I have a navy dress. What goes with it?`: the dress is not wished for.
_HAVING = re.compile(
    r"\bi (?:(?:will|ll|m|am|plan to) (?:be )?wear(?:ing)?|(?:already )?(?:have|own|bought)|"
    r"ve (?:already )?(?:got|bought))\b"
)
_SIZES_OFF = 8  # a number that differs by more is no other size
_RESIZED = re.compile(
    r"(?:^|\b(?:hmm+|so|make (?:it|that)|rather|actually|in|grown|need|now|then) )(\d{2,3})\b"
    r"(?! (?:year|day|week|month|hour|min|people|guest|more|option))"
)
_SAME = re.compile(r"\bsame (?:colou?r|shade|size|fabric|material|but|in|thing)\b")
_ONLY = re.compile(r"^(?:\w+ )?(?:just|only) (?:the )?\w+|\b(?:just|only) the \w+(?: please| actually|$)")
_TOO = frozenset(("too", "also", "well", "both"))
_IT = frozenset(("it", "this", "that", "them", "these"))
_ONE_PIECE = re.compile(r"\b(?:something|anything|piece|gift|present|item)\b")


class Understanding:
    """Reads messages against one catalog."""

    def __init__(self, index: Index, known: frozenset[str]) -> None:
        self._index = index
        targets = [*sorted(LEXICON.words, key=lambda w: (len(w), w)), *sorted(index.title_words)]
        speller = Speller(known | LEXICON.words | index.words | STOP_WORDS, targets)
        self._read = lru_cache(maxsize=2048)(lambda message: read(message, speller))

    def understand(
        self, message: str, history: Sequence[str], shown: Sequence[Product], *, wishes: bool = False
    ) -> Wish:
        """The wish behind `message`. Never raises.

        Args:
            history: the shopper's earlier messages, oldest first.
            shown: the pieces shown last, in their order on the page.
            wishes: it is known to wish for pieces, also where none of its words tells.
        """
        earlier = self._earlier(history[-_REMEMBERED:])
        said = _resized(self._read(message), earlier)
        if said.pairing:
            wish = self._pairing(said, message, earlier, shown)
            if wish is not None:
                return wish
        if said.house and not (wishes and len(said.tokens) > _GREETING):
            return Wish(kind="none")
        about = referred(said, said.tokens, message, shown, self._index)
        if about and not _narrows(said, earlier):
            return self._about(said, about, earlier)
        if not wishes and not self._wishes(said, bool(earlier.garments or earlier.occasions or earlier.text)):
            return Wish(kind="none")
        return self._merged(earlier, said, shown)

    def _earlier(self, history: Sequence[str]) -> Wish:
        """What the earlier messages add up to. What they referred to on the page is no longer known."""
        wish = Wish()
        for message in history:
            said = self._read(message)
            if said.house or not self._wishes(said, True):
                continue
            if said.pairing and (
                named := referred(said, said.pairing_tokens or said.tokens, message, (), self._index)
            ):
                wish = replace(self._merged(wish, replace(said, companions=()), ()), goes_with=named[0])
            elif not referred(said, said.tokens, message, (), self._index):
                wish = replace(self._merged(wish, said, ()), than=(), exclude=(), order="")
        return wish

    def _wishes(self, said: Said, has_earlier: bool) -> bool:
        """Whether a message wishes for pieces: a word for them, or one that the catalog's titles have."""
        return (
            said.has_wish
            or (said.wishes and (has_earlier or bool(said.text)))
            or (has_earlier and bool(said.alone))
            or any(t in self._index.title_words for t in said.text.split())
        )

    # --- kinds of wishes ---

    def _about(self, said: Said, about: tuple[Product, ...], earlier: Wish) -> Wish:
        plain = " ".join(said.tokens)
        compares = said.than or said.cheaper or said.dearer or said.others
        asks = WHICH.search(plain) and (len(about) > 1 or not said.garments)
        if asks or not ((_LIKE.search(plain) and said.fresh) or (compares and not said.house)):
            return Wish(kind="about", about=about, text=said.text, colors=said.colors, sizes=said.sizes)
        kinds = tuple(dict.fromkeys(k for p in about for k in kinds_of(p)))[:3]
        titles = frozenset(words(" ".join(p.title for p in about)))
        said = replace(  # `like the Velvet Kurta` wants no velvet
            said,
            colors=tuple(c for c in said.colors if not titles.issuperset(words(c))),
            materials=tuple(m for m in said.materials if not titles.issuperset(words(m))),
        )
        base = replace(
            earlier,
            text=f"{about[0].title} {earlier.text}" if _LIKE.search(plain) else earlier.text,
            garments=said.garments or earlier.garments or kinds,
            exclude=tuple(p.id for p in about),
        )
        return self._merged(base, replace(said, garments=()), about)

    def _pairing(self, said: Said, message: str, earlier: Wish, shown: Sequence[Product]) -> Wish | None:
        """What goes with a piece: one named, the one spoken of, or the nearest to the one described."""
        target = referred(said, said.pairing_tokens or said.tokens, message, shown, self._index)
        if not target and shown and not said.companions and not said.occasions:
            target = (shown[0],)
        companions = said.companions
        if (
            not target
            and not companions
            and _IT.intersection(said.pairing_tokens[:1])
            and _HAVING.search(" ".join(said.tokens))
        ):
            companions = said.garments[:1]
        if not target and not companions:
            return None
        price = said if (said.price_max is not None or said.price_min is not None) else earlier
        wish = Wish(
            text=" ".join(t for t in said.text.split() if t not in said.pairing_tokens),
            hints=earlier.hints,
            occasions=said.occasions or earlier.occasions,
            garments=tuple(g for g in said.garments if g not in companions),
            price_min=price.price_min,
            price_max=price.price_max,
            gender=_gender(said, earlier),
            not_colors=said.not_colors,
            not_materials=said.not_materials,
            not_garments=said.not_garments,
        )
        if target:
            colors = () if set(said.pairing_tokens) & set(said.colors) else said.colors
            return replace(wish, goes_with=target[0], about=target, colors=colors, sizes=said.sizes)
        own = self._index.nearest(companions, said.colors, wish.gender)
        if own is not None:
            return replace(wish, goes_with=own)
        return None if companions == said.companions else wish

    def _carried(self, base: Wish, said: Said) -> tuple[Wish, bool]:
        """What of the earlier wish still holds, and whether it is for somebody else now."""
        gender, other_person = _gender(said, base), False
        besides = said.fresh and not said.garments and bool(_TOO & set(said.tokens))  # `for her as well`
        if (said.person in ("female", "male") and (base.gender not in ("", said.person) or besides)) or (
            gender and base.garments and not said.garments and not self._index.has(base.garments, gender)
        ):
            has_too = not said.fresh and self._index.has(base.garments, gender)
            base, other_person = _for_another(base, base.garments if has_too else ()), True
        new_piece = bool(said.garments) and said.garments != base.garments
        new_occasion = (
            bool(said.occasions)
            and not said.garments
            and (said.look or bool(_ONE_PIECE.search(" ".join(said.tokens))) or not base.garments)
        )
        if new_piece and not gender and said.person != "me":
            gender = self._index.only_gender(base.garments)  # shoes for a gown are a woman's
        if (new_piece or new_occasion) and not _keeps(said, base):
            same_fit = new_piece and bool(base.garments) and _fit(base.garments) == _fit(said.garments)
            keep = base.sizes if same_fit or not base.garments else ()
            base = replace(
                base, text="", garments=(), colors=(), color_modifiers=(), materials=(), sizes=keep,
                goes_with=None, not_garments=(), look=False,
            )  # fmt: skip
        return replace(base, gender=gender), other_person

    def _merged(self, earlier: Wish, said: Said, shown: Sequence[Product]) -> Wish:
        """The earlier wish, changed by what is said now."""
        base, other_person = self._carried(earlier, said)
        garments = said.garments or _without(base.garments, said.not_garments)
        if said.others and shown and not (garments or base.occasions or base.look):
            garments = kinds_of(shown[0])[:1]  # `what else is there in that style`
        occasions = said.occasions or base.occasions
        occasion_alone = bool(said.occasions or (other_person and occasions)) and self._dresses(said)
        look = not garments and (said.look or base.look or occasion_alone)
        wish = replace(
            base,
            kind="search",
            text=f"{base.text} {said.text}".strip(),
            hints=" ".join(OCCASIONS[o].hints for o in occasions),
            garments=garments,
            occasions=occasions,
            colors=said.colors or (() if "color" in said.forget else _without(base.colors, said.not_colors)),
            color_modifiers=said.color_modifiers if said.colors else base.color_modifiers,
            materials=said.materials or _without(base.materials, said.not_materials),
            sizes=said.sizes
            or tuple(size for size in said.alone if self._index.has_size(garments, size))
            or (() if "size" in said.forget else base.sizes),
            not_colors=_merge(base.not_colors, said.not_colors, said.colors),
            not_materials=_merge(base.not_materials, said.not_materials, said.materials),
            not_garments=_merge(base.not_garments, said.not_garments, said.garments),
            look=look,
            order=said.order,
            exclude=(*base.exclude, *(p.id for p in shown)) if said.others or said.than else base.exclude,
        )
        wish = _priced(wish, said, shown)
        return replace(
            wish, than=tuple(Than(axis, more, self._reference(axis, shown)) for axis, more in said.than)
        )

    def _dresses(self, said: Said) -> bool:
        """Whether a bare occasion asks for an outfit: not for a gift, nor for `something`."""
        return (
            "gift" not in said.occasions
            and not _ONE_PIECE.search(" ".join(said.tokens))
            and not said.companions
        )

    def _reference(self, axis: str, shown: Sequence[Product]) -> float | None:
        """Where the pieces shown stand on an axis, on average."""
        places = [self._index.position[p.id] for p in shown if p.id in self._index.position]
        values = self._index.product_lightness if axis == "lightness" else self._index.axes[axis]
        known = [float(values[i]) for i in places if not np.isnan(values[i])]
        return sum(known) / len(known) if known else None


def _gender(said: Said, earlier: Wish) -> str:
    return "" if said.person == "me" else said.person or earlier.gender


def _for_another(wish: Wish, garments: tuple[str, ...]) -> Wish:
    """What is left of a wish when it is now for somebody else."""
    return replace(
        wish,
        text="",
        garments=garments,
        colors=(),
        color_modifiers=(),
        materials=(),
        sizes=(),
        goes_with=None,
    )


def _fit(garments: Sequence[str]) -> frozenset[str]:
    """Which measure of the body counts for pieces: clothing shares one."""
    clothing = {"dress", "suit", "top", "bottom", "outer", "swim", "night", "under"}
    return frozenset("clothing" if slot in clothing else slot for slot in slots_of(garments))


def _narrows(said: Said, earlier: Wish) -> bool:
    """Whether kinds wished for are dropped: `just the dress`, `forget the coat, show me jackets`."""
    if said.not_garments:
        return bool(said.garments) and not set(said.garments) <= set(earlier.garments)
    return bool(_ONLY.search(" ".join(said.tokens))) and set(said.garments) < set(earlier.garments)


def _keeps(said: Said, earlier: Wish) -> bool:
    """Whether another kind of piece is wished for within the same limits."""
    return bool(_SAME.search(" ".join(said.tokens))) or bool(
        said.garments and set(said.garments) < set(earlier.garments)
    )


def _resized(said: Said, earlier: Wish) -> Said:
    """With a bare number taken for the size that it changes: `hmm 44 to be safe`, after `sneakers in 43`."""
    known = [int(size) for size in earlier.sizes if size.isdigit()]
    if said.sizes or said.price_max is not None or not known:
        return said
    numbers = _RESIZED.findall(" ".join(said.tokens))
    bare = [n for n in numbers if 0 < min(abs(int(n) - size) for size in known) <= _SIZES_OFF]
    both = tuple(earlier.sizes) if _TOO & set(said.tokens) else ()
    return replace(said, sizes=(*both, bare[-1])) if bare else said


def _without(before: tuple[str, ...], ruled_out: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(n for n in before if n not in ruled_out)


def _merge(before: tuple[str, ...], now: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for n in (*before, *now) if n not in wanted))


def _priced(wish: Wish, said: Said, shown: Sequence[Product]) -> Wish:
    """Apply what is said of prices, also in comparison with the pieces shown."""
    if "price" in said.forget:
        wish = replace(wish, price_min=None, price_max=None)
    if said.price_min is not None or said.price_max is not None:
        wish = replace(wish, price_min=said.price_min, price_max=said.price_max)
    prices = [p.current_price for p in shown]
    if said.cheaper and prices and said.price_max is None:
        below = min(prices) - _CENT
        wish = replace(wish, price_min=None, price_max=min(below, wish.price_max or below))
    elif said.cheaper and wish.price_max is None:
        wish = replace(wish, order="cheapest")
    if said.dearer and prices:
        above = max(prices) + _CENT
        wish = replace(wish, price_min=above, price_max=None)
    return wish
