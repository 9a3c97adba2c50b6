"""Timers as they stand, for rooms that have locked whose they are."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from coster.engine.db import sql
from coster.engine.db.connect import Connection

_q = sql.load(__file__)


async def due(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, dt.datetime]:
    """When these timers are due by now; what was ended is not among them."""
    wanted = sorted(set(ids))
    rows = await _q.pending_timers(conn, org_id=org_id, ids=wanted) if wanted else []
    return {row["id"]: row["due_at"] for row in rows}
