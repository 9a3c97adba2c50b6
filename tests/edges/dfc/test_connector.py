"""The connector that running platforms read and write with understands what we write, and we what it writes.

Needs Node 18 or newer, npm and the npm registry; where one of them is missing these tests fail and say so (`.ci/system-packages`
installs Debian's).
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from coster.edges.dfc.language import contexts, following, identifiers
from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus
from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import Graph, Order, Price, SaleSession
from coster.edges.dfc.language.writing import write
from tests.edges.dfc.connector.speaking import asked
from tests.edges.dfc.orders import HUB, JEAN, ORDER, SESSION, held_order

pytestmark = pytest.mark.node

UNITS, STATUSES = contexts.CONTEXT_1["dfc-m"], contexts.CONTEXT_1["dfc-v"]


def test_the_connector_reads_all_of_an_order_and_fetches_nothing(connector: Path) -> None:
    """Check 1: every node is there, statuses are the objects of its own vocabulary, and every getter finds what it looks for."""
    told = asked(connector, write(held_order()))
    price = {"value": 2.4, "vat": 5.5, "unit": f"{UNITS}Euro"}
    (order,) = told["orders"]
    first, second = order.pop("lines")
    assert order == {
        "id": ORDER, "number": "JEAN-2026-000077", "date": "2026-07-21T09:30:00+02:00", "held": True, "unpaid": True,
        "fulfilment": f"{STATUSES}Held", "buyer": {"id": HUB, "name": "Hub A"}, "seller": {"id": JEAN, "name": "Ferme de Jean"},
        "session": {"id": SESSION, "begins": "2026-07-20T06:00:00+02:00", "ends": "2026-07-24T18:00:00+02:00"},
    }  # fmt: skip
    assert first == {
        "id": f"{ORDER}/OrderLines/1", "order": ORDER, "quantity": 6, "price": price,
        "offer": {"id": f"{JEAN}/Offers/1001", "stock": 4, "price": price},
        "product": {"id": f"{JEAN}/SuppliedProducts/1001", "name": "Carrots", "unit": f"{UNITS}Kilogram"},
    }  # fmt: skip
    assert (second["quantity"], second["offer"]["stock"], second["product"]["name"]) == (0.5, 0, "Leeks")
    assert {node["id"] for node in told["nodes"]} == {record.id for record in held_order().records}
    assert told["fetched"] == []


def test_what_the_connector_changes_is_all_that_changes(connector: Path) -> None:
    """Check 3, without a server: 8 in place of 6, a line more, complete; whatever else it sends back is what it was given."""
    change = {"quantity": 8, "status": "COMPLETE", "add": {"quantity": 2, "offer": f"{JEAN}/Offers/1003"}}
    told = asked(connector, write(held_order()), change=change)
    reading = read(told["exported"])
    assert reading.faults == ()
    (order,) = reading.graph.of(Order)
    assert order.order_status is OrderStatus.COMPLETE
    lines = following.lines(reading.graph)[ORDER]
    assert [(line.offer, line.quantity, line.other_quantity) for line in lines] == [
        (f"{JEAN}/Offers/1001", Decimal(8), None), (f"{JEAN}/Offers/1002", Decimal("0.5"), None), (f"{JEAN}/Offers/1003", Decimal(2), None),
    ]  # fmt: skip
    assert lines[0].price == Price(Decimal("2.4"), "EUR", Decimal("5.5"))
    assert told["fetched"] == []


def test_orders_that_the_connector_creates_are_read(connector: Path) -> None:
    """Check 2, without a server: lines, quantities, prices, statuses, the session, and ids that keep a place."""
    reading = read(asked(connector, create=JEAN)["exported"])
    assert reading.faults == ()
    (order,) = reading.graph.of(Order)
    (session,) = reading.graph.of(SaleSession)
    assert identifiers.is_placeholder(order.id)
    assert identifiers.is_placeholder(session.id)
    assert (order.session, order.order_status, order.fulfilment_status) == (
        session.id,
        OrderStatus.HELD,
        FulfilmentStatus.HELD,
    )
    lines = following.lines(reading.graph)[order.id]
    price = Price(Decimal("2.4"), "GBP", Decimal("5.5"))
    assert [(line.quantity, line.price) for line in lines] == [(Decimal(5), price), (Decimal("0.25"), price)]
    assert following.meanings(reading.graph)[lines[0].id] == (
        f"{JEAN}/Offers/1001",
        f"{JEAN}/SuppliedProducts/1001",
    )


def test_carrying_an_order_through_the_connector_twice_changes_nothing_more(connector: Path) -> None:
    """Read, set, write, and once more: the second time is the first."""
    once = asked(connector, write(held_order()), change={"quantity": 8})["exported"]
    twice = asked(connector, once.encode(), change={"quantity": 8})["exported"]
    assert read(twice).graph == read(once).graph
    assert unchanged(read(once).graph) == unchanged(held_order())


def unchanged(graph: Graph) -> list[object]:
    """The records of a graph but for the line that was changed."""
    return [record for record in graph.records if record.id != f"{ORDER}/OrderLines/1"]
