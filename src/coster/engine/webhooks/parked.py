"""Messages that were given up and wait for people: looked at, sent again, or skipped with a reason. As outbox/parked.py for reactions."""

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
    """All messages that wait for somebody to look at them, in the order of the events."""
    return [GivenUp(what="message", **row) for row in await _q.list_parked(conn, org_id=org_id)]


async def resume(conn: Connection, org_id: int, now: dt.datetime) -> int:
    """Has all of them sent again, from the first attempt; gives how many.

    What was for an endpoint that was deleted meanwhile is made good once more by the flow that sent it.
    """
    await _q.lock_all_endpoints(conn, org_id=org_id)
    return len(await _q.try_again(conn, org_id=org_id, now=now, keys=None))


async def lock_parked(conn: Connection, org_id: int, seqs: Sequence[int]) -> list[GivenUp]:
    """Those of these events that wait for people, while nobody else sends or skips any."""
    await _q.lock_all_endpoints(conn, org_id=org_id)
    return [GivenUp(what="message", **row) for row in await _q.parked_of(conn, org_id=org_id, seqs=seqs)]


async def retry(conn: Connection, org_id: int, chosen: Sequence[GivenUp], now: dt.datetime) -> None:
    """Has these messages sent again, as `resume` has all."""
    keys = [f"{one.key} {one.name}" for one in chosen if one.what == "message"]
    if keys:
        await _q.lock_all_endpoints(conn, org_id=org_id)
        await _q.try_again(conn, org_id=org_id, now=now, keys=keys)


async def skip(conn: Connection, org_id: int, chosen: Sequence[GivenUp], decision: Decision) -> list[GivenUp]:
    """Has these never sent, so that what waits behind them is, and keeps who decided so and why; gives those that were parked still.

    Raises ValueError without a reason.
    """
    if not decision.reason.strip():
        raise ValueError("a reason is needed: it is kept, and says why this was never sent")
    wanted = [(int(one.key), uuid.UUID(one.name)) for one in chosen if one.what == "message"]
    if not wanted:
        return []
    await _q.lock_all_endpoints(conn, org_id=org_id)
    seqs, endpoint_ids = [seq for seq, _ in wanted], [id_ for _, id_ in wanted]
    rows = await _q.skip(conn, org_id=org_id, seqs=seqs, endpoint_ids=endpoint_ids)
    if not rows:
        return []
    await _q.make_next_due(
        conn,
        org_id=org_id,
        endpoint_ids=[row["endpoint_id"] for row in rows],
        entity_ids=[row["entity_id"] for row in rows],
    )
    gone = [GivenUp("message", str(row["seq"]), str(row["endpoint_id"]), row["parked"]) for row in rows]
    told = [
        {"what": one.what, "key": one.key, "name": one.name, "cause": one.cause, "body": {}} for one in gone
    ]
    await parked.keep_skipped(conn, org_id, told, decision)
    return gone
