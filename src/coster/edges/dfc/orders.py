"""Orders that hubs on other platforms have with a producer: made, read, replaced, completed, cancelled (ADR 0020)."""

from __future__ import annotations

import re
import uuid
from typing import Annotated, Any, Final

import msgspec

from coster.domain.orders.model import ReplaceLines
from coster.domain.supplying.model import Bound, SuppliedOrder, SuppliedWanted
from coster.edges.dfc import order_documents, order_examples, order_writing, ordering, pages, serving, wanted
from coster.edges.dfc.language import identifiers
from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus, PaymentStatus
from coster.edges.dfc.language.records import Graph, Order, OrderLine
from coster.edges.dfc.language.writing import Profile
from coster.edges.dfc.wanted import Stored, WantedOrder
from coster.edges.http import commands, conditions
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Problem
from coster.kernel import ids
from coster.kernel.outcome import Rejected

Headers = list[tuple[bytes, bytes]]
_TAG: Final = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})", re.ASCII)
_PARTLY: Final = (b"preference-applied", b"allow-partial")

_Word = Annotated[str, msgspec.Meta(max_length=200, description="By its name in the vocabulary, or its IRI.")]


class OrderQuery(pages.PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which orders: by their statuses and their session, page by page."""

    orderState: _Word | None = None  # noqa: N815 - the sample API calls it so
    fulfilmentState: _Word | None = None  # noqa: N815
    paymentState: _Word | None = None  # noqa: N815
    session: (
        Annotated[
            str, msgspec.Meta(max_length=2000, description="Only those of the sale session of this IRI.")
        ]
        | None
    ) = None


async def list_(call: Call) -> Answer:
    """The caller's orders at this producer."""
    producer = serving.place(call)
    page = pages.read(call, "dfc orders", query_type=OrderQuery)
    query = call.read_query(OrderQuery)
    found = await ordering.look(
        call,
        SuppliedWanted(
            producer_id=producer, platform_id=ordering.platform_of(call, producer), after=page.after, before=page.before,
            backwards=page.backwards, limit=page.limit + 1, order_status=_word(query.orderState, OrderStatus, "orderState"),
            fulfilment_status=_word(query.fulfilmentState, FulfilmentStatus, "fulfilmentState"),
            payment_status=_word(query.paymentState, PaymentStatus, "paymentState"), **_of_session(call, query.session),
        ),
    )  # fmt: skip
    shown, headers = page.cut(found.orders, lambda order: order.id, on=found.on)
    iris = serving.iris(call)
    members = [order_documents.order_iri(iris, order) for order in shown]
    return serving.listing(call, order_documents.records(iris, shown), first=members, headers=headers)


def _of_session(call: Call, iri: str | None) -> dict[str, Any]:
    """The session as the platform calls it, or as we do."""
    ours = serving.iris(call).read(iri) if iri else None
    if ours is not None and ours.collection == "SaleSessions" and ours.id is not None:
        return {"session_id": ours.id}
    return {"session_iri": iri or None}


def _word(text: str | None, kind: type[Any], name: str) -> str | None:
    """A status by its name, however it is written. Problem: page_invalid."""
    if text is None:
        return None
    wanted_word = text.replace("#", "/").replace(":", "/").rstrip("/").rpartition("/")[2].lower()
    for one in kind:
        if one.value.lower() == wanted_word:
            return str(one.value)
    raise Problem("page_invalid", f"`{name}` is one of {', '.join(one.value for one in kind)}.")


async def get(call: Call) -> Answer:
    """One order with all that it names."""
    producer = serving.place(call)
    return shown(call, await ordering.now(call, producer, call.id(what="order")))


def shown(call: Call, order: SuppliedOrder, *, status: int = 200, headers: Headers | None = None) -> Answer:
    """An order as a document."""
    iris = serving.iris(call)
    version = (b"etag", b'"%d.%d"' % (order.order_version, order.held_version))
    if serving.profile_of(call) is Profile.VERSION_1:
        told = [*(headers or []), version]
        body = order_writing.write(iris, order)
        return Answer(status=status, body=body, media=serving.media_of(call), headers=told)
    return serving.document(
        call, order_documents.records(iris, [order]), first=[order_documents.order_iri(iris, order)], status=status,
        headers=[*(headers or []), version],
    )  # fmt: skip


async def post(call: Call) -> Answer:
    """Makes an order; of the same hub and session only one, so that a repeat finds what the first one made."""
    producer = serving.place(call)
    order = wanted.order_of(await serving.read_document(call, about=Order), serving.iris(call), producer)
    if order.status in (OrderStatus.DRAFT, OrderStatus.CANCELLED):
        raise _not_taken(order.status)
    where, known = await ordering.place_of(call, producer, order)
    made, less = known is None, False
    if known is None:
        order_id = ids.at_instant(call.at, commands.made(call.command_id, "order").bytes)
        opened = await ordering.open_place(call, where, order, order_id)
        result = await ordering.place(call, where, order, uuid.UUID(opened["order_id"]))
        made, less = not isinstance(result.outcome, Rejected), ordering.granted_less(result, order)
        known = None if made else await ordering.find(call, producer, where.id)
    if known is not None:
        less = await _replaced(
            call, known, msgspec.structs.replace(order, status=order.status or OrderStatus.HELD)
        )
    if order.status is OrderStatus.COMPLETE:
        await ordering.complete(call, producer, where.session_id)
    now = await ordering.now(call, producer, where.id)
    iri = order_documents.order_iri(serving.iris(call), now)
    headers = [(b"location", iri.encode()), *([_PARTLY] if less else [])]
    return shown(call, now, status=201 if made else 200, headers=headers)


async def put(call: Call) -> Answer:
    """Replaces an order: its lines are those of the document from now on, and no others."""
    producer = serving.place(call)
    known = await ordering.bound(call, producer)
    graph = await serving.read_document(call, about=Order)
    order = wanted.order_of(graph, serving.iris(call), producer, await _stored(call, known, graph))
    _check_id(call, known, order)
    less = await _replaced(call, known, order)
    if order.status is OrderStatus.COMPLETE:
        await ordering.complete(call, producer, known.session_id)
    now = await ordering.now(call, producer, known.id)
    return shown(call, now, headers=[_PARTLY] if less else None)


async def _stored(call: Call, known: Bound, graph: Graph) -> Stored | None:
    """What the order has, where the document says two things of a line; None where nobody needs to know."""
    if all(line.other_quantity is None for line in graph.of(OrderLine)):
        return None
    return stored(await ordering.now(call, known.producer_id, known.id))


async def _replaced(call: Call, known: Bound, order: WantedOrder) -> bool:
    """Gives an order its new lines; yields whether they are less than wanted."""
    if order.status is OrderStatus.DRAFT:
        raise _not_taken(order.status)
    body = await ordering.totals(call, known, order, {})
    body = await _based_on(call, known, body)
    await ordering.move_session(call, known, order)
    result = await ordering.replace(call, known, order, body)
    return body.allow_partial and not body.cancelled and ordering.granted_less(result, order)


async def _based_on(call: Call, known: Bound, body: ReplaceLines) -> ReplaceLines:
    """The command bound to the version that If-Match names: one of them, where it names several.

    Problems: version_conflict (412), header_invalid.
    """
    given = conditions.tags(call.scope["headers"])
    if given is None or given == ["*"]:
        return body
    versions = [(int(tag[1]), int(tag[2])) for tag in map(_TAG.fullmatch, given) if tag]
    if not versions:
        raise Problem("header_invalid", 'If-Match must be an ETag of this server, for example "3.2".')
    now = await ordering.now(call, known.producer_id, known.id)
    own = max((own for own, held in versions if held == now.held_version), default=None)
    if own is None:
        raise Problem(
            "version_conflict",
            "The order has changed since; read it again.",
            members={"version": now.order_version},
        )
    return msgspec.structs.replace(body, expected_version=own)


async def delete(call: Call) -> Answer:
    """Cancels an order: what it holds is free at once. Can be said again."""
    producer = serving.place(call)
    known = await ordering.bound(call, producer)
    body = ReplaceLines(
        order_id=known.order_id,
        producer_id=producer,
        lines=[],
        cancelled=True,
        sequence=ordering.sequence(call),
    )
    body = await _based_on(call, known, body)
    nothing = WantedOrder(
        id="",
        status=OrderStatus.CANCELLED,
        buyer_iri=None,
        buyer_name="",
        session=None,
        discount=None,
        lines=(),
    )
    await ordering.replace(call, known, nothing, body)
    return Answer(status=204)


def _check_id(call: Call, known: Bound, order: WantedOrder) -> None:
    """A document is about the order of its address. Problem: document_invalid."""
    named = serving.iris(call).read(order.id)
    if identifiers.is_placeholder(order.id) or (
        named is not None and named.collection == "Orders" and named.id is None
    ):
        return
    if named is None or named.collection != "Orders" or named.id != known.id:
        address = serving.iris(call).order(known.producer_id, known.id)
        raise serving.invalid(
            [serving.fault("@id", f"{address} is accepted", found=order.id, code="value_malformed")]
        )


def _not_taken(status: OrderStatus) -> Problem:
    return Problem(
        "status_not_taken",
        f"An order is not made or kept as {status.value} here; send it as Held when it shall hold goods.",
        members={
            "accepted": [OrderStatus.HELD.value, OrderStatus.COMPLETE.value, OrderStatus.CANCELLED.value]
        },
    )


def stored(order: SuppliedOrder) -> Stored:
    """What an order has of each item."""
    return {line.item_id: line.quantity for line in order.lines}


_READ: Final[dict[str, Any]] = {
    "tag": "orders", "permission": "dfc_orders:read", "method": "GET", "documents": True, "answer": dict[str, Any],
}  # fmt: skip
_WRITE: Final[dict[str, Any]] = {
    "tag": "orders", "permission": "dfc_orders:write", "documents": True, "keyed": True, "answer": dict[str, Any],
}  # fmt: skip
LINE_PROBLEMS: Final = (
    "document_invalid",
    "offer_unknown",
    "unit_differs",
    "price_differs",
    "currency_mismatch",
    "insufficient_stock",
    "lines_refused",
    "item_not_listed",
    "item_not_buyable",
    "not_supplied",
    "quantity_below_minimum",
    "quantity_above_maximum",
    "session_not_open",
    "superseded",
    "order_final",
    "order_cancelled",
    "version_conflict",
)
_ORDER: Final = "/api/dfc/Enterprises/{enterprise_id}/Orders/{id}"
OPERATIONS: Final = (
    Operation(
        id="listDfcOrders",
        path="/api/dfc/Enterprises/{enterprise_id}/Orders",
        summary="List the orders of your hubs at a producer",
        endpoint=list_,
        query=OrderQuery,
        problems=("page_invalid", "not_found"),
        answer_example=order_examples.ORDER,
        **_READ,
    ),
    Operation(
        id="postDfcOrder",
        method="POST",
        path="/api/dfc/Enterprises/{enterprise_id}/Orders",
        summary="Make an order, which holds its goods at once",
        endpoint=post,
        status=201,
        body=dict[str, Any],
        problems=(
            *LINE_PROBLEMS,
            "seller_differs",
            "status_not_taken",
            "session_unknown",
            "not_found",
        ),
        answer_example=order_examples.ORDER,
        description="One for each hub, producer and session: where there is one already it is given these lines, and answered with 200.",
        **_WRITE,
    ),
    Operation(
        id="getDfcOrder",
        path=_ORDER,
        summary="Show an order",
        endpoint=get,
        problems=("not_found",),
        answer_example=order_examples.ORDER,
        **_READ,
    ),
    Operation(
        id="putDfcOrder",
        method="PUT",
        path=_ORDER,
        summary="Replace an order, complete it, or cancel it",
        endpoint=put,
        body=dict[str, Any],
        problems=(
            *LINE_PROBLEMS,
            "seller_differs",
            "status_not_taken",
            "session_differs",
            "not_found",
        ),
        answer_example=order_examples.ORDER,
        description="Lines that the document does not have are taken out. The status Complete ends the hub's session with this producer; "
        "Cancelled gives everything back.",
        **_WRITE,
    ),
    Operation(
        id="deleteDfcOrder",
        method="DELETE",
        path=_ORDER,
        summary="Cancel an order",
        endpoint=delete,
        status=204,
        problems=("order_final", "superseded", "version_conflict", "not_found"),
        **{**_WRITE, "answer": None},
    ),
)
