"""What a sentence says of pieces, held against the feed: names, prices, colors, materials, sizes, stock.

Pure and fast (well under a millisecond a sentence), so that a reply can be judged before it is sent as well
as after. It judges what is *said of a piece*: `in camel` after its name, not the black shoes it goes with.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import combinations

from concierge.catalog import Product
from concierge.catalog.index import kinds_of
from concierge.catalog.product import OUT_OF_STOCK
from concierge.catalog.sizes import asked, is_one_size, keys
from concierge.catalog.vocabulary import (
    AMBIGUOUS_COLORS,
    FAMILIES,
    GARMENTS,
    GROUPS,
    LEXICON,
    MODIFIERS,
    SHADES,
    Found,
    shades_of,
    words,
)
from concierge.stylist.amounts import Amount, amounts, numbers
from concierge.stylist.names import Mention, Names, attribute_words, invented, together
from concierge.stylist.sentence import Word, plain, sentences, split


def violations(
    sentence: str,
    offered: Sequence[Product],
    allowed: Sequence[str] = (),
    said: Sequence[str] = (),
    spoken_of: Sequence[Product] = (),
) -> list[str]:
    """What of a sentence is not so, in words for people; empty if nothing is. See `Ground.violations`."""
    return Ground(offered, allowed, said).violations(sentence, spoken_of)


class Ground:
    """What a reply may rest on; made once a reply.

    Args:
        offered: the pieces of its prompt; what is said of a piece must be so.
        allowed: texts of the house: what they name and price may be repeated.
        said: the shopper's messages; they don't make a price right.
        names: titles that may be named; those of `offered` if left out.
    """

    def __init__(
        self,
        offered: Sequence[Product],
        allowed: Sequence[str] = (),
        said: Sequence[str] = (),
        names: Names | None = None,
    ) -> None:
        self._offered = tuple(offered)
        self._near = Names(offered)
        self._names = names or self._near
        house = _house(tuple(allowed))
        blurbs = [p.description for p in self._offered]
        self._house = house.plain
        self._texts = house.plain + _plain([*said, *blurbs, *(p.brand for p in self._offered)])
        self._known = house.words | {w for p in self._offered for w in attribute_words(p)}
        self._money = [*house.money, *(a for text in blurbs for a in amounts(text))]
        self._shares = house.shares
        self._said = {n for text in said for n in numbers(text)}

    def check(self, reply: str) -> list[str]:
        """The violations of a whole reply, sentence by sentence."""
        spoken_of: tuple[Product, ...] = ()
        found: list[str] = []
        for sentence in sentences(reply):
            found += self.violations(sentence, spoken_of)
            spoken_of = self.named(sentence) or spoken_of
        return found

    def named(self, text: str) -> tuple[Product, ...]:
        """The pieces that a text names, in its order."""
        sentence = split(unicodedata.normalize("NFC", text))
        return tuple(dict.fromkeys(p for m in self._mentions(sentence) for p in m.pieces))

    def knows(self, word: str) -> bool:
        """Whether a word (a key) stands in the titles or texts that may be repeated."""
        return word in self._near or word in self._known or f" {word} " in self._texts

    def violations(
        self, sentence: str, spoken_of: Sequence[Product] = (), *, whole: bool = True
    ) -> list[str]:
        """What of a sentence is not so.

        Args:
            spoken_of: the pieces that `it` means, named before.
            whole: False if it may go on; that it begins as the house says it is then no excuse.
        """
        text = unicodedata.normalize("NFC", sentence)
        parts = split(text)
        if whole and f" {' '.join(w.key for w in parts)} " in self._texts:
            return []  # word for word what the house says
        mentions = self._mentions(parts)
        found = [
            f"names {text[parts[start].start : parts[end - 1].end]!r}, which is not offered"
            for start, end in invented(parts, mentions, self._known, self._names, self._texts)
        ]
        groups = [
            _Group(g[0].start, g[-1].end, tuple(p for m in g for p in m.pieces))
            for g in together(mentions, parts)
        ]
        subject = tuple(spoken_of) if _refers(parts, spoken_of) else ()
        said = _Sentence(text, parts, groups, subject or _meant(parts, self._offered))
        prices = _Prices(said, self._offered, self._money, self._said, self._shares)
        return found + prices.violations() + _attributes(said) + _sizes(said) + _stock(said)

    def _mentions(self, sentence: Sequence[Word]) -> list[Mention]:
        """Offered pieces first: of two that share a word, the offered one is meant."""
        near = [m for m in self._near.find(sentence) if not self._in_house(sentence, m)]
        if self._names is self._near:
            return near
        for mention in self._names.find(sentence):
            rivals = [m for m in near if m.start < mention.end and m.end > mention.start]
            longer = all(mention.end - mention.start > m.end - m.start for m in rivals)
            lone = mention.end - mention.start == 1 and all(" " in p.title for p in mention.pieces)
            if longer and not lone:  # Colette alone may well be a person
                near = [m for m in near if m not in rivals] + [mention]
        return sorted(near, key=lambda m: m.start)

    def _in_house(self, sentence: Sequence[Word], mention: Mention) -> bool:
        """Whether a lone word is the house's: `rue de la Navette` is no Navette Cuff."""
        if mention.end - mention.start > 1 or not mention.start or sentence[mention.start - 1].key == "the":
            return False
        return f" {sentence[mention.start - 1].key} {sentence[mention.start].key} " in self._house


