"""What must hold of every reply, whatever made it. A violation ends the generator."""

from __future__ import annotations

import re
from collections.abc import Iterator

from training import grammar, money
from training.phrasebook import read

_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_NAME = re.compile(r"[A-ZÀ-Ý][\w'\u2019-]*(?: (?:[A-ZÀ-Ý&][\w'\u2019-]*|\d+(?![\w-])))+")
_DOUBLED = re.compile(r"\b([^\W\d]\w*) \1\b", re.IGNORECASE)
_ARTICLE = re.compile(r"\b([Aa]n?) ([\w\u2019'-]+)")
_LEFTOVER = re.compile(r"[{}<>|~#\n]|\(\w|  |\s[.,]|[.,;:]{2}|,\s*[.;:]")
_AMOUNT = re.compile(r"\d[\d,.]* [A-Z]{3}")
_CURRENCY = re.compile(r"\b[A-Z]{3}\b")


class BadReply(Exception):
    """A reply that must not be learnt from."""


def check(reply: str, prompt: str, currency: str, *, exclaims: bool, english: bool = True) -> None:
    """Raises BadReply.

    Args:
        prompt: all that the model reads before the reply.
    """
    problems = list(_problems(reply, prompt, currency, exclaims, english))
    if problems:
        raise BadReply(f"{'; '.join(problems)}: {reply!r} after {prompt[-700:]!r}")


def _problems(reply: str, prompt: str, currency: str, exclaims: bool, english: bool) -> Iterator[str]:
    known = {n.replace(",", "") for n in _NUMBER.findall(prompt)}
    yield from (f"number {n}" for n in _NUMBER.findall(reply) if n.replace(",", "") not in known)
    yield from (f"leftover {m[0]!r}" for m in _LEFTOVER.finditer(reply))
    yield from (f"doubled {m[0]!r}" for m in _DOUBLED.finditer(reply))
    codes = set(_CURRENCY.findall(reply)) & set(money.currencies())
    yield from (f"currency {code}" for code in codes - {currency})
    if len(grammar.sentences(reply)) > 3:
        yield "more than three sentences"
    if not re.fullmatch(r"[A-ZÀ-Ý0-9+¿¡].*[.?!]", reply, re.DOTALL):
        yield "no sentence"
    if "!" in reply and not exclaims:
        yield "exclamation mark"
    if english:
        yield from _english_problems(reply, prompt)


def _english_problems(reply: str, prompt: str) -> Iterator[str]:
    for article, word in _ARTICLE.findall(reply):
        if article != "A" and (article.lower() == "an") != grammar.an(word):
            yield f"article {article} {word}"
    said = prompt.lower()
    named = _NAME.findall(_AMOUNT.sub("-", reply))
    yield from (f"name {name}" for name in named if not _is_known(name.lower(), said))
    for colors in read("colors.txt").values():
        for color in (c.removeprefix("~ ") for c in colors):
            if color not in said and re.search(rf"\b{color}\b", reply):
                yield f"color {color}"


def _is_known(name: str, said: str) -> bool:
    """Whether a run of capitals stands in the prompt, with or without the sentence's first word or an `I`."""
    name = re.sub(r"( i)?(['\u2019]\w+)?$", "", name)
    name = re.sub(r"( (mon|tues|wednes|thurs|fri|satur|sun)day)$", "", name)
    return " " not in name or name in said or name.partition(" ")[2] in said
