"""Producers on other platforms over HTTP: taken on by a person's consent, read again, suspended; and their products."""

from __future__ import annotations

import uuid
from fractions import Fraction
from typing import Annotated, Any, Literal

import msgspec

from coster.domain.federation import reads
from coster.domain.federation.model import (
    DriveSupplier,
    Failed,
    JudgeMatch,
    ListWanted,
    NoteRefresh,
    PutSupplier,
    RemoteItemsWanted,
    RemoteItemView,
    Supplier,
)
from coster.edges.api.peers import tools, unreadable
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import (
    UNSET,
    Currency,
    EnterpriseId,
    Id,
    Instant,
    ItemId,
    PriceText,
    QuantityText,
    Unset,
    Version,
    given,
)
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found
from coster.kernel import money, quantity

_IRI = "https://farm.example/api/dfc/Enterprises/1"
Iri = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=2000,
        description="The enterprise's IRI, as the connection shows it.",
        examples=[_IRI],
    ),
]
PeerId = Annotated[
    uuid.UUID,
    msgspec.Meta(description="The connection.", examples=["0192f0c1-2f3a-7bcd-8e9f-0123456789ab"]),
]
Policy = Annotated[
    Literal["strict", "optimistic"],
    msgspec.Meta(
        description="strict: a checkout is answered when the supplier holds the goods; optimistic: before."
    ),
]
Remainder = Annotated[
    Literal["loose", "round_up", "round_down"],
    msgspec.Meta(
        description="What becomes of a broken case: filled up, or cut from the orders before the end."
    ),
]
Wait = Annotated[int, msgspec.Meta(ge=0, le=120, description="How long a checkout waits, in seconds.")]
Minutes = Annotated[
    int, msgspec.Meta(ge=1, le=10080, description="How often the catalogue is read, in minutes.")
]
Status = Annotated[
    Literal["active", "suspended", "removed"], msgspec.Meta(description="Whether it sells at present.")
]
StockKind = Annotated[
    Literal["limited", "unlimited", "unknown"],
    msgspec.Meta(
        description="limited: so much, perhaps none; unlimited: as much as is wanted; unknown: nothing is said."
    ),
]
MatchStatus = Annotated[
    Literal["linked", "proposed", "refused"],
    msgspec.Meta(
        description="linked: an item stands for it; proposed: one might, a person decides; refused: see `fault`."
    ),
]


class SupplierWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's consent that the hub sells what this enterprise offers. It gets an enterprise here, unless one stands for it already."""

    peer_id: PeerId
    enterprise_iri: Iri
    producer_id: EnterpriseId | None = None
    policy: Policy = "strict"
    wait_seconds: Wait = 10
    refresh_minutes: Minutes = 60
    remainder: Remainder = "round_up"


class SupplierPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays. The remainder is that of the relation, which this replaces too."""

    policy: Policy | Unset = UNSET
    wait_seconds: Wait | Unset = UNSET
    refresh_minutes: Minutes | Unset = UNSET
    remainder: Remainder = "round_up"


class SupplierEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`suspend`: nothing of it is sold. `resume`: it is again. `remove`: nothing any more; what is held stays."""

    name: Literal["suspend", "resume", "remove"]


class SupplierSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A producer on another platform; `id` is the enterprise that stands for it here."""

    id: EnterpriseId
    peer_id: PeerId
    hub_id: EnterpriseId
    enterprise_iri: Iri
    name: str
    status: Status
    policy: Policy
    wait_seconds: Wait
    refresh_minutes: Minutes
    currency: Currency
    refreshed_at: (
        Annotated[Instant, msgspec.Meta(description="When the catalogue was last read whole.")] | None
    )
    changed_at: (
        Annotated[Instant, msgspec.Meta(description="When something in it was last found changed.")] | None
    )
    refresh_at: Annotated[Instant, msgspec.Meta(description="When it is read again.")]
    failures: Annotated[int, msgspec.Meta(description="How often in a row it could not be read.")]
    last_error: Annotated[str, msgspec.Meta(description="Why not.")]
    version: Version


class SupplierMade(msgspec.Struct, frozen=True, kw_only=True):
    """Where the supplier stands."""

    id: EnterpriseId
    version: Version
    status: Status


class RefreshQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether what the platform says of changes is believed."""

    anew: Annotated[
        bool, msgspec.Meta(description="true: also where the platform says that nothing has changed.")
    ] = False


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """What reading the catalogue has changed; all zero where the platform says that nothing has."""

    id: EnterpriseId
    version: Version
    added: int = 0
    changed: int = 0
    gone: int = 0
    returned: int = 0
    proposed: int = 0
    refused: int = 0
    unchanged: int = 0


class RemoteItemSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A product of a supplier. `factor` of it come in one that is ordered (`ordered`), at `price` for that; `each` is for one of it,
    rounded to six places. `available` as of `refreshed_at`, where the stock is limited.
    """

    id: Id
    supplier_id: EnterpriseId
    item_id: ItemId | None
    status: MatchStatus
    fault: Annotated[str, msgspec.Meta(description="Why it cannot be sold here; empty: it can.")]
    proposed_item_id: ItemId | None
    proposed_name: str | None
    product: Annotated[str, msgspec.Meta(description="Its IRI.")]
    ordered: Annotated[str, msgspec.Meta(description="The IRI of what is ordered: itself, or its case.")]
    offer: str
    sku: str
    name: str
    unit: str
    factor: Annotated[str, msgspec.Meta(description="An exact ratio.", examples=["12", "1/2"])]
    price: PriceText | None
    each: PriceText | None
    currency: str
    vat_rate: Annotated[str, msgspec.Meta(description="In percent.", examples=["5.5"])] | None
    stock: StockKind
    available: QuantityText | None
    refreshed_at: Instant | None
    gone_at: (
        Annotated[Instant, msgspec.Meta(description="Since when it is no longer in the catalogue.")] | None
    )
    version: Version


class RemoteItemQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which products."""

    supplier_id: EnterpriseId | None = None
    status: MatchStatus | None = None
    gone: Annotated[bool, msgspec.Meta(description="Whether it is no longer in the catalogue.")] | None = None


class MatchQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which proposals."""

    supplier_id: EnterpriseId | None = None


class MatchEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`accept`: the product is the proposed item, or `item_id`. `reject`: it is another thing, and gets an item of its own."""

    name: Literal["accept", "reject"]
    item_id: ItemId | None = None


class MatchMade(msgspec.Struct, frozen=True, kw_only=True):
    """The item that stands for the product now."""

    id: Id
    version: Version
    item_id: ItemId


_wanted, _patch, _event, _match = (
    Body(SupplierWanted), Body(SupplierPatch), Body(SupplierEvent), Body(MatchEvent),
)  # fmt: skip


async def create(call: Call) -> Answer:
    """Takes a producer on."""
    body = await call.read(_wanted)
    command = PutSupplier(**msgspec.structs.asdict(body), expected_version=0)
    result = await commands.send(call, command)
    return commands.reply(call, result, status=201, location="/api/v1/suppliers")


async def change(call: Call) -> Answer:
    """Changes how a supplier is dealt with."""
    expected = call.expected_version
    patch = await call.read(_patch)
    now = await _find(call)
    terms: dict[str, Any] = {
        "policy": now.policy, "wait_seconds": now.wait_seconds, "refresh_minutes": now.refresh_minutes, **given(patch),
    }  # fmt: skip
    command = PutSupplier(
        peer_id=now.peer_id,
        enterprise_iri=now.enterprise_iri,
        producer_id=now.producer_id,
        expected_version=expected,
        **terms,
    )
    return commands.reply(call, await commands.send(call, command))


