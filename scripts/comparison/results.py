"""`results.json`: everything that was measured, kept after every run so that none is lost."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from comparison.figures import Run
from comparison.table import markdown
from concierge import __version__
from concierge.errors import UserError

ROOT = Path(__file__).parents[2]


class Results:
    """What has been measured so far, in `directory`."""

    def __init__(self, directory: Path, model: Path, threads: int) -> None:
        self.directory = directory
        self.data: dict[str, Any] = {
            "date": time.strftime("%Y-%m-%d"),
            "command": " ".join(["scripts/compare", *(flag for flag in sys.argv[1:] if flag != "--resume")]),
            "commit": _commit(),
            "machine": _machine(),
            "versions": {
                "concierge": __version__,
                "llama-cpp-python": version("llama-cpp-python"),
                "python": platform.python_version(),
            },
            "model": {"file": model.name, "bytes": model.stat().st_size},
            "threads": threads,
            "settings": {},
            "trials": [],
            "runs": [],
        }

    def resume(self) -> None:
        """Go on from the results that are there. Raises UserError: there are none, or of something else."""
        path = self.directory / "results.json"
        try:
            before = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"--resume: {path} cannot be read ({error}); start without it.") from error
        for name in ("machine", "versions", "model", "threads", "commit"):
            if before[name] != self.data[name]:
                raise UserError(f"--resume: {path} has another {name}; start without it, or elsewhere.")
        self.data |= {name: before[name] for name in ("settings", "trials", "runs")}

    def chosen(self, scenario: str, server: str) -> str | None:
        """The name of the settings that a server has in a scenario, once they are chosen."""
        name = self.data["settings"].get(scenario, {}).get(server)
        return str(name) if name is not None else None

    def choose(self, scenario: str, server: str, settings: str, trials: list[Run]) -> None:
        self.data["settings"].setdefault(scenario, {})[server] = settings
        self.data["trials"] += trials
        self.write()

    def run(self, scenario: str, server: str, round_: int) -> Run | None:
        """The run of a round, if it was made."""
        key = (scenario, server, round_)
        runs = (run for run in self.data["runs"] if (run["scenario"], run["server"], run["round"]) == key)
        return next(runs, None)

    def hopeless(self, scenario: str, server: str) -> bool:
        """Whether a round was invalid, so that another would be time lost."""
        keys = ((run["scenario"], run["server"]) for run in self.data["runs"] if run["invalid"])
        return (scenario, server) in keys

    def add(self, run: Run) -> None:
        self.data["runs"].append(run)
        self.write()

    def write(self) -> None:
        """results.json and table.md; each is whole at any moment."""
        _replace(self.directory / "results.json", json.dumps(self.data, separators=(",", ":")) + "\n")
        _replace(self.directory / "table.md", markdown(self.data))


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    os.replace(fresh, path)


def _machine() -> dict[str, Any]:
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _commit() -> str:
    """The commit that Concierge is at, with a mark if files differ from it; empty outside a clone."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""
