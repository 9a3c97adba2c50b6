"""A small town for tests: it sends commands through the real pipeline on a real database, with a clock that it moves."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from coster.domain.catalog.model import PutItem
from coster.domain.identity import handlers as identity
from coster.domain.inventory.model import AdjustStock, PutLocation
from coster.domain.parties.model import PutEnterprise, PutRelation
from coster.domain.sessions.model import Listing, PutSession
from coster.engine.batch.handler import Registry
from coster.engine.batch.run import Result, Runner
from coster.engine.db.connect import Database
from coster.kernel import ids
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Accepted, Rejected

MONDAY = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


def name_id(name: str) -> uuid.UUID:
    """The id that a test gives to a thing by its name."""
    return ids.derived("test", name)


class Town:
    """Commands by name in one organisation; every command gets an id of its own from a counter, so runs repeat."""

    def __init__(self, database: Database, registry: Registry, org_id: int = 1) -> None:
        self.database = database
        self.registry = registry
        self.runner = Runner(database, identity.authorise)
        self.org_id = org_id
        self.now = MONDAY
        self.count = 0

    async def found(self) -> None:
        """The organisation itself, without keys; the system acts."""
        async with self.database.system() as conn:
            await conn.execute(
                "INSERT INTO org (org_id, name, created_at) VALUES ($1, 'Town', $2)", self.org_id, self.now
            )
            await conn.execute("INSERT INTO event_counter (org_id, n) VALUES ($1, 0)", self.org_id)

    def command(self, body: Any, actor: uuid.UUID = SYSTEM) -> Command[Any]:
        """The next command, a millisecond after the last."""
        self.count += 1
        self.now += dt.timedelta(milliseconds=1)
        return Command(ids.derived("command", self.count), self.org_id, actor, self.now, body)

    async def batch(self, *bodies: Any, dry_run: bool = False) -> list[Result]:
        """One batch of commands of one kind; a fault in any is raised."""
        commands = [self.command(body) for body in bodies]
        results = await self.runner.run(self.registry.of(bodies[0]), commands, dry_run=dry_run)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return results  # type: ignore[return-value]

    async def do(self, body: Any) -> Any:
        """The value of an accepted command; a rejection fails the test."""
        [result] = await self.batch(body)
        assert isinstance(result.outcome, Accepted), result.outcome
        return result.outcome.value

    async def refused(self, body: Any) -> Rejected:
        """The rejection of a command; acceptance fails the test."""
        [result] = await self.batch(body)
        assert isinstance(result.outcome, Rejected), result.outcome
        return result.outcome

    async def rows(self, statement: str, *args: Any) -> list[dict[str, Any]]:
        """Rows as the owner of the tables sees them."""
        async with self.database.system() as conn:
            return [dict(row) for row in await conn.fetch(statement, *args)]

    async def value(self, statement: str, *args: Any) -> Any:
        """The single value of a statement."""
        async with self.database.system() as conn:
            return await conn.fetchval(statement, *args)

    # -- the people ------------------------------------------------------------------------------------------------

    async def enterprise(self, name: str, *kinds: str, **more: Any) -> uuid.UUID:
        """An enterprise."""
        id_ = name_id(name)
        await self.do(PutEnterprise(enterprise_id=id_, name=name, kinds=list(kinds), currency="EUR", **more))
        return id_

    async def item(self, owner: uuid.UUID, sku: str, stock: int | None = None, **more: Any) -> uuid.UUID:
        """An item of an owner at 2.00 for a kilogram, with stock (thousandths) at the owner's only place."""
        id_ = name_id(sku)
        given = {"stock_unit": "kg", "price_micros": 2_000_000, **more}
        await self.do(PutItem(item_id=id_, owner_id=owner, sku=sku, name=sku, **given))
        if stock is not None:
            place = name_id(f"barn of {owner}")
            await self.do(PutLocation(location_id=place, enterprise_id=owner, name="Barn"))
            await self.do(AdjustStock(item_id=id_, location_id=place, quantity=stock, type="RECEIPT"))
        return id_

    async def relation(self, hub: uuid.UUID, producer: uuid.UUID, **terms: Any) -> None:
        """The producer supplies the hub."""
        await self.do(PutRelation(hub_id=hub, producer_id=producer, **terms))

    async def session(
        self, name: str, hubs: list[uuid.UUID], items: list[uuid.UUID], **times: Any
    ) -> uuid.UUID:
        """An open session of hubs with what it lists; closes in four days and is amended for two hours."""
        id_ = name_id(name)
        closes = times.get("closes_at", self.now + dt.timedelta(days=4))
        await self.do(
            PutSession(
                session_id=id_,
                coordinator_id=hubs[0],
                name=name,
                opens_at=self.now,
                closes_at=closes,
                amend_until=times.get("amend_until", closes + dt.timedelta(hours=2)),
                hub_ids=hubs,
                listings=[Listing(item_id=item) for item in items],
            )  # fmt: skip  # noqa: RUF028
        )
        return id_
