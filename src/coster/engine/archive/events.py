"""Events into parts, in the order of their numbers, up to the first that is too young or still needed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from coster.engine.archive import parts, rules
from coster.engine.archive.parts import Keeper
from coster.engine.db import sql
from coster.engine.db.connect import Connection

_q = sql.load(__file__)


async def move(keeper: Keeper, before: dt.datetime, *, after: int, upto: int) -> None:
    """Moves the events behind a number, up to another and from before an instant; a part holds one month."""
    while True:
        async with keeper.database.system() as conn:
            rows = await _q.read_events(conn, org_id=keeper.org_id, after=after, upto=upto, limit=keeper.rows)
        taken = rows[: rules.in_one_month([row["at"] for row in rows], before)]
        if not taken:
            return
        await _keep(keeper, rules.month_of(taken[0]["at"]), taken, after)
        after = taken[-1]["seq"]


async def _keep(keeper: Keeper, month: str, taken: list[Any], after: int) -> None:
    last = taken[-1]["seq"]
    draft = keeper.draft("events", month)

    async def remove(conn: Connection, _: int) -> int:
        status = await _q.remove_events(conn, org_id=keeper.org_id, after=after, upto=last)
        await _q.raise_archived(conn, org_id=keeper.org_id, upto=last)
        return parts.count_of(status)

    try:
        draft.write([row["line"] for row in taken])
        await keeper.keep(
            draft, remove, first=taken[0]["seq"], last=last, latest=max(row["at"] for row in taken)
        )
    finally:
        draft.drop()
