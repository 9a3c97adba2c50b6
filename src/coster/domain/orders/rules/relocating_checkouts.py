"""Checkouts that go from one version of their flow to another, in the rows of their orders. Pure.

A checkout owes nothing itself, and none is moved into an end, so its order does not hear of it. The row keeps no clock for it: since when
it is in its status its order's events tell, and in the status in which it began it is since the order was placed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

import msgspec

from coster.domain.orders.model import MoveCheckouts, Order, OrderWrites
from coster.domain.orders.rules import checkout, relocating, way
from coster.domain.orders.rules.relocating import MovingState
from coster.engine.flows import clocks, moving
from coster.engine.workflow.step import Table
from coster.kernel.message import Command, Decided, Event, Timer


def move(state: MovingState, commands: Sequence[Command[MoveCheckouts]]) -> Decided[OrderWrites]:
    """One page for each command; a late one moves nobody."""
    so_far = relocating.Moved(state=state, orders=dict(state.orders))

    def standing() -> Mapping[uuid.UUID, moving.Standing]:
        return {
            id_: moving.Standing(id=id_, version=one.checkout_version, status=one.checkout)
            for id_, one in so_far.orders.items()
            if one.checkout is not None and one.checkout_version is not None and _name(state, one) in names
        }

    names = {one.name for one in state.moves.moves.values()}

    def rows(index: int, at: dt.datetime, page: moving.Page) -> None:
        for row in page.moved:
            before = so_far.orders[row.entity_id]
            old, new = (
                state.checkouts.of(page.move.name, version) for version in (row.from_version, row.to_version)
            )
            after = so_far.orders[row.entity_id] = msgspec.structs.replace(
                before,
                checkout=row.to_status,
                checkout_version=row.to_version,
                version=before.version + 1,
            )
            so_far.timers += [(index, timer) for timer in _clock(state, (old, before), (new, after), at)]
            data = relocating.told(after, page.move.name, row)
            so_far.events.append(
                (index, Event("order.checkout_moved", "order", after.id, after.version, data))
            )
        so_far.events.append((index, page.event))

    outcomes, pages = relocating.paged(state, commands, standing, state.checkouts, rows)
    return so_far.decided(outcomes, pages)


def _name(state: MovingState, order: Order) -> str:
    """The flow of the order's checkout."""
    return checkout.flow_name(state.flows.of(order.flow, order.flow_version), order.type)


def _since(state: MovingState, table: Table, order: Order, at: dt.datetime) -> dt.datetime:
    """Since when a checkout is in its status; since now, where nothing tells it any more."""
    first = order.placed_at if order.checkout == table.initial else at
    return state.since.get(order.id, first)


def _clock(
    state: MovingState, left: tuple[Table, Order], now: tuple[Table, Order], at: dt.datetime
) -> list[Timer]:
    """The timers of the status that is left end, those of the status there begin."""
    (old, before), (new, after) = left, now
    found = clocks.leaving(old, before.checkout or "", before.id)
    if new.timers.get(after.checkout or ""):
        since = _since(state, old, before, at) if after.checkout == before.checkout else at
        timed = (new, state.known(after))
        found += clocks.entering(way.standing_below(timed, after, relocating.facts(after, at), since=since))
    return found
