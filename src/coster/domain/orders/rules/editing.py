"""The edit lock: one person at a time changes an order; another may take over, and then the first can save no more. Pure.

Kept in the order's attributes, as `edit`: `by` (null: nobody), `at`, `came_from` (the status in which it began), `touched` (whether
anything was changed since).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coster.engine.workflow.plugins import Asked, Done, Refused
from coster.kernel import clock


def standing(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The lock as it stands; without one, nobody has it."""
    return {"by": None, "came_from": "", "touched": False, **(attributes.get("edit") or {})}


def begin(asked: Asked) -> Done | Refused:
    """Takes the lock: while somebody else has it only with `take_over`."""
    edit = _edit(asked)
    if edit["by"] not in (None, asked.actor) and not asked.event.get("take_over"):
        return Refused(
            code="order_locked",
            detail=f"Somebody else changes this order since {edit['at']}; take it over, or wait.",
        )
    came_from = edit["came_from"] or asked.status
    return Done(
        attributes={"edit": {**edit, "by": asked.actor, "at": clock.text(asked.at), "came_from": came_from}}
    )


def touch(asked: Asked) -> Done | Refused:
    """Something is changed, which only the one with the lock may do; where nobody has it, anybody."""
    edit = _edit(asked)
    if refused := _not_yours(edit, asked):
        return refused
    return Done(attributes={"edit": {**edit, "touched": True}} if edit["came_from"] else {})


def end(asked: Asked) -> Done | Refused:
    """Gives the lock back; where the order came from, and whether it was changed, stays known until it is sent in or restored."""
    edit = _edit(asked)
    return _not_yours(edit, asked) or Done(attributes={"edit": {**edit, "by": None}})


def close(asked: Asked) -> Done | Refused:
    """The edit is over: nothing of it is kept."""
    return _not_yours(_edit(asked), asked) or Done(attributes={"edit": None})


def _not_yours(edit: Mapping[str, Any], asked: Asked) -> Refused | None:
    if edit["by"] in (None, asked.actor):
        return None
    return Refused(
        code="order_locked", detail="Somebody else has taken this order over; what you changed was not kept."
    )


def _edit(asked: Asked) -> dict[str, Any]:
    attributes: Any = asked.context["attributes"]
    return standing(attributes)
