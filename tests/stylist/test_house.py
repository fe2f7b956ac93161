from pathlib import Path

import pytest

from concierge.errors import UserError
from concierge.paths import PROMPTS
from concierge.stylist import House


def write(directory: Path, toml: str, voice: str = "Be kind.", facts: str = "# Returns\n30 days.") -> Path:
    for name, text in (("house.toml", toml), ("voice.md", voice), ("facts.md", facts)):
        (directory / name).write_text(text, "utf-8")
    return directory


def test_the_shipped_house_is_whole() -> None:
    house = House.load(PROMPTS)
    assert house.name
    assert len(house.suggestions) == 4
    assert house.catalog.is_file()
    assert house.images.is_dir()


def test_another_house_with_the_same_files(tmp_path: Path) -> None:
    toml = 'name = "Nord"\ncurrency = "dkk"\ngreeting = "Hej"\ncatalog = "feed.csv"'
    house = House.load(write(tmp_path, toml))
    assert (house.name, house.currency, house.locale, house.suggestions) == ("Nord", "DKK", "en", ())
    assert house.catalog == tmp_path / "feed.csv"
    assert house.images is None


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ('currency = "EUR"\ngreeting = "Hi"', "name"),
        ('name = "Nord"\ngreeting = "Hi"\ncurrency = "euros"', "currency"),
        ('name = "Nord"\ncurrency = "EUR"\ngreeting = 3', "greeting"),
        ('name = "Nord"\ncurrency = "EUR"\ngreeting = "Hi"\nsuggestions = "one"', "suggestions"),
        ("name = ", "house.toml"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, toml: str, named: str) -> None:
    with pytest.raises(UserError, match=named) as raised:
        House.load(write(tmp_path, toml))
    assert "\n" not in str(raised.value)


def test_a_directory_without_the_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"house\.toml"):
        House.load(tmp_path)
