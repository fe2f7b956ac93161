"""The shopper's page in a real Chromium, against the real server and the real model."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 120_000  # a reply of the small model on a busy two-core machine

# Runs before the page's own scripts: layout shifts and broken policies, from the first frame on.
WATCH = """
window.watched = { shifts: [], violations: [] };
const place = ({ node, previousRect: from, currentRect: to }) =>
  `${node?.nodeName}.${node?.className} from ${from.x},${from.y} to ${to.x},${to.y}`;
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput, sources } of list.getEntries()) {
    if (!hadRecentInput) window.watched.shifts.push(`${value}: ${sources.map(place).join("; ")}`);
  }
}).observe({ type: "layout-shift", buffered: true });
document.addEventListener("securitypolicyviolation", (event) =>
  window.watched.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""

OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(server: Any, browser: Browser) -> Iterator[OpenPage]:
    """Opens the page in a context of its own; whatever happens there, console and policy must stay clean."""
    pages: list[tuple[Page, list[str]]] = []

    def open_page(*, prepare: Callable[[Page], None] | None = None, **options: Any) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 860}} | options))
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.add_init_script(WATCH)
        complaints: list[str] = []
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if prepare:
            prepare(page)
        page.goto(server.url)
        expect(page.locator(".house-name")).not_to_be_empty()
        pages.append((page, complaints))
        return page

    yield open_page
    for page, complaints in pages:
        violations = page.evaluate("window.watched.violations")
        page.context.close()
        assert violations == []
        # Chromium itself reports every request that finds no network.
        assert [
            line for line in complaints if "net::ERR_" not in line and "WebSocket connection" not in line
        ] == []


def ask(page: Page, text: str) -> None:
    """Type as a person does: a field that grows by itself, without a key, would count as a layout shift."""
    page.get_by_label("Your message").press_sequentially(text)
    page.get_by_label("Your message").press("Enter")


def follow(page: Page) -> Callable[[], list[str]]:
    """
    Write down what the page's last reply says each time it changes while Stop is offered, however soon the
    reply ends; what was written is returned when called.
    """
    page.evaluate("""() => {
      const states = (window.followed = []);
      const stop = document.querySelector("button.stop");
      new MutationObserver(() => {
        const words = [...document.querySelectorAll(".words")].at(-1)?.textContent ?? "";
        if (stop.checkVisibility() && states.at(-1) !== words) states.push(words);
      }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    }""")
    return lambda: page.evaluate("window.followed")


def wait_for_reply(page: Page) -> str:
    """Wait until the last turn's reply has ended; returns its words."""
    last = page.locator(".turn").last
    expect(last.get_by_role("button", name="Ask again")).to_be_visible()
    return last.locator(".words").inner_text()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands, a line each."""
    page.emulate_media(reduced_motion="reduce")  # colors that are still fading are not the ones to judge
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    page.emulate_media(reduced_motion="no-preference")
    return [
        json.dumps([rule["id"], rule["help"], [node["html"][:160] for node in rule["nodes"]]])
        for rule in found
    ]