# --- what is said of which piece


@dataclass(frozen=True, slots=True)
class _Group:
    """Pieces named together at the words [start, end)."""

    start: int
    end: int
    pieces: tuple[Product, ...]


@dataclass(slots=True)
class _Sentence:
    """A sentence with what it names. `subject`: the pieces that its `it` means, or none."""

    text: str
    words: list[Word]
    groups: list[_Group]
    subject: tuple[Product, ...]
    keys: list[str] = field(init=False)

    def __post_init__(self) -> None:
        named = {i for g in self.groups for i in range(g.start, g.end)}
        self.keys = ["\0" if i in named else w.key for i, w in enumerate(self.words)]

    def before(self, at: int) -> tuple[int, tuple[Product, ...]]:
        """The pieces spoken of at word `at`, and where they were named."""
        ends = [(g.end, g.pieces) for g in self.groups if g.end <= at]
        return ends[-1] if ends else (0, self.subject)

    def after(self, at: int) -> _Group | None:
        return next((g for g in self.groups if g.start >= at), None)

    def between(self, one: int, other: int) -> str:
        """The text after word `one` - 1 and before word `other`."""
        return self.text[self.words[one - 1].end : self.words[other].start]

    def word_at(self, position: int) -> int:
        """The word that begins at a character, or the next one."""
        return next((i for i, w in enumerate(self.words) if w.start >= position), len(self.words))

    def names_of(self, pieces: Iterable[Product]) -> str:
        return " or ".join(dict.fromkeys(p.title for p in pieces))


_POINTING = frozenset(("the", "this", "these"))
_PRONOUNS = frozenset("it its they them their this these both that which one piece pieces each".split())


def _refers(sentence: Sequence[Word], spoken_of: Sequence[Product]) -> bool:
    """Whether a sentence speaks of the pieces named before: a pronoun, or their noun."""
    keys = [w.key for w in sentence]
    if _PRONOUNS & set(keys) or (
        keys and keys[0] in ("at", "in", "available", "made", "cut", "sizes", "also")
    ):
        return True
    return bool(_meant(sentence, spoken_of))


def _meant(sentence: Sequence[Word], pieces: Sequence[Product]) -> tuple[Product, ...]:
    """The pieces that a sentence means by their noun: `the coat`, `these shoes`."""
    keys = [w.key for w in sentence]
    if _POINTING.isdisjoint(keys):
        return ()
    named = {
        t.name
        for f in LEXICON.find(keys)
        if f.start and keys[f.start - 1] in _POINTING and "that" not in keys[f.end : f.end + 1]
        for t in f.terms
        if t.kind == "garment"
    }
    return tuple(p for p in pieces if named & {k for kind in _kinds(p) for k in GARMENTS[kind]})


