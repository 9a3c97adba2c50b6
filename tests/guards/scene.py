"""A town with one order of everything that guards are about, and the promises of `coster verify` counted inside a transaction."""

from __future__ import annotations

import copy
import datetime as dt
import uuid
from typing import Any

from coster.domain.identity import handlers as identity
from coster.domain.inventory import reads as inventory
from coster.domain.orders import reads as orders
from coster.domain.orders.model import LineRequest, PlaceOrder
from coster.domain.wholesale import reads as wholesale
from coster.engine.batch import proofs as causes
from coster.engine.batch.run import Runner
from coster.engine.db.connect import Connection, Database
from coster.engine.outbox import proofs as outbox
from tests.handlers import registry
from tests.town import Town, name_id

KILO = 1000


class Scene(Town):
    """Jean has ten kilograms of carrots and of leeks; the hub buys of him in an open session."""

    carrots: uuid.UUID
    leeks: uuid.UUID
    hub: uuid.UUID
    market: uuid.UUID
    opened: dt.datetime

    async def begin(self) -> Scene:
        """Everybody and everything, and one order of a kilogram of carrots."""
        await self.found()
        jean = await self.enterprise("Jean", "producer")
        self.hub = await self.enterprise("Hub", "hub")
        self.carrots = await self.item(jean, "carrots", 10 * KILO)
        self.leeks = await self.item(jean, "leeks", 10 * KILO)
        await self.relation(self.hub, jean)
        self.opened = self.now
        self.market = await self.session("Market", [self.hub], [self.carrots, self.leeks])
        return self

    def moved_to(self, database: Database) -> Scene:
        """The same town in a copy of its database."""
        other = copy.copy(self)
        other.database, other.runner = database, Runner(database, identity.authorise)
        return other

    def basket(self, who: str, item: uuid.UUID, kilos: int = 1, **more: Any) -> PlaceOrder:
        """Somebody's order of one item in the session."""
        given: dict[str, Any] = {
            "order_id": name_id(who), "seller_id": self.hub, "session_id": self.market, "channel": "shop", "reference": who,
        }  # fmt: skip
        lines = [LineRequest(item_id=item, quantity=kilos * KILO)]
        return PlaceOrder(lines=lines, **{**given, **more})


async def scene(database: Database) -> Scene:
    """A new scene in an empty database."""
    return await Scene(database, registry()).begin()


async def broken(conn: Connection, town: Town) -> set[str]:
    """The names of the promises that are broken now."""
    checks = [
        *await inventory.verify(conn, town.org_id),
        *await orders.verify(conn, town.org_id),
        *await wholesale.verify(conn, town.org_id, town.now),
        *await causes.verify(conn, town.org_id),
        *await outbox.verify(conn, town.org_id, town.now),
    ]
    return {check.name for check in checks if check.broken}
