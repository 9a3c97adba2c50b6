"""What happens to an order after it was placed: completed, failed, expired, cancelled, changed, commented. Pure.

Each is a trigger of the order's flow; the flow's row names the actions, and the actions stand here in a table.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import msgspec

from coster.domain.inventory.model import Demand, Hold, PoolLine, Position, Want
from coster.domain.inventory.rules import holding
from coster.domain.inventory.rules.book import Book
from coster.domain.orders.model import (
    AddComment,
    CancelOrder,
    ChangeOrder,
    Comment,
    CompleteCheckout,
    ExpireCheckout,
    ExpireSession,
    FailCheckout,
    Line,
    LineChange,
    LineRequest,
    Order,
    OrderWrites,
    PoolChange,
)
from coster.domain.orders.rules import lines, placing
from coster.domain.parties.model import Relation
from coster.domain.sessions.model import Session
from coster.domain.sourcing import rules as sourcing
from coster.domain.sourcing.model import Plan
from coster.engine.workflow.step import Matched, Table
from coster.kernel import quantity
from coster.kernel import refusal as refusals
from coster.kernel.message import Command, Decided, Event, Timer
from coster.kernel.outcome import Accepted, Outcome, Rejected


class ChangingState(msgspec.Struct, frozen=True, kw_only=True):
    """Locked orders with their lines and holds, and the stock that these hold. `placing` serves changes that want more."""

    flow: Table
    orders: Mapping[uuid.UUID, Order]
    lines: Mapping[uuid.UUID, list[Line]]
    sessions: Mapping[uuid.UUID, Session]
    positions: list[Position]
    holds: list[Hold]
    pools: list[uuid.UUID]
    pool_lines: list[PoolLine]
    placing: placing.PlacingState | None = None


_Body: TypeAlias = CompleteCheckout | FailCheckout | ExpireCheckout | CancelOrder | ChangeOrder | AddComment
_TRIGGERS: dict[type, str] = {
    CompleteCheckout: "complete_checkout",
    FailCheckout: "fail_checkout",
    ExpireCheckout: "expire_checkout",
    CancelOrder: "cancel",
    ChangeOrder: "change",
    AddComment: "comment",
}
_EVENTS = {
    "complete_checkout": "order.checkout_completed",
    "fail_checkout": "order.checkout_failed",
    "expire_checkout": "order.checkout_expired",
    "cancel": "order.cancelled",
    "change": "order.changed",
    "comment": "order.commented",
}


class Fold:
    """The state of one batch while it is being decided."""

    def __init__(self, state: ChangingState) -> None:
        self.state = state
        self.book = Book(state.positions, state.holds, state.pool_lines)
        self.orders = dict(state.orders)
        self.lines = {id_: list(of_order) for id_, of_order in state.lines.items()}
        self.comments: list[Comment] = []
        self.events: list[tuple[int, Event]] = []
        self.timers: list[tuple[int, Timer]] = []
        self.pool_changes: list[PoolChange] = []

    def writes(self) -> OrderWrites:
        """All heads and lines that differ from what was loaded."""
        before = {
            (line.order_id, line.line_no): line for of_order in self.state.lines.values() for line in of_order
        }
        after = [line for of_order in self.lines.values() for line in of_order]
        return OrderWrites(
            new=[],
            changed=[order for id_, order in self.orders.items() if self.state.orders[id_] is not order],
            lines=[line for line in after if before.get((line.order_id, line.line_no)) is not line],
            comments=self.comments,
            stock=self.book.writes(),
            pool_changes=self.pool_changes,
        )


def change_orders(state: ChangingState, commands: Sequence[Command[Any]]) -> Decided[OrderWrites]:
    """One outcome per command, in arrival order; a refused one leaves nothing."""
    fold = Fold(state)
    outcomes = []
    for index, command in enumerate(commands):
        mark = fold.book.mark()
        outcome = _step(fold, index, command)
        if isinstance(outcome, Rejected):
            fold.book.back_to(mark)
        outcomes.append(outcome)
    return Decided(outcomes, fold.writes(), fold.events, fold.timers)


def expire_session(state: ChangingState, commands: Sequence[Command[ExpireSession]]) -> Decided[OrderWrites]:
    """Every running checkout of a session ends; the answer names the orders. Only the system asks for this."""
    fold = Fold(state)
    outcomes: list[Outcome] = []
    for index, command in enumerate(commands):
        mine = [id_ for id_, order in fold.orders.items() if order.session_id == command.body.session_id]
        asked: Command[Any] = command
        for id_ in sorted(mine):
            _step(fold, index, replace(asked, body=ExpireCheckout(order_id=id_)))
        ended = [str(id_) for id_ in sorted(mine)]
        outcomes.append(Accepted({"session_id": str(command.body.session_id), "orders": ended}))
    return Decided(outcomes, fold.writes(), fold.events, fold.timers)


def _step(fold: Fold, index: int, command: Command[Any]) -> Outcome:
    order = fold.orders.get(command.body.order_id)
    if order is None or not command.authority.allows("orders:write", order.seller_id):
        return Rejected("order_unknown", "No order of yours has this id; list them at /api/v1/orders.")
    expected = getattr(command.body, "expected_version", None)
    if expected is not None and expected != order.version:
        return Rejected("version_conflict", f"The order is at version {order.version} by now; read it again.",
                        {"version": order.version})  # fmt: skip
    trigger = _TRIGGERS[type(command.body)]
    if trigger == "expire_checkout" and not _due(order, command):
        return Accepted({"id": str(order.id), "version": order.version, "changed": False})
    row = fold.state.flow.step(order.status, trigger, {"order.checkout_expires_at": order.expires_at})
    if not isinstance(row, Matched):
        return Rejected("order_status", row.detail, {"status": order.status, "possible": list(row.possible)})
    return _carry_out(fold, index, command, row)


def _due(order: Order, command: Command[Any]) -> bool:
    """Whether the checkout's time really is over: it may have been completed, or ended, since the timer was set."""
    return order.expires_at is not None and (command.authority.system or order.expires_at <= command.at)


