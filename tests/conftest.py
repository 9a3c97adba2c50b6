"""The database of the tests: one embedded server a run (and worker), one migrated template, one clone a
module.

COSTER_TEST_PG_BIN, or --pg-bin, names the directory of another PostgreSQL to run everything on, for example
/usr/lib/postgresql/15/bin.

COSTER_TEST_CITUS_URL names a database on a Citus cluster's coordinator: then every database of the tests is one of its own on that
cluster, placed by the code of `coster db place`. Only tests of the embedded server itself, and of programs that bring one, start theirs.

Which tests speak to a server follows from their fixtures, and tests/watch.py sees that none does so without them.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import asyncpg
import pytest

from coster.engine.db import migrate
from coster.engine.db.connect import Database
from coster.engine.db.embedded import EmbeddedServer
from coster.simulation.clustered import Cluster
from tests import memory

pytest_plugins = ["tests.watch"]

_TEMPLATE = "coster_template"
_SERVERS = frozenset({"pg_bin", "pg_server", "databases"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """The choice of PostgreSQL."""
    parser.addoption(
        "--pg-bin", default=os.environ.get("COSTER_TEST_PG_BIN"), help="directory of PostgreSQL's programs"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Temporary files go into memory where there is room; of several test processes the first decides."""
    if place := memory.choose():
        config.add_cleanup(lambda: memory.leave(place))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what speaks to PostgreSQL, so that `make test` can run just that once more on another version."""
    for item in items:
        if _SERVERS & set(getattr(item, "fixturenames", ())):
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


class Server(Protocol):
    """What tests ask of the server of the run, the embedded one or a cluster: how to connect to a database."""

    def connect_options(self, database: str = ..., /) -> dict[str, Any]:
        """The keyword arguments of `asyncpg.connect`."""
        ...


# Of the whole process, since a server may have several who make databases on it.
_NUMBERS: Final = itertools.count(1)


class Databases:
    """Makes and drops databases on the server of the run."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def create(self, *, template: str = "template1") -> str:
        """A new database, as a copy of the template; gives its name."""
        name = f"coster_test_{next(_NUMBERS)}"
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


class OnCluster(Databases):
    """Makes and drops databases on every node of a Citus cluster; tests of several processes keep out of each other's way."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._cluster = cluster
        self._prefix = f"coster_test_{os.getpid()}"

    async def prepare(self) -> None:
        """The two databases of which all others are copies: an empty one, and one with the tables placed."""
        empty, placed = self._name("empty"), self._name(_TEMPLATE)
        await self._cluster.found(empty)
        await self._cluster.seal(empty)
        await self._cluster.copy(placed, empty)
        await migrate.build(self._cluster.connect_options(placed))
        await self._cluster.place(placed)
        await self._cluster.seal(placed)

    async def create(self, *, template: str = "template1") -> str:
        """A new database, as a copy of the template on every node; gives its name."""
        name = self._name(str(next(_NUMBERS)))
        await self._cluster.copy(name, self._name("empty" if template == "template1" else template))
        return name

    async def drop(self, name: str) -> None:
        """Drop a database on every node, whoever is still connected."""
        await self._cluster.drop(name)

    async def end(self) -> None:
        """Drop what `prepare` made."""
        for name in ("empty", _TEMPLATE):
            await self._cluster.drop(self._name(name))

    def _name(self, name: str) -> str:
        return name if name.startswith(self._prefix) else f"{self._prefix}_{name}"


@pytest.fixture(scope="session")
async def databases(request: pytest.FixtureRequest) -> AsyncIterator[Databases]:
    """The server of the run, or a cluster, with the template database made straight from the schema.sql files.

    tests/engine/db/test_migrate.py proves that the migrations give the same.
    """
    if url := os.environ.get("COSTER_TEST_CITUS_URL"):
        clustered = OnCluster(await Cluster.at(url))
        await clustered.prepare()
        yield clustered
        await clustered.end()
        return
    pg_server = request.getfixturevalue("pg_server")
    made = Databases(pg_server)
    await made._run(f"CREATE DATABASE {_TEMPLATE}")  # noqa: SLF001 - the fixture and the class are one
    await migrate.build(pg_server.connect_options(_TEMPLATE))
    yield made


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