async def list_(call: Call) -> Answer:
    """The suppliers of the caller's hubs that are on other platforms."""
    query = call.read_query(PageQuery)
    wanted = ListWanted(after=paging.read("suppliers", query.cursor, uuid.UUID), limit=query.limit + 1)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_suppliers(conn, call.org_id, call.authority, wanted)
    return answer(paging.page("suppliers", rows, query.limit, _seen, lambda row: row.producer_id))


async def get(call: Call) -> Answer:
    """One supplier."""
    found = await _find(call)
    return versioned(_seen(found), found.version)


async def drive(call: Call) -> Answer:
    """Suspends, resumes or removes a supplier."""
    event = await call.read(_event)
    command = DriveSupplier(producer_id=call.id(what="supplier"), event=event.name)
    return commands.reply(call, await commands.send(call, command))


async def refresh(call: Call) -> Answer:
    """Reads a supplier's catalogue now."""
    query = call.read_query(RefreshQuery)
    found = await _find(call)
    body = await tools(call).refreshed(call.org_id, found.producer_id, anew=query.anew)
    result = await commands.send(call, body)
    if isinstance(body, NoteRefresh) and body.error:
        raise unreadable(Failed(code="peer_unreachable", why=body.error))
    return commands.reply(call, result, show=_counts)


def _counts(value: dict[str, Any]) -> dict[str, Any]:
    return {name: value[name] for name in Refreshed.__struct_fields__ if name in value}


async def list_remote_items(call: Call) -> Answer:
    """Products of suppliers."""
    query = call.read_query(RemoteItemQuery)
    return await _page(call, query, "remote-items", status=query.status, gone=query.gone)


async def get_remote_item(call: Call) -> Answer:
    """One product."""
    wanted = RemoteItemsWanted(ids=[call.id(what="product")], limit=1)
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.list_remote_items(conn, call.org_id, call.authority, wanted)
    if not found:
        raise not_found("product")
    return versioned(_product(found[0]), found[0].version)


async def list_matches(call: Call) -> Answer:
    """Products of which a person is to say what they are."""
    query = call.read_query(MatchQuery)
    return await _page(call, query, "matches", status="proposed", gone=False)


async def _page(call: Call, query: RemoteItemQuery | MatchQuery, name: str, **asked: Any) -> Answer:
    wanted = RemoteItemsWanted(
        producer_id=query.supplier_id,
        after=paging.read(name, query.cursor, uuid.UUID),
        limit=query.limit + 1,
        **asked,
    )
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_remote_items(conn, call.org_id, call.authority, wanted)
    return answer(paging.page(name, rows, query.limit, _product, lambda row: row.id))


async def judge(call: Call) -> Answer:
    """Says what a product is."""
    event = await call.read(_match)
    command = JudgeMatch(
        remote_item_id=call.id(what="product"), accept=event.name == "accept", item_id=event.item_id
    )
    return commands.reply(call, await commands.send(call, command))


async def _find(call: Call) -> Supplier:
    wanted = ListWanted(ids=[call.id(what="supplier")], limit=1)
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.list_suppliers(conn, call.org_id, call.authority, wanted)
    if not found:
        raise not_found("supplier")
    return found[0]


def _seen(row: Supplier) -> dict[str, Any]:
    hidden = {"producer_id", "etag"}
    told_ = {name: getattr(row, name) for name in row.__struct_fields__ if name not in hidden}
    return {"id": row.producer_id, **told_}


