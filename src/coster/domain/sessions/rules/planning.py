"""Planning a session and changing it: its times, its hubs, what it lists, and how it repeats."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from coster.domain.sessions.model import FullSession, PutSession, SessionsState, SessionsWrites
from coster.domain.sessions.rules import life, recurrence
from coster.kernel import clock, ids, refusal
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Outcome, Rejected

_MOST_NAME = 200


def put(state: SessionsState, commands: Sequence[Command[PutSession]]) -> Decided[SessionsWrites]:
    """Plans new sessions and changes those that have not ended; what should be open by now opens at once."""
    return life.fold(state, commands, _put)


def _put(fold: life.Fold, command: Command[PutSession]) -> Outcome:
    current = fold.sessions.get(command.body.session_id)
    refused = (
        _not_permitted(command, current)
        or _conflict(command.body, current)
        or _faults(command.body)
        or _not_there(fold.state, command, current)
    )
    if refused:
        return refused
    wanted = _wanted(command.body, current)
    if refused := _times_refused(wanted, current, command.at):
        return refused
    if wanted == current:
        return life.answer(current, changed=False)
    session = fold.become(wanted, "session.changed" if current else "session.planned")
    if session.status == "planned" and session.opens_at <= command.at:
        session = life.opened(fold, session)
    return life.answer(session)


def _not_permitted(command: Command[PutSession], current: FullSession | None) -> Rejected | None:
    """The refusal, unless the actor may plan for the coordinator, and for the one that the session has so far."""
    coordinators = {
        command.body.coordinator_id,
        current.coordinator_id if current else command.body.coordinator_id,
    }
    if all(command.authority.allows(life.PERMISSION, coordinator) for coordinator in coordinators):
        return None
    return refusal.not_permitted("plan sessions of this hub")


def _conflict(body: PutSession, current: FullSession | None) -> Rejected | None:
    if refused := refusal.version_conflict(
        "session", expected=body.expected_version, current=current.version if current else 0
    ):
        return refused
    return life.ended() if current and current.status == "ended" else None


def _faults(body: PutSession) -> Rejected | None:
    """All that is wrong with the values by themselves."""
    faults = refusal.Faults()
    faults.text("name", body.name, most=_MOST_NAME, needed=True)
    life.check_instants(
        faults, opens_at=body.opens_at, closes_at=body.closes_at, amend_until=body.amend_until
    )
    faults.distinct("listings", [listing.item_id for listing in body.listings or ()])
    for index, listing in enumerate(body.listings or ()):
        faults.number(f"listings[{index}].price", listing.price_micros)
    if refused := faults.rejected():
        return refused
    if body.recurrence and (wrong := recurrence.fault(body.recurrence, body.opens_at)):
        faults.add("recurrence", wrong)
    return faults.rejected()


def _not_there(
    state: SessionsState, command: Command[PutSession], current: FullSession | None
) -> Rejected | None:
    """The refusal of hubs and items that do not exist, and of items that no hub of the session gets.

    Of an item that the actor may not see either, it is not told that it exists.
    """
    body, allows = command.body, command.authority.allows
    hubs = {body.coordinator_id, *body.hub_ids}
    if missing := hubs - state.enterprises:
        return Rejected(
            "enterprise_unknown",
            "A hub of the session does not exist; list enterprises at /api/v1/enterprises.",
            {"enterprise_ids": _texts(missing)},
        )
    named = {listing.item_id for listing in body.listings or ()} - set(current.listings if current else ())
    unsupplied = {
        item for item in named & state.owners.keys() if not _supplied(state, hubs, state.owners[item])
    }
    hidden = {item for item in unsupplied if not allows("items:read", state.owners[item])}
    if missing := hidden | (named - state.owners.keys()):
        return Rejected(
            "item_unknown",
            "An item that is to be listed does not exist; list items at /api/v1/items.",
            {"item_ids": _texts(missing)},
        )
    if unsupplied:
        return Rejected(
            "not_supplied",
            "The producer of an item supplies no hub of the session; they need a relation first (/api/v1/relations).",
            {"item_ids": _texts(unsupplied)},
        )
    return None


def _supplied(state: SessionsState, hubs: set[uuid.UUID], owner: uuid.UUID) -> bool:
    return owner in hubs or any((hub, owner) in state.supplied for hub in hubs)


def _texts(found: set[uuid.UUID]) -> list[str]:
    return sorted(map(str, found))


def _wanted(body: PutSession, current: FullSession | None) -> FullSession:
    """The session as asked for, with the status and the version that it has so far."""
    closes_at = clock.in_utc(body.closes_at)
    if body.amend_until:
        amend_until = clock.in_utc(body.amend_until)
    elif current and current.status == "closed":
        amend_until = current.amend_until
    else:
        amend_until = closes_at
    series = current.series_id if current else None
    if body.recurrence and series is None:
        series = ids.derived("series", body.session_id)
    listings = {listing.item_id: listing.price_micros for listing in body.listings or ()}
    if body.listings is None and current:
        listings = current.listings
    return FullSession(
        id=body.session_id,
        coordinator_id=body.coordinator_id,
        name=body.name,
        status=current.status if current else "planned",
        opens_at=clock.in_utc(body.opens_at),
        closes_at=closes_at,
        amend_until=amend_until,
        recurrence=body.recurrence,
        series_id=series,
        version=current.version if current else 0,
        hubs=frozenset({body.coordinator_id, *body.hub_ids}),
        listings=listings,
    )


def _times_refused(wanted: FullSession, current: FullSession | None, at: dt.datetime) -> Rejected | None:
    """The refusal of times in a wrong order, new ones for steps that were taken, past ones for those to come."""
    if refused := life.times_wrong(wanted.opens_at, wanted.closes_at, wanted.amend_until):
        return refused
    if current and wanted.status != "planned" and wanted.opens_at != current.opens_at:
        return _taken("opens_at", "opened")
    if current and wanted.status == "closed":
        if wanted.closes_at != current.closes_at:
            return _taken("closes_at", "closed")
        if wanted.amend_until != current.amend_until and wanted.amend_until <= at:
            return life.time_past("amend_until", wanted.amend_until)
        return None
    return life.time_past("closes_at", wanted.closes_at) if wanted.closes_at <= at else None


def _taken(field: str, step: str) -> Rejected:
    hint = "; to open it again, say until when and why" if step == "closed" else ""
    return Rejected(
        "session_step_taken",
        f"The session has {step} already, so {field} cannot be changed any more{hint}.",
        {"field": field},
    )
