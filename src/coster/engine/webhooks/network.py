"""Connections for httpcore2 that go to judged addresses only: what was resolved and judged is what is connected to.

The name is resolved once, so no second answer of its name server can lead elsewhere (DNS re-binding). Host header, SNI
and the certificate's check keep the name, since httpcore2 takes those from the URL. Over asyncio's
streams, which are twice as fast here as anyio's.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable
from typing import Any, Final

import httpcore2

from coster.engine.webhooks.guard import Guard

_CLOSE_SECONDS: Final = 1.0
_MUCH: Final = 65_536


class Stream(httpcore2.AsyncNetworkStream):
    """One connection. Reads and writes have no time limits of their own; the sender sets one over all of them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109 - httpcore's
        """What has come, at least a byte; nothing at the end."""
        await self._flush()
        try:
            return await self._reader.read(max_bytes)
        except OSError as error:
            raise httpcore2.ReadError(_named(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - httpcore's
        """Sends it with the next read, so that a request's head and body go out as one; at once when it is much."""
        self._waiting += buffer
        if len(self._waiting) >= _MUCH:
            await self._flush()

    async def _flush(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, b""
        try:
            self._writer.write(waiting)
            await self._writer.drain()
        except OSError as error:
            raise httpcore2.WriteError(_named(error)) from error

    async def aclose(self) -> None:
        """Closes, and does not wait long for the other side to agree."""
        self._writer.close()
        with contextlib.suppress(OSError):  # ssl.SSLError and TimeoutError are OSErrors as well
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._writer.wait_closed()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
    ) -> httpcore2.AsyncNetworkStream:
        """The same connection under TLS, with the certificate checked against the host's name."""
        try:
            await self._writer.start_tls(
                ssl_context, server_hostname=server_hostname, ssl_handshake_timeout=timeout
            )
        except ssl.SSLCertVerificationError as error:
            await self.aclose()
            raise httpcore2.ConnectError("the certificate is not valid for this host") from error
        except (OSError, ValueError) as error:
            await self.aclose()
            raise httpcore2.ConnectError("no TLS connection could be made") from error
        return self

    def get_extra_info(self, info: str) -> Any:
        """What httpcore2 asks: the TLS object, and whether an idle connection has been closed meanwhile."""
        if info == "ssl_object":
            return self._writer.get_extra_info("ssl_object")
        if info == "is_readable":
            return self._reader.at_eof() or self._writer.is_closing()
        return None


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections of one scheme; raises RefusedError for a host that the guard refuses."""

    def __init__(self, guard: Guard, scheme: str, connect_seconds: float) -> None:
        self._guard = guard
        self._scheme = scheme
        self._seconds = connect_seconds

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - httpcore's signature
        local_address: str | None = None,  # noqa: ARG002 - httpcore's
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - httpcore's
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first judged address that answers."""
        last: OSError = OSError("the host has no address")
        for address in await self._guard.addresses(self._scheme, host, port):
            try:
                async with asyncio.timeout(self._seconds):
                    # An address literal is not resolved again.
                    return Stream(*await asyncio.open_connection(address, port))
            except OSError as error:
                last = error
        if isinstance(last, TimeoutError):
            raise httpcore2.ConnectTimeout("connecting took too long") from last
        raise httpcore2.ConnectError(_named(last)) from last


def _named(error: OSError) -> str:
    """The fault in our own words: the system's would name addresses."""
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, ConnectionError):
        return "the connection broke"
    return "the host cannot be reached"
