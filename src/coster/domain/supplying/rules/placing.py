"""The first totals of an order from another platform, as the order that is placed for them. Pure."""

from __future__ import annotations

from coster.domain.orders.model import LineRequest, PlaceOrder
from coster.domain.orders.rules import replacing
from coster.domain.supplying.model import CHANNEL, PlaceSupplied


def order_of(body: PlaceSupplied) -> PlaceOrder:
    """A hub's order that is booked at once: whoever pays whom there is the platforms' matter."""
    return PlaceOrder(
        order_id=body.order_id, seller_id=body.hub_id, channel=CHANNEL, reference=body.reference,
        lines=[
            LineRequest(item_id=total.item_id, quantity=total.quantity, unit=total.unit)
            for total in body.lines
            if total.quantity
        ],
        session_id=body.session_id, completed=True, allow_partial=body.allow_partial,
        attributes=replacing.begun(body.producer_id, body.sequence, body.notes), whole_range=body.producer_id,
    )  # fmt: skip
