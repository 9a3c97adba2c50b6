"""Events that are the program's own to tell: no flow of an organisation may send one of that name. Pure."""

from __future__ import annotations

from typing import Final

from coster.domain.orders.rules import approving, repeating
from coster.domain.sessions.rules import life
from coster.engine.flows import moving

TOLD: Final = frozenset(
    {
        "order.placed",
        "order.checkout_completed",
        "order.checkout_failed",
        "order.checkout_expired",
        "order.cancelled",
        "order.changed",
        "order.commented",
        "order.stepped",
        "order.part_released",
        "order.shorted",
        "order.flow_moved",
        "order.checkout_moved",
        "order.copy_delayed",
        "order.copy_refused",
        repeating.PLACED,
        "held_order.created",
        "held_order.completed",
        "held_order.cancelled",
        "held_order.fulfilled",
        "held_order.shorted",
        "held_order.stepped",
        "held_order.flow_moved",
        approving.ASKED_EVENT,
        approving.DECIDED_EVENT,
        repeating.EVENT,
        *life.EVENTS,
        *moving.EVENTS,
    }
)
"""What is told of orders, of their sessions and of moves between versions, and what is acted by of their held orders."""
