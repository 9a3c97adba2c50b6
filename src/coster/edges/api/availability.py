"""What can be had of many items at many places, in one answer: what a shop asks before it shows a page."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec

from coster.domain.catalog import reads as catalog
from coster.domain.catalog.model import ItemsWanted
from coster.domain.federation import reads as federation
from coster.domain.federation.model import RemoteStock, StockKind
from coster.domain.inventory import reads
from coster.domain.inventory.model import ItemStock
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import Instant, ItemId, LocationId, QuantityText
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Fault, of_faults
from coster.engine.db.connect import Connection
from coster.kernel import quantity

_MOST = 200
_ID = "0192f0c1-2f3a-7bcd-8e9f-0123456789ab"
_Ids = Annotated[
    str,
    msgspec.Meta(
        min_length=36,
        max_length=_MOST * 37 - 1,
        description=f"Ids with commas between them, at most {_MOST}.",
        examples=[_ID],
    ),
]


class AvailabilityQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which items, and where (without: everywhere)."""

    item_ids: _Ids
    location_ids: _Ids | None = None


class PlaceSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What can be had of an item at a place; null: no count is kept."""

    location_id: LocationId
    available: QuantityText | None


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier on another platform said of its stock when its catalogue was last read, at `refreshed_at`."""

    stock: StockKind
    available: Annotated[
        QuantityText | None,
        msgspec.Meta(description="Of limited stock, 0 where it is sold out; null otherwise."),
    ]
    refreshed_at: Instant | None
    gone: Annotated[bool, msgspec.Meta(description="Whether it is no longer in the catalogue.")]


class ItemAvailability(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be had of an item at all places asked for; null: no count is kept here, everything can be had.

    `elsewhere` is there for items that a producer on another platform supplies: there the count is kept.
    """

    item_id: ItemId
    available: QuantityText | None
    places: list[PlaceSeen]
    elsewhere: Elsewhere | None = None


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """One entry for each item that has stock somewhere, or is supplied from elsewhere, and that the caller may see."""

    items: list[ItemAvailability]


async def get(call: Call) -> Answer:
    """What can be had now; an item without stock, or that the caller may not see, is not in it."""
    query = call.read_query(AvailabilityQuery)
    items = _ids("item_ids", query.item_ids)
    places = None if query.location_ids is None else _ids("location_ids", query.location_ids)
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.availability(
            conn, call.org_id, call.authority, item_ids=items, location_ids=places
        )
        # Of what is counted here nobody else is asked.
        counted = {stock.item_id for stock in found if None not in stock.available}
        remote = await _remote(conn, call, [id_ for id_ in items if id_ not in counted])
    shown = {stock.item_id: _seen(stock) for stock in found}
    for id_, stock in remote.items():
        bare: dict[str, Any] = {"item_id": id_, "available": None, "places": []}
        shown[id_] = {**shown.get(id_, bare), "elsewhere": _elsewhere(stock)}
    return answer({"items": [shown[id_] for id_ in sorted(shown)]})


async def _remote(conn: Connection, call: Call, ids: list[uuid.UUID]) -> dict[uuid.UUID, RemoteStock]:
    """What suppliers elsewhere say of those of these items that the caller may see."""
    found = await federation.remote_stock(conn, call.org_id, ids) if ids else {}
    if not found:
        return {}
    wanted = ItemsWanted(ids=list(found), limit=len(found))
    seen = await catalog.list_items(conn, call.org_id, call.authority, wanted)
    return {item.id: found[item.id] for item in seen}


def _elsewhere(stock: RemoteStock) -> dict[str, Any]:
    return {
        "stock": stock.kind,
        "available": None if stock.amount is None else quantity.text(stock.amount),
        "refreshed_at": stock.refreshed_at,
        "gone": stock.gone,
    }


def _seen(stock: ItemStock) -> dict[str, Any]:
    amounts = [amount for amount in stock.available if amount is not None]
    # Many places have as much as another; what is written once need not be written again.
    texts: dict[int | None, str | None] = {amount: quantity.text(amount) for amount in set(amounts)}
    texts[None] = None
    return {
        "item_id": stock.item_id,
        "available": quantity.text(sum(amounts)) if len(amounts) == len(stock.available) else None,
        "places": [
            {"location_id": place, "available": texts[amount]}
            for place, amount in zip(stock.location_ids, stock.available, strict=True)
        ],
    }


def _ids(name: str, text: str) -> list[uuid.UUID]:
    """Problem: query_invalid."""
    given = text.split(",")
    try:
        found = [uuid.UUID(id_) for id_ in given]
    except ValueError:
        found = []
    if not 0 < len(found) <= _MOST:
        message = f"must be ids with commas between them, at most {_MOST}."
        raise of_faults("query_invalid", "query", [Fault(pointer=f"/{name}", message=message)])
    return found


OPERATIONS = (
    Operation(
        id="getAvailability",
        method="GET",
        path="/api/v1/availability",
        summary="Ask what can be had of many items",
        endpoint=get,
        query=AvailabilityQuery,
        answer=Availability,
        tag="stock",
        permission="stock:read",
    ),
)
