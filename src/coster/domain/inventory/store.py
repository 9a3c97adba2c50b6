"""Load stock for deciding, and write what was decided: thin functions over named statements."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.inventory.model import Hold, LaterChange, Location, PoolLine, Position, StockWrites
from coster.engine.db import sql
from coster.engine.db.columns import besides, column
from coster.engine.db.connect import Connection

_q = sql.load(__file__)

_HOLD_KEY = ("demand_id", "demand_line", "position_id")


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Locked positions, and for each item where to draw from, in order."""

    positions: list[Position]
    by_item: dict[uuid.UUID, list[uuid.UUID]]


async def load_locations(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, Location]:
    """Locations by id, not locked."""
    rows = await _q.load_locations(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: Location(**row) for row in rows}


async def lock_locations(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, Location]:
    """Locations by id, locked in key order."""
    rows = await _q.lock_locations(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: Location(**row) for row in rows}


async def put_locations(conn: Connection, org_id: int, locations: Sequence[Location]) -> None:
    """Stores new and changed locations."""
    if locations:
        await _q.put_locations(
            conn, org_id=org_id, ids=[x.id for x in locations], enterprise_ids=[x.enterprise_id for x in locations],
            names=[x.name for x in locations], priorities=[x.priority for x in locations],
            actives=[x.active for x in locations], versions=[x.version for x in locations],
        )  # fmt: skip


async def lock_places(conn: Connection, org_id: int, item_ids: Iterable[uuid.UUID]) -> Places:
    """All positions of these items at active places, locked in key order; `by_item` names the counted ones by priority."""
    rows = await _q.lock_positions_of_items(conn, org_id=org_id, item_ids=list(item_ids))
    by_item: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in sorted(rows, key=lambda row: (row["priority"], row["id"])):
        if row["unlimited"] or not row["active"]:
            continue
        by_item.setdefault(row["item_id"], []).append(row["id"])
    return Places(positions=[_position(row) for row in rows], by_item=by_item)


async def lock_positions(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> list[Position]:
    """Positions by id, locked in key order."""
    return [_position(row) for row in await _q.lock_positions(conn, org_id=org_id, ids=column(list(ids)))]


def _position(row: Mapping[str, Any]) -> Position:
    return Position(
        id=row["id"], item_id=row["item_id"], location_id=row["location_id"], lot=row["lot"],
        unlimited=row["unlimited"], on_hand=row["on_hand"], held=row["held"], committed=row["committed"],
        seq=row["seq"], told=row["told"], counted_at=row["counted_at"],
    )  # fmt: skip


async def later_changes(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID], after: dt.datetime
) -> list[LaterChange]:
    """Changes of what is on hand after an instant."""
    rows = await _q.later_changes(conn, org_id=org_id, ids=list(ids), after=after)
    return [LaterChange(**row) for row in rows]


async def holds_of(conn: Connection, org_id: int, demand_ids: Iterable[uuid.UUID]) -> list[Hold]:
    """All holds of these demands."""
    return [Hold(**row) for row in await _q.holds_of_demands(conn, org_id=org_id, ids=list(demand_ids))]


async def holds_on(conn: Connection, org_id: int, position_ids: Iterable[uuid.UUID]) -> list[Hold]:
    """All holds on these positions, first come first."""
    return [Hold(**row) for row in await _q.holds_on_positions(conn, org_id=org_id, ids=list(position_ids))]


async def pool_lines(conn: Connection, org_id: int, pool_ids: Iterable[uuid.UUID]) -> list[PoolLine]:
    """What these pools hold; the positions must be locked already for the numbers to be firm."""
    return [PoolLine(**row) for row in await _q.pool_lines_of(conn, org_id=org_id, pool_ids=list(pool_ids))]


async def write(conn: Connection, org_id: int, writes: StockWrites) -> None:
    """Stores a batch's stock: positions, ledger, holds, pools. At most eight statements, whatever the size.

    Where a position is not as it was when it was locked (never expected), the database refuses, and the batch is run again.
    """
    if writes.positions:
        await _update_positions(conn, org_id, writes)
    if writes.new_positions:
        await _q.insert_positions(conn, org_id=org_id, rows=writes.new_positions)
    if writes.entries:
        await _q.insert_entries(conn, org_id=org_id, rows=writes.entries)
    if writes.gone_holds:
        gone = [dict(zip(_HOLD_KEY, key, strict=True)) for key in writes.gone_holds]
        await _q.delete_holds(conn, org_id=org_id, rows=gone)
    if writes.holds:
        await _q.put_holds(conn, org_id=org_id, rows=writes.holds)
    if writes.pool_lines:
        await _q.put_pool_lines(conn, org_id=org_id, rows=writes.pool_lines)
    touched = [line.position_id for line in writes.pool_lines]
    if writes.committed_pools:
        await _q.commit_holds(conn, org_id=org_id, position_ids=touched, pool_ids=writes.committed_pools)
    if writes.consumed_pools:
        await _q.consume_holds(conn, org_id=org_id, position_ids=touched, pool_ids=writes.consumed_pools)


async def write_counts(conn: Connection, org_id: int, writes: StockWrites) -> None:
    """Stores what sheets of counts come to, column by column: positions and entries, three statements whatever the size.

    A position that was changed in between is refused as in `write`.
    """
    if writes.positions:
        await _update_positions(conn, org_id, writes)
    if new := writes.new_positions:
        await _q.insert_counted(
            conn, org_id=org_id, ids=column([p.id for p in new]), item_ids=column([p.item_id for p in new]),
            location_ids=column([p.location_id for p in new]), lots=[p.lot for p in new],
            on_hands=column([p.on_hand for p in new]), seqs=column([p.seq for p in new]),
            tolds=column([p.told for p in new]), counted_at=new[0].counted_at,
            counted_ats=column(besides(new[0].counted_at, [p.counted_at for p in new])),
        )  # fmt: skip
    if entries := writes.entries:
        await _q.insert_counts(
            conn, org_id=org_id, position_ids=column([e.position_id for e in entries]),
            seqs=column([e.seq for e in entries]), on_hands=column([e.on_hand for e in entries]),
            at=entries[0].at, ats=column(besides(entries[0].at, [e.at for e in entries])),
            command_id=entries[0].command_id,
            command_ids=column(besides(entries[0].command_id, [e.command_id for e in entries])),
            reasons=[e.reason for e in entries],
        )  # fmt: skip


async def _update_positions(conn: Connection, org_id: int, writes: StockWrites) -> None:
    changed = writes.positions
    await _q.update_positions(
        conn, org_id=org_id, ids=column([p.id for p in changed]), on_hands=column([p.on_hand for p in changed]),
        helds=column([p.held for p in changed]), committeds=column([p.committed for p in changed]),
        seqs=column([p.seq for p in changed]), tolds=column([p.told for p in changed]),
        counted_ats=column([p.counted_at for p in changed]), seen=column(writes.seen),
    )  # fmt: skip