def _carry_out(fold: Fold, index: int, command: Command[Any], row: Matched) -> Outcome:
    order = fold.orders[command.body.order_id]
    demand = _demand(order, command)
    now = fold.lines[order.id]
    for action in row.actions:
        result = ACTIONS[action.name](fold, Doing(command, demand, now))
        if isinstance(result, Rejected):
            return result
        now = result
    changed = _head(order, row.to, now, command.body)
    fold.orders[order.id], fold.lines[order.id] = changed, now
    # A reason in words may name somebody, so it stays with the seller's remarks and goes into no event.
    if remark := getattr(command.body, "text", "") or getattr(command.body, "reason", ""):
        fold.comments.append(
            Comment(order_id=order.id, id=command.id, at=command.at, actor=command.actor, text=remark)
        )
    placing.note_pools(fold.pool_changes, fold.book, index, _pools_of(fold, order))
    if order.expires_at and not changed.expires_at:
        fold.timers.append((index, Timer(placing.expiry_id(order.id))))
    return _tell(fold, index, command, row)


def _tell(fold: Fold, index: int, command: Command[Any], row: Matched) -> Accepted:
    order = fold.orders[command.body.order_id]
    told = [lines.told(line, order.currency) for line in fold.lines[order.id]]
    data = placing.placed_data(order, told)
    fold.events.append((index, Event(_EVENTS[row.row.trigger], "order", order.id, order.version, data)))
    return Accepted(placing.answer(order, told))


def _head(order: Order, status: str, now: Sequence[Line], body: _Body) -> Order:
    over = order.expires_at is None or status != order.status
    return msgspec.structs.replace(
        order,
        status=status,
        payment=body.payment if isinstance(body, CompleteCheckout) else order.payment,
        gross=sum(line.gross for line in now),
        line_discount=sum(line.discount for line in now),
        order_discount=sum(line.order_share for line in now),
        total=sum(line.total for line in now),
        expires_at=None if over else order.expires_at,
        version=order.version + 1,
    )


