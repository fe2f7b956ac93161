"""The command line. Each command hands its options to the room that does the work."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from concierge import __version__
from concierge.client.address import DEFAULT
from concierge.errors import UserError
from concierge.settings import Settings, environment, flag, load

cli = typer.Typer(
    name="concierge",
    help="A low-latency AI concierge for retail and luxury houses.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line; a UserError becomes one line on standard error and its exit code."""
    try:
        cli()
    except UserError as error:
        print(f"concierge: {error}", file=sys.stderr)
        _exit(error.exit_code)
    except SystemExit as end:
        _exit(end.code)


def _exit(code: str | int | None) -> NoReturn:
    """End the process, at once if a daemon thread is still under way.

    Before Python 3.14 the interpreter unwinds such a thread as soon as it comes back from native code, and
    C++ on its stack aborts the process for that.
    """
    if not isinstance(code, str) and any(thread.daemon for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code or 0)
    sys.exit(code)


def _setting(name: str, metavar: str) -> Any:
    """A flag whose words, default and environment variable are the setting's."""
    field = Settings.model_fields[name]
    default = field.get_default(call_default_factory=True)
    known = f"default: {default}, " if default not in (None, "") else ""
    words = f"{field.description} ({known}env: {environment(name)})"
    return typer.Option(flag(name), metavar=metavar, help=words, show_default=False)


CONFIG = typer.Option(metavar="FILE", help="TOML file (default: concierge.toml, if there is one)")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"concierge {__version__}")
        raise typer.Exit


@cli.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@cli.command()
def serve(
    host: Annotated[str | None, _setting("host", "ADDRESS")] = None,
    port: Annotated[str | None, _setting("port", "PORT")] = None,
    model: Annotated[str | None, _setting("model", "MODEL")] = None,
    adapter: Annotated[str | None, _setting("adapter", "ADAPTER")] = None,
    format: Annotated[str | None, _setting("format", "FORMAT")] = None,
    draft: Annotated[str | None, _setting("draft", "MODEL")] = None,
    gpu_layers: Annotated[str | None, _setting("gpu_layers", "N")] = None,
    threads: Annotated[str | None, _setting("threads", "N")] = None,
    chats: Annotated[str | None, _setting("chats", "N")] = None,
    context: Annotated[str | None, _setting("context", "TOKENS")] = None,
    house: Annotated[str | None, _setting("house", "DIR")] = None,
    catalog: Annotated[str | None, _setting("catalog", "FILE")] = None,
    redis_url: Annotated[str | None, _setting("redis_url", "URL")] = None,
    state_dir: Annotated[str | None, _setting("state_dir", "DIR")] = None,
    log_level: Annotated[str | None, _setting("log_level", "LEVEL")] = None,
    config: Annotated[Path | None, CONFIG] = None,
) -> None:
    """Serve the shopper's page, the Realtime WebSocket and chat completions.

    A flag wins over its environment variable, that over the TOML file, and that over the default.
    Keys that callers must present are CONCIERGE_API_KEYS (comma-separated), or api_keys in the TOML file.
    """
    flags = {name: value for name, value in locals().items() if name != "config"}
    settings = load(flags, config)
    from concierge import app  # after the settings are right, and not for the other commands

    app.serve(settings)


@cli.command()
def prepare(
    model: Annotated[str | None, _setting("model", "MODEL")] = None,
    adapter: Annotated[str | None, _setting("adapter", "ADAPTER")] = None,
    format: Annotated[str | None, _setting("format", "FORMAT")] = None,
    gpu_layers: Annotated[str | None, _setting("gpu_layers", "N")] = None,
    threads: Annotated[str | None, _setting("threads", "N")] = None,
    chats: Annotated[str | None, _setting("chats", "N")] = None,
    config: Annotated[Path | None, CONFIG] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Measure and make anew what was prepared before.")
    ] = False,
) -> None:
    """Bring the model into the format that is fastest on this machine, as serve does when it first starts.

    Each format is measured as it would be used: prefill, decoding for one chat and for --chats, and how far
    what it foretells of the shipped chats' replies is from what the file itself does (KL divergence).
    Chosen is the cheapest turn among those that hardly change what the file would say.
    Prints what was measured, and the path of the file to serve. What is there already is not done again.

    Exit codes: 0 all went well, 2 it cannot be prepared, 130 stopped with Ctrl-C; nothing half-done stays.
    """
    flags = {name: value for name, value in locals().items() if name not in ("config", "again")}
    settings = load(flags, config)
    from concierge.models import report

    wanted = settings.format, settings.chats, settings.threads, settings.gpu_layers
    raise typer.Exit(report.run(settings.model, settings.adapter, settings.cache_dir, *wanted, again=again))


