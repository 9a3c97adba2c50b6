"""What follows a session: wall clock times across changes of clocks, the end of a rule, dates left out, bad rules."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from coster.domain.sessions.model import FullSession
from coster.domain.sessions.rules import recurrence
from coster.kernel import ids
from tests.domain.sessions import worlds
from tests.domain.sessions.worlds import DAY

SERIES = ids.derived("series", worlds.SESSION)


def utc(text: str) -> dt.datetime:
    """The instant of a text such as 2026-10-19T10:00."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def following(opens: str, closes: str, rrule: str = "FREQ=WEEKLY", **more: Any) -> FullSession | None:
    """What follows a session with these times when it closes on time."""
    session = worlds.session(
        opens_at=utc(opens),
        closes_at=utc(closes),
        amend_until=utc(more.pop("amend", closes)),
        recurrence=worlds.weekly(rrule),
        series_id=SERIES,
        status="open",
    )
    return recurrence.follower(session, more.pop("at", session.closes_at))


def test_noon_stays_noon_when_clocks_go_back() -> None:
    """Summer time ends on 25 October 2026: noon in Berlin is 10:00 UTC before and 11:00 UTC after it."""
    next_ = following("2026-10-19T10:00", "2026-10-21T10:00", amend="2026-10-22T16:00")
    assert next_.opens_at == utc("2026-10-26T11:00")
    assert next_.closes_at == utc("2026-10-28T11:00")
    assert next_.amend_until == utc("2026-10-29T17:00")


def test_noon_stays_noon_when_clocks_go_forward() -> None:
    """Summer time begins on 28 March 2027: noon in Berlin is 11:00 UTC before and 10:00 UTC after it."""
    next_ = following("2027-03-22T11:00", "2027-03-24T11:00")
    assert (next_.opens_at, next_.closes_at) == (utc("2027-03-29T10:00"), utc("2027-03-31T10:00"))


def test_change_of_clocks_inside_a_session_keeps_both_ends_on_the_wall_clock() -> None:
    """Opening on Saturday and closing on Monday, an hour longer when clocks go back in between."""
    next_ = following("2026-10-17T10:00", "2026-10-19T10:00")
    assert (next_.opens_at, next_.closes_at) == (utc("2026-10-24T10:00"), utc("2026-10-26T11:00"))


def test_a_time_that_clocks_skip_is_read_with_the_offset_before() -> None:
    """02:30 does not exist on 28 March 2027 in Berlin; with +01:00 it is 01:30 UTC, which the clock shows as 03:30."""
    next_ = following("2027-03-21T01:30", "2027-03-22T11:00")
    assert next_.opens_at == utc("2027-03-28T01:30")


def test_a_time_that_clocks_show_twice_is_the_first() -> None:
    """02:30 comes twice on 25 October 2026 in Berlin: at 00:30 UTC and at 01:30 UTC."""
    next_ = following("2026-10-18T00:30", "2026-10-19T10:00")
    assert next_.opens_at == utc("2026-10-25T00:30")


def test_a_short_session_that_a_gap_would_turn_round_keeps_its_length() -> None:
    """02:30 to 03:10 on the day without an hour from 02:00: it would close at 03:10 and open at 03:30."""
    next_ = following("2027-03-21T01:30", "2027-03-21T02:10")
    assert (next_.opens_at, next_.closes_at) == (utc("2027-03-28T01:30"), utc("2027-03-28T02:10"))


def test_the_next_session_is_the_same_but_for_its_times() -> None:
    """Name, hubs, listings and series are kept; it is planned, and its id follows from series and opening."""
    next_ = following("2026-11-02T11:00", "2026-11-04T11:00")
    assert (next_.status, next_.version, next_.name, next_.hubs) == ("planned", 0, "Week 48", {worlds.HUB_A})
    assert next_.id == ids.derived("session", SERIES, "2026-11-09T11:00:00Z")
    assert next_.series_id == SERIES


def test_count_counts_down_to_the_last() -> None:
    """COUNT=3 gives two more sessions after the first."""
    second = following("2026-11-02T11:00", "2026-11-04T11:00", "FREQ=WEEKLY;COUNT=3")
    third = recurrence.follower(second, second.closes_at)
    assert (second.recurrence.rrule, third.recurrence.rrule) == ("FREQ=WEEKLY;COUNT=2", "FREQ=WEEKLY;COUNT=1")
    assert recurrence.follower(third, third.closes_at) is None


@pytest.mark.parametrize(
    ("until", "comes"),
    [
        ("20261109T110000Z", True),
        ("20261109T105959Z", False),
        ("20261109T120000", True),
        ("20261109T115959", False),
        ("20261109", True),
        ("20261108", False),
    ],
)
def test_until_is_the_last_opening(until: str, *, comes: bool) -> None:
    """UNTIL as an instant, as a local time and as a date, each up to and including."""
    next_ = following("2026-11-02T11:00", "2026-11-04T11:00", f"FREQ=WEEKLY;UNTIL={until}")
    assert (next_ is not None) == comes


@pytest.mark.parametrize("left_out", ["20261109", "20261109T120000", "20261101,20261109"])
def test_a_date_that_is_left_out_is_passed_over(left_out: str) -> None:
    """EXDATE takes local dates and times; the rest of the series stays as it was."""
    next_ = following("2026-11-02T11:00", "2026-11-04T11:00", f"FREQ=WEEKLY;COUNT=9\nEXDATE:{left_out}")
    assert next_.opens_at == utc("2026-11-16T11:00")
    assert next_.recurrence.rrule == f"FREQ=WEEKLY;COUNT=7\nEXDATE:{left_out}"


def test_sessions_that_were_slept_through_are_not_replayed() -> None:
    """A session closed three weeks late is followed by the one that is on sale then."""
    next_ = following("2026-11-02T11:00", "2026-11-04T11:00", at=utc("2026-11-04T11:00") + 20 * DAY)
    assert next_.opens_at == utc("2026-11-23T11:00")


def test_a_session_without_a_rule_is_followed_by_nothing() -> None:
    """Once means once."""
    assert recurrence.follower(worlds.session(), worlds.NOON) is None


@pytest.mark.parametrize(
    ("rrule", "words"),
    [
        ("", "it needs FREQ"),
        ("FREQ=HOURLY", "it needs FREQ"),
        ("FREQ=WEEKLY;BYHOUR=3", "BYHOUR does not go"),
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL goes from 1"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH goes from 1"),
        ("FREQ=WEEKLY;BYDAY=XX", "weekday"),
        ("FREQ=WEEKLY;UNTIL=120000", "UNTIL is a date"),
        ("FREQ=WEEKLY\nEXDATE:20261109T110000Z", "without a Z"),
        ("FREQ=WEEKLY\nRDATE:20261109", "further lines"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "no further time"),
        ("X" * 1001, "longer than 1000"),
    ],
)
def test_a_bad_rule_is_told_in_words(rrule: str, words: str) -> None:
    """Each fault names what is wrong."""
    assert words in recurrence.fault(worlds.weekly(rrule), worlds.NOON)


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../../etc/passwd", "Europe"])
def test_a_time_zone_must_be_known(zone: str) -> None:
    """Only IANA names; never a path."""
    assert "IANA" in recurrence.fault(worlds.weekly(timezone=zone), worlds.NOON)


def test_a_good_rule_has_no_fault() -> None:
    """Several weekdays, every second week."""
    assert recurrence.fault(worlds.weekly("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH"), worlds.NOON) is None
