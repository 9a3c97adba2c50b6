"""Questions about sessions, for the API and for pages. Every row is of the connection's organisation."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from coster.domain.sessions.model import ListingView, Recurrence, SessionView
from coster.engine.db import sql
from coster.engine.db.connect import Connection

_q = sql.load(__file__)


_STATUSES: Final = ["planned", "open", "closed", "ended"]
"""All that there are (schema.sql)."""


class SessionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions are wanted; what is None lets all pass. `open_at`: an instant in the session's window of sale.

    `visible_to`: hubs of which at least one sells in the session, as the asker sees no others.
    """

    hub_id: uuid.UUID | None = None
    visible_to: list[uuid.UUID] | None = None
    statuses: list[str] | None = None
    open_at: dt.datetime | None = None


async def get_session(conn: Connection, org_id: int, session_id: uuid.UUID) -> SessionView | None:
    """The session, or None where there is none of this id."""
    row = await _q.get_session(conn, org_id=org_id, id=session_id)
    return _view(row) if row else None


async def list_sessions(
    conn: Connection,
    org_id: int,
    wanted: SessionFilter,
    *,
    after: tuple[dt.datetime, uuid.UUID] | None = None,
    limit: int = 100,
) -> list[SessionView]:
    """At most so many sessions, the latest opening first; `after` is (opens_at, id) of the last one seen.

    However many there are, about as many are read as are given (ADR 0015).
    """
    opens_at, id_ = after or (None, None)
    hub_ids = wanted.visible_to if wanted.hub_id is None else [wanted.hub_id]
    statement = _q.list_sessions if hub_ids is None else _q.list_sessions_of_hubs
    given = {
        "org_id": org_id,
        "hub_ids": hub_ids,
        "visible_to": None if wanted.hub_id is None else wanted.visible_to,
        "statuses": _STATUSES if wanted.statuses is None else wanted.statuses,
        "open_at": wanted.open_at,
        "after_opens_at": opens_at,
        "after_id": id_,
        "limit": limit,
    }
    rows = await statement(conn, **{name: given[name] for name in statement.parameters})
    return [_view(row) for row in rows]


async def list_listings(
    conn: Connection, org_id: int, session_id: uuid.UUID, *, after: uuid.UUID | None = None, limit: int = 100
) -> list[ListingView]:
    """At most so many of the session's listings, by item id; `after` is the item of the last one seen."""
    rows = await _q.list_listings(conn, org_id=org_id, session_id=session_id, after_id=after, limit=limit)
    return [ListingView(**row) for row in rows]


def _view(row: Mapping[str, Any]) -> SessionView:
    return SessionView(**{**row, "recurrence": msgspec.convert(row["recurrence"], Recurrence | None)})
