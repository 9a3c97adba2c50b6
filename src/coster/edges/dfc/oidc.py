"""Bearer tokens of configured issuers (OpenID Connect): whose they are, or that they are not good.

A token is good when its issuer is one of ours, the signature is of a key that the issuer publishes, by an algorithm that we pinned for that
issuer (public-key algorithms only: `none` and shared secrets are no choice), it is meant for our audience, and it is neither over nor
too early by the machine's clock. Keys are found by discovery, kept, and asked for again when a token names one that is not known, at
most every few seconds however many such tokens come. Sources: OpenID Connect Discovery 1.0, RFC 7515, 7517, 7519, 8725, 9068.
"""

from __future__ import annotations

import asyncio
import binascii
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from coster.edges.dfc.client.transport import Asked, Heard, Patience, Wire
from coster.engine import observe

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]

_LONGEST: Final = 16_384
_LEEWAY: Final = 30
_FRESH_SECONDS: Final = 3600.0
_BETWEEN_FETCHES: Final = 5.0
_PATIENCE: Final = Patience(total_seconds=5.0, connect_seconds=3.0, most_bytes=1_000_000)


class NotUnderstoodError(ValueError):
    """COSTER_DFC_ISSUERS does not fit; the message says what is wrong."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of COSTER_DFC_ISSUERS: who issues, for which audience, into which organisation of ours its tokens lead."""

    issuer: Annotated[str, msgspec.Meta(min_length=8, pattern="^https?://")]
    audience: Annotated[str, msgspec.Meta(min_length=1)]
    organisation: Annotated[int, msgspec.Meta(ge=1)] = 1
    algorithms: Annotated[tuple[Algorithm, ...], msgspec.Meta(min_length=1)] = ("RS256",)
    emails: Literal["verified", "all"] = "verified"
    """Whose mail addresses are believed: those that a token calls verified, or (of an issuer that verifies all and says nothing) all that
    it does not call unverified."""


def issuers_of(setting: str) -> list[Issuer]:
    """The issuers of the setting, a JSON list; none where it is empty. Raises NotUnderstoodError."""
    if not setting.strip():
        return []
    try:
        return msgspec.json.decode(setting, type=list[Issuer])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotUnderstoodError(f"COSTER_DFC_ISSUERS: {error}") from None


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """A good token: the organisation, and by which identities (kind and value, the likeliest first) its holder may be known there.

    `scopes`: those of the standard that the token names, to which it is held; None where it names none.
    """

    org_id: int
    issuer: str
    identities: tuple[tuple[str, str], ...]
    scopes: frozenset[str] | None
    until: float


class NotGoodError(Exception):
    """The token is none of ours, or not good. Why is for the log; whoever sent it hears only that it is not."""


