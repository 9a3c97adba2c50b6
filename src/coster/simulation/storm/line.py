"""A line between a server process and the database, that can break or fall silent: a proxy of a Unix socket, or of a TCP port."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

_PIECE = 65_536


class Line:
    """Carries bytes both ways between its own socket, or port of loopback, and the database's.

    `cut` drops every connection without a word; `freeze` lets nothing through until `cut`, and takes no new connection through.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = dict(options)
        self._local = str(options["host"]).startswith("/")
        self._directory = Path(tempfile.mkdtemp(prefix="coster-line-"))
        self._port = int(options["port"])
        self._through = asyncio.Event()
        self._through.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def options(self) -> dict[str, Any]:
        """How to connect through the line."""
        if self._local:
            return {**self._options, "host": str(self._directory)}
        return {**self._options, "host": "127.0.0.1", "port": self._port}

    async def __aenter__(self) -> Self:
        if self._local:
            self._server = await asyncio.start_unix_server(self._carry, _socket(self._directory, self._port))
        else:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
            self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None, "the line was opened"
        self._server.close()
        self.cut()
        shutil.rmtree(self._directory, ignore_errors=True)

    def cut(self) -> None:
        """Every connection breaks now; new ones go through."""
        for writer in list(self._writers):
            writer.transport.abort()
        self._through.set()

    def freeze(self) -> None:
        """Nothing goes through any more, and nobody is told."""
        self._through.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._through.wait()
            beyond, back = await self._reach()
            self._writers.add(back)
            try:
                await asyncio.gather(self._copy(reader, back), self._copy(beyond, writer))
            finally:
                self._writers.discard(back)
                back.close()
        except OSError:
            # The database is away, or the line was cut: whoever is connected sees the end of the connection.
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = str(self._options["host"]), int(self._options["port"])
        if self._local:
            return await asyncio.open_unix_connection(_socket(Path(host), port))
        return await asyncio.open_connection(host, port)

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(_PIECE):
                await self._through.wait()
                sink.write(piece)
                await sink.drain()
        sink.close()


def _socket(directory: Path, port: int) -> Path:
    """Where PostgreSQL has its socket in a directory."""
    return directory / f".s.PGSQL.{port}"
