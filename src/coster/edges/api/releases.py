"""Releasing orders in parts over HTTP: these lines, so much of one, what lies at a place, what shall go by today (ADR 0022)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from coster.domain.orders.model import StepOrder
from coster.edges.api.order_records import OrderTold
from coster.edges.http import commands
from coster.edges.http.bodies import Body, Numbers
from coster.edges.http.call import Answer, Call
from coster.edges.http.fields import LocationId, Quantity
from coster.edges.http.operation import Operation
from coster.kernel import quantity


class LineReleased(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line, or so much of it."""

    line: Annotated[int, msgspec.Meta(ge=1, le=1_000_000, description="Its number.", examples=[1])]
    quantity: (
        Annotated[
            Quantity, msgspec.Meta(description="How much of it, in its sales unit; left out: all of it.")
        ]
        | None
    ) = None


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes to whoever packs it; with nothing at all, every line that is held."""

    lines: Annotated[
        list[LineReleased],
        msgspec.Meta(
            max_length=1000, description="These lines, all or none; goods that wait are taken first."
        ),
    ] = []
    location_id: (
        Annotated[LocationId, msgspec.Meta(description="Only what is held at this location.")] | None
    ) = None
    due: Annotated[
        bool, msgspec.Meta(description="Only lines that shall go by today, in the seller's time zone.")
    ] = False


_release = Body(Release)


async def release(call: Call) -> Answer:
    """Releases a part of an order."""
    body = await call.read(_release)
    expected = call.expected_version if b"if-match" in call.headers else None
    numbers = Numbers()
    parts = [_part(numbers, number, line) for number, line in enumerate(body.lines)]
    numbers.check()
    given: dict[str, Any] = {"parts": parts} if parts else {}
    if body.location_id is not None:
        given["location"] = str(body.location_id)
    if body.due:
        given["due"] = True
    step = StepOrder(order_id=call.id(), trigger="release_part", attributes=given, expected_version=expected)
    return commands.reply(call, await commands.send(call, step))


def _part(numbers: Numbers, number: int, line: LineReleased) -> dict[str, Any]:
    """As the event has it; an empty quantity is all of the line."""
    if line.quantity is None:
        return {"line": line.line, "quantity": ""}
    return {
        "line": line.line,
        "quantity": quantity.text(numbers.quantity(f"/lines/{number}/quantity", line.quantity)),
    }


OPERATIONS = (
    Operation(
        id="releaseOrder",
        tag="orders",
        permission="orders:write",
        method="POST",
        changes=True,
        path="/api/v1/orders/{id}/releases",
        summary="Release a part of an order, or what is held of it",
        endpoint=release,
        body=Release,
        answer=OrderTold,
        problems=(
            "order_unknown",
            "order_status",
            "version_conflict",
            "line_unknown",
            "line_released",
            "lines_refused",
            "nothing_to_release",
            "quantity_above_line",
            "quantity_not_exact",
            "insufficient_stock",
            "role_needed",
            "guard_failed",
            "action_refused",
            "not_valid",
        ),
        description="The same as the event release_part, for orders whose flow has it (order.b2b). A line of which only a part goes is cut "
        "in two: the part keeps its number, the rest gets one of its own. The order is released when the last of it is. With If-Match, "
        "refused where the order has changed since.",
    ),
)
