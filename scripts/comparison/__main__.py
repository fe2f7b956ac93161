"""Measures Concierge beside llama-server, llama-cpp-python's examples/server/server.py and llama_cpp.server.

All serve the same GGUF with the same threads and the same KV cells, on this machine, one at a time. The
client of `concierge bench` puts the same load on each over /v1/chat/completions: the same prompts, which
share a house prompt of about 700 tokens, and replies of the same fixed length, which is checked. Before it
counts, each server has had one chat. Rounds alternate the order of the servers and change the prompts, and
figures are medians over rounds. Each server's settings are tried on short runs first, and its best are used.

scenarios:
{scenarios}

The first run builds llama-server, in 5 to 10 minutes on two cores, and keeps it in the cache directory. After
that, all of it takes {estimate} with the small model on two cores. Let nothing else run meanwhile.
Ctrl-C stops all servers; what was measured is kept, and --resume goes on.

written to the output directory:
  table.md             figures of each server, and each goal against the best peer
  results.json         everything: settings, machine, and when each chunk of each reply came
  ttft.png, inter_token.png, throughput.png
  logs/                what each server said

examples:
  scripts/compare                                              # everything
  scripts/compare --scenarios d --rounds 1 --servers concierge,llama-server
  scripts/compare --model ~/models/some-instruct.gguf --output build/compare-some
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from comparison import load, peers
from comparison.figures import Run, failed_run, run_of
from comparison.peers import SERVERS, Server
from comparison.progress import Progress, Step, say
from comparison.results import ROOT, Results
from comparison.scenarios import SCENARIOS, Scenario
from comparison.table import describe
from concierge.engine.llama import Model, Vocab
from concierge.errors import UserError
from concierge.models import resolve
from concierge.paths import cache_dir

ESTIMATE = "two to four hours"
T = TypeVar("T")


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        compare(_arguments())
    except UserError as error:
        print(f"compare: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        say("\nStopped. What was measured is kept; --resume goes on.")
        return 130
    return 0


def _arguments() -> argparse.Namespace:
    lines = "\n".join(f"  {key}  {describe(scenario)}" for key, scenario in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/compare",
        description=(__doc__ or "").format(scenarios=lines, estimate=ESTIMATE),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cores = len(os.sched_getaffinity(0))
    parser.add_argument(
        "--model", default="small", help="GGUF path, hf://owner/repo/file.gguf, or small (default)"
    )
    parser.add_argument("--rounds", type=_positive, default=3, help="of each scenario (default: 3)")
    parser.add_argument(
        "--scenarios",
        type=_some(SCENARIOS),
        default=list(SCENARIOS.values()),
        metavar="a,b,...",
        help="those above (default: all)",
    )
    parser.add_argument(
        "--servers",
        type=_some(SERVERS),
        default=list(SERVERS.values()),
        metavar="NAME,...",
        help=f"of {', '.join(SERVERS)} (default: all)",
    )
    parser.add_argument(
        "--threads", type=_positive, default=cores, help=f"for every server (default: {cores}, all cores)"
    )
    parser.add_argument(
        "--limit",
        type=_positive,
        default=900,
        metavar="SECONDS",
        help="after which a run is given up, and its server out of that scenario (default: 900)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "build" / "compare",
        metavar="DIR",
        help="directory to write to (default: build/compare)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="keep what an earlier run left there, and go on"
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _some(known: dict[str, T]) -> Callable[[str], list[T]]:
    """Reads comma-separated names."""

    def read(text: str) -> list[T]:
        names = dict.fromkeys(part.strip() for part in text.split(","))
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no {unknown[0]!r}; there are {', '.join(known)}")
        return [known[name] for name in names]

    return read


def compare(args: argparse.Namespace) -> None:
    """Carry it all out. Raises UserError."""
    logs: Path = args.output / "logs"
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--output {args.output}: cannot be written ({error.strerror}).") from error
    cache = cache_dir()
    model = resolve(args.model, cache)
    results = Results(args.output, model, args.threads)
    if args.resume:
        results.resume()
    for server in args.servers:
        server.prepare(cache / "peers", logs)
    try:
        Comparison(args, model, results, logs).carry_out()
    finally:
        if results.data["runs"]:
            from comparison import plots  # a second's import that an error at start need not pay

            plots.draw(results.data, args.output)
            say(f"Written: {args.output / 'table.md'} and what stands beside it.")


class Comparison:
    """The steps, in their order."""

    def __init__(self, args: argparse.Namespace, model: Path, results: Results, logs: Path) -> None:
        self._scenarios: list[Scenario] = args.scenarios
        self._servers: list[Server] = args.servers
        self._rounds = range(1, args.rounds + 1)
        self._threads: int = args.threads
        self._limit: int = args.limit
        self._model, self._results, self._logs = model, results, logs
        self._vocab = Model(model, gpu_layers=0).vocab
        self._progress = Progress(self._steps())

    def carry_out(self) -> None:
        for scenario in self._scenarios:
            for server in self._servers:
                self._settle(scenario, server)
            for round_ in self._rounds:
                for server in self._servers[:: 1 if round_ % 2 else -1]:
                    self._round(scenario, server, round_)

    def _steps(self) -> list[Step]:
        """All trials and rounds that were not made before."""
        steps = []
        for scenario, server in product(self._scenarios, self._servers):
            variants = server.variants(scenario)
            if len(variants) > 1 and self._results.chosen(scenario.key, server.name) is None:
                steps += [_trial(scenario, server)] * len(variants)
            for round_ in self._rounds:
                if not self._results.run(scenario.key, server.name, round_):
                    steps.append((scenario.key, server.name))
        return steps

    def _settle(self, scenario: Scenario, server: Server) -> None:
        """Choose the server's settings: those with the most tokens a second on a short run."""
        if self._results.chosen(scenario.key, server.name) is not None:
            return
        variants = list(server.variants(scenario))
        trials: list[Run] = []
        for number, settings in enumerate(variants if len(variants) > 1 else (), 1):
            step = _trial(scenario, server)
            self._progress.begin(step, f"({scenario.key}) {server.name}, trying {settings}")
            log = f"{scenario.key}-{_file(server)}-trial{number}.log"
            trials.append(self._run(scenario.trial(), server, settings, 0, log))
            self._progress.end(step)
        good = [run for run in trials if not run["invalid"]]
        best = max(good, key=lambda run: run["figures"]["tokens_per_second"], default=None)
        chosen = best["settings"] if best else variants[0]
        self._results.choose(scenario.key, server.name, chosen, [_brief(run) for run in trials])

    def _round(self, scenario: Scenario, server: Server, round_: int) -> None:
        if self._results.run(scenario.key, server.name, round_):
            return
        step = (scenario.key, server.name)
        if self._results.hopeless(*step):
            return self._progress.drop(step)
        settings = self._results.chosen(*step)
        assert settings is not None
        words = f"({scenario.key}) {scenario.title}, round {round_} of {len(self._rounds)}: {server.name}"
        self._progress.begin(step, words)
        log = f"{scenario.key}-{_file(server)}-round{round_}.log"
        run = self._run(scenario, server, settings, round_, log)
        self._results.add(run)
        self._progress.end(step)
        say(f"    {_summary(run)}")

    def _run(self, scenario: Scenario, server: Server, settings: str, round_: int, log: str) -> Run:
        """Start the server, warm it, put the load on it, stop it."""
        options = server.variants(scenario)[settings]
        extra = server.fixed_length(sorted(self._vocab.end_tokens))
        salt = f"{scenario.key}{round_}"
        try:
            with peers.running(
                server, options, self._model, self._threads, scenario, self._logs / log
            ) as url:
                uvloop.run(load.warm(url, extra=extra))
                done = uvloop.run(
                    load.put(url, scenario, salt, extra=extra, count=_counter(self._vocab), limit=self._limit)
                )
        except UserError as error:
            return failed_run(scenario, server.name, settings, round_, str(error))
        return run_of(scenario, server.name, settings, round_, done)


def _trial(scenario: Scenario, server: Server) -> Step:
    return scenario.key, f"{server.name}, trial"


def _file(server: Server) -> str:
    return server.name.replace("/", "-")


def _brief(run: Run) -> dict[str, Any]:
    """A trial without its turns, which nobody looks at."""
    return {name: value for name, value in run.items() if name != "turns"}


def _summary(run: Run) -> str:
    if run["invalid"]:
        return f"invalid: {run['invalid']}"
    figures = run["figures"]
    words = f"{figures['tokens_per_second']:.1f} tokens/s in {run['seconds']:.0f} s"
    first, p50, p99 = (figures[name] for name in ("ttft_first_p95", "inter_token_p50", "inter_token_p99"))
    return f"{words}; first words p95 {first:.0f} ms; between chunks p50 {p50:.1f} ms, p99 {p99:.1f} ms"


def _counter(vocab: Vocab) -> Callable[[str], int]:
    return lambda text: len(vocab.tokenize(text, special=False))


if __name__ == "__main__":
    sys.exit(main())
