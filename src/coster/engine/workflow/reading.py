"""Strict reading of nodes: each function gives the value, or a harmless stand-in after noting what is
wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from coster.engine.workflow import faults
from coster.engine.workflow.document import Node

NOTHING = Node(None, 0, "")


class Reader:
    """Collects the faults of one file while its values are read."""

    def __init__(self) -> None:
        """Starts without faults."""
        self.faults: list[faults.Fault] = []

    def note(self, code: str, node: Node, message: str) -> None:
        """Notes a fault at the node."""
        self.faults.append(faults.Fault(code=code, line=node.line, path=node.path, message=message))

    def wrong(self, node: Node, accepted: str) -> None:
        """Notes that the value of the node is not what is accepted."""
        self.note("value_wrong", node, f"found {node.found}; accepted: {accepted}.")

    def fields(self, node: Node, required: Sequence[str], allowed: Sequence[str]) -> dict[str, Node]:
        """The entries of a mapping with known keys; notes unknown and missing ones."""
        if not isinstance(node.value, dict):
            self.wrong(node, f"a mapping with {', '.join((*required, *allowed))}")
            return {}
        known = (*required, *allowed)
        for key, entry in node.value.items():
            if key not in known:
                self.note("key_unknown", entry, f"found the key '{key}'{likely(key, known)}.")
        for key in required:
            if key not in node.value:
                self.note("key_missing", node, f"found no '{key}'; it must be given.")
        return {key: entry for key, entry in node.value.items() if key in known}

    def entries(self, node: Node | None, accepted: str) -> dict[str, Node]:
        """The entries of a mapping whose keys are free; empty when the node is absent."""
        if node is None:
            return {}
        if isinstance(node.value, dict):
            return node.value
        self.wrong(node, accepted)
        return {}

    def items(self, node: Node | None, accepted: str) -> list[Node]:
        """The items of a list; empty when the node is absent."""
        if node is None:
            return []
        if isinstance(node.value, list):
            return node.value
        self.wrong(node, accepted)
        return []

    def text(self, node: Node | None, accepted: str, pattern: re.Pattern[str] | None = None) -> str:
        """Text that matches the pattern as a whole (any, but not empty, without one); empty when the node is
        absent."""
        if node is None:
            return ""
        if isinstance(node.value, str) and (pattern.fullmatch(node.value) if pattern else node.value.strip()):
            return node.value
        self.wrong(node, accepted)
        return ""

    def one_of(self, node: Node | None, choices: Sequence[str], default: str = "") -> str:
        """One of the choices; the default when the node is absent."""
        if node is None:
            return default
        if isinstance(node.value, str) and node.value in choices:
            return node.value
        self.wrong(node, f"one of {', '.join(choices)}")
        return default

    def flag(self, node: Node | None) -> bool:
        """True or false; false when the node is absent."""
        if node is not None and not isinstance(node.value, bool):
            self.wrong(node, "true or false")
        return node is not None and node.value is True

    def count(self, node: Node | None, default: int) -> int:
        """An integer from 1; the default when the node is absent."""
        if node is None:
            return default
        if isinstance(node.value, int) and not isinstance(node.value, bool) and node.value >= 1:
            return node.value
        self.wrong(node, "a whole number from 1")
        return default

    def names(self, node: Node | None, accepted: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """Different names from a list, or from a single name; empty when the node is absent."""
        if node is None:
            return ()
        nodes = node.value if isinstance(node.value, list) else [node]
        names: list[str] = []
        for item in nodes:
            name = self.text(item, accepted, pattern)
            if name and name in names:
                self.wrong(item, "each name once")
            elif name:
                names.append(name)
        return tuple(names)


def likely(found: str, known: Sequence[str]) -> str:
    """What is accepted instead of a name, the nearest first if one is near: the end of a message."""
    near = difflib.get_close_matches(found, known, n=1, cutoff=0.6)
    guess = f"; did you mean '{near[0]}'?" if near else ""
    return f"{guess or ';'} accepted: {', '.join(sorted(known)) or 'none'}"
