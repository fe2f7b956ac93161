"""Products as arrays: what search filters and ranks by, all at once with numpy."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import bm25s
import numpy as np
import numpy.typing as npt
import Stemmer
from bm25s.tokenization import Tokenized

from concierge.catalog import sizes
from concierge.catalog.embedding import DIMENSIONS, Embedder
from concierge.catalog.minilm import Floats, normalized
from concierge.catalog.product import Product
from concierge.catalog.vocabulary import (
    AXES,
    FAMILIES,
    GARMENTS,
    LEXICON,
    SLOTS,
    STOP_WORDS,
    Shade,
    garments_listed,
    garments_named,
    shade_asked,
    shades_of,
    words,
)

Mask = npt.NDArray[np.bool_]
FAMILY_BITS = {name: 1 << i for i, name in enumerate(FAMILIES)}

_FIELD_WEIGHTS = {"title": 3, "type": 2, "material": 2}


class _Ids(dict[str, int]):
    """Numbers for words, given as they come."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scores of all products for one text: BM25, and cosine of meanings."""

    lexical: Floats
    semantic: Floats


class Index:
    """Arrays over products, and over variants, in the feed's order."""

    def __init__(self, products: Sequence[Product], embedder: Embedder) -> None:
        self.products = tuple(products)
        self.position = {p.id: i for i, p in enumerate(self.products)}
        self._embedder = embedder
        self._stemmer = Stemmer.Stemmer("english")
        self._index_garments()
        self._index_variants()
        self._index_text()

    # --- structure ---

    def _index_garments(self) -> None:
        count = len(self.products)
        self.kinds = [kinds_of(p) for p in self.products]
        positions: dict[str, list[int]] = defaultdict(list)
        for i, kinds in enumerate(self.kinds):
            for kind in frozenset().union(*(GARMENTS[k] for k in kinds)):
                positions[kind].append(i)
        self.garment_masks = self._masks(positions)
        self.slots = np.array([SLOTS[k[0]] if k else "" for k in self.kinds])
        genders = np.array([p.gender for p in self.products])
        self.gender_masks = {
            g: (genders == g) | (genders == "unisex") | (genders == "") for g in ("female", "male")
        }
        self.gendered = {g: genders == g for g in ("female", "male")}
        shoes = self.garment_masks.get("shoes", np.zeros(count, np.bool_))
        self.worn = {
            g + suffix: self.gender_masks[g] & (shoes if suffix else ~shoes)
            for g in ("female", "male")
            for suffix in ("", " shoes")
        }
        self._index_materials()
        self.current_price = np.array([float(p.current_price) for p in self.products])
        self.sizeless = np.array(
            [all(sizes.is_one_size(s) for s in p.sizes) for p in self.products], np.bool_
        )

    def _index_materials(self) -> None:
        positions: dict[str, list[int]] = defaultdict(list)
        for i, product in enumerate(self.products):
            for name in _materials(product.material) | _materials(product.title) or _materials(
                product.description
            ):
                positions[name].append(i)
        self._material_masks = self._masks(positions)

    def _masks(self, positions: Mapping[str, Sequence[int]]) -> dict[str, Mask]:
        """Masks over the products that are true at the positions."""
        masks = {name: np.zeros(len(self.products), np.bool_) for name in positions}
        for name, where in positions.items():
            masks[name][where] = True
        return masks

    def _index_variants(self) -> None:
        variants = [(i, v) for i, p in enumerate(self.products) for v in p.variants]
        self.of_variant = np.array([i for i, _ in variants], np.int32)
        self.price = np.array([float(v.current_price) for _, v in variants])
        self.available = np.array([v.is_available for _, v in variants], np.bool_)
        looks = {color: _color_bits(color) for color in {v.color for _, v in variants}}
        self.families = np.array([looks[v.color][0] for _, v in variants], np.uint32)
        self.lightness = np.array([looks[v.color][1] for _, v in variants], np.float32)
        by_size: dict[str, list[int]] = defaultdict(list)
        for j, (_, v) in enumerate(variants):
            by_size[v.size].append(j)
        by_key: dict[str, list[int]] = defaultdict(list)
        for size, where in by_size.items():
            for key in sizes.keys(size):
                by_key[key] += where
        self.by_size = {key: np.array(where) for key, where in by_key.items()}
        self.bare_sized = np.array([v.size[:1].isdigit() for _, v in variants], np.bool_)
        self.product_lightness = np.full(len(self.products), np.nan, np.float32)
        self.product_lightness[self.of_variant[::-1]] = self.lightness[::-1]

    # --- text ---

    def _index_text(self) -> None:
        ids = _Ids()
        documents: list[npt.NDArray[np.int32]] = []
        for product in self.products:
            tokens = [t for t in _tokens(product) if t not in STOP_WORDS]
            documents.append(np.fromiter(map(ids.__getitem__, tokens), np.int32, len(tokens)))
        vocabulary = list(ids)
        stems = _Ids()
        stem_ids = np.fromiter(
            map(stems.__getitem__, self._stemmer.stemWords(vocabulary)), np.int32, len(vocabulary)
        )
        if not vocabulary:
            stem_ids, stems = np.zeros(1, np.int32), _Ids({"": 0})
        self._stems: dict[str, int] = dict(stems)
        self._bm25 = bm25s.BM25(k1=1.2, b=0.5, backend="numpy")
        corpus = Tokenized(ids=[stem_ids[d].tolist() for d in documents], vocab=dict(stems))
        self._bm25.index(corpus, create_empty_token=False, show_progress=False)
        counts = np.bincount(
            np.concatenate([stem_ids[np.unique(d)] for d in documents]), minlength=len(stems)
        )
        self._rarity = np.log1p(len(documents) / (1 + counts)).astype(np.float32)
        vectors = self._embedder.words(vocabulary) * self._rarity[stem_ids][:, None] if vocabulary else None
        self.vectors = np.zeros((len(documents), DIMENSIONS), np.float32)
        for i, document in enumerate(documents):
            if vectors is not None and len(document):
                vectors.take(document, axis=0).sum(axis=0, out=self.vectors[i])
        self.vectors = normalized(self.vectors)
        self.axes = {axis: self._axis(weights, documents, vocabulary) for axis, weights in AXES.items()}
        self.words = frozenset(vocabulary)
        self._index_names()

    def _axis(
        self, weights: dict[str, float], documents: Sequence[npt.NDArray[np.int32]], vocabulary: Sequence[str]
    ) -> Floats:
        """How much the words of a piece say it is on the one side or the other, about -2 to 2."""
        by_stem = {self._stemmer.stemWord(word): weight for word, weight in weights.items()}
        stemmed = self._stemmer.stemWords(list(vocabulary))
        value = np.array(
            [weights.get(w, by_stem.get(s, 0.0)) for w, s in zip(vocabulary, stemmed, strict=True)],
            np.float32,
        )
        return np.array(
            [(told := value[d]).sum() / (np.count_nonzero(told) + 1) if len(d) else 0.0 for d in documents],
            np.float32,
        )

    def _index_names(self) -> None:
        """Words of titles that the vocabulary does not know, and the products that bear them.

        Proper names are those that no description writes in lower case.
        """
        self.titles = [words(p.title) for p in self.products]
        self.names: dict[str, list[int]] = {}
        for i, title in enumerate(self.titles):
            for word in set(title):
                if len(word) > 2 and word not in LEXICON.words and word not in STOP_WORDS:
                    self.names.setdefault(word, []).append(i)
        raw: set[str] = set()
        for product in self.products:
            raw.update(product.description.split())
        common = {w for r in raw if r[:1].islower() for w in words(r)}
        self.proper_names = frozenset(n for n in self.names if n not in common and n.isalpha())
        self.everyday = frozenset(n for n in self.names if n in self._embedder.known)
        types = {w for t in {f"{p.product_type} {p.material}" for p in self.products} for w in words(t)}
        colors = {w for c in {v.color for p in self.products for v in p.variants} for w in words(c)}
        self.title_words = frozenset(
            w for w in {*self.names, *types, *colors} if len(w) > 2 and w not in STOP_WORDS
        )

    def has(self, garments: Sequence[str], gender: str) -> bool:
        """Whether there is any such piece for that gender."""
        return bool((self.garment_mask(garments) & self.gender_masks[gender]).any())

    def has_size(self, garments: Sequence[str], size: str) -> bool:
        """Whether there is any such piece in a size as the feed writes it."""
        keys, _ = sizes.asked(size, "")
        where = [j for key in keys for j in self.by_size.get(key, ())]
        return bool(self.garment_mask(garments)[self.of_variant[where]].any())

    def only_gender(self, garments: Sequence[str]) -> str:
        """`female` or `male` where every such piece is for one of them: gowns are; else empty."""
        pieces = self.garment_mask(garments)
        if not pieces.any():
            return ""
        return next((g for g, those in self.gendered.items() if those[pieces].all()), "")

    def nearest(self, garments: Sequence[str], colors: Sequence[str], gender: str) -> Product | None:
        """A piece that stands for one the shopper has: of that kind, and of that color if possible."""
        mask = self.garment_mask(garments)
        if gender and (mask & self.gender_masks[gender]).any():
            mask &= self.gender_masks[gender]
        colored = mask & self.in_families(family_bits(colors)) if colors else mask
        where = np.flatnonzero(colored if colored.any() else mask)
        return self.products[int(where[0])] if len(where) else None

    def garment_mask(self, garments: Sequence[str]) -> Mask:
        """Products of any of the kinds."""
        mask = np.zeros(len(self.products), np.bool_)
        for garment in garments:
            mask |= self.garment_masks.get(garment, np.False_)
        return mask

    def material_mask(self, name: str) -> Mask:
        """Products of a material: by their material, else title, else description."""
        return self._material_masks.get(name, np.zeros(len(self.products), np.bool_))

    def in_families(self, bits: int) -> Mask:
        """Products with a variant in one of the color families."""
        mask = np.zeros(len(self.products), np.bool_)
        mask[self.of_variant[(self.families & np.uint32(bits)) != 0]] = True
        return mask

    def rank(self, text: str, hints: str = "", hint_weight: float = 0.4) -> Ranking:
        """Score all products for words asked for, and for words merely hinted at."""
        asked = [w for w in words(text) if w not in STOP_WORDS]
        hinted = [w for w in words(hints) if w not in asked]
        lexical = self._lexical(asked) + hint_weight * self._lexical(hinted)
        meaning = self._meaning(asked) + hint_weight * self._meaning(hinted)
        return Ranking(lexical, self.vectors @ normalized(meaning))

    def _lexical(self, tokens: Sequence[str]) -> Floats:
        known = [n for s in self._stemmer.stemWords(list(tokens)) if (n := self._stems.get(s)) is not None]
        if not known:
            return np.zeros(len(self.products), np.float32)
        return np.asarray(self._bm25.get_scores_from_ids(known), np.float32)

    def _meaning(self, tokens: Sequence[str]) -> Floats:
        if not tokens:
            return np.zeros(DIMENSIONS, np.float32)
        unknown = np.float32(np.log1p(len(self.products)))
        stems = self._stemmer.stemWords(list(tokens))
        weights = np.array(
            [self._rarity[n] if (n := self._stems.get(s)) is not None else unknown for s in stems]
        )
        meaning = (self._embedder.words(tokens) * weights[:, None].astype(np.float32)).sum(axis=0)
        return np.asarray(normalized(meaning), np.float32)


