"""Other platforms over our own API: registered, changed, and given scopes by enterprises."""

from __future__ import annotations

import hashlib
import os
import uuid
from typing import Annotated, Any

import msgspec

from coster.domain.identity import reads
from coster.domain.identity.model import (
    SCOPES,
    SECRET_BYTES,
    Identity,
    IdentityKind,
    LinkIdentities,
    PlatformView,
    PutPlatform,
    Scope,
    Sealed,
    SetScopes,
    new_token,
)
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import UNSET, EnterpriseId, Id, Instant, Made, Unset, Version, given
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import Problem, not_found
from coster.engine.webhooks import sealing
from coster.kernel.outcome import Accepted

_LIST = "platforms"

Label = Annotated[
    str, msgspec.Meta(min_length=1, max_length=100, description="For people.", examples=["Hub A's platform"])
]
Url = Annotated[
    str,
    msgspec.Meta(
        max_length=2000,
        pattern="^(https?://[!-~]+)?$",
        description="An address, or nothing.",
        examples=["https://hub.example/api/dfc/webid#me"],
    ),
]


class IdentityTold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom an issuer of tokens means: a client, or a person by e-mail or by the issuer's own id."""

    issuer: Annotated[
        str, msgspec.Meta(min_length=1, max_length=2000, examples=["https://login.example/realms/food"])
    ]
    kind: Annotated[IdentityKind, msgspec.Meta(examples=["client"])]
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=320, examples=["hub-a"])]


EventsToken = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=4000,
        pattern="^[!-~]+$",
        description="What that address wants after `Authorization: Bearer`; kept sealed, and never shown.",
        examples=["coster_1_0000000000000000000000000000000000000000000"],
    ),
]
Identities = Annotated[list[IdentityTold], msgspec.Meta(max_length=50)]


class PlatformWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A platform that may call /api/dfc, and may do nothing there until an enterprise gives it scopes."""

    name: Label
    profile: Url = ""
    events_url: Annotated[
        str,
        msgspec.Meta(
            max_length=2000,
            pattern="^(https?://[!-~]+)?$",
            description="Where it is told that something has changed.",
            examples=["https://hub.example/api/dfc/events"],
        ),
    ] = ""
    events_token: EventsToken | None = None
    identities: Identities = []
    token: Annotated[
        bool, msgspec.Meta(description="true: with a token of ours, beside those of its issuer.")
    ] = False


class PlatformPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays."""

    name: Label | Unset = UNSET
    profile: Url | Unset = UNSET
    events_url: Url | Unset = UNSET
    events_token: EventsToken | Unset = UNSET
    identities: Identities | Unset = UNSET


class PlatformMade(msgspec.Struct, frozen=True, kw_only=True):
    """The new platform. `token` is shown this once, where one was asked for."""

    id: Id
    version: Version
    token: Annotated[str | None, msgspec.Meta(description="What goes after `Authorization: Bearer`.")]


class PlatformSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A platform; its id is its key's."""

    id: Id
    name: Label
    profile: Url
    events_url: Url
    identities: list[IdentityTold]
    revoked_at: Instant | None
    version: Version


class ScopesWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an enterprise lets the platform do from now on: these scopes and no others."""

    enterprise_id: EnterpriseId
    scopes: Annotated[
        list[Scope],
        msgspec.Meta(max_length=6, examples=[["read_enterprise", "read_products", "write_orders"]]),
    ]


class IdentitiesWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By which accounts of issuers the key is known from now on."""

    identities: Identities


_wanted, _patch = Body(PlatformWanted), Body(PlatformPatch)
_scopes, _identities = Body(ScopesWanted), Body(IdentitiesWanted)


async def create(call: Call) -> Answer:
    """Registers a platform."""
    body = await call.read(_wanted)
    token = new_token(call.org_id, os.urandom(SECRET_BYTES))
    platform_id = call.new_id("platform")
    command = PutPlatform(
        platform_id=platform_id,
        name=body.name,
        profile=body.profile,
        events_url=body.events_url,
        identities=_told(body.identities),
        # Without a token of ours the hash is that of one which nobody has ever seen.
        secret_hash=hashlib.sha256(token.encode()).digest(),
        hint=token[-4:] if body.token else "",
        events_secret=_sealed(call, platform_id, body.events_token),
        expected_version=0,
    )
    result = await commands.send(call, command)
    shown = token if body.token and not result.repeated and not call.dry_run else None

    def show(value: Any) -> Any:
        return {**value, "token": shown}

    location = f"/api/v1/platforms/{platform_id}" if isinstance(result.outcome, Accepted) else None
    return commands.reply(call, result, status=201, show=show, location=location)


async def list_(call: Call) -> Answer:
    """All platforms, revoked ones too."""
    query = call.read_query(PageQuery)
    _demand(call)
    after = paging.read(_LIST, query.cursor, uuid.UUID)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_platforms(conn, call.org_id, after=after, limit=query.limit + 1)
    return answer(paging.page(_LIST, rows, query.limit, _as_it_is, lambda one: one.id))


async def get(call: Call) -> Answer:
    """One platform."""
    _demand(call)
    found = await _find(call)
    return versioned(found, found.version)


