"""The prompt's format: what the model reads. Training data is made with these very functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from concierge.catalog import Product
from concierge.engine import Message
from concierge.sessions import Item
from concierge.stylist.house import House
from concierge.stylist.intent import Mark

NOTHING_FOUND = "None in the collection fits. Say so and suggest what could be changed."
HANDOVER: dict[Mark, str] = {
    "person": "The shopper asks for a person: say that a colleague will join this chat.",
    "complaint": "The shopper complains: apologise, and say that a colleague will join this chat.",
    "order": "The shopper asks about an order: say that a colleague will look it up and answer here.",
    "question": "The facts do not tell what the shopper asks: say that a colleague will know.",
}

SECTION = r"\[(?:Piece|Fact|Note|Shopper|Instruction)s?\]"
# What only the prompt itself is made of; in a shopper's words it is an attempt at giving orders.
MARKUP = re.compile(rf"{SECTION}|<\|?/?(?:im_start|im_end|system|context|prompt)\b", re.I)
ASIDE = "This is not about the house or its pieces: decline kindly, and lead back to them."


def house_message(house: House, *, facts: bool = True) -> Message:
    """The system message that all chats of a house share.

    Args:
        facts: False for a model that is only told the sentences that a message asks for.
    """
    told = f"\n\nFacts of {house.name}:\n{house.facts}" if facts else ""
    return Message("system", f"{house.voice}{told}")


def context(
    products: Sequence[Product] | None, facts: str, marks: Iterable[Mark], *, aside: bool = False
) -> str:
    """What stands before a shopper's words: pieces (None: they asked for none), facts, notes."""
    parts = []
    if products is not None:
        lines = "\n".join(f"{i}. {describe(p)}" for i, p in enumerate(products, 1))
        parts.append(f"[Pieces]\n{lines or NOTHING_FOUND}")
    if facts:
        parts.append(f"[Facts]\n{facts}")
    notes = [HANDOVER[m] for m in sorted(marks)] + [ASIDE] * aside
    if notes:
        parts.append("[Note]\n" + "\n".join(notes))
    return "\n".join(parts)


def describe(product: Product) -> str:
    """A product in one line: all that a reply may say of it."""
    price = money(product.price, product.currency)
    if product.sale_price is not None:
        price = f"{money(product.sale_price, product.currency)}, was {price}"
    parts = [
        price,
        " or ".join(product.colors),
        product.material,
        sizes(product),
    ]
    facts = "; ".join(p for p in parts if p)
    return f"{spoken(product.title)}: {facts}. {first_sentence(product.description)}".strip()


def spoken(title: str) -> str:
    """A title without quotation marks (those of inches stay): small models leave out what they enclose."""
    return _QUOTED.sub(lambda found: found[1] or found[2], title)


_QUOTED = re.compile(r"[«“„]([^«»“”„]+)[»”“]|(?<![\w\d])\"([^\"]+)\"")


def sizes(product: Product) -> str:
    """The sizes to be had, or why there are none."""
    if product.availability == "out_of_stock":
        return "sold out"
    if product.availability in ("preorder", "backorder"):
        return "to order"
    available = product.available_sizes
    gone = [s for s in product.sizes if s not in available]
    text = f"size {', '.join(available)}" if available else ""
    return f"{text} (sold out in {', '.join(gone)})" if text and gone else text


def money(amount: Decimal, currency: str) -> str:
    """An amount as the model reads and repeats it: `1,250 EUR`, `89.50 EUR`."""
    whole = amount == amount.to_integral_value()
    return f"{amount:,.0f} {currency}" if whole else f"{amount:,.2f} {currency}"


def first_sentence(text: str, limit: int = 120) -> str:
    """The first sentence, cut at a word border after `limit` characters."""
    sentence = text.split(". ", 1)[0].strip().rstrip(".")
    if len(sentence) > limit:
        sentence = sentence[:limit].rsplit(" ", 1)[0].rstrip(",;:") + "…"
    return f"{sentence}." if sentence else ""


def user_content(item: Item) -> str:
    """A shopper's item as the model reads it."""
    return f"{item.context}\n[Shopper]\n{item.text}" if item.context else item.text


def messages(
    house: House, items: Sequence[Item], fingerprint: str, instructions: str = "", *, facts: bool = True
) -> tuple[Message, ...]:
    """The chat for the engine. A session's `instructions` follow the house's prompt, which stays shared."""
    chat = [house_message(house, facts=facts)]
    if instructions:
        chat.append(Message("user", f"[Instructions]\n{instructions}"))
    for item in items:
        if item.role == "assistant":
            if item.text:
                exact = item.tokens if item.model == fingerprint else ()
                chat.append(Message("assistant", item.text, tuple(exact)))
        elif item.role == "user":
            chat.append(Message("user", user_content(item)))
        else:
            chat.append(Message("user", f"[Note]\n{item.text}"))
    return _alternating(chat)


def _alternating(chat: Sequence[Message]) -> tuple[Message, ...]:
    """Neighbours of one role become one message: many chat templates refuse two in a row."""
    merged: list[Message] = []
    for message in chat:
        if merged and merged[-1].role == message.role:
            merged[-1] = Message(message.role, f"{merged[-1].content}\n\n{message.content}")
        else:
            merged.append(message)
    if len(merged) > 1 and merged[1].role == "assistant":
        merged.insert(1, Message("user", "[The shopper has just come in.]"))
    return tuple(merged)
