"""Shoppers' orders over HTTP: placed, completed, changed, cancelled, commented; one by one or as files."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from coster.domain.orders import reads
from coster.domain.orders.model import (
    AddComment,
    CancelOrder,
    ChangeOrder,
    CompleteCheckout,
    Discount,
    FailCheckout,
    Line,
    LineChange,
    LineRequest,
    Order,
    OrdersWanted,
    PlaceOrder,
    StepOrder,
)
from coster.edges.api import confirming, past
from coster.edges.api.buttons import ActionSeen, actions
from coster.edges.api.currencies import currencies_of
from coster.edges.api.order_records import (
    KNOWN,
    Cancel,
    Change,
    Comment,
    CommentGiven,
    Comments,
    Complete,
    DiscountGiven,
    EventSent,
    Fail,
    KnownEvent,
    LineWanted,
    OrderEvent,
    OrderHead,
    OrderPatch,
    OrderQuery,
    OrderSeen,
    OrderTold,
    OrderWanted,
)
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body, Numbers
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page
from coster.edges.http.problems import Problem, not_found
from coster.kernel import ids, money, quantity
from coster.kernel.outcome import Accepted

_wanted, _patch, _comment = Body(OrderWanted), Body(OrderPatch), Body(CommentGiven)
_sent = Body(EventSent)
_event: Body[KnownEvent] = Body(KnownEvent)


async def place(call: Call) -> Answer:
    """Places an order."""
    body = await call.read(_wanted)
    command = await placing(call, body, order_id(call, call.command_id))
    result = await commands.send(call, command)
    await confirming.confirm(call, result, call.command_id, _amounts(command.lines))
    outcome = result.outcome
    location = f"/api/v1/orders/{outcome.value['id']}" if isinstance(outcome, Accepted) else None
    return commands.reply(call, result, status=201, location=location)


def _amounts(lines: Sequence[LineRequest | LineChange]) -> dict[uuid.UUID, int]:
    """How much is asked for of each item, as it was asked for."""
    amounts: dict[uuid.UUID, int] = {}
    for line in lines:
        if line.item_id is not None:
            amounts[line.item_id] = amounts.get(line.item_id, 0) + line.quantity
    return amounts


def order_id(call: Call, command_id: uuid.UUID) -> uuid.UUID:
    """An id that sorts by time. A repeat would make another, but is answered with what the first one made."""
    return ids.at_instant(call.at, commands.made(command_id, "order").bytes)


async def placing(call: Call, body: OrderWanted, order_id: uuid.UUID) -> PlaceOrder:
    """The command, with all decimals as exact integers. Problem: body_invalid."""
    numbers = Numbers()
    currency = await _currency(call, body)
    command = PlaceOrder(
        order_id=order_id,
        seller_id=body.seller_id,
        channel=body.channel,
        reference=body.reference,
        lines=[
            _line(numbers, number, (line, line.ship_on or body.ship_on), currency)
            for number, line in enumerate(body.lines)
        ],
        session_id=body.session_id,
        customer_id=body.customer_id,
        discount=_discount(numbers, "/discount", body.discount, currency),
        completed=body.completed,
        allow_partial=body.allow_partial,
        priority=body.priority,
        type=body.type,
        attributes=body.attributes,
        cost_centre_id=body.cost_centre_id,
    )
    numbers.check()
    return command


async def _currency(call: Call, body: OrderWanted) -> str:
    """The seller's currency, which only discounts need; without one nothing is read."""
    if body.discount is None and all(line.discount is None for line in body.lines):
        return ""
    known = await currencies_of(call, [body.seller_id]) if call.sees(body.seller_id) else {}
    if body.seller_id not in known:
        raise Problem("seller_unknown", "You may not take orders for a shop of this id.")
    return known[body.seller_id]


