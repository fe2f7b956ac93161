import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, ask, wait_for_reply


def number(text: str) -> float:
    return float(re.sub(r"[^\d.]", "", text))


def with_cards(page: Page) -> Page:
    ask(page, "A warm coat")
    wait_for_reply(page)
    assert page.locator(".card").count() >= 2
    return page


def test_look_collects_pieces_totals_them_and_keeps_them(open_page: OpenPage) -> None:
    page = with_cards(open_page())
    tray = page.get_by_role("complementary", name="Your look")
    expect(tray).to_contain_text("Pieces you add will gather here.")
    for card in (0, 1):
        page.locator(".card").nth(card).get_by_role("button", name="Add to look").click()
    expect(tray.locator(".piece")).to_have_count(2)
    prices = tray.locator(".piece .price").evaluate_all(
        "tags => tags.map((tag) => (tag.querySelector('.price-now') ?? tag).textContent)"
    )
    assert number(tray.locator(".look-sum").inner_text()) == sum(map(number, prices))
    page.reload()
    expect(tray.locator(".piece")).to_have_count(2)
    tray.get_by_role("button", name="Remove").first.click()
    expect(tray.locator(".piece")).to_have_count(1)
    expect(tray.get_by_role("heading", name="Your look")).to_be_focused()
    tray.get_by_role("button", name="Clear the look").click()
    expect(tray.locator(".piece")).to_have_count(0)


def test_prices_of_a_kept_look_are_the_feeds(open_page: OpenPage) -> None:
    page = with_cards(open_page())
    page.locator(".card").first.get_by_role("button", name="Add to look").click()
    price = page.locator(".piece .price").inner_text()
    page.evaluate(
        """() => {
          const look = JSON.parse(localStorage["concierge.look"]);
          look[0].product.price.amount = "1.00";
          look[0].product.sale_price = null;
          localStorage["concierge.look"] = JSON.stringify(look);
        }"""
    )
    page.reload()
    expect(page.locator(".piece .price")).to_have_text(price, use_inner_text=True)


def test_lightbox_shows_a_piece_in_full(open_page: OpenPage) -> None:
    page = with_cards(open_page())
    opener = page.locator(".card-open").first
    title = opener.locator(".card-title").inner_text()
    opener.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name=title)).to_be_visible()
    expect(dialog.locator(".lightbox-description")).not_to_be_empty()
    expect(dialog.get_by_text("Material", exact=True)).to_be_visible()
    sizes = dialog.get_by_role("group", name="Size").get_by_role("radio")
    chosen = sizes.and_(dialog.locator(":enabled")).first
    chosen.check()
    size = chosen.get_attribute("value")
    dialog.get_by_role("button", name="Add to look").click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    expect(page.locator(".piece")).to_contain_text(f"{size}")


def test_on_a_phone_the_look_is_a_sheet_with_a_count(open_page: OpenPage) -> None:
    page = with_cards(open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True))
    page.locator(".card").first.get_by_role("button", name="Add to look").tap()
    toggle = page.get_by_role("button", name="Look with 1 piece")
    toggle.tap()
    sheet = page.get_by_role("dialog", name="Your look")
    expect(sheet.locator(".piece")).to_have_count(1)
    sheet.get_by_role("button", name="Close").tap()
    expect(sheet).to_be_hidden()
