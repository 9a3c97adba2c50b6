"""What reading finds wrong, and the words for it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from coster.engine.workflow import faults
from coster.engine.workflow.document import Node


class Notes:
    """Collects the faults of one file while it is read."""

    def __init__(self) -> None:
        """Starts without faults."""
        self.faults: list[faults.Fault] = []

    def note(self, code: str, node: Node, message: str) -> None:
        """Notes a fault at the node."""
        self.faults.append(faults.Fault(code=code, line=node.line, path=node.path, message=message))

    def wrong(self, node: Node, accepted: str) -> None:
        """Notes that the value of the node is not what is accepted."""
        self.note("value_wrong", node, f"found {node.found}; accepted: {accepted}.")


def likely(found: str, known: Sequence[str]) -> str:
    """What is accepted instead of a name, the nearest first if one is near: the end of a message."""
    near = difflib.get_close_matches(found, known, n=1, cutoff=0.6)
    guess = f"; did you mean '{near[0]}'?" if near else ""
    return f"{guess or ';'} accepted: {', '.join(sorted(known)) or 'none'}"
