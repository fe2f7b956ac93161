"""Which pieces a shopper speaks of: `the second one`, `the Aurelia gown`, `it`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from concierge.catalog.index import Index, kinds_of
from concierge.catalog.product import Product
from concierge.catalog.reading import Said, is_fabric
from concierge.catalog.vocabulary import GARMENTS, LEXICON, Found, shade_asked, shades_of

_ORDINALS = {
    "first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "5th": 4,
    "sixth": 5, "last": -1,
}  # fmt: skip
_PLACE = "|".join(_ORDINALS)
_NUMBERED = {
    "1": 0,
    "2": 1,
    "3": 2,
    "4": 3,
    "5": 4,
    "6": 5,
    "one": 0,
    "two": 1,
    "three": 2,
    "four": 3,
    "five": 4,
}
ORDINAL = re.compile(
    rf"\b(?:(?:(?:the )?(?P<ordinal>{_PLACE})(?= (?:ones?|piece|option|item|choice|suggestion|picture|product|look|and|or|of these|of them|please|in|is|come)\b| *$)|the (?P<definite>{_PLACE})(?= (?:pair|are|does|do|has|run|looks?|fits?)\b))"
    rf"|(?P<middle>the middle)(?= (?:one|pair|piece)\b| *$)|(?:number|no|option|piece|item) (?P<number>{'|'.join(_NUMBERED)}))\b"
)
_SUPERLATIVE = re.compile(
    r"\b(?P<which>cheapest|least expensive|most expensive|priciest|dearest|(?<=the )(?:cheap(?:er)?|less expensive|expensive|more expensive|pricier|dearer)) (?:one|piece|option|of (?:them|these|those)|of the)\b"
)
_DEFINITE = re.compile(r"\b(?:the|that|this|those|these) ")
_SINGULAR = re.compile(
    r"\b(?:is|does|was|has|will|would|can|could|did) (?:it|this|that)(?: one| piece)?\b(?! (?:possible|ok|okay|too late|going to|rain|cold|hot|for|something|a ))"
    r"|\b(?:tell me|more|about|much|see|love|take|buy|order|add|try|(?<!think )of|made|have|get|on|reserve|wearing|wear|style|pair|describe|with|under|over|than|match|like|similar to)"
    r" (?:it|this|that)(?: one| piece)?\b(?! (?:is|are|for|would|will|be|dress|kind|type|sort|color|colour|size|price))"
    r"|\b(?:this|that) one\b|^(?:it|this|that)(?: in| one| for| at| please|$)|\bwhat (?:is|material is|colou?rs? is|sizes? is) (?:it|this|that)\b"
)
_PLURAL = re.compile(
    r"\b(?:are|do|were|have|will|would|can|could|did|about|than|of|with|like|both|all|take|love|see|compare) (?:of )?(?:they|them|these|those|both|all of)\b(?! (?:are|would))|\b(?:these|those) ones\b|\bcompare (?:them|these|those|the)\b"
)
WHICH = re.compile(
    r"\bwhich (?:(?:one|two|of (?:them|these|those|the two|both)) )?(?:is|s|are|would|will|do|does|costs?|looks?|feels?)\b"
    r"|^(?:and |so |but )?(?:is|are) .*\b(?:cheaper|dearer|warmer|lighter|softer) than\b"
    r"|\bwhat(?: is|s)? (?:the )?(?:cheaper|dearer|warmer|lighter|softer|nicer|better)\b"
)
_ONE_OF = re.compile(
    r"\b(?:which|the (?:cheaper|dearer|warmer|lighter|nicer|better)) of (?:them|these|those|the (?:two|three|four))\b|\b(?:the|which) one (?:would you|you would|you d) (?:pick|choose|take|go for|wear|buy)\b"
)
_ATTRIBUTE = re.compile(
    r"^(?:(?:and|ok|okay|so|then|but|what|whats|is|are|s|how|about) )*(?:the |its |their )?(?:prices?|costs?|materials?|fabrics?|colou?rs|sizes)"
    r"(?: (?:please|pls|then|again|of (?:it|them|that|those)))*$"
)
_NEW = re.compile(r"\b(?:looking for|show me|i need|i want|do you have (?:a|an|any|some)|find me)\b")


def referred(
    said: Said, tokens: Sequence[str], message: str, shown: Sequence[Product], index: Index
) -> tuple[Product, ...]:
    """The products that `tokens` (all of `said`'s words, or a part) refer to, or none.

    Args:
        message: as it was typed, for its capitals.
        shown: pieces on the shopper's page, in their order.
    """
    plain = " ".join(tokens)
    return (
        _counted(plain, shown)
        or _titled(tokens, index)
        or _named(tokens, message, shown, index)
        or _described(tokens, plain, shown, index)
        or _pronoun(plain, said, shown)
        or _compared(plain, said, shown)
    )


def _counted(plain: str, shown: Sequence[Product]) -> tuple[Product, ...]:
    if not shown:
        return ()
    picked = []
    for match in ORDINAL.finditer(plain):
        if match["middle"]:
            place = len(shown) // 2
        else:
            word = match["ordinal"] or match["definite"]
            place = _ORDINALS[word] if word else _NUMBERED[match["number"]]
        if -len(shown) <= place < len(shown):
            picked.append(shown[place])
    if superlative := _SUPERLATIVE.search(plain):
        choose = min if superlative["which"].startswith(("cheap", "less", "least")) else max
        picked.append(choose(shown, key=lambda p: p.current_price))
    if len(shown) == 2 and re.search(r"\bthe other(?: one)?(?: *$| please| in| is)", plain):
        picked.append(shown[1])
    return tuple(dict.fromkeys(picked))


def _titled(tokens: Sequence[str], index: Index) -> tuple[Product, ...]:
    """Pieces whose whole titles are said; of titles within each other the longest."""
    plain = f" {' '.join(tokens)} "
    near = {i for token in tokens for i in index.names.get(token, ()) if len(index.titles[i]) > 1}
    said = {i: title for i in near if (title := f" {' '.join(index.titles[i])} ") in plain}
    whole = [i for i, title in said.items() if not any(title != t and title in t for t in said.values())]
    return tuple(index.products[i] for i in sorted(whole, key=lambda i: plain.find(said[i])))[:4]


def _named(
    tokens: Sequence[str], message: str, shown: Sequence[Product], index: Index
) -> tuple[Product, ...]:
    """Pieces whose titles' names are said; among several, those that agree in most words."""
    on_page = {index.position[p.id] for p in shown if p.id in index.position}
    said = set(tokens)
    candidates: set[int] = set()
    for place, token in enumerate(tokens):
        for i in index.names.get(token, ()):
            before = tokens[max(0, place - 3) : place]
            definite = any(t in ("the", "that", "this", "your", "about") for t in before)
            indefinite = any(t in ("a", "an", "any", "some") for t in before[-2:])
            distinct = token in index.proper_names
            everyday = token in index.everyday
            capital = (
                bool(re.search(rf"(?<=\w )[\"']?{re.escape(token)}\b", message.lower()))
                and token.capitalize() in message
            )
            neighbours = _neighbours(tokens, place, index.titles[i])
            if (
                (distinct and not everyday)
                or (distinct and (definite or capital or (neighbours and not indefinite)))
                or (neighbours and not indefinite and (definite or (i in on_page)))
            ):
                candidates.add(i)
    if not candidates:
        return ()
    kinds = {t.name for f in LEXICON.find(tokens) for t in f.terms if t.kind == "garment"}
    agreement = {
        i: len(said & set(index.titles[i])) / len(index.titles[i]) + (0.5 if i in on_page else 0)
        for i in candidates
    }
    fitting = {i for i in candidates if not kinds or _is_of(kinds, index.kinds[i])}
    if not fitting:
        return ()
    best = max(agreement[i] for i in fitting)
    return tuple(index.products[i] for i in sorted(fitting) if agreement[i] >= best - 1e-6)[:4]


def _neighbours(tokens: Sequence[str], place: int, title: Sequence[str]) -> bool:
    """Whether the word stands beside the same word as in the title."""
    pairs = set(itertools.pairwise(title))
    singular = [t.removesuffix("s") for t in title]
    pairs |= set(itertools.pairwise(singular))
    ahead = tuple(tokens[place : place + 2])
    behind = tuple(tokens[max(0, place - 1) : place + 1])
    return ahead in pairs or behind in pairs


def _is_of(asked: set[str], kinds: Sequence[str]) -> bool:
    all_kinds = frozenset().union(*(GARMENTS[k] for k in kinds)) if kinds else frozenset()
    return bool(asked & all_kinds) or any(k in GARMENTS[a] for a in asked for k in kinds)


def _looks(found: Found, product: Product, index: Index) -> bool:
    """Whether a word of color or material fits a piece; `gold` may be either."""
    colors = {s for c in product.colors for shade in shades_of(c) for s in shade.families}
    place = index.position.get(product.id)
    return any(
        (term.kind == "color" and bool(colors & set(shade_asked(term.name).families)))
        or (term.kind == "material" and place is not None and bool(index.material_mask(term.name)[place]))
        for term in found.terms
        if not (term.kind == "color" and is_fabric(found))
    )


def _of_kinds(kinds: set[str], shown: Sequence[Product]) -> list[Product]:
    """The pieces on the page that are of the kinds; if none is, those that may go by that name."""
    known = [(p, kinds_of(p)) for p in shown]
    strictly = [p for p, own in known if any(kinds & GARMENTS[k] for k in own)]
    return strictly or [p for p, own in known if _is_of(kinds, own)]


def _described(
    tokens: Sequence[str], plain: str, shown: Sequence[Product], index: Index
) -> tuple[Product, ...]:
    """`the trench`, `the green one`: the pieces on the page that the words after the article fit."""
    if not shown:
        return ()
    for match in _DEFINITE.finditer(plain):
        following = plain[match.end() :].split()[:5]
        end = next((n for n, t in enumerate(following) if t in ("one", "ones", "piece", "pieces")), None)
        described = following[1:] if end == 0 else following[: 4 if end is None else end]
        found = list(LEXICON.find(described))  # `the one in slate`, `the green one`
        kinds = {t.name for f in found for t in f.terms if t.kind == "garment"}
        if end is None and (not kinds or found[0].start > 2):
            continue
        looks = [f for f in found if any(t.kind in ("color", "material") for t in f.terms)]
        if not (kinds or looks):
            continue
        alike = _of_kinds(kinds, shown) if kinds else shown
        fitting = [p for p in alike if all(_looks(f, p, index) for f in looks)]
        if fitting:
            return tuple(fitting)
    return _by_title(tokens, shown)


def _by_title(tokens: Sequence[str], shown: Sequence[Product]) -> tuple[Product, ...]:
    """A title on the page said nearly in full."""
    if len(tokens) < 2:
        return ()
    scores = [(fuzz.partial_ratio(p.title.lower(), " ".join(tokens)), -i) for i, p in enumerate(shown)]
    score, place = max(scores)
    return (shown[-place],) if score >= 92 and len(shown[-place].title) <= len(" ".join(tokens)) + 2 else ()


def _compared(plain: str, said: Said, shown: Sequence[Product]) -> tuple[Product, ...]:
    """`which one is warmer`, `and the price?`: what is asked of the pieces on the page."""
    compares = said.than or said.cheaper or said.dearer
    asks = (WHICH.search(plain) and compares and not said.garments) or _ONE_OF.search(plain)
    return tuple(shown) if asks or _ATTRIBUTE.match(plain) else ()


def _pronoun(plain: str, said: Said, shown: Sequence[Product]) -> tuple[Product, ...]:
    if not shown or said.occasions or (_NEW.search(plain) and said.garments):
        return ()
    if _PLURAL.search(plain):
        return tuple(shown)
    return (shown[0],) if _SINGULAR.search(plain) else ()
