"""Names nobody has: of houses, people and pieces, coined from parts."""

from __future__ import annotations

import re
from random import Random

from training.phrasebook import Phrasebook

_MARKS = ("II", "No. 4", "No. 7", "No. 12", "55", "70", "101", "Petite")


class Names:
    """Coins names. A piece's name never comes twice."""

    def __init__(self, book: Phrasebook) -> None:
        self._parts = {
            part: book.lines("names.txt", part)
            for part in ("head", "tail", "whole", "adjective", "house", "city", "country", "street", "person")
        }
        self._taken: set[str] = set()

    def any(self, rng: Random, part: str) -> str:
        return rng.choice(self._parts[part])

    def some(self, rng: Random, part: str, count: int) -> list[str]:
        """Different ones."""
        return rng.sample(self._parts[part], count)

    def coined(self, rng: Random) -> str:
        """One word, such as `Velmira`."""
        head, tail = self.any(rng, "head"), self.any(rng, "tail")
        return head.rstrip("aeiou") + tail if tail[0] in "aeioué" else head + tail

    def house(self, rng: Random, city: str) -> str:
        pattern = self.any(rng, "house")
        return pattern.format(n=self.coined(rng), n2=self.coined(rng), city=city)

    def street(self, rng: Random) -> str:
        return self.any(rng, "street").format(n=self.coined(rng), number=rng.randint(1, 98))

    def title(self, rng: Random, noun: str, material: str) -> str:
        """A piece's name: mostly a coined word before its noun, as houses do; sometimes only words."""
        for _ in range(50):
            title = self._title(rng, noun, material)
            words = re.split(r"[ -]", title.lower())
            if len(set(words)) == len(words) and title not in self._taken:
                break
        else:
            title = f"{self.coined(rng)} {self.coined(rng)} {noun}"
        self._taken.add(title)
        return title

    def _title(self, rng: Random, noun: str, material: str) -> str:
        kind = rng.random()
        name = self.any(rng, "whole") if kind < 0.12 else self.coined(rng)
        if kind < 0.6:
            return f"{name} {noun}"
        if kind < 0.7:
            return f"{name} {self.any(rng, 'adjective')} {noun}"
        if kind < 0.77 and material and len(material.split()) < 3 and "-" not in material:
            return f"{name} {material.title()} {noun}"
        if kind < 0.82:
            return f"The {name} {noun}"
        if kind < 0.87:
            return f"{noun} {name}"
        if kind < 0.92:
            return f"{name} {rng.choice(_MARKS)} {noun}"
        if kind < 0.97 and material:
            return f"{self.any(rng, 'adjective')} {material.title()} {noun}"
        return f"{name} {self.coined(rng)} {noun}"
