"""How we say who we are to another platform: with a token of its own, or one that its issuer gives us for client credentials.

Sources: RFC 6749 §4.4 (client credentials), OpenID Connect Discovery 1.0. Tokens stand in memory only, and no longer than they are good.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from typing import Annotated, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from coster.domain.federation.model import Access
from coster.edges.dfc.client.transport import Asked, Heard, Patience, Unheard, Wire

T = TypeVar("T", bound=msgspec.Struct)
_EARLY: Final = dt.timedelta(seconds=30)
_UNTOLD_SECONDS: Final = 300
_LONGEST_SECONDS: Final = 86_400
_ISSUER: Final = Patience(total_seconds=10.0, most_bytes=100_000)


class _Metadata(msgspec.Struct, frozen=True):
    issuer: str
    token_endpoint: str


class _Given(msgspec.Struct, frozen=True):
    access_token: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000, pattern="^[!-~]+$")]
    expires_in: int = _UNTOLD_SECONDS


class Tokens:
    """The tokens of this process, by connection; `now` is the machine's clock."""

    def __init__(self, wire: Wire, now: Callable[[], dt.datetime]) -> None:
        self._wire = wire
        self._now = now
        self._kept: dict[tuple[uuid.UUID, str, bytes], tuple[str, dt.datetime]] = {}

    async def headers(self, access: Access, *, anew: bool = False) -> dict[str, str] | Unheard:
        """What a request carries; `anew` after one was refused. Without an answer of the issuer, why there is none."""
        if access.auth == "none":
            return {}
        if access.auth == "token":
            return {"authorization": f"Bearer {access.secret}"}
        key = (access.peer_id, access.url, _credentials(access))
        kept = self._kept.get(key)
        if kept is None or anew or kept[1] <= self._now():
            found = await self._ask(access)
            if isinstance(found, Unheard):
                return found
            kept = self._kept[key] = found
        return {"authorization": f"Bearer {kept[0]}"}

    def can_renew(self, access: Access) -> bool:
        """Whether another token could be had when one was refused."""
        return access.auth == "client"

    async def _ask(self, access: Access) -> tuple[str, dt.datetime] | Unheard:
        place = f"{access.issuer.rstrip('/')}/.well-known/openid-configuration"
        heard = await self._wire.ask(Asked(method="GET", url=place, headers=_JSON), _ISSUER)
        told = _read(heard, _Metadata, "the issuer does not say where tokens are to be had")
        if isinstance(told, Unheard):
            return told
        if told.issuer.rstrip("/") != access.issuer.rstrip("/"):
            return Unheard(why="the issuer calls itself by another name", not_sent=True)
        pair = f"{quote(access.client_id, safe='')}:{quote(access.secret, safe='')}"
        headers = {
            **_JSON,
            "authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "content-type": "application/x-www-form-urlencoded",
        }
        body = urlencode({"grant_type": "client_credentials"}).encode()
        asked = Asked(method="POST", url=told.token_endpoint, headers=headers, body=body)
        given = _read(await self._wire.ask(asked, _ISSUER), _Given, "the issuer gives us no token")
        if isinstance(given, Unheard):
            return given
        seconds = max(0, min(given.expires_in, _LONGEST_SECONDS))
        return given.access_token, self._now() + dt.timedelta(seconds=seconds) - _EARLY


_JSON: Final = {"accept": "application/json"}


def _credentials(access: Access) -> bytes:
    """What a token was given for: ids of connections are chosen by their owners and say nothing of who may have it."""
    parts = (access.issuer, access.client_id, access.secret)
    return hashlib.sha256(msgspec.json.encode(parts)).digest()


def _read(heard: Heard | Unheard, type_: type[T], otherwise: str) -> T | Unheard:
    """What an issuer answered. That no token was to be had means that nothing was sent to the platform."""
    if isinstance(heard, Unheard):
        return Unheard(why=f"{otherwise}: {heard.why}", not_sent=True)
    if heard.status != 200:
        return Unheard(why=f"{otherwise}: it answered {heard.status}", not_sent=True)
    try:
        return msgspec.json.decode(heard.body, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Unheard(why=f"{otherwise}: its answer cannot be read", not_sent=True)
