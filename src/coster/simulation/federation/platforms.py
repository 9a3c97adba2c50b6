"""A platform of its own: a database server, a server process on it, and the line by which others reach it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from coster.engine.db import connect, migrate, sql
from coster.engine.db.connect import Database
from coster.engine.db.embedded import EmbeddedServer
from coster.simulation import founding
from coster.simulation.federation.messages import Message
from coster.simulation.federation.proxy import End, Line
from coster.simulation.federation.record import Record
from coster.simulation.serving import Server, url_of
from coster.simulation.storm.faults import Kept, Notes

_q = sql.load(__file__)
ORG: Final = 1
_POSTGRES: Final = {"shared_buffers": "64MB", "max_connections": "60", "max_wal_size": "512MB"}
_NETWORKS: Final = "127.0.0.0/8,10.0.0.0/8"
# Everybody here is at one address, and asks as much as it likes.
_OURS: Final[Mapping[str, object]] = {
    "webhook_networks": _NETWORKS, "federation_networks": _NETWORKS, "bad_keys": 0, "notice": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a platform stands: the addresses of its server and its line, the command through which its server is run, and the cable
    between the two ('' : there is none).
    """

    server: str = "127.0.0.1"
    line: str = "127.0.0.1"
    through: Sequence[str] = ()
    cable: str = ""


@dataclass(slots=True)
class Platform:
    """One of the three. `key` is its owner's; `options` is how to connect to its database."""

    name: str
    postgres: EmbeddedServer
    database: str
    kept: Kept
    line: Line
    key: str
    directory: Path
    site: Site

    @property
    def options(self) -> dict[str, Any]:
        """How to connect to its database."""
        return self.postgres.connect_options(self.database)

    @property
    def server(self) -> Server:
        """Its server process."""
        return self.kept.server

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a program of this platform's."""
        return {**os.environ, "COSTER_DATABASE_URL": url_of(self.options)}

    async def command(self, *words: str, secret: str = "") -> Any:
        """What one of this platform's commands prints as JSON, run by its people. RuntimeError with its last words where it fails."""
        about = {"COSTER_URL": f"http://{self.server.host}:{self.server.port}", "COSTER_KEY": self.key}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "coster.cli.main", *words,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**self.environ, **about, **({"COSTER_PEER_SECRET": secret} if secret else {})},
        )  # fmt: skip
        out, err = await process.communicate()
        # 1 is that something is wrong with the data, which is what was asked for; 3 that a person shall look at it.
        if process.returncode not in (0, 1, 3):
            raise RuntimeError(
                f"coster {' '.join(words)} ended with {process.returncode}: {err.decode()[-500:]}"
            )
        return msgspec.json.decode(out) if out.startswith((b"{", b"[")) else None

    @property
    def log(self) -> Path:
        """What its server has said."""
        return self.directory / "server.log"

    def kill_database(self) -> None:
        """`kill -9` of its database, which comes back by itself."""
        if self.postgres.pid is not None:
            os.kill(self.postgres.pid, signal.SIGKILL)


@dataclass(slots=True)
class Askers:
    """Who asks, told by the token that a request brings; the names are given as tokens are made, '' is who brings none."""

    names: dict[str, str] = field(default_factory=dict)

    def __call__(self, request: Message) -> str:
        """The name of who asks; '' where the token is not known."""
        token = request.header("x-api-token") or request.header("authorization").rpartition(" ")[2]
        return self.names.get(token, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where platforms are made: a directory, a report and a record, who asks, where each stands, and settings that all share.

    Each has a database server of its own, or (`shared`) a database of its own on one server, which is sooner there.
    """

    directory: Path
    report: Notes
    record: Record
    askers: Askers
    sites: Mapping[str, Site] = field(default_factory=dict)
    bin_dir: Path | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    shared: EmbeddedServer | None = None

    @contextlib.asynccontextmanager
    async def opened(self, names: Sequence[str]) -> AsyncIterator[list[Platform]]:
        """Platforms of these names, founded and ready, until the end of the block. RuntimeError where one does not come up."""
        async with contextlib.AsyncExitStack() as stack:
            if self.shared is not None:
                await _prepared(self.shared, names)
            yield await asyncio.gather(
                *(self._open(stack, name, number) for number, name in enumerate(names, 1))
            )

    async def _open(self, stack: contextlib.AsyncExitStack, name: str, number: int) -> Platform:
        place = self.directory / _plain(name)
        site = self.sites.get(name, Site())
        if self.shared is None:
            postgres, database = EmbeddedServer(place, bin_dir=self.bin_dir, settings=_POSTGRES), "coster"
            await stack.enter_async_context(postgres)
        else:
            postgres, database = self.shared, _plain(name)
            place.mkdir()
        options = postgres.connect_options(database)
        key = await _founded(options)
        self.askers.names[key] = f"owner of {name}"
        server = Server(url_of(options), log=place / "server.log", **_OURS)
        server.stand(site.server, site.through)
        line = Line(name, End(site.server, server.port), self.record, host=site.line, asker=self.askers)
        await stack.enter_async_context(line)
        keys = f"{number}:" + base64.b64encode(bytes([number]) * 32).decode()
        server.settle(public_url=line.url, webhook_keys=keys, **self.settings)
        stack.push_async_callback(server.kill)
        await server.start(patience=60)
        return Platform(name, postgres, database, Kept(server, self.report), line, key, place, site)


def _plain(name: str) -> str:
    return name.lower().replace(" ", "_")


async def _prepared(postgres: EmbeddedServer, names: Sequence[str]) -> None:
    """A migrated database for each name."""
    first, *others = (_plain(name) for name in names)
    conn = await connect.connect(postgres.connect_options("postgres"))
    try:
        await conn.execute(await _q.create_database(conn, name=first, template="template1"))
        await migrate.upgrade(postgres.connect_options(first))
        for name in others:
            await conn.execute(await _q.create_database(conn, name=name, template=first))
    finally:
        await conn.close()


async def _founded(options: Mapping[str, Any]) -> str:
    """An owner's key of a new organisation."""
    await migrate.upgrade(dict(options))
    database = await Database.open(dict(options), max_size=2)
    try:
        return await founding.found(database, ORG)
    finally:
        await database.close()
