"""Held orders over HTTP, for hubs and producers; and what happens when a producer has less than was promised."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from coster.domain.wholesale import reads
from coster.domain.wholesale.model import (
    HeldLine,
    HeldOrdersWanted,
    HeldOrderView,
    LowerStock,
    StepHeldOrder,
)
from coster.edges.api import past
from coster.edges.api.buttons import ActionSeen, actions, table_of
from coster.edges.http import commands, paging, tables
from coster.edges.http.bodies import Body, Numbers
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import (
    AmountText,
    Currency,
    EnterpriseId,
    Id,
    Instant,
    ItemId,
    LocationId,
    Name,
    PriceText,
    QuantityText,
    SessionId,
    Version,
)
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found
from coster.kernel import money, quantity

Status = Literal["Draft", "Held", "Complete", "Cancelled"]
Fulfilment = Literal["Held", "Unfulfilled", "Fulfilled", "Cancelled"]
Payment = Literal["Unpaid", "Paid", "Cancelled"]
Needed = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=500, description="Why; everybody concerned is told.", examples=["Hail"]
    ),
]


class HeldLineSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A line: an item, or (by weight) all of a product in kilograms."""

    item_id: ItemId | None
    sku: str
    name: str
    unit: str
    quantity: QuantityText
    surplus: Annotated[
        str,
        msgspec.Meta(description="The part that fills the last case and no shopper wants.", examples=["0"]),
    ]
    cases: Annotated[int, msgspec.Meta(description="Whole cases, where it is held by the case.")] | None
    price: PriceText
    amount: AmountText
    discount: Annotated[
        str, msgspec.Meta(description="What the hub gave its shoppers off these goods.", examples=["0.00"])
    ]


class HeldOrderSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What a hub holds of a producer's stock. Nothing in it is about a shopper."""

    id: Id
    number: str
    hub_id: EnterpriseId
    hub: Name
    producer_id: EnterpriseId
    producer: Name
    session_id: SessionId
    session: Name
    amend_until: Instant
    status: Annotated[
        Status, msgspec.Meta(description="Order status of the DFC standard, a view of `state`.")
    ]
    fulfilment: Fulfilment
    payment: Payment
    state: Annotated[str, msgspec.Meta(description="The status of its flow.", examples=["Held"])]
    label: Annotated[str, msgspec.Meta(description="The same for people.", examples=["Held for shoppers"])]
    flow: Annotated[str, msgspec.Meta(examples=["wholesale.held"])]
    flow_version: Annotated[int, msgspec.Meta(examples=[1])]
    entered_at: Instant
    sla_at: (
        Annotated[
            Instant,
            msgspec.Meta(
                description="From when on it is longer in its state than it should; null: no limit."
            ),
        ]
        | None
    )
    currency: Currency
    lines: list[HeldLineSeen]
    gross: AmountText
    discount: AmountText
    discount_reason: str
    total: AmountText
    created_at: Instant
    changed_at: Instant
    version: Version


class HeldOrderQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which held orders."""

    hub_id: EnterpriseId | None = None
    producer_id: EnterpriseId | None = None
    session_id: SessionId | None = None
    status: (
        Annotated[
            str,
            msgspec.Meta(max_length=100, description="The status of their flow, `state`.", examples=["Held"]),
        ]
        | None
    ) = None
    as_of: past.AsOfInstant | None = None


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a shopper's order that is part of a held order; only the hub sees these."""

    order_id: Id
    line: int
    item_id: ItemId
    name: str
    unit: str
    quantity: QuantityText
    state: str


class Contributions(msgspec.Struct, frozen=True, kw_only=True):
    """What a held order is made of, in order of arrival."""

    items: list[Contribution]


class HeldOrderEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that happens to a held order by its flow: `fulfil` (the goods were handed over), `cancel` with a `reason` (every
    shopper's line in it is told and given back), or an event that a flow of one's own declares.
    """

    name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=100, description="The event.", examples=["fulfil"])
    ]
    attributes: Annotated[
        dict[str, Any], msgspec.Meta(description="What the event takes; `…/actions` tells it.")
    ] = {}


class HeldOrderMoved(msgspec.Struct, frozen=True, kw_only=True):
    """Where the held order stands now."""

    id: Id
    status: str
    version: Version


class Lowering(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What there really is of an item at a place. Send it with `dry_run=true` first to see who would lose what."""

    item_id: ItemId
    location_id: LocationId
    quantity: Annotated[Decimal, msgspec.Meta(description="How much there really is.", examples=["40"])]
    reason: Needed
    lot: Annotated[str, msgspec.Meta(max_length=100)] = ""
    policy: Annotated[
        Literal["first_come", "pro_rata", "priority"] | None,
        msgspec.Meta(description="How the loss is shared; without it as each relation says."),
    ] = None


_event = Body(HeldOrderEvent)
_lowering = Body(Lowering)


async def list_(call: Call) -> Answer:
    """The held orders of which the caller is the hub or the producer."""
    query = call.read_query(HeldOrderQuery)
    wanted = HeldOrdersWanted(
        hub_id=query.hub_id,
        producer_id=query.producer_id,
        session_id=query.session_id,
        status=query.status,
        after=paging.read("held-orders", query.cursor, uuid.UUID),
        limit=query.limit + 1,
    )
    if query.as_of is not None and query.status is not None:
        raise past.refused("/status", "a status cannot be asked for together with as_of; leave it out.")
    rows = await _listed(call, wanted, query.as_of)
    return answer(paging.page("held-orders", rows, query.limit, _seen, lambda row: row.id))


async def get(call: Call) -> Answer:
    """One held order, as JSON or (Accept: text/csv) as a table."""
    held = await _find(call, call.read_query(past.AsOf).as_of)
    if call.accepts(b"text/csv"):
        return _table(held)
    return versioned(_seen(held), held.version)


async def list_actions(call: Call) -> Answer:
    """What may be done with a held order now."""
    held = await _find(call)
    table = await table_of(call, "held_order", held.flow, held.flow_version)
    return answer(actions(call, table, held.state, held.hub_id, held.producer_id))


async def list_contributions(call: Call) -> Answer:
    """Which orders a held order is made of; only its hub may know."""
    held = await _find(call)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.contributions(conn, call.org_id, call.authority, held)
    if rows is None:
        raise not_found("held order")
    shown = [
        Contribution(
            order_id=row["order_id"],
            line=row["line_no"],
            item_id=row["item_id"],
            name=row["name"],
            unit=row["stock_unit"],
            quantity=quantity.text(row["quantity"]),
            state=row["state"],
        )
        for row in rows
    ]
    return answer(Contributions(items=shown))


async def drive(call: Call) -> Answer:
    """Sends an event to a held order."""
    event = await call.read(_event)
    reason = event.attributes.get("reason", "")
    body = StepHeldOrder(held_order_id=call.id(), trigger=event.name, attributes=event.attributes)
    return commands.reply(
        call, await commands.send(call, body, reason=reason if isinstance(reason, str) else "")
    )


async def lower(call: Call) -> Answer:
    """Says that there is less than was promised, and shares the loss out."""
    body = await call.read(_lowering)
    numbers = Numbers()
    command = LowerStock(
        item_id=body.item_id,
        location_id=body.location_id,
        quantity=numbers.quantity("/quantity", body.quantity, least=0),
        lot=body.lot,
        policy=body.policy,
        reason=body.reason,
    )
    numbers.check()
    return commands.reply(call, await commands.send(call, command, reason=body.reason))


async def _find(call: Call, as_of: dt.datetime | None = None) -> HeldOrderView:
    rows = await _listed(call, HeldOrdersWanted(ids=[call.id()], limit=1), as_of)
    if not rows:
        raise not_found("held order")
    return rows[0]


async def _listed(call: Call, wanted: HeldOrdersWanted, as_of: dt.datetime | None) -> list[HeldOrderView]:
    library = call.parts.libraries["held_order"]
    if as_of is not None:
        instant = past.instant(call, as_of)
        async with past.kept(), call.parts.database.read(call.org_id) as conn:
            flows = await library.tables(conn, call.org_id)
            return await reads.list_as_of(conn, call.org_id, call.authority, wanted, (instant, flows))
    async with call.parts.database.read(call.org_id) as conn:
        flows = await library.tables(conn, call.org_id)
        return await reads.list_held_orders(conn, call.org_id, call.authority, wanted, flows)


def _seen(held: HeldOrderView) -> Any:
    seen = {name: getattr(held, name) for name in held.__struct_fields__ if name != "holds"}
    for name in ("gross", "discount", "total"):
        seen[name] = money.text(seen[name], held.currency)
    seen["lines"] = [_seen_line(line, held.currency) for line in held.lines]
    return seen


def _seen_line(line: HeldLine, currency: str) -> Any:
    return {
        "item_id": line.item_id,
        "sku": line.sku,
        "name": line.name,
        "unit": line.unit,
        "quantity": quantity.text(line.quantity),
        "surplus": quantity.text(line.surplus),
        "cases": line.cases,
        "price": money.price_text(line.price_micros),
        "amount": money.text(line.amount, currency),
        "discount": money.text(line.discount, currency),
    }


def _table(held: HeldOrderView) -> Answer:
    lines = [_seen_line(line, held.currency) for line in held.lines]
    columns = ("sku", "name", "quantity", "unit", "cases", "surplus", "price", "amount", "discount")
    head = (held.number, held.hub, held.producer, held.session, held.status, held.fulfilment, held.currency)
    return tables.table(
        f"held-order-{held.number}",
        ("held_order", "hub", "producer", "session", "status", "fulfilment", "currency", *columns),
        [(*head, *(line[column] for column in columns)) for line in lines],
    )


_READ: dict[str, Any] = {"tag": "held orders", "permission": "held_orders:read"}
_WRITE: dict[str, Any] = {"tag": "held orders", "permission": "held_orders:write", "changes": True}
OPERATIONS = (
    Operation(
        id="listHeldOrders",
        method="GET",
        path="/api/v1/held-orders",
        summary="List held orders",
        endpoint=list_,
        query=HeldOrderQuery,
        answer=Page[HeldOrderSeen],
        problems=("as_of_archived",),
        **_READ,
    ),
    Operation(
        id="getHeldOrder",
        method="GET",
        path="/api/v1/held-orders/{id}",
        summary="Show a held order",
        endpoint=get,
        query=past.AsOf,
        answer=HeldOrderSeen,
        media=("text/csv",),
        problems=("as_of_archived",),
        **_READ,
    ),
    Operation(
        id="listHeldOrderActions",
        method="GET",
        path="/api/v1/held-orders/{id}/actions",
        summary="List what may be done with a held order now",
        endpoint=list_actions,
        answer=list[ActionSeen],
        **_READ,
    ),
    Operation(
        id="listContributions",
        method="GET",
        path="/api/v1/held-orders/{id}/contributions",
        summary="List the orders that a held order is made of",
        endpoint=list_contributions,
        answer=Contributions,
        description="For its hub only; a producer never learns of shoppers' orders.",
        tag="held orders",
        permission="orders:read",
    ),
    Operation(
        id="driveHeldOrder",
        method="POST",
        path="/api/v1/held-orders/{id}/events",
        summary="Send an event to a held order: it was handed over, it is off",
        endpoint=drive,
        body=HeldOrderEvent,
        answer=HeldOrderMoved,
        problems=(
            "held_order_unknown",
            "held_order_status",
            "role_needed",
            "not_valid",
            "action_refused",
            "guard_failed",
        ),
        **_WRITE,
    ),
    Operation(
        id="lowerStock",
        method="POST",
        path="/api/v1/positions:lower",
        summary="Share out a shortage",
        endpoint=lower,
        body=Lowering,
        answer=dict[str, Any],
        tag="stock",
        permission="stock:write",
        changes=True,
        problems=("position_unknown", "quantity_not_lower", "stock_committed"),
        description="There is less than was promised: what is free goes first, then holds are cut by policy. Everybody "
        "concerned is told why. `dry_run=true` is the preview.",
    ),
)
