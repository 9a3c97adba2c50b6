"""What `coster verify` asks of the pipeline: that every fact has its cause."""

from __future__ import annotations

from typing import Final

from coster.engine.db import promises, sql
from coster.engine.db.connect import Connection
from coster.kernel import proof

_q = sql.load(__file__)

PROMISES: Final = {"events_have_causes": "every event has the accepted command that caused it"}


async def verify(conn: Connection, org_id: int) -> list[proof.Check]:
    """The promises about commands, each counted over everything that is stored."""
    return await promises.checked(PROMISES, lambda name: getattr(_q, f"verify_{name}")(conn, org_id=org_id))
