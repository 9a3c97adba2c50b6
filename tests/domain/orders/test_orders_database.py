"""The database's own guard over orders and stock: what no rule should let happen is refused there as well."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from coster.domain.identity import handlers as identity
from coster.domain.identity import store as identity_store
from coster.domain.inventory import store as stock_store
from coster.domain.orders import store
from coster.domain.orders.model import LineRequest, Order, OrderTimer, OrderWrites, PlaceOrder
from coster.engine.batch.run import Result, Runner
from coster.engine.db.ask import answer
from coster.engine.db.connect import Connection, Database
from coster.kernel.outcome import Accepted
from tests.domain.orders.worlds import Memory
from tests.handlers import registry
from tests.refusals import or_of_a_cluster
from tests.town import Town, name_id

pytestmark = pytest.mark.database
KILO = 1000
TABLES = ("orders", "order_line", "order_comment", "held_order", "position", "hold", "pool_line", "person", "customer",
          "api_key")  # fmt: skip
APPENDED = ("ledger", "event")


async def shop(town: Town, kilos: int = 10) -> tuple[uuid.UUID, uuid.UUID]:
    """A shop with jam of its own: shop and item."""
    hub = await town.enterprise("Hub", "hub")
    return hub, await town.item(hub, "jam", kilos * KILO)


def jam(who: str, hub: uuid.UUID, item: uuid.UUID, amount: int = KILO, **more: Any) -> PlaceOrder:
    """Somebody's order of jam."""
    given = {
        "order_id": name_id(f"order of {who}"),
        "reference": who,
        "channel": "shop",
        "completed": True,
        **more,
    }
    return PlaceOrder(seller_id=hub, lines=[LineRequest(item_id=item, quantity=amount)], **given)


async def stored(town: Town, who: str) -> Order:
    """The head of somebody's order as the store loads it."""
    async with town.database.write(town.org_id) as conn:
        [order] = (await store.lock_orders(conn, town.org_id, [name_id(f"order of {who}")])).values()
    return order


def writes(*orders: Order) -> OrderWrites:
    """New heads and nothing else."""
    nothing = Memory().decide(
        PlaceOrder(order_id=uuid.uuid4(), seller_id=uuid.uuid4(), channel="", reference="", lines=[])
    )
    return msgspec.structs.replace(nothing.writes, new=list(orders))


async def test_one_reference_of_a_channel_is_stored_once(town: Town) -> None:
    """Whatever a rule believes: the second row is refused, and neither batch's rows are half there."""
    hub, item = await shop(town)
    await town.do(jam("Ali", hub, item))
    again = msgspec.structs.replace(await stored(town, "Ali"), id=name_id("another"))
    with pytest.raises(asyncpg.UniqueViolationError):
        async with town.database.write(town.org_id) as conn:
            await store.write(conn, town.org_id, writes(again))
    elsewhere = msgspec.structs.replace(
        again, channel="app", gross=0, line_discount=0, order_discount=0, total=0
    )
    async with town.database.write(town.org_id) as conn:
        await store.write(conn, town.org_id, writes(elsewhere))
        asked = store.taken_asked(town.org_id, [("shop", "Ali"), ("app", "Ali"), ("app", "Paul")])
        found = await answer(conn, town.org_id, asked)
    assert {key: one.order_id for key, one in found.items()} == {
        ("shop", "Ali"): name_id("order of Ali"), ("app", "Ali"): name_id("another"),
    }  # fmt: skip


