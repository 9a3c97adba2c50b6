"""A batch of orders while it is being decided: the stock as it stands, the orders as they have become, and what was told. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from coster.domain.buying.model import Centre
from coster.domain.inventory.model import Hold, PoolLine, Position
from coster.domain.inventory.rules.book import Book
from coster.domain.orders.model import Approvers, Comment, Line, Order, OrderWrites, PoolChange
from coster.domain.orders.rules import approving, lines, shelf
from coster.domain.sessions.model import Session
from coster.domain.sourcing import rules as sourcing
from coster.domain.sourcing.model import Pool
from coster.engine.flows import clocks
from coster.engine.workflow import hours
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.tables import Tables
from coster.engine.workflow.timing import Calendars
from coster.kernel.authority import Authority
from coster.kernel.message import Event, Timer


class ChangingState(msgspec.Struct, frozen=True, kw_only=True):
    """Locked orders with their lines and holds, and the stock that these hold. `placing` serves what wants more."""

    flows: Tables
    checkouts: Tables
    orders: Mapping[uuid.UUID, Order]
    lines: Mapping[uuid.UUID, list[Line]]
    sessions: Mapping[uuid.UUID, Session]
    positions: list[Position]
    holds: list[Hold]
    pools: list[uuid.UUID]
    pool_lines: list[PoolLine]
    placing: shelf.PlacingState | None = None
    calendars: Mapping[uuid.UUID, Calendar] = {}
    """Opening hours of sellers, where a flow counts in them."""
    due: clocks.Due = None
    """When the timers of the batch were due, where it is one of timers."""
    approvers: Mapping[uuid.UUID, Authority] = {}
    """What keys may do that commands name as those who shall decide."""
    centres: Mapping[uuid.UUID, Centre] = {}
    """Cost centres that the orders name, where their flows look at them."""


class Mark(NamedTuple):
    """How the fold stood: an order with its lines, how many comments, events and changes of pools there were, and the stock."""

    order_id: uuid.UUID
    order: Order | None
    lines: list[Line] | None
    noted: tuple[int, int, int]
    book: tuple[int, int]


class Fold:
    """The state of one batch while it is being decided."""

    def __init__(self, state: ChangingState, book: Book | None = None) -> None:
        """Takes what was loaded; the stock may be in the books already."""
        self.state = state
        self.flows = state.flows
        self.checkouts = state.checkouts
        self.supply = state.placing
        self.sessions = state.sessions
        self.book = Book(state.positions, state.holds, state.pool_lines) if book is None else book
        self.orders = dict(state.orders)
        self.lines = {id_: list(of_order) for id_, of_order in state.lines.items()}
        self.comments: list[Comment] = []
        self.events: list[tuple[int, Event]] = []
        self.timers: list[tuple[int, Timer]] = []
        self.pool_changes: list[PoolChange] = []

    def calendars(self, order: Order) -> Calendars:
        """The calendars in which the order's timers may count, beside those of its flow."""
        found = self.state.calendars.get(order.seller_id)
        return {} if found is None else {hours.NAME: found}

    def mark(self, order_id: uuid.UUID) -> Mark:
        """A point to which `back_to` returns, where nothing but this order and its goods is changed after it."""
        noted = len(self.comments), len(self.events), len(self.pool_changes)
        return Mark(order_id, self.orders.get(order_id), self.lines.get(order_id), noted, self.book.mark())

    def back_to(self, mark: Mark) -> None:
        """Takes back what was noted since the mark, but for timers: one that found nothing to do may have to come again."""
        self.book.back_to(mark.book)
        if mark.order is not None:
            self.orders[mark.order_id] = mark.order
        if mark.lines is not None:
            self.lines[mark.order_id] = mark.lines
        comments, events, pool_changes = mark.noted
        del self.comments[comments:], self.events[events:], self.pool_changes[pool_changes:]

    def writes(self) -> OrderWrites:
        """All heads and lines that differ from what was loaded."""
        before = {
            (line.order_id, line.line_no): line for of_order in self.state.lines.values() for line in of_order
        }
        after = [line for of_order in self.lines.values() for line in of_order]
        changed = [order for id_, order in self.orders.items() if self.state.orders[id_] is not order]
        return OrderWrites(
            new=[],
            changed=changed,
            approvers=[
                Approvers(order_id=order.id, keys=list(keys))
                for order in changed
                if (keys := approving.open_to(order.attributes))
                != approving.open_to(self.state.orders[order.id].attributes)
            ],
            lines=[line for line in after if before.get((line.order_id, line.line_no)) is not line],
            comments=self.comments,
            stock=self.book.writes(),
            pool_changes=self.pool_changes,
        )

    def pools_of(self, order: Order) -> Mapping[uuid.UUID, Pool]:
        """The held orders that a change may bring into being: of producers that the order did not buy from before."""
        supply = self.supply
        if supply is None or order.session_id is None:
            return {}
        sale = lines.sale_of(order)
        found = (
            sourcing.pool_of(sale, relation, order.session_id)
            for (hub, _), relation in supply.supply.relations.items()
            if hub == order.seller_id
        )
        return {pool.id: pool for pool in found}


def summed(order: Order, now: Sequence[Line]) -> Order:
    """The head with the amounts that its lines come to."""
    return msgspec.structs.replace(
        order,
        gross=sum(line.gross for line in now),
        line_discount=sum(line.discount for line in now),
        order_discount=sum(line.order_share for line in now),
        total=sum(line.total for line in now),
    )
