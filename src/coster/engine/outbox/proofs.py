"""What `coster verify` asks of the engine: that no fact is missing, and that nothing waits that should have happened."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from coster.engine.db import promises, sql
from coster.engine.db.connect import Connection
from coster.kernel import proof

_q = sql.load(__file__)

PROMISES: Final = {
    "events_without_gap": "events are numbered 1, 2, 3 …, and the counter stands at the last",
    "entities_without_gap": "the events of every entity are numbered 1, 2, 3 …",
    "readers_not_ahead": "nobody has read events that are not there",
    "nothing_given_up": "no reaction and no timer was given up",
}
PATIENCE: Final = dt.timedelta(hours=1)
IN_TIME: Final = {
    "timers_in_time": "nothing has been due for more than an hour",
    "reactions_in_time": "no event has waited for its reactions for more than an hour",
}


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation and the instant of its latest event (None: there is none)."""

    org_id: int
    name: str
    latest: dt.datetime | None


async def organisations(conn: Connection) -> list[Organisation]:
    """All organisations of the database by number; `conn` is the system's."""
    return [Organisation(**row) for row in await _q.list_organisations(conn)]


async def verify(conn: Connection, org_id: int, now: dt.datetime) -> list[proof.Check]:
    """The promises about events, timers and reactions, each counted over everything that is stored."""
    late: dict[str, Any] = {"org_id": org_id, "before": now - PATIENCE}
    return [
        *await promises.checked(PROMISES, lambda name: getattr(_q, f"verify_{name}")(conn, org_id=org_id)),
        *await promises.checked(IN_TIME, lambda name: getattr(_q, f"verify_{name}")(conn, **late)),
    ]
