"""Records of inventory: positions, holds, ledger entries, and the commands that change stock."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Literal

import msgspec

EntryType = Literal[
    "RECEIPT",
    "COUNT",
    "CORRECTION",
    "DELTA",
    "HOLD",
    "RELEASE",
    "COMMIT",
    "SALE",
    "RETURN",
    "TRANSFER_OUT",
    "TRANSFER_IN",
    "CARRIED",
]
Policy = Literal["cart", "submitted", "session", "remainder"]
HoldState = Literal["live", "committed"]


class PutLocation(msgspec.Struct, frozen=True, kw_only=True):
    """Creates or replaces a place where an enterprise keeps stock; lower priority is drawn from first."""

    location_id: uuid.UUID
    enterprise_id: uuid.UUID
    name: str
    priority: int = 0
    active: bool = True
    expected_version: int | None = None


class AdjustStock(msgspec.Struct, frozen=True, kw_only=True):
    """More or less of an item at a place: a receipt, a correction, a sale elsewhere, a return. Signed thousandths."""

    item_id: uuid.UUID
    location_id: uuid.UUID
    quantity: int
    type: Literal["RECEIPT", "CORRECTION", "DELTA", "SALE", "RETURN"]
    lot: str = ""
    reason: str = ""


class CountStock(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted, as of an instant: what happened after that instant still counts (None: as of the command)."""

    item_id: uuid.UUID
    location_id: uuid.UUID
    quantity: int
    as_of: dt.datetime | None = None
    lot: str = ""
    reason: str = ""


class CountSheet(msgspec.Struct, frozen=True, kw_only=True):
    """Counts that come together, a part of a file perhaps: judged one after the other, each by itself."""

    counts: list[CountStock]


class TransferStock(msgspec.Struct, frozen=True, kw_only=True):
    """Free stock moves from one place to another of the same enterprise."""

    item_id: uuid.UUID
    from_location_id: uuid.UUID
    to_location_id: uuid.UUID
    quantity: int
    lot: str = ""
    reason: str = ""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A locked position, as loaded. Quantities in thousandths of the item's stock unit; `seq` counts its ledger entries, `told`
    the events about it.
    """

    id: uuid.UUID
    item_id: uuid.UUID
    location_id: uuid.UUID
    lot: str = ""
    unlimited: bool = False
    on_hand: int = 0
    held: int = 0
    committed: int = 0
    seq: int = 0
    told: int = 0
    counted_at: dt.datetime | None = None


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A live or committed hold, as loaded or as it is to be stored. A pool's own hold (line 0) is its remainder."""

    demand_id: uuid.UUID
    demand_line: int
    position_id: uuid.UUID
    pool_id: uuid.UUID | None
    quantity: int
    state: HoldState
    policy: Policy
    expires_at: dt.datetime | None
    since: dt.datetime
    priority: int


class PoolLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a pool holds of one position; `surplus` is the part that no demand wants, `multiple` the case."""

    pool_id: uuid.UUID
    position_id: uuid.UUID
    held: int = 0
    committed: int = 0
    consumed: int = 0
    surplus: int = 0
    multiple: int = 1


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants stock: under which cause, since when, for how long."""

    id: uuid.UUID
    command_id: uuid.UUID
    at: dt.datetime
    since: dt.datetime
    policy: Policy = "submitted"
    expires_at: dt.datetime | None = None
    priority: int = 0


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change at a position, by how much each; `by` is whose hold it is, where it is one, and `pool` the account that it
    counts for, where that is another's.
    """

    position_id: uuid.UUID
    type: EntryType
    on_hand: int = 0
    held: int = 0
    committed: int = 0
    by: uuid.UUID | None = None
    pool: uuid.UUID | None = None
    reason: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger entry: changes, never balances."""

    position_id: uuid.UUID
    seq: int
    type: EntryType
    on_hand: int = 0
    held: int = 0
    committed: int = 0
    at: dt.datetime
    command_id: uuid.UUID
    demand_id: uuid.UUID | None = None
    pool_id: uuid.UUID | None = None
    reason: str = ""


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """What one line wants of one item: from these positions in this order, on this pool's account.

    `multiple` is the case in which the pool must be held (1: loose); `line` names the demand's line for the answer.
    """

    line: int
    item_id: uuid.UUID
    positions: tuple[uuid.UUID, ...]
    quantity: int
    pool_id: uuid.UUID | None = None
    multiple: int = 1


class StockWrites(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a batch changes in the stock; `seen` is each changed position's seq when it was locked."""

    new_positions: list[Position]
    positions: list[Position]
    seen: list[int]
    entries: list[Entry]
    holds: list[Hold]
    gone_holds: list[tuple[uuid.UUID, int, uuid.UUID]]
    pool_lines: list[PoolLine]
    committed_pools: list[uuid.UUID]
    consumed_pools: list[uuid.UUID]


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A location, as loaded or as it is to be stored."""

    id: uuid.UUID
    enterprise_id: uuid.UUID
    name: str
    priority: int
    active: bool
    version: int


class LaterChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what is on hand that happened after the earliest count of the batch.

    With `carried` it is what was carried forward: the changes until `at` are in the archive, and nobody knows their instants here.
    """

    position_id: uuid.UUID
    at: dt.datetime
    on_hand: int
    carried: bool = False


class PositionsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which positions: all filters that are given hold together; after an id, at most `limit`."""

    ids: list[uuid.UUID] | None = None
    item_ids: list[uuid.UUID] | None = None
    location_ids: list[uuid.UUID] | None = None
    owner_id: uuid.UUID | None = None
    after: uuid.UUID | None = None
    limit: int = 50


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """Stock as somebody may see it. A buyer sees what is available; only its owner sees the rest (None: not his)."""

    id: uuid.UUID
    item_id: uuid.UUID
    sku: str
    name: str
    unit: str
    owner_id: uuid.UUID
    location_id: uuid.UUID
    location: str | None
    lot: str
    unlimited: bool
    available: int | None
    on_hand: int | None
    held: int | None
    committed: int | None
    version: int | None


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody holds of a position: a held order (`pooled`), or an order that holds for itself."""

    account_id: uuid.UUID
    pooled: bool
    held: int
    committed: int


class ItemStock(msgspec.Struct, frozen=True, kw_only=True):
    """What can be had of an item: its places, as text and in the order of ids, and as much as is `available` at each.

    Amounts are in thousandths of the stock unit; None: nobody keeps count there.
    """

    item_id: uuid.UUID
    location_ids: list[str]
    available: list[int | None]


class LocationsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which locations: all filters that are given hold together; after an id, at most `limit`."""

    ids: list[uuid.UUID] | None = None
    enterprise_id: uuid.UUID | None = None
    after: uuid.UUID | None = None
    limit: int = 50
