"""The edit lock: one person at a time changes an order; another may take over, and then the first can save no more. Pure.

Kept in the order's attributes, as `edit`: `by` (null: nobody), `at`, `came_from` (the status in which it began), `since` (since when the
order was in that), `touched` (whether anything was changed since).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from coster.engine.workflow import templates
from coster.engine.workflow.plugins import Asked, Done, Refused
from coster.kernel import clock


def standing(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The lock as it stands; without one, nobody has it."""
    return {"by": None, "came_from": "", "since": None, "touched": False, **(attributes.get("edit") or {})}


def begin(asked: Asked) -> Done | Refused:
    """Takes the lock: while somebody else has it only with `take_over`."""
    edit = _edit(asked)
    if edit["by"] not in (None, asked.actor) and not asked.event.get("take_over"):
        return Refused(
            code="order_locked",
            detail=f"Somebody else changes this order since {edit['at']}; take it over, or wait.",
        )
    began = {"came_from": asked.status, "since": templates.plain(asked.context["order.entered_at"])}
    kept = {name: edit[name] for name in began} if edit["came_from"] else began
    return Done(attributes={"edit": {**edit, **kept, "by": asked.actor, "at": clock.text(asked.at)}})


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


def goes_on(before: Mapping[str, Any], after: Mapping[str, Any], status: str) -> dt.datetime | None:
    """Since when an order is in a status to which it comes by giving an edit up: since it was there before, as if nobody had edited it.

    `before` and `after` are its attributes. None: it comes there anew, so whatever waits there begins again. What was sent in is new.
    """
    edit = standing(before)
    given_up = (
        "edit" in before and "edit" not in after and edit["came_from"] == status and not edit["touched"]
    )
    if not given_up or edit["since"] is None or before.get("approval") != after.get("approval"):
        return None
    return dt.datetime.fromisoformat(edit["since"])


def _not_yours(edit: Mapping[str, Any], asked: Asked) -> Refused | None:
    if edit["by"] in (None, asked.actor):
        return None
    return Refused(
        code="order_locked", detail="Somebody else has taken this order over; what you changed was not kept."
    )


def _edit(asked: Asked) -> dict[str, Any]:
    attributes: Any = asked.context["attributes"]
    return standing(attributes)
