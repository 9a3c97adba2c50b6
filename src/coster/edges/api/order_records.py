"""Records of orders over HTTP: what may be sent, and what is answered."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from coster.edges.api.past import AsOfInstant
from coster.edges.http.fields import (
    Amount,
    AmountText,
    Currency,
    CustomerId,
    EnterpriseId,
    Id,
    Instant,
    ItemId,
    Percent,
    Price,
    PriceText,
    Quantity,
    QuantityText,
    Reason,
    SessionId,
    Text,
    Version,
)
from coster.edges.http.paging import PageQuery

Channel = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=100, description="The shop or platform that it came from.", examples=["web"]
    ),
]
Reference = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=200,
        description="The order's name there; a channel's reference is taken once.",
        examples=["4711"],
    ),
]
Unit = Annotated[
    str,
    msgspec.Meta(max_length=40, description="A sales unit; empty: the item's stock unit.", examples=["kg"]),
]
LineNumber = Annotated[
    int, msgspec.Meta(ge=1, le=100_000, description="The line's number, from 1.", examples=[1])
]
CostCentreId = Annotated[
    uuid.UUID,
    msgspec.Meta(description="The cost centre in whose name it is bought, which says who must agree to it."),
]
Payment = Literal["none", "pending", "authorised", "captured"]
Priority = Annotated[
    int, msgspec.Meta(ge=-1_000_000, le=1_000_000, description="Higher is served first in a shortage.")
]


class DiscountGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An amount or a percentage off; with `over`, only where the goods are worth more than that."""

    amount: Amount | None = None
    percent: Percent | None = None
    over: Amount | None = None
    label: Annotated[str, msgspec.Meta(max_length=100)] = ""


ShipOn: TypeAlias = Annotated[
    dt.date,
    msgspec.Meta(
        description="The day on which it shall go, in the seller's time zone. Where that is further off than the seller takes goods ahead "
        "(`hold_days_ahead`), a flow that takes goods later than an order is placed (order.b2b) lets the line wait until then.",
        examples=["2026-12-24"],
    ),
]


class LineWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wanted line, perhaps at a price that was agreed elsewhere."""

    item_id: ItemId
    quantity: Quantity
    unit: Unit = ""
    price: Price | None = None
    discount: DiscountGiven | None = None
    ship_on: ShipOn | None = None


class OrderWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A checkout that begins: the stock is held at once, or the order is refused and nothing happens."""

    seller_id: EnterpriseId
    channel: Channel
    reference: Reference
    lines: Annotated[list[LineWanted], msgspec.Meta(min_length=1, max_length=1000)]
    session_id: SessionId | None = None
    customer_id: CustomerId | None = None
    discount: DiscountGiven | None = None
    completed: Annotated[
        bool, msgspec.Meta(description="The checkout is over elsewhere already: the order is booked at once.")
    ] = False
    allow_partial: Annotated[bool, msgspec.Meta(description="Take what there is instead of refusing.")] = (
        False
    )
    priority: Priority = 0
    ship_on: ShipOn | None = None
    type: Annotated[
        str,
        msgspec.Meta(
            max_length=50,
            description="Decides the flow on which it begins; empty: a shopper's order.",
            examples=[""],
        ),
    ] = ""
    attributes: Annotated[
        dict[str, Any],
        msgspec.Meta(
            max_length=50,
            description="Small values that guards of its flow read: 50 names at most, of small letters, digits and _; text, whole numbers, "
            "true, false, lists and objects, no more than 4 in each other; 16,384 bytes of JSON in all. Names in which orders keep "
            "something themselves (approval, blocks, copy_of, cost_centre, edit, run, schedule, shorted, submit_at, supplied, transfer) "
            "are refused. Nobody but the seller sees them, and no event has them.",
            examples=[{"gift": True}],
        ),
    ] = {}
    cost_centre_id: CostCentreId | None = None


