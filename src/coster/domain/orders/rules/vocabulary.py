"""What flows of orders may name: context, triggers, and actions with their effects."""

from __future__ import annotations

from coster.engine.workflow.actions import ActionSpec, Vocabulary

VOCABULARY = Vocabulary(
    entity="order",
    context={"order.checkout_expires_at": "timestamp?"},
    triggers={
        "complete_checkout": {"payment": "string?"},
        "fail_checkout": {"reason": "string?"},
        "expire_checkout": {},
        "cancel": {"reason": "string?"},
        "change": {},
        "comment": {"text": "string"},
    },
    actions=(
        ActionSpec(name="keep_holds", summary="The holds no longer expire with the checkout.", holds="kept"),
        ActionSpec(name="release_holds", summary="Everything that is held is free again.", holds="released"),
        ActionSpec(name="rehold", summary="Holds follow the lines' new quantities.", holds="taken"),
    ),
    roles=frozenset({"owner", "hub", "shop"}),
    owns=("holds",),
)
