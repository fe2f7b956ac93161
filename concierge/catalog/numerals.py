"""Numbers in words, as shoppers say them: `two hundred and fifty`, `one fifty`, `half a grand`, `a tenner`."""

from __future__ import annotations

import re

from concierge.catalog.vocabulary import NUMBERS

_TENS = "|".join(w for w, n in NUMBERS.items() if n >= 20)
_SMALL = "|".join(sorted(NUMBERS, key=len, reverse=True))
_ONES = "|".join(w for w, n in NUMBERS.items() if n < 10)
_IN_WORDS = re.compile(
    rf"\b(?:(?P<n>half a|a|\d{{1,3}}(?:\.\d)?|{_SMALL})(?P<two> couple of)?(?: few)?[ -](?P<unit>hundred|thousand|grand)(?:(?: and| n)? (?P<rest>(?:{_SMALL})(?: (?:hundred|{_SMALL}))*))?"
    rf"|(?<!at )(?<!until )(?<!till )(?<!by )(?<!time )(?P<of>{_ONES})[ -](?!twenty-year)(?P<tens2>{_TENS})(?:[ -](?P<ones2>{_ONES}))?"
    rf"|(?P<tens>{_TENS})(?:[ -](?P<ones>{_ONES}))?|(?P<note>fiver|tenner)"
    rf"|(?<=size )(?P<size>{_SMALL}))(?P<half> and a half)?\b",
    re.I,
)
_TO_HUNDREDS = re.compile(rf"\b({_ONES}|\d) (?:to|or|and) (?=(?:{_ONES}|\d) hundred\b)", re.I)
_HALF = re.compile(r"\b(\d{1,2}) and a half\b")
_NOTES = {"fiver": 5, "tenner": 10}


def digits(text: str) -> str:
    """The text with them in figures. What is below twenty stays in words, but after `size`."""
    text = _TO_HUNDREDS.sub(r"\1 hundred to ", text)
    return _HALF.sub(r"\1.5", _IN_WORDS.sub(_number, text))


def _number(match: re.Match[str]) -> str:
    said = {name: word.lower() for name, word in match.groupdict().items() if word}
    half = ".5" if "half" in said else ""
    if "unit" in said:
        return f"{_hundreds(said)}{half}"
    ones = sum(NUMBERS[said[name]] for name in ("tens", "ones", "tens2", "ones2", "size") if name in said)
    hundreds = NUMBERS.get(said.get("of", ""), 0)  # `three fifty`
    return f"{100 * hundreds + ones + _NOTES.get(said.get('note', ''), 0)}{half}"


def _hundreds(said: dict[str, str]) -> int:
    unit = 100 if said["unit"] == "hundred" else 1000
    if said["n"][0].isdigit():
        count = float(said["n"])
    elif said["n"] == "half a":
        count = 0.5
    else:
        count = 2 if "two" in said else NUMBERS.get(said["n"], 1)  # `a couple of hundred`
    part = 0
    for word in said.get("rest", "").split():
        part = part * 100 if word == "hundred" else part + NUMBERS[word]
    return int(count * unit) + part
