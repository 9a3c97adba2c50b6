"""Orders that go from one version of their flow to another: a page of a move, or of its way back. Pure.

A move touches no goods: the status that is left and the one that is entered say the same about them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.inventory.rules.book import Book
from coster.domain.orders.model import MoveOrders, Order, OrderWrites
from coster.domain.orders.rules import checkout, way
from coster.domain.orders.rules.context import Context, Facts
from coster.domain.sessions.model import Session
from coster.engine.flows import clocks, moving
from coster.engine.workflow import timing
from coster.engine.workflow.step import Table
from coster.engine.workflow.tables import Tables
from coster.kernel.message import Command, Decided, Event, Timer
from coster.kernel.outcome import Outcome


class MovingState(msgspec.Struct, frozen=True, kw_only=True):
    """The moves that are asked for, and the orders that come next in each, locked."""

    flows: Tables
    checkouts: Tables
    moves: moving.Moving
    wanted: Mapping[uuid.UUID, Sequence[uuid.UUID]]
    orders: Mapping[uuid.UUID, Order]
    pools: list[uuid.UUID] = []
    sessions: Mapping[uuid.UUID, Session] = {}
    """None of either: no stock is touched."""


def move(state: MovingState, commands: Sequence[Command[MoveOrders]]) -> Decided[OrderWrites]:
    """One page for each command; a late one moves nobody."""
    now, orders = state.moves, dict(state.orders)
    outcomes: list[Outcome] = []
    pages: list[moving.Page] = []
    events: list[tuple[int, Event]] = []
    timers: list[tuple[int, Timer]] = []
    for index, command in enumerate(commands):
        body = command.body
        answer = moving.refused(now, command.authority, body.move_id, body.after)
        if answer is None:
            standing = {
                id_: moving.Standing(id=id_, version=o.flow_version, status=o.status)
                for id_, o in orders.items()
            }
            page = moving.page(now, body.move_id, standing, state.wanted.get(body.move_id, []), state.flows)
            for row in page.moved:
                before = orders[row.entity_id]
                old, new = (
                    state.flows.of(before.flow, version) for version in (row.from_version, row.to_version)
                )
                after = _moved(new, before, row, command.at)
                after = orders[after.id] = _with_checkout(new, state.checkouts, after)
                timers += [(index, timer) for timer in _clock((old, before), (new, after), state.checkouts)]
                events.append((index, _told(after, row)))
            pages.append(page)
            events.append((index, page.event))
            now = moving.Moving(moves={**now.moves, page.move.id: page.move}, back=now.back)
            answer = page.accepted
        outcomes.append(answer)
    changed = [order for id_, order in orders.items() if state.orders[id_] is not order]
    writes = OrderWrites(
        new=[],
        changed=changed,
        lines=[],
        comments=[],
        stock=Book([], [], []).writes(),
        pool_changes=[],
        pages=pages,
    )
    return Decided(outcomes, writes, events, timers)


def _moved(new: Table, before: Order, row: moving.Moved, at: dt.datetime) -> Order:
    """The order on another version. In a status of the same name it goes on waiting; in another one it has just come there."""
    since = before.entered_at if row.to_status == before.status else at
    return msgspec.structs.replace(
        before, status=row.to_status, flow_version=row.to_version, holds=new.flow.status(row.to_status).holds,
        entered=before.version + 1, entered_at=since, sla_at=timing.beyond(new, row.to_status, since),
        version=before.version + 1,
    )  # fmt: skip


def _with_checkout(new: Table, checkouts: Tables, after: Order) -> Order:
    """The order with a checkout where one is running and its flow now gives it a life of its own."""
    if after.checkout is not None or after.expires_at is None:
        return after
    child = checkout.begun(new, checkouts, after.id, after.type)
    if child is None:
        return after
    return msgspec.structs.replace(after, checkout=child.initial, checkout_version=child.flow.version)


def _clock(left: tuple[Table, Order], now: tuple[Table, Order], checkouts: Tables) -> list[Timer]:
    """The timers of the status that is left end, those of the status there begin; none of them reads a line."""
    (old, before), (new, after) = left, now
    found = clocks.leaving(old, before.status, before.id)
    context = Context(Facts(after, [], None, after.entered_at), {}, {}, {})
    if new.timers.get(after.status):
        found += clocks.entering(way.standing(new, after, context))
    gone, come = checkout.table_of(old, checkouts, before), checkout.table_of(new, checkouts, after)
    if gone is not None and come is None:
        found += clocks.leaving(gone, before.checkout or "", before.id)
    if come is not None and gone is None and come.timers.get(after.checkout or ""):
        found += clocks.entering(way.standing_below(come, after, context, since=after.entered_at))
    return found


def _told(after: Order, row: moving.Moved) -> Event:
    data: dict[str, Any] = {
        "seller_id": str(after.seller_id),
        "status": after.status,
        "flow": {
            "move": str(row.move_id), "name": after.flow, "from_version": row.from_version, "version": row.to_version,
            "from": row.from_status, "to": row.to_status,
        },
        "enterprises": [str(after.seller_id)],
    }  # fmt: skip
    return Event("order.flow_moved", "order", after.id, after.version, data)
