"""What flows of checkouts may name. A checkout is a child of its order: it lives in the order's row, and reads what the order is."""

from __future__ import annotations

from typing import Final

from coster.domain.orders.rules import b2b, names
from coster.domain.orders.rules.context import FIELDS
from coster.engine.workflow import hours
from coster.engine.workflow.actions import Vocabulary

KIND: Final = "checkout"
"""Under which name flows of orders have it as a child."""

CHECKOUT = Vocabulary(
    entity="checkout",
    context={name: kind for name, kind in FIELDS.items() if name.startswith("order.")},
    triggers={
        "complete_checkout": {"payment": "string?"},
        "fail_checkout": {"reason": "string?"},
        "expire_checkout": {},
        "abandon_checkout": {},
    },
    actions=(),
    roles=frozenset({"owner", "hub", "shop"}),
    calendars=frozenset({hours.NAME}),
    children={},
    parents=("order",),
    kept=b2b.KEPT,
    told=names.TOLD,
    in_parent=True,
)
