"""Questions about flows as an organisation has them: versions, drafts, pins, moves. None knows of rights."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.flows.model import MovedView, MoveView, PinView, VersionView
from coster.engine.workflow.tables import Key
from coster.kernel import ids

_q = sql.load(__file__)
_LAST = 2**31 - 1


async def list_versions(conn: Connection, org_id: int, name: str) -> list[VersionView]:
    """The organisation's own drafts and versions of a name, the highest number first, without their texts."""
    rows = await _q.list_versions(conn, org_id=org_id, name=name, wanted=None, only=None)
    return [VersionView(**row) for row in rows]


async def get_version(conn: Connection, org_id: int, name: str, version: int) -> VersionView | None:
    """One of them with its text; None where there is none."""
    rows = await _q.list_versions(conn, org_id=org_id, name=name, wanted=version, only=version)
    return VersionView(**rows[0]) if rows else None


async def all_drafts(conn: Connection, org_id: int) -> list[Key]:
    """Names and numbers of all drafts, in order."""
    return [(row["name"], row["version"]) for row in await _q.all_drafts(conn, org_id=org_id)]


async def pin_numbers(conn: Connection, org_id: int) -> dict[str, int]:
    """How many pins each name has, which is the number of the one that counts."""
    return {row["name"]: row["n"] for row in await _q.pin_numbers(conn, org_id=org_id)}


async def list_pins(
    conn: Connection, org_id: int, name: str, *, before: int | None = None, limit: int = 100
) -> list[PinView]:
    """The pins of a name, the one that counts first, then what was before, from before a number on."""
    rows = await _q.list_pins(
        conn, org_id=org_id, name=name, before=_LAST if before is None else before, count=limit
    )
    return [PinView(**row) for row in rows]


async def list_moves(
    conn: Connection,
    org_id: int,
    *,
    name: str | None = None,
    before: tuple[dt.datetime, uuid.UUID] | None = None,
    limit: int = 100,
) -> list[MoveView]:
    """Moves, the latest first, from before one of them on."""
    at, id_ = before or (None, None)
    rows = await _moves(conn, org_id, only=None, name=name, before_at=at, before_id=id_, count=limit)
    return [MoveView(**row) for row in rows]


async def get_move(conn: Connection, org_id: int, move_id: uuid.UUID) -> MoveView | None:
    """One move; None where there is none."""
    rows = await _moves(conn, org_id, only=move_id, name=None, before_at=None, before_id=None, count=1)
    return MoveView(**rows[0]) if rows else None


async def _moves(conn: Connection, org_id: int, **asked: Any) -> Any:
    return await _q.list_moves(conn, org_id=org_id, **asked)


async def list_moved(
    conn: Connection, org_id: int, move_id: uuid.UUID, *, after: uuid.UUID | None = None, limit: int = 100
) -> list[MovedView]:
    """What a move did to each entity so far, in the order of their ids, after one of them."""
    rows = await _q.list_moved(conn, org_id=org_id, move_id=move_id, after=after or ids.NIL, count=limit)
    return [MovedView(**row) for row in rows]


async def hidden(conn: Connection, shipped: Iterable[Key]) -> list[tuple[int, str, int]]:
    """Of all organisations the versions of theirs that hide one of these, which are shipped: organisation, name and number."""
    keys = sorted(shipped)
    names, versions = [name for name, _ in keys], [version for _, version in keys]
    rows = await _q.hidden(conn, names=names, versions=versions)
    return [(row["org_id"], row["name"], row["version"]) for row in rows]
