"""What the rooms declare for the shipped flows, and two small vocabularies to try the checker on."""

from __future__ import annotations

from coster.engine.workflow.actions import ActionSpec, Vocabulary

ROLES = frozenset({"owner", "hub", "producer", "shop", "picker", "reader"})

ORDER = Vocabulary(
    entity="order",
    context={"order.checkout_expires_at": "timestamp?"},
    triggers={
        "complete_checkout": {},
        "fail_checkout": {"reason": "string?"},
        "expire_checkout": {},
        "cancel": {"reason": "string"},
        "change": {},
        "comment": {"text": "string"},
    },
    actions=(
        ActionSpec(
            name="keep_holds", summary="The holds of the checkout become those of the order.", holds="kept"
        ),
        ActionSpec(name="release_holds", summary="Everything held goes back to the shelf.", holds="released"),
        ActionSpec(name="rehold", summary="Holds follow the changed lines.", holds="taken"),
    ),
    roles=ROLES,
    owns=("holds",),
)

HELD_ORDER = Vocabulary(
    entity="held_order",
    context={"lines": "int", "session_open": "bool"},
    triggers={"grow": {}, "shrink": {}, "complete": {}, "fulfil": {}, "cancel": {"reason": "string"}},
    actions=(
        ActionSpec(name="project_holds", summary="The lines become the sum of live holds.", holds="taken"),
        ActionSpec(name="commit_holds", summary="The producer owes what is held.", holds="committed"),
        ActionSpec(name="release_holds", summary="Everything held goes back to the shelf.", holds="released"),
        ActionSpec(name="consume_holds", summary="What was owed has left the producer.", holds="consumed"),
    ),
    roles=ROLES,
    owns=("holds",),
)

PARCEL = Vocabulary(
    entity="parcel",
    context={
        "items": "int",
        "express": "bool",
        "due": "timestamp",
        "paid_until": "timestamp?",
        "facts": "map(string, dyn)",
        "buyer.tier": "string",
        "parcel.reference": "string",
        "pick_limit": "duration?",
    },
    triggers={
        "pack": {"boxes": "int", "note": "string?"},
        "ship": {},
        "revive": {},
        "reopen": {},
        "note": {},
        "extend": {},
    },
    actions=(
        ActionSpec(name="take", summary="Takes holds.", holds="taken"),
        ActionSpec(name="keep", summary="Keeps holds.", holds="kept"),
        ActionSpec(name="commit", summary="Commits holds.", holds="committed"),
        ActionSpec(name="release", summary="Releases holds.", holds="released"),
        ActionSpec(name="consume", summary="Consumes holds.", holds="consumed"),
        ActionSpec(name="hand_over", summary="Gives holds to another owner.", holds="handed_over"),
        ActionSpec(
            name="notify", summary="Tells somebody.", parameters={"event": "string", "copies": "int?"}
        ),
    ),
    roles=ROLES,
    owns=("holds",),
    calendars=frozenset({"opening_hours"}),
)

MEMO = Vocabulary(entity="memo", context={}, triggers={"close": {}}, actions=(), roles=ROLES)

PURSE = Vocabulary(
    entity="purse",
    context={"sum": "int"},
    triggers={"pay": {}, "charge": {}, "drop": {}, "refund": {}},
    actions=(
        ActionSpec(name="authorise", summary="Asks for money.", authorisation="authorised", fails=True),
        ActionSpec(name="capture", summary="Takes the money.", authorisation="captured", sends=True),
        ActionSpec(name="void", summary="Gives the promise back.", authorisation="voided"),
        ActionSpec(name="give_back", summary="Gives the money back.", authorisation="refunded"),
        ActionSpec(name="add_lines", summary="Adds to held orders.", held_lines="held"),
        ActionSpec(name="drop_lines", summary="Takes from held orders.", held_lines="released"),
    ),
    roles=ROLES,
    owns=("authorisation", "held_lines"),
)
