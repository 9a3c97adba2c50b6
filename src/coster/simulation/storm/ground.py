"""Where a storm blows, and what can be done to it: a database server of its own, or a database of its own on a cluster that a URL names.

A server that is reached by URL cannot be killed, nor its disk filled, from outside: what is done instead is in `INSTEAD`, and in the
report.
"""

from __future__ import annotations

import abc
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from coster.engine.db import connect, datadir, sql
from coster.engine.db.embedded import EmbeddedServer
from coster.simulation.clustered import Cluster
from coster.simulation.storm import plan as planned
from coster.simulation.storm.disk import Disk
from coster.simulation.storm.plan import Plan

_q = sql.load(__file__)
_SETTINGS: Final = {"max_wal_size": "256MB", "min_wal_size": "64MB"}
END_ALL: Final = "every connection to the database is ended on every node"
INSTEAD: Final[Mapping[str, str]] = {
    planned.KILL_DATABASE: END_ALL,
    planned.KILL_ALL: f"kill -9 a server process; {END_ALL}",
    planned.KILL_BACKEND: "one connection to the database is ended",
    planned.FILL_DISK: "all servers' lines to the database break at once",
}
"""What is done to a database on somebody else's server, in place of what would need its processes or its disk."""

Options = dict[str, Any]


@dataclass(slots=True)
class Ground(abc.ABC):
    """`nodes` is how to connect to each; `instead` what faults are replaced by, `impossible` why some cannot be carried out at all.

    `said` is the database's log, in the end, where it can be read.
    """

    nodes: list[Options]
    instead: Mapping[str, str] = field(default_factory=dict)
    impossible: Mapping[str, str] = field(default_factory=dict)
    said: Path | None = None

    @property
    def options(self) -> Options:
        """How everybody connects to the database."""
        return self.nodes[0]

    @abc.abstractmethod
    async def fill(self, seconds: float) -> None:
        """No room for so long."""

    @abc.abstractmethod
    async def kill(self) -> None:
        """The whole database goes at once."""

    @abc.abstractmethod
    async def kill_one(self, target: float) -> None:
        """One connection's process goes; the number from 0 to 1 chooses which."""


@dataclass(slots=True)
class Own(Ground):
    """A server of the storm's own, on a disk of its own where one can be mounted."""

    server: EmbeddedServer | None = None
    disk: Disk | None = None

    async def fill(self, seconds: float) -> None:
        """The disk is full."""
        assert self.disk is not None, "an own ground has a place"
        await self.disk.fill(seconds)

    async def kill(self) -> None:
        """`kill -9` of the postmaster."""
        assert self.server is not None, "an own ground has a server"
        if self.server.pid is not None:
            os.kill(self.server.pid, signal.SIGKILL)

    async def kill_one(self, target: float) -> None:
        """`kill -9` of a connection's process, upon which PostgreSQL ends all of them and recovers."""
        pids = await _backends(self.options)
        if pids:
            os.kill(pids[int(target * len(pids))], signal.SIGKILL)


@dataclass(slots=True)
class Reached(Ground):
    """A database of the storm's own on a cluster."""

    cluster: Cluster | None = None

    async def fill(self, seconds: float) -> None:
        """Nothing: whoever carries faults out breaks the lines."""

    async def kill(self) -> None:
        """Every connection ends, also those between the nodes."""
        assert self.cluster is not None, "it was reached"
        await self.cluster.end_connections(self.options["database"])

    async def kill_one(self, target: float) -> None:
        """One connection ends."""
        pids = await _backends(self.options)
        if not pids:
            return
        conn = await connect.connect(self.options)
        try:
            await _q.end_backend(conn, pid=pids[int(target * len(pids))])
        finally:
            conn.terminate()


async def _backends(options: Options) -> list[int]:
    conn = await connect.connect(options)
    try:
        return [row["pid"] for row in await _q.backends(conn)]
    finally:
        conn.terminate()


@contextlib.asynccontextmanager
async def opened(
    plan: Plan, directory: Path, *, bin_dir: Path | None = None, url: str = ""
) -> AsyncIterator[Ground]:
    """The ground for the length of a storm. `directory` gets a copy of the database's log at the end, where it can be read.

    With a URL: NoCluster where its database has no extension citus.
    """
    if url:
        async with _reached(url) as ground:
            yield ground
        return
    with Disk(900 + int(4 * plan.seconds)) as disk:
        place = disk.path / "database"
        async with EmbeddedServer(place, bin_dir=bin_dir, settings=_SETTINGS) as server:
            said = directory / "database.log"
            impossible = {planned.FILL_DISK: disk.trouble} if disk.trouble else {}
            yield Own([server.connect_options()], impossible=impossible, said=said, server=server, disk=disk)
        shutil.copy(datadir.log(place), said)


@contextlib.asynccontextmanager
async def _reached(url: str) -> AsyncIterator[Ground]:
    cluster = await Cluster.at(url)
    name = f"coster_storm_{os.getpid()}"
    await cluster.drop(name)
    await cluster.found(name)
    try:
        await cluster.place(name)
        yield Reached(cluster.nodes(name), INSTEAD, cluster=cluster)
    finally:
        await cluster.drop(name)
