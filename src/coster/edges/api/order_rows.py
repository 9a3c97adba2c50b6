"""Orders as files: NDJSON with an order a line, or CSV with a row for each line of an order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from coster.edges.api import confirming, orders
from coster.edges.api.order_records import OrderWanted
from coster.edges.http.batches import Batch, RowResult, Wish, each
from coster.edges.http.call import Call
from coster.edges.http.operation import Operation
from coster.edges.http.rows import Row
from coster.kernel import ids


async def _wish(call: Call, row: OrderWanted) -> Wish:
    """A row is known by its channel and reference, which are taken once."""
    order = await orders.placing(call, row, ids.NIL)
    return Wish(
        make=lambda command_id: msgspec.structs.replace(order, order_id=orders.order_id(call, command_id)),
        identity=f"{row.channel}\x1f{row.reference}",
    )


async def _one_order_each(found: AsyncIterator[Row]) -> AsyncIterator[Row]:
    """Rows of a CSV that follow each other with the same channel and reference are the lines of one order."""
    held: Row | None = None
    async for row in found:
        if row.cells is None:
            # In the order of the file: what was held comes first.
            if held is not None:
                yield held
                held = None
            yield row
            continue
        whole = msgspec.structs.replace(row, cells=_nested(row.cells))
        if held is not None and _same_order(held, whole):
            held = _joined(held, whole)
            continue
        if held is not None:
            yield held
        held = whole
    if held is not None:
        yield held


_OF_A_LINE = ("item_id", "quantity", "unit", "price")


def _nested(cells: dict[str, Any]) -> dict[str, Any]:
    line = {name: cells[name] for name in _OF_A_LINE if name in cells}
    if discount := cells.get("line_discount"):
        line["discount"] = discount
    order = {name: cell for name, cell in cells.items() if name not in _OF_A_LINE and name != "line_discount"}
    return {**order, "lines": [line]}


def _same_order(one: Row, other: Row) -> bool:
    here, there = one.cells or {}, other.cells or {}
    return all(name in here and here[name] == there.get(name) for name in ("channel", "reference"))


def _joined(one: Row, other: Row) -> Row:
    here, there = one.cells or {}, other.cells or {}
    lines = [*here["lines"], *there["lines"]]
    # An order of which one line cannot be read is refused whole: without that line it would be another order.
    return msgspec.structs.replace(
        one,
        raw=one.raw + b"\n" + other.raw,
        cells={**here, "lines": lines},
        problem=one.problem or other.problem,
    )


OPERATIONS = (
    Operation(
        id="placeOrders",
        path="/api/v1/orders:batch",
        summary="Send many orders",
        endpoint=Batch(OrderWanted, each(_wish), arrange=_one_order_each).confirmed_by(confirming.confirm),
        rows=OrderWanted,
        answer=RowResult,
        description="One order a line (NDJSON). In a CSV the rows that follow each other with the same "
        "channel and reference "
        "are the lines of one order. A row that was accepted before is answered the same and takes effect once; "
        "one that was refused is tried again, unless the file comes with the same Idempotency-Key.",
        tag="orders",
        permission="orders:write",
        method="POST",
        changes=True,
    ),
)