def _product(row: RemoteItemView) -> dict[str, Any]:
    offered = row.offered
    each = offered.each
    return {
        "id": row.id, "supplier_id": row.producer_id, "item_id": row.item_id, "status": row.status, "fault": row.fault,
        "proposed_item_id": row.proposed_id, "proposed_name": row.proposed_name, "product": offered.product,
        "ordered": offered.ordered, "offer": offered.offer, "sku": offered.sku, "name": offered.name, "unit": offered.unit,
        "factor": str(offered.factor),
        "price": None if offered.price is None else f"{offered.price:f}",
        "each": None if each is None else money.price_text(_micros(each)),
        "currency": offered.currency, "vat_rate": None if offered.vat_rate is None else f"{offered.vat_rate:f}",
        "stock": offered.stock_kind, "available": None if offered.stock is None else quantity.text(offered.stock),
        "refreshed_at": row.refreshed_at, "gone_at": row.gone_at, "version": row.version,
    }  # fmt: skip


def _micros(each: Fraction) -> int:
    scaled = each * money.MICROS
    return money.half_up(scaled.numerator, scaled.denominator)


_READ: dict[str, Any] = {"tag": "suppliers elsewhere", "permission": "parties:read", "method": "GET"}
_WRITE: dict[str, Any] = {"tag": "suppliers elsewhere", "permission": "relations:write", "changes": True}
_TERMS = (
    "peer_unknown", "enterprise_not_found_there", "producer_taken", "supplier_exists", "currency_differs", "enterprise_unknown",
    "not_a_producer", "per_order_not_told",
)  # fmt: skip
_ASKED = ("peers_not_configured", "peer_unreachable", "supplier_unknown", "supplier_not_active")
OPERATIONS = (
    Operation(
        id="createSupplier", method="POST", path="/api/v1/suppliers", summary="Take on a producer on another platform",
        endpoint=create, body=SupplierWanted, answer=SupplierMade, status=201, problems=(*_TERMS, "already_exists"), **_WRITE,
    ),
    Operation(
        id="listSuppliers", path="/api/v1/suppliers", summary="List producers on other platforms", endpoint=list_,
        query=PageQuery, answer=Page[SupplierSeen], **_READ,
    ),
    Operation(
        id="getSupplier", path="/api/v1/suppliers/{id}", summary="Show a producer on another platform", endpoint=get,
        answer=SupplierSeen, **_READ,
    ),
    Operation(
        id="changeSupplier", method="PATCH", path="/api/v1/suppliers/{id}", summary="Change how a supplier is dealt with",
        endpoint=change, body=SupplierPatch, answer=SupplierMade, needs_version=True, problems=_TERMS, **_WRITE,
    ),
    Operation(
        id="driveSupplier", method="POST", path="/api/v1/suppliers/{id}/events", summary="Suspend, resume or remove a supplier",
        endpoint=drive, body=SupplierEvent, answer=SupplierMade, problems=("supplier_unknown", "supplier_removed"), **_WRITE,
    ),
    Operation(
        id="refreshSupplier", method="POST", path="/api/v1/suppliers/{id}/refreshes", summary="Read a supplier's catalogue now",
        endpoint=refresh, query=RefreshQuery, answer=Refreshed, problems=_ASKED,
        description="The platform is asked while the request waits; only what is different is written.", **_WRITE,
    ),
    Operation(
        id="listRemoteItems", path="/api/v1/remote-items", summary="List products of producers on other platforms",
        endpoint=list_remote_items, query=RemoteItemQuery, answer=Page[RemoteItemSeen], **_READ,
    ),
    Operation(
        id="getRemoteItem", path="/api/v1/remote-items/{id}", summary="Show a product of a producer on another platform",
        endpoint=get_remote_item, answer=RemoteItemSeen, **_READ,
    ),
    Operation(
        id="listMatches", path="/api/v1/matches", summary="List products of which a person is to say what they are",
        endpoint=list_matches, query=MatchQuery, answer=Page[RemoteItemSeen], **_READ,
    ),
    Operation(
        id="judgeMatch", method="POST", path="/api/v1/matches/{id}/events", summary="Say what a product is", endpoint=judge,
        body=MatchEvent, answer=MatchMade, problems=("remote_item_unknown", "match_settled", "item_not_of_supplier", "item_linked"),
        **_WRITE,
    ),
)  # fmt: skip
