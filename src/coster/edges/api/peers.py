"""Connections to other platforms over HTTP: made, asked what is there, changed, removed."""

from __future__ import annotations

import os
import uuid
from typing import Annotated, Any, Final, Literal

import msgspec

from coster.domain.federation import reads
from coster.domain.federation.model import (
    Failed,
    ListWanted,
    NoteDiscovery,
    PeerView,
    PutPeer,
    RemovePeer,
    Sealed,
)
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import UNSET, EnterpriseId, Id, Made, Name, OwnId, Unset, Version, given
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.parts import Peers
from coster.edges.http.problems import Problem, not_found

_ENTROPY_BYTES: Final = 32
_URL: Final = "https://farm.example/api/dfc"
Url = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=2000,
        description="Where the platform's API begins, or the address of one enterprise there.",
        examples=[_URL],
    ),
]
Secret = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=5000,
        description="The platform's token for us, or the client's secret; it is never shown again.",
        examples=["coster_1_…"],
    ),
]
Issuer = Annotated[
    str,
    msgspec.Meta(
        max_length=2000, description="The issuer (OpenID Connect) where the client's credentials count."
    ),
]
ClientId = Annotated[str, msgspec.Meta(max_length=500, description="The client's id at the issuer.")]
Auth = Annotated[
    Literal["none", "token", "client"],
    msgspec.Meta(description="How we say who we are: not at all, with a token, or as a client of an issuer."),
]


class PeerWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hub's connection to a platform that speaks the standard. Private addresses are refused unless a setting allows them."""

    hub_id: EnterpriseId
    name: Name
    url: Url
    id: OwnId | None = None
    auth: Auth = "token"
    issuer: Issuer | None = None
    client_id: ClientId = ""
    secret: Secret | None = None


class PeerPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays, the secret as well."""

    name: Name | Unset = UNSET
    url: Url | Unset = UNSET
    auth: Auth | Unset = UNSET
    issuer: Issuer | Unset | None = UNSET
    client_id: ClientId | Unset = UNSET
    secret: Secret | Unset = UNSET


class EnterpriseFound(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise that the platform shows us: what we are known to be able to do for it, and the currencies of its prices."""

    iri: Annotated[str, msgspec.Meta(examples=[f"{_URL}/Enterprises/1"])]
    name: str
    scopes: list[str]
    currencies: list[str]


class PeerSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A connection, and what was found when the platform was last asked. The secret is not shown."""

    id: Id
    hub_id: EnterpriseId
    name: Name
    url: str
    auth: Auth
    issuer: str
    client_id: str
    status: Annotated[Literal["connected", "removed"], msgspec.Meta(description="Whether it can be used.")]
    platform: Annotated[str, msgspec.Meta(description="What the platform calls itself.")]
    protocol: str
    ontology: str
    enterprises: list[EnterpriseFound]
    discovered_at: Annotated[str, msgspec.Meta(description="When it was last asked (RFC 3339).")] | None
    version: Version


_wanted, _patch = Body(PeerWanted), Body(PeerPatch)


async def create(call: Call) -> Answer:
    """Makes a connection; nobody is asked anything yet."""
    body = await call.read(_wanted)
    peers = tools(call)
    peer_id = body.id or call.new_id("peer")
    command = PutPeer(
        peer_id=peer_id,
        hub_id=body.hub_id,
        name=body.name,
        target=await peers.judge(body.url),
        auth=body.auth,
        issuer=await peers.judge(body.issuer) if body.issuer else None,
        client_id=body.client_id,
        secret=_sealed(call, peer_id, body.secret),
        expected_version=0,
    )
    result = await commands.send(call, command)
    return commands.reply(call, result, status=201, location=f"/api/v1/peers/{peer_id}")


async def change(call: Call) -> Answer:
    """Changes a connection."""
    expected = call.expected_version
    patch = await call.read(_patch)
    now = await _find(call)
    peers = tools(call)
    changes: dict[str, Any] = {
        "name": now.name, "url": now.url, "auth": now.auth, "issuer": now.issuer or None, "client_id": now.client_id,
        "secret": None, **given(patch),
    }  # fmt: skip
    command = PutPeer(
        peer_id=now.id,
        hub_id=now.hub_id,
        name=changes["name"],
        target=await peers.judge(changes["url"]),
        auth=changes["auth"],
        issuer=await peers.judge(changes["issuer"]) if changes["issuer"] else None,
        client_id=changes["client_id"],
        secret=_sealed(call, now.id, changes["secret"]),
        expected_version=expected,
    )
    return commands.reply(call, await commands.send(call, command))


def _sealed(call: Call, peer_id: uuid.UUID, secret: str | None) -> Sealed | None:
    if secret is None:
        return None
    return tools(call).seal(call.org_id, peer_id, secret, os.urandom(_ENTROPY_BYTES))


async def list_(call: Call) -> Answer:
    """The connections of the caller's hubs."""
    query = call.read_query(PageQuery)
    wanted = ListWanted(after=paging.read("peers", query.cursor, uuid.UUID), limit=query.limit + 1)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_peers(conn, call.org_id, call.authority, wanted)
    return answer(paging.page("peers", rows, query.limit, lambda row: row, lambda row: row.id))


