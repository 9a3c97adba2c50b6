"""Letters: written down, claimed, forgotten or kept; thin functions over named statements."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from coster.engine.batch.handler import Commands
from coster.engine.db import sql
from coster.engine.db.connect import Connection, Database
from coster.engine.mail.model import Mail
from coster.engine.mail.rules import Kept, Written

_q = sql.load(__file__)


async def nothing(_conn: Connection, _org_id: int, _commands: Commands) -> None:
    """Writing a letter is decided on nothing but what the command says."""


async def put(conn: Connection, org_id: int, letters: Sequence[Written]) -> None:
    """Writes letters down; one statement, or none for none."""
    if letters:
        await _q.put_mails(conn, org_id=org_id, rows=letters)


async def organisations_with_due(database: Database, now: dt.datetime, limit: int) -> list[int]:
    """The organisations with a letter that is to be carried."""
    async with database.system() as conn:
        return [row["org_id"] for row in await _q.organisations_with_due(conn, now=now, limit=limit)]


async def claim(
    conn: Connection, org_id: int, *, now: dt.datetime, until: dt.datetime, limit: int
) -> list[Mail]:
    """Letters that are to be carried, which until that instant nobody else carries."""
    rows = await _q.claim_due(conn, org_id=org_id, now=now, until=until, limit=limit)
    return [Mail(**row) for row in rows]


async def forget(conn: Connection, org_id: int, id_: uuid.UUID) -> None:
    """The letter was taken, or has nobody to go to."""
    await _q.forget(conn, org_id=org_id, ids=[id_])


async def keep(conn: Connection, org_id: int, kept: Kept) -> None:
    """The letter was not taken."""
    await _q.keep(
        conn,
        org_id=org_id,
        id=uuid.UUID(kept.id),
        attempts=kept.attempts,
        next_at=kept.next_at,
        parked=kept.parked,
    )
