"""What may be sent to an order from outside: which triggers, by whom, and with which attributes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coster.domain.buying.model import APPROVE
from coster.domain.identity.model import ROLES
from coster.domain.orders.model import Order, StepOrder
from coster.domain.orders.rules import approving, checkout, way
from coster.domain.orders.rules.fold import Fold
from coster.domain.orders.rules.vocabulary import VOCABULARY
from coster.domain.orders.rules.vocabulary_checkout import CHECKOUT
from coster.engine.flows import asking
from coster.kernel.message import Command
from coster.kernel.outcome import Rejected


def asked(fold: Fold, command: Command[StepOrder], order: Order) -> Mapping[str, Any] | Rejected:
    """The attributes of the event, checked, with the form's defaults; or why it may not be sent at all, or not like this.

    What is not possible in the order's status is left to its flow to answer.
    """
    body, authority = command.body, command.authority
    table = fold.flows.of(order.flow, order.flow_version)
    child = checkout.table_of(table, fold.checkouts, order)
    below = child is not None and way.is_for_checkout(child, table, body.trigger)
    wish = asking.Wish(
        table=child if below and child is not None else table,
        vocabulary=CHECKOUT if below else VOCABULARY,
        status=order.checkout or "" if below else order.status,
        trigger=body.trigger,
        given=body.attributes,
        inner=checkout.INNER,
    )

    def may_press(role: str) -> bool:
        held = ROLES.get(role)
        if role == approving.ROLE:
            return authority.allows(APPROVE, approving.bought_by(order))
        return held is not None and all(authority.allows(one, order.seller_id) for one in held)

    unknown = asking.unknown(wish, "order_status")
    if unknown is not None:
        possible = list(checkout.possible(table, child, order))
        about = {"entity": "order", "entity_id": str(order.id)}
        return Rejected(unknown.code, unknown.message, {**about, **unknown.detail, "possible": possible})
    return asking.asked(wish, may_press)
