"""Load orders for deciding, and write what was decided: thin functions over named statements."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from coster.domain.orders.model import Firm, Line, Order, OrderWrites, Taken
from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows, known
from coster.engine.db.connect import Connection
from coster.engine.flows import moving

_q = sql.load(__file__)


def taken_asked(org_id: int, references: Sequence[tuple[str, str]]) -> Question[dict[tuple[str, str], Taken]]:
    """The orders that have these references already, by (channel, reference)."""
    if not references:
        return known({})
    channels, refs = zip(*references, strict=True)
    return Question(_q.taken, {"org_id": org_id, "channels": channels, "refs": refs}, _read_taken)


def _read_taken(rows: Rows) -> dict[tuple[str, str], Taken]:
    return {
        (row["channel"], row["reference"]): Taken(
            order_id=uuid.UUID(row["id"]), seller_id=uuid.UUID(row["seller_id"])
        )
        for row in rows
    }


def firm_asked(org_id: int, ids: Iterable[uuid.UUID]) -> Question[dict[uuid.UUID, Firm]]:
    """What is known of these orders before they are locked."""
    return Question(_q.firm, {"org_id": org_id, "ids": list(ids)}, _read_firm)


def _read_firm(rows: Rows) -> dict[uuid.UUID, Firm]:
    return {
        uuid.UUID(row["id"]): Firm(
            seller_id=uuid.UUID(row["seller_id"]),
            session_id=None if row["session_id"] is None else uuid.UUID(row["session_id"]),
            type=row["type"],
            flow=row["flow"],
            flow_version=row["flow_version"],
            checkout_version=row["checkout_version"],
            cost_centre_id=None if row["cost_centre_id"] is None else uuid.UUID(row["cost_centre_id"]),
        )
        for row in rows
    }


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


async def to_be_moved(
    conn: Connection, org_id: int, moves: Sequence[moving.Move], places: Sequence[moving.Place]
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The orders that moves take next, by move, in the order of their ids."""
    wanted: dict[uuid.UUID, list[uuid.UUID]] = {move.id: [] for move in moves}
    rows = await _q.to_be_moved(
        conn,
        org_id=org_id,
        move_ids=[move.id for move in moves],
        names=[move.name for move in moves],
        afters=[moving.begin_after(move) for move in moves],
        places_of=[place.move_id for place in places],
        versions=[place.version for place in places],
        statuses=[place.status for place in places],
        count=moving.PAGE,
    )
    for row in rows:
        wanted[row["move_id"]].append(row["id"])
    return wanted


async def checkouts_to_be_moved(
    conn: Connection, org_id: int, moves: Sequence[moving.Move], places: Sequence[moving.Place]
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The orders whose checkouts moves may take next, by move, in the order of their ids: also of checkouts on other flows."""
    wanted: dict[uuid.UUID, list[uuid.UUID]] = {move.id: [] for move in moves}
    rows = await _q.checkouts_to_be_moved(
        conn,
        org_id=org_id,
        move_ids=[move.id for move in moves],
        afters=[moving.begin_after(move) for move in moves],
        places_of=[place.move_id for place in places],
        versions=[place.version for place in places],
        statuses=[place.status for place in places],
        count=moving.PAGE,
    )
    for row in rows:
        wanted[row["move_id"]].append(row["id"])
    return wanted


async def checkouts_entered(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, dt.datetime]:
    """Since when the checkouts of these orders are in their status; nothing for one that has left none, or whose events are archived."""
    rows = await _q.checkouts_entered(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: row["since"] for row in rows}


async def write(conn: Connection, org_id: int, writes: OrderWrites) -> None:
    """Stores heads, lines, comments and who is asked; at most six statements, whatever the size."""
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
    if writes.approvers:
        await _q.drop_approvers(conn, org_id=org_id, order_ids=[one.order_id for one in writes.approvers])
        asked = [(key, one.order_id) for one in writes.approvers for key in one.keys]
        if asked:
            keys, orders = zip(*asked, strict=True)
            await _q.insert_approvers(conn, org_id=org_id, key_ids=keys, order_ids=orders)
