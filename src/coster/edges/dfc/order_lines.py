"""Single lines of an order: read, added, changed. A line is known by its item; what it says is how much the order has of that.

Whatever one line shall be, the whole order is given its totals, bound to the version that was read; so two who change different lines at
once both get their way, and a request that comes twice is as one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from coster.domain.supplying.model import Bound, SuppliedLine, SuppliedOrder
from coster.edges.dfc import order_documents, order_examples, ordering, orders, pages, serving, wanted
from coster.edges.dfc.language.records import OrderLine
from coster.edges.dfc.wanted import WantedLine, WantedOrder
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Problem, not_found
from coster.kernel import quantity

_ATTEMPTS: Final = 10


async def list_(call: Call) -> Answer:
    """The lines of an order in its order, with all that they name: all of them, or a page."""
    producer = serving.place(call)
    page = pages.read(call, "dfc order lines", whole=True)
    order = await ordering.now(call, producer, call.id(what="order"))
    shown, headers = page.cut(_of_page(order.lines, page), lambda line: line.item_id)
    iris = serving.iris(call)
    part = msgspec.structs.replace(order, lines=shown)
    lines = [order_documents.line_iri(iris, order, line.item_id) for line in shown]
    return serving.listing(call, order_documents.records(iris, [part]), first=lines, headers=headers)


def _of_page(lines: Sequence[SuppliedLine], page: pages.Page) -> list[SuppliedLine]:
    """Up to one more than the page has, in the order of the question. Problem: page_invalid, where the cursor's line is there no more."""
    found = list(reversed(lines)) if page.backwards else list(lines)
    cursor = page.before if page.backwards else page.after
    if cursor is not None:
        place = next((nth for nth, line in enumerate(found, 1) if line.item_id == cursor), None)
        if place is None:
            raise Problem(
                "page_invalid", "The line of this cursor is in the order no more; begin at the start."
            )
        found = found[place:]
    return found[: page.limit + 1]


async def get(call: Call) -> Answer:
    """One line."""
    order = await ordering.now(call, serving.place(call), call.id(what="order"))
    return _line(call, order, _item(call))


async def post(call: Call) -> Answer:
    """An order shall have so much of an item: 201 where it had nothing of it before, else 200."""
    return await _set(call, None)


async def put(call: Call) -> Answer:
    """An order shall have so much of the item of this line; nothing takes the line out."""
    return await _set(call, _item(call))


async def delete(call: Call) -> Answer:
    """Takes a line out of its order; what it held is free at once. Problem: not_found, where there is none."""
    producer, item_id = serving.place(call), _item(call)
    known = await ordering.bound(call, producer)
    await _bring_about(call, known, WantedLine(item_id=item_id, quantity=0, ids=()), there=True)
    return Answer(status=204)


def _item(call: Call) -> uuid.UUID:
    return call.id("line_id", "line")


async def _set(call: Call, item_id: uuid.UUID | None) -> Answer:
    producer = serving.place(call)
    known = await ordering.bound(call, producer)
    order = await ordering.now(call, producer, known.id)
    line = await _wanted(call, order, item_id)
    before, less = await _bring_about(call, known, line, there=item_id is not None)
    now = await ordering.now(call, producer, known.id)
    headers = [(b"preference-applied", b"allow-partial")] if less else []
    if line.item_id not in order_documents.lines_by_item(now):
        return orders.shown(call, now, headers=headers)
    made = line.item_id not in before
    iri = order_documents.line_iri(serving.iris(call), now, line.item_id)
    return _line(
        call, now, line.item_id, status=201 if made else 200, headers=[*headers, (b"location", iri.encode())]
    )


async def _bring_about(
    call: Call, known: Bound, line: WantedLine, *, there: bool
) -> tuple[Mapping[uuid.UUID, SuppliedLine], bool]:
    """Gives the order this line among those that it has by now, again where somebody else was faster; what it had, and whether less was
    granted. Problem: not_found, where the line shall be there and is not.
    """
    for attempt in range(_ATTEMPTS):
        order = await ordering.now(call, known.producer_id, known.id)
        before = order_documents.lines_by_item(order)
        if there and line.item_id not in before:
            raise not_found("line")
        try:
            return before, await _send(call, known, order, line)
        except Problem as problem:
            if problem.code != "version_conflict" or attempt == _ATTEMPTS - 1 or b"if-match" in call.headers:
                raise
    raise AssertionError("the last attempt returns or raises")


