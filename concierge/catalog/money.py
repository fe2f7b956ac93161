"""Amounts of money as people and merchants write them."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "$": "USD",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "zł": "PLN",
}
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
PREFIXED = {"A$": "AUD", "C$": "CAD", "US$": "USD"}
_SIGN = "|".join(map(re.escape, (*PREFIXED, *SIGNS)))

NUMBER = r"\d{1,3}(?:[ \u00a0\u202f'\u2019.,]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_PRICE = re.compile(
    rf"(?:(?P<before>[A-Za-z]{{3}}|{_SIGN})\s*)?(?P<minus>[-\u2212])?(?P<number>{NUMBER})(?:[.,]?[-\u2013\u2014]+)?"
    rf"\s*(?P<after>[A-Za-z]{{3}}|{_SIGN})?"
)


def parse_amount(text: str, currency: str = "") -> Decimal:
    """A number with its thousands and decimal marks in either fashion: `1,250.00`, `1.250,00`, `1 250`.

    A lone mark before exactly three digits separates thousands, unless the currency has three decimals.
    Raises ValueError.
    """
    digits = re.sub(r"[ \u00a0\u202f'\u2019]", "", text)
    marks = [c for c in digits if c in ".,"]
    if len(set(marks)) == 2:
        decimal = marks[-1]
    elif len(marks) == 1:
        whole, _, rest = digits.partition(marks[0])
        thousands = (
            len(rest) == 3 and 0 < len(whole) <= 3 and whole != "0" and currency not in _THREE_DECIMALS
        )
        decimal = "" if thousands else marks[0]
    else:
        decimal = ""
    for mark in ".,":
        digits = digits.replace(mark, "." if mark == decimal else "")
    if digits.count(".") > 1 or not digits.replace(".", "").isdecimal():
        raise ValueError(f"not a number: {text!r}")
    return Decimal(digits)


@lru_cache(maxsize=65536)
def parse_price(text: str) -> tuple[Decimal, str]:
    """`1,250.00 EUR`, `EUR 1250`, `€1.250,00` or `1250` as (amount, ISO 4217 code or empty).

    Raises ValueError with the reason.
    """
    match = _PRICE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"price not understood: {text[:40]!r}")
    codes = {_code(c) for c in (match["before"], match["after"]) if c}
    if len(codes) > 1:
        raise ValueError(f"price in two currencies: {text[:40]!r}")
    currency = codes.pop() if codes else ""
    amount = parse_amount(match["number"], currency)
    if match["minus"]:
        raise ValueError(f"negative price: {text[:40]!r}")
    if not 0 < amount < 10**9:
        raise ValueError(f"price out of range: {text[:40]!r}")
    return amount, currency


def _code(text: str) -> str:
    return SIGNS.get(text) or PREFIXED.get(text) or text.upper()