async def change(call: Call) -> Answer:
    """Changes what is known of a platform; never what it may do."""
    expected = call.expected_version
    _demand(call)
    patch = await call.read(_patch)
    changes = given(patch)
    now = await _find(call)
    if "events_token" in changes:
        changes["events_secret"] = _sealed(call, now.id, changes.pop("events_token"))
    if "identities" in changes:
        changes["identities"] = _told(changes["identities"])
    command = PutPlatform(
        platform_id=now.id,
        name=now.name,
        profile=now.profile,
        events_url=now.events_url,
        identities=list(now.identities),
        expected_version=expected,
    )
    result = await commands.send(call, msgspec.structs.replace(command, **changes))
    call.parts.authenticator.forget()
    return commands.reply(call, result)


async def set_scopes(call: Call) -> Answer:
    """Gives and takes scopes."""
    body = await call.read(_scopes)
    command = SetScopes(
        platform_id=call.id(),
        enterprise_id=body.enterprise_id,
        scopes=[scope for scope in SCOPES if scope in body.scopes],
    )
    result = await commands.send(call, command)
    if not call.dry_run:
        call.parts.authenticator.forget()
    return commands.reply(call, result)


async def link(call: Call) -> Answer:
    """Says by which accounts a key is known."""
    body = await call.read(_identities)
    result = await commands.send(call, LinkIdentities(key_id=call.id(), identities=_told(body.identities)))
    if not call.dry_run:
        call.parts.authenticator.forget()
    return commands.reply(call, result)


def _told(identities: list[IdentityTold]) -> list[Identity]:
    """E-mail addresses in small letters, as tokens are compared with them."""
    return [
        Identity(
            issuer=one.issuer, kind=one.kind, value=one.value.lower() if one.kind == "email" else one.value
        )
        for one in identities
    ]


def _sealed(call: Call, platform_id: uuid.UUID, token: str | None) -> Sealed | None:
    """The token as it is stored. Problem: webhooks_not_configured, where this server has no keys to seal it with."""
    if token is None:
        return None
    if call.parts.webhooks is None:
        raise Problem(
            "webhooks_not_configured", "Without COSTER_WEBHOOK_KEYS this server can keep no secret of others."
        )
    keyring = call.parts.webhooks.keyring
    seed, box = sealing.seal(keyring, (call.org_id, platform_id), token, os.urandom(32))
    return Sealed(key=seed.key, salt=seed.salt, box=box)


def _demand(call: Call) -> None:
    """A key that manages the organisation only for an enterprise of it sees no platform of the others."""
    if not call.authority.allows("org:manage"):
        raise Problem("not_permitted", "Platforms are the organisation's; an owner of it sees them.")


async def _find(call: Call) -> PlatformView:
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.get_platform(conn, call.org_id, call.id())
    if found is None:
        raise not_found("platform")
    return found


def _as_it_is(platform: PlatformView) -> PlatformView:
    return platform


_MANAGE: dict[str, Any] = {"tag": "platforms", "permission": "org:manage"}
OPERATIONS = (
    Operation(
        id="createPlatform",
        method="POST",
        path="/api/v1/platforms",
        summary="Register a platform",
        endpoint=create,
        body=PlatformWanted,
        answer=PlatformMade,
        problems=("identity_taken", "key_exists", "already_exists", "webhooks_not_configured"),
        status=201,
        changes=True,
        **_MANAGE,
    ),
    Operation(
        id="listPlatforms",
        method="GET",
        path="/api/v1/platforms",
        summary="List platforms",
        endpoint=list_,
        query=PageQuery,
        answer=Page[PlatformSeen],
        **_MANAGE,
    ),
    Operation(
        id="getPlatform",
        method="GET",
        path="/api/v1/platforms/{id}",
        summary="Show a platform",
        endpoint=get,
        answer=PlatformSeen,
        **_MANAGE,
    ),
    Operation(
        id="changePlatform",
        method="PATCH",
        path="/api/v1/platforms/{id}",
        summary="Change a platform",
        endpoint=change,
        body=PlatformPatch,
        answer=Made,
        problems=("identity_taken", "webhooks_not_configured"),
        changes=True,
        needs_version=True,
        **_MANAGE,
    ),
    Operation(
        id="setScopes",
        method="PUT",
        path="/api/v1/platforms/{id}/scopes",
        summary="Say what a platform may do for an enterprise",
        endpoint=set_scopes,
        body=ScopesWanted,
        answer=Made,
        problems=("platform_unknown",),
        changes=True,
        description="Nothing is allowed unless an enterprise says so here. It takes effect at once.",
        tag="platforms",
        permission="keys:manage",
    ),
    Operation(
        id="linkIdentities",
        method="PUT",
        path="/api/v1/keys/{id}/identities",
        summary="Say by which accounts of issuers a key is known",
        endpoint=link,
        body=IdentitiesWanted,
        answer=Made,
        problems=("key_unknown", "identity_taken"),
        changes=True,
        description="Whoever comes with a good token of such an account acts as this key, below /api/dfc.",
        **_MANAGE,
    ),
)
