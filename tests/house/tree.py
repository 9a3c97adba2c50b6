"""Walks over a source tree, for the checks of the house: any root will do, so a planted tree as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "src" / "coster"

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Python file below a root, read and parsed; `name` is its path from the root, with slashes."""

    name: str
    text: str
    tree: ast.Module

    @property
    def stem(self) -> str:
        """Yields the file's name without its ending."""
        return Path(self.name).stem

    @property
    def parts(self) -> tuple[str, ...]:
        """Yields the directories from the root down, then the file's stem."""
        return (*Path(self.name).parts[:-1], self.stem)


def files(root: Path, suffix: str) -> list[Path]:
    """Yields the files below the root with the ending, sorted; what tools leave behind is not looked at."""
    return sorted(
        path
        for path in root.rglob(f"*{suffix}")
        if not any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(root).parts)
    )


def sources(root: Path) -> list[Source]:
    """Yields every Python file below the root, parsed, sorted by name."""
    found = []
    for path in files(root, ".py"):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(root).as_posix()
        found.append(_parsed(name, text))
    return found


@cache
def _parsed(name: str, text: str) -> Source:
    """A file as it is, parsed once for all checks of a run; none of them changes a tree."""
    return Source(name=name, text=text, tree=ast.parse(text, filename=name))


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    """Yields every function and method of a tree, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, FunctionNode):
            yield node


def called_name(call: ast.Call) -> str:
    """Yields the last word of what is called: `Rejected` for `Rejected(...)` and `outcome.Rejected(...)`."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def plant(root: Path, name: str, text: str) -> None:
    """Writes a file below the root, with the directories that it needs."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
