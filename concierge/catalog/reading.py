"""What one message says, taken by itself: the words of a wish before anything said or shown earlier counts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Literal

from concierge.catalog.limits import Limits, limits
from concierge.catalog.spelling import Speller
from concierge.catalog.vocabulary import (
    AMBIGUOUS_COLORS,
    LEXICON,
    MODIFIERS,
    SLOTS,
    STOP_WORDS,
    Found,
    words,
)

LONGEST = 1200  # characters that are read; more is no wish

Axis = Literal["warmth", "formality", "lightness"]


@dataclass(frozen=True, slots=True)
class Said:
    """One message, read. Fields as in `Wish`; further:

    Attributes:
        tokens: all its words, mended.
        alone: what may be a size, if a piece has such.
        companions: kinds that the wished-for piece is to go with: `boots` in `a dress to wear with boots`.
        person: `female` or `male` if it says whom the pieces are for, `me` if for the speaker.
        cheaper, dearer: than what was shown.
        than: the axes on which more or less is wanted.
        fresh: `something`, `an outfit`: a new wish rather than a change to the last.
        others: other pieces than those shown are wanted.
        forget: limits that no longer hold: `price`, `color`, `size`.
        pairing: it asks what goes with something; the words from there on are `pairing_tokens`.
        wishes: it asks for pieces in so many words.
        browses: for any pieces: what is new, what others like, what the concierge would choose.
        house: it is a greeting, thanks, or about the house and its services.
    """

    tokens: tuple[str, ...]
    text: str
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    sizes: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    garments: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    color_modifiers: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    occasions: tuple[str, ...] = ()
    not_garments: tuple[str, ...] = ()
    not_colors: tuple[str, ...] = ()
    not_materials: tuple[str, ...] = ()
    person: str = ""
    cheaper: bool = False
    dearer: bool = False
    order: Literal["", "cheapest", "dearest"] = ""
    than: tuple[tuple[Axis, bool], ...] = ()
    look: bool = False
    fresh: bool = False
    others: bool = False
    forget: frozenset[str] = frozenset()
    pairing: bool = False
    pairing_tokens: tuple[str, ...] = ()
    wishes: bool = False
    browses: bool = False
    house: bool = False

    @property
    def has_wish(self) -> bool:
        """Whether any of it narrows what to show."""
        return bool(
            self.garments or self.companions or self.colors or self.materials or self.occasions or self.sizes or self.person
            or self.not_garments or self.not_colors or self.not_materials or self.cheaper or self.dearer or self.order
            or self.than or self.look or self.others or self.pairing or self.forget or self.browses
            or self.price_min is not None or self.price_max is not None
        )  # fmt: skip


# --- cues ---

_CUES: dict[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{pattern})\b")
    for name, pattern in {
        "cheaper": r"cheaper|less expensive|less pricey|less costly|more affordable|lower priced?|lower in price|(?:too|so|very|bit|rather|that) (?:expensive|pricey|dear|costly)|costs? less|over my budget|out of my budget|beyond my budget|less money|can t afford|more reasonable|less dear|more cheap(?:er)?",
        "dearer": r"more expensive|pricier|higher end|more luxurious|more exclusive|more premium|dearer",
        "cheapest": r"cheapest|least expensive|lowest priced?|most affordable|inexpensive|affordable|cheap|good value",
        "dearest": r"most expensive|priciest|dearest|most luxurious|most exclusive",
        "darker": r"darker|less bright|less colou?rful|more muted|more subdued|too bright|too light a colou?r",
        "paler": r"lighter (?:colou?rs?|shades?|tones?|hues?)|paler|brighter|lighter in colou?r|too dark|less dark|more colou?rful",
        "warmer": r"warmer|heavier|thicker|cosier|cozier|more warm|too thin|too cold|too light|not warm enough|more winter\w*",
        "lighter": r"lighter|thinner|airier|cooler|less warm|less heavy|less bulky|too heavy|too warm|too thick|too hot|too bulky|more summer\w*|more lightweight|more breathable",
        "dressier": r"more formal|dressier|smarter|more elegant|fancier|more dress(?:y|ed up)|too casual|more festive|more glamorous|more evening|more sophisticated|more chic|more special|less casual|not formal enough|more polished|more dramatic",
        "plainer": r"less formal|more casual|simpler|more relaxed|too formal|too dressy|less dressy|dressed down|more everyday|more laid back|too fancy|less fancy|plainer|more comfortable|too much for|less elegant",
        "look": r"outfits?|looks?(?= (?:for|to|that|with|in|under|please|together|book)| *$)|ensembles?|head to toe|(?:whole|complete|full|entire) looks?|what (?:should|shall|can|could|do|would|to|does|must) (?:\w+ ){0,5}?(?:wear|(?:turn|show) up in|put on|dress in)|what to wear|what (?:should|do|can) i put on|dress me|dress him|dress her|style me|help me (?:get )?dress(?:ed)?|put together|capsule|wardrobe|how (?:should|do|to) (?:i |we )?dress",
        "fresh": r"something|smth|sth|anything|outfit|what (?:should|shall|can|to|do)|some(?:thing)? else|looking for|show me|i need|i want|now i|also need|instead",
        "others": r"(?<!\bor )(?:some|any)thing (?:else|different)|others?|more(?: options| choices| ideas| like| of| pieces)?$|(?:show|see|have) (?:me )?(?:some |any |a few )?more|other (?:options|ones|colou?rs|pieces|ideas|choices)|another(?: one)?|different(?: ones?| options)?|what else|anything else|alternatives?|next ones?|not these|not those|don t like (?:these|those|them|any)|none of these|more options",
        "pairing": r"(?:(?:go(?:es)?|(?<!\bi m )going|(?:(?<!\bi )(?<!\bwe )(?<!\bhe )(?<!\bshe )(?<!\bthey )(?<!\bwho )(?:went|works?|working)))|pairs?|match(?:es)?|looks? (?:good|nice|great|best|well)|wear|worn|combine[sd]?|team(?:ed)?|style[ds]?|suits?) (?:\w+ ){0,3}?(?:with|under|over|underneath)|(?:match|matches|matching|complements?|accompany|accompanies|accessori[sz]e|complete|style|finish) (?:with |for |to |off )?(?:it|this|that|the|them|my|these)|to wear with|with what|wear (?:it|this|that) with",
        "wishes": r"looking for|show me|need|want|find|recommend|suggest|wear|buy|shop for|search|style|dress(?:ed|ing)? for|have any|do you have|have you|got any|do you sell|do you carry|would like|i d like|love to see|interested in|something|smth|sth|anything|gift|present|outfit|look|idea|ideas|advice|advise|help me|options|pieces?|collection|what about|how about|instead|browse|see some|see your|choose|new in|best sellers?|bestsellers?|popular|favou?rites?|trend\w*|for (?:a|an|the|my|our|her|him|his)|prefer",
        "browses": r"surprise me|what s new|(?:your|the|anything|something|what s) (?:new(?:est)?|latest) (?:things?|stuff|pieces?|arrivals?|in|ones?|collection|drops?)|new (?:in|arrivals?)|just (?:in|arrived|landed)|(?:you|your) (?:choose|choice|pick)|(?:choose|pick) (?:something |one |anything )?for me|best sellers?|bestsellers?|most popular|show me (?:around|everything|what you (?:have|ve got|do|sell))",
        "forget_price": r"(?:any|no) (?:price|budget)(?: limit)?|(?:price|money|budget|cost) (?:doesn t|does not|don t|is not|isn t|is no) \w+|regardless of (?:price|cost)|forget (?:about )?(?:the|my) (?:budget|price|limit)|no limit|don t (?:mind|care about) the (?:price|cost)|price is no object|whatever (?:the|it) (?:price|costs?)",
        "forget_color": r"any colou?rs?|colou?r (?:doesn t|does not|isn t|is not) \w+|whatever colou?r|other colou?rs?|different colou?rs?|another colou?r|all colou?rs|colou?r can be|colou?r whatever|(?:matter|care|mind) (?:what|which) colou?r",
        "forget_size": r"any size|all sizes|forget (?:about )?(?:the|my) size|size (?:doesn t|does not) matter",
    }.items()
}  # fmt: skip

_HOUSE = re.compile(
    r"\b(?:return(?:s|ed|ing)?(?! to\b)|refund\w*|exchang\w+|opening (?:hours?|times?)|open (?:on|today|tomorrow|at|until|now|sunday|late)|"
    r"what time|(?<!\d )(?<!few )hours(?! (?:ago|later|long|flight|drive|straight))|clos(?:e|ed|ing) (?:at|on|time)|shipping|ship|ships|shipped|deliver\w*|courier|express|customs|duties|"
    r"repair\w*|mend(?:ing|ed)?|resol(?:e|ed|ing)|alter(?:ation|ations|ed|ing)?|hem(?:med|ming)?|tailoring service|warrant\w+|guarantee\w*|"
    r"pay(?:ment|ments|pal|ing)?(?! (?:more|less|up|full))|apple pay|credit cards?|instal?ments?|klarna|vouchers?|gift cards?|promo(?:tion)? codes?|discount codes?|coupon|"
    r"gift wrap\w*|store(?:s)?(?: in| near| location\w*|$)|boutiques?|shops? (?:in|near)|where are you|located|address|phone number|telephone number|email|contact|"
    r"newsletter|loyalty|membership|sustainab\w+|ethical\w*|vegan policy|who (?:are|made|founded|is behind)|are you (?:a |an )?(?:ro)?bot|are you (?:a )?(?:real|human)|"
    r"history of|founded|careers?|jobs? (?:at|with|opening)|vacanc\w+|made to measure|bespoke|appointments?|track(?:ing)?|"
    r"my order|order (?:number|status)|privacy|dry clean\w*|wash(?:ing|ed)? (?:it|this|instructions)|care (?:for|instructions)|how (?:do|should|can) i (?:wash|clean|care|store|look after)|"
    r"size (?:guide|chart)|sizing|policy|policies|terms|speak to|talk to|real person|human|complain\w*)\b"
)  # fmt: skip
_SMALL_TALK = re.compile(
    r"^(?:(?:hi|hello|hey|hiya|(?:good )?(?:morning|day|afternoon|evening)|bonjour|greetings|howdy|ciao|hola|thanks?|thank you|thx|ty|cheers|merci|"
    r"many|so|very|much|a lot|lots|great|perfect|lovely|wonderful|ok|okay|k|cool|nice|bye|goodbye|see you|later|good ?night|yes|no|yeah|yep|nope|sure|"
    r"please|there|again|you|for|your|the|help|that|is|s|all|it|all good|how are|how is it going|are|today|what s up|sup|well|alright|right|amazing|awesome|brilliant|fine|got it|understood|i see|"
    r"not now|maybe|hmm+|ah|oh|wow|haha|lol|welcome|have a|day|one|weekend|time|really|appreciate|appreciated|been|very|helpful|concierge|sir|madam|to you|too|and|this|my|dear|friend|happy|new|year) ?)*$"
)  # fmt: skip

_NEGATORS = frozenset(("not", "no", "without", "except", "avoid", "hate", "dislike", "never", "nor", "non", "minus", "excluding", "hates", "dislikes", "forget"))  # fmt: skip
_NOT_NEGATED = frozenset(
    (
        "sure",
        "only",
        "just",
        "found",
        "seen",
        "too",
        "so",
        "matter",
        "problem",
        "preference",
        "idea",
        "enough",
        "yet",
    )
)
_TWO_WORD_NEGATORS = frozenset(
    (("instead", "of"), ("rather", "than"), ("other", "than"), ("anything", "but"), ("apart", "from"), ("t", "like"),
     ("t", "want"), ("t", "wear"), ("t", "love"), ("isn", "t"), ("aren", "t"), ("not", "like"), ("not", "want"), ("not", "wear"), ("too", "many"), ("forget", "the"), ("skip", "the"), ("drop", "the"), ("lose", "the"), ("never", "mind"), ("allergic", "to"), ("tired", "of"), ("t", "do"))
)  # fmt: skip
_UNDER_NEGATION = frozenset(
    "in made is be wear wearing with anything much more to intend plan longer".split()
)
_DETERMINERS = frozenset(
    "a an the my his her our your their some any this that these those nice good new pair of another".split()
)
_ARTICLES = frozenset(("a", "an", "my", "his", "her", "our", "their"))
_METALS_AND_STONES = frozenset(("gold", "silver", "pearl", "crystal", "diamond"))
_AFTERTHOUGHTS = frozenset(
    "again one ones ideally preferably please pls if perhaps maybe then instead is".split()
)
_STATING = frozenset(
    "said says meant it anything something be maybe perhaps that ideally preferably actually only".split()
)
_JOINING = frozenset(("or", "and", "nor"))
_ADDING = frozenset(("but", "and", "with"))
_CORRECTING = frozenset(("wait", "actually", "meant", "rather", "scratch"))
_CLIPS = frozenset(("clip", "clips", "band", "tie", "slide", "accessory", "accessories"))
_HEADS = frozenset(("dress", "jacket"))
_HAVING = frozenset(("have", "has", "got", "own", "ve"))
_WANTING = frozenset(("want", "need", "another", "but", "more"))
_OWNERS = frozenset(("my", "his", "our", "their"))
_STATED_OF_OWN = re.compile(
    r"\b(?:my|his|her|our|their|the) (?!colou?r|favou?rite|choice|theme|party|wedding|pick|code|scheme)\w+ (?:s|is|are|re|was)$"
)
_TITLES = frozenset(("mr", "mrs", "ms", "miss", "dr"))
_NOT_BECOMING = re.compile(r"\b(?:t|never|not) (?:look|feel)(?: \w+)? in(?: \w+ (?:or|and))?$")
_UNBECOMING = re.compile(
    r"^(?:(?:or|and) \w+ )?(?:(?:is|s) out\b|(?:is|s|are) (?:too|boring|dull)\b|washes me out|makes? me look (?:old|pale|washed out|ill|fat|tired|sick)|(?:is|are)(?: ?n t| not| never) (?:my|for me)|(?:does|do)(?:n t| not|n) suit)"
)
_GOVERNING = frozenset(
    (
        "with",
        "cover",
        "hold",
        "over",
        "under",
        "underneath",
        "beneath",
        "below",
        "matching",
        "match",
        "matches",
        "goes",
    )
)
_RELATIONS_NEXT = frozenset(
    "needs need wants want likes loves wears would has is turns turned prefers asked takes".split()
)
# `my wife says I need a coat`, `my late husband bought me one`
_SAYING = frozenset("says said thinks insists reckons tells suggests keeps bought gave".split())
_PRONOUNS = frozenset(("she", "her", "he", "him"))
_DIRECT = frozenset(
    "woman women womens womenswear man men mens menswear ladies lady gentleman gentlemen female male her him she he ladieswear damen herren femme homme uomo donna".split()
)
_EVENTS_NEXT = frozenset(
    "wedding party graduation christening funeral engagement anniversary birthday 50th 40th 60th 30th".split()
)
_NAME = re.compile(r"(?<=[a-z] )[A-Z][a-z]+\b")
_DRESSES = re.compile(r"\b(she|he|who|everyone|everybody|nobody)((?: \w+ly| always| never)?) dresses\b", re.I)


def read(message: str, speller: Speller) -> Said:
    """Read one message. Never raises, whatever the text."""
    taken = limits(_DRESSES.sub(r"\1\2 wears", message[:LONGEST]))
    clauses = [words(clause) for clause in re.split(r"[,.;:!?()\n]", taken.rest)]
    clause_starts = frozenset(accumulate(map(len, clauses)))
    names = frozenset(map(str.lower, _NAME.findall(message[:LONGEST])))  # `on the Graben` is no grape
    tokens = speller.mend((token for clause in clauses for token in clause), names)
    plain = " ".join(tokens)
    cues = {name for name, pattern in _CUES.items() if pattern.search(plain)}
    wish_words: list[str] = tokens
    pairing_tokens: tuple[str, ...] = ()
    if "pairing" in cues and (match := _CUES["pairing"].search(plain)):
        before = len(plain[: match.end()].split())
        if match[0].split()[-1] in ("it", "this", "that", "the", "them", "my", "these"):
            before -= 1
        wish_words, pairing_tokens = tokens[:before], tuple(tokens[before:])
    found = list(LEXICON.find(tokens))
    sorted_terms = _Sorter(tokens, found, len(wish_words), clause_starts)
    garments = sorted_terms.wished_garments()
    colors = sorted_terms.wished_colors(pairing="pairing" in cues)
    negated = sorted_terms.negated
    than, cheaper = _comparisons(cues), "cheaper" in cues
    look = "look" in cues and not garments
    browses = "browses" in cues and not found  # `what's new`: none of its words is to be searched for
    priced = taken.price_min is not None or taken.price_max is not None
    explicit = bool(garments) and bool(
        priced or re.search(r"\b(?:looking for|show me|need|want|find|buy)\b", plain)
    )
    return Said(
        tokens=tuple(tokens),
        text=""
        if browses
        else " ".join(
            t for i, t in enumerate(tokens) if i not in sorted_terms.dropped and t not in STOP_WORDS
        ),
        price_min=taken.price_min,
        price_max=taken.price_max,
        sizes=taken.sizes,
        alone=taken.alone,
        garments=garments,
        companions=tuple(dict.fromkeys(sorted_terms.companions)),
        colors=colors,
        color_modifiers=tuple(dict.fromkeys(sorted_terms.modifiers)),
        materials=tuple(dict.fromkeys(sorted_terms.materials)),
        occasions=_occasions(sorted_terms.occasions, than),
        not_garments=tuple(negated["garment"]),
        not_colors=tuple(negated["color"]),
        not_materials=tuple(negated["material"]),
        person=sorted_terms.person(),
        cheaper=cheaper,
        dearer="dearer" in cues,
        order="cheapest" if "cheapest" in cues and not cheaper else "dearest" if "dearest" in cues else "",
        than=than,
        look=look,
        fresh="fresh" in cues,
        others="others" in cues and not ("forget_color" in cues and "other" in plain),
        forget=frozenset(c.removeprefix("forget_") for c in cues if c.startswith("forget_")),
        pairing="pairing" in cues,
        pairing_tokens=pairing_tokens,
        wishes="wishes" in cues,
        browses=browses,
        house=_is_house(plain, taken, explicit),
    )


def _is_house(plain: str, taken: Limits, explicit: bool) -> bool:
    """Whether it is a greeting, thanks, or about the house; `under 300, please` is no small talk."""
    limited = taken.sizes or taken.price_min is not None or taken.price_max is not None
    small_talk = not limited and bool(_SMALL_TALK.match(plain))
    return small_talk or (bool(_HOUSE.search(plain)) and not explicit)


def _occasions(named: Sequence[str], than: Sequence[tuple[Axis, bool]]) -> tuple[str, ...]:
    """The occasions named, each once. `More formal` compares, and names none."""
    compared = ("formal", "casual") if "formality" in {axis for axis, _ in than} else ()
    return tuple(dict.fromkeys(o for o in named if o not in compared))


def _comparisons(cues: set[str]) -> tuple[tuple[Axis, bool], ...]:
    pairs: list[tuple[Axis, bool]] = []
    if "paler" in cues:
        pairs.append(("lightness", True))
    elif "darker" in cues:
        pairs.append(("lightness", False))
    elif "lighter" in cues:
        pairs.append(("warmth", False))
    if "warmer" in cues and "lighter" not in cues:
        pairs.append(("warmth", True))
    if "dressier" in cues:
        pairs.append(("formality", True))
    elif "plainer" in cues:
        pairs.append(("formality", False))
    return tuple(pairs)


class _Sorter:
    """Sorts the found terms: wished for, ruled out, to go with, or meant otherwise."""

    def __init__(
        self, tokens: Sequence[str], found: Sequence[Found], wish_end: int, clause_starts: frozenset[int]
    ) -> None:
        self._tokens, self._found, self._wish_end, self._clause_starts = (
            tokens,
            found,
            wish_end,
            clause_starts,
        )
        corrects = (
            i
            for i, t in enumerate(tokens)
            if t == "scratch" or (t == "wait" and tokens[i - 1] in ("no", "oh"))
        )
        self._corrected = max(corrects, default=0)
        self._named: list[tuple[Found, str]] = []
        self.companions: list[str] = []
        self._colors: list[tuple[Found, str]] = []
        self.modifiers: list[str] = []
        self.materials: list[str] = []
        self.occasions: list[str] = []
        self.negated: dict[str, list[str]] = {"garment": [], "color": [], "material": [], "occasion": []}
        self.dropped: set[int] = set()
        self._starts = {f.start: f for f in found}
        self._ends = {f.end: f for f in found}
        last: Found | None = None
        for one in found:
            kinds: set[str] = {t.kind for t in one.terms}
            if self._is_had(one):
                self.dropped.update(range(one.start, one.end))
                continue
            if self._is_negated(one, last):
                last = one
                for term in one.terms:
                    if term.kind in self.negated and not (term.kind == "color" and is_fabric(one)):
                        self.negated[term.kind].append(term.name)
                if not (kinds & {"person", "ignore"}):
                    self.dropped.update(range(one.start, one.end))
                continue
            self._sort(one, kinds)

    def _sort(self, one: Found, kinds: set[str]) -> None:
        for term in one.terms:
            if term.kind == "garment":
                self._sort_garment(one, term.name)
            elif term.kind == "color" and self._means_color(one, kinds):
                self._colors.append((one, term.name))
                self.dropped.update(range(one.start, one.end))
                if one.start and self._tokens[one.start - 1] in MODIFIERS:
                    self.modifiers.append(self._tokens[one.start - 1])
            elif term.kind == "material" and not (
                kinds & {"color"} and self._means_color(one, kinds) and not self._is_metal_piece(one)
            ):
                self.materials.append(term.name)
            elif term.kind == "occasion":
                self.occasions.append(term.name)
            elif term.kind in ("person", "ignore"):
                self.dropped.update(range(one.start, one.end))

    def wished_garments(self) -> tuple[str, ...]:
        """The kinds wished for; not those that one has, where there are others: `I lost my bag. Sandals?`."""
        others = [name for one, name in self._named if not self._is_owned(one)]
        return tuple(dict.fromkeys(others or (name for _, name in self._named)))

    def _is_had(self, one: Found) -> bool:
        """Whether it is of what one has, beside a wish: `I have red shoes already, I need a coat`."""
        start = max((c for c in self._clause_starts if c <= one.start), default=0)
        end = min((c for c in self._clause_starts if c >= one.end), default=len(self._tokens))
        clause = set(self._tokens[start:end])
        if "already" not in clause or not clause & _HAVING or clause & _WANTING:
            return False
        rest = (f for f in self._found if not start <= f.start < end)
        return any(t.kind in ("garment", "occasion") for f in rest for t in f.terms)

    def wished_colors(self, *, pairing: bool) -> tuple[str, ...]:
        """The colors wanted: of several, those after a correction; and not those of things one has."""
        first = 0
        for i, ((before, _), (after, _)) in enumerate(itertools.pairwise(self._colors), 1):
            between = self._tokens[before.end : after.start]
            if _CORRECTING & set(between) or (between and between[-1] in ("no", "nope")):
                first = i
        wished = [(one, name) for one, name in self._colors[first:] if name not in self.negated["color"]]
        others = [(one, name) for one, name in wished if not self._is_owned(one)]
        return tuple(dict.fromkeys(name for _, name in (others if others or pairing else wished)))

    def _is_owned(self, one: Found) -> bool:
        """Whether it is, or is of, a thing that one has: `my brown boots`, `my sofa is beige`."""
        i = one.start - 1
        while i >= 0 and (
            self._tokens[i] in MODIFIERS or self._tokens[i] in ("old", "favourite", "favorite")
        ):
            i -= 1
        after = [*self._tokens[one.end : one.end + 2], "", ""]
        of_body = after[0] in ("hair", "eyes") and after[1] not in _CLIPS
        before = self._tokens[max(0, one.start - 2) : one.start]
        if of_body or (i >= 0 and self._tokens[i] in _OWNERS) or before in (["own", "a"], ["own", "an"]):
            return True
        return bool(_STATED_OF_OWN.search(" ".join(self._tokens[max(0, one.start - 3) : one.start])))

    def _sort_garment(self, one: Found, name: str) -> None:
        head = self._starts.get(one.end)
        if head and one.end not in self._clause_starts and any(t.name in _HEADS for t in head.terms):
            return  # `a blazer dress` is a dress
        governed = self._governor(one.start)
        if governed == "matching" and self._tokens[one.start - 1] == "matching":
            governed = ""  # `and matching earrings`
        companion = governed in _GOVERNING or (bool(self._named) and governed in ("for", "to"))
        if companion or (one.start >= self._wish_end and governed not in _AFTERTHOUGHTS):
            self.companions.append(name)
        else:
            if 0 < self._corrected < one.start:  # `slippers? no wait, pyjamas`
                self._named, self._corrected = [], 0
            self._named.append((one, name))

    def _governor(self, start: int) -> str:
        """The word that a phrase hangs on, past its article and adjectives."""
        i = start - 1
        while i >= 0:
            if self._tokens[i] in _DETERMINERS or self._tokens[i] in MODIFIERS:
                i -= 1
            elif (before := self._ends.get(i + 1)) and not any(t.kind == "garment" for t in before.terms):
                i = before.start - 1
            elif (article := self._article(i)) and self._tokens[article - 1] in _GOVERNING:
                i = article - 1
            else:
                return self._tokens[i]
        return ""

    def _article(self, last: int) -> int | None:
        """Where the article is of a phrase whose words up to `last` are unknown: `a sheer` of `a sheer shirt`."""
        for i in range(last - 1, max(-1, last - 3), -1):
            if i + 2 in self._clause_starts or any(f.start <= i + 1 < f.end for f in self._found):
                return None
            if self._tokens[i] in _ARTICLES:
                return i
        return None

    def _means_color(self, one: Found, kinds: set[str]) -> bool:
        """Whether a word that may be a color is one: beside a piece or color, after `in`, or all that is said."""
        if is_fabric(one) or (one.start and self._tokens[one.start - 1] in _TITLES):
            return False
        if self._tokens[one.start] not in AMBIGUOUS_COLORS or one.end - one.start > 1:
            return True
        before = self._tokens[one.start - 1] if one.start else ""
        following = self._starts.get(one.end)
        next_to_piece = following is not None and any(
            t.kind in ("garment", "color", "material") for t in following.terms
        )
        opens = not one.start or one.start in self._clause_starts
        closes = one.end in self._clause_starts or self._tokens[one.end] in _AFTERTHOUGHTS
        previous = self._ends.get(one.start)
        after_color = before in ("or", "and") or (
            previous is not None and any(t.kind == "color" for t in previous.terms)
        )
        after_piece = previous is not None and "garment" in _kinds(previous)  # `sandals midnight`
        stated = closes and (opens or before in _STATING or after_piece)
        return (
            before in ("in", "color", "colour", *MODIFIERS)
            or self._tokens[max(0, one.start - 2) : one.start]
            in (["color", "of"], ["colour", "of"], ["go", "for"])
            or next_to_piece
            or after_color
            or stated
            or len(self._tokens) <= 2
        )

    def _is_metal_piece(self, one: Found) -> bool:
        """`gold earrings` are of gold; a gold dress is not."""
        following = self._starts.get(one.end)
        return following is not None and any(
            t.kind == "garment"
            and t.name
            in ("jewelry", "necklace", "earrings", "bracelet", "ring", "brooch", "cufflinks", "watch")
            for t in following.terms
        )

    def _is_negated(self, one: Found, last: Found | None) -> bool:
        """Whether a term is ruled out: by a negator shortly before it, or joined to one that is (`last`)."""
        tokens, start = self._tokens, one.start
        joined = (
            start not in self._clause_starts or (last is not None and last.end < start) or self._lists(one)
        )
        if last is not None and joined and all(t in _JOINING for t in tokens[last.end : start]):
            return bool({t.kind for t in last.terms} & {t.kind for t in one.terms})
        if "color" in _kinds(one) and self._is_unbecoming(one):
            return True
        i = start - 1
        for _ in range(4):
            if i < 0 or i + 1 in self._clause_starts:
                return False
            if tokens[i] == "forget" and i and tokens[i - 1] in ("t", "not", "dont"):
                return False
            if tokens[i] in _NEGATORS:
                return tokens[i + 1] not in _NOT_NEGATED or i + 1 == start
            if i and (tokens[i - 1], tokens[i]) in _TWO_WORD_NEGATORS:
                return True
            if tokens[i] == "nothing":
                return i + 1 == start or self._follows_a_piece(i)
            if tokens[i] not in _DETERMINERS and tokens[i] not in _UNDER_NEGATION and i + 1 not in self._ends:
                return False
            i -= 1
        return False

    def _follows_a_piece(self, place: int) -> bool:
        """Whether a clause begins there, or what is joined, and a kind of piece is named before it.

        So `a bag, but nothing in leather` wants none, and `have you nothing in leather?` wants some.
        """
        opens = place in self._clause_starts or self._tokens[place - 1] in _ADDING
        return opens and any(f.end <= place and "garment" in _kinds(f) for f in self._found)

    def _is_unbecoming(self, one: Found) -> bool:
        before, after = self._tokens[max(0, one.start - 8) : one.start], self._tokens[one.end : one.end + 8]
        return bool(_NOT_BECOMING.search(" ".join(before)) or _UNBECOMING.search(" ".join(after)))

    def _lists(self, one: Found) -> bool:
        """Whether a list goes on after it: `pink or` in `not red, pink or orange`."""
        after = self._starts.get(one.end + 1)
        return bool(after and self._tokens[one.end] in _JOINING and _kinds(after) & _kinds(one))

    def person(self) -> str:
        """Whom the pieces are for, if the message says."""
        # `others`: of whom somebody else's wish is told, as `she` is then, and in what words.
        who, others, spoken_of = "", set(), set(_PRONOUNS)
        for one in self._found:
            for term in one.terms:
                if term.kind != "person":
                    continue
                if self._following(one) in _SAYING:
                    others.add(term.name)
                    spoken_of.add(self._tokens[one.start])
                elif self._is_wearer(one) and not (
                    term.name in others and self._tokens[one.start] in spoken_of
                ):
                    who = term.name
        if not who and re.search(r"\bfor (?:me|myself)\b", " ".join(self._tokens)):
            return "me"
        return who

    def _following(self, one: Found) -> str:
        return self._tokens[one.end] if one.end < len(self._tokens) else ""

    def _is_wearer(self, one: Found) -> bool:
        tokens = self._tokens
        following = self._following(one)
        before = tokens[max(0, one.start - 4) : one.start]
        gift = any(t in ("gift", "present", "gifts", "presents") for t in tokens)
        if (following in _EVENTS_NEXT and not gift) or "i m not" in " ".join(before):
            return False
        if (
            "for" in before
            or "i m a" in " ".join(before)
            or "i am a" in " ".join(before)
            or "as a" in " ".join(before[-3:])
        ):
            return True
        if tokens[one.start] in _DIRECT or one.end - one.start > 1:
            return True
        following_found = self._starts.get(one.end)
        owns_piece = following_found is not None and any(t.kind == "garment" for t in following_found.terms)
        return following in _RELATIONS_NEXT or owns_piece or (gift and bool(before))


def _kinds(one: Found) -> set[str]:
    return {term.kind for term in one.terms}


def is_fabric(one: Found) -> bool:
    """Whether a color's name is first that of a cloth: `linen`, `denim`, `loden`."""
    return any(t.kind == "material" and t.name not in _METALS_AND_STONES for t in one.terms)


def slots_of(garments: Sequence[str]) -> frozenset[str]:
    """The places in a look that kinds of pieces take."""
    return frozenset(SLOTS[g] for g in garments)
