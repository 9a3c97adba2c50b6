"""Requests to a peer in the language of the standard: with who we are, once more where that was refused, and the answer read.

Who we are is told to the platform's own origin and to nobody else, whatever addresses its documents name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from coster.domain.federation.model import Access
from coster.edges.dfc.client.tokens import Tokens
from coster.edges.dfc.client.transport import Asked, Heard, Patience, Unheard, Wire
from coster.edges.dfc.language import parsing, reading
from coster.edges.dfc.language.reading import Reading

ACCEPT: Final = "application/ld+json, application/json;q=0.9"
_REFUSED: Final = frozenset({401, 403})
_PORTS: Final = {"http": 80, "https": 443}


class Speaker:
    """Speaks to peers; one for a process."""

    def __init__(self, wire: Wire, tokens: Tokens) -> None:
        self._wire = wire
        self._tokens = tokens

    async def ask(self, access: Access, asked: Asked, patience: Patience) -> Heard | Unheard:
        """The answer of a peer to a request; where it did not take our token, that to the second one."""
        if not same_origin(access.url, asked.url):
            return Unheard(why="the address is not on the platform that we are connected to", not_sent=True)
        heard = await self._once(access, asked, patience, anew=False)
        if isinstance(heard, Heard) and heard.status in _REFUSED and self._tokens.can_renew(access):
            return await self._once(access, asked, patience, anew=True)
        return heard

    async def get(
        self, access: Access, url: str, patience: Patience, headers: Mapping[str, str] | None = None
    ) -> Heard | Unheard:
        """What stands at an address of a peer."""
        asked = Asked(method="GET", url=url, headers={"accept": ACCEPT, **(headers or {})})
        return await self.ask(access, asked, patience)

    async def _once(self, access: Access, asked: Asked, patience: Patience, *, anew: bool) -> Heard | Unheard:
        who = await self._tokens.headers(access, anew=anew)
        if isinstance(who, Unheard):
            return who
        whole = msgspec.structs.replace(asked, headers={**asked.headers, **who})
        return await self._wire.ask(whole, patience)


def read(heard: Heard, url: str, limits: parsing.Limits = parsing.REQUEST) -> Reading:
    """The document of an answer, with what is wrong in it."""
    return reading.read(heard.body, base=url, limits=limits)


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses are served by the same scheme, host and port."""
    return origin(one) == origin(other) != ("", "", 0)


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; empty where it is none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0


def below(place: str, *words: str) -> str:
    """The address of something under another one."""
    return "/".join([place.rstrip("/"), *words])


def whole(base: str, found: str) -> str:
    """An address that an answer names, against the one that was asked; '' where it is none."""
    try:
        return urljoin(base, found)
    except ValueError:
        return ""


def json_of(heard: Heard) -> object:
    """What stands in an answer as plain JSON; None where it is none."""
    try:
        return msgspec.json.decode(heard.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def retry_after(heard: Heard) -> float | None:
    """How many seconds the platform asks to wait, where it says a number."""
    text = heard.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
