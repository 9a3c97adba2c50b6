"""Goods that an order takes later than it was placed, and lines that change without touching the shelf. Pure.

A draft holds nothing. What is sent in takes what it can, line by line: a line is held whole, or it waits (`backordered`), or nobody
can supply it (`unavailable`). What is released in parts, and every action that touches lines, is in `releasing`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from coster.domain.inventory.rules import holding
from coster.domain.orders.model import Line, LineChange, LineRequest
from coster.domain.orders.rules import actions, dates, lines, shelf
from coster.domain.orders.rules.actions import Doing
from coster.domain.orders.rules.fold import Fold
from coster.domain.sourcing import rules as sourcing
from coster.kernel.outcome import Rejected

FIRM = ("held", "untracked")
"""What a line is that needs nothing more."""


def take_holds(fold: Fold, doing: Doing) -> list[Line]:
    """Every line that is not held is held now, whole or not at all; what one holds already it keeps meanwhile."""
    return [
        line if line.stock in FIRM or line.quantity == 0 else taken(fold, doing, line) for line in doing.lines
    ]


def taken(fold: Fold, doing: Doing, line: Line, *, early: bool = False) -> Line:
    """One line as far as its goods can be had now, whole or not at all; `early`: also where its day is still far."""
    state = fold.supply
    assert state is not None, "what takes goods is loaded with what placing needs"
    order, item = fold.orders[doing.demand.id], state.supply.items[line.item_id]
    opens = dates.held_from(state.enterprises[order.seller_id], line.ship_on)
    if opens is not None and doing.command.at < opens and not early:
        holding.release(fold.book, doing.demand, line.line_no)
        return msgspec.structs.replace(line, stock="future", holds_from=opens)
    line = msgspec.structs.replace(line, holds_from=None)
    plan = sourcing.plan(state.supply, lines.sale_of(order), item, line.line_no, line.stock_quantity)
    if isinstance(plan, Rejected) or actions.not_open(fold, order, doing.command):
        return msgspec.structs.replace(line, stock="unavailable")
    mark = fold.book.mark()
    holding.release(fold.book, doing.demand, line.line_no)
    for opened in plan.opens:
        fold.book.open(opened)
    if shelf.available_for(fold.book, item, plan) < line.stock_quantity:
        fold.book.back_to(mark)
        return msgspec.structs.replace(line, stock="backordered")
    for want in plan.wants:
        holding.hold(fold.book, doing.demand, want)
    stock = "untracked" if plan.untracked else "held"
    return msgspec.structs.replace(line, stock=stock, fulfilment="not_started")


def resize(fold: Fold, doing: Doing) -> list[Line] | Rejected:
    """Lines have their new quantities and amounts; what they need no longer is free, what they need more is not held yet."""
    changes = actions.changes_of(doing.command, doing.lines)
    if refusal := actions.named_twice(changes):
        return refusal
    by_number, faults = {line.line_no: line for line in doing.lines}, []
    last = max(by_number, default=0)
    for change in changes:
        last += change.line_no == 0
        old = by_number.get(change.line_no)
        new = _resized(fold, doing, old, change) if old else _added(fold, doing, change, last)
        if isinstance(new, Rejected):
            faults.append(new)
        else:
            by_number[new.line_no] = new
    if faults:
        return lines.faults(faults)
    return actions.discounted(list(by_number.values()), doing.command)


def _resized(fold: Fold, doing: Doing, line: Line, change: LineChange) -> Line | Rejected:
    state = fold.supply
    assert state is not None, "changes are loaded with what placing needs"
    item, currency = state.supply.items[line.item_id], fold.orders[doing.demand.id].currency
    if lines.is_out(line):
        return lines.released_before(line)
    if change.quantity == 0:
        holding.release(fold.book, doing.demand, line.line_no)
        return lines.scaled(line, 0, 0, currency, "taken out")
    unit = item.units.get(line.unit)
    if unit is None:
        return Rejected(
            "unit_unknown", f"{item.name} is no longer sold by {line.unit}.", {"line": line.line_no}
        )
    sized = lines.amount(item, unit, change.quantity, line.line_no)
    if isinstance(sized, Rejected):
        return sized
    sold, stock, note = sized
    if line.stock not in FIRM:
        holding.release(fold.book, doing.demand, line.line_no)
    elif stock < line.stock_quantity:
        actions.less(fold, doing.demand, line, line.stock_quantity - stock)
    firm = line.stock in FIRM and stock <= line.stock_quantity
    return lines.scaled(
        msgspec.structs.replace(line, stock=line.stock if firm else "none", holds_from=None),
        sold,
        stock,
        currency,
        note,
    )


def _added(fold: Fold, doing: Doing, change: LineChange, number: int) -> Line | Rejected:
    state, order = fold.supply, fold.orders[doing.demand.id]
    assert state is not None, "changes are loaded with what placing needs"
    if change.line_no:
        return Rejected("line_unknown", f"The order has no line {change.line_no}.", {"line": change.line_no})
    if change.item_id is None:
        return Rejected(
            "line_unknown", f"Line {number}: a line that is added needs an item.", {"line": number}
        )
    request = LineRequest(item_id=change.item_id, quantity=change.quantity, unit=change.unit)
    checked = lines.check(shelf.shop_of(state, order), number, request)
    return (
        checked if isinstance(checked, Rejected) else lines.priced(order.id, checked, order.currency, "none")
    )


def lose_line(fold: Fold, doing: Doing) -> list[Line] | Rejected:
    """The goods of one line are gone: what it held is given up, and it is `unavailable` until they can be had again."""
    wanted = getattr(doing.command.body, "attributes", {}).get("line")
    found = [one for one in doing.lines if one.line_no == wanted and one.quantity]
    if not isinstance(wanted, int) or not found:
        return Rejected("line_unknown", f"The order has no line {wanted}.", {"line": wanted})
    if lines.is_out(found[0]):
        return lines.released_before(found[0])
    holding.release(fold.book, doing.demand, wanted)
    return [
        msgspec.structs.replace(line, stock="unavailable", holds_from=None)
        if line.line_no == wanted
        else line
        for line in doing.lines
    ]


def commit_holds(fold: Fold, doing: Doing) -> list[Line]:
    """The goods are the order's for good: its lines are released to whoever packs them, and stay held until they leave."""
    holding.keep(fold.book, msgspec.structs.replace(doing.demand, expires_at=None))
    return [
        msgspec.structs.replace(line, fulfilment="released")
        if line.quantity and not lines.is_out(line)
        else line
        for line in doing.lines
    ]


ACTIONS: Final[dict[str, actions.Action]] = {
    **actions.ACTIONS,
    "take_holds": take_holds,
    "resize": resize,
    "lose_line": lose_line,
    "commit_holds": commit_holds,
}
