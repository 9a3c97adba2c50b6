"""What happens to an order after it was placed: completed, failed, expired, cancelled, changed, commented, or as its flow has it. Pure.

Everything is a trigger of the order's flow; what follows from it is in `way`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from coster.domain.orders.model import (
    AddComment,
    CancelOrder,
    ChangeOrder,
    CompleteCheckout,
    ExpireCheckout,
    ExpireSession,
    FailCheckout,
    HearOrder,
    MakeOrderGood,
    Order,
    OrderTimer,
    OrderWrites,
    ReplaceLines,
    StepOrder,
)
from coster.domain.orders.rules import approving, asking, checkout, lines, replacing, way
from coster.domain.orders.rules.fold import ChangingState, Fold
from coster.domain.parties.model import Relation
from coster.domain.sourcing import rules as sourcing
from coster.engine.flows import clocks
from coster.engine.flows.clocks import TimerBody
from coster.kernel import refusal
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Accepted, Outcome, Rejected

TRIGGERS: Final[Mapping[type, str]] = {
    CompleteCheckout: "complete_checkout",
    FailCheckout: "fail_checkout",
    ExpireCheckout: "expire_checkout",
    CancelOrder: "cancel",
    ChangeOrder: "change",
    ReplaceLines: "change",
    AddComment: "comment",
}
_ATTRIBUTES: Final = ("payment", "reason", "text")


def order_of(body: Any) -> uuid.UUID:
    """The order that a command is about."""
    found: uuid.UUID = body.id if isinstance(body, (OrderTimer, MakeOrderGood)) else body.order_id
    return found


def trigger_of(body: Any) -> str:
    """The trigger of the flow that a command's body sends."""
    known = TRIGGERS.get(type(body))
    return known or str(body.trigger)


def change_orders(state: ChangingState, commands: Sequence[Command[Any]]) -> Decided[OrderWrites]:
    """One outcome per command, in arrival order; a refused one leaves nothing."""
    fold = Fold(state)
    outcomes = []
    for index, command in enumerate(commands):
        outcomes.append(_whole(fold, index, command))
    return Decided(outcomes, fold.writes(), fold.events, fold.timers)


def expire_session(state: ChangingState, commands: Sequence[Command[ExpireSession]]) -> Decided[OrderWrites]:
    """Every running checkout of a session ends; the answer names the orders. Only the system asks for this.

    An order whose flow refuses stays as it is, and under `stayed` with the code of the refusal; it keeps back none of the others.
    """
    fold = Fold(state)
    outcomes: list[Outcome] = []
    for index, command in enumerate(commands):
        mine = [id_ for id_, order in fold.orders.items() if order.session_id == command.body.session_id]
        asked: Command[Any] = command
        ended: list[str] = []
        stayed: list[dict[str, str]] = []
        for id_ in sorted(mine):
            outcome = _whole(fold, index, replace(asked, body=ExpireCheckout(order_id=id_)))
            if isinstance(outcome, Rejected):
                stayed.append({"id": str(id_), "code": outcome.code})
            else:
                ended.append(str(id_))
        session_id = str(command.body.session_id)
        outcomes.append(Accepted({"session_id": session_id, "orders": ended, "stayed": stayed}))
    return Decided(outcomes, fold.writes(), fold.events, fold.timers)


def _whole(fold: Fold, index: int, command: Command[Any]) -> Outcome:
    """One step of one order; where it is refused, or its flow has no answer, nothing of it is left."""
    id_ = order_of(command.body)
    mark = fold.mark(id_)
    try:
        outcome = _step(fold, index, command)
    except way.FAULTS as fault:
        outcome = way.no_answer(fold.orders[id_], trigger_of(command.body), fault)
    if isinstance(outcome, Rejected):
        fold.back_to(mark)
    return outcome


def _step(fold: Fold, index: int, command: Command[Any]) -> Outcome:
    body = command.body
    order = fold.orders.get(order_of(body))
    if order is None or not _is_theirs(fold, command, order):
        return Rejected("order_unknown", "No order of yours has this id; list them at /api/v1/orders.")
    expected = getattr(body, "expected_version", None)
    if expected is not None and expected != order.version:
        return Rejected("version_conflict", f"The order is at version {order.version} by now; read it again.",
                        {"version": order.version})  # fmt: skip
    arrival = _arrival(fold, index, command, order)
    if isinstance(arrival, way.Arrival):
        return way.carry_out(fold, index, command, arrival)
    return arrival


def _is_theirs(fold: Fold, command: Command[Any], order: Order) -> bool:
    """Whether somebody may change the order at all: who writes the seller's orders; and who is asked to agree to it, by the buttons that
    are for approvers and by nothing else.
    """
    if command.authority.allows("orders:write", order.seller_id):
        return True
    body = command.body
    if not isinstance(body, StepOrder) or not approving.may_decide(order, command.actor, command.authority):
        return False
    offers = fold.flows.of(order.flow, order.flow_version).offers.get(order.status, ())
    return any(one.trigger == body.trigger and approving.ROLE in one.button.roles for one in offers)