def _line(
    numbers: Numbers, number: int, wanted: tuple[LineWanted, dt.date | None], currency: str
) -> LineRequest:
    line, ship_on = wanted
    here = f"/lines/{number}"
    return LineRequest(
        item_id=line.item_id,
        quantity=numbers.quantity(f"{here}/quantity", line.quantity),
        unit=line.unit,
        price_micros=None if line.price is None else numbers.price(f"{here}/price", line.price),
        discount=_discount(numbers, f"{here}/discount", line.discount, currency),
        ship_on=ship_on,
    )


def _discount(numbers: Numbers, pointer: str, given: DiscountGiven | None, currency: str) -> Discount | None:
    if given is None:
        return None
    if (given.amount is None) == (given.percent is None):
        numbers.add(pointer, "must have either an amount or a percent.")
    return Discount(
        amount=0 if given.amount is None else numbers.amount(f"{pointer}/amount", given.amount, currency),
        permille=0 if given.percent is None else numbers.permille(f"{pointer}/percent", given.percent),
        over=0 if given.over is None else numbers.amount(f"{pointer}/over", given.over, currency),
        label=given.label,
    )


# --------------------------------------------------------------------------------------------------------- looking


async def list_(call: Call) -> Answer:
    """The orders of the caller's sellers, without their lines."""
    query = call.read_query(OrderQuery)
    wanted = OrdersWanted(
        seller_id=query.seller_id,
        session_id=query.session_id,
        customer_id=query.customer_id,
        status=query.status,
        channel=query.channel,
        reference=query.reference,
        before=paging.read("orders", query.cursor, uuid.UUID),
        limit=query.limit + 1,
    )
    if query.as_of is not None:
        if query.status is not None:
            raise past.refused("/status", "a status cannot be asked for together with as_of; leave it out.")
        rows = [order for order, _ in await _as_of(call, wanted, query.as_of)]
    else:
        async with call.parts.database.read(call.org_id) as conn:
            rows = await reads.list_orders(conn, call.org_id, call.authority, wanted)
    return answer(paging.page("orders", rows, query.limit, _seen, lambda order: order.id))


async def get(call: Call) -> Answer:
    """One order with its lines, now or as it was known at an instant."""
    as_of = call.read_query(past.AsOf).as_of
    if as_of is not None:
        found = await _as_of(call, OrdersWanted(ids=[call.id()], limit=1), as_of)
        if not found:
            raise not_found("order")
        return _whole(*found[0])
    order = await _find(call)
    async with call.parts.database.read(call.org_id) as conn:
        lines = await reads.lines_of(conn, call.org_id, [order.id])
    return _whole(order, lines[order.id])


async def _as_of(call: Call, wanted: OrdersWanted, as_of: dt.datetime) -> list[tuple[Order, list[Line]]]:
    instant = past.instant(call, as_of)
    async with past.kept(), call.parts.database.read(call.org_id) as conn:
        flows = await call.parts.libraries["order"].tables(conn, call.org_id)
        return await reads.list_as_of(conn, call.org_id, call.authority, wanted, (instant, flows))


def _whole(order: Order, lines: list[Line]) -> Answer:
    """An order with its lines, and what others would call it."""
    letter, view, by_line = reads.seen_by_others(order, lines)
    told = [
        {**_seen_line(line, order.currency), "letter": its} for line, its in zip(lines, by_line, strict=True)
    ]
    seen = {**_seen(order), "letter": letter, "views": msgspec.structs.asdict(view), "lines": told}
    return versioned(seen, order.version)


async def list_actions(call: Call) -> Answer:
    """What may be done with an order now."""
    order = await _find(call)
    own, below = call.parts.libraries["order"], call.parts.libraries["checkout"]
    async with call.parts.database.read(call.org_id) as conn:
        flows = await own.tables(conn, call.org_id)
        both = (flows, await below.at(conn, call.org_id, flows.mark))
        found = await reads.standings(conn, call.org_id, order, both, call.at)
    return answer(
        [
            action
            for table, status, context in found
            for action in actions(call, table, status, order.seller_id, context=context)
        ]
    )


