"""What is longer in its status than its flow wants, over HTTP: orders, and held orders, the longest first."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

import msgspec

from coster.domain.orders import reads as orders
from coster.domain.orders.model import LateOrder
from coster.domain.wholesale import reads as wholesale
from coster.domain.wholesale.model import LateHeldOrder
from coster.edges.http import paging
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import EnterpriseId, Id, Instant
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.engine.workflow.tables import Tables
from coster.kernel import ids

Entity = Literal["order", "held_order"]


class OverdueSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Something that should have left its status by now."""

    entity: Entity
    id: Id
    number: Annotated[str, msgspec.Meta(description="Its name for people.", examples=["7Z3K9Q0X2M"])]
    enterprise_ids: Annotated[list[EnterpriseId], msgspec.Meta(description="Whose it is.")]
    status: Annotated[str, msgspec.Meta(description="Of its flow.", examples=["Complete"])]
    label: Annotated[str, msgspec.Meta(description="The same for people.", examples=["Owed by the producer"])]
    flow: Annotated[str, msgspec.Meta(examples=["wholesale.held"])]
    flow_version: int
    entered_at: Annotated[Instant, msgspec.Meta(description="Since when it is in its status.")]
    sla_at: Annotated[Instant, msgspec.Meta(description="Until when it should have left it.")]
    beyond: Annotated[
        str, msgspec.Meta(description="For how long it is too late (ISO 8601).", examples=["PT5400S"])
    ]


async def of_orders(call: Call) -> Answer:
    """Orders that the caller may read and that are beyond the service level of their status."""
    page, limit = _page(call)
    async with call.parts.database.read(call.org_id) as conn:
        found = await orders.list_late(conn, call.org_id, call.authority, call.at, page)
        flows = await call.parts.libraries["order"].tables(conn, call.org_id)
    return _listed(call, [_seen("order", one, flows, call.at) for one in found], limit)


async def of_held_orders(call: Call) -> Answer:
    """Held orders of which the caller is the hub or the producer, likewise."""
    page, limit = _page(call)
    async with call.parts.database.read(call.org_id) as conn:
        found = await wholesale.list_late(conn, call.org_id, call.authority, call.at, page)
        flows = await call.parts.libraries["held_order"].tables(conn, call.org_id)
    return _listed(call, [_seen("held_order", one, flows, call.at) for one in found], limit)


def _page(call: Call) -> tuple[tuple[tuple[dt.datetime, uuid.UUID] | None, int], int]:
    """After which one, and how many; and how many are shown of them."""
    query = call.read_query(PageQuery)
    after = paging.read(call.operation.id, query.cursor, tuple[dt.datetime, uuid.UUID])
    return (after, query.limit + 1), query.limit


def _listed(call: Call, found: list[OverdueSeen], limit: int) -> Answer:
    return answer(
        paging.page(call.operation.id, found, limit, lambda one: one, lambda one: (one.sla_at, one.id))
    )


def _seen(entity: Entity, late: LateOrder | LateHeldOrder, flows: Tables, now: dt.datetime) -> OverdueSeen:
    whose = [late.seller_id] if isinstance(late, LateOrder) else [late.hub_id, late.producer_id]
    status = flows.of(late.flow, late.flow_version).flow.status(late.status)
    return OverdueSeen(
        entity=entity, id=late.id, number=ids.short(late.id), enterprise_ids=whose, status=late.status,
        label=status.label or status.name, flow=late.flow, flow_version=late.flow_version, entered_at=late.entered_at,
        sla_at=late.sla_at, beyond=f"PT{int((now - late.sla_at).total_seconds())}S",
    )  # fmt: skip


_LIST: dict[str, Any] = {
    "method": "GET",
    "query": PageQuery,
    "answer": Page[OverdueSeen],
    "description": "Those that you may read, the longest first. A status of a flow may have a service level (`sla`); "
    "`coster_beyond_sla` in /metrics counts the same for the whole server.",
}
OPERATIONS = (
    Operation(
        id="listOverdueOrders",
        path="/api/v1/overdue/orders",
        summary="List orders that are longer in their status than they should be",
        endpoint=of_orders,
        tag="orders",
        permission="orders:read",
        **_LIST,
    ),
    Operation(
        id="listOverdueHeldOrders",
        path="/api/v1/overdue/held-orders",
        summary="List held orders that are longer in their status than they should be",
        endpoint=of_held_orders,
        tag="held orders",
        permission="held_orders:read",
        **_LIST,
    ),
)
