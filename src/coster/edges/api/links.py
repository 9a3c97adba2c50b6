"""Links over HTTP: how held orders stand at producers on other platforms, and what people do about those that do not."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

import msgspec

from coster.domain.linking import reads
from coster.domain.linking.model import LinkView, ReconcileLink, RetryLink, SettleLink
from coster.domain.linking.reads import LinksWanted
from coster.domain.orders import reads as orders
from coster.domain.orders.model import OrdersWanted
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import EnterpriseId, Id, Instant, Name, QuantityText, SessionId
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found
from coster.kernel import authority, quantity

Standing = Literal["confirmed", "waiting", "retrying", "refused", "blocked", "done"]
StandingField = Annotated[
    Standing,
    msgspec.Meta(
        description="confirmed: the supplier holds what the held order is; waiting: not yet; retrying: no answer; refused, blocked: "
        "people are needed; done: complete or cancelled there.",
        examples=["confirmed"],
    ),
]


class LinkLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the supplier holds of a product of its own, in the unit in which it sells it."""

    product: Annotated[
        str, msgspec.Meta(examples=["https://farm.example/api/dfc/Enterprises/1/SuppliedProducts/7"])
    ]
    offer: Annotated[str, msgspec.Meta(examples=["https://farm.example/api/dfc/Enterprises/1/Offers/7"])]
    quantity: QuantityText


class LinkSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How a held order (`id`) stands at its producer on another platform. Nothing in it is about a shopper."""

    id: Id
    hub_id: EnterpriseId
    hub: Name
    producer_id: EnterpriseId
    producer: Name
    session_id: SessionId
    session: Name
    peer_id: Id
    standing: StandingField
    behind: Annotated[
        bool, msgspec.Meta(description="The supplier has not confirmed what the held order is now.")
    ]
    order: Annotated[str, msgspec.Meta(description="Its address there; empty: not known.", examples=[""])]
    sequence: Annotated[int, msgspec.Meta(description="Number of the last request.", examples=[3])]
    version: Annotated[int, msgspec.Meta(description="Of the held order.", examples=[5])]
    confirmed_version: Annotated[
        int, msgspec.Meta(description="Which the supplier holds; -1: something else.", examples=[5])
    ]
    confirmed_as: Literal["none", "held", "complete", "cancelled"]
    confirmed_lines: list[LinkLine]
    confirmed_at: Instant | None
    attempts: Annotated[int, msgspec.Meta(description="Failures in a row.", examples=[0])]
    failing_since: Instant | None
    next_at: Annotated[Instant, msgspec.Meta(description="When it is tried again.")] | None
    cause: Annotated[str, msgspec.Meta(description="Of the last failure or refusal.", examples=["timeout"])]
    closes_at: Instant
    amend_until: Instant
    compared_at: Annotated[Instant, msgspec.Meta(description="When both sides were last compared.")] | None
    drifts: Annotated[int, msgspec.Meta(description="How often they differed.", examples=[0])]
    alarmed_at: Annotated[Instant, msgspec.Meta(description="Since when people are told of it.")] | None
    circuit_open_until: (
        Annotated[Instant, msgspec.Meta(description="Until when its platform is left alone.")] | None
    )


class LinkQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which links."""

    session_id: SessionId | None = None
    producer_id: EnterpriseId | None = None
    state: (
        Annotated[
            Literal["open", "refused", "blocked", "done"],
            msgspec.Meta(description="Only links in this state."),
        ]
        | None
    ) = None
    behind: Annotated[bool, msgspec.Meta(description="true: those that are not confirmed.")] | None = None


class LinkEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`retry`: try at once. `reconcile`: compare both sides and put right what differs. `settle`: decide, with a `reason`."""

    name: Literal["retry", "reconcile", "settle"]
    how: Annotated[
        Literal["accept", "close"],
        msgspec.Meta(
            description="Of settle. accept: what the supplier does not have is taken back, from those who came last, also where it was "
            "confirmed before; close: both sides have agreed elsewhere, and the link is done as things are."
        ),
    ] = "accept"
    reason: Annotated[
        str,
        msgspec.Meta(
            max_length=500, description="Of settle: why; it is kept.", examples=["Agreed by telephone."]
        ),
    ] = ""


class LinkTold(msgspec.Struct, frozen=True, kw_only=True):
    """The link that will be looked at."""

    id: Id
    state: Literal["open", "refused", "blocked", "done"]


class SupplierOfOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a producer on another platform has confirmed what an order takes part in."""

    producer_id: EnterpriseId
    producer: Name
    held_order_id: Id
    standing: StandingField
    confirmed: bool


class SuppliersOfOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One for each producer on another platform that the order holds goods of."""

    items: list[SupplierOfOrder]


_event = Body(LinkEvent)


async def list_(call: Call) -> Answer:
    """The links of the caller's hubs."""
    query = call.read_query(LinkQuery)
    wanted = LinksWanted(
        session_id=query.session_id, producer_id=query.producer_id, state=query.state, behind=query.behind,
        after=paging.read("links", query.cursor, uuid.UUID), limit=query.limit + 1,
    )  # fmt: skip
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_links(conn, call.org_id, call.authority, wanted)
    return answer(paging.page("links", rows, query.limit, _seen, lambda link: link.held_order_id))


async def get(call: Call) -> Answer:
    """One link, by the id of its held order."""
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_links(
            conn, call.org_id, call.authority, LinksWanted(ids=[call.id()], limit=1)
        )
    if not rows:
        raise not_found("link")
    return answer(_seen(rows[0]))


async def drive(call: Call) -> Answer:
    """What somebody wants of a link."""
    event = await call.read(_event)
    id_ = call.id()
    body: Any
    match event.name:
        case "retry":
            body = RetryLink(held_order_id=id_)
        case "reconcile":
            body = ReconcileLink(held_order_id=id_)
        case "settle":
            body = SettleLink(held_order_id=id_, how=event.how, reason=event.reason)
    return commands.reply(call, await commands.send(call, body, reason=event.reason))


async def of_order(call: Call) -> Answer:
    """The producers on other platforms that an order holds goods of."""
    async with call.parts.database.read(call.org_id) as conn:
        wanted = OrdersWanted(ids=[call.id()], limit=1)
        if not await orders.list_orders(conn, call.org_id, call.authority, wanted):
            raise not_found("order")
        links = call.parts.links
        needs = await links.needs_of(call.org_id, call.id()) if links else {}
        rows = (
            await reads.list_links(conn, call.org_id, authority.SYSTEM, LinksWanted(ids=list(needs)))
            if needs
            else []
        )
    told = [
        SupplierOfOrder(
            producer_id=row.producer_id, producer=row.producer, held_order_id=row.held_order_id, standing=_word(row),
            confirmed=not row.behind,
        )
        for row in rows
    ]  # fmt: skip
    return answer(SuppliersOfOrder(items=told))


def _word(link: LinkView) -> Standing:
    word: Standing = msgspec.convert(link.standing, Standing)
    return word


def _seen(link: LinkView) -> LinkSeen:
    lines = [
        LinkLine(product=line.product, offer=line.offer, quantity=quantity.text(line.quantity))
        for line in link.acked_lines
    ]
    given: dict[str, Any] = {
        name: getattr(link, name)
        for name in (
            "hub_id", "hub", "producer_id", "producer", "session_id", "session", "peer_id", "behind", "order", "sequence",
            "version", "attempts", "failing_since", "next_at", "cause", "closes_at", "amend_until", "drifts", "alarmed_at",
            "circuit_open_until",
        )
    }  # fmt: skip
    return LinkSeen(
        id=link.held_order_id, standing=_word(link), confirmed_version=link.acked_version,
        confirmed_as=msgspec.convert(link.acked_standing, Literal["none", "held", "complete", "cancelled"]),
        confirmed_lines=lines, confirmed_at=link.acked_at, compared_at=link.looked_at, **given,
    )  # fmt: skip


_READ: dict[str, Any] = {"tag": "held orders", "permission": "held_orders:read", "method": "GET"}
OPERATIONS = (
    Operation(
        id="listLinks",
        path="/api/v1/links",
        summary="List how held orders stand at producers on other platforms",
        endpoint=list_,
        query=LinkQuery,
        answer=Page[LinkSeen],
        description="With `behind=true` this is the queue: what a supplier has not confirmed yet, with what it waits for.",
        **_READ,
    ),
    Operation(
        id="getLink",
        path="/api/v1/links/{id}",
        summary="Show how a held order stands at its producer's platform",
        endpoint=get,
        answer=LinkSeen,
        **_READ,
    ),
    Operation(
        id="driveLink",
        path="/api/v1/links/{id}/events",
        summary="Try a link again, compare both sides, or settle it",
        endpoint=drive,
        body=LinkEvent,
        answer=LinkTold,
        changes=True,
        problems=("link_unknown", "link_not_refused"),
        tag="held orders",
        permission="held_orders:write",
        method="POST",
    ),
    Operation(
        id="listSuppliersOfOrder",
        path="/api/v1/orders/{id}/suppliers",
        summary="Show whether producers on other platforms have confirmed an order",
        endpoint=of_order,
        answer=SuppliersOfOrder,
        tag="orders",
        permission="orders:read",
        method="GET",
    ),
)
