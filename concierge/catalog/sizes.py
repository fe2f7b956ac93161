"""Sizes as feeds write them and shoppers say them, brought to comparable keys."""

from __future__ import annotations

import re
from functools import lru_cache

_LETTERS = {
    "extra small": "xs", "x small": "xs", "small": "s", "medium": "m", "large": "l", "extra large": "xl",
    "x large": "xl", "xxl": "2xl", "xxxl": "3xl", "xxs": "2xs", "xx large": "2xl", "2x": "2xl", "3x": "3xl",
}  # fmt: skip
_ONE_SIZE = frozenset(("one size", "onesize", "os", "osfa", "one", "tu", "uni", "u", "onesize fits all", "n a", "na", "unique", "unisize", "one size fits all", "free size", ""))  # fmt: skip
SYSTEMS = {
    "uk": "uk", "gb": "uk", "british": "uk", "us": "us", "usa": "us", "american": "us", "eu": "eu", "eur": "eu",
    "european": "eu", "fr": "fr", "french": "fr", "it": "it", "italian": "it", "de": "de", "german": "de",
}  # fmt: skip
EIGHTHS = r"[1357]/[48]"  # of a hat's size: `7 3/8`
SYSTEM = "|".join(sorted(SYSTEMS, key=len, reverse=True))

# What to add to a number of a system to come to the number that European houses print bare, by what is worn.
# Clothing after French sizing (UK 10 = FR 38), men's after chest in half centimetres; shoes in Paris points.
_TO_BARE = {
    ("uk", "female"): 28, ("us", "female"): 32, ("it", "female"): -4, ("de", "female"): 2,
    ("fr", "female"): 0, ("eu", "female"): 0,
    ("uk", "male"): 10, ("us", "male"): 10, ("it", "male"): 0, ("de", "male"): 0, ("eu", "male"): 0, ("fr", "male"): 0,
    ("uk", "female shoes"): 33, ("us", "female shoes"): 30.5, ("eu", "female shoes"): 0, ("it", "female shoes"): 0,
    ("fr", "female shoes"): -1, ("de", "female shoes"): 0,
    ("uk", "male shoes"): 34, ("us", "male shoes"): 33, ("eu", "male shoes"): 0, ("it", "male shoes"): 0,
    ("fr", "male shoes"): -1, ("de", "male shoes"): 0,
}  # fmt: skip


def _number(text: str) -> str:
    """`42,5`, `42.50`, `42 1/2` and `42½` as `42.5`."""
    text = text.replace(",", ".").replace("½", ".5").replace(" ", "")
    text = re.sub(r"1/2$", ".5", text).replace("..", ".")
    return f"{float(text):g}"


@lru_cache(maxsize=16384)
def is_one_size(size: str) -> bool:
    """Whether a size is no size at all."""
    return re.sub(r"[^a-z0-9]+", " ", size.lower()).strip() in _ONE_SIZE


@lru_cache(maxsize=16384)
def keys(size: str) -> frozenset[str]:
    """All keys that a feed's size answers to: `S/M` to s and m, `36-38` to 36, 37 and 38, `UK 10` to uk10 and 10."""
    text = size.lower().replace("\u2013", "-").strip()
    found = {re.sub(r"\s+", " ", text)}
    if re.fullmatch(rf"\d{{1,2}} {EIGHTHS}", text):
        return frozenset(found)
    for part in re.split(r"\s*[/|;()]\s*|\s+-\s+", re.sub(r"\b1/2\b", "½", text)):
        found |= _part_keys(part.strip())
    return frozenset(found - {""})


def _part_keys(part: str) -> set[str]:
    plain = re.sub(r"[^a-z0-9.,½]+", " ", part).strip()
    plain = re.sub(r"^(?:size|gr|taille|t) ", "", plain)
    if plain in _LETTERS or re.fullmatch(r"(?:\d?x{0,3}[sl]|m)", plain):
        return {_LETTERS.get(plain, plain)}
    if pair := re.fullmatch(r"(\d{2})\s*-\s*(\d{2})", part):
        low, high = int(pair[1]), int(pair[2])
        return {str(n) for n in range(low, high + 1)} if 0 <= high - low <= 6 else {str(low)}
    if match := re.fullmatch(
        rf"({SYSTEM})? ?(\d{{1,3}}(?:[.,]\d+)?½?|\d{{1,3}} ½) ?({SYSTEM})?(?: ?(?:regular|reg|r|long|short|s|l))?",
        plain,
    ):
        number = _number(match[2])
        system = match[1] or match[3]
        return {number, SYSTEMS[system] + number} if system else {number}
    if match := re.match(r"w ?(\d{2})\b", plain):
        return {match[1], "w" + match[1]}
    return {plain}


@lru_cache(maxsize=4096)
def asked(size: str, worn: str) -> tuple[frozenset[str], frozenset[str]]:
    """Keys that satisfy a shopper's size: as such, and for pieces with bare numbers only.

    Args:
        worn: `female`, `male`, `female shoes`, `male shoes` or another, for which nothing is converted.
    """
    text = size.lower().strip()
    if match := re.fullmatch(rf"({SYSTEM}) ?(\d{{1,2}}(?:[.,]5)?)", text):
        system, number = SYSTEMS[match[1]], _number(match[2])
        offset = _TO_BARE.get((system, worn))
        bare = {f"{float(number) + offset:g}"} if offset is not None else set()
        if system == "us" and worn == "female shoes":  # between two whole sizes: both are worn
            bare = {f"{float(number) + 30:g}", f"{float(number) + 31:g}"}
        if float(number) < 24 and system in ("uk", "us"):
            bare.add(number)
        return frozenset({system + number}), frozenset(bare)
    try:
        return frozenset({_number(text)}), frozenset()
    except ValueError:
        return frozenset({_LETTERS.get(text, text)}), frozenset()
