"""Opening hours that are data of an organisation: what may be said about them, and the calendars in which flows count time by them. Pure.

They have the same words as a calendar in the file of a flow, but for the zone, which is that of whose hours they are.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import msgspec

from coster.engine.workflow import calendars, shape_parts
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.records import CalendarText
from coster.kernel import refusal

MOST_DAYS: Final = 500
"""So many holidays, and so many days with hours of their own."""
MOST_SPANS: Final = 12
"""So many openings a day."""


class OpeningHours(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When an enterprise works, in its own time zone: spans such as 09:00-17:30 by `mon` or `mon-fri` (None: open day and night), dates on
    which it is closed, and dates with hours of their own.
    """

    hours: dict[str, list[str]] | None = None
    holidays: list[str] = []
    special: dict[str, list[str]] = {}


class Open(Protocol):
    """Whoever has opening hours, as they are stored."""

    @property
    def id(self) -> uuid.UUID:
        """Whose they are."""

    @property
    def timezone(self) -> str:
        """In which zone its clock times are meant, by its IANA name."""

    @property
    def opening_hours(self) -> Mapping[str, Any]:
        """`OpeningHours` as JSON; empty: open day and night."""


ALWAYS: Final = OpeningHours()
NAME: Final = "opening_hours"
"""Under which name flows count in them."""

_DAYS: Final = re.compile(f"{shape_parts.DAY}(?:-{shape_parts.DAY})?", re.ASCII)
_SPAN: Final = re.compile(shape_parts.SPAN, re.ASCII)


def judge(faults: refusal.Faults, timezone: str, given: OpeningHours) -> None:
    """Notes what is wrong with opening hours in a zone."""
    if given == ALWAYS:
        return
    found = refusal.Faults()
    _judge_parts(found, given)
    if found.rejected() is None:
        try:
            _calendar(timezone, given)
        except ValueError as wrong:
            found.add("opening_hours", str(wrong))
    faults.take(found)


def _judge_parts(faults: refusal.Faults, given: OpeningHours) -> None:
    for name, days in (("holidays", len(given.holidays)), ("special", len(given.special))):
        faults.number(f"opening_hours.{name}", days, most=MOST_DAYS)
    if given.hours is not None and not given.hours:
        faults.add("opening_hours.hours", "is empty; leave it out where it is open day and night")
    for days_, spans in (given.hours or {}).items():
        if not _DAYS.fullmatch(days_):
            faults.add(
                "opening_hours.hours", f"has '{days_[:20]}'; write a day or days such as mon or mon-fri"
            )
        _judge_spans(faults, "hours", spans)
    for date, spans in given.special.items():
        _judge_date(faults, "special", date)
        _judge_spans(faults, "special", spans)
    for date in given.holidays:
        _judge_date(faults, "holidays", date)
    faults.distinct("opening_hours.holidays", given.holidays)


def _judge_spans(faults: refusal.Faults, field: str, spans: list[str]) -> None:
    faults.number(f"opening_hours.{field}", len(spans), least=1, most=MOST_SPANS)
    for span in spans[:MOST_SPANS]:
        if not _SPAN.fullmatch(span):
            faults.add(f"opening_hours.{field}", f"has '{span[:20]}'; write hours such as 09:00-17:30")


def _judge_date(faults: refusal.Faults, field: str, date: str) -> None:
    try:
        good = dt.date.fromisoformat(date).isoformat() == date
    except ValueError:
        good = False
    if not good:
        faults.add(f"opening_hours.{field}", f"has '{date[:20]}'; write a date such as 2026-12-25")


def of(open_: Open) -> Calendar:
    """The calendar of an enterprise; open day and night where it says nothing, in UTC where its zone is none that there is."""
    given = msgspec.convert(open_.opening_hours, OpeningHours)
    try:
        return _calendar(open_.timezone, given)
    except ValueError:
        return _calendar("UTC", given)


def by_enterprise(enterprises: Iterable[Open]) -> dict[uuid.UUID, Calendar]:
    """The calendar of each, by its id."""
    return {enterprise.id: of(enterprise) for enterprise in enterprises}


def _calendar(timezone: str, given: OpeningHours) -> Calendar:
    """Raises ValueError when the zone does not exist, or a day stands twice."""
    hours = None if given.hours is None else {days: tuple(spans) for days, spans in given.hours.items()}
    special = {date: tuple(spans) for date, spans in given.special.items()}
    text = CalendarText(
        name=NAME, zone=timezone, hours=hours, holidays=tuple(given.holidays), special=special
    )
    return calendars.calendar(text)
