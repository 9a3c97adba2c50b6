"""The statuses of the Data Food Consortium as views: read off a status of a flow and off what is paid, stored nowhere.

A flow may say what a status is in the standard's words (`dfc`); what it leaves out follows from what the status says about its goods.
All three are always told, since the same word stands for different things by its property. Source: DFC taxonomies 1.3.0 (vocabulary)
and the standard's page on states of orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from coster.engine.workflow.records import Status

DRAFT: Final = "Draft"
HELD: Final = "Held"
COMPLETE: Final = "Complete"
CANCELLED: Final = "Cancelled"
UNFULFILLED: Final = "Unfulfilled"
FULFILLED: Final = "Fulfilled"
UNPAID: Final = "Unpaid"
PAID: Final = "Paid"


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """hasOrderStatus, hasFulfilmentStatus and hasPaymentStatus of one order, each a local name in the standard's vocabulary."""

    order: str
    fulfilment: str
    payment: str


PAYMENT: Final[Mapping[str, str]] = {
    "none": UNPAID,
    "pending": UNPAID,
    "review": UNPAID,
    "authorised": UNPAID,
    "part_captured": UNPAID,  # every payment in part is Unpaid
    "captured": PAID,
    "refunding": PAID,  # until the money is back
    "refunded": CANCELLED,
    "failed": CANCELLED,
}
"""Payment status by what is stored about an order's payment."""

FULFILMENT: Final[Mapping[str, str]] = {
    "not_started": UNFULFILLED,
    "released": UNFULFILLED,
    "picking": UNFULFILLED,
    "packed": UNFULFILLED,
    "short": UNFULFILLED,  # there is less of it, and that is still to come
    "shipped": FULFILLED,
    "collected": FULFILLED,
    "delivered": FULFILLED,
    "returned": FULFILLED,  # it was handed over before it came back
    "cancelled": CANCELLED,
}
"""Fulfilment status of one line by how far it has come."""


def words(status: Status, *, owed: bool, payment: str = "none") -> Words:
    """An order, or a held order, in a status of its flow; `owed`: whether goods are held for it, owed to it, or were handed over."""
    order, fulfilment = _by_goods(status, owed=owed)
    order = status.dfc.get("order", order)
    paid = CANCELLED if order == CANCELLED and PAYMENT[payment] == UNPAID else PAYMENT[payment]
    return Words(
        order=order,
        fulfilment=status.dfc.get("fulfilment", fulfilment),
        payment=status.dfc.get("payment", paid),
    )


def _by_goods(status: Status, *, owed: bool) -> tuple[str, str]:
    """Order and fulfilment status by the goods alone."""
    if status.holds == "live":
        return HELD, HELD
    if status.holds == "committed":
        return COMPLETE, UNFULFILLED
    if owed:
        return COMPLETE, FULFILLED
    # Nothing is held: still being written, or over.
    return (CANCELLED, CANCELLED) if status.final or status.category == "done" else (DRAFT, HELD)


def of_lines(fulfilments: Iterable[str]) -> str:
    """Fulfilment status of an order by those of its lines: what is cancelled counts only where everything is."""
    found = {FULFILMENT[one] for one in fulfilments} or {CANCELLED}
    if found == {CANCELLED}:
        return CANCELLED
    return UNFULFILLED if UNFULFILLED in found else FULFILLED
