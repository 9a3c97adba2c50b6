"""Load orders for deciding, and write what was decided: thin functions over named statements."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from coster.domain.orders.model import Comment, Line, Order, OrderWrites, Taken
from coster.engine.db import sql
from coster.engine.db.connect import Connection

_q = sql.load(__file__)


async def taken(
    conn: Connection, org_id: int, references: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Taken]:
    """The orders that have these references already, by (channel, reference)."""
    channels, refs = zip(*references, strict=True)
    rows = await _q.taken(conn, org_id=org_id, channels=channels, refs=refs)
    return {
        (row["channel"], row["reference"]): Taken(order_id=row["id"], seller_id=row["seller_id"])
        for row in rows
    }


async def sessions_of(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> list[tuple[uuid.UUID, uuid.UUID | None]]:
    """Seller and session of each of these orders, unlocked: neither ever changes."""
    rows = await _q.sessions_of(conn, org_id=org_id, ids=list(ids))
    return [(row["seller_id"], row["session_id"]) for row in rows]


async def lock_orders(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Order]:
    """Heads of orders, locked in key order."""
    return {row["id"]: Order(**row) for row in await _q.lock_orders(conn, org_id=org_id, ids=list(ids))}


async def lines_of(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Line]]:
    """The lines of each order, by number."""
    lines: dict[uuid.UUID, list[Line]] = {id_: [] for id_ in ids}
    for row in await _q.lines_of(conn, org_id=org_id, ids=list(lines)):
        lines[row["order_id"]].append(Line(**row))
    return lines


async def unfinished_of_sessions(
    conn: Connection, org_id: int, session_ids: Iterable[uuid.UUID]
) -> list[uuid.UUID]:
    """Orders of these sessions whose checkout is still running."""
    rows = await _q.unfinished_of_sessions(conn, org_id=org_id, session_ids=list(session_ids))
    return [row["id"] for row in rows]


async def write(conn: Connection, org_id: int, writes: OrderWrites) -> None:
    """Stores heads, lines and comments; at most four statements, whatever the size."""
    if writes.new:
        await _insert_orders(conn, org_id, writes.new)
    if writes.changed:
        await _update_orders(conn, org_id, writes.changed)
    if writes.lines:
        await _put_lines(conn, org_id, writes.lines)
    if writes.comments:
        await _insert_comments(conn, org_id, writes.comments)


async def _insert_orders(conn: Connection, org_id: int, orders: Sequence[Order]) -> None:
    # In one order everywhere, so that two servers that take the same references wait for each other only one way.
    new = sorted(orders, key=lambda order: (order.channel, order.reference))
    await _q.insert_orders(
        conn, org_id=org_id, ids=[x.id for x in new], seller_ids=[x.seller_id for x in new],
        session_ids=[x.session_id for x in new], customer_ids=[x.customer_id for x in new],
        channels=[x.channel for x in new], refs=[x.reference for x in new], statuses=[x.status for x in new],
        flows=[x.flow for x in new], flow_versions=[x.flow_version for x in new], payments=[x.payment for x in new],
        currencies=[x.currency for x in new], grosses=[x.gross for x in new],
        line_discounts=[x.line_discount for x in new], order_discounts=[x.order_discount for x in new],
        totals=[x.total for x in new], priorities=[x.priority for x in new], placed_ats=[x.placed_at for x in new],
        expires_ats=[x.expires_at for x in new], versions=[x.version for x in new],
    )  # fmt: skip


async def _update_orders(conn: Connection, org_id: int, changed: Sequence[Order]) -> None:
    await _q.update_orders(
        conn, org_id=org_id, ids=[x.id for x in changed], statuses=[x.status for x in changed],
        payments=[x.payment for x in changed], grosses=[x.gross for x in changed],
        line_discounts=[x.line_discount for x in changed], order_discounts=[x.order_discount for x in changed],
        totals=[x.total for x in changed], expires_ats=[x.expires_at for x in changed],
        versions=[x.version for x in changed],
    )  # fmt: skip


async def _put_lines(conn: Connection, org_id: int, lines: Sequence[Line]) -> None:
    await _q.put_lines(
        conn, org_id=org_id, order_ids=[x.order_id for x in lines], line_nos=[x.line_no for x in lines],
        item_ids=[x.item_id for x in lines], producer_ids=[x.producer_id for x in lines], units=[x.unit for x in lines],
        requesteds=[x.requested for x in lines], quantities=[x.quantity for x in lines],
        stock_quantities=[x.stock_quantity for x in lines], prices=[x.price_micros for x in lines],
        grosses=[x.gross for x in lines], discounts=[x.discount for x in lines],
        order_shares=[x.order_share for x in lines], totals=[x.total for x in lines], stocks=[x.stock for x in lines],
        fulfilments=[x.fulfilment for x in lines], notes=[x.note for x in lines],
    )  # fmt: skip


async def _insert_comments(conn: Connection, org_id: int, comments: Sequence[Comment]) -> None:
    await _q.insert_comments(
        conn, org_id=org_id, order_ids=[x.order_id for x in comments], ids=[x.id for x in comments],
        ats=[x.at for x in comments], actors=[x.actor for x in comments], texts=[x.text for x in comments],
    )  # fmt: skip
