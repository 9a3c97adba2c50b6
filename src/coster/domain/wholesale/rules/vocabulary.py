"""What flows of held orders may name: context, triggers, and actions with their effects."""

from __future__ import annotations

from coster.engine.workflow.actions import ActionSpec, Vocabulary

VOCABULARY = Vocabulary(
    entity="held_order",
    context={"lines": "int", "session_open": "bool"},
    triggers={"grow": {}, "shrink": {}, "complete": {}, "fulfil": {}, "cancel": {"reason": "string"}},
    actions=(
        ActionSpec(name="project_holds", summary="The lines follow the live holds.", holds="taken"),
        ActionSpec(name="commit_holds", summary="What is held is owed from now on.", holds="committed"),
        ActionSpec(name="consume_holds", summary="The goods have left.", holds="consumed"),
        ActionSpec(name="release_holds", summary="Everything that is held is free again.", holds="released"),
    ),
    roles=frozenset({"owner", "hub", "producer", "picker"}),
    owns=("holds",),
)
