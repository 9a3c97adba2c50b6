"""The life of a session: planned, open, closed, ended; each step once, in the order of the commands.

A step that a timer asks for (`due`) is taken only if its time is still the session's. Where a timer comes late and
finds a step before it not taken, both are taken: a session whose end has come is closed first.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.sessions.model import (
    CloseSession,
    EndSession,
    FullSession,
    OpenSession,
    ReopenSession,
    SessionsState,
    SessionsWrites,
)
from coster.kernel import clock, ids, refusal
from coster.kernel.message import Command, Decided, Event, Timer
from coster.kernel.outcome import Accepted, Outcome, Rejected

PERMISSION = "sessions:write"
MOST_TEXT = 1000
EVENTS = (
    "session.planned",
    "session.changed",
    "session.opened",
    "session.closed",
    "session.reopened",
    "session.ended",
)
"""What is told of a session."""
_STEPS = ("open", "close", "end")
_TAKEN = {"planned": 0, "open": 1, "closed": 2, "ended": 3}


class Fold:
    """The state of one batch while it is being decided: sessions as they are by now, and what was told so far."""

    def __init__(self, state: SessionsState) -> None:
        self.state = state
        self.sessions = dict(state.sessions)
        self.last = dict(state.last)
        self.events: list[tuple[int, Event]] = []
        self.timers: list[tuple[int, Timer]] = []
        self.index = 0

    def become(self, session: FullSession, news: str, **extra: Any) -> FullSession:
        """The session with its next version, noted, told as an event, and its timers moved."""
        before = self.sessions.get(session.id)
        session = msgspec.structs.replace(session, version=session.version + 1)
        self.sessions[session.id] = session
        event = Event(news, "session", session.id, session.version, {**view(session), **extra})
        self.events.append((self.index, event))
        old, new = _timers(before), _timers(session)
        self.timers += [
            (self.index, new.get(id_, Timer(id_))) for id_ in old | new if old.get(id_) != new.get(id_)
        ]
        return session

    def writes(self) -> SessionsWrites:
        """What differs from what was loaded."""
        before = self.state.sessions
        touched = [s for s in self.sessions.values() if s is not before.get(s.id)]
        old = [(s, before.get(s.id)) for s in touched]
        return SessionsWrites(
            new=[s for s, was in old if was is None],
            changed=[s for s, was in old if was is not None],
            hubs=[s for s, was in old if was is None or was.hubs != s.hubs],
            listings=[s for s, was in old if was is None or was.listings != s.listings],
        )


Move = Callable[[Fold, Command[Any]], Outcome]


def fold(state: SessionsState, commands: Sequence[Command[Any]], move: Move) -> Decided[SessionsWrites]:
    """One move after the other, each seeing what those before it left; a move that refuses has changed nothing."""
    folded = Fold(state)
    outcomes = []
    for folded.index, command in enumerate(commands):
        outcomes.append(move(folded, command))
    return Decided(outcomes, folded.writes(), folded.events, folded.timers)


def open_(state: SessionsState, commands: Sequence[Command[OpenSession]]) -> Decided[SessionsWrites]:
    """Opens planned sessions; an open one stays as it is."""
    return fold(state, commands, _open)


def close(state: SessionsState, commands: Sequence[Command[CloseSession]]) -> Decided[SessionsWrites]:
    """Closes open sessions, and plans what follows them; a closed one stays as it is."""
    return fold(state, commands, _close)


def reopen(state: SessionsState, commands: Sequence[Command[ReopenSession]]) -> Decided[SessionsWrites]:
    """Opens closed sessions again, with a reason."""
    return fold(state, commands, _reopen)


def end(state: SessionsState, commands: Sequence[Command[EndSession]]) -> Decided[SessionsWrites]:
    """Ends closed sessions whose amendment window is over; an ended one stays as it is."""
    return fold(state, commands, _end)


def _open(fold: Fold, command: Command[OpenSession]) -> Outcome:
    session = _own(fold, command)
    if isinstance(session, Rejected):
        return session
    if session.status == "open" or _stale(command.body.due, session.opens_at):
        return answer(session, changed=False)
    if session.status != "planned":
        return answer(session, changed=False) if command.body.due else _past_opening(session)
    if session.closes_at <= command.at:
        # Its closing is due as well and takes both steps; nobody buys in a session that is over.
        return (
            answer(session, changed=False) if command.body.due else time_past("closes_at", session.closes_at)
        )
    return answer(opened(fold, session))


def _close(fold: Fold, command: Command[CloseSession]) -> Outcome:
    session = _own(fold, command)
    if isinstance(session, Rejected):
        return session
    if _TAKEN[session.status] >= _TAKEN["closed"] or _stale(command.body.due, session.closes_at):
        return answer(session, changed=False)
    if session.status == "planned" and session.closes_at > command.at:
        return Rejected(
            "session_not_open",
            f"The session is planned for {clock.text(session.opens_at)} and has not opened; its times can be changed.",
            {"status": session.status},
        )
    return answer(_closed(fold, session, command))


def _reopen(fold: Fold, command: Command[ReopenSession]) -> Outcome:
    session, body = _own(fold, command), command.body
    if isinstance(session, Rejected):
        return session
    if session.status == "ended":
        return ended()
    if session.status != "closed":
        return Rejected(
            "session_not_closed",
            f"The session is {session.status}, so there is nothing to open again; its times can be changed.",
            {"status": session.status},
        )
    faults = refusal.Faults()
    faults.text("reason", body.reason, most=MOST_TEXT, needed=True)
    check_instants(faults, closes_at=body.closes_at, amend_until=body.amend_until)
    if refused := faults.rejected():
        return refused
    closes_at = clock.in_utc(body.closes_at)
    amend_until = clock.in_utc(body.amend_until) if body.amend_until else closes_at
    if closes_at <= command.at:
        return time_past("closes_at", closes_at)
    if refused := times_wrong(session.opens_at, closes_at, amend_until):
        return refused
    again = msgspec.structs.replace(session, status="open", closes_at=closes_at, amend_until=amend_until)
    return answer(fold.become(again, "session.reopened", reason=body.reason, actor=str(command.actor)))


def _end(fold: Fold, command: Command[EndSession]) -> Outcome:
    session = _own(fold, command)
    if isinstance(session, Rejected):
        return session
    if session.status == "ended" or _stale(command.body.due, session.amend_until):
        return answer(session, changed=False)
    if command.body.early:
        session = _shortened(session, command.at)
    elif session.amend_until > command.at:
        return Rejected(
            "session_amendable",
            f"Orders may be changed until {clock.text(session.amend_until)}; the session can be given an earlier time.",
            {"amend_until": clock.text(session.amend_until)},
        )
    if session.status != "closed":
        session = _closed(fold, session, command)
    return answer(fold.become(msgspec.structs.replace(session, status="ended"), "session.ended"))


def _shortened(session: FullSession, at: dt.datetime) -> FullSession:
    """The session as if it had been planned to end now; a moment after it opened where both are the same instant."""
    soonest = max(at, session.opens_at + dt.timedelta(seconds=1))
    until = min(session.amend_until, soonest)
    return msgspec.structs.replace(session, closes_at=min(session.closes_at, until), amend_until=until)


# ------------------------------------------------------------------------------------------------------------ the steps


def opened(fold: Fold, session: FullSession) -> FullSession:
    """A planned session, open."""
    return fold.become(msgspec.structs.replace(session, status="open"), "session.opened")


def _closed(fold: Fold, session: FullSession, command: Command[Any]) -> FullSession:
    """A session, closed (and opened before, if that was missed), and the next of its series planned."""
    if session.status == "planned":
        session = opened(fold, session)
    session = fold.become(msgspec.structs.replace(session, status="closed"), "session.closed")
    _follow(fold, session, command)
    return session


def _follow(fold: Fold, session: FullSession, command: Command[Any]) -> None:
    """Plans the next session of a series, unless the series has a later one already (this one was open again)."""
    next_ = fold.state.followers.get(command.id)
    if next_ is None or session.series_id is None:
        return
    if fold.last.get(session.series_id, session.opens_at) > session.opens_at:
        return
    fold.last[session.series_id] = next_.opens_at
    next_ = fold.become(next_, "session.planned", follows=str(session.id))
    if next_.opens_at <= command.at:
        opened(fold, next_)


def _timers(session: FullSession | None) -> dict[uuid.UUID, Timer]:
    """The timers of the steps that are still to be taken, by id."""
    if session is None:
        return {}
    dues = dict(zip(_STEPS, (session.opens_at, session.closes_at, session.amend_until), strict=True))
    return {
        (id_ := ids.derived("session", session.id, step)): Timer(
            id_, due, f"sessions.{step}", {"session_id": str(session.id), "due": clock.text(due)}
        )
        for step, due in list(dues.items())[_TAKEN[session.status] :]
    }


# ----------------------------------------------------------------------------------------------- answers and refusals


def view(session: FullSession) -> dict[str, Any]:
    """What events and answers say of a session; `enterprises` are those whom its news concerns."""
    hubs = sorted(map(str, session.hubs))
    return {
        "id": str(session.id),
        "coordinator_id": str(session.coordinator_id),
        "name": session.name,
        "status": session.status,
        "opens_at": clock.text(session.opens_at),
        "closes_at": clock.text(session.closes_at),
        "amend_until": clock.text(session.amend_until),
        "hub_ids": hubs,
        "enterprises": hubs,
    }


def answer(session: FullSession, *, changed: bool = True) -> Accepted:
    """The session as it is now, and whether the command changed it."""
    told: Mapping[str, Any] = {key: value for key, value in view(session).items() if key != "enterprises"}
    return Accepted({**told, "version": session.version, "changed": changed})


def _sees(command: Command[Any], session: FullSession) -> bool:
    """Who sells in none of its hubs does not learn that there is such a session."""
    allows = command.authority.allows
    return any(allows(p, hub) for hub in session.hubs for p in (PERMISSION, "sessions:read"))


def _own(fold: Fold, command: Command[Any]) -> FullSession | Rejected:
    """The session, when the actor may move it."""
    session = fold.sessions.get(command.body.session_id)
    if session is None or not _sees(command, session):
        return Rejected("session_unknown", "No session has this id; list them at /api/v1/sessions.")
    if not command.authority.allows(PERMISSION, session.coordinator_id):
        return refusal.not_permitted("change the sessions of this hub")
    return session


def _stale(due: dt.datetime | None, time: dt.datetime) -> bool:
    """Whether a timer was set for a time that is the session's no longer."""
    return due is not None and due != time


