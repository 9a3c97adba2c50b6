"""The database of the tests: one embedded server a run (and worker), one migrated template, one clone a
module.

COSTER_TEST_PG_BIN, or --pg-bin, names the directory of another PostgreSQL to run everything on, for example
/usr/lib/postgresql/15/bin.

COSTER_TEST_CITUS_URL names a database of a Citus cluster's coordinator instead: its schema coster is dropped and made anew
for each test, so one test at a time can have it, and tests that want two databases at once fail there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from coster.engine.db import cluster, migrate
from coster.engine.db.connect import Database
from coster.engine.db.embedded import EmbeddedServer

_TEMPLATE = "coster_template"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The choice of PostgreSQL."""
    parser.addoption(
        "--pg-bin", default=os.environ.get("COSTER_TEST_PG_BIN"), help="directory of PostgreSQL's programs"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what speaks to PostgreSQL, so that `make test` can run just that once more on another version."""
    for item in items:
        if {"pg_server", "pg_bin"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)


@pytest.fixture(scope="session")
def pg_bin(pytestconfig: pytest.Config) -> Path | None:
    """The directory of PostgreSQL's programs to test on; None for those of the wheel."""
    given = pytestconfig.getoption("--pg-bin")
    return Path(given) if given else None


@pytest.fixture(scope="session")
def pg_server(pg_bin: Path | None) -> Iterator[EmbeddedServer]:
    """One server for the run; fast, not durable."""
    directory = Path(tempfile.mkdtemp(prefix="coster-test-"))
    # The server's user must be able to pass; pytest's own tmp_path is closed to others.
    directory.chmod(0o755)
    try:
        with EmbeddedServer(
            directory / "pg", bin_dir=pg_bin, testing=True, settings={"max_connections": "200"}
        ) as server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Databases:
    """Makes and drops databases on the server of the run."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.server = server
        self._made = 0

    async def create(self, *, template: str = "template1") -> str:
        """A new database, as a copy of the template; gives its name."""
        self._made += 1
        name = f"coster_test_{self._made}"
        await self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    async def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        await self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _run(self, statement: str) -> None:
        conn = await asyncpg.connect(**self.server.connect_options("postgres"))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()


class OneOfACluster(Databases):
    """The one database of a Citus cluster, emptied for whoever asks; never the schema public, in which Citus itself lives."""

    def __init__(self, server: EmbeddedServer, url: str) -> None:
        super().__init__(server)
        self._url = url
        self._taken = False
        # Everything that asks the run's server how to connect is sent to the cluster.
        server.connect_options = lambda _database="": {"dsn": url}  # type: ignore[method-assign]

    async def create(self, *, template: str = "template1") -> str:
        """The database, empty, or (from a template) placed; there is no second."""
        assert not self._taken, "a cluster has one database for tests, and this one is the second"
        self._taken = True
        await self._run("DROP SCHEMA IF EXISTS coster CASCADE")
        if template == _TEMPLATE:
            await cluster.place(self._url)
        return "of the cluster"

    async def drop(self, name: str) -> None:
        """Gives it back."""
        assert name == "of the cluster"
        self._taken = False


@pytest.fixture(scope="session")
async def databases(pg_server: EmbeddedServer) -> Databases:
    """The server of the run, with the template database made straight from the schema.sql files.

    tests/engine/db/test_migrate.py proves that the migrations give the same.
    """
    if url := os.environ.get("COSTER_TEST_CITUS_URL"):
        return OneOfACluster(pg_server, url)
    made = Databases(pg_server)
    await made._run(f"CREATE DATABASE {_TEMPLATE}")  # noqa: SLF001 - the fixture and the class are one
    await migrate.build(pg_server.connect_options(_TEMPLATE))
    return made


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    """A database of its own for one test, migrated and empty."""
    name = await databases.create(template=_TEMPLATE)
    opened = await Database.open(databases.server.connect_options(name), min_size=1, max_size=8)
    yield opened
    await opened.close()
    await databases.drop(name)


@pytest.fixture(scope="module")
async def module_database(databases: Databases) -> AsyncIterator[Database]:
    """A database for all tests of one module, migrated and empty at first.

    Tests must keep out of each other's organisations.
    """
    name = await databases.create(template=_TEMPLATE)
    opened = await Database.open(databases.server.connect_options(name), min_size=1, max_size=8)
    yield opened
    await opened.close()
    await databases.drop(name)
