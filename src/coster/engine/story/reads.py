"""The facts of one entity's story, in at most three statements."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Final

from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.story.model import Due, Facts, Happened, Refused

_q = sql.load(__file__)

MOST: Final = 1_000
"""Events, and refusals, of one story; of what has more the latest."""


async def facts(
    conn: Connection, org_id: int, entity: str, entity_id: uuid.UUID, timer_ids: Collection[uuid.UUID]
) -> Facts:
    """What happened to the entity, what it refused, and which of these timers run; oldest first."""
    events = await _q.events_of(conn, org_id=org_id, entity=entity, entity_id=entity_id, limit=MOST)
    refused = await _q.refused_of(conn, org_id=org_id, entity_id=str(entity_id), limit=MOST)
    timers = await _q.timers_of(conn, org_id=org_id, ids=list(timer_ids)) if timer_ids else []
    return Facts(
        events=[Happened(**row) for row in reversed(events)],
        refused=[Refused(**row) for row in reversed(refused)],
        timers=[Due(**row) for row in timers],
        whole=bool(events) and events[-1]["version"] == 1,
    )
