"""Load held orders for deciding, and write them: thin functions over named statements."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from coster.domain.wholesale.model import HeldOrder
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel.errors import TryAgain

_q = sql.load(__file__)


async def lock_held_orders(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, HeldOrder]:
    """Heads of held orders, locked in key order; the last rows that a batch locks before the event counter."""
    return {
        row["id"]: HeldOrder(**row) for row in await _q.lock_held_orders(conn, org_id=org_id, ids=list(ids))
    }


async def find_held_orders(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID], session_ids: Iterable[uuid.UUID]
) -> list[tuple[uuid.UUID, uuid.UUID, uuid.UUID, uuid.UUID]]:
    """Id, hub, producer and session of held orders, by id or by session, unlocked: none of these ever changes."""
    rows = await _q.find_held_orders(conn, org_id=org_id, ids=list(ids), session_ids=list(session_ids))
    return [(row["id"], row["hub_id"], row["producer_id"], row["session_id"]) for row in rows]


async def write(conn: Connection, org_id: int, held: Sequence[HeldOrder]) -> None:
    """Stores heads in one statement. A head that two batches create at once is created by one; the other is run again."""
    if not held:
        return
    stored = await _q.put_held_orders(
        conn, org_id=org_id, ids=[h.id for h in held], hub_ids=[h.hub_id for h in held],
        producer_ids=[h.producer_id for h in held], session_ids=[h.session_id for h in held],
        singles=[h.single for h in held], statuses=[h.status for h in held],
        flow_versions=[h.flow_version for h in held], created_ats=[h.created_at for h in held],
        changed_ats=[h.changed_at for h in held], versions=[h.version for h in held],
    )  # fmt: skip
    if len(stored) != len(held):
        raise TryAgain("a held order was changed by somebody else")
