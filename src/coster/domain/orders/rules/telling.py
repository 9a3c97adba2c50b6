"""Orders as answers and events tell them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coster.domain.orders.model import Order
from coster.kernel import clock, ids, money


def answer(order: Order, told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The order as a caller is answered.

    The ledger of commands keeps it, so its attributes can be asked for by instant: they may hold words of people, and go into no event.
    """
    shown = {"attributes": order.attributes} if order.attributes else {}
    return {
        "id": str(order.id),
        "number": ids.short(order.id),
        "version": order.version,
        "status": order.status,
        "currency": order.currency,
        "gross": money.text(order.gross, order.currency),
        "discount": money.text(order.line_discount + order.order_discount, order.currency),
        "total": money.text(order.total, order.currency),
        "expires_at": clock.text(order.expires_at) if order.expires_at else None,
        "lines": told,
        **shown,
    }


def placed_data(order: Order, told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the event says: the order without any trace of a person, with everything of it that may change (`past` reads that)."""
    data: dict[str, Any] = {
        "seller_id": str(order.seller_id),
        "session_id": str(order.session_id) if order.session_id else None,
        "channel": order.channel,
        "reference": order.reference,
        "status": order.status,
        "currency": order.currency,
        "total": money.text(order.total, order.currency),
        "lines": told,
        "enterprises": [str(order.seller_id)],
    }
    if order.payment != "none":
        data["payment"] = order.payment
    if order.expires_at is not None:
        data["expires_at"] = clock.text(order.expires_at)
    return data
