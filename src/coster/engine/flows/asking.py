"""What may be sent to an entity from outside: which events, by whom, and with which attributes. Pure, for every room alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from coster.engine.workflow import kinds, scope
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.records import Button
from coster.engine.workflow.step import Table
from coster.kernel import refusal
from coster.kernel.outcome import Rejected


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """An event that somebody sends to an entity in a status of its flow, with attributes as JSON has them.

    `inner` are triggers of the room that nobody sends: they follow from what happens elsewhere.
    """

    table: Table
    vocabulary: Vocabulary
    status: str
    trigger: str
    given: Mapping[str, Any]
    inner: frozenset[str] = frozenset()

    @property
    def takes(self) -> Mapping[str, str]:
        """The attributes that the event takes: name to type as in `kinds`."""
        return scope.triggers(self.table.flow, self.vocabulary).get(self.trigger, {})

    @property
    def outside(self) -> bool:
        """Whether somebody may send it: not what only timers, rows or the machinery send."""
        return self.trigger not in self.inner and self.trigger in scope.triggers(
            self.table.flow, self.vocabulary
        )

    @property
    def button(self) -> Button | None:
        """The button of the status that sends it, if it has one."""
        offers = self.table.offers.get(self.status, ())
        return next((offer.button for offer in offers if offer.trigger == self.trigger), None)


def unknown(wish: Wish, code: str) -> Rejected | None:
    """The refusal, under the room's code, of what is no event that may be sent.

    What is not possible in the status is left to the flow to answer.
    """
    if wish.outside:
        return None
    possible = [trigger for trigger in wish.table.possible.get(wish.status, ()) if trigger not in wish.inner]
    return Rejected(
        code,
        f"'{wish.trigger}' is no event that can be sent. Possible in {wish.status}: {', '.join(possible) or 'nothing'}.",
        {"trigger": wish.trigger, "reason": "unknown_trigger", "status": wish.status, "possible": possible, "guards": []},
    )  # fmt: skip


def asked(wish: Wish, may_press: Callable[[str], bool]) -> Mapping[str, Any] | Rejected:
    """The attributes as guards read them, checked, with the form's defaults; or why the event may not be sent like this.

    `may_press` says whether the sender has a role. Codes: role_needed, not_valid.
    """
    button = wish.button
    if button is not None and not any(may_press(role) for role in button.roles):
        return Rejected(
            "role_needed", f"'{button.label}' is for {', '.join(button.roles)}; this API key has none of these roles here.",
            {"roles": list(button.roles)},
        )  # fmt: skip
    given = dict(wish.given)
    for field in button.form if button is not None else ():
        if field.default is not None:
            given.setdefault(field.name, field.default)
    takes = wish.takes
    return _faults(wish, given, button) or {name: _value(value, takes[name]) for name, value in given.items()}


def _faults(wish: Wish, given: Mapping[str, Any], button: Button | None) -> Rejected | None:
    """Attributes that are unknown, missing, of another type, or none of the form's choices."""
    taken, faults = wish.takes, refusal.Faults()
    for name, value in given.items():
        if name not in taken:
            accepted = ", ".join(sorted(taken)) or "none"
            faults.add(name, f"is no attribute of '{wish.trigger}'; it takes {accepted}")
        elif value is not None and not kinds.fits(value, kinds.parse(kinds.required(taken[name]))):
            faults.add(name, f"has to be of the type {kinds.required(taken[name])}")
    for name, kind in taken.items():
        if given.get(name) is None and not kinds.optional(kind):
            faults.add(name, "is missing")
    for field in button.form if button is not None else ():
        value = given.get(field.name)
        if value is None and field.required and kinds.optional(taken.get(field.name, "")):
            faults.add(field.name, "is missing")
        elif value is not None and field.choices and value not in field.choices:
            faults.add(field.name, f"has to be one of {', '.join(map(str, field.choices))}")
    return faults.rejected()


def _value(value: Any, kind: str) -> Any:
    """A value as guards read it: instants and durations come as ISO 8601 text."""
    match kinds.required(kind):
        case "timestamp" if isinstance(value, str):
            return dt.datetime.fromisoformat(value)
        case "duration" if isinstance(value, str):
            return kinds.duration(value)
    return value