async def list_comments(call: Call) -> Answer:
    """The remarks on an order."""
    order = await _find(call)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_comments(conn, call.org_id, order.id)
    return answer({"items": rows})


async def _find(call: Call) -> Order:
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_orders(
            conn, call.org_id, call.authority, OrdersWanted(ids=[call.id()], limit=1)
        )
    if not rows:
        raise not_found("order")
    return rows[0]


def _seen(order: Order) -> dict[str, Any]:
    seen = msgspec.structs.asdict(order)
    for name in ("gross", "line_discount", "order_discount", "total"):
        seen[name] = money.text(seen[name], order.currency)
    seen["number"] = ids.short(order.id)
    for inner in ("holds", "entered", "checkout", "checkout_version"):
        del seen[inner]
    return seen


def _seen_line(line: Line, currency: str) -> dict[str, Any]:
    seen = msgspec.structs.asdict(line)
    for inner in ("order_id", "basis_gross", "basis_discount", "basis_share"):
        del seen[inner]
    seen["line"] = seen.pop("line_no")
    seen["price"] = money.price_text(seen.pop("price_micros"))
    for name in ("requested", "quantity", "stock_quantity"):
        seen[name] = quantity.text(seen[name])
    for name in ("gross", "discount", "order_share", "total"):
        seen[name] = money.text(seen[name], currency)
    return seen


# --------------------------------------------------------------------------------------------------------- changes


async def change(call: Call) -> Answer:
    """Changes lines, all or nothing."""
    expected = call.expected_version
    patch = await call.read(_patch)
    result = await commands.send(call, await _change(call, patch, "", expected))
    await confirming.confirm(call, result, call.command_id)
    return commands.reply(call, result)


async def drive(call: Call) -> Answer:
    """Sends an event to the order's flow."""
    sent = await call.read(_sent)
    order_id = call.id()
    expected = call.expected_version if b"if-match" in call.headers else None
    if sent.name not in KNOWN:
        step = StepOrder(
            order_id=order_id, trigger=sent.name, attributes=sent.attributes, expected_version=expected
        )
        return commands.reply(call, await commands.send(call, step))
    event = await call.read(_event)
    reason = ""
    body: Any
    match event:
        case Complete(attributes=given):
            await confirming.confirm_before(call, order_id)
            body = CompleteCheckout(order_id=order_id, payment=given.payment)
        case Fail(attributes=why):
            reason = why.reason
            body = FailCheckout(order_id=order_id, reason=reason)
        case Cancel(attributes=why):
            reason = why.reason
            body = CancelOrder(order_id=order_id, reason=reason, expected_version=expected)
        case Change(attributes=patch):
            body = await _change(call, patch, "/attributes", expected)
        case Comment(attributes=remark):
            body = AddComment(order_id=order_id, text=remark.text)
    result = await commands.send(call, body, reason=reason)
    if isinstance(body, ChangeOrder):
        await confirming.confirm(call, result, call.command_id)
    return commands.reply(call, result)


async def comment(call: Call) -> Answer:
    """Adds a remark."""
    body = await call.read(_comment)
    order_id = call.id()
    result = await commands.send(call, AddComment(order_id=order_id, text=body.text))
    return commands.reply(call, result, status=201, location=f"/api/v1/orders/{order_id}/comments")


async def _change(call: Call, patch: OrderPatch, pointer: str, expected: int | None) -> ChangeOrder:
    numbers = Numbers()
    currency = "" if patch.discount is None else (await _find(call)).currency
    if not (patch.lines or patch.add or patch.discount):
        numbers.add(pointer, "changes nothing: give lines, add or discount.")
    if len({line.line for line in patch.lines}) < len(patch.lines):
        numbers.add(f"{pointer}/lines", "names a line twice.")
    changed = [
        LineChange(
            line_no=line.line,
            quantity=numbers.quantity(f"{pointer}/lines/{number}/quantity", line.quantity, least=0),
        )
        for number, line in enumerate(patch.lines)
    ]
    added = [
        LineChange(
            line_no=0,
            quantity=numbers.quantity(f"{pointer}/add/{number}/quantity", line.quantity),
            item_id=line.item_id,
            unit=line.unit,
        )
        for number, line in enumerate(patch.add)
    ]
    discount = _discount(numbers, f"{pointer}/discount", patch.discount, currency)
    numbers.check()
    return ChangeOrder(
        order_id=call.id(), lines=changed + added, discount=discount, expected_version=expected
    )


