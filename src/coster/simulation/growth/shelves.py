"""Very many positions: one item's stock at its places, copied to other items."""

from __future__ import annotations

import uuid
from typing import Final

from coster.engine.db import sql
from coster.engine.db.connect import Database

_q = sql.load(__file__)
_STEP: Final = 1000


async def copy_items(database: Database, org_id: int, item_id: uuid.UUID, *, copies: int) -> list[uuid.UUID]:
    """The item and its copies, each with stock and ledger at the same places. The database is at rest afterwards."""
    for first in range(1, copies + 1, _STEP):
        span = {"org_id": org_id, "item_id": item_id, "first": first, "last": min(copies, first + _STEP - 1)}
        async with database.system() as conn, conn.transaction():
            await _q.quickly(conn)
            for copy in (_q.copy_item, _q.copy_sales_units, _q.copy_receipts, _q.copy_positions):
                await copy(conn, **span)
    async with database.system() as conn:
        await _q.clean(conn)
        await _q.checkpoint(conn)
    return [item_id, *(uuid.UUID(f"{str(item_id)[:24]}{number:012x}") for number in range(1, copies + 1))]
