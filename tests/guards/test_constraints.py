"""Every CHECK and every uniqueness under the batch is needed: without it a wrong rule's result is stored, with it refused.

The same of every reference: without it a row stays that belongs to nothing. The list of guards is the schema's own. A new one without
its breach here is red.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from coster.domain.inventory.model import AdjustStock
from coster.engine.db.connect import Connection, Database
from tests.guards.scene import Scene, broken, scene
from tests.refusals import constraint_of
from tests.town import name_id

TABLES = ("position", "ledger", "hold", "pool_line", "orders", "order_line", "held_order", "session", "command", "event",
          "event_counter")  # fmt: skip

GUARDS = """
SELECT k.conname AS name, c.relname AS table, k.contype::text AS type, pg_get_expr(k.conbin, k.conrelid) AS rule
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'coster' AND k.contype IN ('c', 'p', 'u') AND c.relname = ANY($1)
UNION ALL
SELECT i.relname, c.relname, 'i', NULL
FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS c ON c.oid = x.indrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'coster' AND x.indisunique AND c.relname = ANY($1)
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u'))
"""

# What a wrong rule would have stored, and which promises of `coster verify` are broken by that where the guard is away.
CHECKS: dict[str, tuple[str, set[str]]] = {
    "never_oversold": (
        "UPDATE coster.position SET held = on_hand + 1",
        {"never_oversold", "position_is_sum", "held_is_holds"},
    ),
    "position_on_hand_check": (
        "UPDATE coster.position SET on_hand = -1, unlimited = true",
        {"position_is_sum"},
    ),
    "position_held_check": ("UPDATE coster.position SET held = -1", {"position_is_sum", "held_is_holds"}),
    "position_committed_check": (
        "UPDATE coster.position SET committed = -1",
        {"position_is_sum", "held_is_holds"},
    ),
    "ledger_type_check": ("UPDATE coster.ledger SET type = 'LOST'", set()),
    "hold_quantity_check": (
        "UPDATE coster.hold SET quantity = 0",
        {"held_is_holds", "pool_is_holds", "lines_are_held"},
    ),
    "hold_state_check": ("UPDATE coster.hold SET state = 'lost'", {"held_is_holds", "pool_is_holds"}),
    "hold_policy_check": ("UPDATE coster.hold SET policy = 'for ever'", set()),
    "pool_line_held_check": ("UPDATE coster.pool_line SET held = -1, consumed = 9999", {"pool_is_holds"}),
    "pool_line_committed_check": ("UPDATE coster.pool_line SET committed = -1", {"pool_is_holds"}),
    "pool_line_consumed_check": ("UPDATE coster.pool_line SET consumed = -1", set()),
    "pool_line_surplus_check": ("UPDATE coster.pool_line SET surplus = -1", {"pool_is_holds"}),
    "pool_line_multiple_check": ("UPDATE coster.pool_line SET multiple = -1", set()),
    "pool_line_check": ("UPDATE coster.pool_line SET surplus = held + 1", {"pool_is_holds"}),
    "orders_payment_check": ("UPDATE coster.orders SET payment = 'perhaps'", set()),
    "orders_check": ("UPDATE coster.orders SET total = total + 1", {"total_is_sum"}),
    "orders_check1": ("UPDATE coster.orders SET checkout = 'running', checkout_version = NULL", set()),
    "orders_holds_check": ("UPDATE coster.orders SET holds = 'lost'", set()),
    "order_line_quantity_check": ("UPDATE coster.order_line SET quantity = -1", set()),
    "order_line_stock_quantity_check": (
        "UPDATE coster.order_line SET stock_quantity = -1",
        {"lines_are_held"},
    ),
    "order_line_stock_check": ("UPDATE coster.order_line SET stock = 'lost'", set()),
    "order_line_fulfilment_check": ("UPDATE coster.order_line SET fulfilment = 'lost'", set()),
    "order_line_check": ("UPDATE coster.order_line SET total = total + 1", {"total_is_sum"}),
    "held_order_holds_check": ("UPDATE coster.held_order SET holds = 'lost'", {"head_for_every_pool"}),
    "session_status_check": ("UPDATE coster.session SET status = 'lost'", set()),
    "session_check": ("UPDATE coster.session SET closes_at = opens_at", set()),
}

# The same key twice, and what of it is another row.
KEYS: dict[str, str] = {
    "position_pkey": "lot = 'two'",
    "position_org_id_item_id_location_id_lot_key": "id = gen_random_uuid()",
    "ledger_pkey": "",
    "hold_pkey": "",
    "pool_line_pkey": "",
    "orders_pkey": "reference = 'another'",
    "orders_org_id_channel_reference_key": "id = gen_random_uuid()",
    "order_line_pkey": "",
    "held_order_pkey": "",
    "session_pkey": "",
    "command_pkey": "",
    "event_pkey": "version = x.version + 1000",
    "event_entity": "seq = x.seq + 1000",
    "event_counter_pkey": "",
}


@pytest.fixture(scope="module")
async def town(module_database: Database) -> Scene:
    """A town with an order in it."""
    made = await scene(module_database)
    await made.do(made.basket("Ann", made.carrots))
    place = name_id(f"barn of {name_id('Jean')}")
    await made.do(AdjustStock(item_id=made.carrots, location_id=place, quantity=5000, type="RECEIPT"))
    return made


@pytest.fixture
async def conn(town: Scene) -> AsyncIterator[Connection]:
    """A transaction of the tables' owner, which is never committed."""
    async with town.database.system() as conn:
        transaction = conn.transaction()
        await transaction.start()
        yield conn
        await transaction.rollback()


