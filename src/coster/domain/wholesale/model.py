"""Records of held orders, and the commands that change them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Literal

import msgspec

from coster.domain.orders.model import OrderWrites

Policy = Literal["first_come", "pro_rata", "priority"]


class CompleteSession(msgspec.Struct, frozen=True, kw_only=True):
    """All held orders of a session whose amendment window is over become final."""

    session_id: uuid.UUID


class FulfilHeldOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The producer has handed over the goods: they leave the stock."""

    held_order_id: uuid.UUID


class LowerStock(msgspec.Struct, frozen=True, kw_only=True):
    """The producer has less than was promised: `quantity` is what there really is (thousandths), at one place.

    What is missing is shared out among those who hold it, by a policy (None: each relation's own), and everyone concerned is told
    why. What is not promised goes first.
    """

    item_id: uuid.UUID
    location_id: uuid.UUID
    quantity: int
    lot: str = ""
    policy: Policy | None = None
    reason: str


class CancelHeldOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The producer or the hub calls the whole held order off; every shopper's line in it is told and given back."""

    held_order_id: uuid.UUID
    reason: str


class HeldOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a held order, as loaded or as it is to be stored."""

    id: uuid.UUID
    hub_id: uuid.UUID
    producer_id: uuid.UUID
    session_id: uuid.UUID
    single: bool
    status: str
    flow_version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    version: int


class Consolidated(msgspec.Struct, frozen=True, kw_only=True):
    """What an order's batch writes, and the heads of held orders that follow from it."""

    orders: OrderWrites
    held: list[HeldOrder]


class HeldOrdersWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which held orders: all filters that are given hold together; after an id, at most `limit`."""

    ids: list[uuid.UUID] | None = None
    hub_id: uuid.UUID | None = None
    producer_id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None
    status: str | None = None
    after: uuid.UUID | None = None
    limit: int = 50


class HeldLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a held order as the producer reads it: an item, or (by weight) all of a product in grams.

    Quantities in thousandths of `unit`; amounts in minor units; `discount` is what the hub gave its shoppers off these goods.
    """

    item_id: uuid.UUID | None
    sku: str
    name: str
    unit: str
    quantity: int
    surplus: int
    cases: int | None
    price_micros: int
    amount: int
    discount: int


class HeldOrderView(msgspec.Struct, frozen=True, kw_only=True):
    """A held order as hub and producer read it: nothing of any shopper. Amounts in minor units of the producer's currency."""

    id: uuid.UUID
    number: str
    hub_id: uuid.UUID
    hub: str
    producer_id: uuid.UUID
    producer: str
    session_id: uuid.UUID
    session: str
    amend_until: dt.datetime
    status: str
    fulfilment: str
    currency: str
    lines: list[HeldLine]
    gross: int
    discount: int
    discount_reason: str
    total: int
    created_at: dt.datetime
    changed_at: dt.datetime
    version: int
