"""Every promise of the program, counted in a town."""

from __future__ import annotations

from coster.domain.inventory import reads as inventory
from coster.domain.orders import reads as orders
from coster.domain.wholesale import reads as wholesale
from tests.town import Town


async def broken(town: Town) -> list[str]:
    """The names of the promises that do not hold."""
    async with town.database.read(town.org_id) as conn:
        checks = [
            *await inventory.verify(conn, town.org_id),
            *await orders.verify(conn, town.org_id),
            *await wholesale.verify(conn, town.org_id, town.now),
        ]
    assert len(checks) > 8
    return [check.name for check in checks if check.broken]
