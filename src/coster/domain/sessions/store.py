"""What deciding about sessions needs, and what it comes to; and what orders need to know of a session."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Sequence

import msgspec

from coster.domain.sessions.model import FullSession, Recurrence, Session, SessionsWrites
from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows
from coster.engine.db.connect import Connection

_q = sql.load(__file__)


async def share_sessions(
    conn: Connection, org_id: int, session_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, Session]:
    """The sessions by id (unknown ones are missing), their rows locked FOR SHARE in the order of ids until the commit.

    Closing waits for whoever holds them here, and the other way round; so what is read as open stays open until the
    caller has committed. One statement; one more only where a row changed while it was waited for.
    """
    wanted = list(session_ids)
    if not wanted:
        return {}
    rows = await _q.share_sessions(conn, org_id=org_id, ids=wanted)
    if any(row["version"] != row["read_version"] for row in rows):
        # Now that the rows are ours, nothing can change them, and a new snapshot has their hubs.
        rows = await _q.share_sessions(conn, org_id=org_id, ids=wanted)
    return {
        row["id"]: Session(
            id=row["id"],
            coordinator_id=row["coordinator_id"],
            status=row["status"],
            closes_at=row["closes_at"],
            amend_until=row["amend_until"],
            hubs=frozenset(row["hubs"]),
        )
        for row in rows
    }


def listings_asked(
    org_id: int, session_ids: Iterable[uuid.UUID], item_ids: Iterable[uuid.UUID]
) -> Question[dict[tuple[uuid.UUID, uuid.UUID], int | None]]:
    """What is listed, by (session, item): millionths per stock unit, or None where the item's own price holds.

    Ask it after `share_sessions`, which keeps listings as they are until the commit.
    """
    sessions, items = list(session_ids), list(item_ids)

    def read(rows: Rows) -> dict[tuple[uuid.UUID, uuid.UUID], int | None]:
        return {
            (uuid.UUID(row["session_id"]), uuid.UUID(row["item_id"])): row["price_micros"] for row in rows
        }

    values = {"org_id": org_id, "session_ids": sessions, "item_ids": items}
    return Question(_q.listed if sessions and items else None, values, read)


async def lock_sessions(
    conn: Connection, org_id: int, session_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, FullSession]:
    """The sessions that exist, whole, by id; their rows are locked in the order of ids. Three statements."""
    wanted = list(session_ids)
    rows = await _q.lock_sessions(conn, org_id=org_id, ids=wanted)
    hubs: dict[uuid.UUID, set[uuid.UUID]] = {}
    for row in await _q.load_hubs(conn, org_id=org_id, ids=wanted):
        hubs.setdefault(row["session_id"], set()).add(row["hub_id"])
    listings: dict[uuid.UUID, dict[uuid.UUID, int | None]] = {}
    for row in await _q.load_listings(conn, org_id=org_id, ids=wanted):
        listings.setdefault(row["session_id"], {})[row["item_id"]] = row["price_micros"]
    return {
        row["id"]: FullSession(
            **{**row, "recurrence": msgspec.convert(row["recurrence"], Recurrence | None)},
            hubs=frozenset(hubs.get(row["id"], ())),
            listings=listings.get(row["id"], {}),
        )
        for row in rows
    }


async def load_owners(
    conn: Connection, org_id: int, item_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """The owner of each of these items that exists; one statement, or none for none."""
    if not item_ids:
        return {}
    rows = await _q.load_owners(conn, org_id=org_id, ids=list(item_ids))
    return {row["id"]: row["owner_id"] for row in rows}


async def load_last(
    conn: Connection, org_id: int, series_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, dt.datetime]:
    """When the latest session of each of these series opens; one statement, or none for none."""
    if not series_ids:
        return {}
    rows = await _q.load_last(conn, org_id=org_id, series_ids=list(series_ids))
    return {row["series_id"]: row["opens_at"] for row in rows}


async def write(conn: Connection, org_id: int, writes: SessionsWrites) -> None:
    """Stores sessions with their hubs and listings; at most six statements."""
    if writes.new:
        await _q.insert_sessions(conn, org_id=org_id, **_columns(writes.new))
    if writes.changed:
        await _q.update_sessions(conn, org_id=org_id, **_columns(writes.changed))
    if writes.hubs:
        await _q.delete_hubs(conn, org_id=org_id, session_ids=[s.id for s in writes.hubs])
        pairs = sorted((s.id, hub) for s in writes.hubs for hub in s.hubs)
        await _q.insert_hubs(
            conn, org_id=org_id, session_ids=[p[0] for p in pairs], hub_ids=[p[1] for p in pairs]
        )
    if writes.listings:
        await _q.delete_listings(conn, org_id=org_id, session_ids=[s.id for s in writes.listings])
        rows = [
            (s.id, item, price)
            for s in writes.listings
            for item, price in sorted(s.listings.items(), key=_item)
        ]
        await _q.insert_listings(
            conn,
            org_id=org_id,
            session_ids=[r[0] for r in rows],
            item_ids=[r[1] for r in rows],
            prices=[r[2] for r in rows],
        )


def _columns(sessions: Sequence[FullSession]) -> dict[str, list[object]]:
    rows = sorted(sessions, key=lambda s: s.id)
    return {
        "ids": [s.id for s in rows],
        "coordinator_ids": [s.coordinator_id for s in rows],
        "names": [s.name for s in rows],
        "statuses": [s.status for s in rows],
        "opens_ats": [s.opens_at for s in rows],
        "closes_ats": [s.closes_at for s in rows],
        "amend_untils": [s.amend_until for s in rows],
        "recurrences": [s.recurrence for s in rows],
        "series_ids": [s.series_id for s in rows],
        "versions": [s.version for s in rows],
    }


def _item(listing: tuple[uuid.UUID, int | None]) -> uuid.UUID:
    return listing[0]
