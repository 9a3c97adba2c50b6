"""What flows of orders may name: context, triggers, and actions with their effects."""

from __future__ import annotations

from typing import Final

from coster.domain.orders.rules import approving, b2b, names
from coster.domain.orders.rules.context import FIELDS
from coster.domain.orders.rules.vocabulary_checkout import KIND
from coster.engine.workflow import hours
from coster.engine.workflow.actions import ActionSpec, Vocabulary

HOLDS: Final = "holds"
SUPPLY: Final = "supply"

VOCABULARY = Vocabulary(
    entity="order",
    context={**FIELDS, **b2b.FIELDS},
    triggers={
        "complete_checkout": {"payment": "string?"},
        "fail_checkout": {"reason": "string?"},
        "expire_checkout": {},
        "cancel": {"reason": "string?"},
        "change": {},
        "comment": {"text": "string"},
        "shorted": {},
        "release_part": b2b.RELEASE_PART,
    },
    actions=(
        ActionSpec(
            name="keep_holds",
            summary="The holds no longer expire with the checkout.",
            needs=frozenset({HOLDS}),
            holds="kept",
        ),
        ActionSpec(
            name="release_holds",
            summary="Everything that is held is free again.",
            needs=frozenset({HOLDS}),
            holds="released",
        ),
        ActionSpec(
            name="rehold",
            summary="Holds follow the lines' new quantities, all or nothing.",
            needs=frozenset({SUPPLY}),
            fails=True,
            holds="taken",
        ),
        *b2b.STOCK,
        *(action.spec for action in b2b.ACTIONS.values()),
    ),
    data={
        HOLDS: "what the order holds, and the stock that it holds on",
        approving.CENTRE: "the cost centre that the order names, as it is now",
        approving.APPROVERS: "what the key that the event names in `to` may do",
        SUPPLY: "everything that placing is decided on: goods, terms, and all stock of the order's items",
    },
    roles=frozenset({"owner", "hub", "shop", approving.ROLE}),
    owns=("holds",),
    calendars=frozenset({hours.NAME}),
    children={KIND: "checkout"},
    parents=(),
    kept=b2b.KEPT,
    told=names.TOLD,
)
