"""Questions about keys: who calls, and which keys there are. Nothing here gives a hash away."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

import msgspec

from coster.domain.identity.model import AccessView, AccessWanted, Caller, Grant, KeyView, authority_of
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
