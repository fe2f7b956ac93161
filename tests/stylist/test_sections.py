"""facts.md as sentences, whatever of Markdown a house writes."""

import pytest

from concierge.stylist.sections import sections, sentences


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("", []),
        ("Founded in Rome.", [("The house", ["Founded in Rome."])]),
        ("## Delivery\nTwo days.\nFree over\n£90.", [("Delivery", ["Two days. Free over £90."])]),
        ("# Empty\n\n# Gifts\nWrapped.", [("Gifts", ["Wrapped."])]),
        (
            "# Delivery\nBy post:\n- France: 3 days, €9\n- **Italy**: 4 days, €12.\n\n1. Express: €20",
            [("Delivery", ["By post: France: 3 days, €9.", "Italy: 4 days, €12.", "Express: €20."])],
        ),
        (
            "# Fees\n| What | Price |\n|---|---|\n| Hem | £16 |\n| Sleeves | £28 |",
            [("Fees", ["Hem, £16.", "Sleeves, £28."])],
        ),
        (
            "Reach us\n========\nWrite to [us](mailto:a@b.example) *today*",
            [("Reach us", ["Write to us today."])],
        ),
        ("# Hours\n\n    Mon 10-18", [("Hours", ["Mon 10-18."])]),
    ],
)
def test_sections_are_told_in_sentences(markdown: str, expected: list[tuple[str, list[str]]]) -> None:
    assert sections(markdown) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2214 E. Admiral Place; open daily. Ring!", ["2214 E. Admiral Place;", "open daily.", "Ring!"]),
        ("Open 9 a.m. to 8 p.m. Closed on Monday.", ["Open 9 a.m. to 8 p.m.", "Closed on Monday."]),
        ("Ask Mrs. Gray, tel. 555. Daily.", ["Ask Mrs. Gray, tel. 555.", "Daily."]),
    ],
)
def test_an_initial_or_an_abbreviation_ends_no_sentence(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected
