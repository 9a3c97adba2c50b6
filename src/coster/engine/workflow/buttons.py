"""What a person may do now: the buttons of a status that their roles allow."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from coster.engine.workflow.records import FormField
from coster.engine.workflow.step import Context, Matched, Table


class ActionNow(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger that may be sent now, as an interface needs it to draw a button."""

    trigger: str
    label: str
    roles: tuple[str, ...]
    form: tuple[FormField, ...]
    confirm: str


def actions_now(
    table: Table, status: str, roles: Collection[str], context: Context | None = None
) -> list[ActionNow]:
    """The buttons of the status for somebody with these roles, in file order.

    With a context only those whose guards let something happen; without one, all. A guard that reads what the form
    has yet to ask lets it be asked. An unknown status has none. Raises GuardFailedError when a guard has no answer.
    """
    return [
        ActionNow(
            trigger=offer.trigger,
            label=offer.button.label,
            roles=offer.button.roles,
            form=offer.button.form,
            confirm=offer.button.confirm,
        )
        for offer in table.offers.get(status, ())
        if any(role in roles for role in offer.button.roles)
        and (context is None or _may_happen(table, status, offer.trigger, context))
    ]


def _may_happen(table: Table, status: str, trigger: str, context: Context) -> bool:
    """Whether the trigger would match, as far as that can be told before its attributes are known."""
    guards = [matched.row.guard for matched in table.rows[status, trigger]]
    if any(name.startswith("event.") for guard in guards if guard is not None for name in guard.names):
        return True
    return isinstance(table.step(status, trigger, context), Matched)
