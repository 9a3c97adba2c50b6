"""A document to records, with everything that is wrong with it at once: whatever dialect, generation or shape it comes in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec

from coster.edges.dfc.language import concepts, expanding, identifiers, parsing, vocabulary
from coster.edges.dfc.language.faults import Fault, Found
from coster.edges.dfc.language.records import Graph, Record
from coster.edges.dfc.language.sorting import Node, Nodes, Subject
from coster.edges.dfc.language.values import Values
from coster.edges.dfc.language.vocabulary import Class, Field, Kind


class Reading(msgspec.Struct, frozen=True):
    """What a document says, and what is wrong with it. Nodes with a fault of their own are not in the graph, all others are."""

    graph: Graph = Graph()
    faults: tuple[Fault, ...] = ()


def read(
    body: bytes | str,
    *,
    base: str = "",
    subject: Subject | None = None,
    zone: dt.tzinfo = dt.UTC,
    limits: parsing.Limits = parsing.REQUEST,
) -> Reading:
    """The records of a document; never raises for what stands in it.

    `base` is the address that it was sent to or fetched from, against which relative ids count; `subject` what a body without id or class
    is about; `zone` where instants without an offset count. Nodes without a name get one that depends on who names them, and not on
    where they stand. Nodes that the document only mentions, by telling of another one that it belongs to them, are in the graph as well.
    """
    found = Found()
    statements = expanding.expand(body, base=base, limits=limits, found=found)
    nodes = Nodes(statements, base=base, subject=subject, found=found)
    records = _Reader(nodes, found, zone).records()
    return Reading(Graph(_named(records)), found.all(nodes.descriptions()))


_Told: TypeAlias = dict[str, dict[str, list[str]]]
"""By the id of a node and the field that would tell it: the ids of those who say so of themselves."""


class _Reader:
    """Makes records of nodes."""

    def __init__(self, nodes: Nodes, found: Found, zone: dt.tzinfo) -> None:
        self._nodes = nodes
        self._found = found
        self._values = read = Values(nodes, found, zone)
        self._texts = read.texts
        self._plain: dict[Kind, Callable[[Node, Field], Any]] = {
            Kind.TEXT: read.text,
            Kind.LINK: read.text,
            Kind.FLAG: read.flag,
            Kind.DECIMAL: read.decimal,
            Kind.INSTANT: read.instant,
            Kind.QUANTITY: read.quantity,
            Kind.PRICE: read.price,
            Kind.TEMPERATURE: read.temperature,
            Kind.COUNTRY: read.country,
            Kind.CONCEPT: read.concepts,
        }
        self._told = self._gather_inverses()

    def records(self) -> list[Record]:
        """The records of all nodes that Coster speaks and that nothing is wrong with, in the order of the document."""
        made = [(node, self._record(node, kind)) for node, kind in list(self._nodes.known())]
        return [record for node, record in made if not self._found.about(node.id)]

    def _gather_inverses(self) -> _Told:
        """What nodes tell of others: `A holds B` is said of B."""
        told: _Told = {}
        for node, kind in list(self._nodes.known()):
            for name in sorted(node.values.keys() & vocabulary.BACKWARDS.keys()):
                candidates = vocabulary.backwards(kind, name)
                for id_ in self._values.refs(node, _POINTING[name]) if candidates else ():
                    self._tell(told, id_, candidates, node)
        return told

    def _tell(
        self,
        told: _Told,
        id_: str,
        candidates: list[tuple[Class, Field]],
        node: Node,
    ) -> None:
        other = self._nodes.by_id.get(id_)
        if (
            other is None
            and len(candidates) == 1
            and not (identifiers.is_blank(id_) or identifiers.is_malformed(id_))
        ):
            other = self._nodes.by_id[id_] = Node(id=id_, inside=False, kind=candidates[0][0], values={})
        for kind, field in candidates:
            if other and other.kind is kind:
                told.setdefault(id_, {}).setdefault(field.name, []).append(node.id)

    def _record(self, node: Node, kind: Class) -> Record:
        values: dict[str, Any] = {"id": node.id}
        if vocabulary.SAME_AS in node.values:
            values["same_as"] = tuple(sorted(self._values.refs(node, _SAME_AS)))
        told = self._told.get(node.id, {})
        for field, spellings in _SPELLINGS[kind.name]:
            if not spellings.isdisjoint(node.values) or field.name in told:
                values.update(self._field(node, field))
        return kind.record(**values)

    def _field(self, node: Node, field: Field) -> dict[str, Any]:
        match field.kind:
            case Kind.REF:
                return {field.name: self._refs(node, field)}
            case Kind.STATUS:
                return {field.name: self._values.status(node, field, _STATUSES[field.name])}
            case Kind.STOCK:
                stock, unlimited = self._values.stock(node, field)
                return {field.name: stock, "unlimited": unlimited}
            case Kind.LINE_QUANTITY:
                quantity, other, unit = self._values.line_quantity(node, field)
                return {field.name: quantity, "other_quantity": other, "unit": unit}
            case Kind.CONCEPT if not field.many:
                return {field.name: next(iter(self._values.concepts(node, field)), None)}
        read = self._texts if field.many and field.kind in (Kind.LINK, Kind.TEXT) else self._plain[field.kind]
        return {field.name: read(node, field)}

    def _refs(self, node: Node, field: Field) -> Any:
        """What a node names itself, and, where that is nothing or a set, what others tell of it."""
        own = [id_ for id_ in self._values.refs(node, field) if self._is_kept(id_)]
        said = self._told.get(node.id, {}).get(field.name, ())
        told = sorted(set(said) - set(own), key=identifiers.natural)
        if field.many:
            return (
                (*own, *told)
                if field.name == "lines"
                else tuple(sorted((*own, *told), key=identifiers.natural))
            )
        # Nobody but its order may have a line: what two orders claim is no line of either.
        ids = [*own, *told] if field.name == "order" else own or told
        if len(ids) > 1:
            self._values.several(node, field, ids)
        return ids[0] if ids else None

    def _is_kept(self, id_: str) -> bool:
        """Yields whether an id means anything outside: nodes that have none, and are of no class that we speak, mean nothing."""
        node = self._nodes.by_id.get(id_)
        return not (node.inside and node.kind is None) if node else not identifiers.is_blank(id_)


_STATUSES = {
    "order_status": concepts.OrderStatus,
    "fulfilment_status": concepts.FulfilmentStatus,
    "payment_status": concepts.PaymentStatus,
}


_POINTING = {name: Field(name="", kind=Kind.REF, writes=(name,), many=True) for name in vocabulary.BACKWARDS}
_SAME_AS = Field(name="same_as", kind=Kind.REF, writes=(vocabulary.SAME_AS,), many=True)
_SPELLINGS = {
    kind.name: [(field, frozenset((*field.writes, *field.reads))) for field in kind.fields]
    for kind in vocabulary.CLASSES
}


def _named(records: list[Record]) -> tuple[Record, ...]:
    """The records, sorted; nodes without a name outside of the document are numbered in the order in which others name them."""
    if not any(identifiers.is_blank(record.id) for record in records):
        return tuple(sorted(records, key=_order))
    by_id = {record.id: record for record in records}
    labels: dict[str, str] = {}
    whole = sorted((one for one in records if not identifiers.is_blank(one.id)), key=_order)
    waiting = [*reversed(records), *reversed(whole)]
    seen: set[str] = set()
    while waiting:
        record = waiting.pop()
        if record.id in seen:
            continue
        seen.add(record.id)
        if identifiers.is_blank(record.id):
            labels[record.id] = f"_:b{len(labels)}"
        named = [by_id[id_] for id_ in _references(record) if identifiers.is_blank(id_) and id_ in by_id]
        waiting.extend(reversed(named))
    if labels:
        records = [_relabelled(record, labels) for record in records]
    return tuple(sorted(records, key=_order))


def _order(record: Record) -> tuple[Any, ...]:
    return vocabulary.RANK[type(record)], identifiers.natural(record.id)


def _references(record: Record) -> Iterator[str]:
    for field in vocabulary.BY_RECORD[type(record)].fields:
        if field.kind is Kind.REF:
            value = getattr(record, field.name)
            yield from value if isinstance(value, tuple) else (value,) if value else ()


def _relabelled(record: Record, labels: dict[str, str]) -> Record:
    changes: dict[str, Any] = {"id": labels.get(record.id, record.id)}
    for field in vocabulary.BY_RECORD[type(record)].fields:
        if field.kind is Kind.REF:
            value = getattr(record, field.name)
            changes[field.name] = (
                tuple(labels.get(id_, id_) for id_ in value)
                if isinstance(value, tuple)
                else labels.get(value, value)
            )
    return msgspec.structs.replace(record, **changes)
