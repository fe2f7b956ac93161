"""Imports point downwards only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "concierge"
BELOW = {
    "engine": {"paths"},
    "models": {"engine"},
    "catalog": {"models", "paths"},
    "sessions": {"models", "paths"},
    "stylist": {"catalog", "engine", "paths", "sessions"},
    "client": set(),
    "evaluation": {"catalog", "client", "paths", "settings", "stylist"},
}
EVERYWHERE = {"errors"}


def imported(path: Path) -> set[str]:
    """Rooms of the package that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names |= {m.split(".")[1] for m in modules if m.startswith("concierge.")}
    return names


@pytest.mark.parametrize("room", BELOW)
def test_a_room_knows_nothing_of_the_rooms_above_it(room: str) -> None:
    files = list((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        assert imported(path) <= BELOW[room] | EVERYWHERE | {room}, path


def test_only_the_command_line_uses_the_evaluation() -> None:
    users = {p.relative_to(ROOT).parts[0] for p in ROOT.rglob("*.py") if "evaluation" in imported(p)}
    assert users == {"cli.py", "evaluation"}


def test_only_one_module_imports_llama_cpp() -> None:
    users = [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llama_cpp"))
        or (isinstance(node, ast.Import) and any(a.name.startswith("llama_cpp") for a in node.names))
    ]
    assert set(users) == {"engine/llama.py"}
