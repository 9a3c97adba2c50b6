"""The planner's statistics keep up with tables that grow quickly.

A prepared statement keeps the plan that was right when its table was small, until somebody analyses the table; autovacuum
looks once a minute. Within that minute an import can fill a table, and a plan that reads all of it costs more with each row.
So a table that has become four times as large as its statistics say is analysed at once: that is done a dozen times
in the life of a table, and every connection plans anew after it (ADR 0011).
"""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg

from coster.engine import observe
from coster.engine.db import sql
from coster.engine.db.connect import Database
from coster.kernel.errors import Busy

_q = sql.load(__file__)
_PASSING: Final = (Busy, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

BETWEEN_LOOKS: Final = 2.0
"""Seconds. A look costs a fraction of a millisecond."""


async def refresh(database: Database) -> list[str]:
    """Analyses every table that has outgrown its statistics; gives their names in order, none where all is well."""
    async with database.system() as conn:
        outgrown = [(row["name"], row["statement"]) for row in await _q.outgrown(conn)]
        for _, statement in outgrown:
            await conn.execute(statement)
    return [name for name, _ in outgrown]


async def keep(database: Database) -> None:
    """Refreshes again and again, until it is cancelled; a database that does not answer is asked again."""
    while True:
        try:
            for name in await refresh(database):
                observe.log.debug("statistics_refreshed", table=name)
        except _PASSING as fault:
            observe.log.warning("statistics_failed", cause=type(fault).__name__)
        await asyncio.sleep(BETWEEN_LOOKS)
