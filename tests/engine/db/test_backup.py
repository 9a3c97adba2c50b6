"""To a file and back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coster.engine.db import backup, connect, faults, migrate
from coster.engine.db.connect import Database

pytestmark = pytest.mark.database

_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
async def source(databases: Any, database: Database) -> dict[str, Any]:
    """How to connect to a migrated database with two organisations."""
    async with database.system() as conn:
        await conn.execute("INSERT INTO org VALUES (1, 'Hub A', $1), (2, 'Hub B', $1)", _AT)
        name = await conn.fetchval("SELECT current_database()")
    options: dict[str, Any] = databases.server.connect_options(name)
    return options


@pytest.fixture
async def empty(databases: Any) -> AsyncIterator[dict[str, Any]]:
    """How to connect to a database without any table."""
    name = await databases.create()
    yield databases.server.connect_options(name)
    await databases.drop(name)


def _url(options: dict[str, Any]) -> str:
    return f"postgresql://{options['user']}:se%40cret@/{options['database']}?host={options['host']}&port={options['port']}"


@pytest.mark.parametrize("by_url", [False, True])
async def test_what_was_backed_up_comes_back(
    source: dict[str, Any], empty: dict[str, Any], tmp_path: Path, *, by_url: bool, pg_bin: Path | None
) -> None:
    """Rows, version and row-level security; by connect options and by URL."""
    first, second = (_url(source), _url(empty)) if by_url else (source, empty)
    file = await backup.backup(first, tmp_path / "a.dump", bin_dir=pg_bin)
    assert file.stat().st_mode & 0o777 == 0o600
    await backup.restore(second, file, bin_dir=pg_bin)
    restored = await Database.open(empty, min_size=1, max_size=1)
    try:
        async with restored.system() as conn:
            await migrate.check(conn)
            assert await conn.fetchval("SELECT count(*) FROM org") == 2
        async with restored.read(2) as conn:
            assert [row["name"] for row in await conn.fetch("SELECT name FROM org")] == ["Hub B"]
    finally:
        await restored.close()


async def test_the_restored_schema_is_the_same(
    source: dict[str, Any], empty: dict[str, Any], tmp_path: Path, pg_bin: Path | None
) -> None:
    """Every column, constraint, index, policy and grant."""
    await backup.restore(
        empty, await backup.backup(source, tmp_path / "a.dump", bin_dir=pg_bin), bin_dir=pg_bin
    )
    catalogs = []
    for options in (source, empty):
        conn = await connect.connect(options)
        catalogs.append(await migrate.catalog(conn))
        await conn.close()
    assert catalogs[0] == catalogs[1]


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_a_backup_never_overwrites(source: dict[str, Any], tmp_path: Path, pg_bin: Path | None) -> None:
    """The file that is there stays as it is, and no part of another is left."""
    file = tmp_path / "a.dump"
    file.write_text("precious")
    with pytest.raises(FileExistsError, match="a backup never overwrites"):
        await backup.backup(source, file, bin_dir=pg_bin)
    assert _contents(tmp_path) == {"a.dump": b"precious"}


async def test_a_backup_that_fails_leaves_no_file(
    source: dict[str, Any], tmp_path: Path, pg_bin: Path | None
) -> None:
    """And says what pg_dump said."""
    with pytest.raises(faults.ToolFailed, match="does not exist"):
        await backup.backup({**source, "database": "nowhere"}, tmp_path / "a.dump", bin_dir=pg_bin)
    assert _contents(tmp_path) == {}


async def test_a_restore_never_overwrites(
    source: dict[str, Any], tmp_path: Path, database: Database, pg_bin: Path | None
) -> None:
    """A database that has anything in it is refused and stays as it is."""
    file = await backup.backup(source, tmp_path / "a.dump", bin_dir=pg_bin)
    async with database.system() as conn:
        await conn.execute("DELETE FROM org WHERE org_id = 1")
    with pytest.raises(faults.ToolFailed, match="the database is not empty"):
        await backup.restore(source, file, bin_dir=pg_bin)
    async with database.system() as conn:
        assert await conn.fetchval("SELECT count(*) FROM org") == 1


async def test_a_broken_file_leaves_the_database_empty(
    empty: dict[str, Any], source: dict[str, Any], tmp_path: Path, pg_bin: Path | None
) -> None:
    """Cut in the middle; the restore is one transaction."""
    file = await backup.backup(source, tmp_path / "a.dump", bin_dir=pg_bin)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(faults.ToolFailed, match="pg_restore failed"):
        await backup.restore(empty, file, bin_dir=pg_bin)
    conn = await connect.connect(empty)
    assert await conn.fetchval("SELECT to_regnamespace('coster')") is None
    await conn.close()


def test_psql_reaches_the_database(source: dict[str, Any], pg_bin: Path | None) -> None:
    """At this process's terminal, with its exit code; a password in a URL is not shown to `ps`."""
    script = (
        "import sys; from pathlib import Path\nfrom coster.engine.db import backup\n"
        f"bin_dir = {str(pg_bin) if pg_bin else None!r}\n"
        f"sys.exit(backup.psql({_url(source)!r}, ['-Atc', sys.argv[1]], bin_dir=bin_dir and Path(bin_dir)))\n"
    )
    command = [sys.executable, "-c", script, "SELECT count(*) FROM coster.org"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"
    assert "se@cret" not in str(backup._address(_url(source))[0])  # noqa: SLF001 - what `ps` would show
    assert backup._address(_url(source))[1] == {"PGPASSWORD": "se@cret"}  # noqa: SLF001 - what it would find there instead