class _Keys:
    """The keys of one issuer, as it last published them."""

    def __init__(self, issuer: str, wire: Wire, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._wire = wire
        self._clock = clock
        self._set: KeySet | None = None
        self._asked_at = -_FRESH_SECONDS
        self._turn = asyncio.Lock()

    async def having(self, kid: str | None) -> KeySet:
        """The keys; asked for anew where none has this id. Raises NotGoodError where they cannot be had."""
        if not self._has(kid) or self._age() > _FRESH_SECONDS:
            async with self._turn:
                # Who waited for another's question has its answer.
                if (not self._has(kid) or self._age() > _FRESH_SECONDS) and self._age() > _BETWEEN_FETCHES:
                    self._asked_at = self._clock()
                    self._set = await self._fetched() or self._set
        if self._set is None:
            raise NotGoodError("the issuer's keys cannot be had")
        return self._set

    def _age(self) -> float:
        return self._clock() - self._asked_at

    def _has(self, kid: str | None) -> bool:
        if self._set is None:
            return False
        return any(key.kid == kid for key in self._set.keys) if kid else len(self._set.keys) == 1

    async def _fetched(self) -> KeySet | None:
        place = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        told = await self._json(place)
        if not isinstance(told, dict) or str(told.get("issuer", "")).rstrip("/") != self._issuer.rstrip("/"):
            observe.log.warning("issuer_without_discovery", issuer=self._issuer)
            return None
        published = await self._json(str(told.get("jwks_uri", "")))
        keys = published.get("keys") if isinstance(published, dict) else None
        if not isinstance(keys, list):
            observe.log.warning("issuer_without_keys", issuer=self._issuer)
            return None
        return _of(keys)

    async def _json(self, url: str) -> Any:
        heard = await self._wire.ask(
            Asked(method="GET", url=url, headers={"accept": "application/json"}), _PATIENCE
        )
        if not isinstance(heard, Heard) or heard.status != 200:
            why = heard.status if isinstance(heard, Heard) else heard.why
            observe.log.warning("issuer_not_reached", issuer=self._issuer, why=why)
            return None
        try:
            return msgspec.json.decode(heard.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


def _of(keys: Sequence[Any]) -> KeySet:
    """The public keys for signatures among those published; of others (for encryption, of kinds that we do not know) none is taken."""
    found = KeySet([])
    for key in keys:
        if (
            isinstance(key, dict)
            and key.get("use", "sig") == "sig"
            and key.get("kty") in ("RSA", "EC", "OKP")
        ):
            try:
                found.keys.extend(KeySet.import_key_set({"keys": [key]}).keys)
            except (JoseError, ValueError, KeyError, TypeError):
                continue
    return found


class Issuers:
    """All issuers whose tokens we take; `clock` counts seconds for keeping keys, `now` is the time of day in seconds."""

    def __init__(
        self,
        issuers: Sequence[Issuer],
        wire: Wire,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._issuers = list(issuers)
        self._keys = {one.issuer: _Keys(one.issuer, wire, clock) for one in issuers}
        self._now = now

    def __bool__(self) -> bool:
        return bool(self._issuers)

    async def judge(self, token: str) -> Bearer:
        """Whose token it is. Raises NotGoodError."""
        header, claims = _parts(token)
        named = [one for one in self._issuers if one.issuer == claims.get("iss")]
        audiences = _texts(claims.get("aud"))
        meant = [one for one in named if one.audience in audiences]
        if not meant:
            raise NotGoodError("meant for another audience" if named else "of an issuer that is not ours")
        algorithm, kid = header.get("alg"), header.get("kid")
        allowed = [one for one in meant if algorithm in one.algorithms]
        if not allowed:
            raise NotGoodError("signed by an algorithm that is not pinned")
        if "crit" in header or not isinstance(kid, str | None):
            raise NotGoodError("has a header that is not understood")
        keys = await self._keys[allowed[0].issuer].having(kid)
        try:
            sure = jwt.decode(token, keys, algorithms=list(allowed[0].algorithms)).claims
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise NotGoodError(f"not signed by the issuer: {type(error).__name__}") from None
        return _bearer(allowed[0], sure, self._now())


def _bearer(issuer: Issuer, claims: Mapping[str, Any], now: float) -> Bearer:
    until, since = claims.get("exp"), claims.get("nbf", claims.get("iat", 0))
    if not isinstance(until, int | float) or not isinstance(since, int | float):
        raise NotGoodError("says not until when it is good")
    if now >= until + _LEEWAY or since > now + _LEEWAY:
        raise NotGoodError("over, or not good yet")
    identities = tuple(_identities(claims, silence=issuer.emails == "all"))
    if not identities:
        raise NotGoodError("names nobody")
    scopes = frozenset(_texts(claims.get("scope"))) & _SCOPES
    return Bearer(
        org_id=issuer.organisation,
        issuer=issuer.issuer,
        identities=identities,
        scopes=scopes or None,
        until=float(until) + _LEEWAY,
    )


_SCOPES: Final = frozenset(
    ("ReadEnterprise", "WriteEnterprise", "ReadProducts", "WriteProducts", "ReadOrders", "WriteOrders")
)


def _identities(claims: Mapping[str, Any], *, silence: bool) -> list[tuple[str, str]]:
    """By what the holder may be known; `silence`: what is not said of a mail address means that it is verified.

    A client only where the token speaks for the client itself (RFC 9068 §2.2): a person who used the client must never act as the platform.
    """
    found: list[tuple[str, str]] = []
    email, subject = claims.get("email"), claims.get("sub")
    if isinstance(email, str) and email and claims.get("email_verified", silence) is True:
        found.append(("email", email.lower()))
    if isinstance(subject, str) and subject:
        found.append(("subject", subject))
    client = claims.get("client_id", claims.get("azp"))
    if isinstance(client, str) and client and _is_of_client(claims, client):
        found.append(("client", client))
    return found


def _is_of_client(claims: Mapping[str, Any], client: str) -> bool:
    if claims.get("sub") in (None, client):
        return True
    if any(name in claims for name in ("email", "sid", "session_state", "auth_time", "nonce")):
        return False
    # Keycloak tells the account that stands for a client by this name, and gives `client_id` to nobody else.
    return claims.get("preferred_username", f"service-account-{client}") == f"service-account-{client}" and (
        "client_id" in claims
    )


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, of which nothing is believed yet."""
    if len(token) > _LONGEST:
        raise NotGoodError("too long")
    pieces = token.split(".")
    if len(pieces) != 3:
        raise NotGoodError("no signed token")
    header, claims = (_decoded(piece) for piece in pieces[:2])
    return header, claims


def _decoded(piece: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        raise NotGoodError("no signed token") from None
    if not isinstance(found, dict):
        raise NotGoodError("no signed token")
    return found
