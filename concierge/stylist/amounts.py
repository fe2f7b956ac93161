"""Amounts of money in a text, and what currency they are in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from concierge.catalog.money import NUMBER, PREFIXED, SIGNS, parse_amount

_DOLLARS = frozenset("USD CAD AUD NZD HKD SGD TWD MXN".split())
_KRONOR = frozenset("SEK NOK DKK ISK CZK".split())
_WORDS: dict[str, frozenset[str]] = {
    **{sign: frozenset([code]) for sign, code in SIGNS.items()},
    **dict.fromkeys(("$", "dollar", "dollars", "bucks"), _DOLLARS),
    **dict.fromkeys(("kr", "kronor", "kroner", "krona", "krone", "crowns", "kč"), _KRONOR),
    **dict.fromkeys(("euro", "euros"), frozenset(["EUR"])),
    **dict.fromkeys(("pound", "pounds", "quid", "sterling"), frozenset(["GBP"])),
    **dict.fromkeys(("franc", "francs", "fr."), frozenset(["CHF"])),
    **dict.fromkeys(("¥", "yen", "yuan", "rmb"), frozenset(["JPY", "CNY"])),
    **dict.fromkeys(("dirham", "dirhams"), frozenset(["AED", "MAD"])),
    **dict.fromkeys(("rupee", "rupees", "rs"), frozenset(["INR"])),
    **dict.fromkeys(("zloty", "zlotys"), frozenset(["PLN"])),
    **dict.fromkeys(("reais", "real", "r$"), frozenset(["BRL"])),
    **{
        code.lower(): frozenset([code])
        for code in (
            "EUR USD GBP CHF JPY CNY SEK NOK DKK ISK PLN CZK HUF RON BGN TRY RUB UAH AED SAR QAR KWD BHD OMR JOD ILS "
            "EGP MAD ZAR NGN KES CAD AUD NZD HKD SGD TWD KRW THB MYR IDR PHP VND INR PKR BRL MXN ARS CLP COP PEN"
        ).split()
    },
    **{sign.lower(): frozenset([code]) for sign, code in PREFIXED.items()},
}
CURRENCIES = frozenset(_WORDS)  # words, signs and codes, in lower case
_UNIT = "|".join(re.escape(w) for w in sorted(_WORDS, key=len, reverse=True))
_WORDS["r"] = frozenset(["ZAR"])  # before a number only: `42 R` is a size
_BEFORE = rf"(?<![\w$])(?P<before>{_UNIT}|r)\s?"
_AFTER = rf"[ \u00a0\u202f-]?(?P<after>{_UNIT})(?!\w)"
_RANGE = r"(?: (?:to|and|or|bis) | ?[-\u2013/] ?)"
_FULL = rf"(?:{NUMBER})"
_MONEY = re.compile(
    rf"{_BEFORE}(?P<one>{_FULL})(?:{_RANGE}(?P<two>{_FULL})(?![\w%]))?"
    rf"|(?<![\w.,])(?:(?P<low>{_FULL}){_RANGE})?(?P<number>{_FULL})(?:[.,]-)?{_AFTER}",
    re.I,
)
_BARE = re.compile(
    r"\b(?:costs?(?: (?:less|more) than| under| over| below)?|priced at|price (?:is|of|:)|(?:reduced|marked down|down) (?:to|from)|on sale (?:for|at)) "
    rf"(?P<number>{_FULL})(?![\w%]| ?(?:days?|weeks?|months?))",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """Money at [start, end) of a text. `currencies` are the ISO 4217 codes that may be meant, or none told."""

    value: Decimal
    currencies: frozenset[str]
    start: int
    end: int


def amounts(text: str) -> list[Amount]:
    """All amounts, also both ends of `50 to 5,000 EUR`, and bare ones after words such as `costs`."""
    found: list[Amount] = []
    if not re.search(r"\d", text):
        return found
    for match in _MONEY.finditer(text):
        unit = _WORDS[(match["before"] or match["after"]).lower()]
        for group in ("one", "two", "low", "number"):
            if match[group] and (value := _value(match[group], unit)) is not None:
                found.append(Amount(value, unit, match.start(group), match.end(group)))
    taken = {a.start for a in found}
    for match in _BARE.finditer(text):
        value = _value(match["number"], frozenset())
        if match.start("number") not in taken and value is not None:
            found.append(Amount(value, frozenset(), match.start("number"), match.end("number")))
    return sorted(found, key=lambda a: a.start)


def numbers(text: str) -> set[Decimal]:
    """Every number of a text, money or not."""
    values = (_value(match[0], frozenset()) for match in re.finditer(NUMBER, text))
    return {v for v in values if v is not None}


def _value(number: str, unit: frozenset[str]) -> Decimal | None:
    try:
        return parse_amount(number, next(iter(unit)) if len(unit) == 1 else "")
    except ValueError:
        return None
