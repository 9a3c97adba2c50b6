"""Databases of their own on a Citus cluster that a URL names, for tests and storms: on its coordinator and on every worker.

The URL's own database is only asked where the workers are, and is left as it is. Whoever is named in the URL may make databases on every
node, under the same password, and extensions in them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from coster.engine.db import cluster, connect, faults, sql

_q = sql.read(Path(__file__).parent / "sql" / "clustered.sql")
_PORT: Final = 5432

Options = dict[str, Any]
Sentence = Callable[[connect.Connection], Any]


class Cluster:
    """The nodes of a cluster, the coordinator first; `await Cluster.at(url)`."""

    def __init__(self, nodes: list[Options]) -> None:
        self._nodes = nodes

    @classmethod
    async def at(cls, url: str) -> Cluster:
        """The cluster whose coordinator has this URL's database. NoCluster where that database has no extension citus."""
        first = options_of(url)
        conn = await connect.connect(first)
        try:
            if await _q.citus_version(conn) is None:
                raise faults.NoCluster(f"the database {first['database']} has no extension citus")
            workers = [{**first, "host": row["host"], "port": row["port"]} for row in await _q.workers(conn)]
        finally:
            await conn.close()
        return cls([first, *workers])

    def nodes(self, name: str) -> list[Options]:
        """How to connect to a database on each node, the coordinator first."""
        return [{**node, "database": name} for node in self._nodes]

    def connect_options(self, name: str) -> Options:
        """How to connect to a database, as its users do."""
        return self.nodes(name)[0]

    async def found(self, name: str) -> None:
        """A new database, empty but for Citus, which knows its workers."""
        await self._copy(name, "template1")
        await self._everywhere(lambda conn: _said(conn, _q.shard_count(conn, name=name)))
        await asyncio.gather(*(_in(node, _q.make_extension) for node in self.nodes(name)))
        coordinator, *workers = self.nodes(name)
        conn = await connect.connect(coordinator)
        try:
            await _q.be_coordinator(conn, host=coordinator["host"], port=coordinator["port"])
            # Each is told to those before it, so they come one by one; there are few.
            for worker in workers:
                await _q.add_node(conn, host=worker["host"], port=worker["port"])
        finally:
            await conn.close()

    async def place(self, name: str) -> None:
        """Coster's tables in it, by the code of `coster db place`. RuntimeError where one is not where it should be."""
        placed = await cluster.place(self.connect_options(name))
        if placed.astray:
            raise RuntimeError(f"tables are not placed as they should be: {placed.astray}")

    async def seal(self, name: str) -> None:
        """From now on nobody connects to the database any more, and it can be copied."""
        await self._everywhere(lambda conn: _said(conn, _q.sealing(conn, name=name)))
        await self.end_connections(name)

    async def copy(self, name: str, template: str) -> None:
        """A new database, like one that was sealed."""
        await self._copy(name, template)
        await self._everywhere(lambda conn: _said(conn, _q.shard_count(conn, name=name)))
        await self._everywhere(lambda conn: _said(conn, _q.local_settings(conn, name=name)))
        await self._everywhere(lambda conn: _said(conn, _q.visible_types(conn, name=name)))

    async def end_connections(self, name: str) -> None:
        """Ends every connection to a database on every node."""
        await self._everywhere(lambda conn: _q.end_connections(conn, name=name))

    async def drop(self, name: str) -> None:
        """Drops a database on every node, whoever is connected."""
        await self._everywhere(lambda conn: _said(conn, _q.removal(conn, name=name)))

    async def _copy(self, name: str, template: str) -> None:
        await self._everywhere(lambda conn: _said(conn, _q.creation(conn, name=name, template=template)))

    async def _everywhere(self, work: Sentence) -> None:
        await asyncio.gather(*(_in(node, work) for node in self._nodes))


def options_of(url: str) -> Options:
    """The keyword arguments of `asyncpg.connect` for a URL of host, port, user, password and database. ValueError for another.

    Host and port may also be given behind a question mark, as for a socket's directory.
    """
    parts = urlsplit(url)
    more = dict(parse_qsl(parts.query))
    host, port = more.get("host", parts.hostname), int(more.get("port", parts.port or _PORT))
    database = parts.path.removeprefix("/")
    if parts.scheme not in ("postgresql", "postgres") or not (host and parts.username and database):
        raise ValueError("a cluster's address is postgresql://user:password@host:port/database")
    password = {"password": unquote(parts.password)} if parts.password else {}
    return {
        "host": host, "port": port, "user": unquote(parts.username), "database": unquote(database),
        **password,
    }  # fmt: skip


async def _in(node: Options, work: Sentence) -> None:
    conn = await connect.connect(node)
    try:
        await work(conn)
    finally:
        await conn.close()


async def _said(conn: connect.Connection, statement: Any) -> None:
    """Carries out a statement that the database has put together."""
    await conn.execute(await statement)
