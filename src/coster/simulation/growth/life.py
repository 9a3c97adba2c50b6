"""One session's whole life by the pipeline: planned, sold in, closed, ended, its held order completed and handed over.

What it left in the tables is the original of all copies (`copying.py`).
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from typing import Any, Final

from coster.domain.catalog.model import PutItem
from coster.domain.identity import handlers as identity
from coster.domain.inventory.model import AdjustStock, PutLocation
from coster.domain.orders.model import LineRequest, PlaceOrder
from coster.domain.parties.model import PutEnterprise, PutRelation
from coster.domain.sessions.model import CloseSession, EndSession, Listing, PutSession
from coster.domain.wholesale.model import CompleteSession, FulfilHeldOrder
from coster.engine.batch.handler import Registry
from coster.engine.batch.run import Result, Runner
from coster.engine.db import sql
from coster.engine.db.connect import Database
from coster.kernel import ids
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Accepted

_q = sql.load(__file__)

ORDERS: Final = 1000
"""Orders of a session, where nobody says otherwise."""
LINES: Final = 3
ITEMS: Final = 50
_BATCH: Final = 8
_SOLD: Final = dt.timedelta(days=3)
_HOUR: Final = dt.timedelta(hours=1)
_PLENTY: Final = 10**15


class Life:
    """A hub that buys of a producer in one session of so many orders; ids of what is the session's own are in `own`."""

    def __init__(self, database: Database, registry: Registry, org_id: int, *, size: int = ORDERS) -> None:
        self.size = size
        self._runner = Runner(database, identity.authorise)
        self._database, self._registry, self._org_id = database, registry, org_id
        self.hub, self.producer, self.place = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        self.items = [uuid.uuid4() for _ in range(ITEMS)]
        self.session = uuid.uuid4()
        self.orders: list[uuid.UUID] = []
        self.commands: list[uuid.UUID] = []
        self.own: set[str] = set()

    async def found(self, at: dt.datetime) -> None:
        """Enterprises, goods with practically endless stock, and terms; these are shared by all copies."""
        await self._do(at, [
            PutEnterprise(enterprise_id=self.hub, name="Hub", kinds=["hub"], currency="EUR"),
            PutEnterprise(enterprise_id=self.producer, name="Jean", kinds=["producer"], currency="EUR"),
        ])  # fmt: skip
        await self._do(at, [
            PutItem(item_id=id_, owner_id=self.producer, sku=f"grown-{n}", name=f"Grown {n}", price_micros=2_000_000)
            for n, id_ in enumerate(self.items)
        ])  # fmt: skip
        await self._do(at, [PutLocation(location_id=self.place, enterprise_id=self.producer, name="Barn")])
        await self._do(at, [
            AdjustStock(item_id=id_, location_id=self.place, quantity=_PLENTY, type="RECEIPT") for id_ in self.items
        ])  # fmt: skip
        await self._do(at, [PutRelation(hub_id=self.hub, producer_id=self.producer)])

    async def live(self, at: dt.datetime) -> None:
        """The session from its opening on, to the end of everything that follows from it; its timers are answered by that."""
        closes = at + _SOLD
        planned = PutSession(
            session_id=self.session, coordinator_id=self.hub, name="Friday", opens_at=at, closes_at=closes,
            amend_until=closes + _HOUR, hub_ids=[self.hub], listings=[Listing(item_id=item) for item in self.items],
        )  # fmt: skip
        self.commands += await self._do(at, [planned])
        for number in range(0, self.size, _BATCH):
            now = at + _SOLD * (number + 1) / (self.size + 2)
            placed = [self._order(now, number + n) for n in range(min(_BATCH, self.size - number))]
            self.orders += [order.order_id for order in placed]
            self.own |= {order.reference for order in placed}
            self.commands += await self._do(now, placed)
        ended = closes + 2 * _HOUR
        for body in (
            CloseSession(session_id=self.session), EndSession(session_id=self.session), CompleteSession(session_id=self.session),
        ):  # fmt: skip
            self.commands += await self._do(ended, [body])
        async with self._database.system() as conn:
            held = [
                row["id"]
                for row in await _q.held_orders_of(conn, org_id=self._org_id, session_id=self.session)
            ]
        self.commands += await self._do(ended + _HOUR, [FulfilHeldOrder(held_order_id=id_) for id_ in held])
        async with self._database.system() as conn:
            await _q.forget_timers(conn, org_id=self._org_id)
        self.own |= {str(id_) for id_ in (self.session, *self.orders, *self.commands, *held)}

    def _order(self, at: dt.datetime, number: int) -> PlaceOrder:
        return PlaceOrder(
            order_id=ids.at_instant(at, secrets.token_bytes(10)), seller_id=self.hub, session_id=self.session, channel="grown",
            reference=secrets.token_hex(8), completed=True,
            lines=[LineRequest(item_id=self.items[(number + 7 * n) % ITEMS], quantity=1000) for n in range(LINES)],
        )  # fmt: skip

    async def _do(self, at: dt.datetime, bodies: Sequence[Any]) -> list[uuid.UUID]:
        """One batch of one kind, all accepted; yields the commands' ids."""
        commands = []
        for body in bodies:
            print_ = secrets.token_bytes(32)
            self.own.add(print_.hex())
            id_ = ids.at_instant(at, secrets.token_bytes(10))
            commands.append(Command(id_, self._org_id, SYSTEM, at, body, print_))
        for result in await self._runner.run(self._registry.of(bodies[0]), commands):
            if not (isinstance(result, Result) and isinstance(result.outcome, Accepted)):
                raise RuntimeError(f"the original was not accepted: {result}")  # noqa: TRY004 - it may be either
        return [command.id for command in commands]
