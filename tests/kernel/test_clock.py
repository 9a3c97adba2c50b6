"""Instants: always with a zone, always told in UTC, and never backwards."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.kernel import clock

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def test_system_clock_tells_the_present_in_utc() -> None:
    """Between two readings of the machine."""
    before = dt.datetime.now(dt.UTC)
    now = clock.SystemClock().now()
    assert before <= now <= dt.datetime.now(dt.UTC)
    assert now.tzinfo is dt.UTC


def test_manual_clock_moves_when_told_and_tells_no_instant_twice() -> None:
    """A microsecond passes with every question, so that what happens has an order."""
    made = clock.ManualClock(NOON)
    assert [made.now() - NOON for _ in range(2)] == [dt.timedelta(microseconds=n) for n in (1, 2)]
    made.move_to(NOON + dt.timedelta(hours=1))
    assert made.now() == NOON + dt.timedelta(hours=1, microseconds=1)


def test_manual_clock_never_goes_back() -> None:
    """The instant that it stands at is the earliest that it can be moved to."""
    made = clock.ManualClock(NOON)
    made.move_to(NOON)
    made.now()
    with pytest.raises(ValueError, match="cannot go back"):
        made.move_to(NOON)


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    """Noon in Berlin is eleven o'clock in November and ten in June."""
    berlin = ZoneInfo("Europe/Berlin")
    winter, summer = dt.datetime(2026, 11, 23, 12, tzinfo=berlin), dt.datetime(2026, 6, 23, 12, tzinfo=berlin)
    assert (clock.text(winter), clock.text(summer)) == ("2026-11-23T11:00:00Z", "2026-06-23T10:00:00Z")
    assert clock.in_utc(winter) == winter


@pytest.mark.parametrize("use", [clock.in_utc, clock.text, clock.ManualClock])
def test_a_time_without_a_zone_names_no_instant(use: type) -> None:
    """And is refused with an example of one that does."""
    with pytest.raises(ValueError, match="time zone, for example"):
        use(dt.datetime(2026, 11, 23, 12))  # noqa: DTZ001 - the fault itself


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("use", [clock.in_utc, clock.text, clock.ManualClock])
def test_an_instant_beyond_the_calendar_is_refused_in_a_sentence(use: type, text: str) -> None:
    """Its year is one that UTC does not have."""
    with pytest.raises(clock.CalendarError, match="is no instant of the years 1 to 9999 in UTC"):
        use(dt.datetime.fromisoformat(text))


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_text_of_an_instant_is_read_back_as_it(instant: dt.datetime) -> None:
    """RFC 3339 in UTC, with a Z and all of its microseconds."""
    told = clock.text(instant)
    assert told.endswith("Z")
    assert dt.datetime.fromisoformat(told) == instant
