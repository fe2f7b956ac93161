import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, ask, violations, wait_for_reply

DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_in_any_state(open_page: OpenPage, device: dict[str, Any], scheme: str) -> None:
    page = open_page(color_scheme=scheme, **device)
    found: dict[str, list[str]] = {}

    def check(state: str) -> None:
        found[state] = violations(page)
        if device is PHONE:
            assert page.evaluate("document.documentElement.scrollWidth") == 360, state

    expect(page.locator(".welcome")).to_be_visible()
    check("empty")
    ask(page, "A dress for a dinner, told at length")
    expect(page.locator(".words")).not_to_be_empty()
    check("streaming")
    wait_for_reply(page)
    expect(page.locator(".card").first).to_be_visible()
    check("reply")
    page.locator(".card-open").first.click()
    expect(page.locator(".lightbox-description")).not_to_be_empty()
    check("lightbox")
    page.get_by_role("dialog").get_by_role("button", name="Add to look").click()
    page.keyboard.press("Escape")
    if device is PHONE:
        page.locator(".look-toggle").click()
    check("look")
    page.keyboard.press("Escape")
    page.context.set_offline(True)
    ask(page, "Are you there?")
    expect(page.locator(".status-line")).to_contain_text("kept")
    check("offline")
    page.context.set_offline(False)
    wait_for_reply(page)
    ask(page, "A very long story, please")
    page.keyboard.press("Escape")
    wait_for_reply(page)
    check("stopped")
    assert {state: problems for state, problems in found.items() if problems} == {}


def test_live_region_speaks_in_sentences(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate(
        """() => {
          window.spoken = [];
          new MutationObserver((changes) => changes.forEach(({ addedNodes }) =>
            addedNodes.forEach((node) => window.spoken.push(node.textContent)))
          ).observe(
            document.querySelector("[aria-live=polite]"),
            { childList: true, subtree: true, characterData: true },
          );
        }"""
    )
    ask(page, "Describe three of your coats, a few sentences on each")
    said = wait_for_reply(page)
    spoken = page.evaluate("window.spoken")
    assert 1 <= len(spoken) <= len(re.findall(r"[.!?…\n]+", said)) + 1
    assert all(re.search(r"[^\W\d_]", piece) for piece in spoken[:-1])
    letters = re.compile(r"[^a-z]")
    assert letters.sub("", "".join(spoken).lower()) == letters.sub("", said.lower())
    # The log itself is silent, or each token would be read out.
    assert page.get_by_role("log").get_attribute("aria-live") == "off"


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent || document.activeElement.id"))


def test_whole_journey_with_the_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to your message"
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("A wool coat,")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("please")
    expect(page.get_by_label("Your message")).to_have_value("A wool coat,\nplease")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your message")).to_have_value("")
    wait_for_reply(page)
    page.get_by_role("log").focus()
    page.keyboard.press("Tab")
    expect(page.locator(".card-open").first).to_be_focused()
    ring = page.locator(".card-open").first.evaluate("node => getComputedStyle(node).outlineStyle")
    assert ring == "solid"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".piece")).to_have_count(1)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(page.locator(".card-open").first).to_be_focused()


def test_stillness_is_kept_for_those_who_ask_for_it(open_page: OpenPage) -> None:
    page = open_page(reduced_motion="reduce")
    ask(page, "Something warm")
    expect(page.locator(".card").first).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0
