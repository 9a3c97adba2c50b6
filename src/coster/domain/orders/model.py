"""Records of orders, and the commands that change them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

import msgspec

from coster.domain.inventory.model import PoolLine, StockWrites
from coster.domain.sourcing.model import Pool
from coster.engine.flows.failing import MakeGood
from coster.engine.flows.moving import Page


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    """Either an amount (minor units) or a share in thousandths; with `over`, only where the goods are worth more than that."""

    amount: int = 0
    permille: int = 0
    over: int = 0
    label: str = ""


class LineRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A wanted line: thousandths of the sales unit ('' means the item's stock unit), perhaps at a price agreed elsewhere, and not before
    a day.
    """

    item_id: uuid.UUID
    quantity: int
    unit: str = ""
    price_micros: int | None = None
    discount: Discount | None = None
    ship_on: dt.date | None = None


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Checkout begins: the stock is held at once, or the order is refused and nothing is written.

    With `completed` the checkout is already over elsewhere (a platform that took the payment): the order is booked at once.
    `allow_partial` takes what there is instead of refusing. `type` decides the flow on which the order begins;
    `attributes` are small values for its guards. `whole_range`: all goods of this producer are on sale, listed in the session or
    not, and no others; and the order may begin without a line (that of a hub on another platform, ADR 0020). `whole`: also an order that
    holds nothing yet is refused where its goods are not all there. `cost_centre_id`: in whose
    name it is bought, which decides who must agree to it.
    """

    order_id: uuid.UUID
    seller_id: uuid.UUID
    channel: str
    reference: str
    lines: list[LineRequest]
    session_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None
    discount: Discount | None = None
    completed: bool = False
    allow_partial: bool = False
    priority: int = 0
    type: str = ""
    attributes: dict[str, Any] = {}
    whole_range: uuid.UUID | None = None
    whole: bool = False
    cost_centre_id: uuid.UUID | None = None


class CompleteCheckout(msgspec.Struct, frozen=True, kw_only=True):
    """The shopper paid or confirmed: the order is booked."""

    order_id: uuid.UUID
    payment: Literal["none", "pending", "authorised", "captured"] = "none"


class FailCheckout(msgspec.Struct, frozen=True, kw_only=True):
    """The checkout came to nothing: what was held is free again, at once."""

    order_id: uuid.UUID
    reason: str = ""


class ExpireCheckout(msgspec.Struct, frozen=True, kw_only=True):
    """The time for the checkout is over (sent by its timer, or when a session ends)."""

    order_id: uuid.UUID


class ExpireSession(msgspec.Struct, frozen=True, kw_only=True):
    """The session is over: every checkout in it that is still running comes to nothing."""

    session_id: uuid.UUID


class LineChange(msgspec.Struct, frozen=True, kw_only=True):
    """A line's new quantity in thousandths of its sales unit; 0 takes it out. Line 0 with an item adds a line."""

    line_no: int
    quantity: int
    item_id: uuid.UUID | None = None
    unit: str = ""


class ChangeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """New quantities for some lines, all or nothing; stock, totals and held orders follow in the same transaction."""

    order_id: uuid.UUID
    lines: list[LineChange]
    discount: Discount | None = None
    expected_version: int | None = None


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What an order shall have of an item, in thousandths of a sales unit ('': the stock unit)."""

    item_id: uuid.UUID
    quantity: int
    unit: str = ""


class ReplaceLines(msgspec.Struct, frozen=True, kw_only=True):
    """An order of a hub on another platform shall come to these totals, whatever it came to; what they do not name is taken out.

    `sequence` numbers what the other side wants: an older number is refused, whatever came in between (ADR 0020). `cancelled`: the order
    is off, or (False) on again; None: as it is. `currency` is the one in which the other side reckons, where it says so. `notes` replace
    what is kept of the request. `allow_partial` takes what there is.
    """

    order_id: uuid.UUID
    producer_id: uuid.UUID
    lines: list[Total]
    currency: str | None = None
    sequence: int | None = None
    cancelled: bool | None = None
    allow_partial: bool = False
    expected_version: int | None = None
    notes: dict[str, Any] = {}


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The whole order is off; what it held is free again, at once."""

    order_id: uuid.UUID
    reason: str = ""
    expected_version: int | None = None


class AddComment(msgspec.Struct, frozen=True, kw_only=True):
    """A remark for the seller's own people."""

    order_id: uuid.UUID
    text: str


class StepOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Any event of the order's flow, with its attributes as JSON has them."""

    order_id: uuid.UUID
    trigger: str
    attributes: dict[str, Any] = {}
    expected_version: int | None = None


class HearOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to the order's goods elsewhere; a flow that has no row for it in the order's status goes on as before.

    Only the machinery says so.
    """

    order_id: uuid.UUID
    trigger: str


class CopyOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order like a template is placed, at the prices of now; `run` counts the copies, `attempt` how often this one was tried. Only the
    system asks for this.

    Where no such order can be placed, it is tried again as the template's plan says. Then the template says so by an event, and goes on
    with its plan.
    """

    order_id: uuid.UUID
    copy_id: uuid.UUID
    run: int
    attempt: int = 1


