"""Load held orders for deciding, and write them: thin functions over named statements."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from coster.domain.wholesale.model import HeldFound, HeldOrder
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.flows import moving
from coster.kernel.errors import TryAgain

_q = sql.load(__file__)


async def lock_held_orders(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, HeldOrder]:
    """Heads of held orders, locked in key order; the last rows that a batch locks before the event counter."""
    return {
        row["id"]: HeldOrder(**row) for row in await _q.lock_held_orders(conn, org_id=org_id, ids=list(ids))
    }


async def find_held_orders(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID], session_ids: Iterable[uuid.UUID]
) -> list[HeldFound]:
    """Held orders by id or by session, unlocked."""
    rows = await _q.find_held_orders(conn, org_id=org_id, ids=list(ids), session_ids=list(session_ids))
    return [HeldFound(**row) for row in rows]


async def to_be_moved(
    conn: Connection, org_id: int, moves: Sequence[moving.Move], places: Sequence[moving.Place]
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The held orders that come next in each move, in the order of their ids; unlocked."""
    rows = await _q.to_be_moved(
        conn, org_id=org_id, move_ids=[move.id for move in moves], names=[move.name for move in moves],
        afters=[moving.begin_after(move) for move in moves], places_of=[place.move_id for place in places],
        versions=[place.version for place in places], statuses=[place.status for place in places], count=moving.PAGE,
    )  # fmt: skip
    found: dict[uuid.UUID, list[uuid.UUID]] = {move.id: [] for move in moves}
    for row in rows:
        found[row["move_id"]].append(row["id"])
    return found


async def write(conn: Connection, org_id: int, held: Sequence[HeldOrder]) -> None:
    """Stores heads in one statement. A head that two batches create at once is created by one; the other is run again."""
    if not held:
        return
    stored = await _q.put_held_orders(conn, org_id=org_id, rows=held)
    if len(stored) != len(held):
        raise TryAgain("a held order was changed by somebody else")
