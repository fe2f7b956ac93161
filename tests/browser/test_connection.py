import re
from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import OpenPage, ask, wait_for_reply
from tests.realtime.talk import LONG

STATUS = ".status-line"


def through(routes: list[WebSocketRoute], passes: Callable[[str | bytes], bool]) -> Callable[[Page], None]:
    """
    Let the page's sockets pass through a hand that can cut them, and that lets the page hear of what the real
    server says on the first of them what `passes`.
    """

    def pass_on(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        if not routes:
            server.on_message(lambda message: route.send(message) if passes(message) else None)
        routes.append(route)

    def prepare(page: Page) -> None:
        page.route_web_socket(re.compile("/v1/realtime"), pass_on)

    return prepare


def test_message_typed_offline_is_kept_and_sent(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "Good morning")
    wait_for_reply(page)
    page.context.set_offline(True)
    expect(page.locator(STATUS)).to_contain_text("The connection is lost")
    ask(page, "A scarf in wool")
    expect(page.locator(".turn.is-pending")).to_have_count(1)
    page.context.set_offline(False)
    expect(page.locator(".turn.is-pending")).to_have_count(0)
    assert wait_for_reply(page).strip()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(STATUS)).not_to_contain_text("lost")


def test_message_typed_offline_outlives_a_reload(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator(".welcome")).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator(STATUS)).to_contain_text("The connection is lost")
    ask(page, "A belt in tan leather")
    page.get_by_label("Your message").fill("and a thought not yet finished")
    page.context.set_offline(False)
    page.reload()
    assert wait_for_reply(page).strip()
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.get_by_label("Your message")).to_have_value("and a thought not yet finished")


def test_lost_socket_comes_back_by_itself_in_mid_reply(open_page: OpenPage) -> None:
    routes: list[WebSocketRoute] = []
    words: list[str | bytes] = []

    def in_mid_reply(message: str | bytes) -> bool:  # however fast the machine is
        words.extend([message] if "response.output_text.delta" in str(message) else [])
        return len(words) < 2

    page = open_page(prepare=through(routes, in_mid_reply))
    ask(page, LONG)
    expect(page.locator(".words")).not_to_be_empty()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    routes[-1].close(code=1012, reason="restarting")
    expect(page.locator(STATUS)).to_contain_text("as you left it")
    assert len(routes) == 2
    assert wait_for_reply(page).strip()
    expect(page.locator(".words")).to_have_count(1)
    expect(page.locator(".turn")).to_have_count(1)
    ask(page, "Thank you")
    assert wait_for_reply(page).strip()


def test_reload_in_mid_reply_asks_for_it_again(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "Which shoes go with a linen suit?")
    expect(page.locator(".words")).not_to_be_empty()
    page.reload()
    assert wait_for_reply(page).strip()
    expect(page.locator(".turn")).to_have_count(1)


def test_unknown_session_starts_afresh_and_says_so(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "Hello")
    wait_for_reply(page)
    page.evaluate(
        "localStorage['concierge.session'] = JSON.stringify('sess_00000000000000000000000000000000')"
    )
    page.reload()
    expect(page.locator(STATUS)).to_contain_text("this is a new one")
    expect(page.locator(".greeting")).to_be_visible()
    ask(page, "Hello again")
    assert wait_for_reply(page).strip()


def test_a_dead_socket_is_noticed_when_the_tab_returns(open_page: OpenPage) -> None:
    """A phone that slept: the socket still says OPEN, and nothing comes through it any more."""
    routes: list[WebSocketRoute] = []
    deaf: list[bool] = []
    page = open_page(prepare=through(routes, lambda _: not deaf))
    ask(page, "Hello")
    wait_for_reply(page)
    deaf.append(True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(8_500)
    ask(page, "Hello again")
    assert wait_for_reply(page).strip()
    assert len(routes) == 2
