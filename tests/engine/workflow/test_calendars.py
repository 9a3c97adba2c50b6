"""Business time against a slow oracle that reads the clock minute by minute, and the hard days by hand."""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coster.engine.workflow import calendars
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.records import CalendarText
from coster.engine.workflow.shape_parts import DAYS

ZONES: Final = (
    "Europe/Amsterdam",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Santiago",
)
MINUTE: Final = dt.timedelta(minutes=1)
LONG_AGO: Final = dt.datetime.combine(dt.date.min, dt.time())
# Around clock changes in both directions, in every zone above.
BEGINNINGS: Final = (
    dt.datetime(2026, 3, 27, tzinfo=dt.UTC),
    dt.datetime(2026, 10, 23, tzinfo=dt.UTC),
    dt.datetime(2026, 3, 6, tzinfo=dt.UTC),
    dt.datetime(2026, 10, 30, tzinfo=dt.UTC),
    dt.datetime(2026, 4, 2, tzinfo=dt.UTC),
    dt.datetime(2026, 9, 4, tzinfo=dt.UTC),
)
OFFICE: Final = CalendarText(
    name="office",
    zone="Europe/Amsterdam",
    hours={"mon-thu": ("09:00-17:30",), "fri": ("13:00-16:00", "09:00-12:00")},
    holidays=("2026-12-25", "2026-12-24"),
    special={"2026-12-24": ("09:00-13:00",)},
)


def local(zone: str, text: str) -> dt.datetime:
    """An instant by what a clock shows."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone))


def office(text: str) -> dt.datetime:
    """An instant by the office's clock."""
    return local("Europe/Amsterdam", text)


@functools.lru_cache(maxsize=64)
def minutes(zone: zoneinfo.ZoneInfo, begin: dt.datetime) -> tuple[tuple[dt.datetime, dt.datetime], ...]:
    """Each minute of twelve days, from three days before the beginning on, with what the clock shows."""
    begin -= dt.timedelta(days=3)
    instants = [begin + number * MINUTE for number in range(12 * calendars.MIDNIGHT)]
    return tuple((instant, instant.astimezone(zone).replace(tzinfo=None)) for instant in instants)


def open_minutes(cal: Calendar, begin: dt.datetime) -> list[dt.datetime]:
    """Every open minute from the beginning on: each span lasts from the first minute that shows its start to the first
    that shows its end."""
    clock = minutes(cal.zone, begin)
    first: dict[dt.datetime, dt.datetime] = {}
    days = sorted({shown.date() for _, shown in clock})
    marks = [
        (
            dt.datetime.combine(day, dt.time()) + start * MINUTE,
            dt.datetime.combine(day, dt.time()) + end * MINUTE,
        )
        for day in days[:-3]
        for start, end in cal.spans(day)
    ]
    wanted = sorted({mark for pair in marks for mark in pair})
    highest = LONG_AGO
    for instant, shown in clock:
        highest = max(highest, shown)
        while wanted and wanted[0] <= highest:
            first[wanted.pop(0)] = instant
    found = set()
    for start, end in marks:
        instant = first[start]
        while instant < first[end]:
            found.add(instant)
            instant += MINUTE
    return sorted(instant for instant in found if instant >= begin)


CLOCKS = st.integers(0, 95).map(lambda quarter: quarter * 15)
SPAN = st.tuples(CLOCKS, CLOCKS).map(
    lambda pair: "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in pair)
)
CALENDARS = st.builds(
    CalendarText,
    name=st.just("any"),
    zone=st.sampled_from(ZONES),
    hours=st.dictionaries(
        st.sampled_from(DAYS), st.lists(SPAN, min_size=1, max_size=2).map(tuple), min_size=1
    ),
    holidays=st.lists(
        st.sampled_from(BEGINNINGS).map(lambda begin: str(begin.date() + dt.timedelta(days=2))), max_size=1
    ).map(tuple),
).map(calendars.calendar)


@settings(max_examples=40, deadline=None, database=None)
@given(CALENDARS, st.sampled_from(BEGINNINGS), st.integers(0, 4 * calendars.MIDNIGHT), st.integers(1, 3_000))
def test_open_time_is_what_the_clock_shows(
    cal: Calendar, begin: dt.datetime, after: int, length: int
) -> None:
    """Opening, adding and measuring are what counting open minutes one by one gives."""
    at = begin + after * MINUTE
    counted = [instant for instant in open_minutes(cal, begin) if instant >= at]
    if len(counted) <= length:
        return
    assert calendars.opens(cal, at) == counted[0]
    assert calendars.is_open(cal, at) == (counted[0] == at)
    reached = calendars.add(cal, at, time=length * MINUTE)
    assert reached == counted[length - 1] + MINUTE
    assert calendars.between(cal, at, counted[length - 1] + MINUTE) == length * MINUTE


