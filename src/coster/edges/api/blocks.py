"""Blocks of an order over HTTP: why it must not go out, in the reader's language."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec

from coster.domain.identity import reads as identity
from coster.domain.orders import reads
from coster.domain.orders.model import OrdersWanted
from coster.edges.http import languages
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import Instant
from coster.edges.http.operation import Operation
from coster.edges.http.problems import not_found


class BlockSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A reason why an order must not go out, or was not to."""

    reason: Annotated[str, msgspec.Meta(description="Its code.", examples=["customer_hold"])]
    text: Annotated[
        str, msgspec.Meta(description="What people read for it.", examples=["The customer asked to wait"])
    ]
    language: (
        Annotated[
            str,
            msgspec.Meta(description="Of the text; null: whichever the flow is written in.", examples=["en"]),
        ]
        | None
    )
    open: Annotated[bool, msgspec.Meta(description="Whether it still keeps the order from going out.")]
    at: Instant
    by: Annotated[uuid.UUID, msgspec.Meta(description="The key that blocked the order.")]
    resolved_at: Instant | None
    resolved_by: uuid.UUID | None


async def list_(call: Call) -> Answer:
    """The blocks of an order, open ones first."""
    wanted = languages.wanted(call.headers.get(b"accept-language"))
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_orders(
            conn, call.org_id, call.authority, OrdersWanted(ids=[call.id()], limit=1)
        )
        if not rows:
            raise not_found("order")
        if not wanted:
            wanted = [(await identity.get_contact(conn, call.org_id, call.key_id)).language]
        flows = await call.parts.libraries["order"].tables(conn, call.org_id)
    found = reads.blocks_of(rows[0], flows, wanted)
    return answer([msgspec.structs.asdict(one) for one in found], headers=[(b"vary", b"accept-language")])


_READ: dict[str, Any] = {"tag": "orders", "permission": "orders:read", "method": "GET"}
OPERATIONS = (
    Operation(
        id="listBlocks",
        path="/api/v1/orders/{id}/blocks",
        summary="List why an order must not go out",
        endpoint=list_,
        answer=list[BlockSeen],
        description="In the language of Accept-Language, else of the key's contact, else English (en, de, fr, nl); a flow that calls a "
        "reason otherwise is told as it is.",
        **_READ,
    ),
)