async def get(call: Call) -> Answer:
    """One connection."""
    found = await _find(call)
    return versioned(found, found.version)


async def delete(call: Call) -> Answer:
    """Forgets a connection and its secret."""
    return commands.reply(call, await commands.send(call, RemovePeer(peer_id=call.id())))


async def discover(call: Call) -> Answer:
    """Asks the platform now what it is, and which enterprises it shows us."""
    found = await _find(call)
    told_ = await tools(call).discover(call.org_id, found.id)
    if isinstance(told_, Failed):
        raise unreadable(told_)
    command = NoteDiscovery(
        peer_id=found.id,
        platform=told_.platform,
        protocol=told_.protocol,
        ontology=told_.ontology,
        enterprises=told_.enterprises,
    )
    shown = msgspec.to_builtins(told_.enterprises)
    result = await commands.send(call, command)
    return commands.reply(
        call, result, show=lambda value: {**value, "platform": told_.platform, "enterprises": shown}
    )


async def _find(call: Call) -> PeerView:
    wanted = ListWanted(ids=[call.id(what="connection")], limit=1)
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.list_peers(conn, call.org_id, call.authority, wanted)
    if not found:
        raise not_found("connection")
    return found[0]


def tools(call: Call) -> Peers:
    """What asks other platforms. Problem: peers_not_configured."""
    if call.parts.peers is None:
        raise Problem(
            "peers_not_configured",
            "This server has no key to keep the secrets of connections with; set COSTER_WEBHOOK_KEYS first.",
        )
    return call.parts.peers


def unreadable(failed: Failed) -> Problem:
    """A platform that could not be read, as a problem."""
    if failed.code == "peer_refused":
        return Problem("peer_refused", f"{_sentence(failed.why)} Look at the connection's secret and scopes.")
    if failed.code == "peer_unreachable":
        return Problem("peer_unreachable", f"{_sentence(failed.why)} Try again later.")
    return Problem("peer_not_understood", f"{_sentence(failed.why)} Look at the connection's address.")


def _sentence(why: str) -> str:
    return f"{why[:1].upper()}{why[1:].rstrip('.')}."


class PeerDiscovered(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform said just now."""

    id: Id
    version: Version
    platform: str
    enterprises: list[EnterpriseFound]


_READ: dict[str, Any] = {"tag": "suppliers elsewhere", "permission": "parties:read", "method": "GET"}
_WRITE: dict[str, Any] = {"tag": "suppliers elsewhere", "permission": "relations:write", "changes": True}
_PROBLEMS = ("peers_not_configured", "peer_url_refused", "not_a_hub", "peer_taken", "peer_removed")
_ASKED = ("peers_not_configured", "peer_unreachable", "peer_refused", "peer_not_understood", "peer_unknown")
OPERATIONS = (
    Operation(
        id="createPeer", method="POST", path="/api/v1/peers", summary="Connect a hub to another platform", endpoint=create,
        body=PeerWanted, answer=Made, status=201, problems=(*_PROBLEMS, "already_exists"), **_WRITE,
    ),
    Operation(
        id="listPeers", path="/api/v1/peers", summary="List connections to other platforms", endpoint=list_,
        query=PageQuery, answer=Page[PeerSeen], **_READ,
    ),
    Operation(
        id="getPeer", path="/api/v1/peers/{id}", summary="Show a connection and what was found there", endpoint=get,
        answer=PeerSeen, **_READ,
    ),
    Operation(
        id="changePeer", method="PATCH", path="/api/v1/peers/{id}", summary="Change a connection", endpoint=change,
        body=PeerPatch, answer=Made, needs_version=True, problems=_PROBLEMS, **_WRITE,
    ),
    Operation(
        id="deletePeer", method="DELETE", path="/api/v1/peers/{id}", summary="Forget a connection and its secret",
        endpoint=delete, answer=Made, problems=("peer_unknown", "peer_needed"), **_WRITE,
    ),
    Operation(
        id="discoverPeer", method="POST", path="/api/v1/peers/{id}/discoveries",
        summary="Ask a platform what it is and whom it shows us", endpoint=discover, answer=PeerDiscovered,
        problems=_ASKED, description="The platform is asked while the request waits; what it says is kept.", **_WRITE,
    ),
)  # fmt: skip
