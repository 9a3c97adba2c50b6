"""What rows of an order's flow do: each action gives the order's lines as they are afterwards, or refuses. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from coster.domain.inventory.model import Demand, Want
from coster.domain.inventory.rules import holding
from coster.domain.orders.model import Line, LineChange, LineRequest, Order, ReplaceLines
from coster.domain.orders.rules import lines, replacing, shelf
from coster.domain.orders.rules.fold import Fold
from coster.domain.sourcing import rules as sourcing
from coster.domain.sourcing.model import Plan
from coster.engine.workflow.document import Plain
from coster.kernel import quantity
from coster.kernel import refusal as refusals
from coster.kernel.message import Command
from coster.kernel.outcome import Rejected


class Doing(msgspec.Struct, frozen=True):
    """What an action has to do with: the command, who holds the stock, the order's lines as they are now, and what the row says."""

    command: Command[Any]
    demand: Demand
    lines: list[Line]
    parameters: Mapping[str, Plain] = {}


Action: TypeAlias = Callable[[Fold, Doing], "list[Line] | Rejected"]


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
    command = doing.command
    changes = changes_of(command, doing.lines)
    by_number = {line.line_no: line for line in doing.lines}
    if refusal := named_twice(changes):
        return refusal
    faults, last = [], max(by_number, default=0)
    partial = isinstance(command.body, ReplaceLines) and command.body.allow_partial
    for change in sorted(changes, key=lambda change: not _gives_up(by_number, change)):
        old = by_number.get(change.line_no)
        last += change.line_no == 0
        new: Line | Rejected | None = _changed(fold, doing, old, (change, last))
        if isinstance(new, Rejected) and partial and (less := replacing.fewer(new, change)):
            # What there is may still be too little to be sold at all: then the line stays as it is.
            granted = _changed(fold, doing, old, (less, last))
            new = old if isinstance(granted, Rejected) else granted
        if isinstance(new, Rejected):
            faults.append(replacing.about(new, change))
        elif new is not None:
            by_number[new.line_no] = new
    if faults:
        return lines.faults(sorted(faults, key=_line_of))
    return discounted(list(by_number.values()), command)


def _changed(fold: Fold, doing: Doing, old: Line | None, wanted: tuple[LineChange, int]) -> Line | Rejected:
    """One line as it is wanted; `wanted` is the change, and the number of the line where it is a new one."""
    change, number = wanted
    if change.line_no == 0:
        return _added(fold, doing.command, doing.demand, change, number)
    if old is None:
        return Rejected("line_unknown", f"The order has no line {change.line_no}.", {"line": change.line_no})
    if lines.is_out(old):
        return lines.released_before(old)
    return _resized(fold, doing.command, doing.demand, old, change.quantity)


def changes_of(command: Command[Any], before: Sequence[Line]) -> Sequence[LineChange]:
    """The new quantities that a command brings, to lines as they were before; none where it brings none."""
    body = command.body
    if isinstance(body, ReplaceLines):
        return replacing.changes(before, body.lines)
    changes: Sequence[LineChange] = getattr(body, "lines", ())
    return changes


def discounted(changed: list[Line], command: Command[Any]) -> list[Line]:
    """The lines with the order's new discount shared out, where the command brings one."""
    discount = getattr(command.body, "discount", None)
    if discount is None:
        return changed
    goods = sum(line.gross - line.discount for line in changed)
    # What was released keeps its share; the rest has what is left of the discount, so that nothing is given twice.
    bare = [lines.without_share(line) for line in changed if not lines.is_out(line)]
    given = sum(line.order_share for line in changed if lines.is_out(line))
    left = min(lines.discount_of(discount, goods) - given, sum(line.total for line in bare))
    now = {line.line_no: line for line in lines.shared(bare, max(0, left))}
    return [now.get(line.line_no, line) for line in changed]


def named_twice(changes: Sequence[LineChange]) -> Rejected | None:
    """Why changes cannot be meant so: one line stands there twice."""
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


def _resized(fold: Fold, command: Command[Any], demand: Demand, line: Line, wanted: int) -> Line | Rejected:
    state = fold.supply
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
        less(fold, demand, line, line.stock_quantity - stock)
    return lines.scaled(line, sold, stock, currency, note)


def less(fold: Fold, demand: Demand, line: Line, fewer: int) -> None:
    """Gives up so much of what a line holds, in thousandths of its stock unit."""
    for item_id, part in shelf.parts_of(fold.book, line).items():
        holding.release(fold.book, demand, line.line_no, fewer * part // quantity.SCALE, item_id)


def _more(
    fold: Fold, command: Command[Any], demand: Demand, line: Line, wanted: tuple[int, int]
) -> Plan | Rejected:
    """Holds more for a line: `wanted` is its new quantity in sales units, and what that is more in stock units."""
    sold, more = wanted
    state = fold.supply
    assert state is not None
    order = fold.orders[demand.id]
    if refusal := not_open(fold, order, command):
        return refusal
    item = state.supply.items[line.item_id]
    plan = sourcing.plan(state.supply, lines.sale_of(order), item, line.line_no, more)
    if isinstance(plan, Rejected):
        return plan
    plan = msgspec.structs.replace(plan, wants=tuple(_on_account(fold, demand, want) for want in plan.wants))
    for opened in plan.opens:
        fold.book.open(opened)
    available = shelf.available_for(fold.book, item, plan)
    if available < more:
        return shelf.short_by(line, item, available, sold)
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
    fold: Fold, command: Command[Any], demand: Demand, change: LineChange, number: int
) -> Line | Rejected:
    state = fold.supply
    assert state is not None
    order = fold.orders[demand.id]
    if change.item_id is None:
        return Rejected(
            "line_unknown", f"Line {number}: a line that is added needs an item.", {"line": number}
        )
    request = LineRequest(item_id=change.item_id, quantity=change.quantity, unit=change.unit)
    checked = lines.check(shelf.shop_of(state, order), number, request)
    if isinstance(checked, Rejected):
        return checked
    line = lines.scaled(lines.priced(order.id, checked, order.currency, "held"), 0, 0, order.currency, "")
    plan = _more(fold, command, demand, line, (checked.quantity, checked.stock))
    if isinstance(plan, Rejected):
        return plan
    return lines.priced(order.id, checked, order.currency, "untracked" if plan.untracked else "held")


def not_open(fold: Fold, order: Order, command: Command[Any]) -> Rejected | None:
    """Why no more can be had now: the order's session is over. None: it is open, or there is none."""
    session = fold.sessions.get(order.session_id) if order.session_id else None
    if session is None or (session.status == "open" and command.at < session.closes_at):
        return None
    return Rejected("session_not_open", "More can be ordered only while the session is open; less is possible until "
                    "the end of its amendment window.", {"status": session.status})  # fmt: skip


ACTIONS: Final[dict[str, Action]] = {
    "keep_holds": _keep_holds,
    "release_holds": _release_holds,
    "rehold": _rehold,
}
