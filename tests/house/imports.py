"""The checks of test_imports: the contracts of pyproject.toml, and what the pure core may lean on."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.house.tidy import is_pure
from tests.house.tree import PROJECT, Source, sources

# What the core may import besides the standard library and Coster itself.
ALLOWED_IN_KERNEL: frozenset[str] = frozenset()
ALLOWED_IN_DOMAIN = frozenset({"msgspec"})
ALLOWED_IN_WORKFLOW = frozenset({"msgspec", "yaml", "cel_expr_python"})
# RFC 5545 with its exceptions and time zones is calculation, and nothing that we should write again.
ALLOWED_IN_RECURRENCE = frozenset({"msgspec", "icalendar", "recurring_ical_events"})


def broken_contracts(directory: Path) -> set[str]:
    """Yields the names of the contracts that the package `coster` in the directory breaks.

    Raises: AssertionError with the linter's words when it could not judge at all.
    """
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--config", PROJECT / "pyproject.toml", "--no-cache"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(directory), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = set(re.findall(r"^(\d+ .*?) BROKEN", done.stdout, re.MULTILINE))
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    assert (done.returncode == 0) == (not broken), done.stdout + done.stderr
    return broken


def _imported(source: Source) -> list[tuple[int, str]]:
    """Yields line and top-level package of each import of a file."""
    found = []
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=names):
                found += [(node.lineno, alias.name.partition(".")[0]) for alias in names]
            case ast.ImportFrom(module=str(module)):
                found.append((node.lineno, module.partition(".")[0]))
    return found


def _allowed(source: Source) -> frozenset[str]:
    """Yields the packages that a pure file may import besides the standard library and Coster."""
    match source.parts:
        case ("kernel", *_):
            return ALLOWED_IN_KERNEL
        case ("engine", "workflow", *_):
            return ALLOWED_IN_WORKFLOW
        case ("domain", "sessions", "rules", "recurrence"):
            return ALLOWED_IN_RECURRENCE
    return ALLOWED_IN_DOMAIN


def foreign_imports_where_decided(root: Path) -> list[str]:
    """Yields the imports of pure files that reach outside: a decision leans on nobody else's package."""
    return [
        f"{source.name}:{line} imports {package}, and this part leans on nothing outside"
        for source in sources(root)
        if is_pure(source)
        for line, package in _imported(source)
        if package not in sys.stdlib_module_names and package != "coster" and package not in _allowed(source)
    ]
