"""The values that a house's facts turn on, such as money and durations, and those that a question wants."""

from __future__ import annotations

import re
from typing import Literal, get_args

from concierge.catalog.vocabulary import NUMBERS
from concierge.stylist.amounts import amounts
from concierge.stylist.names import PROPER_NOUNS
from concierge.stylist.sentence import plain, sentences, split

Kind = Literal[
    "money",
    "duration",
    "time",
    "day",
    "percent",
    "email",
    "phone",
    "year",
    "free",
    "name",
    "address",
    "customs",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
CONTRADICTABLE: tuple[Kind, ...] = ("money", "duration", "time", "percent", "email", "phone")

_NUMBER_WORD = "|".join(sorted(NUMBERS, key=len, reverse=True))
_TENS = "|".join(w for w, n in NUMBERS.items() if n >= 20)
_COUNT = rf"(?:\d+(?:[.,]5)?|(?:{_TENS})-(?:{_NUMBER_WORD})|{_NUMBER_WORD}|an?)"
_UNIT = r"(?P<unit>minute|min|hour|day|night|week|month|year)s?"
_DURATION = re.compile(
    rf"\b(?:(?P<low>(?!(?:{_TENS})-){_COUNT})(?: ?(?:-|\u2013) ?| (?:to|or|and) ))?(?P<count>{_COUNT})[ -](?:(?:working|business|calendar|full|whole|short) )?{_UNIT}\b(?! of the week)"
)
_CLOCK = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-3])(?:[:.h](?P<minute>[0-5]\d))? ?(?P<half>[ap])\.?m\b|\b(?P<h>[01]?\d|2[0-3])[:.h](?P<m>[0-5]\d)\b(?! ?(?:eur|usd|gbp|chf|€|£|\$))|\b(?P<o>\d{1,2}) ?o'clock"
)
_SPAN = re.compile(
    r"\b(?P<hour>\d{1,2}) ?(?:-|\u2013|to|until|till) ?\d{1,2}(?:[:.]\d\d)? ?(?P<half>[ap])\.?m\b"
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERCENT = re.compile(r"\b(\d{1,3}) ?(?:%|per ?cent)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.,])\+?\(?\d[\d ()\u00a0./-]{6,}\d")
_YEAR = re.compile(r"\b1[6-9]\d\d\b|\b20[0-3]\d\b")
_FREE = re.compile(
    r"\b(?:free|no (?:extra )?(?:charge|cost|fee)|complimentary|without (?:charge|cost)|on the house|gratis|(?:costs?|for) nothing)\b"
)
_NOT_FREE = re.compile(r"\b(?:not|n't|never|isn't) (?:\w+ )?free\b")
_HOURS = re.compile(r"\b\d{1,2} ?[-\u2013] ?\d{1,2}\b")  # beside a day
_ADDRESS = re.compile(
    r"\b\d+[ ,]+(?-i:[A-Z])|(?-i:\b[A-Z][\w'\u2019]+) \d|\b(?:street|road|lane|yard|row|place|square|avenue|rue|via)\b",
    re.I,
)
_CUSTOMS = re.compile(
    r"\b(?:customs|dut(?:y|ies)|import (?:tax\w*|charges?|fees?|vat)|(?:at|over|cross\w*) the border|taxes and)\b"
)
_WANTED: dict[Kind, re.Pattern[str]] = {
    "money": re.compile(
        r"\b(?:how much|costs?|prices?|fees?|charges?|pay for|do i pay|(?:what|which) (?:amounts?|sums?)|postage|extra|from (?:what|which) amount|starts? (?:at|from)|(?:ask|take) for|(?:taken?|took) off|deduct\w*|add to|how expensive|"
        r"starting (?:at|from|price)|come to|set me back|the damage|what would (?:it|that) be)\b"
    ),
    "free": re.compile(
        r"\b(?:free|on the house|do i pay|(?:don't|do not) (?:have to |need to )?pay|extra|costs? (?:me )?anything|for nothing|included|how much|what .*(?:costs?|charge))\b"
    ),
    "duration": re.compile(
        r"\b(?:how long|how many (?:days|weeks|months)|(?:until|till|up to|by) when|how (?:soon|fast)|when(?:'s| is| would| will| do i| can i)|days for|wait\w*|window|period|deadline|turnaround|(?:shipping|delivery|lead) time|takes? long|how (?:quick\w*|often)|ready|by when|"
        r"how much (?:time|notice)|intervals?|expires?|lapses?|last day|in time)\b"
    ),
    "time": re.compile(
        r"\b(?:open|opens|opening|close|closes|closed|shut|hours?|what time|how late|times?|cut-?off|un?till? what)\b"
    ),
    "day": re.compile(r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:which|what) days?|weekends?)\b"),
    "email": re.compile(r"\b(?:e-?mail|write to|mail (?:you|to))\b"),
    "phone": re.compile(r"\b(?:phone|telephone|number|ring|call)\b"),
    "customs": _CUSTOMS,
    "percent": re.compile(
        r"\b(?:discounts?|percent\w*|(?:anything|something|much|money|bit) off|reductions?)\b|%"
    ),
    "year": re.compile(
        r"\b(?:since when|how old|founded|began|begin|around (?:for )?long|exist\w*|start(?:ed)?|history|(?:what|which|the) year|when (?:did|was|were))\b"
    ),
    "address": re.compile(
        r"\b(?:where|whereabouts|address|which cit\w+|located|place|shops?|boutiques?|stores?|"
        r"(?:which|what) (?:towns?|street)|(?:find|visit) you)\b"
    ),
}
_OPENING = frozenset(
    "we our the a an and for in on at by you your it is are if this that all each every other between".split()
)


