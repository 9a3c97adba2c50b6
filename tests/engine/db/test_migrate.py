"""The way from version to version, and what is said about a database that is not where it should be."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from coster.engine.db import connect, faults, migrate

pytestmark = pytest.mark.database


@pytest.fixture
async def empty(databases: Any) -> AsyncIterator[dict[str, Any]]:
    """How to connect to a database without any table."""
    name = await databases.create()
    yield databases.server.connect_options(name)
    await databases.drop(name)


@pytest.fixture
async def conn(empty: dict[str, Any]) -> AsyncIterator[connect.Connection]:
    """A connection to the empty database."""
    made = await connect.connect(empty)
    yield made
    await made.close()


def _add_version(folder: Path, number: int, statements: str, *, how: str = "run") -> None:
    folder.joinpath(f"{number:04}_next.sql").write_text(statements)
    folder.joinpath(f"v{number:04}_next.py").write_text(
        "from coster.engine.db import migrations\n"
        f"revision = '{number:04}'\ndown_revision = '{number - 1:04}'\n"
        f"def upgrade():\n    migrations.{how}(__file__)\n"
    )


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of migrations to add to, instead of the program's own: it has the first version only."""
    source = Path(migrate.__file__).with_name("migrations")
    for name in ("v0001_initial.py", "0001_initial.sql"):
        shutil.copy(source / name, tmp_path)
    monkeypatch.setattr(migrate, "_MIGRATIONS", tmp_path)
    return tmp_path


async def test_migrations_make_what_the_schema_files_say(
    databases: Any, empty: dict[str, Any], conn: connect.Connection
) -> None:
    """Column by column, policy by policy."""
    await migrate.upgrade(empty)
    name = await databases.create()
    await migrate.build(databases.server.connect_options(name))
    other = await connect.connect(databases.server.connect_options(name))
    try:
        expected = await migrate.catalog(other)
    finally:
        await other.close()
        await databases.drop(name)
    difference = sorted(set(await migrate.catalog(conn)) ^ set(expected))
    assert not difference, (
        "a schema.sql was changed: add a version, or before the first release run"
        f" `python -m coster.engine.db.migrate freeze`. The difference: {difference}"
    )
    assert len(expected) > 20


async def test_an_upgrade_runs_once(empty: dict[str, Any], conn: connect.Connection) -> None:
    """The second finds nothing to do."""
    assert await migrate.upgrade(empty) == ["0001"]
    assert await migrate.upgrade(empty) == []
    await migrate.check(conn)


async def test_processes_that_start_together_migrate_once(empty: dict[str, Any]) -> None:
    """One does it, the others wait and find it done."""
    done = await asyncio.gather(*(migrate.upgrade(empty) for _ in range(5)))
    assert sorted(done) == [[], [], [], [], ["0001"]]


async def test_a_new_database_says_so(conn: connect.Connection) -> None:
    """And how to fill it."""
    with pytest.raises(faults.DatabaseNotInitialised, match="run `coster db migrate`"):
        await migrate.check(conn)


async def test_a_newer_database_is_refused(empty: dict[str, Any], conn: connect.Connection) -> None:
    """By the check and by the upgrade, which changes nothing."""
    await migrate.upgrade(empty)
    await conn.execute("UPDATE coster.alembic_version SET version_num = '0099'")
    for attempt in (migrate.check(conn), migrate.upgrade(empty)):
        with pytest.raises(faults.DatabaseTooNew, match=r"version 0099.*its newest is \d{4}"):
            await attempt
    assert await conn.fetchval("SELECT version_num FROM coster.alembic_version") == "0099"


async def test_tables_without_a_version_are_refused(empty: dict[str, Any], conn: connect.Connection) -> None:
    """As a restore that broke off leaves them."""
    await migrate.upgrade(empty)
    await conn.execute("DELETE FROM coster.alembic_version")
    for attempt in (migrate.check(conn), migrate.upgrade(empty)):
        with pytest.raises(faults.DatabaseHalfMigrated, match=r"has \d+ tables but no version"):
            await attempt