def family_bits(names: Sequence[str]) -> int:
    """The families that colors' names mean, as a bit set."""
    return _bits(shade_asked(name) for name in names)


def _bits(shades: Iterable[Shade]) -> int:
    return sum({FAMILY_BITS[family] for shade in shades for family in shade.families})


def _tokens(product: Product) -> list[str]:
    """A product's words, repeated by the weight of their field."""
    return (
        words(product.title) * _FIELD_WEIGHTS["title"]
        + words(product.product_type) * _FIELD_WEIGHTS["type"]
        + words(product.material) * _FIELD_WEIGHTS["material"]
        + words(
            " ".join(
                (*product.colors, product.brand, product.category.rsplit(">", 1)[-1], product.description)
            )
        )
    )


@lru_cache(maxsize=65536)
def _materials(text: str) -> frozenset[str]:
    return frozenset(t.name for f in LEXICON.find(words(text)) for t in f.terms if t.kind == "material")


def kinds_of(product: Product) -> tuple[str, ...]:
    """The kinds of a product: its title's head noun, held against the leaf of its category."""
    titled = garments_named(product.title)
    listed: tuple[str, ...] = ()
    for category in (product.product_type, product.category):
        for part in reversed(category.split(">")):
            listed = garments_listed(part)
            if listed:
                break
        if listed:
            break
    if not titled:
        return listed or garments_named(product.description)
    if not listed or len(listed) > 1 or re.search(r"&|,|\band\b", part):  # `Ties and squares`
        return titled
    related = {SLOTS[k] for k in titled} & {SLOTS[k] for k in listed}
    related |= frozenset().union(*(GARMENTS[k] for k in titled)) & set(listed)
    return tuple(dict.fromkeys((*titled, *listed))) if related else listed


def _color_bits(color: str) -> tuple[int, float]:
    shades = shades_of(color)
    if not shades:
        return 0, float("nan")
    return _bits(shades), shades[0].lightness
