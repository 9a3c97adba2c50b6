"""Who may be called: hosts are resolved and their addresses judged, for each new endpoint and for each connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeAlias

from coster.engine.webhooks import addresses
from coster.engine.webhooks.model import Target

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_RESOLVE_SECONDS: Final = 5.0
_MOST_ADDRESSES: Final = 8
_UNRESOLVED: Final = "the host name is not found"


class RefusedError(Exception):
    """This host may not be called; the message says why, without naming its addresses."""


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """The host's addresses as the machine resolves them, in its order of preference; OSError where there are none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Judges URLs and hosts. `allowed` are networks that may be called although they are not of the public internet."""

    def __init__(self, allowed: Iterable[str] = (), resolve: Resolve = resolve_by_system) -> None:
        self._allowed = addresses.networks(allowed)
        self._resolve = resolve

    async def judge(self, url: str) -> Target:
        """The URL, and why it may not be called (None: it may); for the edge, before it sends `PutEndpoint`."""
        destination = addresses.parse(url)
        if isinstance(destination, str):
            return Target(url=url, refusal=destination)
        try:
            await self.addresses(destination.scheme, destination.host, destination.port)
        except RefusedError as refused:
            return Target(url=url, refusal=str(refused))
        return Target(url=url, refusal=None)

    async def addresses(self, scheme: str, host: str, port: int) -> Sequence[str]:
        """The host's addresses, all of which may be called; RefusedError if one may not, or if there are none.

        One bad address refuses them all: a name that points inside and outside at once is not an honest one.
        """
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                found = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise RefusedError(_UNRESOLVED) from None
        if not found:
            raise RefusedError(_UNRESOLVED)
        for text in found:
            reason = addresses.refusal(text, scheme=scheme, allowed=self._allowed)
            if reason is not None:
                raise RefusedError(reason)
        return found[:_MOST_ADDRESSES]
