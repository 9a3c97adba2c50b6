"""Questions about orders. Whoever asks sees the orders of the sellers that its grants cover."""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec

from coster.domain.orders.model import Line, Order, OrdersWanted
from coster.engine.db import promises, sql
from coster.engine.db.connect import Connection
from coster.kernel import proof
from coster.kernel.authority import Authority

_q = sql.load(__file__)


async def list_orders(
    conn: Connection, org_id: int, authority: Authority, wanted: OrdersWanted
) -> list[Order]:
    """Heads of orders, newest first. However many orders there are, about as many are read as are given (ADR 0015), unless one
    asks for a status or a channel that hardly any has.
    """
    sellers = _sellers(authority.scope("orders:read"), wanted.seller_id)
    if sellers == []:
        return []
    statement = _narrowest(wanted, sellers)
    given = {**msgspec.structs.asdict(wanted), "org_id": org_id, "sellers": sellers}
    rows = await statement(conn, **{name: given[name] for name in statement.parameters})
    return [Order(**row) for row in rows]


def _sellers(scope: frozenset[uuid.UUID] | None, asked: uuid.UUID | None) -> list[uuid.UUID] | None:
    """Whose orders may be and are to be seen; None: everybody's."""
    if asked is None:
        return None if scope is None else list(scope)
    return [asked] if scope is None or asked in scope else []


def _narrowest(wanted: OrdersWanted, sellers: list[uuid.UUID] | None) -> sql.Statement:
    """The statement whose index leads to the fewest orders that are not wanted."""
    if wanted.ids is not None or wanted.reference is not None:
        return _q.list_orders
    if wanted.session_id is not None:
        return _q.list_orders_of_session
    if wanted.customer_id is not None:
        return _q.list_orders_of_customer
    return _q.list_orders if sellers is None else _q.list_orders_of_sellers


async def lines_of(conn: Connection, org_id: int, ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Line]]:
    """The lines of orders that the asker has been shown, by order, in the order of their numbers."""
    lines: dict[uuid.UUID, list[Line]] = {id_: [] for id_ in ids}
    for row in await _q.lines_of(conn, org_id=org_id, ids=ids):
        lines[row["order_id"]].append(Line(**row))
    return lines


async def list_comments(conn: Connection, org_id: int, order_id: uuid.UUID) -> list[dict[str, Any]]:
    """The remarks on an order that the asker has been shown, oldest first."""
    return [dict(row) for row in await _q.list_comments(conn, org_id=org_id, order_id=order_id)]


PROMISES: Final = {
    "total_is_sum": "an order's amounts are the sums of its lines'",
    "cancelled_hold_nothing": "a cancelled order holds no stock",
    "lines_are_held": "a line that says held holds exactly its quantity",
    "orders_are_told": "every order that there is has been told as an event",
}


async def verify(conn: Connection, org_id: int) -> list[proof.Check]:
    """The promises about orders, each counted over everything that is stored."""
    return await promises.checked(PROMISES, lambda name: getattr(_q, f"verify_{name}")(conn, org_id=org_id))
