"""Questions about keys: who calls, and which keys there are. Nothing here gives a hash away."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from coster.domain.identity.model import (
    SCOPES,
    AccessView,
    AccessWanted,
    Caller,
    Contact,
    Grant,
    Identity,
    KeyView,
    Listener,
    Permitted,
    PlatformView,
    Sealed,
    authority_of,
)
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel import ids
from coster.kernel.authority import Authority

_q = sql.load(__file__)


async def authenticate(conn: Connection, org_id: int, secret_hash: bytes, at: dt.datetime) -> Caller | None:
    """Who holds the key with this hash; None where it is unknown, revoked or expired at the instant."""
    rows = await _q.authenticate(conn, org_id=org_id, secret_hash=secret_hash, at=at)
    if not rows:
        return None
    grants = [(row["role"], _scope(row["enterprise_id"])) for row in rows]
    return Caller(key_id=rows[0]["id"], name=rows[0]["name"], authority=authority_of(grants))


async def find_identity(
    conn: Connection, org_id: int, issuer: str, identities: Sequence[tuple[str, str]], at: dt.datetime
) -> Caller | None:
    """The valid key that belongs to the first of these identities (kind, value) that an issuer vouches for and that is known."""
    kinds, values = [kind for kind, _ in identities], [value for _, value in identities]
    rows = await _q.find_identities(conn, org_id=org_id, issuer=issuer, kinds=kinds, values=values, at=at)
    for kind, value in identities:
        mine = [row for row in rows if (row["kind"], row["value"]) == (kind, value)]
        if mine:
            grants = [(row["role"], _scope(row["enterprise_id"])) for row in mine]
            return Caller(key_id=mine[0]["id"], name=mine[0]["name"], authority=authority_of(grants))
    return None


async def list_platforms(
    conn: Connection, org_id: int, *, after: uuid.UUID | None = None, limit: int = 100
) -> list[PlatformView]:
    """Platforms by id, revoked ones too; for who manages the organisation."""
    rows = await _q.list_platforms(conn, org_id=org_id, after=after, platform_id=None, limit=limit)
    return [_platform(row) for row in rows]


async def get_platform(conn: Connection, org_id: int, platform_id: uuid.UUID) -> PlatformView | None:
    """One platform; for who manages the organisation."""
    rows = await _q.list_platforms(conn, org_id=org_id, after=None, platform_id=platform_id, limit=1)
    return _platform(rows[0]) if rows else None


async def permitted(
    conn: Connection, org_id: int, enterprise_id: uuid.UUID, platform_id: uuid.UUID | None = None
) -> list[Permitted]:
    """All platforms (or one) by id, with what the enterprise lets each do, perhaps nothing; the caller has looked who asks."""
    rows = await _q.list_permitted(conn, org_id=org_id, enterprise_id=enterprise_id, platform_id=platform_id)
    found = []
    for row in rows:
        told = dict(row)
        roles = told.pop("roles")
        found.append(Permitted(**told, scopes=tuple(one for one in SCOPES if one in roles)))
    return found


async def listeners(conn: Connection, org_id: int, enterprise_ids: Collection[uuid.UUID]) -> list[Listener]:
    """Who is told of changes at these enterprises, by platform, enterprise and scope; for the machinery."""
    rows = await _q.list_listeners(conn, org_id=org_id, enterprise_ids=list(enterprise_ids))
    return [
        Listener(
            platform_id=row["platform_id"],
            enterprise_id=row["enterprise_id"],
            scope=row["scope"],
            events_url=row["events_url"],
            secret=Sealed(key=row["secret_key"], salt=row["secret_salt"], box=row["secret_box"])
            if row["secret_key"]
            else None,
        )
        for row in rows
    ]


async def organisations_with_listeners(conn: Connection, *, every: bool = False) -> dict[int, int]:
    """The organisations in which anybody is told of changes (or every one), with the number of the latest event of each."""
    rows = await _q.organisations_with_listeners(conn, every=every)
    return {row["org_id"]: row["n"] for row in rows}


def _platform(row: Any) -> PlatformView:
    told = {**row, "identities": msgspec.convert(row["identities"] or [], tuple[Identity, ...])}
    return PlatformView(**told)


async def list_keys(
    conn: Connection, org_id: int, authority: Authority, *, after: uuid.UUID | None = None, limit: int = 100
) -> list[KeyView]:
    """The keys of which the asker manages a grant, revoked and expired ones too, by id; those after an id."""
    rows = await _q.list_keys(
        conn, org_id=org_id, after=after, key_id=None, scope=_managed(authority), limit=limit
    )
    return [_view(row) for row in rows]


async def get_key(conn: Connection, org_id: int, authority: Authority, key_id: uuid.UUID) -> KeyView | None:
    """One key; None where it does not exist or is none of the asker's business."""
    rows = await _q.list_keys(
        conn, org_id=org_id, after=None, key_id=key_id, scope=_managed(authority), limit=1
    )
    return _view(rows[0]) if rows else None


async def names_of_keys(
    conn: Connection, org_id: int, authority: Authority, ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, str]:
    """What API keys are called, of which the asker manages a grant; others are left out."""
    scope = _managed(authority)
    if not ids or scope == []:
        return {}
    rows = await _q.names_of_keys(conn, org_id=org_id, ids=list(ids), scope=scope)
    return {row["id"]: row["name"] for row in rows}


async def list_access(conn: Connection, org_id: int, wanted: AccessWanted) -> list[AccessView]:
    """Who saw which customer's personal data, latest first; for who manages the organisation."""
    rows = await _q.list_access(conn, org_id=org_id, **msgspec.structs.asdict(wanted))
    return [AccessView(**row) for row in rows]


def _managed(authority: Authority) -> list[uuid.UUID] | None:
    scope = authority.scope("keys:manage")
    return None if scope is None else list(scope)


def _view(row: Any) -> KeyView:
    pairs = zip(row["roles"], row["enterprise_ids"], strict=True)
    return KeyView(
        id=row["id"],
        name=row["name"],
        hint=row["hint"],
        grants=tuple(Grant(role=role, enterprise_id=_scope(enterprise)) for role, enterprise in pairs),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


def _scope(enterprise_id: uuid.UUID) -> uuid.UUID | None:
    return None if enterprise_id == ids.NIL else enterprise_id


async def get_contact(conn: Connection, org_id: int, key_id: uuid.UUID) -> Contact:
    """Where the holder of a key that the asker has been shown is written to; where nobody has said it, nowhere."""
    for row in await _q.load_contacts(conn, org_id=org_id, key_ids=[key_id]):
        return Contact(**row)
    return Contact(key_id=key_id, email="", language="en", version=0)


async def addresses(
    conn: Connection, org_id: int, key_ids: Collection[uuid.UUID], at: dt.datetime
) -> dict[uuid.UUID, tuple[str, str]]:
    """E-mail address and language of those of these keys that are valid and have one; nobody is shown them."""
    rows = await _q.find_addresses(conn, org_id=org_id, key_ids=list(key_ids), at=at)
    return {row["key_id"]: (row["email"], row["language"]) for row in rows}
