"""The order of a hub on another platform: it is told what the order shall come to, as often as the hub likes, and never by how much more.

So a request that comes twice is as one, and of those that overtake each other the newest counts, by its number. What came with the
request and is not about goods is kept in the order's attributes, under SUPPLIED. Source: ADR 0020. Pure.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.orders.model import Line, LineChange, Order, ReplaceLines, Total
from coster.domain.orders.rules import lines, telling
from coster.domain.orders.rules.shelf import SUPPLIED
from coster.domain.sessions.model import Session
from coster.kernel import quantity
from coster.kernel.outcome import Accepted, Rejected


def standing(order: Order) -> dict[str, Any]:
    """What is kept of the other platform's wishes; without any, nobody's."""
    return {"producer": None, "sequence": None, "cancelled": False, **order.attributes.get(SUPPLIED, {})}


def begun(producer_id: uuid.UUID, sequence: int | None, notes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes with which such an order is placed."""
    known = {"producer": str(producer_id), "sequence": sequence, "cancelled": False}
    return {SUPPLIED: {**notes, **known}}


def changes(before: Sequence[Line], totals: Sequence[Total]) -> list[LineChange]:
    """What has to be changed so that the lines come to the totals, in their order; lines that no total names are taken out first."""
    wanted = {total.item_id: total for total in totals}
    there = {line.item_id: line for line in before}
    found = [
        LineChange(line_no=line.line_no, quantity=0, item_id=line.item_id)
        for line in before
        if line.quantity and (line.item_id not in wanted or there[line.item_id] is not line)
    ]
    for total in wanted.values():
        line = there.get(total.item_id)
        if line is None and total.quantity:
            found.append(
                LineChange(line_no=0, quantity=total.quantity, item_id=total.item_id, unit=total.unit)
            )
        elif line is not None and line.quantity != total.quantity:
            found.append(LineChange(line_no=line.line_no, quantity=total.quantity, item_id=total.item_id))
    return found


def refused(
    order: Order, session: Session | None, body: ReplaceLines, wanted: Sequence[LineChange]
) -> Rejected | None:
    """Why the totals cannot be taken, whatever stock there is; None where they can."""
    known = standing(order)
    if known["producer"] != str(body.producer_id):
        return Rejected("order_unknown", "No order of yours has this id.")
    newest = known["sequence"]
    if body.sequence is not None and newest is not None and body.sequence < newest:
        return Rejected(
            "superseded",
            f"Number {newest} was taken already, which is newer than {body.sequence}; nothing was changed.",
            {"sequence": newest, "version": order.version},
        )
    if body.currency not in (None, order.currency):
        return Rejected(
            "currency_mismatch",
            f"This order is reckoned in {order.currency}, and not in {body.currency}.",
            {"currency": order.currency},
        )
    off = known["cancelled"] if body.cancelled is None else body.cancelled
    if off and any(total.quantity for total in body.lines):
        return Rejected(
            "order_cancelled",
            "The order is cancelled; while its session is open it is on again with the status Held, or by making it once more.",
        )
    over = session is not None and session.status == "ended"
    if over and (wanted or off != known["cancelled"]):
        return Rejected(
            "order_final", "The order is complete and owed as it is; nothing of it can be changed any more."
        )
    return None


def noted(order: Order, body: ReplaceLines) -> Order:
    """The order with what is to be kept of the request."""
    attributes = {**order.attributes, SUPPLIED: _kept(standing(order), body)}
    return msgspec.structs.replace(order, attributes=attributes)


def _kept(known: dict[str, Any], body: ReplaceLines) -> dict[str, Any]:
    return {
        **body.notes,
        "producer": known["producer"],
        "sequence": known["sequence"] if body.sequence is None else body.sequence,
        "cancelled": known["cancelled"] if body.cancelled is None else body.cancelled,
    }


def unchanged(order: Order, of_order: Sequence[Line]) -> Accepted:
    """The answer where the order is already what it shall be: as after a change, but nothing was written."""
    return Accepted(telling.answer(order, [lines.told(line, order.currency) for line in of_order]))


def fewer(short: Rejected, change: LineChange) -> LineChange | None:
    """The same wish for what there is; None where the line is refused for another reason than stock."""
    if short.code != "insufficient_stock":
        return None
    return msgspec.structs.replace(change, quantity=quantity.parse(str(short.detail["available"])))


def about(fault: Rejected, change: LineChange) -> Rejected:
    """The fault of a line with its item, where the change names one: whoever sends totals has no numbers of lines."""
    if change.item_id is None:
        return fault
    return Rejected(fault.code, fault.message, {**fault.detail, "item_id": str(change.item_id)})