def _demand(order: Order, command: Command[Any]) -> Demand:
    in_cart = order.expires_at is not None
    done = "session" if order.session_id else "submitted"
    return Demand(
        id=order.id, command_id=command.id, at=command.at, since=order.placed_at, priority=order.priority,
        policy="cart" if in_cart else done, expires_at=order.expires_at,  # type: ignore[arg-type]
    )  # fmt: skip


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


def _pools_of(fold: Fold, order: Order) -> dict[uuid.UUID, Any]:
    """The held orders that a change may bring into being: of producers that the order did not buy from before."""
    supply = fold.state.placing
    if supply is None or order.session_id is None:
        return {}
    sale = lines.sale_of(order)
    found = (
        sourcing.pool_of(sale, relation, order.session_id)
        for (hub, _), relation in supply.supply.relations.items()
        if hub == order.seller_id
    )
    return {pool.id: pool for pool in found}


# -- actions ---------------------------------------------------------------------------------------------------


class Doing(msgspec.Struct, frozen=True):
    """What an action has to do with: the command, who holds the stock, and the order's lines as they are now."""

    command: Command[Any]
    demand: Demand
    lines: list[Line]


_Action: TypeAlias = Callable[[Fold, Doing], "list[Line] | Rejected"]


def _keep_holds(fold: Fold, doing: Doing) -> list[Line]:
    """The stock stays held, until the session's end or until it is fulfilled."""
    session = fold.orders[doing.demand.id].session_id
    policy = "session" if session else "submitted"
    holding.keep(fold.book, msgspec.structs.replace(doing.demand, policy=policy, expires_at=None))
    return doing.lines


def _release_holds(fold: Fold, doing: Doing) -> list[Line]:
    """Everything that the order holds is free again."""
    for line in doing.lines:
        holding.release(fold.book, doing.demand, line.line_no)
    return [msgspec.structs.replace(line, stock="none", fulfilment="cancelled") for line in doing.lines]


def _rehold(fold: Fold, doing: Doing) -> list[Line] | Rejected:
    """Holds follow the new quantities, all or nothing; what one line gives up another can take."""
    command, demand = doing.command, doing.demand
    by_number = {line.line_no: line for line in doing.lines}
    if refusal := _named_twice(command.body.lines):
        return refusal
    faults, last = [], max(by_number, default=0)
    for change in sorted(command.body.lines, key=lambda change: not _gives_up(by_number, change)):
        old = by_number.get(change.line_no)
        if change.line_no == 0:
            last += 1
            new = _added(fold, command, demand, change, last)
        elif old is None:
            new = Rejected(
                "line_unknown", f"The order has no line {change.line_no}.", {"line": change.line_no}
            )
        else:
            new = _resized(fold, command, demand, old, change.quantity)
        if isinstance(new, Rejected):
            faults.append(new)
        else:
            by_number[new.line_no] = new
    if faults:
        return lines.faults(sorted(faults, key=_line_of))
    changed = list(by_number.values())
    if command.body.discount is not None:
        goods = sum(line.gross - line.discount for line in changed)
        bare = [lines.without_share(line) for line in changed]
        return lines.shared(bare, lines.discount_of(command.body.discount, goods))
    return changed


def _named_twice(changes: Sequence[LineChange]) -> Rejected | None:
    faults = refusals.Faults()
    faults.distinct("lines", [change.line_no for change in changes if change.line_no])
    return faults.rejected()


def _gives_up(by_number: Mapping[int, Line], change: LineChange) -> bool:
    """Whether the change makes a line smaller."""
    old = by_number.get(change.line_no)
    return old is not None and change.quantity < old.quantity


def _line_of(fault: Rejected) -> int:
    """Which line a fault is about; what every line runs into (the session is closed) comes first."""
    return int(fault.detail.get("line", 0))


