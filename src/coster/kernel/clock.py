"""Who says what time it is. Only the edge, the relay and the process ask; everything below is given instants."""

from __future__ import annotations

from datetime import UTC as UTC
from datetime import datetime, timedelta
from typing import Protocol


class CalendarError(ValueError):
    """An instant that is in no year of the calendar in UTC."""


class Clock(Protocol):
    """Anything that tells the present instant, always in UTC."""

    def now(self) -> datetime:
        """The present instant, in UTC."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when told, for demonstrations, tests and simulations."""

    def __init__(self, start: datetime) -> None:
        self._now = in_utc(start)

    def now(self) -> datetime:
        """The instant that it was last moved to, plus one microsecond per question, so that instants differ."""
        self._now += timedelta(microseconds=1)
        return self._now

    def move_to(self, instant: datetime) -> None:
        """Moves forward; a clock never goes back."""
        if in_utc(instant) < self._now:
            raise ValueError(f"the clock stands at {self._now.isoformat()} and cannot go back")
        self._now = in_utc(instant)


def in_utc(instant: datetime) -> datetime:
    """The same instant in UTC.

    Raises ValueError with a sentence for a time without a zone, which names no instant; CalendarError, which is one, for an instant
    outside of the years 1 to 9999 in UTC.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone, for example 2026-11-23T09:00:00Z")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        found = instant.isoformat()
        raise CalendarError(f"{found} is no instant of the years 1 to 9999 in UTC") from None


def text(instant: datetime) -> str:
    """The instant as RFC 3339 text in UTC, as it stands in events and answers."""
    return in_utc(instant).isoformat().replace("+00:00", "Z")
