"""Titles of pieces in a sentence: those that there are, and those that only look like one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise

from concierge.catalog import Product
from concierge.catalog.vocabulary import LEXICON, STOP_WORDS, plural, words
from concierge.stylist.sentence import Word, plain

_TABLE = files(__package__).joinpath("proper_nouns.txt").read_text("utf-8").splitlines()
PROPER_NOUNS = frozenset(plain(w) for line in _TABLE if not line.startswith("#") for w in line.split())

JOINING = frozenset("de du des d di del della la le les l el da von van of a au aux et e y &".split())
OPENERS = STOP_WORDS | frozenset(
    "yes hello hi hey good morning afternoon evening day dear certainly unfortunately indeed perhaps maybe thank "
    "thanks you welcome sorry alas sure absolutely both another either neither two one three these those may might "
    "well then still yet after before until since while because although though let try consider choose pair wear "
    "take add see meet discover introducing try ah oh ok okay currently today tomorrow our ours".split()
)
_DETERMINERS = frozenset("the our this that these those a an".split())
_GAPS = re.compile(r" ?[-\u2010\u2011] ?|['\u2019] ?| & | ")


@dataclass(frozen=True, slots=True)
class Mention:
    """Words [start, end) of a sentence that name one of `pieces`; of several, any may be meant."""

    start: int
    end: int
    pieces: tuple[Product, ...]


@dataclass(frozen=True, slots=True)
class _Title:
    words: tuple[str, ...]
    is_own: bool  # it has a word of its own, such as Adele, beside those of the trade
    piece: Product


class Names:
    """The titles of pieces, as one finds them in a sentence: whole, or in part (`the Adele coat`)."""

    def __init__(self, pieces: Iterable[Product]) -> None:
        self._having: dict[str, list[_Title]] = defaultdict(list)
        self._beginning: dict[str, list[_Title]] = defaultdict(list)
        for piece in pieces:
            spelt = tuple(words(piece.title))
            title = _Title(spelt, any(map(_is_own, spelt)), piece)
            for word in dict.fromkeys(spelt):
                self._having[word].append(title)
            if spelt:
                self._beginning[spelt[0]].append(title)
        self._words = frozenset(self._having) | frozenset(map(plural, self._having))

    def __contains__(self, word: str) -> bool:
        return word in self._having

    def find(self, sentence: Sequence[Word]) -> list[Mention]:
        """The mentions in their order, none overlapping another."""
        found: list[Mention] = []
        position = 0
        while position < len(sentence):
            mention = None
            if sentence[position].key in self._having:
                mention = self._whole(sentence, position) or self._part(sentence, position)
            found += [mention] if mention else []
            position = mention.end if mention else position + 1
        return found

    def _whole(self, sentence: Sequence[Word], at: int) -> Mention | None:
        best: list[_Title] = []
        length = 0
        for title in self._beginning.get(sentence[at].key, ()):
            size = len(title.words)
            if size < length or not _begins(sentence[at:], title.words):
                continue
            if not title.is_own and not all(w.is_capital for w in sentence[at : at + size]) and size < 2:
                continue
            best = [title] if size > length else [*best, title]
            length = size
        return Mention(at, at + length, tuple(t.piece for t in best)) if best else None

    def _part(self, sentence: Sequence[Word], at: int) -> Mention | None:
        """Capitalised words of one title in its order, one of them its own, or two that stand together in it."""
        if not sentence[at].is_capital or len(sentence[at].key) < 2:
            return None
        if not (meant := self._having.get(sentence[at].key, [])):
            return None
        end = at + 1
        while end < len(sentence) and _joins(sentence[end]) and sentence[end].key in self._words:
            more = [t for t in meant if _in_order([w.key for w in sentence[at : end + 1]], t.words)]
            if not more:
                break
            meant, end = more, end + 1
        keys = [w.key for w in sentence[at:end]]
        lone = keys[0] if len(keys) == 1 else ""
        if any(map(_is_own, keys)) and not (lone in PROPER_NOUNS or (lone and at == 0 and lone in OPENERS)):
            return Mention(at, end, tuple(t.piece for t in meant))
        if lone:
            return None
        together = [t for t in meant if _is_within(keys, t.words)]
        if together and all(w.is_capital for w in sentence[at:end]):
            return Mention(at, end, tuple(t.piece for t in together))
        return None


def invented(
    sentence: Sequence[Word],
    mentions: Sequence[Mention],
    known: Iterable[str],
    names: Names,
    texts: str,
) -> list[tuple[int, int]]:
    """Words [start, end) with capitals that look like a piece's title, and are none.

    Args:
        known: words that pieces and the house are described with.
        names: of whose words invented titles are mostly made.
        texts: plain text in which names may stand, such as the house's facts.
    """
    known = frozenset(known)
    return [
        (start, end)
        for start, end in _runs(sentence)
        if not _excused(sentence, start, end, mentions, known, texts)
        and _looks_like_title(sentence, start, end, names, bool(_inside(mentions, start, end)))
    ]


def _runs(sentence: Sequence[Word]) -> list[tuple[int, int]]:
    """Runs of capitalised words, without the words that a sentence or a remark opens with."""
    runs: list[tuple[int, int]] = []
    position = 0
    while position < len(sentence):
        start = position
        position += 1
        if not sentence[start].is_capital:
            continue
        end = position
        while position < len(sentence) and _GAPS.fullmatch(sentence[position].gap):
            if sentence[position].is_capital:
                end = position + 1
            elif sentence[position].key not in JOINING and sentence[position].gap.strip() != "-":
                break
            position += 1
        position = end
        opens = _opens(sentence, start)
        while start < end and (
            sentence[start].key in OPENERS or (not sentence[start].is_capital and start + 1 < end)
        ):
            start, opens = start + 1, False
        if opens and end - start == 1:
            continue
        if start < end:
            runs.append((start, end))
    return runs


def _opens(sentence: Sequence[Word], at: int) -> bool:
    """Whether a word has its capital from opening a sentence or a remark."""
    return at == 0 or bool(re.search(r"[^\s\w,'\"\u2019\u201c\u201d\u00ab&-]", sentence[at].gap))


def _excused(
    sentence: Sequence[Word],
    start: int,
    end: int,
    mentions: Sequence[Mention],
    known: frozenset[str],
    texts: str,
) -> bool:
    """Whether a run is the names of pieces with their own attributes, stands in the texts, or is a proper noun."""
    inside = _inside(mentions, start, end)
    covered = {i for m in inside for i in range(m.start, m.end)}
    attributes = {w for m in inside for p in m.pieces for w in attribute_words(p)}
    lexical = {
        i
        for found in LEXICON.find([w.key for w in sentence[start:end]])
        if all(t.kind in ("color", "material", "person", "occasion") for t in found.terms)
        for i in range(start + found.start, start + found.end)
    }
    free = PROPER_NOUNS | JOINING | OPENERS
    rest = [
        i
        for i in range(start, end)
        if i not in covered
        and not (sentence[i].key in free or sentence[i].key.isdigit() or len(sentence[i].key) < 2)
        and not (inside and sentence[i].key in attributes)
        and not (inside and sentence[i].key in known and i < inside[0].start)
    ]
    opens = _opens(sentence, start)
    if rest and rest[0] == start and opens:
        rest = rest[1:]  # a capital that any word would have there
    if not rest or (not inside and set(rest) <= lexical):
        return True
    said = [w.key for w in sentence[start:end]]
    return any(f" {' '.join(part)} " in texts for part in (said, said[opens:]) if part)


def _looks_like_title(sentence: Sequence[Word], start: int, end: int, names: Names, altered: bool) -> bool:
    """Whether a piece is meant: it has a piece's noun in it or after it, an article, quotes, or a price."""
    if altered or _has_garment(sentence[start:end]):
        return end - start > 1 or altered
    before = sentence[start - 1].key if start and re.fullmatch(r"\W{1,3}", sentence[start].gap) else ""
    after = [w.key for w in sentence[end : end + 3]]
    if before in _DETERMINERS and _is_garment_next(after):
        return True
    if before in ("the", "our") and end - start > 1 and sentence[end - 1].key in names:
        return True
    offered = bool(after) and after[0] in ("in", "at", "for", "costs") and (len(after) > 1)
    if before in ("the", "our") and offered and _says_attribute(after[1:]):
        return True
    listed = end < len(sentence) and re.match(r"\W*[:(\u2013\u2014]", sentence[end].gap)
    if listed and end - start > 1 and _says_attribute(after[:2]):
        return True
    quoted = any(q in word.gap for word in sentence[max(start - 1, 0) : start + 1] for q in '"\u201c\u00ab')
    return quoted and (end - start > 1 or before in ("called", "named"))


