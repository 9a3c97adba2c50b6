"""Held orders that go from one version of their flow to another: a page of a move, or of its way back. Pure.

A move touches no goods: the status that is left and the one that is entered say the same about them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.wholesale.model import HeldOrder, HeldOrdersMoved, MoveHeldOrders
from coster.domain.wholesale.rules import stepping
from coster.domain.wholesale.rules.stepping import Happening, HeldState, Steps
from coster.engine.flows import clocks, moving
from coster.engine.workflow import timing
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Outcome


class MovingState(msgspec.Struct, frozen=True, kw_only=True):
    """The moves that are asked for, the held orders that come next in each, locked, and their lines."""

    moves: moving.Moving
    wanted: Mapping[uuid.UUID, Sequence[uuid.UUID]]
    held: HeldState


def move(state: MovingState, commands: Sequence[Command[MoveHeldOrders]]) -> Decided[HeldOrdersMoved]:
    """One page for each command; a late one moves nobody."""
    steps, now = Steps(state.held), state.moves
    outcomes: list[Outcome] = []
    pages: list[moving.Page] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        body = command.body
        answer = moving.refused(now, command.authority, body.move_id, body.after)
        if answer is None:
            standing = {
                held.id: moving.Standing(id=held.id, version=held.flow_version, status=held.status)
                for held in steps.held.values()
            }
            wanted = state.wanted.get(body.move_id, [])
            page = moving.page(now, body.move_id, standing, wanted, state.held.flows)
            for row in page.moved:
                _moved(steps, row, Happening(index=index, trigger="", at=command.at))
            pages.append(page)
            events.append((index, page.event))
            now = moving.Moving(moves={**now.moves, page.move.id: page.move}, back=now.back)
            answer = page.accepted
        outcomes.append(answer)
    writes = HeldOrdersMoved(held=steps.writes(), pages=pages)
    return Decided(outcomes, writes, [*steps.events, *events], steps.timers)


def _moved(steps: Steps, row: moving.Moved, what: Happening) -> None:
    """A held order on another version: its timers are those of the status there, as if it had just come into it."""
    before = steps.held[row.entity_id]
    old, new = steps.table(before), steps.state.flows.of(before.flow, row.to_version)
    version = before.version + 1
    after = msgspec.structs.replace(
        before, status=row.to_status, flow_version=row.to_version, holds=new.flow.status(row.to_status).holds,
        entered=version, entered_at=what.at, sla_at=timing.beyond(new, row.to_status, what.at, steps.calendars(before)), changed_at=what.at,
        version=version,
    )  # fmt: skip
    steps.held[after.id] = after
    steps.timers += [(what.index, timer) for timer in clocks.leaving(old, before.status, before.id)]
    if new.timers.get(after.status):
        begun = clocks.entering(steps.standing(what, after))
        steps.timers += [(what.index, timer) for timer in begun]
    steps.events.append((what.index, _told(steps, before, after, row)))


def _told(steps: Steps, before: HeldOrder, after: HeldOrder, row: moving.Moved) -> Event:
    data: dict[str, Any] = stepping.held_data(
        steps.table(after), after, sum(steps.totals.get(after.id, {}).values())
    )
    data["flow"] = {
        "move": str(row.move_id), "name": before.flow, "from_version": row.from_version, "version": row.to_version,
        "from": row.from_status, "to": row.to_status,
    }  # fmt: skip
    return Event("held_order.flow_moved", "held_order", after.id, after.version, data)
