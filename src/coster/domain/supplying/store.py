"""Load what is known of hubs on other platforms and their orders, and store what is new: thin functions over named statements."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from coster.domain.supplying.model import Binding, Counterpart, SupplyWrites
from coster.engine.db import sql
from coster.engine.db.connect import Connection

_q = sql.load(__file__)


async def load_counterparts(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, Counterpart]:
    """Those of these hubs that are known, by id."""
    rows = await _q.load_counterparts(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: Counterpart(**row) for row in rows}


async def load_bindings(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Binding]:
    """Which orders these held orders are, by the held order's id."""
    rows = await _q.load_bindings(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: Binding(**row) for row in rows}


async def write(conn: Connection, org_id: int, writes: SupplyWrites) -> None:
    """Stores new hubs and orders; two statements, or none for none."""
    if writes.counterparts:
        await _q.put_counterparts(conn, org_id=org_id, rows=writes.counterparts)
    if writes.bindings:
        await _q.put_bindings(conn, org_id=org_id, rows=writes.bindings)