def _says_attribute(keys: Sequence[str]) -> bool:
    kinds = {t.kind for f in LEXICON.find(list(keys)) for t in f.terms}
    return keys[0].isdigit() or keys[0] in ("eur", "usd", "gbp") or bool(kinds & {"color", "material"})


def _is_garment_next(keys: list[str]) -> bool:
    """A piece's noun, past colors and materials."""
    for found in LEXICON.find(keys):
        if any(t.kind == "garment" for t in found.terms):
            return not any(k in STOP_WORDS for k in keys[: found.start])
    return False


def _has_garment(part: Sequence[Word]) -> bool:
    return any(t.kind == "garment" for f in LEXICON.find([w.key for w in part]) for t in f.terms)


def _inside(mentions: Sequence[Mention], start: int, end: int) -> list[Mention]:
    return [m for m in mentions if m.start < end and m.end > start]


def attribute_words(piece: Product) -> set[str]:
    """What may stand beside a piece's title: its colors, material, brand, kind."""
    return {
        word
        for text in (
            *piece.colors,
            piece.material,
            piece.brand,
            piece.product_type,
            piece.category,
            piece.title,
        )
        for word in words(text)
    }


def _is_own(word: str) -> bool:
    return (
        len(word) > 1
        and not word.isdigit()
        and word not in LEXICON.words
        and word not in STOP_WORDS
        and word not in JOINING
        and word not in _TRADE
    )


