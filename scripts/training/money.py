"""Amounts of a house: in its currency, rounded as shops round, and as shoppers say them."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from training.phrasebook import read_toml


def currencies() -> dict[str, Any]:
    return read_toml("currencies.toml")


def amount(rng: Random, euros: float, currency: str) -> Decimal:
    """An amount near `euros`: mostly round, at times with cents or a nine."""
    of = currencies()[currency]
    step = of["step"]
    value = max(step, round(euros * of["rate"] / step) * step)
    if step == 5 and value < 400 and rng.random() < 0.12:
        return Decimal(value) - rng.choice([Decimal("0.50"), Decimal("0.05"), Decimal("0.01")])
    if step == 5 and rng.random() < 0.08:
        return Decimal(value - 1)
    return Decimal(value)


def small(rng: Random, low: float, high: float, currency: str) -> Decimal:
    """A fee between two amounts of EUR."""
    of = currencies()[currency]
    step = 1 if of["step"] == 5 else of["step"] / 10 if of["step"] >= 1000 else 5
    value = round(rng.uniform(low, high) * of["rate"] / step) * step
    if value > 40 * step:
        value = round(value / (10 * step)) * 10 * step
    return Decimal(int(max(step, value)))


def limit_above(rng: Random, price: Decimal, currency: str) -> Decimal:
    """A round limit that a price is within."""
    unit = _round_unit(price)
    return (price // unit + 1 + rng.choice([0, 0, 1])) * unit


def limit_below(price: Decimal, currency: str) -> Decimal:
    """A round limit that a price is not within."""
    unit = _round_unit(price)
    return max(unit, (price * Decimal("0.6")) // unit * unit)


def _round_unit(price: Decimal) -> Decimal:
    return Decimal(10) ** max(1, len(str(int(price))) - 2) * (5 if int(price) % 3 else 10)


def said(rng: Random, value: Decimal, currency: str) -> str:
    """As a shopper says it: `300 euros`, `€1,200`, `1500`."""
    digits = f"{value:,.0f}" if rng.random() < 0.5 else f"{value:.0f}"
    pattern: str = rng.choice(currencies()[currency]["said"])
    return pattern.format(digits)
