"""What is wrong with a document is told all at once, by node, property, what was found and what is accepted; the rest is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coster.edges.dfc.language import contexts, demands
from coster.edges.dfc.language.parsing import Limits
from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import (
    Enterprise,
    Offer,
)
from tests.edges.dfc.bodies import A, document, line, told


def test_a_status_of_another_property_is_a_fault() -> None:
    """An order cannot be paid by its fulfilment."""
    reading = read(document({"@id": A, "@type": "Order", "hasFulfilmentStatus": "dfc-v:Paid"}))
    assert [fault.code for fault in reading.faults] == ["value_malformed"]
    assert "dfc-v:Unfulfilled" in reading.faults[0].accepted
    assert reading.graph.records == ()


def test_all_faults_are_told_at_once() -> None:
    """Each with node, property, what was found and what is accepted; nodes without a fault are read."""
    reading = read(document(
        line(quantity="many", hasPrice="19.99", discount="1,5"),
        {"@id": f"{A}sessions/1", "@type": "SaleSession", "beginDate": "soon"},
        {"@id": f"{A}1", "@type": "SuppliedProduct", "hasQuantity": {"value": 1, "hasUnit": "dfc-m:Bushel"}, "suppliedBy": [A, f"{A}2"]},
        {"@id": f"{A}offers/1", "@type": "Offer", "hasPrice": {"value": "1", "hasUnit": "dfc-m:Rouble"}},
        {"@id": f"{A}hub", "@type": "Enterprise", "name": "Hub"},
    ))  # fmt: skip
    assert sorted(told(reading)) == [
        ("several_values", "dfc-b:suppliedBy", f"{A}, {A}2"),
        ("value_malformed", "dfc-b:beginDate", "soon"),
        ("value_malformed", "dfc-b:discount", "1,5"),
        ("value_malformed", "dfc-b:hasPrice", "19.99"),
        ("value_malformed", "dfc-b:hasPrice/dfc-b:hasUnit", f"{contexts.CONTEXT_1['dfc-m']}Rouble"),
        ("value_malformed", "dfc-b:hasQuantity/dfc-b:hasUnit", f"{contexts.CONTEXT_1['dfc-m']}Bushel"),
        ("value_malformed", "dfc-b:quantity", "many"),
    ]
    assert all(fault.node and fault.accepted and fault.sentence for fault in reading.faults)
    assert reading.graph.records == (Enterprise(id=f"{A}hub", name="Hub"),)


def test_nodes_without_an_id_are_told_by_their_class() -> None:
    """Nobody is told an id that the document does not hold."""
    reading = read(document({"@id": A, "@type": "Order", "hasPart": {"quantity": "many"}}))
    assert [(fault.node, fault.found) for fault in reading.faults] == [("OrderLine without @id", "many")]


def test_ids_with_spaces_are_a_fault_of_their_own() -> None:
    """Also behind properties that we do not know."""
    reading = read(
        document({"@id": f"{A}a b", "@type": "Order"}, {"@id": A, "@type": "Offer", "hosts": f"{A}c d"})
    )
    assert sorted(told(reading)) == [
        ("iri_malformed", "@id", f"{A}a b"),
        ("iri_malformed", "dfc-b:hosts", f"{A}c d"),
    ]


def test_ids_that_are_too_long_are_a_fault() -> None:
    """Of a node and of what it names: nobody could look for them."""
    long = f"{A}{'x' * 2_000}"
    (found,) = read(document({"@id": long, "@type": "Offer"})).faults
    assert (found.code, found.property_) == ("iri_malformed", "@id")
    (named,) = read(document(line(quantity="1", concerns=long))).faults
    assert (named.code, named.property_) == ("value_malformed", "dfc-b:concerns")
    assert read(document({"@id": long[:2_000], "@type": "Offer"})).faults == ()


def test_one_node_of_two_classes_is_a_fault() -> None:
    """What is an order cannot be a product."""
    body = json.dumps(
        {"@context": contexts.URL_1, "@id": A, "@type": ["dfc-b:Order", "dfc-b:SuppliedProduct"]}
    )
    assert told(read(body)) == [("class_conflict", "@type", "dfc-b:Order, dfc-b:SuppliedProduct")]


def test_a_line_of_two_orders_is_a_fault() -> None:
    """Whether both orders claim it, or one of them and the line itself another."""
    orders = [{"@id": f"{A}{n}", "@type": "Order", "hasPart": f"{A}lines/1"} for n in (1, 2)]
    for nodes in ([*orders, line()], [orders[0], line(partOf=f"{A}2")]):
        assert told(read(document(*nodes))) == [("several_values", "dfc-b:partOf", told_orders(nodes))]


def told_orders(nodes: list[dict[str, Any]]) -> str:
    """Both orders, the one first that the line names itself."""
    return f"{A}2, {A}1" if "partOf" in nodes[-1] else f"{A}1, {A}2"


def test_prices_elsewhere_are_unknown_and_texts_are_no_prices() -> None:
    """A price that another document holds is not said here; a text in its place is a fault."""
    elsewhere = {"@id": A, "@type": "Offer", "hasPrice": f"{A}prices/1"}
    assert read(document(elsewhere)).graph.of(Offer) == (Offer(id=A),)
    assert told(read(document({"@id": A, "@type": "Offer", "hasPrice": "19.99"}))) == [
        ("value_malformed", "dfc-b:hasPrice", "19.99")
    ]


def test_rates_are_percentages() -> None:
    """More than all and less than nothing is no tax."""
    for rate in ("101", "-1", "0.2%"):
        offer = {"@id": A, "@type": "Offer", "hasPrice": {"value": "1", "VATrate": rate}}
        assert told(read(document(offer))) == [("value_malformed", "dfc-b:hasPrice/dfc-b:VATrate", rate)]


@pytest.mark.parametrize(
    "body",
    [
        '{"@type": "Person", "name": "No Context Person"}',
        '{"@id": "x", "@type": "dfc-b:Order", "dfc-b:Order:order_number": "1", "dfc-b:Order:has_part": []}',
        '{"dfc-b:Order": {"order_number": "1"}}',
    ],
)
def test_documents_without_context_are_told_so(body: str) -> None:
    """What has lost its context makes no order, and the fault says what is needed."""
    reading = read(body)
    assert [fault.code for fault in reading.faults] == ["context_missing"]
    assert contexts.URL_1 in reading.faults[0].accepted
    assert reading.graph.records == ()


def test_what_a_record_must_say_is_told_in_the_words_of_the_standard() -> None:
    """A product without a name is read; who needs the name gets a fault."""
    reading = read(document({"@id": A, "@type": "SuppliedProduct", "description": "no name"}))
    assert reading.faults == ()
    (fault,) = demands.missing(reading.graph.records, "name")
    assert (fault.code, fault.node, fault.property_) == ("value_missing", A, "dfc-b:name")
    assert demands.missing(reading.graph.records, "description") == ()


def test_limits_are_told() -> None:
    """Bytes, objects, levels and terms that a document may have are limited, and the fault says to how many."""
    body = document({"@id": A, "@type": "Order"}, context=[contexts.URL_1, {"a": "b:c", "b": "d:e"}])
    limits = [Limits(size=10), Limits(nodes=2), Limits(depth=2), Limits(terms=2)]
    codes = [[fault.code for fault in read(body, limits=limit).faults] for limit in limits]
    assert codes == [["too_large"], ["too_large"], ["too_large"], ["context_refused"]]
