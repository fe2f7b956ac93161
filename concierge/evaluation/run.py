"""`concierge evaluate`: asks, judges, and reports."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from websockets.exceptions import WebSocketException

from concierge import paths
from concierge.catalog import Product, read_feed
from concierge.client.address import Refused
from concierge.client.apis import Ask, first_model, http_client, realtime_chat
from concierge.client.plan import Plan, Turn
from concierge.errors import UserError
from concierge.evaluation import questions, report
from concierge.evaluation.judging import Judge, Judged, Reply
from concierge.evaluation.service import serving
from concierge.settings import Settings
from concierge.stylist.house import House

AT_ONCE = 6  # chats, fewer than a shop lets one client hold
PATIENCE = (5.0, 15.0, 30.0, 60.0)  # seconds between tries when a shop asks us to wait
MOST_TOKENS = 4096  # none of ours: the service's own limit holds
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to evaluate; see the options of `concierge evaluate`. Without `url` the service is started."""

    url: str | None
    key: str | None
    flags: dict[str, str]
    questions: Path | None
    count: int
    seed: int
    beside: tuple[Path, ...]
    output: Path | None


def run(wanted: Wanted, settings: Settings) -> int:
    """Evaluate, print the table and the failures, write the JSON; returns the exit code.

    Raises UserError: a wrong house, feed or question set, nowhere to write, CannotConnect, Refused.
    """
    house = House.load(settings.house or paths.PROMPTS)
    if not (feed := settings.catalog or house.catalog):
        raise UserError("The house names no product feed; give one with --catalog FILE.")
    products = read_feed(feed, currency=house.currency).products
    chats = questions.chats(questions.load(wanted.questions), house, products, wanted.count, wanted.seed)
    earlier = [report.read(path) for path in wanted.beside]
    if wanted.output:
        _check_writable(wanted.output)
    evaluation = _Evaluation(wanted, house, products, wanted.key or next(iter(settings.api_keys), None))
    interrupted = False
    try:
        asyncio.run(evaluation.run(chats))
    except KeyboardInterrupt:
        interrupted = True
    results = report.summary(
        evaluation.judged, evaluation.errors, model=evaluation.model, house=house.name, seed=wanted.seed
    )
    report.show(results, earlier)
    if wanted.output:
        wanted.output.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return INTERRUPTED if interrupted else int(bool(evaluation.errors))


def _check_writable(output: Path) -> None:
    try:
        output.open("a").close()
    except OSError as error:
        raise UserError(f"--json {output}: cannot be written ({error.strerror}).") from error


class _Evaluation:
    """A run in progress.

    Attributes:
        judged: the turns so far.
        errors: what the server failed with, once for each turn.
        model: what it calls its model.
    """

    def __init__(self, wanted: Wanted, house: House, products: Sequence[Product], key: str | None) -> None:
        self._wanted, self._key = wanted, key
        self._judge = Judge.of(house, products)
        self._products = {p.id: p for p in products}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.judged: list[Judged] = []
        self.errors: list[str] = []
        self.model = ""

    async def run(self, chats: Sequence[questions.Chat]) -> None:
        """Ask everything, a few chats at once."""
        task = self._progress.add_task("Starting", total=sum(map(len, chats)))
        with self._progress:
            async with self._service() as url:
                async with http_client(self._key) as client:
                    self.model = await first_model(url, client)
                self._progress.update(task, description="Asking")
                plan = Plan(url, "realtime", AT_ONCE, 1, 0.0, MOST_TOKENS, 0, False, self._key)
                places = asyncio.Semaphore(AT_ONCE)
                try:
                    async with asyncio.TaskGroup() as group:
                        for chat in chats:
                            group.create_task(self._in_place(places, plan, chat, task))
                except* UserError as wrong:
                    raise wrong.exceptions[0] from None

    @asynccontextmanager
    async def _service(self) -> AsyncIterator[str]:
        if self._wanted.url:
            yield self._wanted.url
        else:
            async with serving(self._wanted.flags) as url:
                yield url

    async def _in_place(self, places: asyncio.Semaphore, plan: Plan, chat: questions.Chat, task: Any) -> None:
        async with places:
            try:
                await self._chat(plan, chat)
            except (httpx.HTTPError, WebSocketException, OSError) as error:
                self.errors.append(str(error) or type(error).__name__)
            self._progress.advance(task, len(chat))

    async def _chat(self, plan: Plan, chat: questions.Chat) -> None:
        """Each turn of a chat, asked and judged. A chat whose turn fails is left."""
        so_far = self._judge.chat()
        async with _patiently(plan) as ask:
            for question in chat:
                turn = await _asked(ask, question.text)
                if turn.error:
                    self.errors.append(turn.error)
                    return
                self.judged.append(so_far.judged(question, self._reply(turn)))

    def _reply(self, turn: Turn) -> Reply:
        try:
            offered = tuple(self._products[card["id"]] for card in turn.products)
        except KeyError as error:
            raise UserError(
                f"The server offers {error}, which the feed hasn't; give its own with --house and --catalog."
            ) from None
        return Reply(turn.text, offered, turn.finish_reason == "completed", turn.completion_tokens)


@asynccontextmanager
async def _patiently(plan: Plan) -> AsyncIterator[Ask]:
    """A new chat, waited for where the shop's limits ask for it."""
    for wait in (*PATIENCE, None):
        chat = realtime_chat(plan)
        try:
            ask = await chat.__aenter__()
        except (Refused, WebSocketException) as error:
            if wait is None or (isinstance(error, Refused) and not error.temporary):
                raise
            await asyncio.sleep(wait)
            continue
        try:
            yield ask
        finally:
            with suppress(WebSocketException, OSError):
                await chat.__aexit__(None, None, None)
        return


async def _asked(ask: Ask, text: str) -> Turn:
    """The turn, asked again where the shop is busy."""
    for wait in (*PATIENCE, None):
        turn = Turn(first=False)
        await ask(text, turn)
        if not turn.error or wait is None or turn.text or not _is_limit(turn.error):
            return turn
        await asyncio.sleep(wait)
    raise AssertionError


def _is_limit(message: str) -> bool:
    return any(word in message.lower() for word in ("limit", "busy", "too many", "wait"))
