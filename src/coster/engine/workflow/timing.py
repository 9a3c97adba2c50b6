"""When timers of a status are due, and since when an entity is beyond its service level: pure, on given instants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from coster.engine.workflow import calendars, kinds
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.records import Sla, Timer
from coster.engine.workflow.step import Context, Table

Calendars: TypeAlias = Mapping[str, Calendar]
NONE: Calendars = {}


class TimerFailedError(Exception):
    """A timer has no answer for a context: a field is missing or of the wrong type, or a calendar was not given."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A timer that runs: what it sends, when, and how often it may fire still."""

    trigger: str
    due: dt.datetime
    left: int = 1


def timers_at(
    table: Table, status: str, since: dt.datetime, context: Context, given: Calendars = NONE
) -> tuple[Moment, ...]:
    """The timers of a status that was entered (or restarted) at `since`, in file order; none for an unknown status.

    `given` are the room's calendars; those of the flow are known. A timer on a null field, or in a calendar that does
    not open for years, does not run. What is due before `since` is due at once. Raises TimerFailedError.
    """
    moments = []
    known = {**given, **table.calendars} if given else table.calendars
    for entry in table.timers.get(status, ()):
        at = due(entry.timer, since, context, known)
        if at is not None:
            moments.append(Moment(trigger=entry.trigger, due=max(at, since), left=max(1, entry.timer.times)))
    return tuple(moments)


def again(
    table: Table, status: str, fired: Moment, context: Context, given: Calendars = NONE
) -> Moment | None:
    """The next time of a timer that has fired while its status is kept; None when that was the last time.

    Raises TimerFailedError.
    """
    found = [entry.timer for entry in table.timers.get(status, ()) if entry.trigger == fired.trigger]
    if fired.left <= 1 or not found:
        return None
    at = due(found[0], fired.due, context, {**given, **table.calendars})
    return None if at is None else Moment(trigger=fired.trigger, due=at, left=fired.left - 1)


def due(timer: Timer, since: dt.datetime, context: Context, known: Calendars = NONE) -> dt.datetime | None:
    """The instant at which the timer fires, in UTC; None when it does not start. Raises TimerFailedError."""
    if timer.field and not timer.before and not timer.calendar:
        plain: dt.datetime | None = _read(context, timer.field, dt.datetime)
        return None if plain is None else plain.astimezone(dt.UTC)
    calendar = _calendar(timer.calendar, known)
    try:
        if timer.field:
            instant: dt.datetime | None = _read(context, timer.field, dt.datetime)
            before = kinds.duration(timer.before) or dt.timedelta(0)
            at = None if instant is None else instant.astimezone(dt.UTC) - before
            return at if calendar is None or at is None else calendars.opens(calendar, at)
        waited = _waited(timer, since, context, calendar)
        if not timer.at or waited is None or calendar is None:
            return waited
        return calendars.next_clock(calendar, waited, dt.time.fromisoformat(timer.at))
    except OverflowError:
        return None


def _waited(
    timer: Timer, since: dt.datetime, context: Context, calendar: Calendar | None
) -> dt.datetime | None:
    """The instant when the timer's duration is over; `since` when it has none."""
    if not timer.duration:
        return since.astimezone(dt.UTC)
    if not timer.length_field:
        return _later(since, timer.duration, calendar)
    length: dt.timedelta | None = _read(context, timer.length_field, dt.timedelta)
    if length is None:
        return None
    if calendar is None:
        return since.astimezone(dt.UTC) + length
    return calendars.add(calendar, since, days=length.days, time=length - dt.timedelta(days=length.days))


def _later(since: dt.datetime, duration: str, calendar: Calendar | None) -> dt.datetime | None:
    """The instant a written duration later: by the clock, or in open days and open time."""
    days, time = kinds.days_and_time(duration)
    if calendar is None:
        return since.astimezone(dt.UTC) + dt.timedelta(days=days) + time
    return calendars.add(calendar, since, days=days, time=time)


def _calendar(name: str, known: Calendars) -> Calendar | None:
    """The calendar of that name; None without a name."""
    if not name:
        return None
    if name not in known:
        raise TimerFailedError(f"a timer counts in the calendar '{name}', which was not given")
    return known[name]


def _read(context: Context, name: str, kind: type[Any]) -> Any:
    """A field of the context that may be null."""
    if name not in context:
        raise TimerFailedError(f"a timer reads '{name}', which the context does not hold")
    value = context[name]
    if value is not None and not isinstance(value, kind):
        raise TimerFailedError(
            f"a timer reads '{name}' and found {value!r}; accepted: a {kind.__name__} or null"
        )
    return value


def beyond(table: Table, status: str, since: dt.datetime, given: Calendars = NONE) -> dt.datetime | None:
    """From when on an entity is beyond the service level of its status; None when the status has none.

    Raises TimerFailedError when the level counts in a calendar that was not given.
    """
    sla: Sla | None = table.slas.get(status)
    if sla is None:
        return None
    try:
        return _later(since, sla.duration, _calendar(sla.calendar, {**given, **table.calendars}))
    except OverflowError:
        return None
