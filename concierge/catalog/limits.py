"""Prices and sizes in what a shopper says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from concierge.catalog.money import NUMBER, parse_amount
from concierge.catalog.sizes import SYSTEM, SYSTEMS
from concierge.catalog.vocabulary import NUMBERS

_TENS = [w for w, n in NUMBERS.items() if n >= 20]
_SMALL = "|".join(sorted(NUMBERS, key=len, reverse=True))
_IN_WORDS = re.compile(
    rf"\b(?:(?P<n>a|{_SMALL})(?: couple of| few)? (?P<unit>hundred|thousand|grand)(?:(?: and)? (?P<rest>(?:{_SMALL})(?: (?:hundred|{_SMALL}))*))?"
    rf"|(?P<tens>{'|'.join(_TENS)})(?:[ -](?P<ones>{_SMALL}))?)\b"
)

_SIGN = r"(?:€|£|us\$|\$|¥|chf|eur(?:os?)?|euros?|gbp|usd|pounds?|quid|dollars?|bucks?|francs?|sek|dkk|nok|kr\.?|kronor|kroner|krone|kronas?|cad|aud|jpy|yen|pln|zloty|aed|dirhams?)"
_NUMBER = rf"(?<![\w.,])(?>{NUMBER})"  # atomic: 800 is never cut to 80 to make a pattern fit
_MONEY = rf"(?P<sign@>{_SIGN} ?)?(?P<number@>{_NUMBER})(?P<kilo@> ?k\b| ?grand\b)?(?P<unit@> ?{_SIGN}(?!\w))?(?:[.,]-)?"
_NOT_MONEY = (
    r"(?! ?(?:%|percent|days?|weeks?|months?|years?|yrs?|hours?|minutes?|mins?|cm\b|mm\b|m\b|kg|inch|inches|am\b|pm\b|"
    r"o'?clock|people|guests|pieces?|items?|pairs?|degrees?|°|th\b|st\b|nd\b|rd\b|km|miles?|of (?:them|these|those)|options?))"
)

_MAX = (
    r"(?:no more than|not more than|not over|not above|nothing over|nothing above|no higher than|no greater than|not exceed(?:ing)?|(?:nothing|not|no|never) (?:dearer|pricier|costlier|more expensive) than|"
    r"(?:less|lower|cheaper|smaller) than|less of|at (?:the )?most|at max|max(?:imum|\.)?(?: of| is|:)?|(?:up|stretch) to|upto|under|"
    r"underneath|below|beneath|within|until|<=?|≤|"
    r"(?:budget|limit|spend(?:ing)?|pay)(?: (?!over|above|beyond|past|more|less|under|below)\w+){0,2}?(?: is| of| are|:| up to| at)?|ceiling of|capped at|(?:what|how) about|(?:all|cheapest|most|best|highest) i can (?:do|go|spend|pay|afford|manage|stretch to)(?: is|:)?|i (?:only |just )?have(?: only| just)?|i've (?:only |just )?got(?: only| just)?|i only got|i can (?:spend|pay|afford))"
)
_MIN = (
    r"(?:no less than|not less than|not under|not below|nothing under|nothing below|(?:nothing|not|no|never) (?:cheaper|less expensive) than|more than|at least|min(?:imum)?(?: of|:)?|over|above|beyond|past|"
    r"upwards? of|starting (?:at|from)|from|exceeding|>=?|≥)"
)
_AROUND = r"(?:(?:somewhere |something )?(?:around|(?<!what )(?<!how )about|near|roughly|approximately|approx\.?|circa|ca\.?|close to|in the region of|in the range of)|~)"
# `not a penny over 80`, `embarrassed to give anything below 110`: what stands before `over` or `below` turns it.
_TURNED = re.compile(
    r"(?:\b(?:not|never|nor|no|nothing|cannot|without|refuse|hate|ashamed|embarrassed|mortified|silly|(?:do|wo|ca|would|could|is|does)nt)|n't)"
    r"(?: (?:a|one|single|penny|cent|dime|euro|pound|dollar|want|wish|like|care|plan|intend|prefer|to|go|goes|going|pay|paying|spend|spending|give|giving|"
    r"offer|buy|buying|cost|anything|something|it|be|wear|look|at|really|even|do|stretch|you|we))*$"
)
_TURNABLE = re.compile(r"(?:over|above|beyond|past|under|below|beneath|(?:more|less|lower|cheaper) than)\b")
_AFTER_MAX = r"(?: ?(?:or|and) (?:less|under|below|cheaper|lower)| ?max(?:imum)?\b| tops\b| at (?:the )?(?:very )?most| budget\b| limit\b| to spend\b| on me\b| left on (?:my|the|a|this)(?: gift)? (?:card|voucher)\b)"
_AFTER_MIN = r"(?: ?(?:or|and) (?:more|up|over|above|upwards?)| ?\+(?!\w)| ?min(?:imum)?\b| upwards\b)"


def _money(index: int) -> str:
    return _MONEY.replace("@", str(index))


_BETWEEN = re.compile(
    rf"\b(?:between|from|of|in the range(?: of)?)? ?{_money(1)} ?(?:-|\u2013|\u2014|to|and|till|until) ?{_money(2)}{_NOT_MONEY}"
)
_CUED = re.compile(
    rf"(?:(?P<max>\b{_MAX}|<=?|≤)|(?P<min>\b{_MIN}|>=?|≥)|(?P<around>\b{_AROUND}|~)) ?(?:a |an |the |only |just |around |about |of |max |maximum )?{_money(1)}{_NOT_MONEY}(?P<plus>{_AFTER_MIN})?"
)
_MOST = re.compile(_AFTER_MAX)
_AFTER = re.compile(rf"{_money(1)}(?:(?P<max>{_AFTER_MAX})|(?P<min>{_AFTER_MIN}))")
_BARE = re.compile(_money(1))
_AGE = re.compile(
    r"\b(?:woman|man|women|men|lady|ladies|someone|somebody|people|girl|aged?|who is|she is|he is|she's|he's)$"
)
_OR_SIZE = re.compile(r"(?:what|how) about\b")  # `what about 40?`


@dataclass(frozen=True, slots=True)
class Limits:
    """What a text says of price and size, and the text without it."""

    rest: str
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    sizes: tuple[str, ...] = ()


def limits(text: str) -> Limits:
    """Take the prices and sizes out of a text in its original case."""
    text, sizes = _take_sizes(text.replace("\u2019", "'"))
    text, low, high = _take_price(_digits(text.lower()))
    return Limits(text, low, high, sizes)


def _digits(text: str) -> str:
    """`two hundred and fifty` as `250`, also in `under a thousand`."""

    def number(match: re.Match[str]) -> str:
        if match["tens"]:
            return str(NUMBERS[match["tens"]] + NUMBERS.get(match["ones"] or "", 0))
        unit = 100 if match["unit"] == "hundred" else 1000
        total = NUMBERS.get(match["n"], 1) * unit
        part = 0
        for word in (match["rest"] or "").split():
            part = part * 100 if word == "hundred" else part + NUMBERS[word]
        return str(total + part)

    return _IN_WORDS.sub(number, text)


def _value(match: re.Match[str], index: int) -> Decimal | None:
    try:
        value = parse_amount(match[f"number{index}"])
    except ValueError:
        return None
    return value * 1000 if match[f"kilo{index}"] else value


def _is_money(match: re.Match[str], index: int) -> bool:
    return bool(match[f"sign{index}"] or match[f"unit{index}"] or match[f"kilo{index}"])


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
        said = match[0].lstrip().startswith(("between", "from")) or _is_money(match, 1) or _is_money(match, 2)
        if first is None or second is None or not (said or (first >= 50 and second >= 100)):
            continue
        if match["kilo2"] and not match["kilo1"] and first < 20:
            first *= 1000
        return [_Price(match.span(), min(first, second), max(first, second))]
    return []


def _cued(text: str) -> list[_Price]:
    """`under 300`, `at least 100`, `around 200`: a word before the number tells."""
    found = []
    for match in _CUED.finditer(text):
        value = _value(match, 1)
        before = text[: match.start()].rstrip()
        if value is None or not (_is_money(match, 1) or value >= 10):
            continue
        if value < 100 and not _is_money(match, 1) and (_AGE.search(before) or _OR_SIZE.match(match[0])):
            continue
        if match["around"] and (most := _MOST.match(text, match.end())):
            found.append(_Price((match.start(), most.end()), high=value))
        elif match["around"]:
            found.append(_around(match, value, is_budget="budget" in before[-25:]))
        elif match["plus"] is None and bool(match["max"]) != _is_turned(match, before):
            if "budget" in match[0] and re.search(r"\b(?:around|about|roughly)\b", match[0]):
                value *= Decimal("1.1")
            found.append(_Price(match.span(), high=value))
        else:
            found.append(_Price(match.span(), low=value))
    return found


def _is_turned(match: re.Match[str], before: str) -> bool:
    return bool(_TURNABLE.match(match[0].lstrip()) and _TURNED.search(before))


def _around(match: re.Match[str], value: Decimal, is_budget: bool) -> _Price:
    if is_budget:
        return _Price(match.span(), high=value * Decimal("1.1"))
    return _Price(match.span(), value * Decimal("0.75"), value * Decimal("1.25"))


def _after(text: str) -> list[_Price]:
    """`300 at most`, `500 or more`: a word after the number tells."""
    found = []
    for match in _AFTER.finditer(text):
        value = _value(match, 1)
        if value is not None and (_is_money(match, 1) or value >= 10):
            high = bool(match["max"])
            found.append(_Price(match.span(), None if high else value, value if high else None))
    return found


def _bare(text: str) -> list[_Price]:
    """`a 300 euro bag`: the first amount of money is the most."""
    money = (match for match in _BARE.finditer(text) if _is_money(match, 1))
    return [_Price(match.span(), high=_value(match, 1)) for match in list(money)[:1]]


_NUMERIC = r"\d{1,2}(?:[.,]5|½| ?1/2)?"
_LETTER = (
    r"(?:xxs|xs|s|m|l|xl|xxl|xxxl|[2-4]xl|x-?small|small|medium|large|extra[ -](?:small|large)|x-?large)"
)
_NOT_SIZE = r"(?![\w%€£$]|[.,]\d| ?(?:days?|weeks?|months?|years?|hours?|minutes?|mins?|euros?|eur|pounds?|dollars?|quid|k\b|cm|mm|people|pieces?|colou?rs?|pairs?|%|°|degrees?|percent))"
_SIZE_PATTERNS = (
    re.compile(r"(?<![\w.,])(?P<size>(?:3[2-9]|[45]\d)[RSLrsl])(?!\w)"),  # a jacket's chest and length
    re.compile(r"(?<![\w-])(?P<size>(?:3[2-9]|4\d)-(?:3[5-9]|4\d|5[0-2]))(?![\w%€£$-])"),  # socks
    re.compile(r"(?<![\w.,€£$])(?P<size>\d{1,2} ?½)(?!\w)"),  # a collar
    re.compile(rf"\b(?P<size>(?:UK|EU|US|IT|FR|DE|uk|eu|fr|Uk|Eu|Fr|[Ii]talian|[Ff]rench|[Ee]uropean|[Bb]ritish|[Aa]merican|[Gg]erman) ?(?:size )?{_NUMERIC}){_NOT_SIZE}"),
    re.compile(rf"\b(?P<size>{_NUMERIC}) ?(?P<system>UK|EU|US|IT|FR|DE|uk|eu|fr){_NOT_SIZE}"),
    re.compile(rf"\bsize[sd]?(?:,? (?:which )?is| of|:)?(?: an?)? (?P<size>(?:(?:{SYSTEM}) ?)?(?:{_NUMERIC}|{_LETTER}))(?:(?: or |/| and )(?P<also>{_NUMERIC}|{_LETTER}))?(?P<system> (?:{SYSTEM}))?{_NOT_SIZE}", re.I),
    re.compile(rf"\b(?:in|in an?|wears?(?: an?)?|takes? an?|(?:i'm|i am|am|she is|he is|she's|he's) an?|usually an?|need an?|normally an?)(?: size)? (?P<size>\d{{2}}(?:[.,]5|½| 1/2)?)(?:(?: or |/)(?P<also>\d{{2}}(?:[.,]5)?))?{_NOT_SIZE}", re.I),
    re.compile(rf"\b(?:in|in an?|wears?(?: an?)?|takes? an?|(?:i'm|i am|am|she is|he is|she's|he's) an?|usually an?) (?P<size>{_LETTER})(?:(?: or |/)(?P<also>{_LETTER}))?(?= size|[?.!,;]|$| (?:please|for|and|under|size|available|or|if)\b)", re.I),
    re.compile(rf"\b(?:in|wears?|takes?) an? (?P<size>[4-9](?:[.,]5)?){_NOT_SIZE}", re.I),
    re.compile(r"\b[Ii]n (?:an? )?(?P<size>[4-9](?:[.,]5)?)(?=\s*(?:[?!,;]|\.\s|\.?$))"),
    re.compile(r",\s*(?P<size>3[2-9]|[45]\d|6[0-4])(?=\s*(?:[.,;!?]\s|[.,;!?]?$|(?:please|pls)\b))"),
    re.compile(r"(?<![\w-])(?P<size>XXS|XS|XL|XXL|XXXL|[2-4]XL|xxl|xs|xl)(?![\w-])"),
    re.compile(r"(?<![\w.,€£$])(?P<size>[34]\d[.,]5)(?![\w.,%]| ?(?:€|£|euros?|eur|cm|mm|k\b))"),
)  # fmt: skip


def _take_sizes(text: str) -> tuple[str, tuple[str, ...]]:
    found: list[str] = []
    for pattern in _SIZE_PATTERNS:
        for match in list(pattern.finditer(text)):
            groups = match.groupdict()
            size = re.sub(r"\bsize\b ?", "", groups["size"], flags=re.I).strip()
            if groups.get("system"):
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
    return long.get(
        size.lower(), size.upper() if len(size) <= 4 else re.sub(r"(?<!\d)-(?!\d)", " ", size.lower())
    )
