"""What may be said about cost centres, and by whom. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from coster.domain.buying.model import APPROVE, Centre, CentresState, PutCentre
from coster.kernel import refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

MOST_LEVELS: Final = 9
MOST_APPROVERS: Final = 50
MOST_SELLERS: Final = 200


def put_centres(state: CentresState, commands: Sequence[Command[PutCentre]]) -> Decided[list[Centre]]:
    """Makes or replaces cost centres; the event tells neither the name nor who approves."""
    now, written = dict(state.centres), dict[uuid.UUID, Centre]()
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        body = command.body
        old = now.get(body.centre_id)
        refused = _refuse(state, old, command)
        if refused:
            outcomes.append(refused)
            continue
        new = Centre(
            id=body.centre_id,
            enterprise_id=body.enterprise_id,
            name=body.name,
            currency=state.currencies[body.enterprise_id],
            levels=body.levels,
            sellers=body.sellers,
            own_orders=body.own_orders,
            active=body.active,
            version=old.version + 1 if old else 1,
        )
        now[new.id] = written[new.id] = new
        events.append((index, _event(new)))
        outcomes.append(Accepted({"id": str(new.id), "version": new.version}))
    return Decided(outcomes, list(written.values()), events)


def _event(centre: Centre) -> Event:
    name = "cost_centre.created" if centre.version == 1 else "cost_centre.changed"
    data = {
        "active": centre.active,
        "levels": len(centre.levels),
        "enterprises": [str(centre.enterprise_id)],
    }
    return Event(name, "cost_centre", centre.id, centre.version, data)


def _refuse(state: CentresState, old: Centre | None, command: Command[PutCentre]) -> Rejected | None:
    body = command.body
    if not command.authority.allows("parties:write", body.enterprise_id):
        return refusal.not_permitted("change the cost centres of this enterprise")
    for enterprise_id in (body.enterprise_id, *body.sellers):
        if enterprise_id not in state.currencies:
            return Rejected(
                "enterprise_unknown",
                f"There is no enterprise {enterprise_id}; make it first.",
                {"enterprise_id": str(enterprise_id)},
            )
    if old and old.enterprise_id != body.enterprise_id:
        return Rejected("cost_centre_taken", "This id is taken; leave it out to be given a new one.")
    conflict = refusal.version_conflict(
        "cost centre", expected=body.expected_version, current=old.version if old else 0
    )
    return conflict or _faults(body) or _unable(state, body)


def _faults(body: PutCentre) -> Rejected | None:
    faults = refusal.Faults()
    faults.text("name", body.name, most=200, needed=True)
    faults.number("levels", len(body.levels), most=MOST_LEVELS)
    faults.number("sellers", len(body.sellers), most=MOST_SELLERS)
    faults.distinct("sellers", body.sellers)
    before = -1
    for number, level in enumerate(body.levels[:MOST_LEVELS]):
        field = f"levels.{number}"
        faults.number(f"{field}.from_total", level.from_total)
        if level.from_total <= before:
            faults.add(f"{field}.from_total", "has to be above that of the level before it")
        before = level.from_total
        faults.number(f"{field}.approvers", len(level.approvers), least=1, most=MOST_APPROVERS)
        faults.distinct(f"{field}.approvers", level.approvers)
    return faults.rejected()


def _unable(state: CentresState, body: PutCentre) -> Rejected | None:
    """Only keys that may approve for the enterprise can be named: whoever hands out keys there has said so."""
    for key in (key for level in body.levels for key in level.approvers):
        authority = state.keys.get(key)
        if authority is None or not authority.allows(APPROVE, body.enterprise_id):
            return Rejected(
                "approver_unknown",
                f"{key} is no id of a valid key that may approve for this enterprise; give it the role approver there.",
                {"key_id": str(key)},
            )
    return None
