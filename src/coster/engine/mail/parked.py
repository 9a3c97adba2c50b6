"""Letters that were given up: looked at by people, and carried again, or skipped with a reason, when they say so."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.outbox import parked
from coster.engine.outbox.model import Decision, GivenUp

_q = sql.load(__file__)


async def list_parked(conn: Connection, org_id: int) -> list[GivenUp]:
    """All that waits for somebody to look at it: `key` is the letter's id, `name` its kind."""
    return [_given_up(row) for row in await _q.list_parked(conn, org_id=org_id)]


async def resume(conn: Connection, org_id: int, now: dt.datetime) -> int:
    """Has all of them carried again from now on; gives how many."""
    return len(await _q.resume(conn, org_id=org_id, now=now, ids=None))


async def retry(conn: Connection, org_id: int, chosen: Sequence[GivenUp], now: dt.datetime) -> None:
    """Has these carried again from now on."""
    await _q.resume(conn, org_id=org_id, now=now, ids=[uuid.UUID(one.key) for one in chosen])


async def skip(conn: Connection, org_id: int, chosen: Sequence[GivenUp], decision: Decision) -> list[GivenUp]:
    """Has these never carried, and keeps who decided so and why; gives those that were given up still."""
    rows = await _q.skip(conn, org_id=org_id, ids=[uuid.UUID(one.key) for one in chosen])
    gone = [_given_up(row) for row in rows]
    if gone:
        said = [
            {"what": one.what, "key": one.key, "name": one.name, "cause": one.cause, "body": {}}
            for one in gone
        ]
        await parked.keep_skipped(conn, org_id, said, decision)
    return gone


def _given_up(row: dict[str, object]) -> GivenUp:
    return GivenUp("mail", str(row["id"]), str(row["kind"]), str(row["parked"]))
