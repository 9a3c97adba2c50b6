"""What an order's event tells of the facts that guards read: for trying another version on days that were recorded. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from coster.kernel import clock, ids, money, quantity


def facts(order_id: uuid.UUID, at: dt.datetime, data: Mapping[str, Any], *, first: bool) -> dict[str, Any]:
    """The fields of the room's context that an event at the instant tells, as JSON has them; `first`: it is the order's beginning.

    What is nobody's business but the seller's (who the customer is, remarks) stands in no event, so it is not among them. Events that do
    not tell the whole order (that it was moved, what a flow has sent) tell nothing of it.
    """
    if "lines" not in data or "currency" not in data:
        return {}
    currency = str(data["currency"])
    told = {
        "order.number": ids.short(order_id),
        "order.channel": data["channel"],
        "order.reference": data["reference"],
        "order.currency": currency,
        "order.total": money.parse(data["total"], currency),
        "order.in_session": data["session_id"] is not None,
        "order.lines": [_line(line, currency) for line in data["lines"]],
    }
    return {**told, "order.placed_at": clock.text(at)} if first else told


def _line(line: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {
        "line": line["line"],
        "item": line["item_id"],
        "requested": quantity.parse(line["requested"]),
        "quantity": quantity.parse(line["quantity"]),
        "total": money.parse(line["total"], currency),
        "stock": line["stock"],
        "fulfilment": line["fulfilment"],
    }
