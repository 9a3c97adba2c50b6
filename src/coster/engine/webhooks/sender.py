"""One POST and its answer, over connections that are kept alive per origin."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections import OrderedDict, deque
from typing import Final, TypeAlias

import httpcore2

from coster.engine.webhooks.addresses import Destination
from coster.engine.webhooks.guard import Guard, RefusedError
from coster.engine.webhooks.model import Answer, Policy
from coster.engine.webhooks.network import BrokenError, Link, Opener, UnreachableError

Headers: TypeAlias = list[tuple[bytes, bytes]]
_Origin: TypeAlias = tuple[str, str, int]

_KEEPALIVE_SECONDS: Final = 20.0
_BODY_SECONDS: Final = 1.0
_MOST_ORIGINS: Final = 64


class Sender:
    """Sends to destinations that the guard allows; follows no redirect, uses no proxy, keeps no cookies.

    `tls` is the context under which certificates are checked (None: the machine's authorities).
    """

    def __init__(self, guard: Guard, policy: Policy, tls: ssl.SSLContext | None = None) -> None:
        self._policy = policy
        self._opener = Opener(
            guard, tls or httpcore2.default_ssl_context(),
            connect_seconds=policy.connect_seconds, most=policy.answer_bytes,
        )  # fmt: skip
        self._sockets = asyncio.Semaphore(policy.sockets)
        self._idle = _Idle(policy.concurrency)

    async def post(self, destination: Destination, headers: Headers, body: bytes) -> Answer:
        """The answer, or what went wrong, within the policy's time; nothing that a receiver does raises."""
        request = _request(destination, headers, body)
        async with self._sockets:
            try:
                async with asyncio.timeout(self._policy.total_seconds):
                    return await self._post(destination, request)
            except TimeoutError:
                return Answer(error=f"no answer within {self._policy.total_seconds:g} seconds")
            except (RefusedError, UnreachableError) as error:
                return Answer(error=str(error))
            except BrokenError:
                return Answer(error="the connection broke before there was an answer")

    async def close(self) -> None:
        """Closes all connections."""
        self._idle.close()
        # Their transports go in the next turn of the loop.
        await asyncio.sleep(0)

    async def _post(self, destination: Destination, request: bytes) -> Answer:
        origin = (destination.scheme, destination.host, destination.port)
        link = self._idle.take(origin) or await self._opener.open(destination)
        try:
            return await self._exchange(origin, link, request)
        except BrokenError:
            # A kept connection may be closed by the receiver at the moment when we use it; once more on a new one, at once.
            return await self._exchange(origin, await self._opener.open(destination), request)

    async def _exchange(self, origin: _Origin, link: Link, request: bytes) -> Answer:
        try:
            head = await link.ask(request)
            # The status has come and is the answer, whatever happens to the body.
            await link.finish(_BODY_SECONDS)
        except BaseException:
            link.abort()
            raise
        self._idle.put(origin, link)
        return Answer(status=head.status, retry_after=head.retry_after)


class _Idle:
    """Connections that nobody uses just now, by origin; those used last are used first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._links: OrderedDict[_Origin, deque[Link]] = OrderedDict()

    def take(self, origin: _Origin) -> Link | None:
        """A connection that can be used, or none; those that have waited for too long are closed."""
        links = self._links.get(origin)
        if links is None:
            return None
        oldest = asyncio.get_running_loop().time() - _KEEPALIVE_SECONDS
        while links and (links[0].idle_since < oldest or not links[0].usable):
            links.popleft().close()
        while links:
            link = links.pop()
            if link.usable:
                return link
            link.close()
        return None

    def put(self, origin: _Origin, link: Link) -> None:
        """Keeps a connection for the next request, where it can be used again and there are not too many."""
        links = self._links.setdefault(origin, deque())
        self._links.move_to_end(origin)
        if not link.usable or len(links) >= self._most:
            link.abort()
            return
        link.idle_since = asyncio.get_running_loop().time()
        links.append(link)
        if len(self._links) > _MOST_ORIGINS:
            _, forgotten = self._links.popitem(last=False)
            _close(forgotten)

    def close(self) -> None:
        """Closes all of them."""
        for links in self._links.values():
            _close(links)
        self._links.clear()


def _close(links: deque[Link]) -> None:
    for link in links:
        link.close()


def _request(destination: Destination, headers: Headers, body: bytes) -> bytes:
    """The whole request as it goes over the wire."""
    lines = [
        _start(destination),
        b"content-length: %d" % len(body),
        *[b"%b: %b" % header for header in headers],
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@functools.lru_cache(maxsize=_MOST_ORIGINS)
def _start(destination: Destination) -> bytes:
    return f"POST {destination.target} HTTP/1.1\r\nhost: {destination.authority}".encode()