async def _wanted(call: Call, order: SuppliedOrder, item_id: uuid.UUID | None) -> WantedLine:
    """The one line of the body. Problems: document_invalid, offer_unknown."""
    graph = await serving.read_document(call, about=OrderLine)
    found = [line for line in graph.of(OrderLine) if line.quantity is not None or line.offer is not None]
    if len(found) != 1:
        text = f"{len(found)} lines"
        raise serving.invalid(
            [serving.fault("@type", "exactly one node of the class dfc-b:OrderLine is accepted", found=text)]
        )
    line = found[0]
    if line.offer is None and item_id is not None:
        line = msgspec.structs.replace(line, offer=serving.iris(call).offer(order.producer_id, item_id))
        graph = msgspec.structs.replace(graph, records=(line,))
    [one] = wanted.lines_of(graph, [line], serving.iris(call), orders.stored(order)) or [None]
    if one is None:
        raise not_found("line")
    if item_id is not None and one.item_id != item_id:
        raise serving.invalid(
            [
                serving.fault(
                    "concerns", "the offer of this line is accepted", node=line.id, found=line.offer or ""
                )
            ]
        )
    return one


async def _send(call: Call, known: Bound, order: SuppliedOrder, line: WantedLine) -> bool:
    """All of the order's totals with this one among them; yields whether less was granted."""
    totals = [_as_it_is(one) for one in order.lines if one.item_id != line.item_id]
    place = next((nth for nth, one in enumerate(order.lines) if one.item_id == line.item_id), len(totals))
    whole = WantedOrder(
        id="", status=None, buyer_iri=None, buyer_name="", session=None, discount=None,
        lines=(*totals[:place], line, *totals[place:]),
    )  # fmt: skip
    body = await ordering.totals(call, known, whole, order.notes)
    body = msgspec.structs.replace(body, expected_version=order.order_version)
    result = await ordering.replace(call, known, whole, body)
    return body.allow_partial and ordering.granted_less(result, whole)


def _as_it_is(line: SuppliedLine) -> WantedLine:
    discount = None if line.discount is None else Decimal(line.discount)
    return WantedLine(item_id=line.item_id, quantity=line.quantity, ids=(), discount=discount)


def _line(
    call: Call,
    order: SuppliedOrder,
    item_id: uuid.UUID,
    *,
    status: int = 200,
    headers: orders.Headers | None = None,
) -> Answer:
    """A line as a document, with its order. Problem: not_found."""
    line = order_documents.lines_by_item(order).get(item_id)
    if line is None:
        raise not_found("line")
    iris = serving.iris(call)
    alone = msgspec.structs.replace(order, lines=[line])
    version = (b"etag", b'"%d.%d"' % (order.order_version, order.held_version))
    return serving.document(
        call, order_documents.records(iris, [alone]), first=[order_documents.line_iri(iris, order, item_id)],
        status=status, headers=[*(headers or []), version],
    )  # fmt: skip


def text_of(line: SuppliedLine) -> str:
    """How much of the item the order has, as a decimal."""
    return quantity.text(line.quantity)


_LINES: Final = "/api/dfc/Enterprises/{enterprise_id}/Orders/{id}/orderLines"
_READ: Final[dict[str, Any]] = {
    "tag": "orders", "permission": "dfc_orders:read", "method": "GET", "documents": True, "answer": dict[str, Any],
    "answer_example": order_examples.ORDER, "problems": ("not_found",),
}  # fmt: skip
_WRITE: Final[dict[str, Any]] = {
    "tag": "orders", "permission": "dfc_orders:write", "documents": True, "keyed": True, "answer": dict[str, Any], "body": dict[str, Any],
    "answer_example": order_examples.ORDER, "problems": (*orders.LINE_PROBLEMS, "not_found"),
}  # fmt: skip
OPERATIONS: Final = (
    Operation(
        id="listDfcOrderLines",
        path=_LINES,
        summary="List the lines of an order",
        endpoint=list_,
        query=pages.PageQuery,
        **{**_READ, "problems": ("page_invalid", "not_found")},
    ),
    Operation(
        id="postDfcOrderLine",
        method="POST",
        path=_LINES,
        summary="Add a line to an order",
        endpoint=post,
        status=201,
        description="Where the order has a line of the item already, that line gets this quantity, and the answer is 200.",
        **_WRITE,
    ),
    Operation(
        id="getDfcOrderLine",
        path=f"{_LINES}/{{line_id}}",
        summary="Show a line",
        endpoint=get,
        **_READ,
    ),
    Operation(
        id="putDfcOrderLine",
        method="PUT",
        path=f"{_LINES}/{{line_id}}",
        summary="Change the quantity of a line",
        endpoint=put,
        description="The quantity 0 takes the line out; then the answer is the order.",
        **_WRITE,
    ),
    Operation(
        id="deleteDfcOrderLine",
        method="DELETE",
        path=f"{_LINES}/{{line_id}}",
        summary="Take a line out of an order",
        endpoint=delete,
        status=204,
        **{name: value for name, value in _WRITE.items() if name not in ("answer", "answer_example", "body")},
    ),
)
