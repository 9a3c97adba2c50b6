"""What can be had of many items at many places, in one answer: what a shop asks before it shows a page."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec

from coster.domain.inventory import reads
from coster.domain.inventory.model import ItemStock
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import ItemId, LocationId, QuantityText
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Fault, of_faults
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


class ItemAvailability(msgspec.Struct, frozen=True, kw_only=True):
    """What can be had of an item at all places asked for; null: no count is kept, everything can be had."""

    item_id: ItemId
    available: QuantityText | None
    places: list[PlaceSeen]


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """One entry for each item that has stock somewhere and that the caller may see."""

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
    return answer({"items": [_seen(stock) for stock in found]})


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
