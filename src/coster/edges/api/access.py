"""Who saw whose personal data, over HTTP: for owners of the organisation."""

from __future__ import annotations

import uuid

from coster.domain.identity import reads
from coster.domain.identity.model import AccessView, AccessWanted
from coster.edges.http import paging
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import Id
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery

_LIST = "customer-accesses"


class AccessQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which customer, by which key."""

    customer_id: Id | None = None
    key_id: Id | None = None


async def list_(call: Call) -> Answer:
    """Who saw which customer's personal data, latest first. It is kept for COSTER_ACCESS_DAYS, beyond an erasure too."""
    query = call.read_query(AccessQuery)
    before = paging.read(_LIST, query.cursor, tuple[uuid.UUID, uuid.UUID]) or (None, None)
    wanted = AccessWanted(
        customer_id=query.customer_id,
        key_id=query.key_id,
        before_id=before[0],
        before_customer_id=before[1],
        limit=query.limit + 1,
    )
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_access(conn, call.org_id, wanted)
    return answer(paging.page(_LIST, rows, query.limit, _as_it_is, lambda row: (row.id, row.customer_id)))


def _as_it_is(row: AccessView) -> AccessView:
    return row


OPERATIONS = (
    Operation(
        id="listCustomerAccesses",
        method="GET",
        path="/api/v1/customer-accesses",
        summary="List who saw whose personal data",
        endpoint=list_,
        query=AccessQuery,
        answer=Page[AccessView],
        tag="customers",
        permission="org:manage",
    ),
)
