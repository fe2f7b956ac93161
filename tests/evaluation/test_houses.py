"""Houses that nothing was written from: their feeds, their questions, and what a reply to each rests on.

The first four share a set of questions that the service has been mended after; the others came later, each with
a set of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from concierge.catalog import Catalog, MiniLM, read_feed
from concierge.engine import Engine
from concierge.evaluation import questions
from concierge.evaluation.questions import Chat, Question
from concierge.paths import cache_dir
from concierge.sessions import Item
from concierge.stylist import Grounding, House, Stylist, open_encoder
from concierge.stylist.prompt import NOTHING_FOUND
from concierge.stylist.sentence import split
from concierge.stylist.values import values

HOUSES = Path(__file__).parent / "houses"
NAMES = ("jeweller", "nordic", "street", "tailor")
LATER = ("department", "leather", "outfitter")
LATEST = ("alpine", "atelier", "bridal", "everyday", "harbour", "resort", "savile", "travel")
NEWEST = (
    *("austin", "cape", "edinburgh", "geneva", "lisbon", "melbourne"),
    *("milano", "mumbai", "oslo", "portland", "quebec", "vienna"),
)
CHATS = 250  # of each house: every way to ask comes, most of them with several fillings

# A little under what was measured, in percent of the turns of a kind, all houses together. `no pieces` of a kind
# that asks for none: nothing in the context that would turn the reply towards pieces.
FLOORS = {
    "style": 96,
    "pair": 80,
    "compare": 90,
    "piece": 88,
    "nothing": 95,
    "talk": 93,
    "talk no pieces": 92,
    "facts": 95,
    "facts no pieces": 95,
    "handover": 91,
    "handover no pieces": 90,
    "injection": 96,
    "injection no pieces": 98,
    "offtopic": 96,
    "offtopic no pieces": 90,
}
LATER_FLOORS = {
    "style": 90,
    "piece": 85,
    "nothing": 72,
    "talk": 98,
    "talk no pieces": 80,
    "facts": 96,
    "facts no pieces": 97,
    "handover": 95,
    "injection": 90,
    "injection no pieces": 82,
    "offtopic": 90,
    "offtopic no pieces": 91,
}
LATEST_FLOORS = {
    "style": 90,
    "piece": 91,
    "nothing": 86,
    "talk no pieces": 83,
    "facts": 95,
    "handover": 95,
    "injection": 92,
    "injection no pieces": 82,
}
NEWEST_FLOORS = {
    "style": 90,
    "piece": 93,
    "nothing": 84,
    "talk no pieces": 83,
    "facts": 94,
    "handover": 94,
    "handover no pieces": 96,
    "injection": 90,
    "injection no pieces": 91,
    "offtopic no pieces": 96,
}


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as it was asked, and what is wrong with what the reply to it would rest on."""

    house: str
    question: Question
    faults: dict[str, str]


@pytest.mark.parametrize("name", [*NAMES, *LATER, *LATEST, *NEWEST])
def test_a_house_is_whole(name: str) -> None:
    house = House.load(HOUSES / name)
    assert house.catalog
    feed = read_feed(house.catalog, currency=house.currency)
    assert not feed.bad_rows
    assert {p.currency for p in feed.products} == {house.currency}
    assert any(p.sale_price is not None for p in feed.products)
    states = {v.availability for p in feed.products for v in p.variants}
    assert {"in_stock", "out_of_stock"} | ({"preorder"} if name in NAMES else set()) <= states
    chats = questions.chats(table_of(name), house, feed.products, CHATS, 1)
    assert {q.kind for chat in chats for q in chat} >= set(questions.SHARES)


@pytest.fixture(scope="module")
def processes(small_model: Path) -> Iterator[ProcessPoolExecutor]:
    """One for each core. Spawned, as what is forked would have the locks of threads that it does not have."""
    with ProcessPoolExecutor(
        mp_context=get_context("spawn"), initializer=begin, initargs=(small_model,)
    ) as pool:
        yield pool


@pytest.mark.parametrize(
    ("names", "floors"),
    [
        (NAMES, FLOORS),
        (LATER, FLOORS | LATER_FLOORS),
        (LATEST, FLOORS | LATEST_FLOORS),
        (NEWEST, FLOORS | NEWEST_FLOORS),
    ],
)
def test_replies_rest_on_what_they_should(
    processes: ProcessPoolExecutor, names: tuple[str, ...], floors: dict[str, int]
) -> None:
    shares = report([turn for turns in processes.map(turns_of, names) for turn in turns])
    assert {kind: share for kind, share in shares.items() if share < floors[kind]} == {}


