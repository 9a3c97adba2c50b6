"""Sessions through the pipeline on the real database: stored, shared with orders, listed."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import pytest

from coster.domain.catalog import handlers as catalog_handlers
from coster.domain.catalog.model import PutItem
from coster.domain.identity import handlers as identity_handlers
from coster.domain.identity import store as identity_store
from coster.domain.parties import handlers as parties_handlers
from coster.domain.parties.model import PutEnterprise, PutRelation
from coster.domain.sessions import handlers, reads, store
from coster.domain.sessions.model import CloseSession, OpenSession, PutSession, Session
from coster.engine.batch.handler import Registry
from coster.engine.batch.run import Result, Runner
from coster.engine.db.ask import answer
from coster.engine.db.connect import Database
from coster.kernel import ids
from coster.kernel.message import SYSTEM, Command
from tests.domain.sessions import worlds
from tests.domain.sessions.worlds import BREAD, CARROTS, DAY, HUB_A, HUB_B, JEAN, NOON, SESSION

pytestmark = pytest.mark.database

REGISTRY = Registry((*catalog_handlers.HANDLERS, *parties_handlers.HANDLERS, *handlers.HANDLERS))
CLOSES = NOON + 2 * DAY


class World:
    """Hub A with its bread, hub B, and Jean, who supplies hub A with carrots."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.runner = Runner(database, identity_handlers.authorise)
        self._number = 0

    async def do(self, *bodies: Any, at: dt.datetime = NOON - DAY) -> list[Result]:
        """Runs bodies of one kind as one batch and gives their results; whatever failed is raised."""
        commands = []
        for body in bodies:
            self._number += 1
            commands.append(Command(ids.derived("test", self._number), 1, SYSTEM, at, body))
        results = await self.runner.run(REGISTRY.of(bodies[0]), commands)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return results


@pytest.fixture
async def world(database: Database) -> World:
    """An organisation with two hubs, a producer and two items."""
    async with database.write(1) as conn:
        await identity_store.create_org(conn, 1, "Food hubs", NOON - DAY)
    world = World(database)
    await world.do(
        *(
            PutEnterprise(enterprise_id=id_, name=name, kinds=[kind], currency="EUR")
            for id_, name, kind in (
                (HUB_A, "Hub A", "hub"),
                (HUB_B, "Hub B", "hub"),
                (JEAN, "Jean", "producer"),
            )
        )
    )
    await world.do(PutRelation(hub_id=HUB_A, producer_id=JEAN))
    await world.do(
        PutItem(
            item_id=CARROTS, owner_id=JEAN, sku="C", name="Carrots", stock_unit="kg", price_micros=2_000_000
        ),
        PutItem(item_id=BREAD, owner_id=HUB_A, sku="B", name="Bread", price_micros=4_000_000),
    )
    return world


def full_put(**changes: Any) -> PutSession:
    """A session of both hubs, weekly, with carrots at a price of its own and bread at the item's."""
    return worlds.put(
        hub_ids=[HUB_A, HUB_B],
        recurrence=worlds.weekly(),
        listings=[worlds.listing(CARROTS, 1_500_000), worlds.listing(BREAD)],
        **changes,
    )


async def test_a_session_is_stored_whole_and_told_with_its_timers(world: World) -> None:
    """What was put is what is read; event and timers are there."""
    (result,) = await world.do(full_put())
    async with world.database.read(1) as conn:
        view = await reads.get_session(conn, 1, SESSION)
        timers = await conn.fetch("SELECT kind, due_at FROM timer WHERE org_id = 1 ORDER BY due_at")
    assert result.outcome.value["changed"] is True
    assert (view.name, view.status, view.version, view.hub_ids) == ("Week 48", "planned", 1, [HUB_A, HUB_B])
    assert (view.opens_at, view.closes_at, view.amend_until) == (NOON, CLOSES, NOON + 3 * DAY)
    assert view.recurrence == worlds.weekly()
    assert [t["kind"] for t in timers] == ["sessions.open", "sessions.close", "sessions.end"]


async def test_putting_the_stored_session_again_changes_nothing(world: World) -> None:
    """Times, hubs, listings and rule come back from the tables exactly as they went in."""
    await world.do(full_put())
    (again,) = await world.do(full_put())
    assert (again.outcome.value["changed"], again.outcome.value["version"], again.events) == (False, 1, ())


async def test_listings_are_read_with_item_producer_and_price(world: World) -> None:
    """The session's own price where there is one, else the item's."""
    await world.do(full_put())
    async with world.database.read(1) as conn:
        rows = await reads.list_listings(conn, 1, SESSION)
        rest = await reads.list_listings(conn, 1, SESSION, after=rows[0].item_id)
    assert [(r.item_name, r.producer_name, r.price_micros, r.own_price, r.stock_unit) for r in rows] == [
        ("Carrots", "Jean", 1_500_000, True, "kg"),
        ("Bread", "Hub A", 4_000_000, False, "piece"),
    ]
    assert rest == rows[1:]


