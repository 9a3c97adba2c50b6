"""What is wrong with a document, as values: all at once, each with the node, the property, what was found and what is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

MOST = 100
_LONGEST = 120


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `node` and `property_` (`property` in JSON) are empty where the whole document is meant.

    `code` is stable: `not_json`, `too_large`, `context_missing`, `context_unknown`, `context_refused`, `not_json_ld`, `iri_malformed`,
    `class_conflict`, `value_malformed`, `several_values`, `value_missing`,
    `too_many_faults`.
    """

    code: str
    node: str = ""
    property_: str = msgspec.field(default="", name="property")
    found: str = ""
    accepted: str = ""

    @property
    def sentence(self) -> str:
        """The fault for a person to read."""
        place = " of ".join(part for part in (self.property_, self.node) if part) or "The document"
        found = f" {self.found!r} was found;" if self.found else ""
        return f"{place}:{found} {self.accepted}."


class Found:
    """Collects faults in the order in which they are found; after `MOST` of them it only counts."""

    __slots__ = ("_faults", "_nodes", "left_out")

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._nodes: set[str] = set()
        self.left_out = 0

    def add(self, code: str, *, node: str, property_: str, found: str, accepted: str) -> None:
        """One more fault; what was found is cut to a length that can be read."""
        self._nodes.add(node)
        fault = Fault(code=code, node=cut(node), property_=property_, found=cut(found), accepted=accepted)
        if len(self._faults) >= MOST:
            self.left_out += 1
        elif fault not in self._faults:
            self._faults.append(fault)

    def about(self, node: str) -> bool:
        """Yields whether something is wrong with the node."""
        return node in self._nodes

    def all(self, descriptions: Mapping[str, str] = MappingProxyType({})) -> tuple[Fault, ...]:
        """Yields the faults, and one more that tells how many are not told one by one; `descriptions` of nodes that have no id to tell."""
        self._faults = [
            msgspec.structs.replace(one, node=descriptions.get(one.node, one.node)) for one in self._faults
        ]
        if not self.left_out:
            return tuple(self._faults)
        more = Fault(code="too_many_faults", accepted=f"{self.left_out} more are wrong than are told here")
        return (*self._faults, more)


def cut(text: str) -> str:
    """The text where it is short, its beginning otherwise; without characters that cannot be printed."""
    plain = "".join(c if c.isprintable() else "�" for c in text[: _LONGEST + 1])
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
