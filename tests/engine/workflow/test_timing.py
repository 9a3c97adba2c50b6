"""Timers and service levels: when each is due, what moves it, and what does not start."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from coster.engine.workflow import compile as compiler
from coster.engine.workflow import timing
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.records import Timer
from coster.engine.workflow.timing import Moment, TimerFailedError
from tests.engine.workflow import cases, vocabularies
from tests.engine.workflow.test_reference import EVERYTHING

UTC = dt.UTC
# A Friday.
SINCE = dt.datetime(2026, 11, 20, 15, tzinfo=UTC)
DAYTIME = Calendar(zone=ZoneInfo("UTC"), week=(((480, 1080),),) * 7)
GIVEN = {"opening_hours": DAYTIME}
TABLE = compiler.load(EVERYTHING, vocabularies.PARCEL)
FACTS = {"due": SINCE + dt.timedelta(days=1), "pick_limit": dt.timedelta(hours=5)}


@pytest.mark.parametrize(
    ("timer", "due"),
    [
        (Timer(duration="PT90M"), "2026-11-20T16:30"),
        (Timer(duration="P1W"), "2026-11-27T15:00"),
        (Timer(duration="PT5H", calendar="opening_hours"), "2026-11-21T10:00"),
        (Timer(duration="P1DT1H", calendar="opening_hours"), "2026-11-21T16:00"),
        (Timer(duration="pick_limit"), "2026-11-20T20:00"),
        (Timer(duration="pick_limit", calendar="opening_hours"), "2026-11-21T10:00"),
        (Timer(field="due"), "2026-11-21T15:00"),
        (Timer(field="due", before="PT2H"), "2026-11-21T13:00"),
        (Timer(field="due", before="PT8H", calendar="opening_hours"), "2026-11-21T08:00"),
        (Timer(at="17:00", calendar="opening_hours"), "2026-11-20T17:00"),
        (Timer(at="15:00", calendar="opening_hours"), "2026-11-21T15:00"),
        (Timer(duration="P1D", at="09:00", calendar="opening_hours"), "2026-11-22T09:00"),
    ],
    ids=str,
)
def test_a_timer_is_due(timer: Timer, due: str) -> None:
    """From the status's beginning, a field or a clock, by the clock or in a calendar."""
    assert timing.due(timer, SINCE, FACTS, GIVEN) == dt.datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "timer", [Timer(field="due"), Timer(duration="pick_limit"), Timer(duration="P9999W")], ids=str
)
def test_a_timer_without_an_instant_does_not_start(timer: Timer) -> None:
    """A null field, or an instant that no date has."""
    since = dt.datetime(9900, 1, 1, tzinfo=UTC)
    assert timing.due(timer, since, {"due": None, "pick_limit": None}) is None


@pytest.mark.parametrize(
    ("timer", "context", "message"),
    [
        (Timer(field="due"), {}, "reads 'due', which the context does not hold"),
        (Timer(field="due"), {"due": "2026-11-20"}, "accepted: a datetime or null"),
        (Timer(duration="pick_limit"), {"pick_limit": 4}, "accepted: a timedelta or null"),
        (Timer(duration="PT1H", calendar="office"), {}, "calendar 'office', which was not given"),
    ],
    ids=["missing", "text", "number", "calendar"],
)
def test_a_timer_without_an_answer_is_an_error(
    timer: Timer, context: dict[str, object], message: str
) -> None:
    """It neither fires nor is forgotten in silence."""
    with pytest.raises(TimerFailedError, match=message):
        timing.due(timer, SINCE, context)


def test_a_status_has_its_timers_and_an_event_moves_them() -> None:
    """A changed field moves the instant; what is past is due at once; no other status has it."""
    [moment] = timing.timers_at(TABLE, "waiting", SINCE, FACTS, GIVEN)
    assert moment == Moment(trigger="after:due-PT2H", due=SINCE + dt.timedelta(hours=22))
    [moved] = timing.timers_at(TABLE, "waiting", SINCE, {"due": SINCE + dt.timedelta(hours=1)}, GIVEN)
    assert moved.due == SINCE
    assert timing.timers_at(TABLE, "gone", SINCE, FACTS, GIVEN) == ()


def test_a_flow_counts_in_its_own_calendar() -> None:
    """Two open days of an office after a Friday afternoon in Amsterdam are Tuesday, at the same clock time."""
    [moment] = timing.timers_at(TABLE, "open", SINCE - dt.timedelta(hours=1), FACTS)
    assert moment.due == dt.datetime(2026, 11, 24, 14, tzinfo=UTC)


def test_a_timer_fires_as_often_as_it_may() -> None:
    """Three times at its distance, then no more."""
    [first] = timing.timers_at(TABLE, "packed", SINCE, FACTS, GIVEN)
    second = timing.again(TABLE, "packed", first, FACTS, GIVEN)
    assert second is not None
    third = timing.again(TABLE, "packed", second, FACTS, GIVEN)
    assert third is not None
    assert [(moment.due.hour, moment.left) for moment in (first, second, third)] == [
        (16, 3),
        (17, 2),
        (18, 1),
    ]
    assert timing.again(TABLE, "packed", third, FACTS, GIVEN) is None
    assert timing.again(TABLE, "open", first, FACTS, GIVEN) is None


def test_a_service_level_says_from_when_an_entity_is_late() -> None:
    """Four office hours after closing time on Friday end on Monday; a status without one has none."""
    assert timing.beyond(TABLE, "open", SINCE) == dt.datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert timing.beyond(TABLE, "packed", SINCE) is None
    plain = compiler.load(
        cases.edited(cases.GOOD, (("initial: true", "initial: true, sla: PT4H"),)), vocabularies.PARCEL
    )
    assert timing.beyond(plain, "open", SINCE) == SINCE + dt.timedelta(hours=4)