class OrderTimer(msgspec.Struct, frozen=True, kw_only=True):
    """A timer of the order's flow is due; `entered` is the version with which the order came into its status when it was set.

    `left` is how often it may come still, `due` when it was to come.
    """

    id: uuid.UUID
    trigger: str
    entered: int = 0
    left: int = 1
    due: dt.datetime | None = None


class MakeOrderGood(MakeGood, frozen=True, kw_only=True):
    """A message of the order's flow, or of its checkout's, was not delivered: the row that makes good is carried out."""


class MoveOrders(msgspec.Struct, frozen=True, kw_only=True):
    """The next page of a move to another version of a flow: the orders after an id."""

    move_id: uuid.UUID
    after: uuid.UUID | None = None


class MoveCheckouts(msgspec.Struct, frozen=True, kw_only=True):
    """The next page of a move of checkouts to another version of their flow: those of the orders after an id."""

    move_id: uuid.UUID
    after: uuid.UUID | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The head of an order, as loaded or as it is to be stored.

    `holds` is what its status says about its stock; `entered` and `entered_at` are its version and the instant when it came into
    its status, `sla_at` from when on it is beyond the service level there. `checkout` is the status of its checkout's own flow.
    """

    id: uuid.UUID
    seller_id: uuid.UUID
    session_id: uuid.UUID | None
    customer_id: uuid.UUID | None
    channel: str
    reference: str
    status: str
    flow: str
    flow_version: int
    payment: str
    currency: str
    gross: int
    line_discount: int
    order_discount: int
    total: int
    priority: int
    placed_at: dt.datetime
    expires_at: dt.datetime | None
    version: int
    holds: str
    entered: int
    entered_at: dt.datetime
    # What most orders have is not sent to the database.
    type: str = ""
    attributes: dict[str, Any] = {}
    sla_at: dt.datetime | None = None
    checkout: str | None = None
    checkout_version: int | None = None


class PastEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of an order, for reading what was known at an instant; `attributes` are the order's after the command behind it, None
    where that was about more than this order.
    """

    name: str
    version: int
    at: dt.datetime
    data: dict[str, Any]
    attributes: dict[str, Any] | None


class LateOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is longer in its status than it should: since `entered_at`, and too long since `sla_at`."""

    id: uuid.UUID
    seller_id: uuid.UUID
    status: str
    flow: str
    flow_version: int
    entered_at: dt.datetime
    sla_at: dt.datetime


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order, as loaded or as it is to be stored.

    `basis_…` is what the discounts were counted on when they were given: with any other quantity they are the same part of it.
    `ship_on` is the day on which it shall go (None: as soon as may be), `holds_from` when goods are taken for it, where that is later.
    """

    order_id: uuid.UUID
    line_no: int
    item_id: uuid.UUID
    producer_id: uuid.UUID
    unit: str
    requested: int
    quantity: int
    stock_quantity: int
    price_micros: int
    gross: int
    discount: int
    order_share: int
    basis_gross: int
    basis_discount: int
    basis_share: int
    total: int
    stock: str
    fulfilment: str
    note: str
    ship_on: dt.date | None = None
    holds_from: dt.datetime | None = None


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A remark, as it is to be stored."""

    order_id: uuid.UUID
    id: uuid.UUID
    at: dt.datetime
    actor: uuid.UUID
    text: str


class Firm(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an order before it is locked; only the version of its flow may still change, when it is moved."""

    seller_id: uuid.UUID
    session_id: uuid.UUID | None
    type: str
    flow: str
    flow_version: int
    checkout_version: int | None
    cost_centre_id: uuid.UUID | None = None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The order that has a channel's reference already."""

    order_id: uuid.UUID
    seller_id: uuid.UUID


class PoolChange(msgspec.Struct, frozen=True, kw_only=True):
    """What one command did to one pool: the touched lines, with their items, as they stood afterwards.

    `pool` is known where it may be new.
    """

    index: int
    pool_id: uuid.UUID
    pool: Pool | None
    lines: tuple[tuple[uuid.UUID, PoolLine], ...]


class Approvers(msgspec.Struct, frozen=True, kw_only=True):
    """The keys by name that may decide about an order now; none: nobody is asked by name."""

    order_id: uuid.UUID
    keys: list[str]


class ApprovalsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders wait for a key: older than an id, at most `limit`."""

    key_id: uuid.UUID
    before: uuid.UUID | None = None
    limit: int = 50


class OrderWrites(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a batch changes: whole heads and lines, comments, stock; what it did to pools, for the room above; and pages of
    moves to other versions of flows.
    """

    new: list[Order]
    changed: list[Order]
    lines: list[Line]
    comments: list[Comment]
    stock: StockWrites
    pool_changes: list[PoolChange]
    pages: list[Page] = []
    approvers: list[Approvers] = []


class OrdersWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders: all filters that are given hold together; older than an id, at most `limit`."""

    ids: list[uuid.UUID] | None = None
    seller_id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None
    status: str | None = None
    channel: str | None = None
    reference: str | None = None
    before: uuid.UUID | None = None
    limit: int = 50
