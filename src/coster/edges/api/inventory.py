"""Stock over HTTP: locations, what is where, and every movement, one by one or as files."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from coster.domain.inventory import reads
from coster.domain.inventory.model import (
    AdjustStock,
    CountSheet,
    CountStock,
    PositionsWanted,
    PositionView,
    TransferStock,
)
from coster.edges.api import past
from coster.edges.http import commands, paging
from coster.edges.http.batches import Batch, RowResult, Sheet, Wish, each
from coster.edges.http.bodies import Body, Numbers
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import (
    EnterpriseId,
    Id,
    Instant,
    ItemId,
    LocationId,
    QuantityText,
    Reason,
    Version,
    Word,
    in_utc,
)
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found
from coster.kernel import quantity

Lot = Annotated[
    str, msgspec.Meta(max_length=100, description="The lot; empty where none are kept.", examples=[""])
]
Change = Annotated[Decimal, msgspec.Meta(description="How much more, or (negative) less.", examples=["12.5"])]
Counted = Annotated[Decimal, msgspec.Meta(description="How much was counted.", examples=["100"])]
Moved = Annotated[Decimal, msgspec.Meta(description="How much moves.", examples=["5"])]


class PositionSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Stock of an item at a place. A buyer sees what is available; only its owner sees the rest (null: not yours)."""

    id: Id
    item_id: ItemId
    sku: str
    name: str
    unit: Annotated[str, msgspec.Meta(description="The item's stock unit.", examples=["kg"])]
    owner_id: EnterpriseId
    location_id: LocationId
    location: str | None
    lot: Lot
    unlimited: Annotated[
        bool, msgspec.Meta(description="No count is kept: everything that is wanted can be had.")
    ]
    available: QuantityText | None
    on_hand: QuantityText | None
    held: QuantityText | None
    committed: QuantityText | None
    version: Version | None


class PositionQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which positions."""

    item_id: ItemId | None = None
    location_id: LocationId | None = None
    owner_id: EnterpriseId | None = None
    as_of: past.AsOfInstant | None = None


class HoldSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What a held order, or an order that holds for itself, holds of a position."""

    account_id: Annotated[uuid.UUID, msgspec.Meta(description="The held order, or the order.")]
    kind: Literal["held_order", "order"]
    held: Annotated[QuantityText, msgspec.Meta(description="Held, and free again when the order is off.")]
    committed: Annotated[QuantityText, msgspec.Meta(description="Owed for good.")]


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a position, by id."""

    items: list[HoldSeen]


class EntrySeen(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a position, with its cause. Entries are never changed; where old ones are in the archive of whoever runs the
    server, one entry CARRIED stands for all of them."""

    seq: Annotated[int, msgspec.Meta(description="1, 2, 3 … within the position.")]
    type: Annotated[str, msgspec.Meta(examples=["RECEIPT"])]
    on_hand: QuantityText
    held: QuantityText
    committed: QuantityText
    at: Instant
    command_id: Id
    reason: str


class Adjust(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="adjust"
):
    """More or less of an item: a receipt, a correction, a sale elsewhere, a return."""

    item_id: ItemId
    location_id: LocationId
    quantity: Change
    type: Literal["RECEIPT", "CORRECTION", "DELTA", "SALE", "RETURN"] = "RECEIPT"
    lot: Lot = ""
    reason: Reason = ""


class Count(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="count"
):
    """What was counted, as of an instant; what happened after it still counts."""

    item_id: ItemId
    location_id: LocationId
    quantity: Counted
    as_of: (
        Annotated[dt.datetime, msgspec.Meta(tz=True, description="When it was counted; without: now.")] | None
    ) = None
    lot: Lot = ""
    reason: Reason = ""


class Transfer(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="transfer"
):
    """Free stock moves from one place of an enterprise to another."""

    item_id: ItemId
    from_location_id: LocationId
    to_location_id: LocationId
    quantity: Moved
    lot: Lot = ""
    reason: Reason = ""


class AdjustRow(
    Adjust, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="adjust"
):
    """An adjustment; `key` is what you call it, and it takes effect once."""

    key: Word = ""


class CountRow(Count, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="count"):
    """A count; `key` is what you call it."""

    key: Word = ""


class TransferRow(
    Transfer, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="transfer"
):
    """A transfer; `key` is what you call it, and it takes effect once."""

    key: Word = ""


