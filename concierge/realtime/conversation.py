"""A session's items as its connections see them, and what clients may do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from concierge.realtime.events import ItemCreate, ItemTruncate, ProtocolError
from concierge.realtime.server_events import new_id
from concierge.sessions import Item, Session, SessionStore

if TYPE_CHECKING:
    from concierge.realtime.connection import Connection
    from concierge.realtime.reply import Reply

MAX_ITEMS = 2_000
SPEECH_RATE = 15  # characters a second of a voice reading a reply aloud


class Conversation:
    """One session in this process, shared by all connections to it (two tabs of one shopper).

    Attributes:
        guests: connections that are in it.
        reply: the one under way; there is one at a time.
    """

    def __init__(self, session: Session, store: SessionStore) -> None:
        self.session = session
        self.store = store
        self.guests: set[Connection] = set()
        self.reply: Reply | None = None
        for item in session.items:
            if item.status == "in_progress":  # the process that spoke it has died
                item.status = "incomplete"

    async def settle(self) -> None:
        """Wait until a reply that was cut off is stored."""
        if self.reply and self.reply.cancelled:
            await self.reply.ended.wait()

    def find(self, item_id: str) -> Item:
        """Raises ProtocolError if there is no such item."""
        for item in self.session.items:
            if item.id == item_id:
                return item
        raise ProtocolError("item_not_found", f"This conversation has no item '{item_id}'.", "item_id")

    def before(self, item_id: str) -> str | None:
        """The id of the item before this one."""
        ids = [item.id for item in self.session.items]
        index = ids.index(item_id) if item_id in ids else 0
        return ids[index - 1] if index else None

    async def create(self, event: ItemCreate) -> Item:
        """Add a message at the end, or after `previous_item_id`. Raises ProtocolError if it cannot be."""
        items, wanted = self.session.items, event.item
        if len(items) >= MAX_ITEMS:
            message = f"A conversation may have {MAX_ITEMS} items; begin a new one."
            raise ProtocolError("too_many_items", message)
        if wanted.id and any(item.id == wanted.id for item in items):
            raise ProtocolError("item_exists", f"There is an item '{wanted.id}' already.", "item.id")
        self._check_place(event.previous_item_id)
        item = Item(wanted.id or new_id("item"), wanted.role, wanted.text)
        await self.store.append(self.session, item)
        return item

    def _check_place(self, previous: str | None) -> None:
        items = self.session.items
        last = items[-1].id if items else "root"
        if previous not in (None, last):
            raise ProtocolError(
                "unsupported_parameter",
                f"Items are added at the end: leave previous_item_id out or say '{last}'.",
                "previous_item_id",
            )

    async def delete(self, item_id: str) -> None:
        """Raises ProtocolError if there is no such item, or a reply is just being spoken into it."""
        self._at_rest(self.find(item_id))
        await self.store.remove(self.session, item_id)

    async def truncate(self, event: ItemTruncate) -> None:
        """Keep of a reply what a voice would have read aloud in `audio_end_ms`, at `SPEECH_RATE`."""
        item = self._at_rest(self.find(event.item_id))
        if item.role != "assistant":
            raise ProtocolError("invalid_value", "Only assistant messages can be truncated.", "item_id")
        length = event.audio_end_ms * SPEECH_RATE // 1000
        if length > len(item.text):
            duration = len(item.text) * 1000 // SPEECH_RATE
            message = f"The text, read aloud, lasts {duration} ms; audio_end_ms may be no more."
            raise ProtocolError("invalid_value", message, "audio_end_ms")
        if length < len(item.text):
            cut = item.text[: length + 1]  # a word that ends just there is heard
            item.text = cut.rpartition(" ")[0]
            item.status, item.tokens = "incomplete", ()
            await self.store.replace(self.session, item)

    def _at_rest(self, item: Item) -> Item:
        if item.status == "in_progress":
            message = "This item is still being spoken; send response.cancel first."
            raise ProtocolError("item_in_progress", message, "item_id")
        return item