# --- money

_SERVICE = re.compile(
    r"\b(?:deliver\w*|shipping|ships?|courier|express|post(?:age)?|customs|duties|alter\w*|hem\w*|shorten\w*|tailoring|repair\w*|resol\w+|"
    r"restor\w+|gift[- ]?cards?|vouchers?|wrapp\w+|gift[- ]wrap\w*|engrav\w+|monogram\w*|initials|return(?:s|ed|ing)?|refund\w*|collection from home|"
    r"instal?ments?|bank transfer|made to (?:measure|order)|bespoke|appointment|fitting|membership|club|deposit|orders?|purchases?|spend(?:ing)?|"
    r"clean\w*|services?|fees?|charges?|minimum)\b"
)  # fmt: skip
_UNDER = re.compile(r"\b(?:under|below|beneath|less than|within|up to|no more than|not exceed\w*|cheaper than|at most|inside|stays? in)\W+(?:your |the |a |our )?(?:\w+ )?(?:of |limit of )?\W*$")  # fmt: skip
_OVER = re.compile(r"\b(?:over|above|more than|beyond|exceeds?|exceeding|upwards? of|past|higher than|outside)\W+(?:your |the |a )?(?:\w+ )?(?:of )?\W*$")  # fmt: skip
_BUDGET = re.compile(r"\b(?:budget|limit|maximum|ceiling|mind|spend|asked)\b|\byour\W+\w*\W*$")
_TOTAL = re.compile(
    r"\b(?:together|total\w*|in all|altogether|both|combined|whole|sum|pair of them|outfit|look)\b"
)
_DIFFERENCE = re.compile(r"\b(?:less|more|cheaper|dearer|off|sav\w+|difference|reduced by|reduction|discount\w*|down by|below|above|over|under)\b")  # fmt: skip
_CENT = Decimal("0.01")


