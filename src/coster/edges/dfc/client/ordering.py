"""A held order as a document for its supplier, and the supplier's answer as what it holds. Pure.

What is written is made of the held order alone: its hub, its session, its products and their totals. The order calls itself by the
address where it is created, as the platforms that do so today (dfc.md §2); once it has an address of its own, by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from coster.domain.federation.model import Offered
from coster.domain.federation.ports import Ask, RemoteLine, RemotePrice, Standing
from coster.edges.dfc.language import following, identifiers, writing
from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus, PaymentStatus
from coster.edges.dfc.language.records import (
    Enterprise,
    Graph,
    Offer,
    Order,
    OrderLine,
    Price,
    Record,
    SaleSession,
    SuppliedProduct,
)
from coster.kernel import quantity

_STATUSES: Final[Mapping[Standing, tuple[OrderStatus, FulfilmentStatus, PaymentStatus]]] = {
    "held": (OrderStatus.HELD, FulfilmentStatus.HELD, PaymentStatus.UNPAID),
    "complete": (OrderStatus.COMPLETE, FulfilmentStatus.UNFULFILLED, PaymentStatus.UNPAID),
    "cancelled": (OrderStatus.CANCELLED, FulfilmentStatus.CANCELLED, PaymentStatus.CANCELLED),
}
_STANDINGS: Final[Mapping[OrderStatus, Standing]] = {
    OrderStatus.DRAFT: "held",
    OrderStatus.HELD: "held",
    OrderStatus.COMPLETE: "complete",
    OrderStatus.CANCELLED: "cancelled",
}


class Parties(msgspec.Struct, frozen=True, kw_only=True):
    """The IRIs of both sides and of the session, and what the supplier's catalogue says of the products, by their IRI."""

    supplier: str
    hub: str
    hub_name: str
    session: str
    products: Mapping[str, Offered]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer says that the supplier holds; `standing` is None where it does not say."""

    order: str
    standing: Standing | None
    lines: tuple[RemoteLine, ...]
    hub: str = ""
    session: str = ""
    prices: tuple[RemotePrice, ...] = ()


def document(ask: Ask, parties: Parties, *, collection: str) -> bytes:
    """The order as it shall be: everything, because the supplier replaces what it has."""
    order = ask.order or collection
    lines = [line for line in ask.lines if line.quantity > 0] if ask.standing != "cancelled" else []
    records: dict[str, Record] = {
        parties.supplier: Enterprise(id=parties.supplier),
        parties.hub: Enterprise(id=parties.hub, name=parties.hub_name),
        parties.session: SaleSession(
            id=parties.session, starts_at=ask.session.begins_at, ends_at=ask.session.ends_at
        ),
    }
    ids = tuple(f"{order}/OrderLines/{number}" for number in range(1, len(lines) + 1))
    for id_, line in zip(ids, lines, strict=True):
        records |= {record.id: record for record in _line(id_, order, line, parties)}
    status, fulfilment, payment = _STATUSES[ask.standing]
    records[order] = Order(
        id=order,
        order_status=status,
        fulfilment_status=fulfilment,
        payment_status=payment,
        session=parties.session,
        buyer=parties.hub,
        seller=parties.supplier,
        lines=ids,
    )
    return writing.write(writing.graph(records.values()), first=(order,))


def _line(id_: str, order: str, line: RemoteLine, parties: Parties) -> Iterable[Record]:
    known = parties.products.get(line.product)
    price = None
    if known is not None and known.price is not None:
        price = Price(known.price, known.currency or None, known.vat_rate)
    offer = line.offer or f"{line.product}/Offer"
    amount = Decimal(quantity.text(line.quantity))
    yield OrderLine(id=id_, order=order, offer=offer, quantity=amount, price=price)
    yield Offer(
        id=offer, item=(known.catalog_item if known else "") or None, product=line.product, price=price
    )
    yield SuppliedProduct(id=line.product, name=known.name if known else None)


def told(graph: Graph, ask: Ask, *, order: str, collection: str) -> Told | str:
    """What the answer says of the order, or why it says nothing that can be relied on.

    `order` is the address where it is known to be ('' where none is known yet): the one order of the answer, where it tells of several.
    """
    orders = graph.of(Order)
    one = next((found for found in orders if order and found.id == order), None)
    if one is None:
        if len(orders) != 1:
            return "the answer tells of no order" if not orders else "the answer tells of other orders"
        one = orders[0]
    if identifiers.is_placeholder(one.id) or one.id.rstrip("/") == collection.rstrip("/"):
        if not order:
            return "the answer does not say where the order is"
        one = msgspec.structs.replace(one, id=order)
    found = lines(graph, one, ask.lines)
    if isinstance(found, str):
        return found
    return Told(
        order=one.id,
        standing=_STANDINGS[one.order_status] if one.order_status else None,
        lines=found,
        hub=one.buyer or "",
        session=one.session or "",
        prices=tuple(_prices(graph, one, ask.lines)),
    )


def lines(graph: Graph, order: Order, asked: Iterable[RemoteLine]) -> tuple[RemoteLine, ...] | str:
    """The lines of an order, those of one product as one; a line of a product that was asked for has the names under which that was."""
    known = {name: line for line in asked for name in (line.product, line.offer) if name}
    by_id = graph.index(OrderLine)
    meanings = following.meanings(graph)
    offers = graph.index(Offer)
    totals: dict[tuple[str, str], int] = {}
    for id_ in order.lines:
        line = by_id.get(id_)
        if line is None or line.quantity is None:
            return "a line of the order is not told whole"
        try:
            amount = quantity.parse(line.quantity)
        except ValueError as fault:
            return f"a line of the order cannot be counted: {fault}"
        if amount < 0:
            return "a line of the order is below zero"
        ours = next((known[name] for name in meanings[id_] if name in known), None)
        offer = offers.get(line.offer or "", Offer(id=""))
        names = (ours.product, ours.offer) if ours else (offer.product or "", line.offer or "")
        if amount:
            totals[names] = totals.get(names, 0) + amount
    return tuple(
        RemoteLine(product=product, offer=offer, quantity=amount)
        for (product, offer), amount in totals.items()
    )


def _prices(graph: Graph, order: Order, asked: Iterable[RemoteLine]) -> Iterable[RemotePrice]:
    """What the lines of the products that were asked for cost, each for one."""
    known = {name: line.product for line in asked for name in (line.product, line.offer) if name}
    by_id = graph.index(OrderLine)
    meanings = following.meanings(graph)
    for id_ in order.lines:
        price = by_id[id_].price
        product = next((known[name] for name in meanings[id_] if name in known), None)
        if price is not None and product is not None:
            yield RemotePrice(product=product, amount=price.value, currency=price.currency or "")