class StockTold(msgspec.Struct, frozen=True, kw_only=True):
    """The position as it is now."""

    position_id: Id
    item_id: ItemId
    location_id: LocationId
    lot: Lot
    on_hand: QuantityText
    held: QuantityText
    committed: QuantityText
    available: QuantityText


class StockMoved(msgspec.Struct, frozen=True, kw_only=True):
    """The positions that moved, as they are now; of a transfer the origin first."""

    positions: list[StockTold]


Movement = Adjust | Count | Transfer
MovementRow = AdjustRow | CountRow | TransferRow

_movement: Body[Movement] = Body(Movement)


async def list_positions(call: Call) -> Answer:
    """What is where, and how much of it can be had."""
    query = call.read_query(PositionQuery)
    wanted = PositionsWanted(
        item_ids=[query.item_id] if query.item_id else None,
        location_ids=[query.location_id] if query.location_id else None,
        owner_id=query.owner_id,
        after=paging.read("positions", query.cursor, uuid.UUID),
        limit=query.limit + 1,
    )
    rows = await _listed(call, wanted, query.as_of)
    return answer(paging.page("positions", rows, query.limit, _seen, lambda row: row.id))


async def get_position(call: Call) -> Answer:
    """One position, now or as it was known at an instant."""
    return answer(_seen(await _find_position(call, call.read_query(past.AsOf).as_of)))


async def list_holds(call: Call) -> Answer:
    """Who holds a position, now or as it was known at an instant."""
    as_of = call.read_query(past.AsOf).as_of
    position = await _find_position(call, as_of)
    if position.on_hand is None:
        raise not_found("position")
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.accounts(conn, call.org_id, position, past=as_of is not None)
    seen = [
        HoldSeen(
            account_id=row.account_id,
            kind="held_order" if row.pooled else "order",
            held=quantity.text(row.held),
            committed=quantity.text(row.committed),
        )
        for row in rows
    ]
    return answer(Holds(items=seen))


async def list_entries(call: Call) -> Answer:
    """The ledger of a position, newest first."""
    query = call.read_query(PageQuery)
    before = paging.read("entries", query.cursor, int)
    position = await _find_position(call)
    if position.on_hand is None:
        raise not_found("position")
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_entries(conn, call.org_id, position.id, before=before, limit=query.limit + 1)
    return answer(paging.page("entries", rows, query.limit, _seen_entry, lambda row: row["seq"]))


async def _find_position(call: Call, as_of: dt.datetime | None = None) -> PositionView:
    rows = await _listed(call, PositionsWanted(ids=[call.id()], limit=1), as_of)
    if not rows:
        raise not_found("position")
    return rows[0]


async def _listed(call: Call, wanted: PositionsWanted, as_of: dt.datetime | None) -> list[PositionView]:
    if as_of is None:
        async with call.parts.database.read(call.org_id) as conn:
            return await reads.list_positions(conn, call.org_id, call.authority, wanted)
    instant = past.instant(call, as_of)
    async with past.kept(), call.parts.database.read(call.org_id) as conn:
        return await reads.list_positions_as_of(conn, call.org_id, call.authority, wanted, instant)


def _seen(position: PositionView) -> Any:
    seen = msgspec.structs.asdict(position)
    for name in ("available", "on_hand", "held", "committed"):
        seen[name] = None if seen[name] is None else quantity.text(seen[name])
    return seen


def _seen_entry(entry: dict[str, Any]) -> Any:
    return {**entry, **{name: quantity.text(entry[name]) for name in ("on_hand", "held", "committed")}}


# ------------------------------------------------------------------------------------------------------- movements


async def move(call: Call) -> Answer:
    """Adjusts, counts or transfers stock."""
    body = await call.read(_movement)
    return commands.reply(call, await commands.send(call, _command(body), reason=body.reason), show=_moved)


def _moved(value: Any) -> Any:
    return {"positions": [value["from"], value["to"]] if "from" in value else [value]}


def _command(body: Movement) -> AdjustStock | CountStock | TransferStock:
    numbers = Numbers()
    command: AdjustStock | CountStock | TransferStock
    match body:
        case Adjust():
            command = AdjustStock(
                item_id=body.item_id,
                location_id=body.location_id,
                quantity=numbers.quantity("/quantity", body.quantity, least=None),
                type=body.type,
                lot=body.lot,
                reason=body.reason,
            )
        case Count():
            command = _count(body, numbers)
        case Transfer():
            command = TransferStock(
                item_id=body.item_id,
                from_location_id=body.from_location_id,
                to_location_id=body.to_location_id,
                quantity=numbers.quantity("/quantity", body.quantity),
                lot=body.lot,
                reason=body.reason,
            )
    numbers.check()
    return command


