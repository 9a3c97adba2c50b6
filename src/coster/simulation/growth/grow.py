"""Stores a thousand orders by the pipeline, and multiplies them."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import uuid
from typing import Any, Final

from coster.domain.catalog.model import PutItem
from coster.domain.inventory.model import AdjustStock, PutLocation
from coster.domain.orders.model import LineRequest, PlaceOrder
from coster.domain.parties.model import PutEnterprise, PutRelation
from coster.domain.sessions.model import Listing, PutSession
from coster.engine.db import sql
from coster.engine.db.connect import Connection, Database
from coster.kernel import ids
from coster.simulation.bench import Shop

_q = sql.load(__file__)

SESSIONS: Final = 20
ORDERS: Final = 50
"""Orders of each session; a copy of all is a thousand."""
ITEMS: Final = 10
LINES: Final = 3
_STEP: Final = 50
_DAYS: Final = dt.timedelta(days=3)


class Store:
    """A hub with many sessions, full of orders of one producer's goods."""

    def __init__(self, shop: Shop, org_id: int) -> None:
        self._shop, self._org_id = shop, org_id
        self._database: Database = shop.database
        self.hub, self.producer, self.place = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        self.items = [uuid.uuid4() for _ in range(ITEMS)]
        self.sessions = [uuid.uuid4() for _ in range(SESSIONS)]
        self.orders: list[uuid.UUID] = []
        self._commands: list[uuid.UUID] = []
        self._copies = 0

    async def found(self) -> None:
        """The first thousand orders, each through the pipeline."""
        batch = self._shop.batch
        await batch([PutEnterprise(enterprise_id=self.hub, name="Stored hub", kinds=["hub"], currency="EUR"),
                     PutEnterprise(enterprise_id=self.producer, name="Jean", kinds=["producer"], currency="EUR")])  # fmt: skip
        await batch([
            PutItem(item_id=id_, owner_id=self.producer, sku=f"stored-{n}", name=f"Stored {n}", price_micros=2_000_000)
            for n, id_ in enumerate(self.items)
        ])  # fmt: skip
        await batch([PutLocation(location_id=self.place, enterprise_id=self.producer, name="Barn")])
        await batch([
            AdjustStock(item_id=id_, location_id=self.place, quantity=10**14, type="RECEIPT") for id_ in self.items
        ])  # fmt: skip
        await batch([PutRelation(hub_id=self.hub, producer_id=self.producer)])
        now = dt.datetime.now(dt.UTC)
        await batch([self._session(id_, now) for id_ in self.sessions])
        for session in self.sessions:
            placed = [self._order(session, n) for n in range(ORDERS)]
            self.orders += [order.order_id for order in placed]
            self._commands += await batch(placed)

    def _session(self, id_: uuid.UUID, now: dt.datetime) -> PutSession:
        return PutSession(
            session_id=id_, coordinator_id=self.hub, name="Stored", opens_at=now, closes_at=now + _DAYS, hub_ids=[self.hub],
            listings=[Listing(item_id=item) for item in self.items],
        )  # fmt: skip

    def _order(self, session: uuid.UUID, number: int) -> PlaceOrder:
        return PlaceOrder(
            order_id=ids.at_instant(dt.datetime.now(dt.UTC), os.urandom(10)), seller_id=self.hub, session_id=session,
            channel="stored", reference=secrets.token_hex(8), completed=True,
            lines=[LineRequest(item_id=self.items[(number + n) % ITEMS], quantity=1000) for n in range(LINES)],
        )  # fmt: skip

    async def grow(self, upto: int) -> int:
        """Copies until there are about so many orders; yields how many there are. The database is at rest afterwards."""
        wanted = max(0, upto // len(self.orders) - 1)
        while self._copies < wanted:
            last = min(wanted, self._copies + _STEP)
            async with self._database.system() as conn, conn.transaction():
                await self._copy(conn, self._copies + 1, last)
            self._copies = last
        async with self._database.system() as conn:
            await _q.clean(conn)
            await _q.checkpoint(conn)
        return len(self.orders) * (self._copies + 1)

    async def _copy(self, conn: Connection, first: int, last: int) -> None:
        org: dict[str, Any] = {"org_id": self._org_id}
        span = {**org, "first": first, "last": last}
        await _q.quickly(conn)
        await _q.copy_sessions(conn, **span, sessions=self.sessions)
        await _q.copy_held_orders(conn, **span, sessions=self.sessions)
        for copy in (_q.copy_orders, _q.copy_lines, _q.copy_holds, _q.copy_entries):
            await copy(conn, **span, orders=self.orders)
        await _q.raise_positions(conn, **org, orders=self.orders, copies=last - first + 1)
        for copy in (_q.copy_commands, _q.copy_events):
            await copy(conn, **span, commands=self._commands)
        await _q.raise_counter(conn, **org)
