"""Who calls: `Authorization: Bearer coster_<organisation>_<secret>`.

What a key may do is remembered for a moment, so that a busy caller costs one read every two seconds.
Commands are checked again
inside their transaction, so a revoked key changes nothing any more from the moment of its revocation.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from coster.domain.identity.model import Caller, parse_token
from coster.edges.http.problems import Problem

FindCaller: TypeAlias = Callable[[int, bytes, dt.datetime], Awaitable[Caller | None]]
"""Organisation, hash of the token, present instant → the caller, or None where the key is not good."""

_ASK: Final = (b"www-authenticate", b'Bearer realm="coster"')


class Authenticator:
    """Finds callers and remembers up to `most` of them for `seconds`."""

    def __init__(self, find: FindCaller, *, seconds: float, most: int) -> None:
        self._find = find
        self._seconds = seconds
        self._most = most
        self._known: OrderedDict[tuple[int, bytes], tuple[float, Caller]] = OrderedDict()

    async def caller(self, header: bytes | None, at: dt.datetime) -> tuple[int, Caller]:
        """The organisation and the key that sent this header. Problems: key_missing, key_not_valid."""
        token = read_header(header)
        known = self._known.get(token)
        # The wall's clock and not the business's: a demonstration may stop the latter, and a revoked key
        # must go all the same.
        if known is not None and known[0] > time.monotonic():
            return token[0], known[1]
        caller = await self._find(*token, at)
        if caller is None:
            self._known.pop(token, None)
            raise _not_valid()
        self._known[token] = (time.monotonic() + self._seconds, caller)
        self._known.move_to_end(token)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return token[0], caller

    def forget(self) -> None:
        """Asks anew for everybody, for example after a key was revoked here."""
        self._known.clear()


def read_header(header: bytes | None) -> tuple[int, bytes]:
    """Organisation and hash of the token out of an Authorization header. Problems: key_missing, key_not_valid."""
    if header is None:
        raise Problem(
            "key_missing",
            "Send an API key: Authorization: Bearer coster_<organisation>_<secret>.",
            headers=[_ASK],
        )
    scheme, _, token = header.decode("latin-1").partition(" ")
    parsed = parse_token(token.strip()) if scheme.lower() == "bearer" else None
    if parsed is None:
        raise _not_valid()
    return parsed


def _not_valid() -> Problem:
    return Problem(
        "key_not_valid",
        "This API key is unknown, expired or revoked; ask an owner of the organisation for a new one.",
        headers=[_ASK],
    )