class _Prices:
    """The amounts of a sentence against what pieces cost and what the house says."""

    def __init__(
        self,
        said: _Sentence,
        offered: Sequence[Product],
        house: Sequence[Amount],
        shopper: set[Decimal],
        shares: frozenset[Decimal],
    ) -> None:
        self._said, self._offered, self._house, self._shopper = said, offered, house, shopper
        self._shares = shares
        self._plain = plain(said.text)

    def violations(self) -> list[str]:
        found = [self._wrong(amount) for amount in amounts(self._said.text)]
        found += [self._wrong_share(m) for m in _SHARE.finditer(self._plain)]
        return [f for f in found if f]

    def _in_facts(self, amount: Amount) -> bool:
        return any(
            a.value == amount.value
            and (not a.currencies or a.currencies & amount.currencies or not amount.currencies)
            for a in self._house
        )

    def _wrong(self, amount: Amount) -> str:
        at = self._said.word_at(amount.start)
        since, owners = self._said.before(at)
        clause = self._plain[self._said.words[since - 1].end if since else 0 : amount.start]
        rest = re.split(r"[,;.:](?!\d)", self._plain[amount.end :], maxsplit=1)[0]
        spelt = (
            self._said.text[amount.start : amount.end]
            + (" " + "/".join(sorted(amount.currencies)[:1])).rstrip()
        )
        following = self._said.after(at)
        if following and (not since or following.start - at <= 3):
            owners = (*owners, *following.pieces)
        if _SERVICE.search(clause) or _SERVICE.search(rest):
            right = self._in_facts(amount) or self._prices_of(amount, owners or self._offered)
            return "" if right else f"says {spelt}, which the house's facts don't"
        if not owners:
            right = (
                amount.value in self._shopper
                or self._in_facts(amount)
                or self._prices_of(amount, self._offered)
                or self._adds_up(amount, clause + rest, self._offered)
            )
            return "" if right else f"says {spelt}, the price of nothing offered"
        told = any(amount.value == a.value for p in owners for a in amounts(p.description))
        if told or self._prices_of(amount, owners) or self._compares(amount, clause, rest, owners):
            return ""
        cost = ", ".join(sorted({f"{v:g} {p.currency}" for p in owners for v in _prices(p)}, key=len)[:4])
        return f"says {spelt} of {self._said.names_of(owners)}, which costs {cost}"

    def _prices_of(self, amount: Amount, pieces: Iterable[Product]) -> bool:
        """Whether it is a piece's price, in its currency; shops round to whole units when they speak."""
        return any(
            amount.value == price and (not amount.currencies or p.currency in amount.currencies)
            for p in pieces
            for price in _prices(p)
        )

    def _compares(self, amount: Amount, clause: str, rest: str, owners: Sequence[Product]) -> bool:
        """`under your 300 EUR`, `60 EUR less`, `together 500 EUR`: no price, and yet it can be false."""
        costs = [p.current_price for p in owners]
        known = amount.value in self._shopper or self._in_facts(amount)
        if known and _UNDER.search(clause):
            return min(costs) <= amount.value
        if known and _OVER.search(clause):
            return max(costs) >= amount.value
        if known and (_BUDGET.search(clause) or _BUDGET.search(rest)):
            return True
        return self._adds_up(amount, clause + rest, (*owners, *self._offered))

    def _adds_up(self, amount: Amount, around: str, pieces: Sequence[Product]) -> bool:
        several = tuple(dict.fromkeys(pieces))[:8]
        sets = [s for n in (2, 3, 4) for s in combinations(several, n)]
        if (_TOTAL.search(around) or _TOTAL.search(self._plain)) and any(
            sum(p.current_price for p in s) == amount.value for s in sets
        ):
            return True
        apart = {abs(a.current_price - b.current_price) for a, b in combinations(several, 2)}
        apart |= {p.price - p.current_price for p in several}
        apart |= {abs(p.current_price - limit) for p in several for limit in self._shopper}
        return bool(_DIFFERENCE.search(around)) and amount.value in apart

    def _wrong_share(self, match: re.Match[str]) -> str:
        """`30% off` must be what a sale takes off."""
        _, owners = self._said.before(self._said.word_at(match.start()))
        share = Decimal(match["share"])
        cuts = {round(100 * (1 - p.current_price / p.price)) for p in owners or self._offered if p.price}
        return "" if share in cuts or share in self._shares else f"says {match[0]!r}, which no price here is"


_SHARE = re.compile(r"(?P<share>\d{1,2}) ?(?:%|per ?cent) (?:off|discount|reduction|less|cheaper|reduced)\b")


@lru_cache(maxsize=4096)
def _prices(piece: Product) -> frozenset[Decimal]:
    listed = [(piece.price, piece.sale_price), *((v.price, v.sale_price) for v in piece.variants)]
    values = {v for prices in listed for v in prices if v is not None}
    return frozenset(values | {v.quantize(Decimal(1)) for v in values})


# --- colors and materials

_GENERIC = frozenset("wool cashmere alpaca silk satin cotton denim linen leather suede velvet lace tulle chiffon crepe canvas straw gold silver pearl fur down".split())  # fmt: skip
_SAME = {"woollen": "wool", "woolen": "wool", "silken": "silk", "leathers": "leather", "golden": "gold"}
_ALSO = {"leather": {"suede"}, "cotton": {"denim"}, "fur": {"leather"}}
_IGNORED = frozenset(("knit-fabric", "waxed", "feather", "down"))
_COLOR_CUES = frozenset(("in", "is", "are", "comes", "come"))
_MATERIAL_CUES = frozenset("in of from is are its their made cut woven knitted spun pure all".split())
_NOT_OF_IT = frozenset(
    "than like as if prefer prefers your my you match matches matching against beside with over under beneath without "
    "instead unlike avoid rather wear want wanted asked looking wish without goes suits hint touch love loves mind".split()
)
_NEGATIONS = frozenset("not no none nothing never nor t isn aren cannot neither longer".split())
_LIST = frozenset(("and", "or", "a", "an", "the", "deep", "soft", "rich", "warm", "cool", "pure", "fine", "also", "both")) | MODIFIERS  # fmt: skip


