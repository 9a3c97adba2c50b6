"""Who calls below /api/dfc: an API key, as everywhere or in X-Api-Token, or a token of a configured issuer (oidc.py)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from coster.domain.identity.model import Caller, parse_token
from coster.edges.dfc.oidc import Bearer, Issuers, NotGoodError
from coster.edges.dfc.serving import SCOPES, missing_scope
from coster.edges.http import auth
from coster.edges.http.call import Call
from coster.edges.http.problems import Problem
from coster.engine import observe
from coster.kernel.authority import Authority

FindIdentity: TypeAlias = Callable[[Bearer, dt.datetime], Awaitable[Caller | None]]
"""The key as which the holder of a good token acts, by the first of its identities that is known; None where none is."""

_PERMISSIONS: Final = {scope: permission for permission, scope in SCOPES.items()}


class Door:
    """Finds out who calls; `issuers` may be none."""

    def __init__(self, issuers: Issuers | None, find: FindIdentity) -> None:
        self._issuers = issuers
        self._find = find

    async def admit(self, call: Call, permission: str) -> None:
        """Notes the caller in the call. Problems: key_missing, key_not_valid, insufficient_scope, too_many_requests.

        What an operation is about stands in its path, so it judges by itself (serving.place); here it is only looked whether the caller
        could hold the permission at all where none of the scopes is meant.
        """
        call.org_id, caller = await self._caller(call)
        call.key_id, call.authority = caller.key_id, caller.authority
        if permission and permission not in SCOPES and call.authority.scope(permission) == frozenset():
            raise missing_scope(permission)

    async def _caller(self, call: Call) -> tuple[int, Caller]:
        text = _token(call.headers)
        if text is None:
            raise Problem(
                "key_missing",
                "Send a token of an issuer that this server trusts, or an API key: Authorization: Bearer …",
                headers=[auth.ASK],
            )
        client = call.scope.get("client")
        peer, forwarded = client[0] if client else "", call.headers.get(b"x-forwarded-for", b"")
        authenticator = call.parts.authenticator
        address = authenticator.address(peer, forwarded)
        key = parse_token(text)
        if key is not None:
            return await authenticator.caller_of(key, authenticator.find, call.at, address=address)
        try:
            bearer = await self._judged(text)
        except NotGoodError as why:
            observe.log.info("token_refused", why=str(why), request=call.request_id)
            authenticator.blame(peer, forwarded)
            raise auth.not_valid() from None

        async def find(_org_id: int, _hash: bytes, at: dt.datetime) -> Caller | None:
            return await self._find(bearer, at)

        token = (bearer.org_id, hashlib.sha256(text.encode()).digest())
        org_id, caller = await authenticator.caller_of(token, find, call.at, address=address)
        return org_id, _held_to(caller, bearer.scopes)

    async def _judged(self, text: str) -> Bearer:
        if not self._issuers:
            raise NotGoodError("no issuer is configured")
        return await self._issuers.judge(text)


def _token(headers: dict[bytes, bytes]) -> str | None:
    """The last word of Authorization, whatever it begins with (so platforms send it), or X-Api-Token."""
    own = headers.get(b"x-api-token")
    if own is not None:
        return own.decode("latin-1").strip()
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").strip().rpartition(" ")
    if not token:
        return None
    return "" if scheme.lower() == "basic" else token


def _held_to(caller: Caller, scopes: frozenset[str] | None) -> Caller:
    """A token that names scopes opens no more than these, whatever its holder may do otherwise."""
    if scopes is None:
        return caller
    kept = frozenset(_PERMISSIONS[scope] for scope in scopes)
    by_enterprise = {one: held & kept for one, held in caller.authority.by_enterprise.items()}
    authority = Authority(caller.authority.everywhere & kept, by_enterprise)
    return Caller(key_id=caller.key_id, name=caller.name, authority=authority)
