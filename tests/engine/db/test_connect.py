"""Transactions of one organisation, and what row-level security lets through."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import pytest

from coster.engine.db import connect, faults
from coster.engine.db.connect import Connection, Database
from coster.kernel import errors
from tests.conftest import Databases

pytestmark = pytest.mark.database

_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
_ADD = "INSERT INTO org AS o (org_id, name, created_at) VALUES ($1, $2, $3) RETURNING o.org_id"


async def _add(conn: Connection, org_id: int, name: str = "Hub") -> Any:
    return await conn.fetchval(_ADD, org_id, name, _AT)


async def _all(database: Database) -> list[int]:
    async with database.system() as conn:
        return [row["org_id"] for row in await conn.fetch("SELECT org_id FROM org ORDER BY org_id")]


async def test_a_write_is_committed(database: Database) -> None:
    """At the end of the block."""
    async with database.write(1) as conn:
        await _add(conn, 1)
    assert await _all(database) == [1]


async def test_an_exception_rolls_back(database: Database) -> None:
    """And is passed on."""

    async def fail() -> None:
        async with database.write(1) as conn:
            await _add(conn, 1)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await _all(database) == []


async def test_an_error_of_the_database_rolls_back_and_the_connection_goes_on(database: Database) -> None:
    """The next block on the same connection works."""

    async def add_twice() -> None:
        async with database.write(1) as conn:
            await _add(conn, 1)
            await _add(conn, 1)

    with pytest.raises(asyncpg.UniqueViolationError):
        await add_twice()
    async with database.write(1) as conn:
        await _add(conn, 1)
    assert await _all(database) == [1]


async def test_a_dry_run_leaves_nothing(database: Database) -> None:
    """Within the block its own rows are seen."""
    async with database.write(1, rollback=True) as conn:
        await _add(conn, 1)
        assert await conn.fetchval("SELECT count(*) FROM org") == 1
    assert await _all(database) == []


async def test_a_read_cannot_write(database: Database) -> None:
    """PostgreSQL itself refuses."""
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with database.read(1) as conn:
            await _add(conn, 1)


async def test_an_organisation_sees_its_own_rows_only(database: Database) -> None:
    """Without any WHERE."""
    async with database.system() as conn:
        await _add(conn, 1)
        await _add(conn, 2)
    for org_id in (1, 2):
        async with database.read(org_id) as conn:
            assert [row["org_id"] for row in await conn.fetch("SELECT org_id FROM org")] == [org_id]


async def test_an_organisation_cannot_touch_rows_of_another(database: Database) -> None:
    """Neither change, nor remove, nor make."""
    async with database.system() as conn:
        await _add(conn, 2, "Other")
    async with database.write(1) as conn:
        assert await conn.execute("UPDATE org SET name = 'mine'") == "UPDATE 0"
        assert await conn.execute("DELETE FROM org") == "DELETE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.write(1) as conn:
            await _add(conn, 3)
    assert await _all(database) == [2]


async def test_without_an_organisation_there_are_no_rows(database: Database) -> None:
    """Also after a transaction that had one, when the setting is the empty string and no longer null."""
    async with database.system() as conn:
        await _add(conn, 1)
        async with conn.transaction():
            await conn.execute("SET LOCAL ROLE coster_app")
            assert await conn.fetchval("SELECT count(*) FROM org") == 0
        async with conn.transaction():
            await conn.execute("SET LOCAL coster.org_id = '1'")
        async with conn.transaction():
            await conn.execute("SET LOCAL ROLE coster_app")
            assert await conn.fetchval("SELECT current_setting('coster.org_id')") == ""
            assert await conn.fetchval("SELECT count(*) FROM org") == 0


async def test_the_setting_ends_with_the_transaction(database: Database) -> None:
    """The next transaction on the same connection has its own."""
    seen = []
    for org_id in (7, 8):
        async with database.read(org_id) as conn:
            pid = await conn.fetchval("SELECT pg_backend_pid()")
            seen.append((pid, await conn.fetchval("SELECT current_setting('coster.org_id')")))
    assert seen == [(seen[0][0], "7"), (seen[0][0], "8")]


async def test_the_app_pool_is_not_the_owner(database: Database) -> None:
    """It cannot change tables, and may not make roles."""
    async with database.read(1) as conn:
        assert await conn.fetchval("SELECT current_user") == "coster_app"
    for statement in ("DROP TABLE org", "ALTER TABLE org DISABLE ROW LEVEL SECURITY", "CREATE ROLE x"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.write(1) as conn:
                await conn.execute(statement)


async def test_every_table_is_secured(database: Database) -> None:
    """Each has org_id and row-level security; alembic's own table alone is closed to the app instead."""
    async with database.system() as conn:
        rows = await conn.fetch(
            "SELECT c.relname, c.relrowsecurity, has_table_privilege('coster_app', c.oid, 'SELECT') AS readable,"
            " EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org_id') AS has_org"
            " FROM pg_class c WHERE c.relnamespace = 'coster'::regnamespace AND c.relkind IN ('r', 'p')"
        )
    open_tables = {row["relname"] for row in rows if not (row["relrowsecurity"] and row["has_org"])}
    assert open_tables <= {"alembic_version"}
    assert not any(row["readable"] for row in rows if row["relname"] == "alembic_version")