async def test_two_versions_at_once_are_refused(empty: dict[str, Any], conn: connect.Connection) -> None:
    """There is only one way."""
    await migrate.upgrade(empty)
    await conn.execute("INSERT INTO coster.alembic_version VALUES ('0002')")
    with pytest.raises(faults.DatabaseHalfMigrated, match="0001, 0002 at once"):
        await migrate.check(conn)


async def test_an_unusable_index_is_told(empty: dict[str, Any], conn: connect.Connection) -> None:
    """What a CREATE INDEX CONCURRENTLY leaves that could not finish."""
    await migrate.upgrade(empty)
    await conn.execute("INSERT INTO coster.org VALUES (1, 'x', now()), (2, 'x', now())")
    with pytest.raises(asyncpg.UniqueViolationError):
        await conn.execute("CREATE UNIQUE INDEX CONCURRENTLY org_name ON coster.org (name)")
    with pytest.raises(faults.DatabaseHalfMigrated, match="org_name"):
        await migrate.check(conn)


async def test_the_next_version_is_added(
    versions: Path, empty: dict[str, Any], conn: connect.Connection
) -> None:
    """A database at 0001 is behind until it has been upgraded; what looks like a parameter is none."""
    await migrate.upgrade(empty)
    _add_version(versions, 2, "ALTER TABLE coster.org ADD COLUMN note text DEFAULT '%s :x'; SELECT 1")
    with pytest.raises(faults.DatabaseHalfMigrated, match="is at version 0001 and this program needs 0002"):
        await migrate.check(conn)
    assert await migrate.upgrade(empty) == ["0002"]
    await migrate.check(conn)
    await conn.execute("INSERT INTO coster.org (org_id, name, created_at) VALUES (1, 'a', now())")
    assert await conn.fetchval("SELECT note FROM coster.org") == "%s :x"


async def test_a_version_that_fails_leaves_the_one_before(
    versions: Path, empty: dict[str, Any], conn: connect.Connection
) -> None:
    """Each version is one transaction: 0002 stays, 0003 leaves nothing."""
    _add_version(versions, 2, "ALTER TABLE coster.org ADD COLUMN a int")
    _add_version(versions, 3, "ALTER TABLE coster.org ADD COLUMN b int; SELECT 1/0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate.upgrade(empty)
    assert await conn.fetchval("SELECT version_num FROM coster.alembic_version") == "0002"
    columns = await conn.fetch("SELECT attname FROM pg_attribute WHERE attrelid = 'coster.org'::regclass")
    assert {"a", "b"} & {row["attname"] for row in columns} == {"a"}


async def test_an_index_can_be_made_while_others_write(
    versions: Path, empty: dict[str, Any], conn: connect.Connection
) -> None:
    """CREATE INDEX CONCURRENTLY runs outside a transaction."""
    statement = "CREATE INDEX CONCURRENTLY org_by_name ON coster.org (org_id, name)"
    _add_version(versions, 2, statement, how="run_alone")
    assert await migrate.upgrade(empty) == ["0001", "0002"]
    assert await conn.fetchval(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'coster.org_by_name'::regclass"
    )


async def test_an_owner_who_is_no_superuser_can_migrate(databases: Any, empty: dict[str, Any]) -> None:
    """A database of one's own at a hosting company: CREATEROLE or a role made beforehand is enough."""
    admin = await connect.connect(empty)
    try:
        await admin.execute("DROP ROLE IF EXISTS landlord; CREATE ROLE landlord LOGIN CREATEROLE")
        await admin.execute("GRANT coster_app TO landlord WITH ADMIN OPTION")
        await admin.execute(f"GRANT CREATE ON DATABASE {empty['database']} TO landlord")
    finally:
        await admin.close()
    theirs = {**empty, "user": "landlord"}
    assert await migrate.upgrade(theirs) == ["0001"]
    opened = await connect.Database.open(theirs, min_size=1, max_size=1)
    try:
        async with opened.system() as conn:
            await conn.execute("INSERT INTO org VALUES (1, 'a', now()), (2, 'b', now())")
        async with opened.read(2) as conn:
            assert [row["name"] for row in await conn.fetch("SELECT name FROM org")] == ["b"]
    finally:
        await opened.close()
