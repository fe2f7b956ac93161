"""Text of the model, the feed and the shopper, as the page's own modules render it in the browser."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage

ATTACK = '<img src=x onerror="window.broken = true"><script>window.broken = true</script>'


def render(page: Page, *texts: str) -> str:
    """The HTML that one element has after it was made to show each of the texts in turn."""
    return str(
        page.evaluate(
            """async (texts) => {
              const { parse, render } = await import("/markdown.js");
              const node = document.createElement("div");
              for (const text of texts) render(node, parse(text));
              return node.innerHTML;
            }""",
            list(texts),
        )
    )


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()


def test_markup_a_model_writes_in_prose(page: Page) -> None:
    assert render(page, "One **bold** and *light*.\nNext\n\nLast") == (
        "<p>One <strong>bold</strong> and <em>light</em>.<br>Next</p><p>Last</p>"
    )
    assert render(page, "Two:\n- a\n- **b**\n\n1. c\n2. d") == (
        "<p>Two:</p><ul><li>a</li><li><strong>b</strong></li></ul><ol><li>c</li><li>d</li></ol>"
    )
    assert render(page, "## A title\ntext") == "<p><strong>A title</strong></p><p>text</p>"
    assert render(page, "2 * 3 * 4 and snake_case_name and 5*6") == (
        "<p>2 * 3 * 4 and snake_case_name and 5*6</p>"
    )


def test_streamed_text_ends_as_the_whole_text_would(page: Page) -> None:
    text = "For **you**, *now*:\n\n- a coat\n- **shoes**\n\n1. first\n\nAnd [a link](javascript:alert(1))."
    prefixes = [text[:end] for end in range(1, len(text) + 1)]
    assert render(page, *prefixes) == render(page, text)


@pytest.mark.parametrize("text", [ATTACK, f"**{ATTACK}**", f"- {ATTACK}", f"# {ATTACK}"])
def test_no_text_becomes_markup(page: Page, text: str) -> None:
    html = render(page, text)
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;img" in html


def test_no_feed_becomes_markup_or_script(page: Page) -> None:
    price = {"amount": "10.00", "currency": "EUR"}
    product: dict[str, Any] = dict.fromkeys(["title", "description", "brand", "material", "color"], ATTACK)
    product |= {
        "id": ATTACK,
        "price": price,
        "sale_price": price,
        "image": "/favicon.svg",
        "link": "javascript:broken=1",
    }
    product |= {
        "colors": [ATTACK],
        "sizes": [{"size": ATTACK, "available": True}],
        "availability": "in_stock",
    }
    product |= {"variants": [{"id": "v", "color": ATTACK, "size": ATTACK, "price": price, "image": ""}]}
    shown = page.evaluate(
        """async (product) => {
          const { cardRow } = await import("/products.js");
          const { Lightbox } = await import("/lightbox.js");
          const { Look } = await import("/look.js");
          const money = ({ amount }) => amount;
          const look = new Look();
          document.querySelector(".log").append(cardRow([product], { money, look, onOpen() {} }));
          const dialog = document.querySelector(".lightbox");
          await new Lightbox(dialog, { money, look, details: () => product }).open(product);
          const within = (selector) => [...document.querySelectorAll(`:is(.cards, .lightbox) ${selector}`)];
          return {
            strangers: within(":is(script, [onerror], a[href^=javascript])").length,
            images: within("img").every((image) => image.closest(".plate")),
            broken: window.broken === true,
          };
        }""",
        product,
    )
    assert shown == {"strangers": 0, "images": True, "broken": False}


def test_totals_do_not_drift(page: Page) -> None:
    totals = page.evaluate(
        """async () => {
          const { total } = await import("/money.js");
          const dimes = Array(10).fill({ amount: "0.10", currency: "EUR" });
          return total([...dimes, { amount: "5", currency: "JPY" }]);
        }"""
    )
    assert totals == [{"amount": 1, "currency": "EUR"}, {"amount": 5, "currency": "JPY"}]


def test_reconnection_waits_longer_each_time_up_to_a_limit(page: Page) -> None:
    shortest, longest = page.evaluate(
        """async () => {
          const { backoff } = await import("/backoff.js");
          const waits = (random) => [0, 1, 4, 20].map((tries) => Math.round(backoff(tries, () => random)));
          return [waits(0), waits(0.999999)];
        }"""
    )
    assert shortest == [250, 500, 4000, 15000]
    assert longest == [500, 1000, 8000, 30000]
