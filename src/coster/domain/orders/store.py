"""Load orders for deciding, and write what was decided: thin functions over named statements."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from coster.domain.orders.model import Line, Order, OrderWrites, Taken
from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows
from coster.engine.db.connect import Connection

_q = sql.load(__file__)


def taken_asked(org_id: int, references: Sequence[tuple[str, str]]) -> Question[dict[tuple[str, str], Taken]]:
    """The orders that have these references already, by (channel, reference)."""
    channels, refs = zip(*references, strict=True)
    return Question(_q.taken, {"org_id": org_id, "channels": channels, "refs": refs}, _read_taken)


def _read_taken(rows: Rows) -> dict[tuple[str, str], Taken]:
    return {
        (row["channel"], row["reference"]): Taken(
            order_id=uuid.UUID(row["id"]), seller_id=uuid.UUID(row["seller_id"])
        )
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
        # In one order everywhere, so that two servers that take the same references wait for each other only one way.
        new = sorted(writes.new, key=lambda order: (order.channel, order.reference))
        await _q.insert_orders(conn, org_id=org_id, rows=new)
    if writes.changed:
        await _q.update_orders(conn, org_id=org_id, rows=writes.changed)
    if writes.lines:
        await _q.put_lines(conn, org_id=org_id, rows=writes.lines)
    if writes.comments:
        await _q.insert_comments(conn, org_id=org_id, rows=writes.comments)