@cli.command()
def chat(
    words: Annotated[list[str] | None, typer.Argument(metavar="[URL] [MESSAGE]", show_default=False)] = None,
    session: Annotated[str | None, typer.Option(metavar="ID", help="Resume this session.")] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", envvar="CONCIERGE_API_KEY", help="API key, if the server wants one."),
    ] = None,
    stats: Annotated[
        bool, typer.Option("--stats", help="After each reply: time to first words, tokens/s, cached tokens.")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Print the server's events as JSON lines.")] = False,
) -> None:
    """Chat in the terminal. With a MESSAGE, or one on standard input, a single turn.

    URL is http://127.0.0.1:8080 if not given. The first Ctrl-C stops a reply, a second one quits.

    Exit codes: 0 all went well, 1 the server failed to reply, 2 wrong usage, 3 cannot connect,
    4 refused (key, limits, unknown session), 130 stopped with Ctrl-C.
    """
    from concierge.client.chat import run

    words = words or []
    url = words.pop(0) if words and "://" in words[0] else DEFAULT
    message = " ".join(words) or None
    raise typer.Exit(run(url, message, session=session, key=key, raw=raw, stats=stats))


@cli.command()
def bench(
    url: Annotated[str, typer.Argument(metavar="URL")],
    api: Annotated[
        str, typer.Option(metavar="API", help="realtime, or chat (any OpenAI-compatible server).")
    ] = "realtime",
    shoppers: Annotated[int, typer.Option(min=1, help="Shoppers at once.")] = 8,
    turns: Annotated[int, typer.Option(min=1, help="Messages that each shopper sends.")] = 3,
    think: Annotated[
        float, typer.Option(min=0, help="Seconds between a reply and the next message, give or take half.")
    ] = 0.0,
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens a reply at most.")] = 64,
    prompt_tokens: Annotated[
        int, typer.Option(min=0, help="chat: size of a system prompt that all shoppers share.")
    ] = 0,
    ignore_eos: Annotated[
        bool,
        typer.Option("--ignore-eos", help="chat: replies of exactly --max-tokens, where the server can."),
    ] = False,
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What to ask, a line each (default: a shipped set)")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", envvar="CONCIERGE_API_KEY", help="API key, if the server wants one."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the results here as well.")
    ] = None,
) -> None:
    """Measure a server with simulated shoppers: latency percentiles and tokens a second.

    For more shoppers than a shop's limits allow, start Concierge with higher
    CONCIERGE_MAX_CONNECTIONS_PER_CLIENT, CONCIERGE_MESSAGES_PER_MINUTE and CONCIERGE_SESSIONS_PER_MINUTE.

    Exit codes: 0 all went well, 1 some turns failed, 2 wrong usage, 3 cannot connect, 4 refused.
    """
    from concierge.client.bench import run
    from concierge.client.plan import Plan

    plan = Plan(url, api, shoppers, turns, think, max_tokens, prompt_tokens, ignore_eos, key)
    raise typer.Exit(run(plan, questions, output))


@cli.command()
def evaluate(
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]", help="A running service (default: one is started)", show_default=False
        ),
    ] = None,
    model: Annotated[str | None, _setting("model", "MODEL")] = None,
    adapter: Annotated[str | None, _setting("adapter", "ADAPTER")] = None,
    format: Annotated[str | None, _setting("format", "FORMAT")] = None,
    house: Annotated[str | None, _setting("house", "DIR")] = None,
    catalog: Annotated[str | None, _setting("catalog", "FILE")] = None,
    questions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What to ask, in the form of the shipped set (TOML)."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Chats to hold; some have several turns.")] = 150,
    seed: Annotated[int, typer.Option(help="The same seed asks a house the same questions.")] = 1,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", envvar="CONCIERGE_API_KEY", help="API key, if the server wants one."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write results and replies here as well."),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="What --json wrote for another model: shown beside; may be repeated."
        ),
    ] = None,
    config: Annotated[Path | None, CONFIG] = None,
) -> None:
    """Measure what replies are worth: questions through the real service, with 95 % confidence intervals.

    Grounded: names, prices, colors, materials and sizes are the feed's. Recommends: a question of style gets
    a piece that was offered. Respects limits: of price, color and size. Facts: as facts.md has them. Hands
    over: complaints, orders and wishes for a person. Refuses: injected instructions, off-topic questions.
    Free of loops; one to three sentences. Failures are shown with their reasons, all replies are in --json.

    Questions are filled from the house and the feed, which have to be those of the service at URL. Without
    URL one is started as serve would, with these flags, the environment and the TOML file. Compare two so:
    concierge evaluate --adapter none --json base.json; concierge evaluate --beside base.json

    Exit codes: 0 all went well, 1 some turns failed, 2 wrong usage, 3 cannot connect, 4 refused, 130 stopped
    with Ctrl-C, which prints what was measured so far.
    """
    flags = {"model": model, "adapter": adapter, "format": format, "house": house, "catalog": catalog}
    settings = load(flags, config)
    from concierge.evaluation.run import Wanted, run

    given = {name: value for name, value in flags.items() if value is not None}
    given |= {"config": str(config)} if config else {}
    raise typer.Exit(
        run(Wanted(url, key, given, questions, count, seed, tuple(beside or ()), output), settings)
    )
