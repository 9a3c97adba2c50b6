"""API keys over HTTP: made (the secret is shown once), listed, revoked."""

from __future__ import annotations

import hashlib
import os
import uuid
from typing import Annotated, Any

import msgspec

from coster.domain.identity import reads
from coster.domain.identity.model import (
    SECRET_BYTES,
    Contact,
    CreateKey,
    Grant,
    KeyView,
    PutContact,
    RevokeKey,
    Role,
    new_token,
)
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import Id, Instant, Made, Version, in_utc
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found
from coster.kernel.outcome import Accepted

_LIST = "keys"


class GrantGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role, for one enterprise or (without one) for the whole organisation."""

    role: Annotated[
        Role, msgspec.Meta(description="What the key may do; docs/reference/roles.md.", examples=["shop"])
    ]
    enterprise_id: Id | None = None


class KeyWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new key. Nobody can hand out more than they may do themselves."""

    name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=100, description="For people.", examples=["Web shop"])
    ]
    grants: Annotated[list[GrantGiven], msgspec.Meta(min_length=1, max_length=1000)]
    expires_at: Instant | None = None


class KeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """The new key. `token` is shown this once; a repeat of the request is answered with null."""

    id: Id
    version: Version
    token: Annotated[str | None, msgspec.Meta(description="What goes after `Authorization: Bearer`.")]


class ContactWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the holder of a key is written to, where letters are sent at all; without an address, nowhere."""

    email: Annotated[
        str, msgspec.Meta(max_length=254, description="Personal data.", examples=["lead@example.org"])
    ] = ""
    language: Annotated[
        str,
        msgspec.Meta(
            max_length=12,
            description="The language of letters (BCP 47); the fallback is English.",
            examples=["de"],
        ),
    ] = "en"


_wanted, _contact = Body(KeyWanted), Body(ContactWanted)


async def create(call: Call) -> Answer:
    """Makes a key."""
    body = await call.read(_wanted)
    token = new_token(call.org_id, os.urandom(SECRET_BYTES))
    grants = [Grant(role=grant.role, enterprise_id=grant.enterprise_id) for grant in body.grants]
    command = CreateKey(
        key_id=call.new_id("key"),
        name=body.name,
        secret_hash=hashlib.sha256(token.encode()).digest(),
        hint=token[-4:],
        grants=grants,
        expires_at=in_utc(body.expires_at),
    )
    result = await commands.send(call, command)
    shown = None if result.repeated or call.dry_run else token

    def show(value: Any) -> Any:
        return {**value, "token": shown}

    location = f"/api/v1/keys/{command.key_id}" if isinstance(result.outcome, Accepted) else None
    return commands.reply(call, result, status=201, show=show, location=location)


async def list_(call: Call) -> Answer:
    """The keys that the caller manages."""
    query = call.read_query(PageQuery)
    after = paging.read(_LIST, query.cursor, uuid.UUID)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_keys(conn, call.org_id, call.authority, after=after, limit=query.limit + 1)
    return answer(paging.page(_LIST, rows, query.limit, _as_it_is, lambda key: key.id))


async def get(call: Call) -> Answer:
    """One key, without its secret."""
    async with call.parts.database.read(call.org_id) as conn:
        key = await reads.get_key(conn, call.org_id, call.authority, call.id())
    if key is None:
        raise not_found("key")
    return answer(key)


async def revoke(call: Call) -> Answer:
    """Ends a key at once."""
    result = await commands.send(call, RevokeKey(key_id=call.id()))
    if not call.dry_run:
        call.parts.authenticator.forget()
    return commands.reply(call, result)


async def get_contact(call: Call) -> Answer:
    """Where the holder of a key is written to."""
    async with call.parts.database.read(call.org_id) as conn:
        key = await reads.get_key(conn, call.org_id, call.authority, call.id())
        if key is None:
            raise not_found("key")
        found = await reads.get_contact(conn, call.org_id, key.id)
    return versioned(found, found.version)


async def put_contact(call: Call) -> Answer:
    """Says where the holder of a key is written to."""
    body = await call.read(_contact)
    command = PutContact(key_id=call.id(), email=body.email, language=body.language)
    return commands.reply(call, await commands.send(call, command))


def _as_it_is(key: KeyView) -> KeyView:
    return key


_MANAGE: dict[str, Any] = {"tag": "keys", "permission": "keys:manage"}
OPERATIONS = (
    Operation(
        id="createKey",
        method="POST",
        path="/api/v1/keys",
        summary="Make an API key",
        endpoint=create,
        body=KeyWanted,
        answer=KeyMade,
        problems=("key_exists",),
        status=201,
        changes=True,
        **_MANAGE,
    ),
    Operation(
        id="listKeys",
        method="GET",
        path="/api/v1/keys",
        summary="List API keys",
        endpoint=list_,
        query=PageQuery,
        answer=Page[KeyView],
        **_MANAGE,
    ),
    Operation(
        id="getKey",
        method="GET",
        path="/api/v1/keys/{id}",
        summary="Show an API key",
        endpoint=get,
        answer=KeyView,
        **_MANAGE,
    ),
    Operation(
        id="revokeKey",
        method="DELETE",
        path="/api/v1/keys/{id}",
        summary="Revoke an API key",
        endpoint=revoke,
        answer=Made,
        problems=("key_unknown", "last_owner_key"),
        changes=True,
        description="It stops working at once, everywhere. The last key of an owner cannot be revoked.",
        **_MANAGE,
    ),
    Operation(
        id="getKeyContact",
        method="GET",
        path="/api/v1/keys/{id}/contact",
        summary="Show where the holder of a key is written to",
        endpoint=get_contact,
        answer=Contact,
        **_MANAGE,
    ),
    Operation(
        id="putKeyContact",
        method="PUT",
        path="/api/v1/keys/{id}/contact",
        summary="Say where the holder of a key is written to",
        endpoint=put_contact,
        body=ContactWanted,
        answer=Made,
        problems=("key_unknown",),
        changes=True,
        description="Approvers are told by mail when an order waits for them. An empty address erases it.",
        **_MANAGE,
    ),
)
