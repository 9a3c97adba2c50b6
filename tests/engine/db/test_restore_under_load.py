"""Backups made while orders come in: a dump, a base backup with archived log up to a named point, a dump into a newer version.

What was acknowledged before the backup began is in it, what came later may be, nothing is half there, and every promise holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from coster.domain.orders import reads as orders_reads
from coster.engine.batch import proofs as causes
from coster.engine.db import backup, binaries, connect, datadir, migrate
from coster.engine.db.connect import Database
from coster.engine.db.embedded import EmbeddedServer
from tests.acceptance.market import basket, line
from tests.acceptance.verify import broken
from tests.conftest import Databases
from tests.handlers import registry
from tests.town import Town

pytestmark = pytest.mark.database

_IN_FLIGHT = 3


class Crowd:
    """A town where orders of one kilogram come in as fast as they are answered; `booked` counts the acknowledged ones."""

    def __init__(self, database: Database) -> None:
        self.town = Town(database, registry())
        self.booked = 0

    async def open(self) -> None:
        """The town, its stock and its session."""
        await self.town.found()
        hub, jean = await self.town.enterprise("Hub", "hub"), await self.town.enterprise("Jean", "producer")
        await self.town.relation(hub, jean)
        self.item = await self.town.item(jean, "SPUD", stock=1_000_000_000)
        self.hub, self.session = hub, await self.town.session("Week", [hub], [self.item])

    @contextlib.asynccontextmanager
    async def ordering(self) -> AsyncIterator[None]:
        """Orders come in while the block runs; then those under way are finished."""
        over = asyncio.Event()

        async def one(number: int) -> None:
            turn = 0
            while not over.is_set():
                turn += 1
                name = f"shopper {number}-{turn}-{self.booked}"
                await self.town.do(basket(name, self.hub, self.session, line(self.item, 1000)))
                self.booked += 1

        async with asyncio.TaskGroup() as tasks:
            for number in range(_IN_FLIGHT):
                tasks.create_task(one(number))
            yield
            over.set()

    async def reached(self, count: int) -> int:
        """Waits until so many are booked; gives how many."""
        while self.booked < count:  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.005)
        return self.booked


async def whole(target: dict[str, Any]) -> int:
    """How many orders a database has, after every promise about it was found kept."""
    database = await Database.open(target, min_size=1, max_size=2)
    try:
        town = Town(database, registry())
        assert await broken(town) == []
        async with database.read(1) as conn:
            checks = [*await causes.verify(conn, 1), *await orders_reads.verify(conn, 1)]
            assert [check.name for check in checks if check.broken] == []
        counts = [
            await town.value(statement)
            for statement in (
                "SELECT count(*) FROM orders",
                "SELECT count(*) FROM event WHERE name = 'order.placed'",
                "SELECT count(*) FROM command WHERE kind = 'orders.place'",
                "SELECT (held / 1000) FROM position",
            )
        ]
        assert len(set(counts)) == 1, counts
        return int(counts[0])
    finally:
        await database.close()


@pytest.fixture
async def crowd(database: Database) -> Crowd:
    """A crowd on a database of its own."""
    made = Crowd(database)
    await made.open()
    return made


@pytest.fixture
async def empty(databases: Databases) -> AsyncIterator[dict[str, Any]]:
    """How to connect to an empty database."""
    name = await databases.create()
    yield databases.server.connect_options(name)
    await databases.drop(name)


async def test_dump_under_load_is_whole(
    crowd: Crowd, databases: Databases, empty: dict[str, Any], tmp_path: Path, pg_bin: Path | None
) -> None:
    """It has what was acknowledged before it began, and is as of one instant."""
    source = databases.server.connect_options(await crowd.town.value("SELECT current_database()"))
    async with crowd.ordering():
        before = await crowd.reached(20)
        file = await backup.backup(source, tmp_path / "busy.dump", bin_dir=pg_bin)
        after = await crowd.reached(crowd.booked + 5)
    await backup.restore(empty, file, bin_dir=pg_bin)
    assert before <= await whole(empty) <= after
    assert await whole(source) == crowd.booked


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the program's migrations, which it uses from now on."""
    copy = tmp_path / "migrations"
    shutil.copytree(Path(migrate.__file__).with_name("migrations"), copy)
    monkeypatch.setattr(migrate, "_MIGRATIONS", copy)
    return copy


