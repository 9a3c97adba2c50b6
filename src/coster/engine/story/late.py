"""How many things are beyond the service level of their status, for whoever watches the server."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Final

import asyncpg

from coster.engine import observe
from coster.engine.db import sql
from coster.engine.db.connect import Database
from coster.kernel.errors import Busy

_q = sql.load(__file__)
_PASSING: Final = (Busy, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

BETWEEN_COUNTS: Final = 15.0
"""Seconds. Both counts read an index that holds only what has a service level."""


async def count(database: Database, now: dt.datetime) -> dict[str, int]:
    """How many there are of all organisations together, by the kind of entity."""
    async with database.system() as conn:
        return {
            "order": await _q.late_orders(conn, now=now),
            "held_order": await _q.late_held_orders(conn, now=now),
        }


async def keep(database: Database, now: Callable[[], dt.datetime]) -> None:
    """Keeps the metric, until it is cancelled; a database that does not answer is asked again."""
    while True:
        try:
            for entity, late in (await count(database, now())).items():
                observe.BEYOND_SLA.labels(entity).set(late)
        except _PASSING as fault:
            observe.log.warning("late_not_counted", cause=type(fault).__name__)
        await asyncio.sleep(BETWEEN_COUNTS)
