"""Prices and sizes in what a shopper says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from concierge.catalog.money import NUMBER, parse_amount
from concierge.catalog.numerals import digits
from concierge.catalog.sizes import EIGHTHS, SYSTEM, SYSTEMS
from concierge.catalog.spelling import nearest

_CUES = ("under", "below", "budget", "between", "maximum", "around")
_LONG_WORD = re.compile(r"\b[bmau][a-z]{3,7}\b")
_RIGHT = {"les": "less", "mroe": "more", "adn": "and", "too": "to", "then": "than"}
_SLIPS = re.compile(
    r"\b(?:les(?= than)|mroe(?= than)|adn(?= \d)|(?<=up )too(?= \W?\d)|(?<=more )then(?= \W?\d)|(?<=less )then(?= \W?\d))\b"
)
_OPEN_END = re.compile(r"\bbetween (?=[^.?!]{0,20}\d[^.?!]{0,8} and (?:whatever|wherever|any\w*|the sky)\b)")

_SIGN = r"(?:(?<![a-z])(?:€|£|us\$|\$|¥|chf|eur(?:os?)?|euros?|gbp|usd|pounds?|quid|dollars?|bucks?|francs?|sek|dkk|nok|kr\.?|kronor|kroner|krone|kronas?|cad|aud|jpy|yen|pln|zloty|rupees?|inr|₹|rs\.?|rp\.?|naira|rand|r(?= ?\d)|aed|dirhams?|zar|ngn|kes|egp|sar|qar|kwd|ils|isk|czk|huf|ron|bgn|nzd|hkd|sgd|krw|thb|myr|brl|mxn|cny|rmb))"
_NUMBER = rf"(?<![\w.,])(?>{NUMBER})"  # atomic: 800 is never cut to 80 to make a pattern fit
_MONEY = rf"(?P<sign@>{_SIGN} ?)?(?P<number@>{_NUMBER})(?P<kilo@> ?k\b| ?grand\b)?(?P<unit@> ?{_SIGN}(?!\w))?(?:[.,]-)?"
_NOT_MONEY = (
    r"(?! ?(?:%|percent|days?|weeks?|months?|years?|yrs?|hours?|minutes?|mins?|cm\b|mm\b|m\b|kg|lit(?:re|er)s?|inch|inches|am\b|pm\b|"
    r"o'?clock|people|guests|girls|holes|weddings?|pieces?|items?|pairs?|degrees?|°|th\b|st\b|nd\b|rd\b|km|miles?|collection|season|edition|of (?:them|these|those)|options?))"
)

_MAX = (
    r"(?:(?<=, )to|south of|sub(?: |-)?|cap(?:ped)? (?:it |me |that |this )?at|maximal|maximum of money|upper limit(?: of| is|:)?|more expensive as|(?:my|the) (?:\w+ )?(?:money|cash|allowance) (?:is|comes to)|"
    r"less than what|budget\b[^.?!\d]{0,30} is|got(?= \d+\.)|(?:draw|drawing) the line at|right side of(?! [2-9]\d\b)|(?:go|stretch) as high as|(?:could|can|might|would|i'll) (?:go|stretch) to|go up to|gave me|given me|i can give|in (?:the|my) (?:purse|pocket|wallet)(?: is| are|:)?|no more than|not more than|not over|not above|nothing over|nothing above|no higher than|no greater than|not exceeding|exceed\b|price cap(?: of| is|:)?|up to and including|(?:nothing|not|no|never) (?:dearer|pricier|costlier|more expensive) than|"
    r"(?:less|lower|cheaper|smaller) than|less of|at (?:the )?most|at max|max(?:imum|\.)?(?: of| is|:)?|(?:up|stretch) to|upto|under|"
    r"underneath|below|beneath|within|until|<=?|≤|"
    r"(?:budget|limit|spend(?:ing)?|pay)(?:'s)?(?: (?!over|above|beyond|past|more|less|under|below|upwards|north)\w+){0,2}?(?: is| of| are|:| up to| at)?|ceiling of|capped at|(?:what|how) about|(?:all|cheapest|most|best|highest) i can (?:do|go|spend|pay|afford|manage|stretch to)(?: is|:)?|i (?:only |just )?have(?: only| just)?|i've (?:only |just )?got(?: only| just)?|i only got|i can (?:spend|pay|afford))"
)
_MIN = (
    r"(?:no less than|not less than|not under|not below|nothing under|nothing below|(?:nothing|not|no|never) (?:cheaper|less expensive) than|more than|at least|min(?:imum)?(?: of|:)?|over|above|beyond|past|"
    r"north of(?! [2-9]\d\b)|lower limit(?: of| is|:)?|upwards? of|starting (?:at|from)|from|exceeding|(?:pricier|dearer|more expensive) than|>=?|≥)"
)
_AROUND = r"(?:(?:somewhere |something )?(?:around|round(?: the)?|more or less|give or take|\+/- ?|near enough to|(?:(?:in )?(?:a|the) )?ballpark(?: of)?|(?<!what )(?<!how )about|near|roughly|approximately|approx\.?|circa|ca\.?|close to|in the region of|in the range of)|~)"
# `not a penny over 80`, `embarrassed to give anything below 110`: what stands before `over` or `below` turns it.
_TURNED = re.compile(
    r"(?:\b(?:not|never|nor|no|nothing|nothin|nuthin|cannot|without|refuse|hate|ashamed|embarrassed|mortified|silly|(?:do|wo|ca|would|could|is|does)nt)|n't)"
    r"(?: (?:a|one|single|afford|penny|cent|dime|euro|pound|dollar|want|wish|like|looking|set|me|back|care|plan|intend|prefer|to|go|goes|going|gonna|pay|paying|spend|spending|give|giving|"
    r"offer|buy|buying|costs?|part|with|that|anything|something|it|be|wear|look|at|really|even|do|stretch|you|we))*$"
)
_LEFT_OUT = re.compile(
    r"\b(?:(?:leave|filter|screen) (?:\w+ )??out|skip|hide|exclude|ignore|(?:do not|don't|dont)(?: even| be)? (?:show|offer)(?:ing)?(?: me)?)"
    r"(?: (?:all|any|every|the|me|thing|things|anything|everything|those|ones|that|which|costs?|is|are|[a-z]+s)){0,5}$"
)
_IF_OVER = re.compile(r"\bif it(?:'?s| is| goes| costs)?(?: (?:over|above|past|more than))?$")
_FINE = re.compile(r"\b(?:fine|ok|okay|mind|good|alright)\b")
_TURNABLE = re.compile(
    r"(?:over|above|beyond|past|under|below|beneath|(?:more|less|lower|cheaper|pricier|dearer|more expensive) than)\b"
)
_NO_MORE = re.compile(r",? not a (?:penny|cent|euro|dollar) (?:over|more)")
_END = r"(?=\s*(?:[,;.!?]|$))"
_AFTER_MAX = (
    r"(?:,? (?:is|was|'s|are|being) (?:already |kinda |kind of |about )?(?:as (?:far|high|much) as|(?:all|what) (?:i|we)\b|the (?:very )?(?:most|max|limit|height|top|ceiling)\b|my (?:\w+ )?(?:max(?:imum)?|limit|ceiling|top|cap)\b|a lot for me)"
    rf"|(?:'?s)? (?:burning|to my name|in my (?:purse|pocket|wallet|hand|account)|to play with)\b|,? (?:and |but )?(?:(?:no|not) (?:higher|more|over){_END}|not a (?:penny|cent)|more is not)"
    r"| ?(?:or|and|ya) (?:a (?:little|bit) )?(?:less|under|below|cheaper|lower)| ?max(?:imum)?\b| tops\b| at (?:the )?(?:very )?(?:most|outside)| budget\b| limit\b| (?:in )?total\b| all in\b| in (?:\w+ )?(?:money|cash|savings|tips|vouchers)\b| to spend\b| on me\b| left on (?:my|the|a|this)(?: gift)? (?:card|voucher)\b)"
)
_AFTER_ABOUT = r"(?: ?-?ish\b| or so\b| or thereabouts\b|,? give or take\b| mark\b)(?! (?:guests|people|mother|father|woman|man|lady|years))"
_AFTER_MIN = (
    rf"(?: plus{_END}| ?(?:or|and) (?:more|up|over|above|upwards?)| ?\+(?!\w)| ?min(?:imum)?\b| upwards\b)"
)


def _money(index: int) -> str:
    return _MONEY.replace("@", str(index))


_BETWEEN = re.compile(
    rf"\b(?:between|from|of|in the range(?: of)?)? ?(?:the )?{_money(1)} ?(?:-|\u2013|\u2014|to|and|till?|until|through) ?(?:the )?{_money(2)}{_NOT_MONEY}"
)
_CUED = re.compile(
    rf"(?:(?P<max>\b{_MAX}|<=?|≤)|(?P<min>\b{_MIN}|>=?|≥)|(?P<around>\b{_AROUND}|~)) ?(?:a |an |the |only |just |around |about |of |max |maximum )?{_money(1)}{_NOT_MONEY}(?P<plus>{_AFTER_MIN})?"
)
_MOST = re.compile(_AFTER_MAX)
_AFTER = re.compile(rf"{_money(1)}(?:(?P<max>{_AFTER_MAX})|(?P<min>{_AFTER_MIN})|(?P<about>{_AFTER_ABOUT}))")
_BARE = re.compile(_money(1) + _NOT_MONEY)
_AGE = re.compile(
    r"\b(?:woman|man|women|men|lady|ladies|someone|somebody|people|girl|aged?|who is|she is|he is|she's|he's)$"
)
_OF_PEOPLE = re.compile(r"\b(?:is|i'?m|i am|she'?s|he'?s|aged?|my|for|size|turning)\s*$")
_OR_SIZE = re.compile(r"(?:what|how) about\b")  # `what about 40?`


@dataclass(frozen=True, slots=True)
class Limits:
    """What a text says of price and size, and the text without it.

    Attributes:
        alone: what stands alone between stops, and is a size if a piece has such: `boots. 11`.
    """

    rest: str
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    sizes: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()


def limits(text: str) -> Limits:
    """Take the prices and sizes out of a text in its original case."""
    text, sizes = _take_sizes(digits(text.replace("\u2019", "'")))
    text, low, high = _take_price(_mended(text.lower()))
    return Limits(text, low, high, sizes, tuple(map(_spelled, _ALONE.findall(text))))


def _mended(text: str) -> str:
    """With slips of the pen mended in the words that tell a price."""
    text = _SLIPS.sub(lambda match: _RIGHT[match[0]], text)
    text = _OPEN_END.sub("from ", text)  # `between 300 and whatever is sensible`
    return _LONG_WORD.sub(lambda match: nearest(match[0], _CUES, 1), text)


def _value(match: re.Match[str], index: int) -> Decimal | None:
    try:
        value = parse_amount(match[f"number{index}"])
    except ValueError:
        return None
    return value * 1000 if match[f"kilo{index}"] else value


def _is_money(match: re.Match[str], index: int) -> bool:
    return bool(match[f"sign{index}"] or match[f"unit{index}"] or match[f"kilo{index}"])


def _price(match: re.Match[str]) -> Decimal | None:
    """The number of a match, unless it is too small for a price and not said to be money."""
    value = _value(match, 1)
    said = _is_money(match, 1) or "money" in match[0]
    return value if value is not None and (said or value >= 10) else None


def _may_be_else(match: re.Match[str], value: Decimal) -> bool:
    """Whether it may as well be an age or a size."""
    return value < 100 and not _is_money(match, 1)


@dataclass(frozen=True, slots=True)
class _Price:
    """A limit that is said, and where."""

    span: tuple[int, int]
    low: Decimal | None = None
    high: Decimal | None = None


def _take_price(text: str) -> tuple[str, Decimal | None, Decimal | None]:
    """The text without its prices, and the lowest and highest that they allow. Of several, the last counts."""
    low: Decimal | None = None
    high: Decimal | None = None
    for price in reversed(found := _between(text) or _cued(text) or _after(text) or _bare(text)):
        low, high = price.low if low is None else low, price.high if high is None else high
    for price in reversed(found):
        start, end = price.span
        text = f"{text[:start]} , {text[end:]}"
    if low is not None and high is not None and low > high:
        low, high = high, low
    return text, low, high


def _between(text: str) -> list[_Price]:
    for match in _BETWEEN.finditer(text):
        first, second = _value(match, 1), _value(match, 2)
        if first is None or second is None:
            continue
        named = match[0].lstrip().startswith(("between", "from")) and second >= 10
        said = named or _is_money(match, 1) or _is_money(match, 2)
        least = 50 if " and " in match[0] else 20
        if not said and (first < least or second < 70 or _OF_PEOPLE.search(text[: match.start()])):
            continue
        if match["kilo2"] and not match["kilo1"] and first < 20:
            first *= 1000
        return [_Price(match.span(), min(first, second), max(first, second))]
    return []


def _cued(text: str) -> list[_Price]:
    """`under 300`, `at least 100`, `around 200`: a word before the number tells."""
    found = []
    for match in _CUED.finditer(text):
        before = text[: match.start()].rstrip()
        if (value := _price(match)) is None:
            continue
        if _may_be_else(match, value) and (_AGE.search(before) or _OR_SIZE.match(match[0])):
            continue
        if match["around"] and (most := _MOST.match(text, match.end())):
            found.append(_Price((match.start(), most.end()), high=value))
        elif match["around"]:
            found.append(_around(match, value, is_budget="budget" in before[-25:] or "cheaper" in text))
        elif match["plus"] is None and bool(match["max"]) != _is_turned(match, before):
            if "budget" in match[0] and re.search(r"\b(?:around|about|roughly)\b", match[0]):
                value *= Decimal("1.1")
            found.append(_Price(match.span(), high=value))
        else:
            found.append(_Price(match.span(), low=value))
    return found


def _is_turned(match: re.Match[str], before: str) -> bool:
    over = match[0].lstrip().startswith(("over", "above", "past", "more"))
    turned = (
        _TURNED.search(before)
        or _LEFT_OUT.search(before)
        or (over and _IF_OVER.search(before) and not _FINE.search(before))
    )
    return bool(_TURNABLE.match(match[0].lstrip()) and turned)


def _around(match: re.Match[str], value: Decimal, is_budget: bool) -> _Price:
    if is_budget:
        return _Price(match.span(), high=value * Decimal("1.1"))
    return _Price(match.span(), value * Decimal("0.75"), value * Decimal("1.25"))


def _after(text: str) -> list[_Price]:
    """`300 at most`, `500 or more`, `80 or so`: a word after the number tells."""
    found = []
    for match in _AFTER.finditer(text):
        if (value := _price(match)) is None:
            continue
        if _may_be_else(match, value) and not match["max"] and _OF_PEOPLE.search(text[: match.start()]):
            continue
        if match["about"] and (most := _NO_MORE.match(text, match.end())):
            found.append(_Price((match.start(), most.end()), high=value))
        elif match["about"]:
            found.append(_around(match, value, is_budget=False))
        else:
            least = match["min"] and not _TURNED.search(text[: match.start()].rstrip())  # `not 160 plus`
            found.append(_Price(match.span(), low=value) if least else _Price(match.span(), high=value))
    return found


def _bare(text: str) -> list[_Price]:
    """`a 300 euro bag`: the first amount of money is the most."""
    money = (match for match in _BARE.finditer(text) if _is_money(match, 1))
    return [_Price(match.span(), high=_value(match, 1)) for match in list(money)[:1]]


_NUMERIC = rf"\d{{1,2}}(?:[.,]5|½| ?1/2| {EIGHTHS})?"
_LETTER = (
    r"(?:xxs|xs|s|m|l|xl|xxl|xxxl|[2-4]xl|x-?small|small|medium|large|extra[ -](?:small|large)|x-?large)"
)
_ALONE = re.compile(
    rf"(?:^|[,;:!?.\n])\s*({_NUMERIC}|{_LETTER})(?: please| pls| then)?\s*(?=$|[,;:!?\n]|\.(?!\d))", re.I
)
_WORN = "shoes boots trainers sneakers heels sandals suit suits coat jacket blazer dress shirt top trousers jeans pants skirt shorts".split()
_AFTER_WORN = "|".join(rf"(?<=\b{word} )" for word in _WORN)
_NOT_SIZE = r"(?![\w%€£$]|[.,]\d|[ -]?(?:something|ish\b|plus\b|degrees?)| ?(?:days?|weeks?|months?|years?|hours?|minutes?|mins?|euros?|eur|pounds?|dollars?|quid|k\b|cm|mm|people|pieces?|colou?rs?|pairs?|%|°|degrees?|percent))"
_SIZE_PATTERNS = (
    re.compile(r"\b(?:size|sz|taille)(?: of| is|:)? (?P<size>\d{2,3}(?:[.,]\d)? ?(?:cm|mm)|\d{1,2}[A-HW]|\d{3})(?!\w|[.,]\d)", re.I),
    re.compile(r"\b(?:size|sz)s? (?P<size>\d{1,2}-\d{1,2})(?![\w-])", re.I),
    re.compile(rf"\b(?:sz|to fit an?)(?: of| is|:)? (?P<size>{_NUMERIC}|{_LETTER}){_NOT_SIZE}", re.I),
    re.compile(r"(?<![\w.,])(?P<size>(?:3[2-9]|[45]\d)[RSLrsl])(?!\w)"),  # a jacket's chest and length
    re.compile(r"(?<![\w-])(?P<size>\d{1,2}-\d{1,2} ?[YyMm])(?![\w-])"),  # a child's
    re.compile(r"(?<![\w-])(?P<size>(?:3[2-9]|4\d)-(?:3[5-9]|4\d|5[0-2]))(?![\w%€£$-])"),  # socks
    re.compile(r"(?<![\w.,€£$])(?P<size>\d{1,2} ?½)(?!\w)"),  # a collar
    re.compile(rf"(?<![\w.,€£$])(?P<size>\d{{1,2}} (?:1/2|{EIGHTHS}))(?!-| ?(?:inch|in\b|\")){_NOT_SIZE}"),  # a hat
    re.compile(rf"\b(?P<size>(?:UK|EU|US|IT|FR|DE|uk|eu|fr|Uk|Eu|Fr|[Ii]talian|[Ff]rench|[Ee]uropean|[Bb]ritish|[Aa]merican|[Gg]erman) ?(?:size )?(?:\d{{1,2}}½|{_NUMERIC})){_NOT_SIZE}"),
    re.compile(rf"\b(?P<size>(?:uk|us|eu|aus?) size {_NUMERIC}){_NOT_SIZE}", re.I),
    re.compile(rf"\bbetween an? (?P<size>\d{{1,2}}) and an? (?P<also>\d{{1,2}}){_NOT_SIZE}", re.I),
    re.compile(rf"\b(?P<size>{_NUMERIC}) ?(?P<system>UK|EU|US|IT|FR|DE|uk|eu|fr){_NOT_SIZE}"),
    re.compile(rf"\bsize[sd]?(?:,? (?:which )?is| of|:)?(?: an?)? (?P<size>(?:(?:{SYSTEM}) ?)?(?:{_NUMERIC}|{_LETTER}))(?:(?: or |/| and )(?P<also>{_NUMERIC}|{_LETTER}))?(?P<system> (?:{SYSTEM}))?{_NOT_SIZE}", re.I),
    re.compile(rf"\b(?:in|in an?|wears?(?: an?)?|takes? an?|(?:i'm|i am|am|she is|he is|she's|he's) an?|usually an?|need an?|normally an?)(?: size)? (?P<size>\d{{2}}(?:[.,]5|½| 1/2)?)(?:(?: or |/)(?P<also>\d{{2}}(?:[.,]5)?))?{_NOT_SIZE}", re.I),
    re.compile(rf"\b(?:in|in an?|wears?(?: an?)?|takes? an?|(?:i'm|i am|am|she is|he is|she's|he's) an?|usually an?) (?P<size>{_LETTER})(?:(?: or |/)(?P<also>{_LETTER}))?(?= size|[?.!,;]|$| (?:please|for|and|under|size|available|or|if|usually|normally|mostly|in|btw|that|which)\b)", re.I),
    re.compile(rf"(?:\b(?:am|i'?m|wears?|takes?|has|an?|usually|she's|he's) |^)(?P<size>\d{{2}}(?:[.,]5)?)(?= in (?:an? )?(?:{'|'.join(_WORN)})\b)", re.I),
    re.compile(rf"\b(?:(?:feet|foot) (?:is|are|measures?)|numero|num\u00e9ro|taille|taglia|talla|gr(?:\u00f6|oe)(?:\u00df|ss)e|collar|waist|chest)(?: is| of| size|:)? (?P<size>{_NUMERIC})(?!\d)(?! ?(?:cm|mm|%|inch))", re.I),
    re.compile(rf"\b(?<!bag, )(?:so|then|probably|give me|want|need|make it|make that|try)(?: (?:an?|the))? (?P<size>{_LETTER})(?:(?: or |/)(?P<also>{_LETTER}))?(?=[?.!,;]|$| (?:please|pls|then|for|instead|if|but)\b)", re.I),
    re.compile(rf"\bbetween an? (?P<size>{_LETTER}) and an? (?P<also>{_LETTER})\b", re.I),
    re.compile(r"\b(?P<size>X?[SML]|XS|XL) or (?P<also>X?X?[SML]|XS)\b"),
    re.compile(rf"(?:{_AFTER_WORN})(?P<size>[2-5]\d)(?=\s*(?:[,;.!?]|$))", re.I),
    re.compile(r"(?<=[a-z,?] )(?<!\band )(?<!\d )(?P<size>[SML])(?=\s*(?:[,;.!]|$))"),
    re.compile(r"\b(?P<size>(?:extra|x)[ -]?(?:small|large))\b(?! (?:\w+ )?(?:bag|tote|clutch|scarf|earrings|hoops?|wallet|umbrella|crossbody|backpack))", re.I),
    re.compile(rf"\b(?:in|wears?|takes?) an? (?P<size>[4-9](?:[.,]5)?){_NOT_SIZE}", re.I),
    re.compile(r"\b[Ii]n (?:an? )?(?P<size>[4-9](?:[.,]5)?)(?=\s*(?:[?!,;]|\.\s|\.?$))"),
    re.compile(r",\s*(?P<size>3[2-9]|[45]\d|6[0-4])(?=\s*(?:[.,;!?]\s|[.,;!?]?$|(?:please|pls)\b))"),
    re.compile(r"(?<![\w-])(?P<size>XXS|XS|XL|XXL|XXXL|[2-4]XL|xxxl|xxl|xxs|xs|xl|[2-4]xl)(?![\w-])"),
    re.compile(r"(?<![\w.,€£$])(?P<size>[34]\d[.,]5)(?![\w.,%]| ?(?:€|£|euros?|eur|cm|mm|k\b))"),
)  # fmt: skip


def _take_sizes(text: str) -> tuple[str, tuple[str, ...]]:
    found: list[str] = []
    for pattern in _SIZE_PATTERNS:
        for match in list(pattern.finditer(text)):
            groups = match.groupdict()
            size = re.sub(r"\bsize\b ?", "", groups["size"], flags=re.I).strip()
            if groups.get("system") and groups["system"] != " it":  # `size S it would be`
                size = f"{groups['system'].strip()} {size}"
            found += [size, *([groups["also"]] if groups.get("also") else [])]
        text = pattern.sub(" , ", text)
    return text, tuple(dict.fromkeys(_spelled(s) for s in found))


def _spelled(size: str) -> str:
    """`uk10` as `UK 10`, `42,5` as `42.5`, letters in capitals."""
    size = re.sub(r" ?(?:½|1/2)$", ".5", size).replace(",", ".")
    match = re.fullmatch(r"([A-Za-z]+) ?(\d.*)", size)
    if match:
        system = match[1].lower()
        short = SYSTEMS.get(system, system) if len(system) > 3 else system
        return f"{short.upper()} {match[2]}"
    long = {"small": "S", "medium": "M", "large": "L"}
    if extra := re.fullmatch(r"(?:extra|x)[ -]?(small|large)", size, re.I):
        return f"X{long[extra[1].lower()]}"
    return long.get(
        size.lower(), size.upper() if len(size) <= 4 else re.sub(r"(?<!\d)-(?!\d)", " ", size.lower())
    )
