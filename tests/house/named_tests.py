"""Whether tests that a text names are there: `tests/a/test_b.py::test_c`."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path


def missing(root: Path, names: Iterable[str]) -> list[str]:
    """Yields those of the names that no function of their file has, in the order given."""
    return [name for name in names if not _exists(root, name)]


def _exists(root: Path, name: str) -> bool:
    """Yields whether the file has a test function of that name."""
    file, _, function = name.partition("::")
    path = root / file
    return path.is_file() and function.startswith("test_") and function in _functions(path)


@cache
def _functions(path: Path) -> frozenset[str]:
    """Yields the names of all functions in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