class LineTold(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it stands."""

    line: LineNumber
    item_id: ItemId
    unit: Unit
    requested: QuantityText
    quantity: QuantityText
    stock_quantity: Annotated[str, msgspec.Meta(description="The same in stock units.", examples=["1.5"])]
    price: PriceText
    discount: AmountText
    order_share: Annotated[
        str, msgspec.Meta(description="The line's share of the order's discount.", examples=["0.50"])
    ]
    total: AmountText
    stock: Annotated[str, msgspec.Meta(description="Where its stock stands.", examples=["held"])]
    fulfilment: Annotated[str, msgspec.Meta(description="How far it is fulfilled.", examples=["not_started"])]
    note: Annotated[
        str, msgspec.Meta(description="Why the quantity is not the one that was asked for.", examples=[""])
    ]
    ship_on: ShipOn | None = None
    holds_from: (
        Annotated[
            Instant, msgspec.Meta(description="While it waits for its day: from when on goods are taken.")
        ]
        | None
    ) = None


class OrderTold(msgspec.Struct, frozen=True, kw_only=True):
    """The order as it is now."""

    id: Id
    number: Annotated[str, msgspec.Meta(description="The order's name for people.", examples=["7Z3K9Q0X2M"])]
    version: Version
    status: Annotated[str, msgspec.Meta(description="Of its flow.", examples=["created"])]
    currency: Currency
    gross: AmountText
    discount: AmountText
    total: AmountText
    expires_at: Annotated[Instant, msgspec.Meta(description="When the checkout ends by itself.")] | None
    attributes: Annotated[
        dict[str, Any], msgspec.Meta(description="Values that actions of its flow have set.", examples=[{}])
    ] = {}
    lines: list[LineTold]


Letter: TypeAlias = Annotated[
    str,
    msgspec.Meta(description="The state that WebSphere Commerce would tell, as a letter.", examples=["C"]),
]


class Views(msgspec.Struct, frozen=True, kw_only=True):
    """What others call the order's state; empty where they have no word for it. Derived from lines, gates and payment."""

    name: Annotated[str, msgspec.Meta(description="The letter in words.", examples=["confirmed"])]
    fluent: Annotated[str, msgspec.Meta(description="In Fluent's workflows.", examples=["BOOKED"])]
    dfc_order: Annotated[
        str, msgspec.Meta(description="The consortium's order state.", examples=["Complete"])
    ]
    dfc_fulfilment: Annotated[
        str, msgspec.Meta(description="The consortium's fulfilment state.", examples=["Unfulfilled"])
    ]


class LineSeen(LineTold, frozen=True, kw_only=True):
    """A line as it stands, with its producer."""

    letter: Letter
    producer_id: EnterpriseId
    gross: AmountText


class OrderHead(msgspec.Struct, frozen=True, kw_only=True):
    """An order without its lines."""

    id: Id
    number: Annotated[str, msgspec.Meta(description="The order's name for people.", examples=["7Z3K9Q0X2M"])]
    version: Version
    seller_id: EnterpriseId
    session_id: SessionId | None
    customer_id: CustomerId | None
    channel: Channel
    reference: Reference
    status: Annotated[str, msgspec.Meta(description="Of its flow.", examples=["booked"])]
    type: Annotated[str, msgspec.Meta(description="What decided its flow.", examples=[""])]
    flow: Annotated[str, msgspec.Meta(examples=["order.retail"])]
    flow_version: Annotated[int, msgspec.Meta(examples=[1])]
    entered_at: Annotated[Instant, msgspec.Meta(description="Since when it is in its status.")]
    sla_at: (
        Annotated[
            Instant, msgspec.Meta(description="From when on it is longer in its status than it should.")
        ]
        | None
    )
    attributes: Annotated[
        dict[str, Any], msgspec.Meta(description="Values that actions of its flow have set.", examples=[{}])
    ]
    payment: str
    currency: Currency
    gross: AmountText
    line_discount: AmountText
    order_discount: AmountText
    total: AmountText
    priority: Priority
    placed_at: Instant
    expires_at: Annotated[Instant, msgspec.Meta(description="When the checkout ends by itself.")] | None


class OrderSeen(OrderHead, frozen=True, kw_only=True):
    """An order with its lines."""

    letter: Letter
    views: Views
    lines: list[LineSeen]


class OrderQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which orders; newest first."""

    seller_id: EnterpriseId | None = None
    session_id: SessionId | None = None
    customer_id: CustomerId | None = None
    status: (
        Annotated[str, msgspec.Meta(max_length=50, description="Of the order's flow.", examples=["booked"])]
        | None
    ) = None
    channel: Channel | None = None
    reference: Reference | None = None
    as_of: AsOfInstant | None = None


class CommentSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A remark."""

    id: Id
    at: Instant
    actor: Annotated[uuid.UUID, msgspec.Meta(description="The API key that made it.")]
    text: Text


class Comments(msgspec.Struct, frozen=True, kw_only=True):
    """Remarks, oldest first."""

    items: list[CommentSeen]


class LineChanged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line's new quantity in its sales unit; 0 takes it out."""

    line: LineNumber
    quantity: Quantity


class LineAdded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line more."""

    item_id: ItemId
    quantity: Quantity
    unit: Unit = ""


class OrderPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New quantities, lines more, another discount: all or nothing. Stock, totals and held orders follow at once."""

    lines: Annotated[list[LineChanged], msgspec.Meta(max_length=1000)] = []
    add: Annotated[list[LineAdded], msgspec.Meta(max_length=1000)] = []
    discount: DiscountGiven | None = None


class CompleteAttributes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the payment stands."""

    payment: Payment = "none"


class ReasonGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason = ""


class CommentGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A remark for the seller's own people."""

    text: Annotated[Text, msgspec.Meta(min_length=1, examples=["Rings twice."])]


class Complete(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="name",
    tag="complete_checkout",
):
    """The shopper paid or confirmed: the order is booked."""

    attributes: CompleteAttributes = CompleteAttributes()


class Fail(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="name",
    tag="fail_checkout",
):
    """The checkout came to nothing: what was held is free again."""

    attributes: ReasonGiven = ReasonGiven()


class Cancel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="cancel"
):
    """The whole order is off: what was held is free again."""

    attributes: ReasonGiven = ReasonGiven()