_LISTING = re.compile(r"(?:[\s,/&]|\b(?:and|or)\b)*")


def _attributes(said: _Sentence) -> list[str]:
    """Colors and materials that a piece named, or spoken of, doesn't have."""
    found: list[str] = []
    last_claim = 0
    lexical = list(LEXICON.find(said.keys))
    for one in lexical:
        kinds: set[str] = {"color", "material"}.intersection(t.kind for t in one.terms)
        if not kinds or (kinds == {"material"} and {t.name for t in one.terms} <= _IGNORED):
            continue
        owners = _owners_ahead(said, one, lexical)
        negative = False
        if not owners:
            listed = last_claim > 0 and _LISTING.fullmatch(said.between(last_claim, one.start))
            cued, negative = _cue(said, one, kinds)
            owners = (
                said.before(one.start)[1] if (cued or listed) and not _other_noun(said, one, lexical) else ()
            )
        if not owners:
            continue
        last_claim = one.end
        spelt = " ".join(w.key for w in said.words[one.start : one.end])
        right = any(_has(piece, spelt, one) for piece in owners)
        if negative and "color" in kinds and right and not _hard_to_have(owners, spelt):
            found.append(f"denies {spelt} of {said.names_of(owners)}")
        elif not negative and not right:
            found.append(f"says {spelt} of {said.names_of(owners)}")
    return found


def _owners_ahead(said: _Sentence, one: Found, lexical: Sequence[Found]) -> tuple[Product, ...]:
    """`the camel Adele Wrap Coat`: the pieces right after, past more of the kind."""
    group = said.after(one.end)
    if not group or (one.start and said.keys[one.start - 1] in ("your", "my")):
        return ()
    passed = {i for f in lexical for i in range(f.start, f.end)}
    between = range(one.end, group.start)
    if any(i not in passed and said.keys[i] not in _LIST for i in between) or len(between) > 4:
        return ()
    gaps = [said.words[i].gap for i in range(one.end, group.start + 1)]
    return group.pieces if all(g in (" ", "-") for g in gaps) else ()


def _cue(said: _Sentence, one: Found, kinds: set[str]) -> tuple[bool, bool]:
    """Whether the words before make it a claim of the pieces spoken of, and whether they deny it."""
    since, _ = said.before(one.start)
    since = max([since, *(i for i in range(since, one.start + 1) if ";" in said.words[i].gap)])
    back = said.keys[max(since, one.start - 4) : one.start]
    near = said.keys[max(since, one.start - 6) : one.start]
    negative = bool(_NEGATIONS & set(near))
    if _NOT_OF_IT & set(back) or (negative and kinds == {"material"}):
        return False, False
    ambiguous = said.words[one.start].key in AMBIGUOUS_COLORS and one.end - one.start == 1
    skipped = list(back)
    while skipped and (skipped[-1] in _LIST or skipped[-1] in SHADES):
        if ambiguous and kinds == {"color"} and skipped[-1] in ("the", "a", "an"):
            return False, False
        skipped.pop()
    cue = skipped[-1] if skipped else ""
    if (
        since
        and since == one.start
        and said.words[one.start].gap.strip() in (",", ":", "(", "-", "–", "—", "in")
    ):
        return True, False  # Adele Wrap Coat, camel
    if "color" in kinds and cue in _COLOR_CUES and (cue == "in" or not ambiguous):
        return True, negative
    return bool("material" in kinds and _MATERIAL_CUES & set(back)), negative


