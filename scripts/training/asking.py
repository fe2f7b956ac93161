"""Scenes about pieces shown before, or named: price, color, material, size, stock, comparison."""

from __future__ import annotations

from training.chat import Chat
from training.money import currencies
from training.phrasebook import Unfit
from training.pieces import Piece, kinds
from training.talking import led_back

ABOUT = "about"
_ORDINALS = ("first", "second", "third", "fourth")


def _refer(chat: Chat, piece: Piece) -> str:
    """`it`, `the second one`, `the Velmira coat`."""
    ways = [f"the {piece.short(chat.rng)}"]
    if piece in chat.shown:
        place = _ORDINALS[chat.shown.index(piece)]
        ways += [f"the {place} one", f"the {place}"] if len(chat.shown) > 1 else ["it", "this one"]
    if chat.items and piece.product.title in chat.items[-1].text:
        ways += ["that one", "it"]
    return chat.rng.choice(ways)


def one(chat: Chat, kind: str = "") -> Piece:
    """A piece that was shown, or one of the catalog that the shopper names."""
    if chat.shown and not chat.chance(0.1):
        return chat.rng.choice(chat.shown)
    return chat.made.maker.make(kind or chat.rng.choice(list(kinds())), chat.topic.needs)


def ask_about(chat: Chat, section: str, piece: Piece, also: Piece | None = None, **values: str) -> None:
    """A question on a piece; the prompt then lists what it refers to."""
    names = {"short": piece.short(chat.rng), "ref": _refer(chat, piece)}
    if piece not in chat.shown:
        names = dict.fromkeys(names, piece.product.title) | {"ref": f"the {piece.product.title}"}
    if also is not None:
        names |= {"yshort": also.short(chat.rng), "yref": _refer(chat, also)}
        if names["yshort"] == names["short"]:
            raise Unfit("one name for two")
    text = chat.line(ABOUT, section, **names, **values).replace("the The", "the")
    chat.ask(text, [piece] if also is None else [piece, also])


def more(chat: Chat) -> None:
    piece = one(chat)
    ask_about(chat, "ask.more", piece)
    chat.answer(chat.line(ABOUT, "reply.more", x=chat.mention(piece)))


def price(chat: Chat) -> None:
    piece = one(chat)
    ask_about(chat, "ask.price", piece, currencyword=currencies()[chat.currency]["word"])
    section = "reply.price" if piece.product.sale_price is None else "reply.price.sale"
    chat.answer(chat.line(ABOUT, section, x=chat.mention(piece)))


def reduced(chat: Chat) -> None:
    piece = one(chat)
    ask_about(chat, "ask.reduced", piece)
    section = "reply.reduced.no" if piece.product.sale_price is None else "reply.price.sale"
    chat.answer(chat.line(ABOUT, section, x=chat.mention(piece)))


def colors(chat: Chat) -> None:
    piece = one(chat)
    if not piece.product.colors:
        raise Unfit("colors")
    ask_about(chat, "ask.colors", piece, somecolor=piece.product.colors[0])
    section = "reply.colors" if len(piece.product.colors) > 1 else "reply.colors.single"
    chat.answer(chat.line(ABOUT, section, x=chat.mention(piece)))


def has_color(chat: Chat) -> None:
    piece = one(chat)
    of = piece.product.colors
    wanted = chat.rng.choice(of) if of and chat.chance(0.5) else chat.made.maker.color()
    near = wanted not in of and any(wanted in c or c in wanted for c in of)
    if not of or near:
        raise Unfit("color")
    ask_about(chat, "ask.hascolor", piece, color=wanted)
    section = "reply.hascolor.yes" if wanted in of else "reply.hascolor.no"
    chat.answer(chat.line(ABOUT, section, x=chat.mention(piece), color=wanted))


def made_of(chat: Chat) -> None:
    piece = one(chat)
    guess = chat.rng.choice(["leather", "silk", "wool", "cashmere"])
    if piece.product.material and guess not in piece.product.material:
        guess = piece.product.material
    ask_about(chat, "ask.material", piece, guess=guess)
    section = "reply.material" if piece.product.material else "reply.material.unknown"
    chat.answer(chat.line(ABOUT, section, x=chat.mention(piece)))


def size(chat: Chat) -> None:
    """Does it come in 38? It does, or it is sold out there, or is not made in it."""
    piece = one(chat)
    of = piece.product
    if len(of.sizes) < 2 or of.availability != "in_stock":
        raise Unfit("one size")
    gone = [s for s in of.sizes if s not in of.available_sizes]
    case = chat.rng.random()
    if case < 0.45 and gone:
        wanted, section = chat.rng.choice(gone), "reply.size.gone.alone"
    elif case < 0.85:
        wanted, section = chat.rng.choice(of.available_sizes), "reply.size.yes"
    else:
        wanted, section = _not_made(chat, piece), "reply.size.none"
    alike = [p for p in chat.seen if p is not piece and p.kind == piece.kind]
    other = next((p for p in alike if wanted in p.product.available_sizes), None)
    ask_about(chat, "ask.size.yes", piece, size=wanted)
    values = {"x": chat.mention(piece)}
    if section == "reply.size.gone.alone" and other and other.product.availability == "in_stock":
        section, values = "reply.size.gone", values | {"y": chat.mention(other)}
    chat.answer(chat.line(ABOUT, section, size=wanted, **values), trim=False)