def _arrival(fold: Fold, index: int, command: Command[Any], order: Order) -> way.Arrival | Outcome:
    """What the command brings to the order; or its answer, where that is nothing."""
    body = command.body
    if isinstance(body, OrderTimer):
        return _timer(fold, index, command, order)
    if isinstance(body, MakeOrderGood):
        return _making_good(command, order)
    if isinstance(body, HearOrder):
        return _hearing(fold, command, order)
    if isinstance(body, StepOrder):
        asked = asking.asked(fold, command, order)
        if isinstance(asked, Rejected):
            return asked
        return way.Arrival(order=order, trigger=body.trigger, attributes=asked)
    if isinstance(body, ReplaceLines):
        return _replacing(fold, command, order)
    trigger = TRIGGERS[type(body)]
    if trigger == "expire_checkout" and not _is_due(order, command):
        return _unchanged(order)
    attributes = {name: value for name in _ATTRIBUTES if (value := getattr(body, name, None)) is not None}
    return way.Arrival(order=order, trigger=trigger, attributes=attributes)


def _replacing(fold: Fold, command: Command[ReplaceLines], order: Order) -> way.Arrival | Outcome:
    """New totals from the other platform; nothing at all where they are what there is."""
    body, before = command.body, fold.lines[order.id]
    changes = replacing.changes(before, body.lines)
    session = fold.sessions.get(order.session_id) if order.session_id else None
    if refused := replacing.refused(order, session, body, changes):
        return refused
    noted = replacing.noted(order, body)
    if not changes and noted.attributes == order.attributes:
        return replacing.unchanged(order, before)
    return way.Arrival(order=noted, trigger=TRIGGERS[ReplaceLines])


def _unchanged(order: Order) -> Accepted:
    return Accepted({"id": str(order.id), "version": order.version, "changed": False})


def _is_due(order: Order, command: Command[Any]) -> bool:
    """Whether the checkout's time really is over: it may have been completed, or ended, since the timer was set."""
    return order.expires_at is not None and (command.authority.system or order.expires_at <= command.at)


def _timer(fold: Fold, index: int, command: Command[OrderTimer], order: Order) -> way.Arrival | Outcome:
    """A timer of the order's flow, which does nothing where its status was left, or what it waits for has moved."""
    body = command.body
    if not command.authority.system:
        return refusal.not_permitted("fire timers")
    table = fold.flows.of(order.flow, order.flow_version)
    child = checkout.table_of(table, fold.checkouts, order)
    status = order.status
    if child is not None and way.is_for_checkout(child, table, body.trigger):
        table, status = child, order.checkout or ""
        if body.entered != way.entered_below(child, status):
            return _unchanged(order)
    elif body.entered != order.entered:
        return _unchanged(order)
    if not any(entry.trigger == body.trigger for entry in table.timers.get(status, ())):
        return _unchanged(order)
    timer = TimerBody(id=body.id, trigger=body.trigger, entered=body.entered, left=body.left, due=body.due)
    if clocks.overtaken(timer, fold.state.due, fold.timers):
        return _unchanged(order)
    timed, facts = (table, fold.calendars(order)), way.facts_of(fold, order, command.at)
    standing = (
        way.standing(timed, order, facts)
        if table is not child
        else way.standing_below(timed, order, facts, since=order.entered_at)
    )
    later = clocks.not_yet(standing, timer, command.at)
    if later is not None:
        fold.timers.extend((index, one) for one in later)
        return _unchanged(order)
    return way.Arrival(order=order, trigger=body.trigger, timer=timer)


def _making_good(command: Command[MakeOrderGood], order: Order) -> way.Arrival | Outcome:
    """A message was not delivered: the row that makes good, in whatever status the order is by now."""
    if not command.authority.system:
        return refusal.not_permitted("make good what was not delivered")
    return way.Arrival(order=order, trigger=command.body.trigger, undelivered=command.body)


def _hearing(fold: Fold, command: Command[HearOrder], order: Order) -> way.Arrival | Outcome:
    """Something that happened elsewhere, where the order's flow has a row for it."""
    if not command.authority.system:
        return refusal.not_permitted("say what happened elsewhere")
    table = fold.flows.of(order.flow, order.flow_version)
    if (order.status, command.body.trigger) not in table.rows:
        return _unchanged(order)
    return way.Arrival(order=order, trigger=command.body.trigger)


def single_pools(orders: Iterable[Order], relations: Iterable[Relation]) -> set[uuid.UUID]:
    """The held orders of these orders alone that there may be: what was taken out of one can be put back into it."""
    of_each = [(order, order.session_id) for order in orders if order.session_id]
    singles = [relation for relation in relations if relation.consolidation == "per_order"]
    return {
        sourcing.pool_of(lines.sale_of(order), relation, session_id).id
        for order, session_id in of_each
        for relation in singles
        if relation.hub_id == order.seller_id
    }
