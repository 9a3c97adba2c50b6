"""The sale sessions in which hubs on other platforms order from a producer."""

from __future__ import annotations

import uuid
from typing import Any, Final

from coster.domain.supplying import reads
from coster.domain.supplying.model import SessionsWanted, SuppliedSession
from coster.edges.dfc import order_documents, order_examples, ordering, pages, serving
from coster.edges.dfc.language import identifiers
from coster.edges.dfc.language.records import SaleSession
from coster.edges.dfc.ordering import Place
from coster.edges.dfc.wanted import WantedOrder, WantedSession
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.edges.http.problems import not_found

_USUAL: Final = 1000
"""So many, the latest, where nobody asked for a page."""


async def list_(call: Call) -> Answer:
    """The sessions of the caller's hubs with this producer, the latest first."""
    producer = serving.place(call)
    page = pages.read(call, "dfc sale sessions", usual=_USUAL)
    wanted = SessionsWanted(
        producer_id=producer, platform_id=ordering.platform_of(call, producer), after=page.after, before=page.before,
        backwards=page.backwards, limit=page.limit + 1,
    )  # fmt: skip
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.list_sessions(conn, call.org_id, wanted)
    shown, headers = page.cut(found, lambda session: session.id)
    iris = serving.iris(call)
    made = {one.id: one for one in (order_documents.session_record(iris, producer, one) for one in shown)}
    return serving.listing(call, made.values(), first=list(made), headers=headers)


async def get(call: Call) -> Answer:
    """One session."""
    producer = serving.place(call)
    found = await _find(call, producer, call.id(what="session"))
    return serving.document(call, [order_documents.session_record(serving.iris(call), producer, found)])


async def post(call: Call) -> Answer:
    """Plans a session of the caller's own hub; orders name it by the address that it is given."""
    producer = serving.place(call)
    graph = await serving.read_document(call, about=SaleSession)
    sessions = graph.of(SaleSession)
    if len(sessions) != 1 or sessions[0].ends_at is None:
        raise serving.invalid(
            [
                serving.fault(
                    "endDate", "exactly one node of the class dfc-b:SaleSession with its end is accepted"
                )
            ]
        )
    session = sessions[0]
    # What has a name that lasts is one session, however often it is sent; what has none is a new one.
    lasting = not identifiers.is_placeholder(session.id) and serving.iris(call).read(session.id) is None
    hub = reads.hub_id(call.key_id, "")
    key = session.id if lasting else str(call.new_id("session"))
    id_ = reads.session_id(hub, producer, key)
    place = Place(producer_id=producer, hub_id=hub, session_id=id_, id=id_)
    await ordering.open_place(call, place, _planned(session, ""), None)
    made = await _find(call, producer, id_)
    iri = serving.iris(call).session(producer, id_)
    record = order_documents.session_record(serving.iris(call), producer, made)
    return serving.document(call, [record], status=201, headers=[(b"location", iri.encode())])


async def put(call: Call) -> Answer:
    """Moves the end of a session of the caller's own hub, and with it of its order."""
    producer = serving.place(call)
    graph = await serving.read_document(call, about=SaleSession)
    told = serving.addressed(call, graph, SaleSession)
    if told.ends_at is None:
        raise serving.invalid([serving.fault("endDate", "the end is what can be moved", node=told.id)])
    id_ = call.id(what="session")
    found = await _find(call, producer, id_, own=True)
    place = Place(producer_id=producer, hub_id=found.coordinator_id, session_id=id_, id=id_)
    await ordering.open_place(call, place, _planned(told, found.session_iri or ""), None)
    return Answer(status=204)


def _planned(told: SaleSession, iri: str) -> WantedOrder:
    session = WantedSession(iri=iri, begins=told.starts_at, ends=told.ends_at)
    return WantedOrder(
        id="", status=None, buyer_iri="", buyer_name="", session=session, discount=None, lines=()
    )


async def _find(call: Call, producer: uuid.UUID, id_: uuid.UUID, *, own: bool = False) -> SuppliedSession:
    """A session that the caller may see; `own`: may change. Problem: not_found."""
    platform = call.key_id if own else ordering.platform_of(call, producer)
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.find_session(conn, call.org_id, producer, id_, platform_id=platform)
    if found is None:
        raise not_found("sale session")
    return found


_SESSIONS: Final = "/api/dfc/Enterprises/{enterprise_id}/SaleSessions"
_READ: Final[dict[str, Any]] = {
    "tag": "orders", "permission": "dfc_orders:read", "method": "GET", "documents": True, "answer": dict[str, Any],
    "answer_example": order_examples.SESSION, "problems": ("not_found",),
}  # fmt: skip
OPERATIONS: Final = (
    Operation(
        id="listDfcSaleSessions",
        path=_SESSIONS,
        summary="List the sale sessions in which your hubs order from a producer",
        endpoint=list_,
        **{**_READ, "query": pages.PageQuery, "problems": ("not_found", "page_invalid")},
    ),
    Operation(
        id="getDfcSaleSession",
        path=f"{_SESSIONS}/{{id}}",
        summary="Show a sale session",
        endpoint=get,
        **_READ,
    ),
    Operation(
        id="postDfcSaleSession",
        method="POST",
        path=_SESSIONS,
        summary="Plan a sale session",
        endpoint=post,
        status=201,
        tag="orders",
        permission="dfc_orders:write",
        documents=True,
        keyed=True,
        body=dict[str, Any],
        answer=dict[str, Any],
        answer_example=order_examples.SESSION,
        problems=("document_invalid", "session_ended", "not_found"),
    ),
    Operation(
        id="putDfcSaleSession",
        method="PUT",
        path=f"{_SESSIONS}/{{id}}",
        summary="Move the end of a sale session",
        endpoint=put,
        status=204,
        tag="orders",
        permission="dfc_orders:write",
        documents=True,
        keyed=True,
        body=dict[str, Any],
        problems=("document_invalid", "session_ended", "not_found"),
    ),
)
