"""Records to a document: one dialect, whole graphs with both ends of each link, texts for literals, and always the same bytes.

The dialect is that of the connectors, because every running peer reads with one (dfc.md §0.1, §0.3, §2): prices and quantities embedded,
`offers` beside `offeredItem`, `startDate` beside `beginDate`, `quantity` and never `hasQuantity` on lines, references as ids.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from coster.edges.dfc.language import (
    concepts,
    contexts,
    countries,
    dates,
    identifiers,
    numbers,
    relations,
    vocabulary,
)
from coster.edges.dfc.language.records import (
    CatalogItem,
    Graph,
    Offer,
    Order,
    OrderLine,
    Price,
    Quantity,
    Record,
    TemperatureRange,
)
from coster.edges.dfc.language.vocabulary import Class, Field, Kind

Json = dict[str, Any]


class Profile(enum.Enum):
    """Which vocabulary is written: that of 1.16, which everybody reads, or that of 2.0.0 to who asks for it."""

    VERSION_1 = "dfc-v1"
    VERSION_2 = "dfc-v2"


def write(graph: Graph, *, first: Sequence[str] = (), profile: Profile = Profile.VERSION_1) -> bytes:
    """The document of a graph, completed; the nodes named in `first` lead, the others follow by class and id.

    Reading it again gives the completed graph. Raises ValueError where a record says what the standard has no words for: a currency or
    unit that it does not have, an id that is no IRI.
    """
    whole = completed(graph)
    backwards = _backwards(whole)
    nodes = [_node(record, backwards.get(record.id, {}), profile) for record in _in_order(whole, first)]
    context = contexts.URL_1 if profile is Profile.VERSION_1 else contexts.URL_2
    body = nodes[0] if len(nodes) == 1 else {"@graph": nodes}
    return msgspec.json.encode({"@context": context} | body)


def graph(records: Iterable[Record]) -> Graph:
    """The records as a graph: sorted, and within them the fields that are sets; raises ValueError where two have the same id."""
    listed = sorted((_settled(record) for record in records), key=_key)
    ids = [record.id for record in listed]
    if len(set(ids)) != len(ids):
        raise ValueError(f"{next(id_ for id_ in ids if ids.count(id_) > 1)} is there twice")
    return Graph(tuple(listed))


def completed(given: Graph) -> Graph:
    """The graph with what follows from it: a record without content for each that is named and missing, orders that name their lines as
    lines name their order, offers that name the product beside the item. Completing twice changes nothing.

    Connectors fetch whatever is named and not there (dfc.md §2), so that nothing may be missing. Raises ValueError where two orders have
    a line in common.
    """
    by_id = {record.id: record for record in graph(given.records).records}
    _join_lines(by_id)
    _name_products(by_id)
    for record in list(by_id.values()):
        for field, id_ in _references(record):
            by_id.setdefault(id_, vocabulary.BY_NAME[field.of[0]].record(id=id_))
    _join_lines(by_id)
    return graph(by_id.values())


def _settled(record: Record) -> Record:
    """The record with each set sorted and without repetition, as reading gives it; the lines of an order keep theirs."""
    changes: dict[str, Any] = {"same_as": tuple(sorted(set(record.same_as)))}
    for field in vocabulary.BY_RECORD[type(record)].fields:
        if field.many:
            values = getattr(record, field.name)
            key = identifiers.natural if field.kind is Kind.REF else None
            changes[field.name] = (
                tuple(dict.fromkeys(values)) if field.name == "lines" else tuple(sorted(set(values), key=key))
            )
    if any(changes[name] != getattr(record, name) for name in changes):
        return msgspec.structs.replace(record, **changes)
    return record


def _join_lines(by_id: dict[str, Record]) -> None:
    for record in list(by_id.values()):
        if isinstance(record, Order):
            for id_ in record.lines:
                line = by_id.get(id_, OrderLine(id=id_))
                if isinstance(line, OrderLine):
                    if line.order not in (None, record.id):
                        raise ValueError(
                            f"{id_} is there as a line of two orders, {line.order} and {record.id}"
                        )
                    by_id[id_] = msgspec.structs.replace(line, order=record.id)
    for record in sorted(by_id.values(), key=_key):
        order = by_id.get(record.order or "") if isinstance(record, OrderLine) else None
        if isinstance(order, Order) and record.id not in order.lines:
            by_id[order.id] = msgspec.structs.replace(order, lines=(*order.lines, record.id))


def _name_products(by_id: dict[str, Record]) -> None:
    for record in list(by_id.values()):
        if isinstance(record, Offer) and record.item and not record.product:
            item = by_id.get(record.item)
            if isinstance(item, CatalogItem) and item.product:
                by_id[record.id] = msgspec.structs.replace(record, product=item.product)


def _key(record: Record) -> tuple[Any, ...]:
    return vocabulary.RANK[type(record)], identifiers.natural(record.id)


def _in_order(whole: Graph, first: Sequence[str]) -> list[Record]:
    """The records as they are written: leaders, then by class and id, but lines in the order of their order."""
    leaders = {id_: place for place, id_ in enumerate(first)}
    places = {id_: place for order in whole.of(Order) for place, id_ in enumerate(order.lines)}

    def place(record: Record) -> tuple[Any, ...]:
        rank, name = _key(record)
        if isinstance(record, OrderLine) and record.id in places:
            return (
                leaders.get(record.id, len(leaders)),
                rank,
                identifiers.natural(record.order or ""),
                places[record.id],
                name,
            )
        return leaders.get(record.id, len(leaders)), rank, (), 0, name

    return sorted(whole.records, key=place)


def _references(record: Record) -> Iterable[tuple[Field, str]]:
    for field in vocabulary.BY_RECORD[type(record)].fields:
        if field.kind is Kind.REF:
            value = getattr(record, field.name)
            for id_ in value if isinstance(value, tuple) else (value,) if value else ():
                yield field, id_


def _backwards(whole: Graph) -> dict[str, dict[str, list[str]]]:
    """For each node what it has to say of those that name it, by property: the sender must give both ends (dfc.md §3.4)."""
    kinds = {record.id: vocabulary.BY_RECORD[type(record)] for record in whole.records}
    found: dict[str, dict[str, list[str]]] = {}
    for record in whole.records:
        for field, id_ in _references(record):
            forwards = {name for own in kinds[id_].fields for name in own.writes}
            if field.inverse and field.inverse not in forwards and kinds[id_].name in field.of:
                found.setdefault(id_, {}).setdefault(field.inverse, []).append(record.id)
    return found


def _node(record: Record, backwards: dict[str, list[str]], profile: Profile) -> Json:
    kind = vocabulary.BY_RECORD[type(record)]
    made: Json = {"@id": _id(record.id), "@type": f"dfc-b:{_name(kind, profile)}"}
    for field in kind.fields:
        told = getattr(record, field.name)
        if profile is Profile.VERSION_2:
            if field.kind is Kind.LINE_QUANTITY and told is not None:
                told, field = Quantity(told), _LINES_QUANTITY  # noqa: PLW2901 - the same field, as 2.0.0 has it
            names = vocabulary.names_2(field)
        else:
            names = field.writes
        if values := _values(told, field):
            made |= {f"dfc-b:{name}": _pointing(name, values, field) for name in names}
    for name, ids in sorted(backwards.items()):
        made[f"dfc-b:{name}"] = _alone(sorted(map(_id, ids), key=identifiers.natural))
    if record.same_as:
        made[vocabulary.SAME_AS] = _alone([{"@id": _id(id_)} for id_ in record.same_as])
    return made


_LINES_QUANTITY = Field(name="quantity", kind=Kind.QUANTITY, writes=("hasQuantity",))


def _name(kind: Class, profile: Profile) -> str:
    return kind.name_2 if profile is Profile.VERSION_2 and kind.name_2 else kind.name


def _alone(values: list[Any]) -> Any:
    """As connectors write it: one value stands by itself, several in an array."""
    return values[0] if len(values) == 1 else values


def _pointing(name: str, values: list[Any], field: Field) -> Any:
    """References as the context reads them: a name that it does not know to point needs an object with the id."""
    if field.kind is Kind.REF and name not in relations.RELATIONS:
        values = [{"@id": value} for value in values]
    return _alone(values)


def _values(value: Any, field: Field) -> list[Any]:
    """The values of a field as they stand in a document; empty where it has none."""
    if value is None:
        return []
    return [_value(one, field) for one in (value if isinstance(value, tuple) else (value,))]


def _value(value: Any, field: Field) -> Any:
    written = _WRITTEN.get(field.kind)
    if written:
        return written(value)
    if field.kind is Kind.CONCEPT and ":" not in value:
        return f"{field.prefix}:{value}"
    return value


def _quantity(quantity: Quantity) -> Json:
    made: Json = {"@type": f"dfc-b:{vocabulary.QUANTITY_CLASS}", "dfc-b:value": numbers.text(quantity.value)}
    if quantity.unit is not None:
        if quantity.unit not in concepts.UNITS:
            raise ValueError(f"{quantity.unit!r} is no unit of the standard; concepts.UNITS has them")
        made["dfc-b:hasUnit"] = f"dfc-m:{quantity.unit}"
    return made


def _price(price: Price) -> Json:
    made: Json = {"@type": f"dfc-b:{vocabulary.PRICE_CLASS}", "dfc-b:value": numbers.text(price.value)}
    if price.vat_rate is not None:
        made["dfc-b:VATrate"] = numbers.text(price.vat_rate)
    if price.currency is not None:
        if price.currency not in concepts.CURRENCY_CONCEPTS:
            raise ValueError(
                f"{price.currency!r} is no currency of the standard; it has {', '.join(concepts.CURRENCY_CONCEPTS)}"
            )
        made["dfc-b:hasUnit"] = f"dfc-m:{concepts.CURRENCY_CONCEPTS[price.currency]}"
    return made


def _temperature(range_: TemperatureRange) -> Json:
    made: Json = {"@type": f"dfc-b:{vocabulary.TEMPERATURE_CLASS}"}
    for name, value in ((vocabulary.LEAST[0], range_.least), (vocabulary.MOST[0], range_.most)):
        if value is not None:
            made[f"dfc-b:{name}"] = numbers.text(value)
    if range_.unit is not None:
        made["dfc-b:hasUnit"] = concepts.TEMPERATURES[range_.unit]
    return made


def _id(id_: str) -> str:
    if identifiers.is_malformed(id_) or not (identifiers.is_absolute(id_) or identifiers.is_blank(id_)):
        raise ValueError(f"{id_!r} is no id that others could know")
    return id_


_WRITTEN: dict[Kind, Callable[[Any], Any]] = {
    Kind.REF: _id,
    Kind.DECIMAL: numbers.text,
    Kind.STOCK: numbers.text,
    Kind.LINE_QUANTITY: numbers.text,
    Kind.INSTANT: dates.text,
    Kind.FLAG: {True: "true", False: "false"}.__getitem__,
    Kind.STATUS: lambda status: f"dfc-v:{status.value}",
    Kind.COUNTRY: lambda country: countries.iri(country) or {"@value": country},
    Kind.QUANTITY: _quantity,
    Kind.PRICE: _price,
    Kind.TEMPERATURE: _temperature,
}
