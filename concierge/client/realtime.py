"""A conversation over the OpenAI Realtime protocol that survives a lost connection. Blocking."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from concierge.client import address
from concierge.client.address import CannotConnect, Refused

Event = dict[str, Any]
ANSWER_SECONDS = 30.0  # a server that says nothing for so long after connecting is not one
WAITS = (0.5, 1, 2, 4, 8, 8, 8, 8, 8, 8)  # seconds before each try to reconnect


class Conversation:
    """One session. A lost connection is taken up again, and the turn it interrupted goes on.

    Attributes:
        session: the session's id, for resuming it later.
        restored: the events that told the conversation so far, when it was resumed.
    """

    def __init__(
        self, url: str, *, key: str | None, session: str | None, on_lost: Callable[[], None] = lambda: None
    ) -> None:
        """Connect. `on_lost` is called when the connection is lost and is about to be taken up again.

        Raises:
            CannotConnect: nobody answers at `url`.
            Refused: the server will not have us, or has no such session.
        """
        self._url, self._key, self._on_lost = url, key, on_lost
        self._over = True
        self.session = session
        self.restored: list[Event] = []
        self._connect()

    def say(self, text: str) -> None:
        """Begin a turn: send a message and ask for a reply, which `receive` brings."""
        self._item, self._ask = f"item_{secrets.token_hex(12)}", f"event_{secrets.token_hex(12)}"
        self._message = _message(self._item, text)
        self._unsent = [self._message, {"type": "response.create", "event_id": self._ask}]
        self._over = False

    def receive(self) -> Event | None:
        """The turn's next event; None when the turn is over.

        After a lost connection, a reply that went on without us comes as `conversation.item.done`.
        Raises CannotConnect or Refused when the connection cannot be had again.
        """
        while not self._over:
            try:
                while self._unsent:
                    self._socket.send(json.dumps(self._unsent[0]))
                    self._unsent.pop(0)
                event: Event = json.loads(self._socket.recv())
            except ConnectionClosed:
                self._reconnect()
                if reply := self._take_up():
                    self._over = True
                    return reply
                continue
            unanswered = event["type"] == "error" and event["error"].get("event_id") == self._ask
            self._over = unanswered or event["type"] == "response.done"
            return event
        return None

    def cancel(self) -> None:
        """Stop the reply; the turn still ends with `response.done`."""
        with contextlib.suppress(ConnectionClosed):  # `receive` sees it as well, and mends it
            self._socket.send(json.dumps({"type": "response.cancel"}))

    def close(self) -> None:
        self._connection.close()

    def _take_up(self) -> Event | None:
        """After a reconnection: the reply to the turn's message if there is one, else ask for what lacks."""
        done = [event for event in self.restored if event["type"] == "conversation.item.done"]
        known = [event["item"]["id"] for event in done]
        if self._item not in known:
            self._unsent = [self._message]
        elif known[-1] != self._item:
            return done[-1]
        else:
            self._unsent = []
        self._unsent.append({"type": "response.create", "event_id": self._ask})
        return None

    def _connect(self) -> None:
        self._connection = contextlib.ExitStack()
        try:
            self._socket = self._connection.enter_context(
                connect(
                    address.realtime(self._url, self.session),
                    additional_headers=address.headers(self._key),
                    max_size=None,
                )
            )
        except InvalidStatus as error:
            raise Refused.by_http(self._url, error.response.status_code, error.response.body) from error
        except (OSError, InvalidHandshake) as error:
            raise CannotConnect(f"No Concierge answers at {self._url} ({error}); is it running?") from error
        try:
            self.restored = self._introduction()
        except TimeoutError:
            raise CannotConnect(f"{self._url} accepts connections and says nothing.") from None
        except ConnectionClosed as error:
            close = error.rcvd
            reason = close.reason if close and close.reason else "it closed the connection"
            raise Refused(f"{self._url} refuses: {reason}.", temporary=True) from None

    def _introduction(self) -> list[Event]:
        """The server's first events, up to where a new or resumed conversation may go on."""
        events: list[Event] = []
        last = "concierge.resumed" if self.session else "session.created"
        while not events or events[-1]["type"] != last:
            event = json.loads(self._socket.recv(timeout=ANSWER_SECONDS))
            if event["type"] == "error":
                error = event["error"]
                temporary = error.get("retry_after") is not None
                raise Refused(f"{self._url} refuses: {error['message']}", temporary=temporary)
            if event["type"] == "session.created":
                self.session = event["session"]["id"]
            events.append(event)
        return events

    def _reconnect(self) -> None:
        self.close()
        self._on_lost()
        for wait in WAITS:
            time.sleep(wait)
            try:
                return self._connect()
            except CannotConnect:
                continue
            except Refused as refusal:
                if not refusal.temporary:
                    raise
        raise CannotConnect(f"{self._url} does not come back.")


def _message(item: str, text: str) -> Event:
    content = [{"type": "input_text", "text": text}]
    message = {"id": item, "type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": message}
