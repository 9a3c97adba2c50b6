"""How far each kind may go, and who holds it up."""

from __future__ import annotations

import datetime as dt
from typing import Any

from coster.engine.archive import rules
from coster.engine.archive.model import Kind, Obstacle, Survey
from coster.engine.db import sql
from coster.engine.db.connect import Connection, Database
from coster.engine.outbox.lease import READER

_q = sql.load(__file__)


async def events(conn: Connection, org_id: int) -> tuple[int, int, list[Obstacle]]:
    """The number up to which events are in the archive, the one up to which they may go, and all who read on from somewhere.

    Where the reactions have never run, nothing may go. Two statements.
    """
    counter = await _q.event_counter(conn, org_id=org_id)
    if counter is None:
        return 0, 0, []
    rows = await _q.event_obstacles(conn, org_id=org_id)
    found = [Obstacle(who=_words(row), upto=row["upto"]) for row in rows]
    if not any(row["who"] == READER for row in rows):
        found.append(Obstacle(who=_REACTIONS, upto=0))
    return counter["archived"], rules.events_upto(counter["n"], found), found


_REACTIONS = "reactions (a server with background work has to run)"


def _words(row: Any) -> str:
    if row["status"]:
        return f"webhook endpoint {row['who']} ({row['status']})"
    return _REACTIONS if row["who"] == READER else str(row["who"])


async def commands(conn: Connection, org_id: int, before: dt.datetime) -> dt.datetime:
    """The instant before which commands may go, as the events are now; it reads all of them once."""
    earliest = await _q.earliest_kept(conn, org_id=org_id)
    return rules.commands_before(before, earliest, parked=await _q.has_parked(conn, org_id=org_id))


async def survey(database: Database, org_id: int, before: dt.datetime) -> Survey:
    """What there is to be moved, at most, and who holds up events from before the instant. It reads the three tables once."""
    async with database.system() as conn:
        archived, upto, found = await events(conn, org_id)
        nexts = [one.upto + 1 for one in found]
        young = await _q.events_next_to(conn, org_id=org_id, nexts=nexts)
        old = {row["upto"] for row in young if row["at"] < before}
        counted: dict[Kind, Any] = {
            "events": await _q.count_events(conn, org_id=org_id, upto=max(upto, archived), before=before),
            "commands": await _q.count_commands(conn, org_id=org_id, before=before),
            "ledger": await _q.count_entries(conn, org_id=org_id, before=before),
        }
    return Survey(
        organisation=org_id,
        rows={kind: {row["month"]: row["rows"] for row in rows} for kind, rows in counted.items()},
        held_up=sorted((one for one in found if one.upto in old), key=lambda one: (one.upto, one.who)),
    )
