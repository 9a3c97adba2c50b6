"""Orders that go from one version of their flow to another: a page of a move, or of its way back. Pure.

A move touches no goods: the status that is left and the one that is entered say the same about them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from coster.domain.inventory.rules.book import Book
from coster.domain.orders.model import MoveOrders, Order, OrderWrites
from coster.domain.orders.rules import checkout, way
from coster.domain.orders.rules.context import Context, Facts
from coster.domain.sessions.model import Session
from coster.engine.flows import clocks, moving
from coster.engine.workflow import hours, timing
from coster.engine.workflow.calendars import Calendar
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
    calendars: Mapping[uuid.UUID, Calendar] = {}
    """Opening hours of sellers, where a flow counts in them."""
    since: Mapping[uuid.UUID, dt.datetime] = {}
    """Since when checkouts are in their status, of those that have left another one."""
    pools: list[uuid.UUID] = []
    sessions: Mapping[uuid.UUID, Session] = {}
    """None of either: no stock is touched."""

    def known(self, order: Order) -> timing.Calendars:
        """The calendars in which the order's timers may count, beside those of its flow."""
        found = self.calendars.get(order.seller_id)
        return {} if found is None else {hours.NAME: found}


Rows: TypeAlias = Callable[[int, dt.datetime, moving.Page], None]
"""Carries out what a page says, for the command at a place in the batch, at its instant."""


def paged(
    state: MovingState,
    commands: Sequence[Command[Any]],
    standing: Callable[[], Mapping[uuid.UUID, moving.Standing]],
    flows: Tables,
    rows: Rows,
) -> tuple[list[Outcome], list[moving.Page]]:
    """One page for each command, the rows of each carried out; a late one moves nobody."""
    now, outcomes, pages = state.moves, [], []
    for index, command in enumerate(commands):
        body = command.body
        answer = moving.refused(now, command.authority, body.move_id, body.after)
        if answer is None:
            page = moving.page(now, body.move_id, standing(), state.wanted.get(body.move_id, []), flows)
            rows(index, command.at, page)
            pages.append(page)
            now = moving.Moving(moves={**now.moves, page.move.id: page.move}, back=now.back)
            answer = page.accepted
        outcomes.append(answer)
    return outcomes, pages


class Moved(msgspec.Struct, kw_only=True):
    """The orders of a batch as they have become, and what is told and timed."""

    state: MovingState
    orders: dict[uuid.UUID, Order]
    events: list[tuple[int, Event]] = []
    timers: list[tuple[int, Timer]] = []

    def decided(self, outcomes: Sequence[Outcome], pages: Sequence[moving.Page]) -> Decided[OrderWrites]:
        """All of it, to be written."""
        before = self.state.orders
        writes = OrderWrites(
            new=[],
            changed=[order for id_, order in self.orders.items() if before[id_] is not order],
            lines=[],
            comments=[],
            stock=Book([], [], []).writes(),
            pool_changes=[],
            pages=list(pages),
        )
        return Decided(outcomes, writes, self.events, self.timers)


def move(state: MovingState, commands: Sequence[Command[MoveOrders]]) -> Decided[OrderWrites]:
    """One page for each command; a late one moves nobody."""
    so_far = Moved(state=state, orders=dict(state.orders))

    def standing() -> Mapping[uuid.UUID, moving.Standing]:
        return {
            id_: moving.Standing(id=id_, version=o.flow_version, status=o.status)
            for id_, o in so_far.orders.items()
        }

    def rows(index: int, at: dt.datetime, page: moving.Page) -> None:
        for row in page.moved:
            before = so_far.orders[row.entity_id]
            old, new = (
                state.flows.of(before.flow, version) for version in (row.from_version, row.to_version)
            )
            after = _moved((new, state.known(before)), before, row, at)
            after = so_far.orders[after.id] = _with_checkout(new, state.checkouts, after)
            so_far.timers += [(index, timer) for timer in _clock(state, (old, before), (new, after))]
            data = told(after, after.flow, row)
            so_far.events.append((index, Event("order.flow_moved", "order", after.id, after.version, data)))
        so_far.events.append((index, page.event))

    outcomes, pages = paged(state, commands, standing, state.flows, rows)
    return so_far.decided(outcomes, pages)


def _moved(timed: way.Timed, before: Order, row: moving.Moved, at: dt.datetime) -> Order:
    """The order on another version. In a status of the same name it goes on waiting; in another one it has just come there."""
    new, calendars = timed
    since = before.entered_at if row.to_status == before.status else at
    return msgspec.structs.replace(
        before, status=row.to_status, flow_version=row.to_version, holds=new.flow.status(row.to_status).holds,
        entered=before.version + 1, entered_at=since, sla_at=timing.beyond(new, row.to_status, since, calendars),
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


def _clock(state: MovingState, left: tuple[Table, Order], now: tuple[Table, Order]) -> list[Timer]:
    """The timers of the status that is left end, those of the status there begin; none of them reads a line."""
    (old, before), (new, after) = left, now
    calendars, checkouts = state.known(after), state.checkouts
    found = clocks.leaving(old, before.status, before.id)
    context = facts(after, after.entered_at)
    if new.timers.get(after.status):
        found += clocks.entering(way.standing((new, calendars), after, context))
    gone, come = checkout.table_of(old, checkouts, before), checkout.table_of(new, checkouts, after)
    if gone is not None and come is None:
        found += clocks.leaving(gone, before.checkout or "", before.id)
    if come is not None and gone is None and come.timers.get(after.checkout or ""):
        timed = (come, calendars)
        found += clocks.entering(way.standing_below(timed, after, context, since=after.entered_at))
    return found


def facts(order: Order, at: dt.datetime) -> Context:
    """What timers of an order may read while it is moved."""
    return Context(Facts(order, [], None, at), {}, {}, {})


def told(after: Order, flow: str, row: moving.Moved) -> dict[str, Any]:
    """What is told of an order that, or whose checkout, is on another version of its flow."""
    return {
        "seller_id": str(after.seller_id),
        "status": after.status,
        "flow": {
            "move": str(row.move_id), "name": flow, "from_version": row.from_version, "version": row.to_version,
            "from": row.from_status, "to": row.to_status,
        },
        "enterprises": [str(after.seller_id)],
    }  # fmt: skip