async def test_two_servers_that_take_one_reference_at_once_take_it_once(town: Town) -> None:
    """Both see it free; the loser's batch is run again and finds it taken."""
    hub, item = await shop(town)
    runners = [Runner(town.database, identity.authorise) for _ in range(4)]
    bodies = [jam("Ali", hub, item, order_id=name_id(f"try {n}")) for n in range(4)]
    commands = [town.command(body) for body in bodies]
    tried = [
        runner.run(registry().of(one.body), [one]) for runner, one in zip(runners, commands, strict=True)
    ]
    outcomes = [result.outcome for [result] in await asyncio.gather(*tried)]  # type: ignore[union-attr]
    codes = sorted(getattr(outcome, "code", "ok") for outcome in outcomes)
    assert codes == ["duplicate_reference"] * 3 + ["ok"]
    assert await town.value("SELECT held FROM position") == KILO


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("held = on_hand + 1", asyncpg.CheckViolationError),
        ("committed = on_hand - held + 1", asyncpg.CheckViolationError),
        ("on_hand = held - 1", asyncpg.CheckViolationError),
        ("on_hand = -1, held = 0", asyncpg.CheckViolationError),
        ("held = -1", asyncpg.CheckViolationError),
        ("org_id = 2", or_of_a_cluster(asyncpg.ForeignKeyViolationError)),
    ],
)
async def test_no_hand_can_oversell(
    town: Town, change: str, refused: type[Exception] | tuple[type[Exception], ...]
) -> None:
    """Not even the owner of the tables, writing by hand."""
    hub, item = await shop(town)
    await town.do(jam("Ali", hub, item, 4 * KILO))
    with pytest.raises(refused):
        async with town.database.system() as conn:
            await conn.execute(f"UPDATE position SET {change}")
    assert [tuple(row.values()) for row in await town.rows("SELECT on_hand, held FROM position")] == [
        (10_000, 4000)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders SET total = total - 1",
        "UPDATE orders SET gross = 0, total = -1, order_discount = 1",
        "UPDATE orders SET payment = 'perhaps'",
        "UPDATE order_line SET total = total + 1",
        "UPDATE order_line SET quantity = -1",
        "UPDATE order_line SET stock = 'somewhere'",
        "UPDATE hold SET quantity = 0",
        "UPDATE hold SET state = 'gone'",
        "UPDATE ledger SET type = 'MAGIC'",
    ],
)
async def test_no_hand_can_store_what_contradicts_itself(town: Town, statement: str) -> None:
    """Totals that are no sums, negative amounts, words that nobody knows."""
    hub, item = await shop(town)
    await town.do(jam("Ali", hub, item))
    with pytest.raises(asyncpg.CheckViolationError):
        async with town.database.system() as conn:
            await conn.execute(statement)


async def test_a_position_that_has_moved_since_it_was_locked_is_not_overwritten(town: Town) -> None:
    """The write is conditional on the ledger's number; the database refuses, and nothing of the batch is stored."""
    hub, item = await shop(town)
    await town.do(jam("Ali", hub, item))
    async with town.database.write(town.org_id) as conn:
        places = await stock_store.lock_places(conn, town.org_id, [item])
    stale = msgspec.structs.replace(places.positions[0], held=0, seq=99)
    late = msgspec.structs.replace(writes().stock, positions=[stale], seen=[places.positions[0].seq - 1])
    with pytest.raises(asyncpg.NotNullViolationError, match='"seq"'):
        async with town.database.write(town.org_id) as conn:
            await stock_store.write(conn, town.org_id, late)
    assert await town.value("SELECT held FROM position") == KILO


class Counted:
    """A database that notes what its writing transactions wait for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.waited: list[str] = []

    @contextlib.asynccontextmanager
    async def write(self, org_id: int, *, rollback: bool = False) -> AsyncIterator[Connection]:
        """As the database's, listened to while it lasts."""

        def hear(record: Any) -> None:
            self.waited.append(record.query)

        async with self._database.write(org_id, rollback=rollback) as conn:
            conn.add_query_logger(hear)
            yield conn
        async with self._database.write(org_id) as conn:
            conn.remove_query_logger(hear)


async def test_an_order_takes_three_round_trips(town: Town) -> None:
    """What it asks, what it locks, and what it stores with the commit (ADR 0024); a repeat takes two, as nothing is stored."""
    hub, item = await shop(town)
    counted = Counted(town.database)
    runner = Runner(counted, identity.authorise)  # type: ignore[arg-type]  # it only writes
    command = town.command(jam("Ali", hub, item))
    for trips in (3, 2):
        counted.waited.clear()
        [result] = await runner.run(town.registry.of(command.body), [command])
        assert isinstance(result, Result)
        assert isinstance(result.outcome, Accepted)
        assert len(counted.waited) == trips, counted.waited


async def test_orders_are_loaded_as_they_were_decided(town: Town) -> None:
    """Every column of head and lines comes back as it went in."""
    hub, item = await shop(town)
    [result] = await town.batch(jam("Ali", hub, item, 2500, completed=False))
    order = await stored(town, "Ali")
    async with town.database.read(town.org_id) as conn:
        lines = await store.lines_of(conn, town.org_id, [order.id, name_id("nobody")])
    assert isinstance(result.outcome, Accepted)
    assert (order.seller_id, order.status, order.total, order.version) == (hub, "created", 500, 1)
    assert order.expires_at == town.now + dt.timedelta(minutes=30)
    [line] = lines[order.id]
    assert (line.item_id, line.quantity, line.price_micros, line.total, line.stock) == (
        item,
        2500,
        2_000_000,
        500,
        "held",
    )
    assert lines[name_id("nobody")] == []


