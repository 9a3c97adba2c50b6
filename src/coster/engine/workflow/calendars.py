"""Business time: when a calendar is open, and how far open hours and open days reach, across holidays and clock changes.

A clock time that the zone skips in spring is the first instant after the gap; one that comes twice in autumn is its
first coming. So a span from 01:00 to 02:30 is one span on every day, of whatever length that day gives it.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec

from coster.engine.workflow.records import CalendarText
from coster.engine.workflow.shape_parts import DAYS

# Start and end in minutes after midnight; an end of 1,440 or more is on the next day.
Span: TypeAlias = tuple[int, int]
MIDNIGHT = 1_440
ALWAYS: tuple[Span, ...] = ((0, MIDNIGHT),)
# A calendar that does not open for so many days will not open.
FARTHEST = 1_500

_UTC = dt.UTC


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """Opening hours of each day of the week (Monday first), of special days, and holidays, in a zone."""

    zone: zoneinfo.ZoneInfo
    week: tuple[tuple[Span, ...], ...] = (ALWAYS,) * 7
    special: Mapping[dt.date, tuple[Span, ...]] = {}
    holidays: frozenset[dt.date] = frozenset()

    def spans(self, day: dt.date) -> tuple[Span, ...]:
        """The spans that begin on the day, in order and apart; special hours count more than a holiday."""
        if (special := self.special.get(day)) is not None:
            return special
        return () if day in self.holidays else self.week[day.weekday()]


def calendar(text: CalendarText) -> Calendar:
    """The calendar that was written. Raises ValueError when its zone does not exist, or a day stands twice."""
    return Calendar(
        zone=zone(text.zone),
        week=(ALWAYS,) * 7 if text.hours is None else _week(text.hours),
        special={dt.date.fromisoformat(date): _spans(spans) for date, spans in text.special.items()},
        holidays=frozenset(dt.date.fromisoformat(date) for date in text.holidays),
    )


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of that IANA name. Raises ValueError."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"found the time zone '{name}'; accepted: an IANA name such as Europe/Berlin"
        ) from None


def _week(hours: Mapping[str, tuple[str, ...]]) -> tuple[tuple[Span, ...], ...]:
    """The spans by day of the week from `mon` and `mon-fri`. Raises ValueError."""
    found: dict[int, tuple[Span, ...]] = {}
    for days, spans in hours.items():
        first, _, last = days.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        for number in range(begin, end + 1 if end >= begin else end + 8):
            if number % 7 in found:
                raise ValueError(f"found hours for {DAYS[number % 7]} twice; accepted: each day once")
            found[number % 7] = _spans(spans)
    return tuple(found.get(number, ()) for number in range(7))


def _spans(texts: tuple[str, ...]) -> tuple[Span, ...]:
    """Spans in order, with those that touch or overlap joined."""
    joined: list[Span] = []
    for start, end in sorted(_span(text) for text in texts):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _span(text: str) -> Span:
    """`09:00-17:30` in minutes; over midnight when it ends before it begins, or when it does."""
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-"))
    return (start, end if end > start else end + MIDNIGHT)


def is_open(cal: Calendar, at: dt.datetime) -> bool:
    """Whether the calendar is open at the instant."""
    found = opens(cal, at)
    return found is not None and found <= at


def opens(cal: Calendar, at: dt.datetime) -> dt.datetime | None:
    """The first open instant from `at` on, in UTC; None when it does not open for years."""
    for start, _ in _open(cal, at):
        return start
    return None


def add(
    cal: Calendar, at: dt.datetime, *, days: int = 0, time: dt.timedelta = dt.timedelta(0)
) -> dt.datetime | None:
    """The instant after so many open days and then so much open time, in UTC; None when it is years away.

    A day more is the same clock time on the next day that opens, or when it opens next after that; time before the
    first opening does not count. What ends exactly when the calendar closes ends then, and not at the next opening.
    """
    begin = _days_on(cal, at, days) if days else at.astimezone(_UTC)
    if begin is None or (not time and days):
        return begin
    left = time
    for start, end in _open(cal, begin):
        if end - start >= left:
            return start + left
        left -= end - start
    return None


def _days_on(cal: Calendar, at: dt.datetime, days: int) -> dt.datetime | None:
    """The first open instant from the same clock time on, so many opening days later."""
    begin = opens(cal, at)
    if begin is None:
        return None
    local = begin.astimezone(cal.zone)
    day, left, looked = local.date(), days, 0
    while left:
        day, looked = day + dt.timedelta(days=1), looked + 1
        if looked > FARTHEST * max(1, days):
            return None
        left -= bool(cal.spans(day))
    return opens(cal, _instant(cal, day, local.time()))


def next_clock(cal: Calendar, at: dt.datetime, clock: dt.time) -> dt.datetime | None:
    """When the clock shows the time after `at` for the first time on a day that opens, in UTC; None: not for years."""
    day = at.astimezone(cal.zone).date()
    for number in range(-1, FARTHEST):
        candidate = day + dt.timedelta(days=number)
        if cal.spans(candidate) and (found := _instant(cal, candidate, clock)) > at:
            return found
    return None


def between(cal: Calendar, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
    """How much open time lies between the instants; none when the second is not after the first."""
    total = dt.timedelta(0)
    if start < end:
        for begin, close in _open(cal, start):
            if begin >= end:
                break
            total += min(close, end) - begin
    return total


def _open(cal: Calendar, at: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The open spans from the instant on, in UTC, in order and apart; the first is cut off at the instant."""
    covered = at.astimezone(_UTC)
    day = at.astimezone(cal.zone).date() - dt.timedelta(days=2)
    closed = 0
    while closed < FARTHEST:
        spans = cal.spans(day)
        closed = 0 if spans else closed + 1
        for start, end in spans:
            begin = max(_at_minute(cal, day, start), covered)
            close = _at_minute(cal, day, end)
            if close > begin:
                yield begin, close
                covered = close
        day += dt.timedelta(days=1)


def _at_minute(cal: Calendar, day: dt.date, minute: int) -> dt.datetime:
    """The instant of so many minutes on the clock after the day's midnight, in UTC."""
    return _instant(cal, day + dt.timedelta(days=minute // MIDNIGHT), _clock(minute % MIDNIGHT))


def _clock(minute: int) -> dt.time:
    return dt.time(minute // 60, minute % 60)


def _instant(cal: Calendar, day: dt.date, clock: dt.time) -> dt.datetime:
    """The first instant at which the day's clock shows the time or a later one, in UTC."""
    wanted = dt.datetime.combine(day, clock.replace(fold=0))
    found = wanted.replace(tzinfo=cal.zone).astimezone(_UTC)
    if found.astimezone(cal.zone).replace(tzinfo=None) == wanted:
        return found
    # The clock skips this time: the gap ends between the readings with the offsets after and before it.
    early = wanted.replace(tzinfo=cal.zone, fold=1).astimezone(_UTC)
    low, high = int(early.timestamp()), int(found.timestamp())
    while low < high:
        middle = (low + high) // 2
        shown = dt.datetime.fromtimestamp(middle, cal.zone).replace(tzinfo=None)
        low, high = (low, middle) if shown >= wanted else (middle + 1, high)
    return dt.datetime.fromtimestamp(low, _UTC)