def _count(body: Count, numbers: Numbers) -> CountStock:
    return CountStock(
        item_id=body.item_id,
        location_id=body.location_id,
        quantity=numbers.quantity("/quantity", body.quantity, least=0),
        as_of=in_utc(body.as_of),
        lot=body.lot,
        reason=body.reason,
    )


def _part(row: CountRow) -> CountStock:
    """A count as a part of a sheet. Problem: body_invalid."""
    numbers = Numbers()
    part = _count(row, numbers)
    numbers.check()
    return part


async def _wish(_call: Call, row: MovementRow) -> Wish:
    """Counts say what is there and may be repeated; what adds or takes needs a name, so that it happens once."""
    command = _command(row)
    return Wish(
        make=lambda _: command,
        identity=row.key or None,
        once=True,
        harmless=isinstance(row, Count),
        needs="a key",
        about=row.item_id,
    )


def _told(row: CountRow, said: Sequence[Any]) -> StockMoved:
    """The answer to a row of a sheet, from what the room said (`moving.count_sheet`)."""
    position_id, on_hand, held, committed = said
    position = StockTold(
        position_id=position_id,
        item_id=row.item_id,
        location_id=row.location_id,
        lot=row.lot,
        on_hand=quantity.text(on_hand),
        held=quantity.text(held),
        committed=quantity.text(committed),
        available=quantity.text(on_hand - held - committed),
    )
    return StockMoved(positions=[position])


_COUNTS = Sheet(
    fits=lambda row: isinstance(row, CountRow) and not row.key,
    part=_part,
    make=lambda counts: CountSheet(counts=counts),
    about=lambda row: row.item_id,
    told=_told,
)
"""Counts without a name of their own: a count that is sent again does no harm, so nobody needs to find it again."""

_READ: dict[str, Any] = {"tag": "stock", "permission": "stock:read"}
_WRITE: dict[str, Any] = {"tag": "stock", "permission": "stock:write", "changes": True}
_PROBLEMS = (
    "location_unknown",
    "item_unknown",
    "quantity_sign",
    "stock_promised",
    "count_in_future",
    "count_outdated",
    "not_same_enterprise",
)
OPERATIONS = (
    Operation(
        id="listPositions",
        method="GET",
        path="/api/v1/positions",
        summary="List what is where, and what can be had",
        endpoint=list_positions,
        query=PositionQuery,
        answer=Page[PositionSeen],
        **_READ,
    ),
    Operation(
        id="getPosition",
        method="GET",
        path="/api/v1/positions/{id}",
        summary="Show a position",
        endpoint=get_position,
        query=past.AsOf,
        answer=PositionSeen,
        problems=("as_of_archived",),
        **_READ,
    ),
    Operation(
        id="listHolds",
        method="GET",
        path="/api/v1/positions/{id}/holds",
        summary="List who holds a position",
        endpoint=list_holds,
        query=past.AsOf,
        answer=Holds,
        problems=("as_of_archived",),
        description="For its owner. What a hub's shoppers want of it together is held by their held order; nothing is said of them.",
        **_READ,
    ),
    Operation(
        id="listEntries",
        method="GET",
        path="/api/v1/positions/{id}/entries",
        summary="Show a position's ledger",
        endpoint=list_entries,
        query=PageQuery,
        answer=Page[EntrySeen],
        **_READ,
    ),
    Operation(
        id="moveStock",
        method="POST",
        path="/api/v1/stock-movements",
        summary="Adjust, count or transfer stock",
        endpoint=move,
        body=Movement,
        answer=StockMoved,
        problems=_PROBLEMS,
        **_WRITE,
    ),
    Operation(
        id="moveStocks",
        method="POST",
        path="/api/v1/positions:batch",
        summary="Send many movements of stock",
        endpoint=Batch(MovementRow, each(_wish), show=_moved, sheet=_COUNTS),
        rows=MovementRow,
        answer=RowResult,
        description="A row with a `key` takes effect once, however often the file is sent. Counts need none.",
        **_WRITE,
    ),
)
