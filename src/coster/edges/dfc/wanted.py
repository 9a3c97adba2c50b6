"""What another platform wants of an order, out of the document that it sent. Pure.

Only the order, its lines and its session are taken as wishes. Offers, products and items say what a line counts and nothing else: what
a platform sends back is what it read some time ago, stale stock and prices among it (dfc.md §0.6).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from coster.edges.dfc.iris import Iris
from coster.edges.dfc.language import following, identifiers
from coster.edges.dfc.language.concepts import OrderStatus
from coster.edges.dfc.language.faults import Fault
from coster.edges.dfc.language.records import Enterprise, Graph, Order, OrderLine, Price, SaleSession
from coster.edges.dfc.serving import fault, invalid
from coster.edges.http.problems import Problem
from coster.kernel import quantity

_GOODS: Final = ("Offers", "SuppliedProducts", "CatalogItems")
MOST_NAME: Final = 200
MOST_LINES: Final = 2000


class WantedLine(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an item, in thousandths; `ids` are the lines of the document that say so, `unit` what they say that they count.

    `price` and `discount` are told, and decide nothing.
    """

    item_id: uuid.UUID
    quantity: int
    ids: tuple[str, ...]
    unit: str | None = None
    price: Price | None = None
    discount: Decimal | None = None


class WantedSession(msgspec.Struct, frozen=True, kw_only=True):
    """The session that is meant: its IRI where it has one that lasts, and when it is."""

    iri: str = ""
    begins: dt.datetime | None = None
    ends: dt.datetime | None = None


class WantedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it is wanted; None: the document does not say."""

    id: str
    status: OrderStatus | None
    buyer_iri: str | None
    buyer_name: str
    session: WantedSession | None
    discount: Decimal | None
    lines: tuple[WantedLine, ...]


Stored = Mapping[uuid.UUID, int]
"""What an order has by now of each item, in thousandths."""


def order_of(graph: Graph, iris: Iris, producer_id: uuid.UUID, stored: Stored | None = None) -> WantedOrder:
    """The one order of a document. Problems: document_invalid (400), offer_unknown (422), seller_differs (422)."""
    orders = graph.of(Order)
    if len(orders) != 1:
        found = f"{len(orders)} orders" if orders else "no order"
        raise invalid([fault("@type", "exactly one node of the class dfc-b:Order is accepted", found=found)])
    order = orders[0]
    seller = iris.read(order.seller) if order.seller else None
    if seller is not None and seller.collection == "Enterprises" and seller.id not in (None, producer_id):
        raise Problem(
            "seller_differs",
            "The order names another seller than the producer whose address it was sent to; send each producer an order of its own.",
        )
    buyer = order.buyer if order.buyer and not identifiers.is_placeholder(order.buyer) else None
    # Who is no enterprise in the document might be a person; of people nothing is kept.
    known = graph.index(Enterprise).get(buyer or "")
    mentioned = any(record.id == buyer and not isinstance(record, Enterprise) for record in graph.records)
    return WantedOrder(
        id=order.id,
        status=order.order_status,
        buyer_iri="" if mentioned else buyer,
        buyer_name=(known.name or "")[:MOST_NAME] if known else "",
        session=_session(graph, order, iris),
        discount=order.discount,
        lines=lines_of(graph, following.lines(graph)[order.id], iris, stored),
    )


def _session(graph: Graph, order: Order, iris: Iris) -> WantedSession | None:
    found = graph.of(SaleSession)
    session = graph.index(SaleSession).get(order.session or "")
    if session is None and order.session is None and len(found) == 1:
        session = found[0]
    if session is None:
        return WantedSession(iri=order.session) if order.session else None
    iri = "" if identifiers.is_placeholder(session.id) else session.id
    ours = iris.read(iri) if iri else None
    if ours is not None and ours.id is None:
        iri = ""
    return WantedSession(iri=iri, begins=session.starts_at, ends=session.ends_at)


def lines_of(
    graph: Graph, lines: Sequence[OrderLine], iris: Iris, stored: Stored | None = None
) -> tuple[WantedLine, ...]:
    """The lines by item, in the order of the document; several lines of one item are one, with their sum.

    `stored` decides between two quantities of one line (dfc.md §0.4). Problems: document_invalid, offer_unknown.
    """
    if len(lines) > MOST_LINES:
        raise invalid([fault("hasPart", f"at most {MOST_LINES} lines are accepted", found=str(len(lines)))])
    meanings, faults, unknown = following.meanings(graph), [], []
    found: dict[uuid.UUID, WantedLine] = {}
    for line in lines:
        item_id = _item(iris, line, meanings.get(line.id, ()))
        amount = _amount(line, None if stored is None or item_id is None else stored.get(item_id, 0))
        if isinstance(amount, Fault):
            faults.append(amount)
        elif item_id is None:
            if amount:
                unknown.append(line)
        else:
            found[item_id] = _added(found.get(item_id), line, item_id, amount)
    if faults:
        raise invalid(faults)
    if unknown:
        raise _unknown(unknown)
    return tuple(found.values())


def _item(iris: Iris, line: OrderLine, meanings: Sequence[str]) -> uuid.UUID | None:
    """The item that a line counts: the first of its meanings that is an address of ours, or the address of the line itself."""
    for meaning in meanings:
        named = iris.read(meaning)
        if named is not None and named.collection in _GOODS and named.id is not None:
            return named.id
    named = iris.read(line.id) if not meanings else None
    return named.id if named is not None and named.collection == "orderLines" else None


def _amount(line: OrderLine, stored: int | None) -> int | Fault:
    """Thousandths; of two that differ the one that is not stored counts."""
    told = [one for one in (line.quantity, line.other_quantity) if one is not None]
    if not told:
        return fault("quantity", "a decimal is accepted", node=line.id)
    amounts = []
    for one in told:
        try:
            amounts.append(quantity.parse(one))
        except (ValueError, ArithmeticError) as error:
            return fault("quantity", f"{error}", node=line.id,
                         found=str(one), code="value_malformed")  # fmt: skip
        if one < 0:
            return fault(
                "quantity", "zero or more is accepted", node=line.id, found=str(one), code="value_malformed"
            )
    fresh = [one for one in amounts if one != stored] or amounts[:1]
    if len(fresh) > 1:
        found = f"quantity {told[0]}, hasQuantity {told[1]}"
        return fault("quantity", "one quantity is accepted, or one beside the stored one", node=line.id, found=found,
                     code="several_values")  # fmt: skip
    return fresh[0]


def _added(known: WantedLine | None, line: OrderLine, item_id: uuid.UUID, amount: int) -> WantedLine:
    if known is None:
        return WantedLine(
            item_id=item_id, quantity=amount, ids=(line.id,), unit=line.unit, price=line.price, discount=line.discount
        )  # fmt: skip
    off = [one for one in (known.discount, line.discount) if one is not None]
    return msgspec.structs.replace(
        known,
        quantity=known.quantity + amount,
        ids=(*known.ids, line.id),
        discount=sum(off, Decimal(0)) if off else None,
    )


def _unknown(lines: Sequence[OrderLine]) -> Problem:
    told = [{"line": line.id, "offer": line.offer or "", "code": "offer_unknown"} for line in lines]
    return Problem(
        "offer_unknown",
        "A line names nothing that is offered here; take the offers out of this producer's catalogue.",
        members={"lines": told},
    )


def notes(wanted: WantedOrder, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a request beside goods: the order of its lines, discounts, and when its session is; `kept` is what was before."""
    session = wanted.session
    made: dict[str, Any] = {"lines": [_noted(line) for line in wanted.lines if line.quantity]}
    discount = kept.get("discount") if wanted.discount is None else str(wanted.discount)
    begins = session.begins.isoformat() if session and session.begins else kept.get("begins")
    ends = session.ends.isoformat() if session and session.ends else kept.get("ends")
    told = {"discount": discount, "begins": begins, "ends": ends}
    return made | {name: value for name, value in told.items() if value is not None}


def _noted(line: WantedLine) -> dict[str, str]:
    made = {"item": str(line.item_id)}
    return made if line.discount is None else {**made, "discount": str(line.discount)}
