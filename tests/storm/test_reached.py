"""The storm on a database that is reached by a URL, as COSTER_TEST_CITUS_URL names one; here on a server that only looks like a cluster.

What is not Citus about it is said in tests/engine/db/test_cluster.py. It has no workers.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from coster.engine.db import faults
from coster.engine.db.embedded import EmbeddedServer
from coster.simulation.clustered import Cluster, options_of
from coster.simulation.serving import url_of
from coster.simulation.storm.ground import END_ALL, INSTEAD
from coster.simulation.storm.line import Line
from coster.simulation.storm.plan import FAULTS, Plan
from coster.simulation.storm.run import storm
from tests.engine.db.test_cluster import STAND_INS

PLAN = Plan(seconds=12, processes=2, clients=20, kill_every=1, seed=4)


@pytest.fixture
async def server(pg_bin: Path | None) -> AsyncIterator[EmbeddedServer]:
    """A server on which every new database looks like one of a cluster's coordinator."""
    directory = Path(tempfile.mkdtemp(prefix="coster-test-"))
    directory.chmod(0o755)  # noqa: ASYNC240 - once, before anything runs
    with EmbeddedServer(directory / "pg", bin_dir=pg_bin, testing=True) as server:
        for name in ("template1", "coster"):
            conn = await asyncpg.connect(**server.connect_options(name))
            await conn.execute(STAND_INS)
            await conn.close()
        yield server
    shutil.rmtree(directory, ignore_errors=True)


async def _databases(server: EmbeddedServer) -> set[str]:
    conn = await asyncpg.connect(**server.connect_options("postgres"))
    rows = await conn.fetch("SELECT datname FROM pg_database")
    await conn.close()
    return {row["datname"] for row in rows}


@pytest.mark.storm
async def test_storm_on_a_server_of_somebody_elses(server: EmbeddedServer, tmp_path: Path) -> None:
    """In a database of its own, placed and dropped again, with what is done in place of kills and a full disk said in the report."""
    before = await _databases(server)
    report = await storm(PLAN, tmp_path, url=url_of(server.connect_options()))
    assert report.broken == []
    assert {fault.kind for fault in PLAN.faults()} == set(FAULTS)
    assert report.impossible.keys() == INSTEAD.keys() | {"reading the database's log"}
    assert report.faults.keys() >= {*INSTEAD.values()}
    assert not report.faults.keys() & INSTEAD.keys()
    assert END_ALL in report.text()
    assert report.checked["orders acknowledged"] > 0
    assert await _databases(server) == before
    # The server itself was left alone.
    assert server.restarts == 0


async def test_database_that_is_no_clusters_is_told(pg_server: EmbeddedServer) -> None:
    """A plain server is not stormed by mistake."""
    with pytest.raises(faults.NoCluster, match="has no extension citus"):
        await Cluster.at(url_of(pg_server.connect_options()))


def test_address_of_a_cluster_is_understood() -> None:
    """Host, port, user, password and database; what lacks one of them is refused."""
    given = {"host": "c.example", "port": 9700, "user": "me", "password": "a@b", "database": "shop"}
    assert options_of("postgresql://me:a%40b@c.example:9700/shop") == given
    assert options_of(url_of(given)) == given
    with pytest.raises(ValueError, match="user:password@host:port/database"):
        options_of("postgresql://c.example/shop")


async def test_line_over_the_network_carries_breaks_and_falls_silent() -> None:
    """Bytes go through both ways; a line that is frozen lets nothing through until it is cut, and then new ones go through."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)

    beyond = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = beyond.sockets[0].getsockname()[1]
    async with Line({"host": "127.0.0.1", "port": port, "user": "me", "database": "shop"}) as line:
        there = line.options
        assert (there["host"], there["port"] != port, there["database"]) == ("127.0.0.1", True, "shop")
        reader, writer = await asyncio.open_connection(there["host"], there["port"])
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        line.freeze()
        writer.write(b"two")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        line.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(3)
        reader, again = await asyncio.open_connection(there["host"], there["port"])
        again.write(b"three")
        assert await reader.readexactly(5) == b"three"
        again.close()
    beyond.close()
