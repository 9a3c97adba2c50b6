"""What the relay has given up for now: looked at by people, and run again, or skipped with a reason, when they say so.

Nothing is ever dropped in silence: what was skipped is kept, with who decided so, when and why.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.outbox import feed
from coster.engine.outbox.model import Decision, GivenUp, Skipped
from coster.engine.outbox.react import Parked
from coster.kernel.message import Stored

_q = sql.load(__file__)


async def list_parked(conn: Connection, org_id: int) -> list[GivenUp]:
    """All that waits for somebody to look at it."""
    return [GivenUp(**row) for row in await _q.list_parked(conn, org_id=org_id)]


async def resume(conn: Connection, org_id: int) -> int:
    """Has all of it run again, by whichever process runs a relay; gives how many. What fails again is parked again."""
    reactions = await _q.resume_reactions(conn, org_id=org_id)
    return len(reactions) + len(await _q.resume_timers(conn, org_id=org_id))


async def retry(conn: Connection, org_id: int, chosen: Sequence[GivenUp]) -> None:
    """Has these reactions and timers run again."""
    reactions = [one for one in chosen if one.what == "reaction"]
    timers = [uuid.UUID(one.key) for one in chosen if one.what == "timer"]
    if reactions:
        seqs, names = [int(one.key) for one in reactions], [one.name for one in reactions]
        await _q.retry_reactions(conn, org_id=org_id, seqs=seqs, reactions=names)
    if timers:
        await _q.retry_timers(conn, org_id=org_id, ids=timers)


async def skip(conn: Connection, org_id: int, chosen: Sequence[GivenUp], decision: Decision) -> list[GivenUp]:
    """Has these never run, and keeps who decided so and why; gives those that were parked still.

    Raises ValueError without a reason.
    """
    if not decision.reason.strip():
        raise ValueError("a reason is needed: it is kept, and says why this was never done")
    reactions = [one for one in chosen if one.what == "reaction"]
    timers = [one for one in chosen if one.what == "timer"]
    gone: list[dict[str, Any]] = []
    if reactions:
        seqs, names = [int(one.key) for one in reactions], [one.name for one in reactions]
        rows = await _q.skip_reactions(conn, org_id=org_id, seqs=seqs, reactions=names)
        gone += [
            {
                "what": "reaction",
                "key": str(row["seq"]),
                "name": row["reaction"],
                "cause": row["cause"],
                "body": {},
            }
            for row in rows
        ]
    if timers:
        rows = await _q.skip_timers(conn, org_id=org_id, ids=[uuid.UUID(one.key) for one in timers])
        gone += [
            {
                "what": "timer",
                "key": str(row["id"]),
                "name": row["kind"],
                "cause": row["parked"],
                "body": row["body"],
            }
            for row in rows
        ]
    if gone:
        await keep_skipped(conn, org_id, gone, decision)
    return [GivenUp(row["what"], row["key"], row["name"], row["cause"]) for row in gone]


async def keep_skipped(
    conn: Connection, org_id: int, gone: Sequence[Mapping[str, Any]], decision: Decision
) -> None:
    """Keeps who decided that these (what, key, name, cause, body) are not run, when and why."""
    said = {"at": decision.at, "who": decision.who, "reason": decision.reason.strip()}
    await _q.keep_skipped(conn, org_id=org_id, rows=[{**row, **said} for row in gone])


async def list_skipped(conn: Connection, org_id: int, *, limit: int = 1000) -> list[Skipped]:
    """What people have decided not to run, the latest first."""
    return [Skipped(**row) for row in await _q.list_skipped(conn, org_id=org_id, limit=limit)]


async def keep(conn: Connection, org_id: int, parked: Sequence[Parked]) -> None:
    """Stores reactions that failed; one statement, or none for none."""
    if parked:
        await _q.park_reactions(
            conn,
            org_id=org_id,
            seqs=[p.seq for p in parked],
            reactions=[p.reaction for p in parked],
            causes=[p.cause for p in parked],
        )


async def read_resumed(conn: Connection, org_id: int, *, limit: int) -> list[tuple[Stored, str]]:
    """Events and the names of reactions to them that are to be run again, in order."""
    rows = await _q.read_resumed(conn, org_id=org_id, limit=limit)
    return [(feed.stored(org_id, row), row["reaction"]) for row in rows]


async def settle(
    conn: Connection, org_id: int, *, run: Sequence[tuple[Stored, str]], failed: Sequence[Parked]
) -> None:
    """Forgets the reactions that were run, except those that failed once more."""
    again = {(p.seq, p.reaction) for p in failed}
    done = [(event.seq, name) for event, name in run if (event.seq, name) not in again]
    if done:
        await _q.forget_reactions(
            conn, org_id=org_id, seqs=[seq for seq, _ in done], reactions=[name for _, name in done]
        )
    await keep(conn, org_id, failed)
