"""`concierge chat`: a conversation in the terminal."""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from concierge.client.realtime import Conversation, Event
from concierge.errors import UserError

INTERRUPTED = 130


def run(
    url: str, message: str | None, *, session: str | None, key: str | None, raw: bool, stats: bool
) -> int:
    """Chat with the server at `url`; returns the exit code.

    One turn if there is a `message` or standard input is not a terminal, else until end of input.
    Raises UserError (CannotConnect, Refused).
    """
    interactive = message is None and sys.stdin.isatty()
    if not interactive and not (message := message or sys.stdin.read()).strip():
        raise UserError(
            "There is no message: give one as an argument, on standard input, or from a terminal."
        )
    conversation = Conversation(
        url, key=key, session=session, on_lost=lambda: _tell("Connection lost; reconnecting ...")
    )
    view = View(raw=raw, stats=stats)
    try:
        view.resumed(conversation.restored)
        if message:
            return turn(conversation, message, view)
        return _converse(conversation, view)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        conversation.close()
        id = conversation.session
        _tell(f"Session {id}; go on with: concierge chat {url} --session {id}")


def _converse(conversation: Conversation, view: View) -> int:
    import readline  # noqa: F401  line editing and history for input()

    _tell("Ctrl-C stops a reply, Ctrl-D ends the conversation.")
    while True:
        try:
            text = input("» ")
        except EOFError:
            print(file=sys.stderr)
            return 0
        if text.strip():
            turn(conversation, text, view)


def turn(conversation: Conversation, text: str, view: View) -> int:
    """Say `text` and show what comes back; 0, 1 if the server failed, 130 if interrupted.

    The first Ctrl-C cancels the reply, a second one raises KeyboardInterrupt.
    """
    view.begin()
    conversation.say(text)
    interrupted = False
    while True:
        try:
            if not (event := conversation.receive()):
                break
            view.show(event)
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            conversation.cancel()
    view.end()
    return INTERRUPTED if interrupted else view.failed


class View:
    """Events as words on standard output, or as JSON lines; remarks go to standard error."""

    def __init__(self, *, raw: bool, stats: bool) -> None:
        self._raw, self._stats = raw, stats
        self._out = Console(highlight=False, markup=False, soft_wrap=True)
        self.begin()

    def begin(self) -> None:
        """A turn begins now."""
        self._started = time.perf_counter()
        self._first = self._last = 0.0
        self._text = ""
        self._products: list[dict[str, Any]] = []
        self._usage: dict[str, Any] = {}
        self._answered = False
        self.failed = 0

    def resumed(self, events: list[Event]) -> None:
        """Tell the conversation so far."""
        for event in events:
            if self._raw:
                print(json.dumps(event, ensure_ascii=False), flush=True)
            elif event["type"] == "conversation.item.done":
                item = event["item"]
                mark = "» " if item["role"] == "user" else ""
                self._out.print(mark + _text(item), style="dim")

    def show(self, event: Event) -> None:
        """Show an event of the turn."""
        if self._raw:
            print(json.dumps(event, ensure_ascii=False), flush=True)
        match event["type"]:
            case "response.output_text.delta":
                self._last = time.perf_counter()
                self._first = self._first or self._last
                self._write(_printable(event["delta"]))
            case "concierge.products":
                self._products = event["products"]
            case "conversation.item.done" if event["item"]["role"] == "assistant":
                self._write(_text(event["item"]).removeprefix(self._text))
            case "response.done":
                self._done(event["response"])
            case "error":
                self._fail(event["error"]["message"])

    def end(self) -> None:
        """The turn has ended."""
        if not self._answered:
            self._fail("the reply was cut off when the connection was lost; ask again")
        if not self._raw:
            self._out.print()
            if self._products:
                self._out.print()
                self._out.print(products_table(self._products), soft_wrap=False)
                self._out.print()
        if self._stats and self._first:
            _tell(self._statistics())

    def _write(self, text: str) -> None:
        self._text += text
        if not self._raw:
            self._out.print(text, end="")

    def _done(self, response: dict[str, Any]) -> None:
        self._answered = True
        self._usage = response.get("usage") or {}
        details = response.get("status_details") or {}
        match response["status"]:
            case "failed":
                self._fail((details.get("error") or {}).get("message") or "the reply failed")
            case "cancelled":
                _tell("\n(stopped)")
            case "incomplete":
                _tell(f"\n(cut off: {details.get('reason')})")

    def _fail(self, message: str) -> None:
        self._answered, self.failed = True, 1
        _tell(f"The server says: {message}")

    def _statistics(self) -> str:
        prompt, reply = self._usage.get("input_tokens", 0), self._usage.get("output_tokens", 0)
        cached = (self._usage.get("input_token_details") or {}).get("cached_tokens", 0)
        wait, span = self._first - self._started, self._last - self._first
        rate = f"{(reply - 1) / span:.1f}" if span else "-"
        return (
            f"first words after {wait * 1000:.0f} ms, {reply} tokens at {rate} a second, "
            f"{cached} of {prompt} prompt tokens cached"
        )


def products_table(products: list[dict[str, Any]]) -> Table:
    """Cards as aligned rows: title, colors, price, stock."""
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "left"):
        table.add_column(justify=justify)
    for card in products:
        colors = card.get("colors") or [card.get("color") or ""]
        table.add_row(
            _printable(f"• {card['title']}"), _printable(", ".join(colors)), _price(card), _stock(card)
        )
    return table


def _price(card: dict[str, Any]) -> str:
    if sale := card.get("sale_price"):
        return f"{_money(sale)} (was {_money(card['price'])})"
    return _money(card["price"])


def _money(money: dict[str, str]) -> str:
    return f"{Decimal(money['amount']):,.2f} {money['currency']}"


def _stock(card: dict[str, Any]) -> str:
    availability = str(card.get("availability", "")).replace("_", " ")
    sizes = [size["size"] for size in card.get("sizes") or [] if size.get("available")]
    return f"{availability}: {' '.join(sizes)}" if sizes else availability


def _text(item: dict[str, Any]) -> str:
    return _printable("".join(part.get("text") or "" for part in item.get("content", [])))


def _printable(text: str) -> str:
    """Text that cannot steer the terminal: a model may say, and a feed may hold, escape sequences."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


def _tell(remark: str) -> None:
    print(remark, file=sys.stderr, flush=True)
