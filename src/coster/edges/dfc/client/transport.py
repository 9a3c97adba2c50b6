"""One request and its whole answer, to addresses that the guard allows; what went wrong is a value and never a guess.

No redirect is followed, no proxy used, no cookie kept, and no header is sent but those given here. An answer that did not come whole,
within the time and the size allowed, is none.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import httpcore2
import msgspec

from coster.engine.webhooks import addresses
from coster.engine.webhooks.guard import Guard, RefusedError

_AGENT: Final = "coster"
_KEEPALIVE_SECONDS: Final = 20.0
_SOCKETS: Final = 64
Options: TypeAlias = (
    "Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]]"
)


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long is waited for an answer (seconds in all, and for the connection), and how many bytes one may have."""

    total_seconds: float = 20.0
    connect_seconds: float = 5.0
    most_bytes: int = 2_000_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer; the names of headers in small letters, of several of a name the last."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unheard(msgspec.Struct, frozen=True, kw_only=True):
    """No answer. Unless the request was `not_sent` at all, nobody knows whether it was carried out; `why` in our own words."""

    why: str
    not_sent: bool = False


class Wire:
    """Connections to other platforms, kept alive between requests. `tls` checks certificates (None: the machine's authorities)."""

    def __init__(self, guard: Guard, tls: ssl.SSLContext | None = None) -> None:
        self.guard = guard
        context = tls or httpcore2.default_ssl_context()
        self._pools = {
            scheme: httpcore2.AsyncConnectionPool(
                ssl_context=context, max_connections=_SOCKETS, keepalive_expiry=_KEEPALIVE_SECONDS,
                network_backend=_Judged(guard, scheme),
            )
            for scheme in ("http", "https")
        }  # fmt: skip

    async def ask(self, asked: Asked, patience: Patience) -> Heard | Unheard:
        """The answer, or why there is none; nothing that a peer does raises."""
        destination = addresses.parse(asked.url)
        if isinstance(destination, str):
            return Unheard(why=destination, not_sent=True)
        try:
            async with asyncio.timeout(patience.total_seconds):
                return await self._asked(asked, self._pools[destination.scheme], patience)
        except TimeoutError:
            return Unheard(why=f"no whole answer within {patience.total_seconds:g} seconds")
        except RefusedError as refused:
            return Unheard(why=str(refused), not_sent=True)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout):
            return Unheard(why="the platform cannot be reached", not_sent=True)
        except (httpcore2.NetworkError, httpcore2.TimeoutException):
            return Unheard(why="the connection broke before the whole answer was there")
        except (httpcore2.ProtocolError, ValueError):
            return Unheard(why="the answer is not one of HTTP, or was cut off")

    async def close(self) -> None:
        """Closes all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _asked(
        self, asked: Asked, pool: httpcore2.AsyncConnectionPool, patience: Patience
    ) -> Heard | Unheard:
        headers = {"user-agent": _AGENT, **asked.headers}
        timeouts = {"connect": patience.connect_seconds, "pool": patience.connect_seconds}
        async with pool.stream(
            asked.method, asked.url, headers=list(headers.items()), content=asked.body or None,
            extensions={"timeout": timeouts},
        ) as answer:  # fmt: skip
            body = bytearray()
            async for piece in answer.aiter_stream():
                body += piece
                if len(body) > patience.most_bytes:
                    return Unheard(why=f"the answer is larger than {patience.most_bytes} bytes")
            told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            return Heard(status=answer.status, headers=told, body=bytes(body))


class _Judged(httpcore2.AsyncNetworkBackend):
    """Connects to the addresses that the guard has judged, and to nothing else: the name is resolved once for a connection."""

    def __init__(self, guard: Guard, scheme: str) -> None:
        self._guard = guard
        self._scheme = scheme
        self._under = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore calls it so
        local_address: str | None = None,
        socket_options: Options | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first address that answers."""
        last: Exception = httpcore2.ConnectError()
        for address in await self._guard.addresses(self._scheme, host, port):
            try:
                return await self._under.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last

    async def sleep(self, seconds: float) -> None:
        """As the one below does."""
        await self._under.sleep(seconds)