def _other_noun(said: _Sentence, one: Found, lexical: Sequence[Found]) -> bool:
    """Whether it describes another thing: `with black trousers`, `over a silk dress`."""
    _, owners = said.before(one.start)
    end = one.end
    for found in lexical:
        if found.start < end or any(
            k not in _LIST or k in ("and", "or") for k in said.keys[end : found.start]
        ):
            continue
        names = {t.name for t in found.terms if t.kind == "garment"}
        if names:
            own = {k for p in owners for kind in _kinds(p) for k in GARMENTS[kind]}
            own |= {kind for kind, also in GARMENTS.items() if also & {k for p in owners for k in _kinds(p)}}
            return not names & own
        end = found.end
    return False


def _has(piece: Product, spelt: str, one: Found) -> bool:
    """Whether a piece has the color or material: by its name, by the color's family, by what its cloth is."""
    text = _described(piece)
    if f" {spelt} " in text:
        return True
    for term in one.terms:
        if term.kind == "color" and _has_color(piece, term.name, spelt):
            return True
        if term.kind == "material":
            generic = _SAME.get(spelt, spelt) == term.name or term.name not in _GENERIC
            if generic and ({term.name} | _ALSO.get(term.name, set())) & _materials(piece):
                return True
    return False


def _has_color(piece: Product, name: str, spelt: str) -> bool:
    families = set(GROUPS.get(name, (name,) if name in FAMILIES else ()))
    said = set(spelt.split())
    for color in piece.colors:
        own = set(words(color))
        if said and (said <= own or own <= said):
            return True
        if families & {f for shade in shades_of(color) for f in shade.families}:
            return True
    return False


def _hard_to_have(owners: Sequence[Product], spelt: str) -> bool:
    """Whether a color is sold out in some size: then denying it may be meant of that."""
    said = set(spelt.split())
    return any(
        not v.is_available
        for p in owners
        for v in p.variants
        if said & set(words(v.color)) or {f for s in shades_of(v.color) for f in s.families} & said
    )


@lru_cache(maxsize=4096)
def _described(piece: Product) -> str:
    return _plain([piece.title, piece.material, piece.description, *piece.colors])


@lru_cache(maxsize=4096)
def _materials(piece: Product) -> frozenset[str]:
    found = LEXICON.find(_described(piece).split())
    return frozenset(t.name for f in found for t in f.terms if t.kind == "material")


@lru_cache(maxsize=4096)
def _kinds(piece: Product) -> tuple[str, ...]:
    return kinds_of(piece)


# --- sizes and stock

_ONE = r"(?:(?:uk|us|eu|it|fr|de|italian|french) )?(?:\d{1,3}(?:[.,]5)?(?:-\d{2})?|\b(?:[2-4]?xx?[sl]|xxxl|[sml])\b)"
_MORE = rf"(?:(?:,? (?:and|or|to)|,|/) (?:size )?(?:{_ONE}))*"
_UNITS = (
    r"(?![\w%]|[.,:]\d| ?(?:%|€|£|\$|days?|weeks?|months?|years?|hours?|minutes?|working|business|eur|usd|gbp|chf|euros?|pounds?|"
    r"dollars?|cm|mm|pieces?|steps?|colou?rs?|instal|boutiques?|cities|countries))"
)
_SIZE = re.compile(rf"\b(?P<cue>sizes?|in(?: an?)?(?: size)?) (?P<sizes>{_ONE}{_MORE}){_UNITS}")
_OUT = re.compile(r"\b(?:sold out|out of stock|unavailable|not available|no longer|gone|not in stock|run out|isn't available|aren't available|not (?:made|offered|come)|don't have|do not have|doesn't come|does not come|without|not|except)\b[^.;]*$")  # fmt: skip
_HYPOTHETICAL = re.compile(r"\b(?:if|whether|your|you wear|you take|usually|normally|between|asked)\b[^.;]*$")


