"""One POST and its answer, over connections that are kept alive per origin."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Final, TypeAlias

import httpcore2

from coster.engine.webhooks.addresses import Destination
from coster.engine.webhooks.guard import Guard, RefusedError
from coster.engine.webhooks.model import Answer, Policy
from coster.engine.webhooks.network import GuardedBackend

Headers: TypeAlias = list[tuple[bytes, bytes]]
_Origin: TypeAlias = tuple[str, str, int]

_KEEPALIVE_SECONDS: Final = 20.0
_BODY_SECONDS: Final = 1.0
_MOST_ORIGINS: Final = 64
# A kept connection may be closed by the receiver at the moment when we use it; once more on a new one, at once.
_BROKEN: Final = (httpcore2.RemoteProtocolError, httpcore2.ReadError, httpcore2.WriteError)


class Sender:
    """Sends to destinations that the guard allows; follows no redirect, uses no proxy, keeps no cookies.

    `tls` is the context under which certificates are checked (None: the machine's authorities).
    """

    def __init__(self, guard: Guard, policy: Policy, tls: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        self._policy = policy
        self._tls = tls or httpcore2.default_ssl_context()
        self._sockets = asyncio.Semaphore(policy.sockets)
        self._pools: dict[_Origin, httpcore2.AsyncConnectionPool] = {}
        self._busy: dict[_Origin, int] = {}

    async def post(self, destination: Destination, headers: Headers, body: bytes) -> Answer:
        """The answer, or what went wrong, within the policy's time; nothing that a receiver does raises."""
        async with self._sockets:
            try:
                async with asyncio.timeout(self._policy.total_seconds):
                    try:
                        return await self._post(destination, headers, body)
                    except _BROKEN:
                        return await self._post(destination, headers, body)
            except TimeoutError:
                return Answer(error=f"no answer within {self._policy.total_seconds:g} seconds")
            except RefusedError as refused:
                return Answer(error=str(refused))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                return Answer(error=str(error))
            except _BROKEN:
                return Answer(error="the connection broke before there was an answer")

    async def close(self) -> None:
        """Closes all connections."""
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()

    async def _post(self, destination: Destination, headers: Headers, body: bytes) -> Answer:
        origin = (destination.scheme, destination.host, destination.port)
        pool = await self._pool(origin)
        self._busy[origin] = self._busy.get(origin, 0) + 1
        try:
            response = await pool.handle_async_request(_request(destination, headers, body))
            try:
                await self._read_a_little(response)
            finally:
                await response.aclose()
        finally:
            self._busy[origin] -= 1
            if not self._busy[origin]:
                del self._busy[origin]
        retry_after = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
        return Answer(status=response.status, retry_after=retry_after.decode("latin-1"))

    async def _read_a_little(self, response: httpcore2.Response) -> None:
        # The status has come and is the answer, whatever happens to the body.
        seen = 0
        with contextlib.suppress(TimeoutError, *_BROKEN):
            async with asyncio.timeout(_BODY_SECONDS):
                async for part in response.aiter_stream():
                    seen += len(part)
                    if seen > self._policy.answer_bytes:
                        return

    async def _pool(self, origin: _Origin) -> httpcore2.AsyncConnectionPool:
        pool = self._pools.pop(origin, None)
        if pool is None:
            pool = httpcore2.AsyncConnectionPool(
                ssl_context=self._tls,
                max_connections=None,  # the semaphore bounds them
                max_keepalive_connections=self._policy.concurrency,
                keepalive_expiry=_KEEPALIVE_SECONDS,
                network_backend=GuardedBackend(self._guard, origin[0], self._policy.connect_seconds),
            )
        self._pools[origin] = pool  # the one used last stands last
        await self._forget_idle()
        return pool

    async def _forget_idle(self) -> None:
        surplus = len(self._pools) - _MOST_ORIGINS
        idle = [origin for origin in list(self._pools)[:-1] if not self._busy.get(origin)]
        closing = [self._pools.pop(origin) for origin in idle[: max(surplus, 0)]]
        for pool in closing:
            await pool.aclose()


def _request(destination: Destination, headers: Headers, body: bytes) -> httpcore2.Request:
    host = f"[{destination.host}]" if ":" in destination.host else destination.host
    url = httpcore2.URL(
        scheme=destination.scheme.encode(),
        host=host.encode(),
        port=destination.port,
        target=destination.target.encode(),
    )
    framing = [(b"host", destination.authority.encode()), (b"content-length", str(len(body)).encode())]
    return httpcore2.Request(b"POST", url, headers=framing + headers, content=body)
