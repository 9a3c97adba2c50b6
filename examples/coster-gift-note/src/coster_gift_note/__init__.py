"""A note that goes into the parcel: kept with the order, and told to whoever prints it.

`ACTION` is what the entry point in pyproject.toml names. An action is a pure function: it sees what it declares
(`needs`, parameters of the flow, attributes of the event), and gives back attributes to set and messages to send.
"""

from __future__ import annotations

from coster.engine.workflow.actions import ActionSpec
from coster.engine.workflow.plugins import Action, Asked, Done, Message, Refused

MOST = 200


def gift_note(asked: Asked) -> Done | Refused:
    """Keeps the note, and has it printed; an empty or overlong one is refused. A note may be written again."""
    note = " ".join(str(asked.event.get("note") or "").split())
    sender = str(asked.event.get("sender") or "")
    most = asked.parameters.get("most") or MOST
    assert isinstance(most, int), "the flow's checker has seen to it"
    if not note:
        return Refused(code="gift_note_empty", detail="A gift note needs a word at least.")
    if len(note) > most:
        return Refused(
            code="gift_note_too_long",
            detail=f"A gift note has {most} signs at most; this one has {len(note)}.",
        )
    return Done(
        attributes={"gift_note": {"note": note, "sender": sender}},
        messages=(
            Message(event="gift_note.to_print", body={"order_id": asked.id, "note": note, "sender": sender}),
        ),
    )


ACTION = Action(
    entity="order",
    spec=ActionSpec(
        name="gift_note",
        summary="Keeps a note for the parcel with the order, and has it printed.",
        parameters={"most": "int?"},
        fails=True,
        sends=True,
    ),
    run=gift_note,
)
