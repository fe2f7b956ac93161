"""Whether a reply goes round in circles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from concierge.stylist.sentence import plain, sentences


def loops(reply: str, titles: Iterable[str] = (), earlier: Sequence[str] = ()) -> list[str]:
    """It repeats itself: a sentence, a run of words, or a whole earlier reply. Titles count as one word."""
    text = plain(reply)
    for title in sorted(map(plain, titles), key=len, reverse=True):
        text = text.replace(title, "\u00a7")
    spoken = re.findall(r"\w+|\u00a7", text)
    triples = list(zip(spoken, spoken[1:], spoken[2:], strict=False))
    again = len(triples) - len(set(triples))
    # What recurs has a triple that does, or is a title and little else.
    found = _recurring(reply, spoken) if again or text.count("\u00a7") > 1 else []
    if len(triples) >= 30 and again / len(triples) > 0.25:
        found.append(f"{again} of {len(triples)} word triples said before")
    if re.search(r"\b(\w+)(?:\W+\1\b){2,}", text) or re.search(r"(\S)\1{6,}", text):
        found.append("the same word or sign again and again")
    if len(spoken) >= 6 and reply.strip() in (e.strip() for e in earlier):
        found.append("the same reply as before")
    return found


def _recurring(reply: str, spoken: Sequence[str]) -> list[str]:
    """Sentences, and runs of words, that are said again."""
    said = Counter(tuple(re.findall(r"\w+|\u00a7", plain(s))) for s in sentences(reply))
    found = [f"says twice: {' '.join(s)}"[:120] for s, n in said.items() if n > 1 and len(s) >= 3][:1]
    for size, most in ((4, 2), (7, 1)):
        grams = Counter(tuple(spoken[i : i + size]) for i in range(len(spoken) - size + 1))
        wordy = Counter(
            {g: n for g, n in grams.items() if n > most and 2 * sum(map(str.isdigit, g)) < size}
        )  # sizes recur
        found += [f"{count} times: {' '.join(gram)}" for gram, count in wordy.most_common(1)]
    for size in (3, 4, 5):
        runs = (
            spoken[i : i + size]
            for i in range(len(spoken) - 2 * size + 1)
            if spoken[i : i + size] == spoken[i + size : i + 2 * size]
        )
        found += [f"twice at once: {' '.join(run)}" for run in runs][:1]
    return found
