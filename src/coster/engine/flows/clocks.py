"""What a status does to the clock: timers that begin when it is entered, move with what they wait for, and end when it is left. Pure.

A status without timers costs one look-up. The timers of an entity have ids that follow from it and their trigger, so entering a
status again, or moving what a timer waits for, moves the one that is there.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from coster.engine.workflow import timing
from coster.engine.workflow.step import Context, Table
from coster.engine.workflow.timing import Calendars, Moment
from coster.kernel import clock, ids
from coster.kernel.message import Timer


class TimerBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the command of a flow's timer carries, for every room alike; `left` is how often it may fire still.

    `due` is when it was to fire, `entered` the number with which the entity's status was entered when the timer was set. Where that
    is another by now, the timer comes late: its status was left.
    """

    id: uuid.UUID
    trigger: str
    entered: int
    left: int = 1
    due: dt.datetime | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An entity in a status: since when and with which number it was entered, what timers may read, and their command's kind."""

    table: Table
    status: str
    kind: str
    id: uuid.UUID
    entered: int
    since: dt.datetime
    context: Context
    calendars: Calendars = {}


def timer_id(entity_id: uuid.UUID, trigger: str) -> uuid.UUID:
    """The one timer of an entity by this trigger."""
    return ids.derived("flow", entity_id, trigger)


Due: TypeAlias = "Mapping[uuid.UUID, dt.datetime] | None"
"""When the timers of a batch were due as it began, by id; None: nothing is known of that."""


def overtaken(body: TimerBody, known: Due, told: Sequence[tuple[int, Timer]]) -> bool:
    """Whether a timer was set to another time, or ended, between its being read and its entity's being locked, or in the batch itself.

    The status may have been kept meanwhile (`restart`), or left and entered again.
    """
    if body.due is None or known is None:
        return False
    id_ = timer_id(body.id, body.trigger)
    last = next((timer for _, timer in reversed(told) if timer.id == id_), None)
    return body.due != (known.get(id_) if last is None else last.due_at)


def entering(now: Standing) -> list[Timer]:
    """The timers of a status that is entered, in file order. Raises TimerFailedError."""
    return [_timer(now, moment) for moment in _moments(now)] if now.table.timers.get(now.status) else []


def leaving(table: Table, status: str, entity_id: uuid.UUID) -> list[Timer]:
    """The word that none of the status's timers is wanted any longer."""
    return [Timer(timer_id(entity_id, entry.trigger)) for entry in table.timers.get(status, ())]


def restarted(now: Standing, triggers: Collection[str]) -> list[Timer]:
    """The timers of these triggers, as if the status were entered at `since`. Raises TimerFailedError."""
    return [_timer(now, moment) for moment in _moments(now) if moment.trigger in triggers] if triggers else []


def moved(now: Standing, before: Context) -> list[Timer]:
    """Timers of a status that is kept, where the instant that they wait for was another `before`: set anew, or ended.

    Raises TimerFailedError.
    """
    changed = {
        entry.trigger
        for entry in now.table.timers.get(now.status, ())
        if entry.timer.field and before.get(entry.timer.field) != now.context.get(entry.timer.field)
    }
    if not changed:
        return []
    found = {moment.trigger: moment for moment in _moments(now)}
    ended = [Timer(timer_id(now.id, trigger)) for trigger in sorted(changed - found.keys())]
    return ended + [_timer(now, moment) for trigger, moment in found.items() if trigger in changed]


def again(now: Standing, body: TimerBody) -> list[Timer]:
    """The next time of a timer that has fired at `since` and whose status is kept; empty when that was the last time.

    Raises TimerFailedError.
    """
    if body.left <= 1:
        return []
    fired = Moment(trigger=body.trigger, due=body.due or now.since, left=body.left)
    next_ = timing.again(now.table, now.status, fired, now.context, now.calendars)
    return [] if next_ is None else [_timer(now, next_)]


def not_yet(now: Standing, body: TimerBody, at: dt.datetime) -> list[Timer] | None:
    """Where a timer waits for an instant in a field, and that is not `at` or before: the timer as it is to be now (none: it does not run).

    None: it is due. What a field waits for may have moved without the entity hearing of it. Raises TimerFailedError.
    """
    waiting = any(
        entry.timer.field for entry in now.table.timers.get(now.status, ()) if entry.trigger == body.trigger
    )
    if not waiting:
        return None
    found = restarted(now, [body.trigger])
    return None if found and found[0].due_at is not None and found[0].due_at <= at else found


def _moments(now: Standing) -> tuple[Moment, ...]:
    return timing.timers_at(now.table, now.status, now.since, now.context, now.calendars)


def _timer(now: Standing, moment: Moment) -> Timer:
    body: dict[str, Any] = {
        "id": str(now.id), "trigger": moment.trigger, "entered": now.entered, "left": moment.left,
        "due": clock.text(moment.due),
    }  # fmt: skip
    return Timer(timer_id(now.id, moment.trigger), moment.due, now.kind, body)
