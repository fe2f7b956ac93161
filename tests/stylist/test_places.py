import pytest

from concierge.stylist.places import around, is_wide, nearness, of_locale, places


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("my gran in Osaka", {"Osaka"}),
        ("new york or the hague?", {"New York", "The Hague"}),
        ("do you ship to the UK", {"United Kingdom"}),
        ("Do you deliver to the US?", {"United States"}),
        ("Zürich, St. Moritz and Saint-Tropez", {"Zurich", "St Moritz", "Saint-Tropez"}),
        ("show us a nice jersey in oxford cloth", set()),
        ("SHOW US A COAT", set()),
        ("the Nice shop", {"Nice"}),
        ("Bath towels", set()),
        ("South Korea", {"South Korea"}),
        ("", set()),
    ],
)
def test_places_are_told_by_their_names(text: str, named: set[str]) -> None:
    assert places(text) == named


def test_a_place_lies_in_all_that_it_lies_in() -> None:
    assert dict(around("Lyon")) == {"Lyon": 0, "France": 1, "European Union": 2, "Europe": 3, "EEA": 3}
    assert around("Edinburgh")["United Kingdom"] == 2
    assert "United Kingdom" not in around("Jersey")


def test_a_continent_is_wide_and_a_country_is_not() -> None:
    assert {place for place in ("Asia", "Scandinavia", "Japan", "Tokyo") if is_wide(place)} == {
        "Asia",
        "Scandinavia",
    }


@pytest.mark.parametrize(
    ("asked", "named", "near"),
    [
        ("Japan", "Japan: 12 days", 1.0),
        ("Osaka", "Japan: 12 days", 0.8),
        ("France", "the rest of the EU", 0.8),
        ("Asia", "Japan: 12 days", 0.5),
        ("Spain", "Japan: 12 days", -0.6),
        ("Spain", "12 days", 0.0),
        ("anywhere", "Japan: 12 days", 0.0),
        ("Norway", "the EU", -0.6),
    ],
)
def test_what_lies_around_a_place_is_near_it(asked: str, named: str, near: float) -> None:
    assert nearness(places(asked), places(named)) == pytest.approx(near)


@pytest.mark.parametrize(
    ("tag", "country"),
    [("en-GB", "United Kingdom"), ("zh-Hant-HK", "Hong Kong"), ("en", None), ("en-ZZ", None), ("", None)],
)
def test_a_locale_tells_the_country(tag: str, country: str | None) -> None:
    assert of_locale(tag) == country