def _sizes(said: _Sentence) -> list[str]:
    """Sizes that a piece isn't made in, is sold out in, or is not sold out in."""
    found: list[str] = []
    for match in _SIZE.finditer(said.text.lower()):
        if not _are_sizes(match, said.text):
            continue
        since, owners = said.before(said.word_at(match.start("sizes")))
        before = said.text[said.words[since - 1].end if since else 0 : match.start()].lower()
        if not owners or _HYPOTHETICAL.search(before):
            continue
        gone = bool(_OUT.search(before.replace("\u2019", "'")))
        for size in _listed(match["sizes"]):
            if not any(_size_is(p, size, gone) for p in owners):
                how = "sold out in" if gone else "to be had in"
                found.append(f"says {said.names_of(owners)} is {how} {size}")
    return found


def _are_sizes(match: re.Match[str], text: str) -> bool:
    """`in 38` and `in S`, not `in a` row; a single letter has to be a capital."""
    spelt = text[match.start("sizes") : match.end("sizes")]
    letters = re.findall(r"[A-Za-z]+", re.sub(r"\b(?:and|or|to|size)\b", "", spelt))
    bare = match["cue"].startswith("in") and "size" not in match["cue"]
    if bare and (m := re.match(r"\d+", spelt)) and not 3 <= int(m[0]) <= 150:
        return False
    return all(x.isupper() or x.lower() in ("italian", "french") for x in letters if len(x) == 1 or bare)


def _listed(spelt: str) -> list[str]:
    """`36 to 38, 42` as the sizes named."""
    return [s for s in re.split(r"\s*(?:,|/|\b(?:and|or|to)\b)\s*(?:size )?", spelt) if s]


def _size_is(piece: Product, size: str, gone: bool) -> bool:
    """Whether a piece is to be had in a size, or for `gone` is not, in some color at least."""
    if piece.sizes and all(is_one_size(s) for s in piece.sizes):
        return gone
    wanted = keys(size)
    for worn in ("female", "male", "female shoes", "male shoes"):
        exact, converted = asked(size, worn)
        wanted |= exact | converted
    fitting = [v for v in piece.variants if keys(v.size) & wanted]
    if gone:
        return not fitting or any(not v.is_available for v in fitting)
    return any(v.is_available for v in fitting)


_SOLD_OUT = re.compile(r"\b(?:is|are|it's)(?: \w+)? (?:sold out|out of stock)(?! in| for| online)\b")
_IN_STOCK = re.compile(r"\b(?:is|are|it's)(?: \w+)? (?:in stock|available now|ready to ship)\b")


def _stock(said: _Sentence) -> list[str]:
    """A piece that is called sold out and isn't, or the other way round."""
    found: list[str] = []
    text = said.text.lower().replace("\u2019", "'")
    for pattern, is_out in ((_SOLD_OUT, True), (_IN_STOCK, False)):
        for match in pattern.finditer(text):
            since, owners = said.before(said.word_at(match.start()))
            between = text[said.words[since - 1].end if since else 0 : match.start()]
            if not owners or re.search(r"\b(?:in|size|not|if|when|n't)\b", between):
                continue
            if not any((p.availability == OUT_OF_STOCK) == is_out for p in owners):
                found.append(f"says {said.names_of(owners)} {match[0]}")
    return found


# --- the house's texts


@dataclass(frozen=True, slots=True)
class _House:
    """Texts that may be repeated: as plain words between blanks, as a set of them, and the amounts and percentages in them."""

    plain: str
    words: frozenset[str]
    money: tuple[Amount, ...]
    shares: frozenset[Decimal]


@lru_cache(maxsize=64)
def _house(texts: tuple[str, ...]) -> _House:
    return _House(
        _plain(texts),
        frozenset(w for t in texts for w in words(t)),
        tuple(a for text in texts for a in amounts(text)),
        frozenset(Decimal(n) for text in texts for n in re.findall(r"\b(\d{1,2}) ?(?:%|per ?cent)", text)),
    )


def _plain(texts: Iterable[str]) -> str:
    return "".join(f" {' '.join(w.key for w in split(unicodedata.normalize('NFC', t)))} " for t in texts)
