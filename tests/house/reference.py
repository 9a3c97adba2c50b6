"""What the reference must hold: names found in the code, and the entries found in docs/reference."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import cyclopts

from tests.house.tree import called_name, sources

# An entry is a name in code type that opens a table row or stands in a heading.
ENTRY = re.compile(r"^(?:\|\s*|#{2,6}\s+)`([^`]+)`", re.MULTILINE)
# What is called with a name: a rejection or a problem of the edge, an event or a room's own way to make one, a metric.
# A name that depends on something is chosen first: `code = "a" if … else "b"`.
REJECTIONS = re.compile(r"(?:Rejected|reject|refuse|Problem|of_faults)")
COMPUTED = re.compile(r"(?:Rejected|Problem|Event)")
EVENTS = re.compile(r"(?:\w+_)?[Ee]vent")
TELLERS = re.compile(r"_?(?:tell|move|become|follow)")
METRICS = re.compile(r"(?:Counter|Gauge|Histogram|Summary)")
# A table from which a room takes the names of its events, and what such a name looks like.
EVENT_TABLE = re.compile(r"_?(?:\w+_)?EVENTS?")
EVENT_NAME = re.compile(r"[a-z_]+\.[a-z_]+")
REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")


def entries(page: Path) -> set[str]:
    """Yields the names that a page of the reference explains; a page that does not exist explains none."""
    return set(ENTRY.findall(page.read_text(encoding="utf-8"))) if page.exists() else set()


def differences(wanted: Iterable[str], page: Path) -> list[str]:
    """Yields what a page leaves out, and what it explains although the code has it no longer."""
    names, explained = set(wanted), entries(page)
    return [
        *(f"{page.name} does not explain {name}" for name in sorted(names - explained)),
        *(f"{page.name} explains {name}, which does not exist" for name in sorted(explained - names)),
    ]


def _first_words(root: Path, called: re.Pattern[str], keyword: str) -> Iterator[str]:
    """Yields the text that calls of these names are given first, or under the keyword."""
    for source in sources(root):
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call) or not called.fullmatch(called_name(node)):
                continue
            given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == keyword)]
            for value in given:
                for choice in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
                    if isinstance(choice, ast.Constant) and isinstance(choice.value, str):
                        yield choice.value


def _words(node: ast.AST) -> set[str]:
    """Yields every text that stands somewhere in a piece of code."""
    return {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}


def _chosen(root: Path, variable: str) -> set[str]:
    """Yields the texts between which an assignment to this variable chooses."""
    return {
        choice.value
        for source in sources(root)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.IfExp)
        if any(isinstance(target, ast.Name) and target.id == variable for target in node.targets)
        for choice in (node.value.body, node.value.orelse)
        if isinstance(choice, ast.Constant) and isinstance(choice.value, str)
    }


def reject_codes(root: Path) -> set[str]:
    """Yields the code of every rejection that the code below the root can answer."""
    return set(_first_words(root, REJECTIONS, "code")) | (_chosen(root, "code") - {""})


def event_names(root: Path) -> set[str]:
    """Yields the name of every event that the code below the root can tell."""
    told = set(_first_words(root, EVENTS, "name")) | _chosen(root, "name")
    for source in sources(root):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and TELLERS.fullmatch(called_name(node)):
                told |= {word for given in node.args for word in _words(given)}
        for node in source.tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if any(isinstance(target, ast.Name) and EVENT_TABLE.fullmatch(target.id) for target in targets):
                told |= _words(node)
    return {name for name in told if EVENT_NAME.fullmatch(name)}


def computed_names(root: Path) -> list[str]:
    """Yields the rejections and events whose name is put together: who searches for it would not find it."""
    return [
        f"{source.name}:{node.lineno} puts a name together: {ast.unparse(node.args[0])}; write it out"
        for source in sources(root)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and COMPUTED.fullmatch(called_name(node)) and node.args
        if isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]


def metric_names(root: Path) -> set[str]:
    """Yields the name of every metric that the code below the root keeps."""
    return set(_first_words(root, METRICS, "name"))


def setting_names(root: Path) -> set[str]:
    """Yields the environment variable of every field of the record of settings."""
    fields = set()
    for source in sources(root):
        if source.name != "settings.py":
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and node.name == "Settings":
                fields |= {field.target.id for field in node.body if isinstance(field, ast.AnnAssign)}
    return {f"COSTER_{field.upper()}" for field in fields}


def commands(app: cyclopts.App, before: str = "coster") -> set[str]:
    """Yields every command of the command line with the words before it: `coster db psql`."""
    found = set()
    for name in app:
        if name.startswith("-"):
            continue
        full = f"{before} {name}"
        inner = commands(app[name], full)
        found |= inner or {full}
    return found


def dependencies(pyproject: Path) -> set[str]:
    """Yields the name of every package that pyproject.toml asks for, to run, to develop and to build."""
    told = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    lists = [
        told["project"]["dependencies"],
        *told["project"].get("optional-dependencies", {}).values(),
        told["build-system"]["requires"],
    ]
    return {REQUIREMENT.match(requirement).group() for requirements in lists for requirement in requirements}


# -- what pages tell people to type ----------------------------------------------------------------------------

# Code in a page: fenced, or between backticks. What a fence quotes as an answer is no command.
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
SHELL = {"sh", "bash", "console", ""}
TYPED = re.compile(
    r"(?:^|[;&|(]|&&)\s*(?:[A-Z_]+=\S*\s+)*(coster|make)\b((?: +[a-z][a-z0-9-]*)*)", re.MULTILINE
)
ADDRESS = re.compile(r"(?:\b(GET|POST|PATCH|DELETE) +)?(?:\$\w+)?(/api/v1/(?:\$\([^)]*\)|[\w:{}$/.…-])+)")
VARIABLE = re.compile(r"\$\([^)]*\)|\{[^}]*\}|\$\w+|…")
TARGET = re.compile(r"^([a-z][a-z0-9-]*):", re.MULTILINE)


def typed(text: str) -> set[tuple[str, str]]:
    """Yields what a page tells people to type: the program (`coster`, `make`) and the plain words after it."""
    shell = "\n".join(body for kind, body in FENCE.findall(text) if kind in SHELL)
    inline = "\n".join(INLINE.findall(FENCE.sub("", text)))
    return {(program, words.strip()) for program, words in TYPED.findall(f"{shell}\n{inline}")}


def unknown_commands(text: str, known: set[str]) -> list[str]:
    """Yields the `coster …` of a page that name no command (`known`: all, in full)."""
    groups = {command.rsplit(" ", 1)[0] for command in known} - {"coster"}
    found = []
    for program, words in sorted(typed(text)):
        named = f"{program} {words}".strip()
        fits = any(f"{named} ".startswith(f"{command} ") for command in known) or named in {"coster", *groups}
        if program == "coster" and not fits:
            found.append(f"{named}: there is no such command")
    return found


def targets(makefile: Path) -> set[str]:
    """Yields every target of a Makefile that is a word."""
    return set(TARGET.findall(makefile.read_text(encoding="utf-8")))


def unknown_targets(text: str, known: set[str]) -> list[str]:
    """Yields the `make …` of a page that name no target."""
    wanted = {word for program, words in typed(text) if program == "make" for word in words.split()}
    return [f"make {word}: there is no such target" for word in sorted(wanted - known)]


def unknown_addresses(text: str, known: set[tuple[str, str]]) -> list[str]:
    """Yields the addresses of a page (with their method, where it is told) that the API does not have.

    `known`: methods in capitals and paths of the OpenAPI document.
    """
    there = {(method, VARIABLE.sub("{}", path)) for method, path in known}
    paths = {path for _, path in there}
    found = set()
    for method, written in ADDRESS.findall(text):
        path = VARIABLE.sub("{}", written).rstrip("./:")
        if path == "/api/v1/{}":
            continue  # A variable stands for the whole address, and nothing can be said.
        if (method, path) not in there if method else path not in paths:
            found.add(f"{method} {path}: the API has no such address".strip())
    return sorted(found)
