"""An order as it was known at an instant: what its events said until then, on what never changes of it. Pure.

The events of the room itself say everything that may change but the attributes, which the answers of the commands behind them have;
messages that rows of a flow send say nothing about it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from coster.domain.orders.model import Line, Order, PastEvent
from coster.engine.flows import audit
from coster.engine.workflow import timing
from coster.engine.workflow.tables import Tables
from coster.kernel import money, quantity

Flows: TypeAlias = "tuple[Tables, timing.Calendars]"
"""The organisation's flows of orders, and the calendars that the room gives for an order."""

_MOVED = "order.flow_moved"
_TOLD = ("seller_id", "status", "currency", "total", "lines")


def at(
    order: Order, lines: Sequence[Line], events: Sequence[PastEvent], flows: Flows
) -> tuple[Order, list[Line]] | None:
    """The order and its lines after these events, its first and those that follow; None where the first is not among them.

    `order` and `lines` are as they are now, and so are the opening hours in which a service level counts. Raises UnknownVersionError.
    """
    if not events or events[0].version != 1:
        return None
    now = msgspec.structs.replace(order, status="", sla_at=None, attributes={})
    of_order: list[Line] = []
    known = {line.line_no: line for line in lines}
    for event in events:
        data = event.data
        if event.name == _MOVED:
            since = now.entered_at if data["status"] == now.status else event.at
            now = msgspec.structs.replace(now, flow_version=data["flow"]["version"])
            now = _entered(now, data["status"], since, flows)
        elif all(name in data for name in _TOLD):
            of_order = [_line(known, told, order.currency) for told in data["lines"]]
            flow = data.get("flow") or {}
            now = _head(now, data, of_order, flow.get("version", now.flow_version))
            if data["status"] != now.status or _came_again(flow):
                now = _entered(now, data["status"], event.at, flows)
        attributes = now.attributes if event.attributes is None else event.attributes
        now = msgspec.structs.replace(now, version=event.version, attributes=attributes)
    return now, of_order


def versions(events: Iterable[Mapping[str, Any]]) -> set[int]:
    """The versions of its flow on which an order has been, by its events as they are stored."""
    found = {(event["data"] or {}).get("flow", {}).get("version") for event in events}
    return {version for version in found if isinstance(version, int)}


def _head(now: Order, data: Mapping[str, Any], of_order: Sequence[Line], version: int) -> Order:
    expires = data.get("expires_at")
    return msgspec.structs.replace(
        now, flow_version=version, payment=data.get("payment", "none"),
        expires_at=None if expires is None else dt.datetime.fromisoformat(expires),
        gross=sum(line.gross for line in of_order), line_discount=sum(line.discount for line in of_order),
        order_discount=sum(line.order_share for line in of_order), total=sum(line.total for line in of_order),
    )  # fmt: skip


def _came_again(flow: Mapping[str, Any]) -> bool:
    """Whether a row led out of a status, be it back to it in the end."""
    return any(row["from"] != row["to"] for row in audit.rows(flow))


def _entered(now: Order, status: str, since: dt.datetime, flows: Flows) -> Order:
    table = flows[0].of(now.flow, now.flow_version)
    late = timing.beyond(table, status, since, flows[1])
    holds = table.flow.status(status).holds
    return msgspec.structs.replace(now, status=status, holds=holds, entered_at=since, sla_at=late)


def _line(known: Mapping[int, Line], told: Mapping[str, Any], currency: str) -> Line:
    """A line as its order's event told it; which item it is of, and whose, is as it always was."""
    line = known[told["line"]]
    total, discount, share = (
        money.parse(told[name], currency) for name in ("total", "discount", "order_share")
    )
    return msgspec.structs.replace(
        line, unit=told["unit"], requested=quantity.parse(told["requested"]),
        quantity=quantity.parse(told["quantity"]), stock_quantity=quantity.parse(told["stock_quantity"]),
        price_micros=money.parse_price(told["price"]), gross=total + discount + share, discount=discount,
        order_share=share, total=total, stock=told["stock"], fulfilment=told["fulfilment"], note=told["note"],
        holds_from=dt.datetime.fromisoformat(told["holds_from"]) if "holds_from" in told else None,
    )  # fmt: skip
