"""Manners alone, and what is more than manners."""

import pytest

from concierge.stylist.manners import Manner, manner_of


@pytest.mark.parametrize(
    ("message", "manner"),
    [
        ("hi", "greeting"),
        ("Good morning!", "greeting"),
        ("Hi, is anyone there?", "greeting"),
        ("ok perf ty", "thanks"),
        ("lovely, thank you so much", "thanks"),
        ("thanks a lot, bye", "farewell"),
        ("Have a good day!", "farewell"),
        ("good night", "farewell"),
        ("hi, hello, thanks, cheers and bye", "farewell"),
        ("", None),
        ("good evening, I need a coat", None),
        ("thanks, and the price?", None),
        ("hello, tell me everything that you can do", None),
        ("thank you for nothing", None),
        ("bye bye jeans, hello skirts", None),
        ("is it good", None),
    ],
)
def test_manners_are_told(message: str, manner: Manner | None) -> None:
    assert manner_of(message) == manner