_READ: dict[str, Any] = {"tag": "orders", "permission": "orders:read", "method": "GET"}
_WRITE: dict[str, Any] = {"tag": "orders", "permission": "orders:write", "method": "POST", "changes": True}
_PLACING = (
    "seller_unknown",
    "order_type_unknown",
    "duplicate_reference",
    "session_unknown",
    "session_not_open",
    "customer_unknown",
    "cost_centre_unknown",
    "item_not_listed",
    "item_not_buyable",
    "unit_unknown",
    "quantity_not_exact",
    "currency_mismatch",
    "quantity_not_positive",
    "quantity_below_minimum",
    "quantity_above_maximum",
    "insufficient_stock",
    "lines_refused",
    "below_minimum_order",
    *confirming.WAITING,
)
_CHANGING = (
    "order_unknown",
    "order_status",
    "version_conflict",
    "line_unknown",
    "line_released",
    "insufficient_stock",
    "session_not_open",
    "unit_unknown",
    "item_not_listed",
    "lines_refused",
    *confirming.WAITING,
)
OPERATIONS = (
    Operation(
        id="placeOrder",
        path="/api/v1/orders",
        summary="Begin a checkout: place an order",
        endpoint=place,
        body=OrderWanted,
        answer=OrderTold,
        status=201,
        problems=_PLACING,
        description="Its stock is held at once, or it is refused and nothing happens; then every line "
        "that cannot be had is "
        "named with what is wanted and what is available.",
        **_WRITE,
    ),
    Operation(
        id="listOrders",
        path="/api/v1/orders",
        summary="List orders",
        endpoint=list_,
        query=OrderQuery,
        answer=Page[OrderHead],
        **_READ,
    ),
    Operation(
        id="getOrder",
        query=past.AsOf,
        problems=("as_of_archived",),
        path="/api/v1/orders/{id}",
        summary="Show an order",
        endpoint=get,
        answer=OrderSeen,
        **_READ,
    ),
    Operation(
        id="changeOrder",
        path="/api/v1/orders/{id}",
        summary="Change an order",
        endpoint=change,
        body=OrderPatch,
        answer=OrderTold,
        needs_version=True,
        problems=_CHANGING,
        **{**_WRITE, "method": "PATCH"},
    ),
    Operation(
        id="driveOrder",
        path="/api/v1/orders/{id}/events",
        summary="Send an event to an order: complete, fail, cancel, change, comment, or what its flow declares",
        endpoint=drive,
        body=OrderEvent,
        answer=OrderTold,
        problems=(
            *_CHANGING,
            "nothing_to_release",
            "quantity_above_line",
            "quantity_not_exact",
            "role_needed",
            "guard_failed",
            "action_refused",
            "not_valid",
        ),
        description="With If-Match, cancel, change and events of the flow's own are refused where the order has changed since.",
        **_WRITE,
    ),
    Operation(
        id="listOrderActions",
        path="/api/v1/orders/{id}/actions",
        summary="List what may be done with an order now",
        endpoint=list_actions,
        answer=list[ActionSeen],
        **_READ,
    ),
    Operation(
        id="listComments",
        path="/api/v1/orders/{id}/comments",
        summary="List remarks on an order",
        endpoint=list_comments,
        answer=Comments,
        **_READ,
    ),
    Operation(
        id="addComment",
        path="/api/v1/orders/{id}/comments",
        summary="Add a remark to an order",
        endpoint=comment,
        body=CommentGiven,
        answer=OrderTold,
        status=201,
        problems=("order_unknown",),
        **_WRITE,
    ),
)