def _not_made(chat: Chat, piece: Piece) -> str:
    last = piece.product.sizes[-1]
    if last.isdigit():
        return str(int(last) + chat.rng.choice([2, 4, 6]))
    return chat.rng.choice([s for s in ("XXS", "XXL", "XXXL", "5XL") if s not in piece.product.sizes])


def sizes(chat: Chat) -> None:
    piece = one(chat)
    of = piece.product
    if not of.sizes or of.availability != "in_stock":
        raise Unfit("no sizes")
    ask_about(chat, "ask.sizes", piece)
    gone = len(of.sizes) - len(of.available_sizes)
    section = "reply.sizes.gone" if gone == 1 else "reply.sizes"
    if of.sizes == ("One size",):
        section = "reply.onesize"
    chat.answer(chat.line(ABOUT, section, x=chat.mention(piece)))


def stock(chat: Chat) -> None:
    """Is it in stock? A piece that is named may be sold out, or to be ordered."""
    state = chat.rng.choices(("in_stock", "out_of_stock", "preorder", "backorder"), (2, 3, 1, 1))[0]
    if state == "in_stock":
        piece = one(chat)
        if piece.product.availability != "in_stock":
            raise Unfit("stock")
    else:
        kind = chat.shown[0].kind if chat.shown else chat.rng.choice(list(kinds()))
        piece = chat.made.maker.make(kind, chat.topic.needs).with_availability(state)
    near = next((p for p in chat.shown if p.kind == piece.kind and p is not piece), None)
    ask_about(chat, "ask.stock", piece)
    section = {"in_stock": "yes", "out_of_stock": "out"}.get(state, "order")
    values = {"x": chat.mention(piece)} | ({"y": chat.mention(near)} if near else {})
    chat.answer(chat.line(ABOUT, f"reply.stock.{section}", **values), trim=False)


def wear(chat: Chat) -> None:
    """Can I wear it to a wedding? Asked where the piece's own words say yes."""
    piece = one(chat)
    events = [e.split("|") for e in chat.book.lines("talk/about.txt", "event")]
    tags = {t for d in piece.details for t in d.tags}
    fitting = [(name, tag) for name, tag in events if tag in tags]
    if not fitting:
        raise Unfit("event")
    event, tag = chat.rng.choice(fitting)
    ask_about(chat, "ask.wear", piece, event=event)
    x = chat.mention(piece, needs=[tag])
    chat.answer(chat.line(ABOUT, "reply.wear.yes", x=x, event=event))


def buy(chat: Chat) -> None:
    piece = one(chat)
    ask_about(chat, "ask.buy", piece)
    chat.answer(chat.line(ABOUT, "reply.buy", x=chat.mention(piece)))


def compare(chat: Chat) -> None:
    """Two pieces side by side: their reasons, or which is cheaper, warmer, better in rain."""
    if len(chat.shown) < 2:
        raise Unfit("one piece")
    left, other = chat.rng.sample(chat.shown, 2) if chat.chance(0.2) else chat.shown[:2]
    if {d.text for d in left.details} & {d.text for d in other.details}:
        raise Unfit("nothing tells them apart")
    case, needs = chat.rng.random(), chat.topic.needs
    prices = (left.product.current_price, other.product.current_price)
    if case < 0.3 and prices[0] != prices[1]:
        ask_about(chat, "ask.cheapest", left, other)
        low, high = (left, other) if prices[0] < prices[1] else (other, left)
        section = "reply.cheapest"
    elif case < 0.55 and (winner := _only(left, other, tag := chat.rng.choice(["cold", "rain"]))):
        ask_about(chat, "ask.warmest" if tag == "cold" else "ask.rainiest", left, other)
        low, high, needs = winner, other if winner is left else left, (tag,)
        section = "reply.warmest" if tag == "cold" else "reply.rainiest"
    else:
        ask_about(chat, "ask.compare", left, other)
        low, high, section = left, other, "reply.compare"
    x, y = chat.mention(low, needs=needs), chat.mention(high, needs=needs)
    chat.answer(chat.line(ABOUT, section, x=x, y=y), trim=False)


def _only(left: Piece, other: Piece, tag: str) -> Piece | None:
    """The one of two that has a detail for a purpose, if the other has none."""
    has = [p for p in (left, other) if any(tag in d.tags for d in p.details)]
    return has[0] if len(has) == 1 else None


def discount(chat: Chat) -> None:
    """A demand for a lower price, with a piece in view."""
    piece = one(chat)
    text = chat.line("refusing", "ask.discount", short=piece.short(chat.rng))
    chat.ask(text, [piece] if chat.shown else None)
    chat.answer(chat.line("refusing", "reply.discount"))


def second_thought(chat: Chat) -> None:
    """Off the subject while pieces happen to be found: they are not pressed on the shopper."""
    piece = one(chat)
    chat.ask(chat.line("refusing", "ask.otherworld"), [piece])
    chat.answer(led_back(chat, chat.line("refusing", "reply.back")))
