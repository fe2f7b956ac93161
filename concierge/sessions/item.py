"""A conversation as it is stored."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Role = Literal["user", "assistant", "system"]
Status = Literal["in_progress", "completed", "incomplete"]


@dataclass(slots=True)
class Item:
    """One message.

    Attributes:
        created: Unix seconds.
        context: what the stylist put before a shopper's words in the prompt (pieces, facts). It is replayed
            word for word, so that a conversation's prompt only grows.
        tokens, model: exact tokens of a reply, and the fingerprint of the model that made them.
        products: ids of the pieces shown with it.
    """

    id: str
    role: Role
    text: str
    status: Status = "completed"
    created: float = field(default_factory=time.time)
    context: str = ""
    tokens: tuple[int, ...] = ()
    model: str = ""
    products: tuple[str, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Item:
        fields = json.loads(text)
        return cls(**{**fields, "tokens": tuple(fields["tokens"]), "products": tuple(fields["products"])})


@dataclass(slots=True, weakref_slot=True)
class Session:
    """One shopper's conversation.

    Attributes:
        owner: whose it is; nobody else can open or forget it.
        marks: why staff should look at it: "person", "complaint", "order", "question".
        settings: what the client set with session.update.
        items: oldest first.
    """

    id: str
    owner: str
    created: float
    marks: set[str] = field(default_factory=set)
    settings: dict[str, Any] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)

    def head(self) -> list[str]:
        """All but the items, as names and values of a Redis hash."""
        marks, settings = json.dumps(sorted(self.marks)), json.dumps(self.settings)
        return ["owner", self.owner, "created", repr(self.created), "marks", marks, "settings", settings]