def values(text: str, kind: Kind) -> set[str]:
    """The values of a kind that a text states, brought to comparable form."""
    low = plain(text)
    match kind:
        case "money":
            return {f"{a.value.normalize():f}" for a in amounts(text)}
        case "duration":
            return _durations(low)
        case "time":
            return _times(low)
        case "day":
            return {day for day in _DAYS if day in low} | _days_between(low)
        case "percent":
            return set(_PERCENT.findall(low))
        case "email":
            return {e.rstrip(".") for e in _EMAIL.findall(low)}
        case "phone":
            return {re.sub(r"\D", "", p)[-7:] for p in _PHONE.findall(low)}
        case "year":
            return set(_YEAR.findall(low))
        case "free":
            return {"free"} if _FREE.search(low) and not _NOT_FREE.search(low) else set()
        case "customs":
            return {"customs"} if _CUSTOMS.search(low) else set()
        case "name":
            return _names(text)
        case "address":
            return {match[0].strip() for match in _ADDRESS.finditer(text)}


def stated(text: str) -> frozenset[Kind]:
    """The kinds of values that a text states."""
    found = {kind for kind in _WANTED if values(text, kind)}
    return frozenset(found | ({"time"} if "day" in found and _HOURS.search(text) else set()))


def wanted(question: str) -> frozenset[Kind]:
    """The kinds of values that would answer a question; none if no word tells."""
    low = plain(question)
    return frozenset(kind for kind, pattern in _WANTED.items() if pattern.search(low))


def _durations(text: str) -> set[str]:
    found: set[str] = set()
    for match in _DURATION.finditer(text):
        for count in (match["low"], match["count"]):
            if count:
                found.add(_in_days(_number(count), match["unit"].removesuffix("ute")))
    return found


def _number(count: str) -> float:
    if count in ("a", "an"):
        return 1
    words = count.split("-")
    return float(sum(NUMBERS[w] for w in words) if words[0] in NUMBERS else count.replace(",", "."))


def _in_days(number: float, unit: str) -> str:
    """Weeks as days and years as months, so that 14 days are two weeks."""
    if unit == "hour" and number % 24 == 0:
        return f"{number / 24:g} day"
    factor, unit = {"week": (7, "day"), "year": (12, "month"), "night": (1, "day")}.get(unit, (1, unit))
    return f"{number * factor:g} {unit}"


def _times(text: str) -> set[str]:
    found: set[str] = set()
    for match in _CLOCK.finditer(text):
        hour = int(match["hour"] or match["h"] or match["o"])
        minute = int(match["minute"] or match["m"] or 0)
        found.add(_clock(hour, minute, match["half"]))
    for match in _SPAN.finditer(text):
        other = {"a": "p", "p": "a"}[match["half"]]
        found |= {_clock(int(match["hour"]), 0, other)} if int(match["hour"]) <= 12 else set()
    return found


def _clock(hour: int, minute: int, half: str | None) -> str:
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour:02}:{minute:02}"


def _days_between(text: str) -> set[str]:
    """`Monday to Saturday` names the days between."""
    found: set[str] = set()
    for first, last in re.findall(
        rf"({'|'.join(_DAYS)})s? ?(?:to|until|through|-|\u2013) ?({'|'.join(_DAYS)})", text
    ):
        start, end = _DAYS.index(first), _DAYS.index(last)
        found |= {_DAYS[i % 7] for i in range(start, end + 1 if end >= start else end + 8)}
    return found


def _names(text: str) -> set[str]:
    """Words with a capital that no sentence's beginning gives them: places, brands, people."""
    found: set[str] = set()
    for sentence in sentences(text):
        words = split(sentence)
        for i, word in enumerate(words):
            numbered = i + 1 < len(words) and words[i + 1].key.isdigit()  # as streets are
            opens = not numbered and (i == 0 or word.gap.strip() in (".", ":", ";"))
            if not word.is_capital or len(word.key) < 2 or word.key.removesuffix("s") in _DAYS:
                continue
            if word.text.isupper() and len(word.text) == 3:
                continue  # a currency
            if (not opens or word.key in PROPER_NOUNS) and word.key not in _OPENING:
                found.add(word.key)
    return found
