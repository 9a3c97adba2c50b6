"""Orders of other platforms' hubs as records of the standard: complete, so that a connector finds everything that it asks for. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from coster.domain.supplying.model import SuppliedLine, SuppliedOrder, SuppliedSession
from coster.edges.dfc.iris import Iris
from coster.edges.dfc.language import concepts
from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus, PaymentStatus
from coster.edges.dfc.language.records import (
    CatalogItem,
    Enterprise,
    Offer,
    Order,
    OrderLine,
    Price,
    Quantity,
    Record,
    SaleSession,
    SuppliedProduct,
)
from coster.kernel import ids, money, quantity

GRACE: Final = dt.timedelta(days=1)
"""How much longer than its hub says a session takes orders here: the hub's own window of amendments, and time to be heard (ADR 0020)."""
OPEN_ENDED: Final = dt.timedelta(days=400)
"""How long an order can be changed whose hub names no session."""


def order_iri(iris: Iris, order: SuppliedOrder) -> str:
    """The address of the order."""
    return iris.order(order.producer_id, order.id)


def records(iris: Iris, orders: Iterable[SuppliedOrder]) -> list[Record]:
    """The orders with all that they name; what several of them name stands there once, as the first of them says it."""
    found: dict[str, Record] = {}
    for order in orders:
        for record in _records(iris, order):
            found.setdefault(record.id, record)
    return list(found.values())


def _records(iris: Iris, order: SuppliedOrder) -> Iterable[Record]:
    seller, session = iris.enterprise(order.producer_id), session_of(iris, order)
    buyer = order.hub_iri or iris.enterprise(order.hub_id)
    lines = [line_iri(iris, order, line.item_id) for line in order.lines]
    discount = order.notes.get("discount")
    yield Order(
        id=order_iri(iris, order), number=ids.short(order.id), placed_at=order.placed_at,
        order_status=OrderStatus(order.order_status), fulfilment_status=FulfilmentStatus(order.fulfilment_status),
        payment_status=PaymentStatus(order.payment_status), session=session.id, buyer=buyer, seller=seller,
        discount=None if discount is None else Decimal(discount), lines=tuple(lines),
    )  # fmt: skip
    yield session
    yield Enterprise(id=seller, name=order.producer_name)
    yield Enterprise(id=buyer, name=order.hub_name)
    for id_, line in zip(lines, order.lines, strict=True):
        yield from _line(iris, order, id_, line)


def line_iri(iris: Iris, order: SuppliedOrder, item_id: uuid.UUID) -> str:
    """The address of an item's line."""
    return iris.line(order.producer_id, order.id, item_id)


def _line(iris: Iris, order: SuppliedOrder, id_: str, line: SuppliedLine) -> Iterable[Record]:
    producer, item_id = order.producer_id, line.item_id
    offer, product = iris.offer(producer, item_id), iris.product(producer, item_id)
    item, price = iris.catalog_item(producer, item_id), price_of(line.price_micros, order.currency)
    yield OrderLine(
        id=id_, order=order_iri(iris, order), offer=offer, quantity=Decimal(quantity.text(line.quantity)),
        price=price, discount=None if line.discount is None else Decimal(line.discount),
    )  # fmt: skip
    yield Offer(id=offer, item=item, product=product, price=price)
    yield CatalogItem(id=item, product=product, managed_by=iris.enterprise(producer))
    yield SuppliedProduct(
        id=product, name=line.name, supplied_by=iris.enterprise(producer), quantity=unit_of(line.unit)
    )


def price_of(micros: int, currency: str) -> Price:
    """A price for one; the standard has no word for most currencies, and then none is said."""
    return Price(
        Decimal(money.price_text(micros)), currency if currency in concepts.CURRENCY_CONCEPTS else None
    )


def unit_of(word: str) -> Quantity:
    """One of what is counted."""
    return Quantity(Decimal(1), concepts.unit_of_word(word) or "Piece")


def session_of(iris: Iris, order: SuppliedOrder) -> SaleSession:
    """The session as its hub told of it, with its offsets; otherwise as it is here."""
    return _timed(order, order.session_iri or iris.session(order.producer_id, order.session_id))


def _timed(one: SuppliedOrder | SuppliedSession, id_: str) -> SaleSession:
    begins, ends = one.notes.get("begins"), one.notes.get("ends")
    return SaleSession(
        id=id_,
        starts_at=dt.datetime.fromisoformat(begins) if begins else one.opens_at,
        ends_at=dt.datetime.fromisoformat(ends) if ends else _end(one.opens_at, one.closes_at),
    )


def session_record(iris: Iris, producer_id: uuid.UUID, session: SuppliedSession) -> SaleSession:
    """A session of the list."""
    return _timed(session, session.session_iri or iris.session(producer_id, session.id))


def _end(opens_at: dt.datetime, closes_at: dt.datetime) -> dt.datetime | None:
    """When its hub's session ends; None where the hub named no end."""
    if closes_at - opens_at >= OPEN_ENDED:
        return None
    return max(closes_at - GRACE, opens_at)


def lines_by_item(order: SuppliedOrder) -> Mapping[uuid.UUID, SuppliedLine]:
    """The lines of an order by item."""
    return {line.item_id: line for line in order.lines}