@pytest.mark.parametrize("org_id", ["1", True, 1.0, None])
async def test_an_organisation_is_an_int(database: Database, org_id: Any) -> None:
    """It becomes a literal, so nothing else is let through."""
    with pytest.raises(TypeError, match="org_id is an int"):
        async with database.write(org_id):
            pass


@pytest.mark.parametrize("value", [{"a": [1, None, "ü"]}, [], "text", 7, None, {"n": 2**60}])
async def test_jsonb_is_python(module_database: Database, value: Any) -> None:
    """Both ways, alone and in arrays; None inside jsonb is JSON null."""
    async with module_database.read(1) as conn:
        if value is not None:
            assert await conn.fetchval("SELECT $1::jsonb", value) == value
            assert await conn.fetchval("SELECT $1::json", value) == value
        values = [msgspec.Raw(msgspec.json.encode(value)), {"b": 1}]
        assert await conn.fetchval("SELECT $1::jsonb[]", values) == [value, {"b": 1}]


async def test_jsonb_takes_what_msgspec_takes(module_database: Database) -> None:
    """Identifiers and instants as strings."""
    value = {"id": uuid.UUID(int=5), "at": _AT}
    async with module_database.read(1) as conn:
        got = await conn.fetchval("SELECT $1::jsonb", value)
    assert got == {"id": str(uuid.UUID(int=5)), "at": "2026-11-21T12:00:00Z"}


async def test_a_full_pool_says_so(databases: Databases, database: Database) -> None:
    """After the time that it was given."""
    async with database.system() as conn:
        name = await conn.fetchval("SELECT current_database()")
    small = await Database.open(
        databases.server.connect_options(name), min_size=1, max_size=1, acquire_timeout=0.05
    )
    try:
        async with small.read(1):
            with pytest.raises(faults.DatabaseBusy, match=r"no connection .* became free in 0.05 seconds"):
                async with small.read(1):
                    pass
        async with small.read(1) as conn:
            assert await conn.fetchval("SELECT 1") == 1
    finally:
        await small.close()


async def test_nobody_there_says_so(databases: Databases) -> None:
    """A closed port, and a socket that is not there."""
    for target in (
        "postgresql://coster@127.0.0.1:1/coster",
        {**databases.server.connect_options("postgres"), "port": 1},
    ):
        with pytest.raises(faults.DatabaseAway, match="does not answer"):
            await Database.open(target)


async def test_a_closed_database_says_so(databases: Databases, database: Database) -> None:
    """Work that comes after closing is refused by name."""
    async with database.system() as conn:
        name = await conn.fetchval("SELECT current_database()")
    other = await Database.open(databases.server.connect_options(name), min_size=1, max_size=1)
    await other.close()
    with pytest.raises(errors.Stopped):
        async with other.read(1):
            pass


async def test_a_url_works_as_well(databases: Databases, database: Database) -> None:
    """Here one that names the socket."""
    async with database.system() as conn:
        name = await conn.fetchval("SELECT current_database()")
    options = databases.server.connect_options(name)
    url = f"postgresql://{options['user']}@/{name}?host={options['host']}&port={options['port']}"
    other = await Database.open(url, min_size=1, max_size=1)
    try:
        async with other.write(1) as conn:
            await _add(conn, 1)
    finally:
        await other.close()
    assert await _all(database) == [1]


async def test_cancelling_a_statement_rolls_back_and_frees_the_connection(database: Database) -> None:
    """The client that went away leaves neither rows nor locks."""

    async def slow() -> None:
        async with database.write(1) as conn:
            await _add(conn, 1)
            await conn.execute("SELECT pg_sleep(30)")

    task = asyncio.create_task(slow())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write(1) as conn:
        await _add(conn, 1)
    assert await _all(database) == [1]


