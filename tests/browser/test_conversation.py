import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, ask, follow, wait_for_reply
from tests.realtime.talk import LONG


def stored(page: Page, key: str) -> object:
    return page.evaluate(f"JSON.parse(localStorage.getItem('concierge.{key}'))")


def test_page_introduces_the_house_and_answers_a_suggestion(open_page: OpenPage) -> None:
    page = open_page()
    house = page.request.get(page.url + "v1/house").json()
    expect(page).to_have_title(house["name"])
    expect(page.locator(".greeting")).to_have_text(house["greeting"])
    suggestions = page.get_by_role("list", name="Suggestions").get_by_role("button")
    assert suggestions.all_inner_texts() == house["suggestions"]
    suggestions.first.click()
    expect(page.locator(".asked")).to_contain_text(house["suggestions"][0])
    assert wait_for_reply(page).strip()
    expect(page.locator(".welcome")).to_be_hidden()


def test_words_stream_beside_pieces_with_prices_from_the_feed(open_page: OpenPage) -> None:
    page = open_page()
    states = follow(page)
    ask(page, "A silk dress for a summer wedding")
    cards = page.locator(".card")
    expect(cards.first).to_be_visible()
    wait_for_reply(page)
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    said = page.locator(".words").text_content() or ""
    assert any(0 < len(words) < len(said) for words in states())
    assert re.search(r"\d", cards.first.locator(".price").inner_text())
    expect(cards.first.locator("img")).to_have_js_property("complete", True)
    assert cards.first.locator("img").evaluate("image => image.naturalWidth") > 0


@pytest.mark.parametrize(
    "stop", ["document.querySelector('button.stop').click()", None], ids=["button", "Escape"]
)
def test_stop_keeps_what_was_said(open_page: OpenPage, stop: str | None) -> None:
    page = open_page()
    turn = page.locator(".turn").last
    stopped = turn.get_by_text("You stopped this reply.")
    for _ in range(5):  # a reply may have ended before
        ask(page, LONG)
        expect(turn.locator(".words")).to_contain_text(re.compile(r"\w+ \w+ \w+"))
        page.evaluate(stop) if stop else page.keyboard.press("Escape")
        said = wait_for_reply(page)
        if stopped.is_visible():
            break
    expect(stopped).to_be_visible()
    page.wait_for_timeout(800)
    assert turn.locator(".words").inner_text() == said
    page.reload()
    expect(turn.locator(".words")).to_have_text(said, use_inner_text=True)


def test_copy_and_ask_again(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "What is your return policy?")
    said = wait_for_reply(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.sub(r"\W", "", said)[:40] == re.sub(r"\W", "", copied)[:40]
    states = follow(page)
    page.get_by_role("button", name="Ask again").click()
    assert wait_for_reply(page).strip()
    assert states()
    expect(page.locator(".turn")).to_have_count(1)
    page.reload()
    expect(page.locator(".turn")).to_have_count(1)


def test_a_second_message_waits_for_the_first_reply(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "A coat for a winter in Milan")
    expect(page.locator(".words")).not_to_be_empty()
    ask(page, "And shoes to go with it")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn").first.locator(".words")).not_to_be_empty()
    assert wait_for_reply(page).strip()
    assert page.locator(".turn").first.locator(".words").inner_text().strip()


def test_reload_restores_words_and_pieces(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "A leather bag in black")
    said = wait_for_reply(page)
    titles = page.locator(".card-title").all_inner_texts()
    page.reload()
    expect(page.get_by_role("status")).to_have_text("Your conversation is as you left it.")
    expect(page.locator(".words")).to_have_text(said, use_inner_text=True)
    assert page.locator(".card-title").all_inner_texts() == titles
    ask(page, "Is there one that is smaller?")
    assert wait_for_reply(page).strip()


def test_new_chat_can_be_taken_back(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "Hello")
    said = wait_for_reply(page)
    first = stored(page, "session")
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.locator(".greeting")).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_focused()
    page.get_by_role("button", name="Return to the last one").click()
    expect(page.locator(".words")).to_have_text(said, use_inner_text=True)
    assert stored(page, "session") == first


def test_markup_in_messages_stays_text(open_page: OpenPage) -> None:
    page = open_page()
    attack = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"
    ask(page, attack)
    expect(page.locator(".asked")).to_contain_text(attack)
    wait_for_reply(page)
    page.reload()
    expect(page.locator(".asked")).to_contain_text(attack)
    assert page.locator(".asked img, .asked script, .words img, .words script").count() == 0
    assert page.title() != "broken"
