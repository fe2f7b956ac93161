"""Scenes that follow pieces already shown: others than these, or what goes with them."""

from __future__ import annotations

from dataclasses import replace

from concierge.stylist.stylist import READ
from training import money
from training.chat import Chat
from training.phrasebook import Unfit
from training.pieces import Piece, kinds
from training.styling import STYLING, best_two, closing, count, nothing, nouns, offer, recommend

FOLLOWING = "following"
_BESIDE = {
    "dress": ["pumps", "clutch", "earrings", "evening_coat", "crossbody", "scarf", "sandals"],
    "suit": ["shirt", "oxfords", "tie", "pocket_square", "cufflinks", "belt"],
    "top": ["trousers", "jeans", "loafers", "blazer", "scarf"],
    "bottom": ["jumper", "shirt", "loafers", "blazer", "belt", "boots"],
    "outer": ["scarf", "gloves", "boots", "hat", "jumper", "trousers"],
    "jacket": ["trousers", "shirt", "loafers", "pocket_square"],
    "shoes": ["trousers", "belt", "jacket", "crossbody"],
    "bag": ["coat", "gloves", "loafers", "silk_square", "wallet"],
}


def _first(chat: Chat) -> Piece:
    if not chat.shown:
        raise Unfit("nothing shown")
    return chat.rng.choice(chat.shown[:2])


def _others(chat: Chat, **wants: str | bool) -> list[Piece]:
    """More pieces of the kind that was shown."""
    kind = _first(chat).kind
    return [
        chat.made.maker.make(kind, chat.topic.needs, **wants)  # type: ignore[arg-type]
        for _ in range(count(chat))
    ]


def _reply(chat: Chat, pieces: list[Piece], section: str, color: str = "", **values: str) -> None:
    x, y = best_two(chat, pieces, color)
    if color:
        values["color"] = color
    first = chat.line(FOLLOWING if section.startswith("reply") else STYLING, section, x=x, **values)
    second = chat.line(STYLING, "second", x=x, y=y) if y and chat.chance(0.5) else ""
    chat.answer(first, second, question=closing(chat, x.piece, 0.15))


def comparative(chat: Chat) -> None:
    """Something lighter, warmer, dressier, simpler, or just other pieces."""
    way, needs = chat.rng.choice(
        [
            ("lighter", ("light", "heat")), ("warmer", ("cold",)), ("dressier", ("evening", "formal")),
            ("simpler", ("day", "weekend")), ("other", chat.topic.needs), ("other", chat.topic.needs),
        ]
    )  # fmt: skip
    if way in ("lighter", "warmer") and _first(chat).place not in ("outer", "top", "dress", "suit", "jacket"):
        raise Unfit(way)
    kept = chat.topic
    chat.topic = replace(kept, needs=needs)
    pieces = _others(chat)
    words = nouns(pieces[0].kind, chat.rng.choice(kinds()[pieces[0].kind]["asked"]))
    chat.ask(chat.line(FOLLOWING, f"ask.{way}", **words), pieces)
    _reply(chat, pieces, f"reply.{way}")
    chat.topic = kept


def cheaper(chat: Chat) -> None:
    """Something cheaper: search gives only what costs less than all that was shown."""
    below = min(p.product.current_price for p in [_first(chat), *chat.shown])
    pieces = [p for p in _others(chat) + _others(chat) if p.product.current_price < below][:READ]
    chat.ask(chat.line(FOLLOWING, "ask.cheaper"), pieces)
    if pieces:
        _reply(chat, pieces, "reply.cheaper")
    else:
        _back(chat)


def under(chat: Chat) -> None:
    """And under 300?"""
    pieces = _others(chat)
    dearest = max(p.product.current_price for p in pieces)
    none = chat.chance(0.25)
    limit = (
        money.limit_below(min(p.product.current_price for p in pieces), chat.currency)
        if none
        else money.limit_above(chat.rng, dearest, chat.currency)
    )
    text = chat.line(FOLLOWING, "ask.under", limit=money.said(chat.rng, limit, chat.currency))
    chat.ask(text, [] if none else pieces)
    shown = f"{limit:,.0f} {chat.currency}"
    if none:
        nothing(chat, "nothing.budget", words=_words_of(chat, pieces[0]), limit=shown)
    else:
        _reply(chat, pieces, "budget.one", limit=shown)


def in_color(chat: Chat) -> None:
    """And in green?"""
    first = _first(chat)
    wanted = chat.made.maker.color()
    other = chat.rng.choice(first.product.colors or ("this",))
    if kinds()[first.kind].get("colorless") or other == wanted:
        raise Unfit("color")
    text = chat.line(FOLLOWING, "ask.incolor", color=wanted, other=other)
    if chat.chance(0.35):
        chat.ask(text, [])
        if chat.chance(0.3):
            _back(chat)
        else:
            nothing(chat, "nothing.color", words=_words_of(chat, first), color=wanted)
        return
    pieces = _others(chat, color=wanted)
    chat.ask(text, pieces)
    _reply(chat, pieces, "color.one", color=wanted)


def in_size(chat: Chat) -> None:
    """And in 38?"""
    first = _first(chat)
    if len(first.product.sizes) < 2:
        raise Unfit("size")
    wanted = chat.rng.choice(first.product.sizes)
    pieces = _others(chat, size=wanted)
    chat.ask(chat.line(FOLLOWING, "ask.insize", size=wanted), pieces)
    _reply(chat, pieces, "size.one", size=wanted)


def pairing(chat: Chat) -> None:
    """What goes with it?"""
    base = _first(chat)
    beside = [k for k in _BESIDE.get(base.place, ["coat", "scarf", "loafers"]) if _one_wearer(base.kind, k)]
    chosen = chat.rng.sample(beside, min(len(beside), count(chat)))
    pieces = [chat.made.maker.make(kind, chat.topic.needs) for kind in chosen]
    chat.ask(chat.line(FOLLOWING, "ask.pairing", short=base.short(chat.rng)), pieces)
    x, y = best_two(chat, pieces)
    first = chat.line(FOLLOWING, "reply.pairing", x=x, base=chat.mention(base))
    second = chat.line(FOLLOWING, "pairing.second", x=x, y=y) if y else ""
    chat.answer(first, second, question=closing(chat, x.piece, 0.1))


def _one_wearer(kind: str, other: str) -> bool:
    genders = {kinds()[kind]["gender"], kinds()[other]["gender"]} - {"unisex"}
    return len(genders) < 2


def yes(chat: Chat) -> None:
    """Yes please, after the concierge asked: more of the kind, found or not before."""
    if not chat.items or not chat.items[-1].text.endswith("?"):
        raise Unfit("no question")
    if not (chat.shown or chat.topic.kind):
        raise Unfit("nothing in view")
    pieces = _others(chat) if chat.shown else offer(chat, [chat.topic.kind] * count(chat))
    chat.ask(chat.line(FOLLOWING, "ask.yes"), pieces)
    recommend(chat, pieces, opening=False)


def no(chat: Chat) -> None:
    """No thanks."""
    chat.ask(chat.line(FOLLOWING, "ask.no"), None)
    chat.answer(chat.line(FOLLOWING, "reply.no"))


def _back(chat: Chat) -> None:
    """Nothing new fits: one of those before is still the nearest."""
    x = chat.mention(_first(chat))
    chat.answer(chat.line(STYLING, "nothing.back", x=x), trim=False, given=True)


def _words_of(chat: Chat, piece: Piece) -> dict[str, str]:
    return nouns(piece.kind, chat.rng.choice(kinds()[piece.kind]["asked"]))
