"""Records of held orders, and the commands that change them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

import msgspec

from coster.domain.orders.model import OrderWrites
from coster.engine.flows.clocks import TimerBody
from coster.engine.flows.failing import MakeGood
from coster.engine.flows.moving import Page

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


class ShortHeldOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A held order that is complete comes down to what its supplier really has: `items` says how much of each item is left, in thousandths
    of its stock unit; of an item that is not named, everything is.

    What no shopper wants goes first, then shoppers lose by the relation's policy for shortages. Only the system asks for this, after a
    person has decided it.
    """

    held_order_id: uuid.UUID
    items: dict[uuid.UUID, int]
    reason: str


class CancelHeldOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The producer or the hub calls the whole held order off; every shopper's line in it is told and given back."""

    held_order_id: uuid.UUID
    reason: str


class StepHeldOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the held order's flow, with its attributes: what hub or producer may send."""

    held_order_id: uuid.UUID
    trigger: str
    attributes: dict[str, Any] = {}
    expected_version: int | None = None


class HeldOrderTimer(TimerBody, frozen=True, kw_only=True):
    """A timer of the status in which a held order is, or was."""


class MakeHeldOrderGood(MakeGood, frozen=True, kw_only=True):
    """A message of the held order's flow was not delivered: the row that makes good is carried out."""


class FollowSession(msgspec.Struct, frozen=True, kw_only=True):
    """The times of a session may be others: timers of its held orders that wait for one of them move with it."""

    session_id: uuid.UUID


class MoveHeldOrders(msgspec.Struct, frozen=True, kw_only=True):
    """The next page of a move to another version of a flow; only the machinery asks for it."""

    move_id: uuid.UUID
    after: uuid.UUID | None = None


class HeldOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a held order, as loaded or as it is to be stored.

    `holds` is what its status says about its stock; `entered` and `entered_at` are its version and the instant when it came into its
    status, `sla_at` from when on it is beyond the service level there.
    """

    id: uuid.UUID
    hub_id: uuid.UUID
    producer_id: uuid.UUID
    session_id: uuid.UUID
    single: bool
    status: str
    holds: str
    flow: str
    flow_version: int
    attributes: dict[str, Any]
    entered: int
    entered_at: dt.datetime
    sla_at: dt.datetime | None
    created_at: dt.datetime
    changed_at: dt.datetime
    version: int


class HeldFound(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a held order before it is locked; only the version of its flow may still change, when it is moved."""

    id: uuid.UUID
    hub_id: uuid.UUID
    producer_id: uuid.UUID
    session_id: uuid.UUID
    flow: str
    flow_version: int


class Consolidated(msgspec.Struct, frozen=True, kw_only=True):
    """What an order's batch writes, and the heads of held orders that follow from it."""

    orders: OrderWrites
    held: list[HeldOrder]


class HeldOrdersMoved(msgspec.Struct, frozen=True, kw_only=True):
    """The heads that were moved to another version of their flow, and the pages of the moves."""

    held: list[HeldOrder]
    pages: list[Page]


class HeldOrdersWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which held orders: all filters that are given hold together; after an id, at most `limit`."""

    ids: list[uuid.UUID] | None = None
    hub_id: uuid.UUID | None = None
    producer_id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None
    status: str | None = None
    after: uuid.UUID | None = None
    limit: int = 50


class LateHeldOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A held order that is longer in its status than it should: since `entered_at`, and too long since `sla_at`."""

    id: uuid.UUID
    hub_id: uuid.UUID
    producer_id: uuid.UUID
    status: str
    flow: str
    flow_version: int
    entered_at: dt.datetime
    sla_at: dt.datetime


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
    """A held order as hub and producer read it: nothing of any shopper. Amounts in minor units of the producer's currency.

    `status`, `fulfilment` and `payment` are the words of the Data Food Consortium, `state` is the status of its flow; `sla_at` is from
    when on it is beyond the service level of that, None: there is none.
    """

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
    payment: str
    state: str
    label: str
    holds: str
    flow: str
    flow_version: int
    entered_at: dt.datetime
    sla_at: dt.datetime | None
    currency: str
    lines: list[HeldLine]
    gross: int
    discount: int
    discount_reason: str
    total: int
    created_at: dt.datetime
    changed_at: dt.datetime
    version: int
