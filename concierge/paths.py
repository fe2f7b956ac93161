"""Where the shipped files lie, and where ours go on this machine."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).parent


def _shipped(name: str) -> Path:
    """A directory inside the installed wheel, or beside the package in a clone."""
    installed = _PACKAGE / f"_{name}"
    return installed if installed.is_dir() else _PACKAGE.parent / name


WEB = _shipped("web")
PROMPTS = _shipped("prompts")
ADAPTERS = _shipped("adapters")


def _home(variable: str, default: str) -> Path:
    """XDG base directories; the specification has relative values ignored."""
    base = Path(os.environ.get(variable, ""))
    return (base if base.is_absolute() else Path.home() / default) / "concierge"


def state_dir() -> Path:
    """What must survive: conversations."""
    return _home("XDG_STATE_HOME", ".local/state")


def cache_dir() -> Path:
    """What can be fetched or computed again: models, embeddings, kernels."""
    given = os.environ.get("CONCIERGE_CACHE_DIR")
    return Path(given).expanduser() if given else _home("XDG_CACHE_HOME", ".cache")