async def _guards(conn: Connection) -> dict[str, asyncpg.Record]:
    return {row["name"]: row for row in await conn.fetch(GUARDS, TABLES)}


async def test_promises_are_kept_before_anything_is_wrong(town: Scene, conn: Connection) -> None:
    """Stock that came after somebody held some is no gap in the numbers of the position's events."""
    versions = await town.rows("SELECT version FROM coster.event WHERE entity = 'position' AND name = 'stock.changed' AND "
                               "entity_id = (SELECT id FROM coster.position WHERE item_id = $1) ORDER BY seq", town.carrots)  # fmt: skip
    assert [row["version"] for row in versions] == [1, 2]
    assert await broken(conn, town) == set()


async def test_every_guard_of_the_schema_is_tried(conn: Connection) -> None:
    """The schema has no CHECK and no uniqueness under the batch whose need is not shown here, and none is listed that is gone."""
    assert (await _guards(conn)).keys() == CHECKS.keys() | KEYS.keys()


@pytest.mark.parametrize("name", CHECKS)
async def test_without_its_check_a_wrong_row_is_stored(town: Scene, conn: Connection, name: str) -> None:
    """With the CHECK, what the wrong rule stores is refused by its name; without, the row is there and breaks promises."""
    guard, (breach, promises) = (await _guards(conn))[name], CHECKS[name]
    assert await broken(conn, town) == set()
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        async with conn.transaction():
            await conn.execute(breach)
    assert constraint_of(refused.value) == name
    await conn.execute(f"ALTER TABLE coster.{guard['table']} DROP CONSTRAINT {name}")
    await conn.execute(breach)
    assert (
        await conn.fetchval(f"SELECT count(*) FROM coster.{guard['table']} WHERE NOT ({guard['rule']})") > 0
    )
    assert promises <= await broken(conn, town)


@pytest.mark.parametrize("name", KEYS)
async def test_without_its_key_the_same_is_stored_twice(conn: Connection, name: str) -> None:
    """With the key the second row is refused by the key's name; without it both are there."""
    guard = (await _guards(conn))[name]
    table, copy = guard["table"], _copy(guard["table"], KEYS[name], await _columns(conn, guard["table"]))
    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        async with conn.transaction():
            await conn.execute(copy)
    assert constraint_of(refused.value) == name
    rows = await conn.fetchval(f"SELECT count(*) FROM coster.{table}")
    drop = (
        f"DROP INDEX coster.{name}"
        if guard["type"] == "i"
        else f"ALTER TABLE coster.{table} DROP CONSTRAINT {name} CASCADE"
    )
    await conn.execute(drop)
    await conn.execute(copy)
    assert await conn.fetchval(f"SELECT count(*) FROM coster.{table}") == rows + 1


async def _columns(conn: Connection, table: str) -> list[str]:
    rows = await conn.fetch(
        "SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped "
        "ORDER BY a.attnum",
        f"coster.{table}",
    )
    return [row["attname"] for row in rows]


def _copy(table: str, changes: str, columns: list[str]) -> str:
    """One row of the table once more, with these changes."""
    changed = dict(change.split(" = ", 1) for change in changes.split(", ")) if changes else {}
    values = ", ".join(changed.get(column, f"x.{column}") for column in columns)
    return f"INSERT INTO coster.{table} SELECT {values} FROM coster.{table} AS x LIMIT 1"


REFERENCES = """
SELECT k.conname AS name, c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[cardinality(k.conkey)]
WHERE n.nspname = 'coster' AND k.contype = 'f' AND k.conparentid = 0
ORDER BY c.relname, k.conname
"""
# Causes and effects are stored together, and are kept when what they are about is archived.
ALONE = {"ledger", "command", "event"}


async def test_without_its_reference_a_row_belongs_to_nothing(town: Scene, conn: Connection) -> None:
    """Each reference of these tables, alone: with it a row of nobody's is refused by its name, without it the row is stored."""
    everything = await conn.fetch(REFERENCES)
    tried = [row for row in everything if row["table"] in TABLES]
    assert {row["table"] for row in tried} == {*TABLES} - ALONE
    for mine in tried:
        nobody = "gen_random_uuid()" if mine["type"] == "uuid" else "987654"
        breach = f"UPDATE coster.{mine['table']} SET {mine['column']} = {nobody}"
        others = [row for row in everything if row is not mine]
        async with _undone(conn):
            for row in others:
                await conn.execute(f"ALTER TABLE coster.{row['table']} DROP CONSTRAINT {row['name']}")
            with pytest.raises(asyncpg.ForeignKeyViolationError) as refused:
                async with conn.transaction():
                    await conn.execute(breach)
            assert constraint_of(refused.value) == mine["name"]
            await conn.execute(f"ALTER TABLE coster.{mine['table']} DROP CONSTRAINT {mine['name']}")
            assert await conn.execute(breach) != "UPDATE 0"


@contextlib.asynccontextmanager
async def _undone(conn: Connection) -> AsyncIterator[None]:
    inner = conn.transaction()
    await inner.start()
    yield
    await inner.rollback()
