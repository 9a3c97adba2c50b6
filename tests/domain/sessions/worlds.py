"""Small values for the tests of sessions: instants, sessions, commands, a state that moves on with what is written."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from coster.domain.sessions.model import (
    FullSession,
    Listing,
    PutSession,
    Recurrence,
    SessionsState,
    SessionsWrites,
)
from coster.kernel.authority import SYSTEM, Authority
from coster.kernel.message import Command

DAY = dt.timedelta(days=1)
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
HUB_A, HUB_B, JEAN, STRANGER = (uuid.UUID(int=n) for n in (1, 2, 3, 4))
CARROTS, HONEY, BREAD = (uuid.UUID(int=n) for n in (11, 12, 13))
SESSION = uuid.UUID(int=21)
ACTOR = uuid.UUID(int=31)


def put(**changes: Any) -> PutSession:
    """A session of hub A from noon for two days, amendable for one more."""
    given = {
        "session_id": SESSION,
        "coordinator_id": HUB_A,
        "name": "Week 48",
        "opens_at": NOON,
        "closes_at": NOON + 2 * DAY,
        "amend_until": NOON + 3 * DAY,
    }
    return PutSession(**{**given, **changes})


def command(
    body: Any, at: dt.datetime = NOON - DAY, *, authority: Authority = SYSTEM, number: int = 0
) -> Command[Any]:
    """The body as a command at an instant."""
    id_ = uuid.uuid5(uuid.NAMESPACE_OID, f"{body}{at}{number}")
    return Command(id=id_, org_id=1, actor=ACTOR, at=at, body=body, authority=authority)


def session(**changes: Any) -> FullSession:
    """The session of `put`, as it stands when planned."""
    given = {
        "id": SESSION,
        "coordinator_id": HUB_A,
        "name": "Week 48",
        "status": "planned",
        "opens_at": NOON,
        "closes_at": NOON + 2 * DAY,
        "amend_until": NOON + 3 * DAY,
        "recurrence": None,
        "series_id": None,
        "version": 1,
        "hubs": frozenset({HUB_A}),
        "listings": {},
    }
    return FullSession(**{**given, **changes})


def weekly(rrule: str = "FREQ=WEEKLY", timezone: str = "Europe/Berlin") -> Recurrence:
    """A rule in a time zone."""
    return Recurrence(rrule=rrule, timezone=timezone)


def listing(item_id: uuid.UUID, price_micros: int | None = None) -> Listing:
    """An item on sale."""
    return Listing(item_id=item_id, price_micros=price_micros)


def state(*sessions: FullSession, **known: Any) -> SessionsState:
    """These sessions, both hubs, carrots of Jean (who supplies hub A), bread of hub A, honey of a stranger."""
    given = {
        "enterprises": frozenset({HUB_A, HUB_B}),
        "owners": {CARROTS: JEAN, BREAD: HUB_A, HONEY: STRANGER},
        "supplied": frozenset({(HUB_A, JEAN)}),
    }
    return SessionsState(sessions={s.id: s for s in sessions}, **{**given, **known})


def after(before: SessionsState, writes: SessionsWrites) -> SessionsState:
    """The state that the next batch loads."""
    written = {s.id: s for s in (*writes.new, *writes.changed)}
    last = {s.series_id: s.opens_at for s in writes.new if s.series_id}
    return msgspec.structs.replace(
        before, sessions={**before.sessions, **written}, last={**before.last, **last}
    )