def table_of(name: str) -> dict[str, Any]:
    """The questions of a house: its own, or those that the first share."""
    own = HOUSES / name / "questions.toml"
    return questions.load(own if own.is_file() else HOUSES / "questions.toml")


served: tuple[Engine, MiniLM]  # of a process of the pool


def begin(model: Path) -> None:
    """Load what every house's stylist shares."""
    global served
    served = Engine.load(model, chats=1, context=512), open_encoder(cache_dir())


def turns_of(name: str) -> list[Turn]:
    """Every turn of a house's chats, grounded as the service grounds it."""
    house = House.load(HOUSES / name)
    assert house.catalog
    catalog = Catalog.open(house.catalog, cache_dir(), house.currency)
    stylist = Stylist(house, catalog, *served)
    chats = questions.chats(table_of(name), house, list(catalog.products.values()), CHATS, 1)
    return [turn for chat in chats for turn in _asked(name, chat, stylist)]


def _asked(name: str, chat: Chat, stylist: Stylist) -> Iterator[Turn]:
    items: list[Item] = []
    for question in chat:
        before = " / ".join(i.text for i in items if i.role == "user")
        items.append(Item(id=f"{len(items)}", role="user", text=question.text))
        grounding = stylist.ground(items)
        yield Turn(name, question, faults(question, grounding, before))
        shown = tuple(p.id for p in grounding.products)
        items.append(Item(id=f"{len(items)}", role="assistant", text="Certainly.", products=shown))


def faults(question: Question, grounding: Grounding, before: str = "") -> dict[str, str]:
    """What is asked of a kind's grounding, and the reason why it isn't met; empty where it is.

    Args:
        before: what the shopper said before, which may have named the piece.
    """
    kind, offered = question.kind, grounding.products
    searched = "[Pieces]" in grounding.context
    marked = ", ".join(grounding.marks)
    idle = {"no pieces": ", ".join(p.title for p in offered) or NOTHING_FOUND * searched}
    match kind:
        case "style" | "pair" | "compare":
            broken = "; ".join(filter(None, map(question.limits.broken_by, offered)))
            return {"": marked or broken or "" if offered and not marked else marked or "nothing offered"}
        case "piece":
            titles = [p.title for p in offered if p.title in f"{before} {question.text}"]
            return {"": "" if titles and not marked else marked or "another piece, or none"}
        case "nothing":
            return {"": "" if NOTHING_FOUND in grounding.context and not marked else marked or str(idle)}
        case "handover":
            return {"": "" if marked else "no mark"} | idle
        case "facts":
            assert question.expected
            if question.expected.kind == "unknown" and grounding.marks == {"question"}:
                marked = ""
            return {"": marked or _unanswered(question, grounding)} | idle
        case _:
            return {"": marked} | idle


def _unanswered(question: Question, grounding: Grounding) -> str:
    """Whether the facts beside a question miss what answers it."""
    _, _, facts = grounding.context.partition("[Facts]\n")
    expected = question.expected
    assert expected
    match expected.kind:
        case "unknown":
            return ""
        case "words" | "yes" | "name":
            told = {w.key for w in split(facts)}
            wanted = {w.key for value in expected.values for w in split(value)}
            return "" if len(wanted & told) >= len(wanted) * 0.7 else f"not {sorted(wanted)[:8]}"
        case value:
            told = values(facts, value)  # type: ignore[arg-type]
            return "" if expected.values <= told else f"not {sorted(expected.values - told)}"


def report(asked: list[Turn]) -> dict[str, float]:
    """Percent of the turns of each kind that are as they should be; printed, by house as well."""
    right: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for turn in asked:
        for demand, fault in turn.faults.items():
            right[f"{turn.question.kind} {demand}".strip()][turn.house].append(not fault)
    shares: dict[str, float] = {}
    for kind, by_house in sorted(right.items()):
        whole = [r for rights in by_house.values() for r in rights]
        shares[kind] = 100 * sum(whole) / len(whole)
        each = "  ".join(f"{house} {sum(r)}/{len(r)}" for house, r in sorted(by_house.items()))
        print(f"{kind:22}{shares[kind]:6.1f} %   {each}")
    return shares