async def test_hubs_and_listings_are_replaced(world: World) -> None:
    """What is not named any more is gone."""
    await world.do(full_put())
    await world.do(worlds.put(recurrence=worlds.weekly(), listings=[worlds.listing(BREAD, 0)]))
    async with world.database.read(1) as conn:
        view = await reads.get_session(conn, 1, SESSION)
        listed = await answer(conn, 1, store.listings_asked(1, [SESSION], [BREAD, CARROTS]))
    assert view.hub_ids == [HUB_A]
    assert listed == {(SESSION, BREAD): 0}


async def test_closing_stores_the_next_session_with_hubs_and_listings(world: World) -> None:
    """The whole series goes on by itself."""
    await world.do(full_put())
    await world.do(OpenSession(session_id=SESSION), at=NOON)
    (closed,) = await world.do(CloseSession(session_id=SESSION, due=CLOSES), at=CLOSES)
    next_id = closed.events[1].entity_id
    async with world.database.read(1) as conn:
        view = await reads.get_session(conn, 1, next_id)
        listed = await answer(conn, 1, store.listings_asked(1, [next_id], [BREAD, CARROTS]))
    assert (view.status, view.opens_at, view.hub_ids) == ("planned", NOON + 7 * DAY, [HUB_A, HUB_B])
    assert listed == {(next_id, BREAD): None, (next_id, CARROTS): 1_500_000}


async def test_two_processes_that_close_at_once_plan_one_next_session(world: World) -> None:
    """The loser finds the session closed."""
    await world.do(full_put(), at=NOON)
    results = await asyncio.gather(*(world.do(CloseSession(session_id=SESSION), at=CLOSES) for _ in range(4)))
    async with world.database.read(1) as conn:
        sessions = await reads.list_sessions(conn, 1, reads.SessionFilter())
    assert sorted(r.outcome.value["changed"] for (r,) in results) == [False, False, False, True]
    assert [s.status for s in sessions] == ["planned", "closed"]


async def test_filters_of_the_list(world: World) -> None:
    """By hub, by status, by an instant in the window of sale, and page by page."""
    second = uuid.UUID(int=22)
    await world.do(
        worlds.put(),
        worlds.put(session_id=second, coordinator_id=HUB_B, opens_at=NOON + DAY),
        at=NOON + DAY / 2,
    )

    async def found(after: Any = None, limit: int = 9, **wanted: Any) -> list[uuid.UUID]:
        async with world.database.read(1) as conn:
            rows = await reads.list_sessions(conn, 1, reads.SessionFilter(**wanted), after=after, limit=limit)
        return [row.id for row in rows]

    assert await found() == [second, SESSION]
    assert await found(hub_id=HUB_B) == [second]
    assert await found(statuses=["open"]) == [SESSION]
    assert await found(open_at=NOON + DAY / 2) == [SESSION]
    assert await found(open_at=CLOSES) == []
    assert await found(limit=1) == [second]
    assert await found(after=(NOON + DAY, second)) == [SESSION]


async def test_shared_sessions_carry_status_times_and_hubs(world: World) -> None:
    """Unknown ids are missing."""
    await world.do(full_put(), at=NOON)
    async with world.database.write(1) as conn:
        shared = await store.share_sessions(conn, 1, [SESSION, uuid.UUID(int=99)])
    assert list(shared) == [SESSION]
    assert (shared[SESSION].status, shared[SESSION].hubs) == ("open", {HUB_A, HUB_B})
    assert (shared[SESSION].closes_at, shared[SESSION].amend_until) == (CLOSES, NOON + 3 * DAY)


async def test_closing_waits_for_orders_that_share_the_session(world: World) -> None:
    """Two orders share at once; the closing comes after both."""
    await world.do(full_put(), at=NOON)
    async with world.database.write(1) as one, world.database.write(1) as other:
        await store.share_sessions(one, 1, [SESSION])
        await store.share_sessions(other, 1, [SESSION])
        closing = asyncio.create_task(world.do(CloseSession(session_id=SESSION), at=CLOSES))
        await asyncio.sleep(0.2)
        assert not closing.done()
    ((result,),) = (await closing,)
    assert result.outcome.value["status"] == "closed"


async def test_an_order_that_waited_for_a_change_sees_the_new_hubs_too(world: World) -> None:
    """Its snapshot is from before the change, the row from after it; nothing of the two is mixed."""
    await world.do(full_put(), at=NOON)
    async with world.database.write(1) as changing:
        await changing.execute("UPDATE session SET version = 9, name = 'new' WHERE org_id = 1")
        await changing.execute("DELETE FROM session_hub WHERE org_id = 1 AND hub_id = $1", HUB_B)

        async def order() -> dict[uuid.UUID, Session]:
            async with world.database.write(1) as conn:
                return await store.share_sessions(conn, 1, [SESSION])

        waiting = asyncio.create_task(order())
        await asyncio.sleep(0.2)
    assert (await waiting)[SESSION].hubs == {HUB_A}
