from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, ask, wait_for_reply

BUDGET_BYTES = 250_000
DEVICES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "tablet": {"viewport": {"width": 820, "height": 1180}, "has_touch": True},
    "desk": {"viewport": {"width": 1440, "height": 900}},
}


def moved(page: Page) -> float:
    """The cumulative layout shift so far (https://web.dev/articles/cls); below 0.1 counts as good."""
    return sum(float(shift.split(":")[0]) for shift in page.evaluate("window.watched.shifts"))


@pytest.mark.parametrize("device", DEVICES)
def test_nothing_moves_while_a_reply_streams(open_page: OpenPage, device: str) -> None:
    page = open_page(**DEVICES[device])
    ask(page, "A whole look for a dinner in the city")
    wait_for_reply(page)
    ask(page, "Tell me at length about each of these pieces")
    expect(page.locator(".turn").last.locator(".words")).not_to_be_empty()
    ask(page, "And something for the day after")
    wait_for_reply(page)
    assert moved(page) < 0.001
    page.reload()
    expect(page.locator(".turn")).to_have_count(3)
    page.wait_for_timeout(500)
    assert moved(page) < 0.001


def test_page_is_light(open_page: OpenPage) -> None:
    sizes: dict[str, int] = {}

    def prepare(page: Any) -> None:
        page.on(
            "response",
            lambda response: sizes.update({response.url: len(response.body())}) if response.ok else None,
        )

    page = open_page(prepare=prepare)
    page.wait_for_load_state("networkidle")
    assert sum(size for url, size in sizes.items() if "/images/" not in url) < BUDGET_BYTES


def test_reader_is_not_pulled_along_by_a_long_reply(open_page: OpenPage) -> None:
    """The question stays at the top while its reply unrolls: what is being read holds still."""
    page = open_page(viewport={"width": 700, "height": 500})
    ask(page, "Hello")
    wait_for_reply(page)
    ask(page, "Tell me in many long paragraphs about the history of the overcoat")
    page.wait_for_timeout(1_200)
    asked = page.locator(".asked").last
    before = asked.bounding_box()
    wait_for_reply(page)
    assert asked.bounding_box() == before