async def test_a_connection_left_in_a_transaction_is_not_used_again(database: Database) -> None:
    """It is closed, and the next caller gets a clean one."""
    async with database._acquired(database._app) as conn:  # noqa: SLF001 - no public way leaves one open
        first = await conn.fetchval("SELECT pg_backend_pid()")
        await conn.execute("BEGIN")
    async with database.write(1) as conn:
        assert await conn.fetchval("SELECT pg_backend_pid()") != first


async def test_a_lost_connection_is_replaced(database: Database) -> None:
    """The block that lost it fails, the next one works."""

    async def lose() -> None:
        async with database.write(1) as conn:
            await _add(conn, 1)
            pid = await conn.fetchval("SELECT pg_backend_pid()")
            async with database.system() as other:
                await other.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
            await conn.fetchval("SELECT 1")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await lose()
    async with database.write(1) as conn:
        await _add(conn, 1)
    assert await _all(database) == [1]


async def test_giving_a_connection_back_costs_no_round_trip(database: Database) -> None:
    """What runs between two blocks on one connection: nothing; a block that asks nothing has no round trip, and another its COMMIT."""
    said: list[str] = []
    async with database.read(1) as conn:
        # A logger on the connection hears every statement, those of the pool included.
        conn.add_query_logger(lambda record: said.append(record.query))
    for _ in range(2):
        async with database.read(1) as conn:
            await conn.fetchval("SELECT 1")
    assert said == ["SELECT 1", "COMMIT"] * 2


async def test_a_set_that_begins_a_transaction_on_a_broken_connection_says_that_the_database_is_away(
    database: Database,
) -> None:
    """As any other first statement does; the next one has a connection again."""

    async def lose() -> None:
        async with database.write(1) as conn:
            async with database.system() as other:
                await other.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            await asyncio.sleep(0.2)
            await conn.keep("SELECT $1::bigint", 1)

    with pytest.raises(faults.DatabaseAway):
        await lose()
    async with database.write(1) as conn:
        await _add(conn, 1)
    assert await _all(database) == [1]


async def test_a_beginning_that_fails_is_told_whatever_comes_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before a statement without values, which the server would pass over without a word."""
    monkeypatch.setattr(
        connect, "_BEGIN_READ", "BEGIN READ ONLY; SET LOCAL coster.org_id = '%d'; SET LOCAL jit = 'x'"
    )
    for ask in (lambda conn: conn.fetchval("SELECT 1"), lambda conn: conn.execute("SELECT 1")):
        with pytest.raises(asyncpg.InvalidParameterValueError):
            async with asyncio.timeout(3), database.read(1) as conn:
                await ask(conn)


async def test_what_is_asked_by_key_is_planned_once(database: Database) -> None:
    """And lists are planned for what is wanted of them; either way nothing can be changed."""
    for by_key, mode in ((False, "force_custom_plan"), (True, "force_generic_plan")):
        async with database.read(1, by_key=by_key) as conn:
            assert await conn.fetchval("SHOW plan_cache_mode") == mode
            assert await conn.fetchval("SHOW transaction_read_only") == "on"
            assert await conn.fetchval("SHOW coster.org_id") == "1"


async def _cut(database: Database, conn: Connection) -> None:
    """Ends the connection from the server's side."""
    pid = await conn.fetchval("SELECT pg_backend_pid()")
    async with database.system() as other:
        await other.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)


async def test_a_connection_that_breaks_while_reading_says_that_the_database_is_away(
    database: Database,
) -> None:
    """Reading once more is always right, so whoever asked hears that he may come again; the next read works."""

    async def broken() -> None:
        async with database.read(1) as conn:
            await _cut(database, conn)
            await conn.fetchval("SELECT 1")

    with pytest.raises(faults.DatabaseAway):
        await broken()
    async with database.read(1) as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_broken_connection_by_the_drivers_other_name_is_a_lost_connection(database: Database) -> None:
    """asyncpg calls some of them internal errors of its own; the batch then runs again like after any other loss."""
    with pytest.raises(asyncpg.InterfaceError, match="the connection to the database broke"):
        async with database.write(1):
            raise asyncpg.InternalClientError("cannot switch to state 12")
    async with database.write(1) as conn:
        assert await conn.fetchval("SELECT 1") == 1


@pytest.mark.parametrize("address", ["nowhere", "mysql://u:secret@h/d", "postgresql://u:pa:ss@h:secret/d"])
async def test_what_is_no_address_is_told_without_its_password(address: str) -> None:
    """Not a fault of the driver, and nothing of what was given."""
    with pytest.raises(faults.AddressUnfit) as told:
        await connect.connect(address)
    assert "secret" not in str(told.value)
    assert "postgresql://user:password@host:5432/database" in str(told.value)
