"""A document to statements about nodes: it is expanded, and however it was nested, each id is left once with all that is said of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from pyld import jsonld

from coster.edges.dfc.language import contexts, identifiers, parsing, plain
from coster.edges.dfc.language.faults import Found

# Pyld makes relative ids whole against a base; the host of ours is nobody's (RFC 6761), so that we can tell afterwards which they were.
_NOWHERE = "http://relative.invalid"

# Ids that keep a place without saying which: peers give the same one to an order and to each of its lines.
_TAKEN_ONCE = frozenset({"", "#"})
_NUMERIC = frozenset(
    f"http://www.w3.org/2001/XMLSchema#{name}" for name in ("decimal", "double", "float", "integer")
)
# What pyld trips over in documents that are not JSON-LD; its own errors come with the others because it is not consistent in them.
_STUMBLES = (
    jsonld.JsonLdError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


class Literal(msgspec.Struct, frozen=True):
    """A text (a number is one too, and a truth is `true` or `false`), with its language where it has one.

    `is_number` where the document says so: by writing a number, or by the type of the text.
    """

    text: str
    language: str = ""
    is_number: bool = False


class Ref(msgspec.Struct, frozen=True):
    """A value that names a node, or something outside of the document."""

    id: str


Value = Literal | Ref


class Statements(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says of one node, under names that pyld has expanded: its types, and the values of each property in their order.

    `inside` tells that it came without an id of its own; `id` is then ours, and means nothing.
    Relative ids are whole where the address of the document is known, but for those that only keep a place (`#`).
    """

    id: str
    inside: bool
    types: list[str]
    values: dict[str, list[Value]]


def expand(body: bytes | str, *, base: str, limits: parsing.Limits, found: Found) -> list[Statements]:
    """The nodes of a document, in the order in which it names them first; empty where it cannot be read at all, and why is in `found`."""
    document = parsing.parse(body, limits, found)
    if document is None:
        return []
    try:
        path = urlsplit(base).path or "/"
        nowhere = f"{_NOWHERE}{path}"
        expanded = plain.expanded(document, nowhere)
        if expanded is None:
            expanded = jsonld.expand(document, {"documentLoader": contexts.answer, "base": nowhere})
    except _STUMBLES as stumble:
        accepted = "a document by the rules of JSON-LD 1.1 is accepted"
        found.add("not_json_ld", node="", property_="", found=_reason(stumble), accepted=accepted)
        return []
    nodes = _Nodes(base, path)
    nodes.take(expanded)
    return list(nodes.by_id.values())


def _reason(stumble: BaseException) -> str:
    """What the innermost error of JSON-LD calls itself, because the outer ones only say that there was one."""
    reason, error = type(stumble).__name__, stumble
    while isinstance(error, jsonld.JsonLdError):
        reason = str(error.code or error.args[0])
        error = error.__cause__ or error.__context__
    return reason


class _Nodes:
    """Gathers statements: nodes of one id become one, values keep the order in which they came and stand there once."""

    def __init__(self, base: str, path: str) -> None:
        self._base, self._path = base, path
        self._unnamed = 0
        self.by_id: dict[str, Statements] = {}

    def take(self, items: Iterable[Any]) -> None:
        """All that an array of expanded objects says."""
        for item in items:
            if "@value" not in item:
                self._values(item)

    def _values(self, item: dict[str, Any]) -> list[Value]:
        """An expanded value as ours: lists and sets are opened, nodes are taken and referred to."""
        if "@value" in item:
            return [_literal(item)] if item["@value"] is not None else []
        if "@list" in item or "@set" in item:
            return [
                value
                for member in item.get("@list") or item.get("@set") or ()
                for value in self._values(member)
            ]
        return [Ref(self._node(item))]

    def _node(self, item: dict[str, Any]) -> str:
        """Takes what an object says of a node and yields the id of it."""
        id_ = self._id(item.get("@id"))
        unnamed = "@id" not in item
        if len(item) == 1 and not unnamed:
            return id_
        if id_ in _TAKEN_ONCE and id_ in self.by_id:
            id_, unnamed = self._id(None), True
        node = self.by_id.setdefault(id_, Statements(id=id_, inside=unnamed, types=[], values={}))
        node.types.extend(kind for kind in item.get("@type", ()) if kind not in node.types)
        for name, values in item.items():
            if name in ("@graph", "@included"):
                self.take(values)
            elif name == "@reverse":
                self._reverse(values, id_)
            elif not name.startswith("@"):
                self._add(node, name, [value for one in values for value in self._values(one)])
        return id_

    def _reverse(self, said: dict[str, Any], id_: str) -> None:
        for name, sources in said.items():
            for source in sources:
                other = self._node(source)
                node = self.by_id.setdefault(other, Statements(id=other, inside=False, types=[], values={}))
                self._add(node, name, [Ref(id_)])

    def _add(self, node: Statements, name: str, values: list[Value]) -> None:
        known = node.values.get(name)
        node.values[name] = list(dict.fromkeys([*known, *values] if known else values))

    def _id(self, given: str | None) -> str:
        if given is None:
            self._unnamed += 1
            return f"_:coster {self._unnamed}"  # with a space, so that no document can name the same
        if not given.startswith(_NOWHERE):
            return given
        relative = given.removeprefix(_NOWHERE)
        if relative == self._path or relative.startswith(f"{self._path}#"):
            return relative.removeprefix(self._path)
        return identifiers.resolved(relative, self._base) if self._base else relative.removeprefix("/")


def _literal(item: dict[str, Any]) -> Literal:
    value = item["@value"]
    if isinstance(value, bool):
        return Literal("true" if value else "false")
    if not isinstance(value, str):
        return Literal(repr(value))
    return Literal(value, str(item.get("@language", "")).lower(), item.get("@type") in _NUMERIC)
