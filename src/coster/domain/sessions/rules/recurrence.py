"""What follows a session: the next time of an RFC 5545 rule in local time, so that 12:00 stays 12:00 all year.

A rule text is the value of an RRULE; further lines may be `EXDATE:` with local times or dates that are left out. Where
clocks skip a local time, the offset from before the gap counts; where they show it twice, the first (RFC 5545, 3.3.5).
"""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import icalendar
import msgspec
import recurring_ical_events

from coster.domain.sessions.model import FullSession, Recurrence
from coster.kernel import clock, ids

# Other parts make no sense for a session, or make a rule so hard to meet that looking for its next time takes long.
_PARTS: Final = {
    "DAILY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH"},
    "WEEKLY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "WKST"},
    "MONTHLY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
    "YEARLY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
}
LAST_YEAR: Final = 3000
"""Sessions are before this year; arithmetic with time zones ends at 9999."""
_MOST_SKIPPED: Final = 10_000
_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule taken apart: how it repeats without its end, and its end."""

    zone: zoneinfo.ZoneInfo
    repeats: icalendar.vRecur
    count: int | None
    until: dt.date | None
    left_out: frozenset[dt.date]
    lines: tuple[str, ...]


def fault(recurrence: Recurrence, opens_at: dt.datetime) -> str | None:
    """What is wrong with a rule, as the rest of a sentence; None where it can be followed."""
    try:
        rule = _parse(recurrence)
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        return f"cannot be followed: {wrong}"
    if next(_local_times(rule, _local(opens_at, rule.zone)), None) is None:
        return "names no further time at all"
    return None


def follower(session: FullSession, at: dt.datetime) -> FullSession | None:
    """The session that follows, planned, with the same hubs and listings; None when none does or the rule has ended.

    It is the first whose closing is still ahead at the instant, so what a server slept through is not replayed. Its id
    follows from the series and its opening.
    """
    if session.recurrence is None or session.series_id is None:
        return None
    rule = _parse(session.recurrence)
    start = _local(session.opens_at, rule.zone)
    for steps, local in enumerate(itertools.islice(_local_times(rule, start), _MOST_SKIPPED), start=1):
        if _is_over(rule, steps, local) or local.year >= LAST_YEAR:
            return None
        if local in rule.left_out or local.date() in rule.left_out:
            continue
        moved = _moved(session, rule.zone, local - start)
        if moved.closes_at > at:
            series = session.series_id
            return msgspec.structs.replace(
                moved,
                id=ids.derived("session", series, clock.text(moved.opens_at)),
                status="planned",
                version=0,
                recurrence=Recurrence(rrule=_after(rule, steps), timezone=session.recurrence.timezone),
            )
    return None


def _parse(recurrence: Recurrence) -> _Rule:
    """The rule taken apart; ValueError (or what the libraries raise) says what is wrong."""
    if len(recurrence.rrule) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST} characters")
    try:
        zone = zoneinfo.ZoneInfo(recurrence.timezone)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError("its time zone is none of the IANA time zones, for example Europe/Berlin") from None
    first, *others = recurrence.rrule.strip().splitlines() or [""]
    parts = icalendar.vRecur.from_ical(first.removeprefix("RRULE:").upper())
    frequency = str(parts.get("FREQ", [""])[0])
    if frequency not in _PARTS:
        raise ValueError("it needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
    if odd := sorted(set(parts) - _PARTS[frequency] - {"FREQ"}):
        raise ValueError(f"{odd[0]} does not go with FREQ={frequency} here")
    for name, most in (("INTERVAL", 1000), ("COUNT", 100_000), ("BYMONTH", 12)):
        if any(not 1 <= int(value) <= most for value in parts.get(name, ())):
            raise ValueError(f"{name} goes from 1 to {most}")
    until = parts.get("UNTIL", [None])[0]
    if until is not None and not isinstance(until, dt.date):
        raise ValueError("UNTIL is a date or a time on a date, for example 20261224T120000Z")
    count = parts.get("COUNT", [None])[0]
    repeats = icalendar.vRecur({key: value for key, value in parts.items() if key not in ("COUNT", "UNTIL")})
    return _Rule(zone, repeats, count, until, frozenset(_left_out(others)), tuple(others))


def _left_out(lines: list[str]) -> Iterator[dt.date]:
    for line in lines:
        name, _, values = line.strip().partition(":")
        if name.upper() != "EXDATE":
            raise ValueError(
                "its further lines may only be EXDATE:20261224 or EXDATE:20261224T120000 (local times)"
            )
        for value in values.split(","):
            time = icalendar.vDDDTypes.from_ical(value.strip())  # type: ignore[no-untyped-call]  # has no types
            if not isinstance(time, dt.date) or getattr(time, "tzinfo", None):
                raise ValueError("EXDATE names local dates or local times, without a Z")
            yield time


def _local(instant: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """The wall clock's time, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None)


def _instant(local: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """The instant of a wall clock's time: before the gap's offset in a gap, the first of two in an overlap."""
    return local.replace(tzinfo=zone, fold=0).astimezone(clock.UTC)


def _local_times(rule: _Rule, start: dt.datetime) -> Iterator[dt.datetime]:
    """The local times of the rule after a start, without an end, ascending."""
    event = icalendar.Event()
    event.add("uid", "session")
    event.add("dtstart", start)
    event["rrule"] = rule.repeats
    calendar = icalendar.Calendar()
    calendar.add_component(event)
    for occurrence in recurring_ical_events.of(calendar).after(start):
        local: dt.datetime = occurrence["DTSTART"].dt
        local = local.replace(tzinfo=None)
        if local > start:
            yield local


def _is_over(rule: _Rule, steps: int, local: dt.datetime) -> bool:
    """Whether the rule has ended before this time, which is so many steps after the session that it is counted from."""
    if rule.count is not None and rule.count <= steps:
        return True
    match rule.until:
        case None:
            return False
        case dt.datetime(tzinfo=None) as until:
            return local > until
        case dt.datetime() as until:
            return _instant(local, rule.zone) > until
        case until:
            return local.date() > until


def _after(rule: _Rule, steps: int) -> str:
    """The rule's text for the session that follows: COUNT counts down."""
    parts = icalendar.vRecur(rule.repeats)
    if rule.count is not None:
        parts["COUNT"] = [rule.count - steps]
    if rule.until is not None:
        parts["UNTIL"] = [rule.until]
    text: bytes = parts.to_ical()  # type: ignore[no-untyped-call]  # has no types
    return "\n".join((text.decode(), *rule.lines))


def _moved(session: FullSession, zone: zoneinfo.ZoneInfo, by: dt.timedelta) -> FullSession:
    """The session with its times moved on the wall clock."""
    opens_at, closes_at, amend_until = (
        _instant(_local(time, zone) + by, zone)
        for time in (session.opens_at, session.closes_at, session.amend_until)
    )
    if closes_at <= opens_at:  # a short session, cut off by a gap: it stays as long as it was
        closes_at = opens_at + (session.closes_at - session.opens_at)
    return msgspec.structs.replace(
        session, opens_at=opens_at, closes_at=closes_at, amend_until=max(amend_until, closes_at)
    )
