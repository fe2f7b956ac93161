"""A house: its name, voice and facts, read from text files that a stylist can edit."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from concierge.errors import UserError


@dataclass(frozen=True, slots=True)
class House:
    """What `house.toml`, `voice.md` and `facts.md` of a directory say.

    Attributes:
        currency: ISO 4217 code.
        locale: BCP 47 tag, for the page's numbers and dates.
        suggestions: what a shopper may ask first.
        voice: how the concierge speaks; leads the prompt.
        facts: the house's facts (returns, hours, repairs, ...), a heading a topic.
        catalog: the product feed, or None.
        images: the directory of product images served at /images, or None.
    """

    name: str
    tagline: str
    currency: str
    locale: str
    greeting: str
    suggestions: tuple[str, ...]
    voice: str
    facts: str
    catalog: Path | None
    images: Path | None

    @classmethod
    def load(cls, directory: Path) -> House:
        """Raises UserError that names the file and the key to mend."""
        try:
            table = tomllib.loads((directory / "house.toml").read_text("utf-8"))
            voice = (directory / "voice.md").read_text("utf-8").strip()
            facts = (directory / "facts.md").read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UserError(
                f"--house {directory}: cannot read house.toml, voice.md and facts.md there ({error})."
            ) from error

        def text(key: str, default: str | None = None) -> str:
            value = table.get(key, default)
            if not isinstance(value, str) or not (value.strip() or default == ""):
                raise UserError(f'{directory / "house.toml"}: set {key} = "..." (text).')
            return value.strip()

        suggestions = table.get("suggestions", [])
        if not isinstance(suggestions, list) or not all(isinstance(s, str) for s in suggestions):
            raise UserError(
                f'{directory / "house.toml"}: set suggestions = ["...", "..."] (a list of texts).'
            )
        currency = text("currency").upper()
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise UserError(f'{directory / "house.toml"}: set currency = "EUR" or another ISO 4217 code.')
        catalog, images = text("catalog", ""), text("images", "")
        return cls(
            name=text("name"),
            tagline=text("tagline", ""),
            currency=currency,
            locale=text("locale", "en"),
            greeting=text("greeting"),
            suggestions=tuple(suggestions),
            voice=voice,
            facts=facts,
            catalog=(directory / catalog).resolve() if catalog else None,
            images=(directory / images).resolve() if images else None,
        )
