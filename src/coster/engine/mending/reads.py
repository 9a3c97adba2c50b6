"""What was given up, and what people decided not to do, page by page."""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.mending.model import ParkedView
from coster.engine.outbox.model import Skipped

_q = sql.load(__file__)

Key: TypeAlias = "tuple[str, str, str]"


async def list_parked(
    conn: Connection, org_id: int, *, after: Key = ("", "", ""), limit: int
) -> list[ParkedView]:
    """What waits for people, in the order of what it is, its key and its name."""
    what, key, name = after
    rows = await _q.list_parked(conn, org_id=org_id, what=what, key=key, name=name, limit=limit)
    return [ParkedView(**row) for row in rows]


async def list_skipped(
    conn: Connection, org_id: int, *, before: tuple[dt.datetime, str, str, str] | None, limit: int
) -> list[Skipped]:
    """What was skipped, the latest first."""
    at, what, key, name = before or (None, "", "", "")
    rows = await _q.list_skipped(conn, org_id=org_id, at=at, what=what, key=key, name=name, limit=limit)
    return [Skipped(**row) for row in rows]
