"""What the flow of webhook endpoints may name: what happens to them, and what is done then."""

from __future__ import annotations

from coster.engine.workflow.actions import ActionSpec, Vocabulary

VOCABULARY = Vocabulary(
    entity="webhook_endpoint",
    context={},
    triggers={"change": {}, "pause": {}, "resume": {}, "delete": {}, "fail": {}, "gone": {}},
    actions=(
        ActionSpec(
            name="replace", summary="Address, names of events and secret become those of the command."
        ),
        ActionSpec(
            name="begin_again", summary="Failures are forgotten, and everything that waits is due at once."
        ),
        ActionSpec(
            name="forget", summary="Address, secret, cursor and everything that waits are gone for good."
        ),
    ),
    roles=frozenset({"owner", "hub"}),
    fixed=True,
)
