"""Connections that go to judged addresses only: what was resolved and judged is what is connected to.

The name is resolved once for a connection, so no second answer of its name server can lead elsewhere (DNS re-binding). Host header,
SNI and the certificate's check keep the name. A connection carries one request at a time, and what comes when nobody asked
ends it, so that no answer can be taken for another's.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Final, cast

from coster.engine.webhooks import framing
from coster.engine.webhooks.addresses import Destination
from coster.engine.webhooks.framing import Head
from coster.engine.webhooks.guard import Guard

_CLOSE_SECONDS: Final = 1.0


class UnreachableError(Exception):
    """No connection could be made; the message says why, in our own words."""


class BrokenError(Exception):
    """The connection ended, or said what is no answer, before there was one."""


class Link(asyncio.Protocol):
    """One connection; `most` bytes of an answer's body are read so that the next request can follow."""

    def __init__(self, most: int) -> None:
        self.idle_since = 0.0
        self._most = most
        self._transport: asyncio.Transport
        self._open = True
        self._data = bytearray()
        self._asked: asyncio.Future[Head] | None = None
        self._body: framing.Body | None = None
        self._body_over: asyncio.Future[None] | None = None

    @property
    def usable(self) -> bool:
        """Whether another request can be sent."""
        return self._open and self._asked is None and self._body is None

    async def ask(self, request: bytes) -> Head:
        """The head of the answer to a whole request; its body may still be on its way. Raises BrokenError."""
        if not self.usable:
            raise BrokenError
        self._asked = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._asked

    async def finish(self, seconds: float) -> None:
        """Returns when the answer's body has come, or will not, or time is up; then the connection may be `usable` or not."""
        if self._body is None:
            return
        self._body_over = asyncio.get_running_loop().create_future()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._body_over

    def close(self) -> None:
        """Ends the connection in good order."""
        self._open = False
        self._transport.close()

    def abort(self) -> None:
        """Ends the connection at once, whatever is under way."""
        self._open = False
        self._transport.abort()

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """The same connection under TLS, with the certificate checked against the host's name. Raises UnreachableError."""
        try:
            secured = await asyncio.get_running_loop().start_tls(
                self._transport, self, context, server_hostname=host, ssl_shutdown_timeout=_CLOSE_SECONDS
            )
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError("the certificate is not valid for this host") from error
        except (OSError, ValueError) as error:
            raise UnreachableError("no TLS connection could be made") from error
        if secured is None:
            raise UnreachableError("no TLS connection could be made")
        self._transport = secured

    # ------------------------------------------------------------------------------------------- asyncio.Protocol's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Takes the answer's head, and then its body."""
        if self._asked is None and self._body is None:
            self.abort()
            return
        self._data += data
        if self._asked is not None:
            self._take_head(self._asked)
        if self._body is not None:
            self._take_body(self._body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits hears of it."""
        self._open = False
        if self._asked is not None and not self._asked.done():
            broken = BrokenError()
            broken.__cause__ = exc
            self._asked.set_exception(broken)
        self._end_body()

    def _take_head(self, asked: asyncio.Future[Head]) -> None:
        try:
            head = framing.take_head(self._data)
        except framing.GarbledError:
            self.abort()
            return
        if head is None:
            return
        self._asked, self._body = None, framing.Body(head, self._most)
        if not asked.done():
            asked.set_result(head)

    def _take_body(self, body: framing.Body) -> None:
        over = body.take(self._data)
        if over is None:
            return
        self._end_body()
        if not over or self._data:
            self.abort()

    def _end_body(self) -> None:
        self._body = None
        if self._body_over is not None and not self._body_over.done():
            self._body_over.set_result(None)
        self._body_over = None


class Opener:
    """Opens connections; raises RefusedError for a host that the guard refuses, UnreachableError where nobody answers."""

    def __init__(self, guard: Guard, tls: ssl.SSLContext, *, connect_seconds: float, most: int) -> None:
        self._guard = guard
        self._tls = tls
        self._seconds = connect_seconds
        self._most = most

    async def open(self, destination: Destination) -> Link:
        """A connection to the first judged address that answers, under TLS where the scheme says so."""
        link = await self._connect(destination)
        if destination.scheme == "https":
            try:
                await link.secure(self._tls, destination.host)
            except BaseException:
                link.abort()
                raise
        return link

    async def _connect(self, destination: Destination) -> Link:
        last: OSError = OSError("the host has no address")
        loop = asyncio.get_running_loop()
        for address in await self._guard.addresses(destination.scheme, destination.host, destination.port):
            try:
                async with asyncio.timeout(self._seconds):
                    # An address literal is not resolved again.
                    _, link = await loop.create_connection(
                        lambda: Link(self._most), address, destination.port
                    )
                    return link
            except OSError as error:
                last = error
        raise UnreachableError(_named(last)) from last


def _named(error: OSError) -> str:
    """The fault in our own words: the system's would name addresses."""
    if isinstance(error, TimeoutError):
        return "connecting took too long"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, ConnectionError):
        return "the connection broke"
    return "the host cannot be reached"