@settings(max_examples=40, deadline=None, database=None)
@given(CALENDARS, st.sampled_from(BEGINNINGS), st.integers(0, 4 * calendars.MIDNIGHT), CLOCKS)
def test_a_clock_time_is_the_first_that_the_clock_shows(
    cal: Calendar, begin: dt.datetime, after: int, clock: int
) -> None:
    """The next time on a day that opens, read minute by minute; a skipped time is when the gap is over."""
    at, wanted = begin + after * MINUTE, dt.time(clock // 60, clock % 60)
    expected, highest, reached = None, LONG_AGO, set()
    for instant, shown in minutes(cal.zone, begin):
        highest = max(highest, shown)
        mark = dt.datetime.combine(highest.date(), wanted)
        if highest >= mark and mark not in reached:
            reached.add(mark)
            if instant > at and cal.spans(mark.date()):
                expected = instant
                break
    assert expected is None or calendars.next_clock(cal, at, wanted) == expected


@pytest.mark.parametrize(
    ("begin", "days", "time", "end"),
    [
        ("2026-11-18T10:00", 2, 0, "2026-11-20T10:00"),
        ("2026-11-19T10:00", 2, 0, "2026-11-23T10:00"),
        ("2026-11-18T12:30", 2, 0, "2026-11-20T13:00"),
        ("2026-11-21T10:00", 1, 0, "2026-11-24T09:00"),
        ("2026-11-18T16:00", 0, 2, "2026-11-19T09:30"),
        ("2026-11-18T16:00", 0, 1.5, "2026-11-18T17:30"),
        ("2026-11-18T20:00", 0, 1, "2026-11-19T10:00"),
        ("2026-11-19T17:00", 1, 1, "2026-11-23T10:00"),
        ("2026-12-23T10:00", 1, 0, "2026-12-24T10:00"),
        ("2026-12-23T15:00", 1, 0, "2026-12-28T09:00"),
        ("2026-12-24T12:00", 0, 3, "2026-12-28T11:00"),
    ],
)
def test_open_days_and_open_time(begin: str, days: int, time: float, end: str) -> None:
    """Working days keep the clock time or wait for the opening; weekends, holidays and short days do not count."""
    reached = calendars.add(
        calendars.calendar(OFFICE), office(begin), days=days, time=dt.timedelta(hours=time)
    )
    assert reached == office(end)


def test_a_night_has_as_many_hours_as_the_clock_gives_it() -> None:
    """From ten at night to six in the morning is seven hours in spring, nine in autumn, and eight otherwise."""
    night = calendars.calendar(
        CalendarText(name="n", zone="Europe/Amsterdam", hours={"mon-sun": ("22:00-06:00",)})
    )
    lengths = [
        calendars.between(night, office(f"{day}T12:00"), office(f"{day}T12:00") + dt.timedelta(hours=23))
        for day in ("2026-03-28", "2026-10-24", "2026-07-01")
    ]
    assert lengths == [dt.timedelta(hours=hours) for hours in (7, 9, 8)]


def test_a_skipped_clock_time_is_the_end_of_the_gap_and_a_doubled_one_the_first() -> None:
    """Half past two does not exist in spring and exists twice in autumn."""
    always = Calendar(zone=zoneinfo.ZoneInfo("Europe/Amsterdam"))
    clock = dt.time(2, 30)
    spring = calendars.next_clock(always, office("2026-03-28T12:00"), clock)
    autumn = calendars.next_clock(always, office("2026-10-24T12:00"), clock)
    assert spring == dt.datetime(2026, 3, 29, 1, 0, tzinfo=dt.UTC)
    assert autumn == dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)


def test_what_never_opens_gives_nothing() -> None:
    """A calendar without hours has no answer, and is not searched for ever."""
    closed = Calendar(zone=zoneinfo.ZoneInfo("UTC"), week=((),) * 7)
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert calendars.opens(closed, at) is None
    assert calendars.add(closed, at, days=1) is None
    assert calendars.add(closed, at, time=MINUTE) is None
    assert calendars.next_clock(closed, at, dt.time(9)) is None
    assert calendars.between(closed, at, at + dt.timedelta(days=3)) == dt.timedelta(0)


@pytest.mark.parametrize(
    ("hours", "day", "spans"),
    [
        ({"mon-fri": ("09:00-17:00",)}, 4, ((540, 1020),)),
        ({"mon-fri": ("09:00-17:00",)}, 5, ()),
        ({"fri-mon": ("09:00-24:00",)}, 0, ((540, 1440),)),
        ({"sun": ("12:00-13:00", "09:00-12:00", "20:00-02:00")}, 6, ((540, 780), (1200, 1560))),
        ({"tue": ("09:00-09:00",)}, 1, ((540, 1980),)),
    ],
)
def test_hours_as_they_are_written(
    hours: dict[str, tuple[str, ...]], day: int, spans: tuple[tuple[int, int], ...]
) -> None:
    """Days in a row, over the week's end too; spans in order, joined where they touch, and over midnight."""
    assert calendars.calendar(CalendarText(name="a", zone="UTC", hours=hours)).week[day] == spans
