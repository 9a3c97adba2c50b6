"""YAML text to plain nodes that remember their line and path.

YAML 1.2 rules are used for plain words, so that `on`, `yes` and `no` are text (the YAML 1.1 reader of PyYAML
makes `on:` the key `true`). Anchors, aliases and tags are refused, and so are huge or deeply nested files:
flows come from tenants too.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec
import yaml

from coster.engine.workflow import faults

if not yaml.__with_libyaml__:
    raise ImportError(
        "PyYAML was built without libyaml, which reads flow files; install a wheel of it, or build it where libyaml's headers are"
    )

LONGEST = 262_144
DEEPEST = 12

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip


class Node(msgspec.Struct, frozen=True):
    """One value of the document with its place: a scalar, a list of nodes, or a mapping from text to
    nodes."""

    value: str | int | float | bool | list[Node] | dict[str, Node] | None
    line: int
    path: str

    @property
    def plain(self) -> Plain:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain for node in self.value]
        return self.value

    @property
    def found(self) -> str:
        """What stands here, in words for a message."""
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        return "nothing" if self.value is None else repr(self.value)


class _NotPlainError(Exception):
    """The document uses what flows may not use."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


class _Loader(yaml.composer.Composer, yaml.cyaml.CParser, yaml.resolver.Resolver):  # type: ignore[misc]
    """Composes nodes only, of what libyaml finds in the text; refuses what could make a small text a large or a surprising document."""

    def __init__(self, text: str) -> None:
        yaml.cyaml.CParser.__init__(self, text)
        yaml.composer.Composer.__init__(self)
        yaml.resolver.Resolver.__init__(self)
        self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """The next node. Raises _NotPlainError."""
        event = self.peek_event()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _NotPlainError(line, "found an anchor or alias; accepted: every value written out")
        if getattr(event, "tag", None):
            raise _NotPlainError(line, f"found the tag {event.tag}; accepted: values without tags")
        if self.depth >= DEEPEST:
            raise _NotPlainError(line, f"found more than {DEEPEST} levels of nesting; accepted: {DEEPEST}")
        self.depth += 1
        try:
            node: yaml.Node | None = super().compose_node(parent, index)
        finally:
            self.depth -= 1
        return node


def read(text: str, findings: list[faults.Fault]) -> Node | None:
    """The root of the document, or None after adding to `findings` why there is none.

    Repeated keys are findings too.
    """
    if len(text) > LONGEST:
        message = f"found {len(text)} characters; accepted: at most {LONGEST}."
        findings.append(faults.Fault(code="not_plain", line=0, path="", message=message))
        return None
    try:
        root = yaml.compose(text, Loader=_Loader)
    except _NotPlainError as refusal:
        findings.append(faults.Fault(code="not_plain", line=refusal.line, path="", message=f"{refusal}."))
        return None
    except UnicodeEncodeError as error:
        message = (
            f"found half of a surrogate pair ({error.object[error.start]!a}); accepted: Unicode characters."
        )
        line = text.count("\n", 0, error.start) + 1
        findings.append(faults.Fault(code="not_yaml", line=line, path="", message=message))
        return None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        message = f"found text that is not YAML ({problem}); accepted: one YAML mapping."
        line = mark.line + 1 if mark else 0
        findings.append(faults.Fault(code="not_yaml", line=line, path="", message=message))
        return None
    if root is None:
        message = "found an empty file; accepted: one YAML mapping."
        findings.append(faults.Fault(code="not_yaml", line=0, path="", message=message))
        return None
    return _node(root, "", findings)


def _node(source: yaml.Node, path: str, findings: list[faults.Fault]) -> Node:
    """Our node for a YAML node and everything below it."""
    line = source.start_mark.line + 1
    if isinstance(source, yaml.MappingNode):
        return Node(_mapping(source, path, findings), line, path)
    if isinstance(source, yaml.SequenceNode):
        return Node(
            [_node(item, f"{path}[{n}]", findings) for n, item in enumerate(source.value)], line, path
        )
    return Node(_scalar(source.value, plain=not source.style), line, path)


def _mapping(source: yaml.MappingNode, path: str, findings: list[faults.Fault]) -> dict[str, Node]:
    """The entries of a mapping; keys that stand twice or are no text become findings."""
    entries: dict[str, Node] = {}
    for key_node, value in source.value:
        line = key_node.start_mark.line + 1
        key = key_node.value
        if not isinstance(key_node, yaml.ScalarNode) or not isinstance(key, str):
            message = "found a list or mapping as a key; accepted: a word."
            findings.append(faults.Fault(code="value_wrong", line=line, path=path, message=message))
            continue
        here = f"{path}.{key}" if path else key
        if key in entries:
            message = f"found '{key}' twice, first in line {entries[key].line}; accepted: each key once."
            findings.append(faults.Fault(code="key_twice", line=line, path=here, message=message))
            continue
        node = _node(value, here, findings)
        entries[key] = Node(node.value, line, here)
    return entries


def _scalar(text: str, *, plain: bool) -> str | int | float | bool | None:
    """A scalar by the core schema of YAML 1.2; quoted text stays text."""
    if not plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