def _resized(
    fold: Fold, command: Command[ChangeOrder], demand: Demand, line: Line, wanted: int
) -> Line | Rejected:
    state = fold.state.placing
    assert state is not None, "changes are loaded with what placing needs"
    item = state.supply.items[line.item_id]
    currency = fold.orders[demand.id].currency
    if wanted == 0:
        holding.release(fold.book, demand, line.line_no)
        return lines.scaled(line, 0, 0, currency, "taken out")
    unit = item.units.get(line.unit)
    if unit is None:
        return Rejected(
            "unit_unknown", f"{item.name} is no longer sold by {line.unit}.", {"line": line.line_no}
        )
    sized = lines.amount(item, unit, wanted, line.line_no)
    if isinstance(sized, Rejected):
        return sized
    sold, stock, note = sized
    if stock > line.stock_quantity:
        plan = _more(fold, command, demand, line, (sold, stock - line.stock_quantity))
        if isinstance(plan, Rejected):
            return plan
        untracked = plan.untracked or line.stock == "untracked"
        line = msgspec.structs.replace(
            line, stock="untracked" if untracked else "held", fulfilment="not_started"
        )
    elif stock < line.stock_quantity:
        _less(fold, demand, line, line.stock_quantity - stock)
    return lines.scaled(line, sold, stock, currency, note)


def _less(fold: Fold, demand: Demand, line: Line, fewer: int) -> None:
    for item_id, part in placing.parts_of(fold.book, line).items():
        holding.release(fold.book, demand, line.line_no, fewer * part // quantity.SCALE, item_id)


def _more(
    fold: Fold, command: Command[ChangeOrder], demand: Demand, line: Line, wanted: tuple[int, int]
) -> Plan | Rejected:
    """Holds more for a line: `wanted` is its new quantity in sales units, and what that is more in stock units."""
    sold, more = wanted
    state = fold.state.placing
    assert state is not None
    order = fold.orders[demand.id]
    if refusal := _not_open(fold, order, command):
        return refusal
    item = state.supply.items[line.item_id]
    plan = sourcing.plan(state.supply, lines.sale_of(order), item, line.line_no, more)
    if isinstance(plan, Rejected):
        return plan
    plan = msgspec.structs.replace(plan, wants=tuple(_on_account(fold, demand, want) for want in plan.wants))
    for opened in plan.opens:
        fold.book.open(opened)
    available = placing.available_for(fold.book, item, plan)
    if available < more:
        return placing.short_by(line, item, available, sold)
    for want in plan.wants:
        holding.hold(fold.book, demand, want)
    return plan


def _on_account(fold: Fold, demand: Demand, want: Want) -> Want:
    """The want on the account on which its line holds already: terms that changed since move nothing."""
    for held in fold.book.of_demand(demand.id, want.line):
        if fold.book.item_of(held.position_id) == want.item_id:
            return msgspec.structs.replace(want, pool_id=held.pool_id)
    return want


def _added(
    fold: Fold, command: Command[ChangeOrder], demand: Demand, change: LineChange, number: int
) -> Line | Rejected:
    state = fold.state.placing
    assert state is not None
    order = fold.orders[demand.id]
    if change.item_id is None:
        return Rejected(
            "line_unknown", f"Line {number}: a line that is added needs an item.", {"line": number}
        )
    request = LineRequest(item_id=change.item_id, quantity=change.quantity, unit=change.unit)
    checked = lines.check(placing.shop_of(state, order), number, request)
    if isinstance(checked, Rejected):
        return checked
    line = lines.scaled(lines.priced(order.id, checked, order.currency, "held"), 0, 0, order.currency, "")
    plan = _more(fold, command, demand, line, (checked.quantity, checked.stock))
    if isinstance(plan, Rejected):
        return plan
    return lines.priced(order.id, checked, order.currency, "untracked" if plan.untracked else "held")


def _not_open(fold: Fold, order: Order, command: Command[Any]) -> Rejected | None:
    session = fold.state.sessions.get(order.session_id) if order.session_id else None
    if session is None or (session.status == "open" and command.at < session.closes_at):
        return None
    return Rejected("session_not_open", "More can be ordered only while the session is open; less is possible until "
                    "the end of its amendment window.", {"status": session.status})  # fmt: skip


ACTIONS: dict[str, _Action] = {
    "keep_holds": _keep_holds,
    "release_holds": _release_holds,
    "rehold": _rehold,
}