_TRADE = frozenset(
    "short long mini midi maxi slim wide straight fitted relaxed oversized cropped classic double single breasted "
    "sleeve sleeved collar neck waist high low rise leg two three piece set bias column pleated printed striped "
    "quilted ribbed woven leather knit drop evening day garden tea sun field car camp city top handle envelope "
    "signature essential everyday light heavy soft fine washed patterned reversible lined hooded belted tailored "
    "flared pencil bucket shoulder cross body card key riding walking driving cat eye chandelier cord".split()
)


def _begins(sentence: Sequence[Word], title: Sequence[str]) -> bool:
    if len(sentence) < len(title):
        return False
    *first, last = title
    said = sentence[len(first)].key
    return (
        all(w.key == t for w, t in zip(sentence, first, strict=False))
        and (said == last or said == plural(last))
        and all(_joins(w) for w in sentence[1 : len(title)])
    )


def _joins(word: Word) -> bool:
    return bool(_GAPS.fullmatch(word.gap)) or word.gap in (", ", ". ", "'s ", "\u2019s ", " (", ") ")


def _in_order(keys: Sequence[str], title: Sequence[str]) -> bool:
    rest = iter(title)
    return all(any(_same(key, word) for word in rest) for key in keys)


def _is_within(keys: Sequence[str], title: Sequence[str]) -> bool:
    size = len(keys)
    return any(
        all(_same(k, t) for k, t in zip(keys, title[i : i + size], strict=True))
        for i in range(len(title) - size + 1)
    )


def _same(key: str, word: str) -> bool:
    return key == word or key == plural(word)


def together(mentions: Sequence[Mention], sentence: Sequence[Word]) -> list[list[Mention]]:
    """Mentions of which the same is said: `the Adele or the Rhone`."""
    groups = [[mentions[0]]] if mentions else []
    for one, other in pairwise(mentions):
        between = {w.key for w in sentence[one.end : other.start]}
        if between <= {"and", "or", "the", "our", "with", "plus", "a", "to"}:
            groups[-1].append(other)
        else:
            groups.append([other])
    return groups
