"""Made up graphs of records, by the vocabulary: whatever Coster speaks, it says in all ways that a record allows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from coster.edges.dfc.language import concepts, countries, vocabulary, writing
from coster.edges.dfc.language.records import (
    Graph,
    Order,
    OrderLine,
    Price,
    Quantity,
    Record,
    TemperatureRange,
)
from coster.edges.dfc.language.vocabulary import Class, Field, Kind

HOME = "https://farm.example/api/dfc"
ELSEWHERE = "https://elsewhere.example"
# Two of each class that are in the graph, and one that may only be named.
IDS = {kind.name: [f"{HOME}/{kind.name}s/{n}" for n in (1, 2)] for kind in vocabulary.CLASSES}

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
DECIMALS = st.decimals(min_value=-(10**9), max_value=10**9, places=6) | st.integers(0, 10**12).map(Decimal)
NOT_NEGATIVE = st.decimals(min_value=0, max_value=10**6, places=3)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
INSTANTS = st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(2200, 12, 30), timezones=OFFSETS)  # noqa: DTZ001 - the zone comes beside
LINKS = st.sampled_from(
    ["https://farm.example/logo.png", "https://x.example/a?b=1&c=2#d", "mailto:jean@farm.example"]
)
PRICES = st.builds(
    Price,
    DECIMALS,
    currency=st.none() | st.sampled_from(sorted(concepts.CURRENCY_CONCEPTS)),
    vat_rate=st.none() | st.sampled_from([Decimal(0), Decimal("5.5"), Decimal(20)]),
)
TEMPERATURES = st.builds(
    TemperatureRange,
    DECIMALS,
    st.none() | DECIMALS,
    st.none() | st.sampled_from(sorted(concepts.TEMPERATURES)),
)
QUANTITIES = st.builds(Quantity, DECIMALS, unit=st.none() | st.sampled_from(sorted(concepts.UNITS)))
STATUSES = {
    "order_status": concepts.OrderStatus,
    "fulfilment_status": concepts.FulfilmentStatus,
    "payment_status": concepts.PaymentStatus,
}


def _concepts(field: Field) -> st.SearchStrategy[str]:
    known = {
        "dfc-pt": ["carrot", "goat-milk"],
        "dfc-f": ["Organic-AB", "AOC_FR"],
        "dfc-v": sorted(concepts.TRANSFORMATIONS),
    }
    return st.sampled_from([*known[field.prefix], "https://other.example/types#odd"])


def _ids(field: Field) -> st.SearchStrategy[str]:
    return st.sampled_from([id_ for name in field.of for id_ in IDS[name]] + [f"{ELSEWHERE}/{field.of[0]}/9"])


def _one(field: Field) -> st.SearchStrategy[Any]:
    match field.kind:
        case Kind.REF:
            return _ids(field)
        case Kind.CONCEPT:
            return _concepts(field)
        case Kind.STATUS:
            return st.sampled_from(STATUSES[field.name])
        case Kind.COUNTRY:
            return st.sampled_from([*sorted(countries.ALPHA_3), "Atlantis", "Great Britain"])
    return {
        Kind.TEXT: TEXTS,
        Kind.LINK: LINKS,
        Kind.FLAG: st.booleans(),
        Kind.DECIMAL: DECIMALS,
        Kind.STOCK: NOT_NEGATIVE,
        Kind.LINE_QUANTITY: DECIMALS,
        Kind.INSTANT: INSTANTS,
        Kind.QUANTITY: QUANTITIES,
        Kind.PRICE: PRICES,
        Kind.TEMPERATURE: TEMPERATURES,
    }[field.kind]


def _values(field: Field) -> st.SearchStrategy[Any]:
    if field.many:
        return st.lists(_one(field), max_size=3, unique=True).map(tuple)
    return st.none() | _one(field)


def records(kind: Class) -> st.SearchStrategy[Record]:
    """Records of one class, with any of its fields said."""
    fields = {field.name: _values(field) for field in kind.fields}
    elsewhere = st.lists(
        st.sampled_from([f"{ELSEWHERE}/same/{n}" for n in range(3)]), max_size=2, unique=True
    ).map(tuple)
    return st.builds(kind.record, id=st.sampled_from(IDS[kind.name]), same_as=elsewhere, **fields)


ANYTHING = st.one_of([records(kind) for kind in vocabulary.CLASSES])


def graphs(most: int = 6) -> st.SearchStrategy[Graph]:
    """Graphs that may name what they do not hold."""
    listed = st.lists(ANYTHING, max_size=most, unique_by=lambda record: record.id)
    return listed.map(writing.graph).filter(_each_line_in_one_order)


def _each_line_in_one_order(graph: Graph) -> bool:
    claims = [(order.id, id_) for order in graph.of(Order) for id_ in order.lines]
    claims += [(line.order, line.id) for line in graph.of(OrderLine) if line.order]
    return len(set(claims)) == len({id_ for _, id_ in claims})
