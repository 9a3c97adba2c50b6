"""What the rooms declare for the shipped flows, and two small vocabularies to try the checker on."""

from __future__ import annotations

from coster.domain.orders.rules import vocabulary as orders
from coster.domain.orders.rules import vocabulary_checkout as checkouts
from coster.domain.wholesale.rules import vocabulary as held_orders
from coster.engine.workflow.actions import ActionSpec, Vocabulary

ROLES = frozenset({"owner", "hub", "producer", "shop", "picker", "reader"})

ORDER = orders.VOCABULARY
CHECKOUT = checkouts.CHECKOUT
HELD_ORDER = held_orders.VOCABULARY

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
    kept=frozenset({"seal"}),
    told=frozenset({"parcel.packed", "session.ended"}),
)

MEMO = Vocabulary(entity="memo", context={}, triggers={"close": {}}, actions=(), roles=ROLES, in_parent=True)

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
