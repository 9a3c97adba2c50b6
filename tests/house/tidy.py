"""The checks of test_tidy: each takes the root of a source tree and yields its breaches, a sentence each."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.house.tree import Source, called_name, functions, sources

LONGEST_FILE_LINES = 500
LONGEST_FUNCTION_LINES = 70
NAMES_WITHOUT_MEANING = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "service"}

# A statement at the start of a string: in upper case, as our statements are written, or in lower case and in
# the shape of one, so that a sentence which begins with "Select" or "update" is not taken for it.
SQL = re.compile(
    r"^\s*(?:(?:SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|CREATE|ALTER|DROP|TRUNCATE|MERGE|WITH|COPY|GRANT|LOCK|SET\s+LOCAL)\s"
    r"|select\s+.+\s+from\s|insert\s+into\s+\S+\s*\(|update\s+\S+\s+set\s|delete\s+from\s+\S)",
    re.DOTALL,
)
CLOCKS_AND_IDS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid6", "uuid7"}
UNFINISHED_COMMENT = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
UNFINISHED_CALLS = {"skip", "skipif", "xfail", "importorskip"}

Check = Callable[[Path], list[str]]


def long_files(root: Path) -> list[str]:
    """Yields the files that are too long to be read at once."""
    return [
        f"{source.name} has {length} lines; {LONGEST_FILE_LINES} is the most: find a subject of its own"
        for source in sources(root)
        if (length := len(source.text.splitlines())) > LONGEST_FILE_LINES
    ]


def long_functions(root: Path) -> list[str]:
    """Yields the functions that do not fit on a screen."""
    return [
        f"{source.name}:{node.lineno} {node.name} has {length} lines; {LONGEST_FUNCTION_LINES} is the most"
        for source in sources(root)
        for node in functions(source.tree)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION_LINES
    ]


def modules_without_docstring(root: Path) -> list[str]:
    """Yields the modules that do not open with what they are for."""
    return [
        f"{source.name} does not say what it is for: it needs a docstring"
        for source in sources(root)
        if not ast.get_docstring(source.tree)
    ]


def names_without_meaning(root: Path) -> list[str]:
    """Yields the modules and packages whose name says nothing about what is inside."""
    return [
        f"{source.name}: a file or directory called {part} has not found its name yet"
        for source in sources(root)
        for part in source.parts
        if part in NAMES_WITHOUT_MEANING
    ]


def _strings(source: Source) -> Iterator[tuple[int, str]]:
    """Yields line and text of each string that is not a docstring; of an f-string each part."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def sql_outside_sql_files(root: Path) -> list[str]:
    """Yields the strings that hold SQL; statements live in .sql files, named and commented."""
    return [
        f"{source.name}:{line} holds SQL: {' '.join(text.split())[:60]!r}; give it a name in a .sql file"
        for source in sources(root)
        for line, text in _strings(source)
        if SQL.match(text)
    ]


def is_pure(source: Source) -> bool:
    """Yields whether the file belongs to the part that decides: no I/O, clock or randomness in it."""
    match source.parts:
        case ("kernel", *_) | ("engine", "workflow", *_):
            return True
        case ("domain", _, file, *_):
            return file in {"model", "rules", "reactions"}
        case ("engine", _, file, *_):
            return file in {"model", "rules"}
    return False


def async_where_decided(root: Path) -> list[str]:
    """Yields the coroutines in pure code: whatever decides is plain and synchronous."""
    return [
        f"{source.name}:{node.lineno} {node.name} is async, but this file decides and does no I/O"
        for source in sources(root)
        if is_pure(source)
        for node in functions(source.tree)
        if isinstance(node, ast.AsyncFunctionDef)
    ]


def clock_or_id_where_decided(root: Path) -> list[str]:
    """Yields the calls in the domain and the kernel that read a clock or make an id: commands bring both."""
    return [
        f"{source.name}:{node.lineno} calls {called_name(node)}(): instants and ids come in with the command"
        for source in sources(root)
        if is_pure(source) or source.parts[0] == "domain"
        if source.name != "kernel/clock.py"  # the one that is handed down from the top
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and called_name(node) in CLOCKS_AND_IDS
    ]


def imports_below_the_top(root: Path) -> list[str]:
    """Yields the imports inside functions and classes: what a module needs is read at its top."""
    found = []
    for source in sources(root):
        scopes = (
            n
            for n in ast.walk(source.tree)
            if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        )
        lines = {
            node.lineno
            for scope in scopes
            for node in ast.walk(scope)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        found += [f"{source.name}:{line} imports below the top of the file" for line in sorted(lines)]
    return found


def public_without_docstring(root: Path) -> list[str]:
    """Yields public functions and classes of model, rules and store that do not say what they yield."""
    found = []
    for source in sources(root):
        if source.parts[0] != "domain" or not {"model", "rules", "store"} & set(source.parts):
            continue
        for node in source.tree.body:
            is_definition = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            if is_definition and not node.name.startswith("_") and not ast.get_docstring(node):
                found.append(f"{source.name}:{node.lineno} {node.name} has no docstring")
    return found


def unfinished(root: Path) -> list[str]:
    """Yields what was left for later: marked comments, NotImplementedError, skipped and xfailed tests."""
    found = []
    for source in sources(root):
        found += [
            f"{source.name}:{token.start[0]} is left for later: {token.string}"
            for token in tokenize.generate_tokens(io.StringIO(source.text).readline)
            if token.type == tokenize.COMMENT and UNFINISHED_COMMENT.search(token.string)
        ]
        for node in ast.walk(source.tree):
            name = (
                node.id
                if isinstance(node, ast.Name)
                else node.attr
                if isinstance(node, ast.Attribute)
                else ""
            )
            if name == "NotImplementedError" or (name in UNFINISHED_CALLS and _is_of_pytest(node)):
                found.append(f"{source.name}:{node.lineno} is not done: {name}")
    return found


def _is_of_pytest(node: ast.AST) -> bool:
    """Yields whether an attribute hangs on pytest or on pytest.mark."""
    match node:
        case ast.Attribute(
            value=ast.Name(id="pytest") | ast.Attribute(value=ast.Name(id="pytest"), attr="mark")
        ):
            return True
    return False


# What holds in the package, and the part of it that holds in the tests as well.
EVERYWHERE: tuple[Check, ...] = (
    long_files,
    long_functions,
    modules_without_docstring,
    names_without_meaning,
    imports_below_the_top,
    unfinished,
)
IN_THE_PACKAGE: tuple[Check, ...] = (
    *EVERYWHERE,
    sql_outside_sql_files,
    async_where_decided,
    clock_or_id_where_decided,
    public_without_docstring,
)