def ended() -> Rejected:
    """Why an ended session stays ended."""
    return Rejected(
        "session_ended",
        "The session has ended: its held orders are final and on their way to producers. Plan a new session instead.",
    )


def _past_opening(session: FullSession) -> Rejected:
    if session.status == "ended":
        return ended()
    return Rejected(
        "session_not_planned",
        "The session has closed already; to open it again, say until when and why.",
        {"status": session.status},
    )


def time_past(field: str, time: dt.datetime) -> Rejected:
    """The refusal of a step at a time that is over."""
    return Rejected(
        "session_time_past",
        f"{field} is {clock.text(time)}, which is over; only times in the future can be set for what is still to come.",
        {"field": field},
    )


def times_wrong(opens_at: dt.datetime, closes_at: dt.datetime, amend_until: dt.datetime) -> Rejected | None:
    """The refusal of times in an impossible order; None where they fit."""
    if opens_at < closes_at <= amend_until:
        return None
    return Rejected(
        "session_times_wrong",
        "A session opens before it closes, and orders can be changed until then or longer:"
        " opens_at < closes_at <= amend_until.",
        {
            "opens_at": clock.text(opens_at),
            "closes_at": clock.text(closes_at),
            "amend_until": clock.text(amend_until),
        },
    )


def check_instants(faults: refusal.Faults, **instants: dt.datetime | None) -> None:
    """Notes the times that name no instant, or none that a session could have."""
    for field, time in instants.items():
        if time is None:
            continue
        if time.tzinfo is None:
            faults.add(field, "needs a time zone, for example 2026-11-23T09:00:00Z")
        elif not 2000 <= time.year < 3000:
            faults.add(field, "is not between the years 2000 and 3000")