# -- one organisation and another --------------------------------------------------------------------------------------


@pytest.fixture
async def other(database: Database, town: Town) -> Town:
    """A second organisation in the same database with an order of its own."""
    made = Town(database, registry(), org_id=2)
    async with database.write(2) as conn:
        await identity_store.create_org(conn, 2, "Other", made.now)
    hub, item = await shop(made)
    await made.do(jam("Ali", hub, item))
    return made


@pytest.mark.parametrize("table", TABLES)
async def test_nothing_of_another_organisation_is_read_written_or_deleted(
    town: Town, other: Town, table: str
) -> None:
    """Even by a statement that forgets to ask for one: row-level security stands under every table."""
    async with town.database.system() as conn:
        before = await conn.fetch(f"SELECT * FROM {table} WHERE org_id = 2")
    async with town.database.write(1) as conn:
        assert await conn.fetch(f"SELECT * FROM {table} WHERE org_id = 2") == []
        touched = [await conn.execute(f"UPDATE {table} SET org_id = org_id WHERE org_id = 2"),
                   await conn.execute(f"DELETE FROM {table} WHERE org_id = 2")]  # fmt: skip
    assert touched == ["UPDATE 0", "DELETE 0"]
    async with town.database.system() as conn:
        assert await conn.fetch(f"SELECT * FROM {table} WHERE org_id = 2") == before
    if table in {"orders", "order_line", "position", "hold"}:
        assert before, table


@pytest.mark.parametrize("table", APPENDED)
async def test_history_is_not_rewritten_by_anybody(town: Town, other: Town, table: str) -> None:
    """Neither another organisation's nor one's own: rows are added and read, and nothing else."""
    async with town.database.write(2) as conn:
        assert await conn.fetch(f"SELECT * FROM {table}")
    async with town.database.write(1) as conn:
        assert await conn.fetch(f"SELECT * FROM {table} WHERE org_id = 2") == []
    for statement in (f"UPDATE {table} SET org_id = org_id", f"DELETE FROM {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with town.database.write(2) as conn:
                await conn.execute(statement)


async def test_no_row_can_be_put_into_another_organisation(town: Town, other: Town) -> None:
    """Neither new nor moved there."""
    hub, item = await shop(town)
    await town.do(jam("Paul", hub, item))
    comment = "INSERT INTO order_comment SELECT 2, id, id, placed_at, id, 'x' FROM orders"
    for statement in (comment, "UPDATE orders SET org_id = 2"):
        with pytest.raises(or_of_a_cluster(asyncpg.InsufficientPrivilegeError)):
            async with town.database.write(1) as conn:
                await conn.execute(statement)


async def test_the_same_ids_and_references_are_two_orders_in_two_organisations(
    town: Town, other: Town
) -> None:
    """Each organisation has its own; neither is in the other's way."""
    hub, item = await shop(town)
    await town.do(jam("Ali", hub, item, 2 * KILO))
    counted = await town.rows(
        "SELECT org_id, count(*) AS n, sum(total) AS t FROM orders GROUP BY org_id ORDER BY org_id"
    )
    assert [(row["org_id"], row["n"], int(row["t"])) for row in counted] == [(1, 1, 400), (2, 1, 200)]


async def test_a_timer_fires_only_at_the_time_that_stands_when_its_order_is_locked(town: Town) -> None:
    """Somebody has set it to another time since it was read: what comes of the earlier one is nothing."""
    hub, item = await shop(town)
    await town.do(jam("Ali", hub, item, completed=False))
    async with town.database.system() as conn:
        [row] = await conn.fetch("SELECT id, due_at, body FROM timer WHERE org_id = $1", town.org_id)
        later = row["due_at"] + dt.timedelta(minutes=5)
        await conn.execute("UPDATE timer SET due_at = $2 WHERE id = $1", row["id"], later)
    # What is set when an order is placed does not say again when it is due.
    body = msgspec.structs.replace(msgspec.convert(row["body"], OrderTimer), due=row["due_at"])
    town.now = later
    assert (await town.do(body))["changed"] is False
    assert (await stored(town, "Ali")).status == "created"