class Change(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="change"
):
    """New quantities; the same as PATCH, without the need to know the version."""

    attributes: OrderPatch


class Comment(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="comment"
):
    """A remark for the seller's own people."""

    attributes: CommentGiven


KnownEvent = Complete | Fail | Cancel | Change | Comment
KNOWN = frozenset({"complete_checkout", "fail_checkout", "cancel", "change", "comment"})
"""Events whose attributes are known whatever the flow."""


class EventAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """What an event may take: of those whose attributes are known whatever the flow, and others as the order's flow declares them."""

    payment: Annotated[Payment, msgspec.Meta(description="Of complete_checkout.")] = "none"
    reason: Annotated[Reason, msgspec.Meta(description="Of fail_checkout and cancel.")] = ""
    text: Annotated[str, msgspec.Meta(description="Of comment.", examples=["Rings twice."])] = ""
    lines: Annotated[list[LineChanged], msgspec.Meta(max_length=1000, description="Of change.")] = []
    add: Annotated[list[LineAdded], msgspec.Meta(max_length=1000, description="Of change.")] = []
    discount: DiscountGiven | None = None


Event = Annotated[
    str, msgspec.Meta(min_length=1, max_length=100, description="The event.", examples=["cancel"])
]


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that happens to an order by its flow: complete_checkout, fail_checkout, cancel, change, comment, or an event that its
    flow declares; `…/actions` tells the forms of buttons.
    """

    name: Event
    attributes: EventAttributes = EventAttributes()


class EventSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same as it is read: attributes are judged by what the event is."""

    name: Event
    attributes: dict[str, Any] = {}
