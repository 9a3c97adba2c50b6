"""Who calls: `Authorization: Bearer coster_<organisation>_<secret>`.

What a key may do is remembered for a moment, so that a busy caller costs one read every two seconds.
Commands are checked again
inside their transaction, so a revoked key changes nothing any more from the moment of its revocation.

A secret is never compared with another: what is looked up is the SHA-256 of 256 random bits, and how long that takes tells
nothing about a secret that is nearly right.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from coster.domain.identity.model import Caller, parse_token
from coster.edges.http import throttle
from coster.edges.http.problems import Problem
from coster.edges.http.throttle import Meter, Network, Rate

FindCaller: TypeAlias = Callable[[int, bytes, dt.datetime], Awaitable[Caller | None]]
"""Organisation, hash of the token, present instant → the caller, or None where the key is not good."""
Token: TypeAlias = tuple[int, bytes]

_TOO_MANY_BAD: Final = "Too many keys that are not good have come from this address"
ASK: Final = (b"www-authenticate", b'Bearer realm="coster"')


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """How long (seconds) and of how many keys the rights are remembered, and how often whom may ask (None: without limit)."""

    seconds: float
    most: int
    per_key: Rate | None = None
    failures: Rate | None = None
    proxies: Sequence[Network] = ()


class Authenticator:
    """Finds callers, remembers them for a moment, and tells who asks too often to come again later. `find` looks up an API key."""

    def __init__(self, find: FindCaller, memory: Memory) -> None:
        self.find = find
        self._memory = memory
        self._known: OrderedDict[Token, tuple[float, Caller]] = OrderedDict()
        # Keys that were good once are looked up again however many bad ones come from the same address: behind
        # one address there may be a whole office, or a proxy that nobody has named.
        self._good_once: OrderedDict[Token, None] = OrderedDict()
        self._asked = Meter(memory.per_key)
        self._failed = Meter(memory.failures)

    async def caller(
        self, header: bytes | None, at: dt.datetime, *, peer: str = "", forwarded: bytes = b""
    ) -> tuple[int, Caller]:
        """The organisation and the key that sent this header, from a peer, with this X-Forwarded-For.

        Problems: key_missing, key_not_valid, too_many_requests.
        """
        token = read_header(header)
        return await self.caller_of(token, self.find, at, address=self.address(peer, forwarded))

    async def caller_of(
        self, token: Token, find: FindCaller, at: dt.datetime, *, address: str
    ) -> tuple[int, Caller]:
        """The same for a token that was read already, of whatever kind, looked up by `find`; remembered like any other."""
        # The wall's clock and not the business's: a demonstration may stop the latter, and a revoked key
        # must go all the same.
        now = time.monotonic()
        self._refuse_haste(self._asked.wait(token, now), "This API key asks more often than it may here")
        known = self._known.get(token)
        caller = known[1] if known is not None and known[0] > now else None
        if caller is None:
            caller = await self._looked_up(token, find, at, address)
        self._asked.take(token, now)
        return token[0], caller

    def address(self, peer: str, forwarded: bytes) -> str:
        """From where a request really comes, as far as our own proxies say."""
        return throttle.address(peer, forwarded, self._memory.proxies)

    def blame(self, peer: str, forwarded: bytes) -> None:
        """Holds a token that was refused without a look-up against the address. Problem: too_many_requests."""
        now, address = time.monotonic(), self.address(peer, forwarded)
        self._refuse_haste(self._failed.wait(address, now), _TOO_MANY_BAD)
        self._failed.take(address, now)

    async def _looked_up(self, token: Token, find: FindCaller, at: dt.datetime, address: str) -> Caller:
        """The caller as the database knows it; a key that is not good is held against the address."""
        now = time.monotonic()
        if token not in self._good_once:
            self._refuse_haste(self._failed.wait(address, now), _TOO_MANY_BAD)
        caller = await find(*token, at)
        if caller is None:
            self._known.pop(token, None)
            self._failed.take(address, now)
            raise not_valid()
        _remember(self._good_once, token, None, self._memory.most)
        _remember(self._known, token, (now + self._memory.seconds, caller), self._memory.most)
        return caller

    @staticmethod
    def _refuse_haste(seconds: float, said: str) -> None:
        if seconds > 0:
            after = throttle.retry_after(seconds)
            raise Problem(
                "too_many_requests",
                f"{said}; come again in {after.decode()} seconds.",
                headers=[(b"retry-after", after)],
            )

    def forget(self) -> None:
        """Asks anew for everybody, for example after a key was revoked here."""
        self._known.clear()


def _remember(memory: OrderedDict[Token, Any], token: Token, value: Any, most: int) -> None:
    memory[token] = value
    memory.move_to_end(token)
    if len(memory) > most:
        memory.popitem(last=False)


def read_header(header: bytes | None) -> Token:
    """Organisation and hash of the token out of an Authorization header. Problems: key_missing, key_not_valid."""
    if header is None:
        raise Problem(
            "key_missing",
            "Send an API key: Authorization: Bearer coster_<organisation>_<secret>.",
            headers=[ASK],
        )
    scheme, _, token = header.decode("latin-1").partition(" ")
    parsed = parse_token(token.strip()) if scheme.lower() == "bearer" else None
    if parsed is None:
        raise not_valid()
    return parsed


def not_valid() -> Problem:
    """The one answer for every key that is not good."""
    return Problem(
        "key_not_valid",
        "This API key is unknown, expired or revoked; ask an owner of the organisation for a new one.",
        headers=[ASK],
    )
