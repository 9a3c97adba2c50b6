"""Cost centres: loaded for deciding, and stored. Nobody but handlers calls this."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

import msgspec

from coster.domain.buying.model import Centre
from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows, known
from coster.engine.db.connect import Connection

_q = sql.load(__file__)


def centres_asked(org_id: int, ids: Iterable[uuid.UUID]) -> Question[dict[uuid.UUID, Centre]]:
    """Those of these cost centres that exist, by id; no locks."""
    wanted = list(ids)
    if not wanted:
        return known({})

    def read(rows: Rows) -> dict[uuid.UUID, Centre]:
        return {centre.id: centre for centre in msgspec.convert(rows, list[Centre])}

    return Question(_q.load_centres, {"org_id": org_id, "ids": wanted}, read)


async def lock_centres(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Centre]:
    """Those of these cost centres that exist, locked in the order of their ids."""
    rows = await _q.lock_centres(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: msgspec.convert(dict(row), Centre) for row in rows}


async def put_centres(conn: Connection, org_id: int, centres: Sequence[Centre]) -> None:
    """Stores the rows as they are given; one statement, or none for none."""
    if centres:
        await _q.put_centres(conn, org_id=org_id, rows=sorted(centres, key=lambda centre: centre.id))
