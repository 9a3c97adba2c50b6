"""Questions about cost centres. Whoever asks sees those of its enterprises whole, and of others what naming them in an order needs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

import msgspec

from coster.domain.buying.model import Centre, CentresWanted, CentreView
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel.authority import Authority

_q = sql.load(__file__)
_ANY: Final = CentresWanted()


async def list_centres(
    conn: Connection, org_id: int, authority: Authority, wanted: CentresWanted = _ANY
) -> list[CentreView]:
    """Cost centres by id: of the asker's enterprises, and those that may be named in their shops."""
    scope = authority.scope("parties:read")
    given = msgspec.structs.asdict(wanted)
    rows = await _q.list_centres(conn, org_id=org_id, scope=None if scope is None else list(scope), **given)
    found = [msgspec.convert(dict(row), CentreView) for row in rows]
    return [
        one if authority.allows("parties:read", one.enterprise_id) else _from_outside(one) for one in found
    ]


async def get_centre(
    conn: Connection, org_id: int, authority: Authority, centre_id: uuid.UUID
) -> CentreView | None:
    """One cost centre; None where it does not exist or the asker may not see it."""
    found = await list_centres(conn, org_id, authority, CentresWanted(ids=[centre_id], limit=1))
    return found[0] if found else None


async def load(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Centre]:
    """Those of these cost centres that exist; nobody may see more of them for it."""
    rows = await _q.load_centres(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: msgspec.convert(dict(row), Centre) for row in rows}


def _from_outside(centre: CentreView) -> CentreView:
    return msgspec.structs.replace(centre, levels=None, sellers=None)