def _planted(versions: Path) -> str:
    """One migration more; gives its number."""
    head = max(versions.glob("v*.py")).name[1:5]
    number = f"{int(head) + 1:04}"
    versions.joinpath(f"{number}_next.sql").write_text(
        "ALTER TABLE coster.orders ADD COLUMN gift boolean NOT NULL DEFAULT false"
    )
    versions.joinpath(f"v{number}_next.py").write_text(
        f"from coster.engine.db import migrations\nrevision = '{number}'\ndown_revision = '{head}'\n"
        "def upgrade():\n    migrations.run(__file__)\n"
    )
    return number


async def test_dump_comes_back_in_a_newer_version(
    crowd: Crowd, databases: Databases, empty: dict[str, Any], versions: Path, pg_bin: Path | None
) -> None:
    """What this version wrote is restored by a program that has one migration more, and brought up to it."""
    async with crowd.ordering():
        await crowd.reached(10)
    source = databases.server.connect_options(await crowd.town.value("SELECT current_database()"))
    file = await backup.backup(source, versions / "old.dump", bin_dir=pg_bin)
    number = _planted(versions)
    await backup.restore(empty, file, bin_dir=pg_bin)
    assert await migrate.upgrade(empty) == [number]
    conn = await connect.connect(empty)
    await migrate.check(conn)
    assert await conn.fetchval("SELECT count(*) FROM coster.orders WHERE NOT gift") == crowd.booked
    await conn.close()
    assert await whole(empty) == crowd.booked


# ------------------------------------------------------------------------------------------------ to a point in time


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the server's user can pass."""
    found = Path(tempfile.mkdtemp(prefix="coster-point-"))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found, ignore_errors=True)


def given_to_server(path: Path, like: Path) -> None:
    """Makes the server's user the owner of everything below a directory."""
    owner = like.stat()
    for one in (path, *path.rglob("*")):
        os.chown(one, owner.st_uid, owner.st_gid)


def base_backup(server: EmbeddedServer, into: Path, pg_bin: Path | None) -> None:
    """What docs/operate/backup.md says to run; the log comes from the archive."""
    options = server.connect_options()
    program = binaries.find(pg_bin).path / "pg_basebackup"
    command = [str(program), "-h", options["host"], "-p", str(options["port"]), "-U", options["user"]]
    command += ["-D", str(into), "--checkpoint=fast", "--wal-method=none", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, env=binaries.CLEAN_ENVIRONMENT)


async def test_point_in_time_is_reached_from_a_base_backup_and_the_archive(
    place: Path, pg_bin: Path | None
) -> None:
    """Orders come in all the while; what was acknowledged before the point is there, the mistake after it is not."""
    archive = place / "archive"
    archive.mkdir(mode=0o755)
    settings = {
        "wal_level": "replica",
        "max_wal_senders": "3",
        "full_page_writes": "on",
        "archive_mode": "on",
        "archive_command": f"test ! -f {archive}/%f && cp %p {archive}/%f",
    }
    first = EmbeddedServer(place / "first", bin_dir=pg_bin, testing=True, settings=settings)
    async with first:
        given_to_server(archive, datadir.data(place / "first"))
        await migrate.build(first.connect_options())
        database = await Database.open(first.connect_options(), min_size=1, max_size=6)
        crowd = Crowd(database)
        await crowd.open()
        async with crowd.ordering():
            await crowd.reached(20)
            await asyncio.to_thread(base_backup, first, place / "copy", pg_bin)
            at_least = await crowd.reached(crowd.booked + 20)
            await crowd.town.value("SELECT pg_create_restore_point('before the mistake')")
            at_most = crowd.booked + _IN_FLIGHT
            await crowd.reached(crowd.booked + 10)
        await crowd.town.value("DELETE FROM hold")
        segment = await crowd.town.value("SELECT pg_walfile_name(pg_switch_wal())")
        while not (archive / segment).exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.05)
        await database.close()
    await asyncio.to_thread(_laid_out, place)
    back = {
        "wal_level": "replica",
        "max_wal_senders": "3",
        "restore_command": f"cp {archive}/%f %p",
        "recovery_target_name": "before the mistake",
        "recovery_target_action": "promote",
    }
    async with EmbeddedServer(place / "second", bin_dir=pg_bin, testing=True, settings=back) as second:
        conn = await connect.connect(second.connect_options())
        while await conn.fetchval("SELECT pg_is_in_recovery()"):  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.05)
        await conn.close()
        assert at_least <= await whole(second.connect_options()) <= at_most


def _laid_out(place: Path) -> None:
    """The base backup becomes the data of a second server, which is told to recover."""
    second = place / "second"
    second.mkdir(mode=0o755)
    (place / "copy").rename(datadir.data(second))
    (datadir.data(second) / "recovery.signal").touch()
    given_to_server(datadir.data(second), datadir.data(place / "first"))
