"""What flows of held orders may name: context, triggers, and actions with their effects."""

from __future__ import annotations

from typing import Final

from coster.domain.orders.rules import names
from coster.engine.workflow import hours
from coster.engine.workflow.actions import ActionSpec, Vocabulary

PRODUCERS: Final = "producer_hours"
"""Under which name flows count in the opening hours of the producer."""

VOCABULARY = Vocabulary(
    entity="held_order",
    context={
        # Goods of which it has something, each place of an item for itself; and how much of all of them, in thousandths.
        "lines": "int",
        "quantity": "int",
        # One for a single order of a shopper.
        "single": "bool",
        "created_at": "timestamp",
        "session_open": "bool",
        "session.closes_at": "timestamp?",
        "session.amend_until": "timestamp?",
        "attributes": "map(string, dyn)",
    },
    triggers={
        "grow": {}, "shrink": {}, "complete": {}, "fulfil": {}, "cancel": {"reason": "string"},
    },
    actions=(
        ActionSpec(name="project_holds", summary="The lines follow the live holds.", holds="taken"),
        ActionSpec(
            name="commit_holds",
            summary="What is held is owed from now on; not before the amendment window is over.",
            holds="committed",
            fails=True,
        ),
        ActionSpec(
            name="consume_holds",
            summary="The goods have left; not before the amendment window is over.",
            holds="consumed",
            fails=True,
        ),
        ActionSpec(
            name="release_holds",
            summary="Everything that is held is free again, and every shopper's line in it is told.",
            needs=frozenset({"holders"}),
            holds="released",
            fails=True,
        ),
        ActionSpec(
            name="close_empty",
            summary="Nothing is held any more, so nothing is given back; fails while something is.",
            holds="released",
            fails=True,
        ),
    ),
    roles=frozenset({"owner", "hub", "producer", "picker"}),
    owns=("holds",),
    # Those of the hub, whose order it is, and those of the producer.
    calendars=frozenset({hours.NAME, PRODUCERS}),
    children={},
    parents=(),
    told=names.TOLD
    | {
        "held_order.changed", "held_order.completed", "held_order.cancelled", "held_order.fulfilled", "held_order.created",
        "held_order.stepped", "held_order.shorted", "held_order.flow_moved",
    },
    data={"holders": "the shoppers' orders that hold on its account"},
)  # fmt: skip

# What nobody sends: it follows from shoppers' orders, and from the session's end.
FOLLOWING: Final = frozenset({"grow", "shrink", "complete"})
