"""Approvals over HTTP: the orders that wait for whoever asks, and what they decide about many of them at once."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

import msgspec

from coster.domain.orders import reads
from coster.domain.orders.model import ApprovalsWanted, Line, Order, StepOrder
from coster.edges.api.order_records import Channel, LineNumber, Reference, Unit
from coster.edges.http import paging
from coster.edges.http.batches import Batch, RowResult, Wish, each
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import (
    AmountText,
    Currency,
    EnterpriseId,
    Id,
    Instant,
    ItemId,
    PriceText,
    QuantityText,
    Version,
)
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.kernel import ids, money, quantity

_LIST = "approvals"
Count = Annotated[int, msgspec.Meta(ge=0, examples=[1])]


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody decides about one order, in the version that they have seen."""

    order_id: Id
    version: Version
    decision: Annotated[
        Literal["approve", "deny"], msgspec.Meta(description="approve or deny.", examples=["approve"])
    ]
    reason: Annotated[
        str, msgspec.Meta(max_length=2000, description="Why it is denied; kept with the order's remarks.")
    ] = ""


class WaitingLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order that waits."""

    line: LineNumber
    item_id: ItemId
    unit: Unit
    quantity: QuantityText
    price: PriceText
    total: AmountText


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An order that waits for whoever asks."""

    id: Id
    number: Annotated[str, msgspec.Meta(description="Its name for people.")]
    seller_id: EnterpriseId
    channel: Channel
    reference: Reference
    status: str
    currency: Currency
    total: AmountText
    placed_at: Instant
    version: Version
    cost_centre_id: Id | None
    level: Annotated[Count, msgspec.Meta(description="The level that is open, from 1.")]
    levels: Annotated[Count, msgspec.Meta(description="How many must agree in all.")]
    asked_at: Instant
    lines: list[WaitingLine]


async def list_(call: Call) -> Answer:
    """The orders that wait for this key by name, newest first."""
    query = call.read_query(PageQuery)
    before = paging.read(_LIST, query.cursor, uuid.UUID)
    wanted = ApprovalsWanted(key_id=call.key_id, before=before, limit=query.limit + 1)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_approvals(conn, call.org_id, call.authority, wanted)
        lines = await reads.lines_of(conn, call.org_id, [row.id for row in rows[: query.limit]])
    return answer(
        paging.page(_LIST, rows, query.limit, lambda row: _seen(row, lines[row.id]), lambda row: row.id)
    )


def _seen(order: Order, lines: list[Line]) -> dict[str, Any]:
    approval, centre = order.attributes["approval"], order.attributes.get("cost_centre")
    kept = ("id", "seller_id", "channel", "reference", "status", "currency", "placed_at", "version")
    return {
        **{name: getattr(order, name) for name in kept},
        "number": ids.short(order.id),
        "total": money.text(order.total, order.currency),
        "cost_centre_id": centre["id"] if centre else None,
        "level": approval["level"] + 1,
        "levels": approval["levels"],
        "asked_at": approval["asked_at"],
        "lines": [_seen_line(line, order.currency) for line in lines],
    }


def _seen_line(line: Line, currency: str) -> dict[str, Any]:
    return {
        "line": line.line_no,
        "item_id": line.item_id,
        "unit": line.unit,
        "quantity": quantity.text(line.quantity),
        "price": money.price_text(line.price_micros),
        "total": money.text(line.total, currency),
    }


async def _wish(_call: Call, row: Decision) -> Wish:
    """A row is known by its order, version and decision: nobody decides twice about what they have seen."""
    attributes = {"reason": row.reason} if row.decision == "deny" and row.reason else {}
    step = StepOrder(
        order_id=row.order_id, trigger=row.decision, attributes=attributes, expected_version=row.version
    )
    return Wish(
        make=lambda _: step,
        identity=f"{row.order_id}\x1f{row.version}\x1f{row.decision}",
        about=row.order_id,
    )


OPERATIONS = (
    Operation(
        id="listApprovals",
        method="GET",
        path="/api/v1/approvals",
        summary="List the orders that wait for your approval",
        endpoint=list_,
        query=PageQuery,
        answer=Page[Waiting],
        tag="approvals",
        permission="orders:approve",
        description="Those for which this key is asked by name: as an approver of their cost centre, or because somebody gave them to it.",
    ),
    Operation(
        id="decideApprovals",
        method="POST",
        path="/api/v1/approvals:batch",
        summary="Approve or deny many orders",
        endpoint=Batch(Decision, each(_wish)),
        rows=Decision,
        answer=RowResult,
        description="One decision a line (NDJSON) or row (CSV), each carried out as if it came alone, with a result of its own: an order "
        "that has changed since it was read is refused, and keeps none of the others back.",
        tag="approvals",
        permission="orders:approve",
        changes=True,
    ),
)
