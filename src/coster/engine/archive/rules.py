"""Which month a row belongs to, where months end, and how far events may go: pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from coster.engine.archive.model import Obstacle

LEAST_AGE: Final = dt.timedelta(days=7)
"""What is younger stays: until then whoever got no answer may send his request again under the same Idempotency-Key."""
BEFORE_PARKED: Final = dt.timedelta(hours=1)
"""How much older than a parked reaction's event a command must be, because clocks of machines differ."""


def month_of(at: dt.datetime) -> str:
    """The month of an instant in UTC, for example 2026-05."""
    return at.astimezone(dt.UTC).strftime("%Y-%m")


def end_of(month: str) -> dt.datetime:
    """The instant at which a month is over."""
    year, number = map(int, month.split("-"))
    return dt.datetime(year + number // 12, number % 12 + 1, 1, tzinfo=dt.UTC)


def in_one_month(instants: Sequence[dt.datetime], before: dt.datetime) -> int:
    """How many of these, from the first on, are from before an instant and of the first one's month or (out of turn) earlier."""
    if not instants:
        return 0
    end = min(end_of(month_of(instants[0])), before)
    return next((place for place, at in enumerate(instants) if at >= end), len(instants))


def cuts(months: Iterable[str], before: dt.datetime) -> list[tuple[str, dt.datetime]]:
    """Each month with the instant before which its rows are moved: its end, or where that is later, `before`."""
    return [(month, min(end_of(month), before)) for month in sorted(months)]


def events_upto(last: int, obstacles: Sequence[Obstacle]) -> int:
    """The number up to which events may go; the very last stays, because it tells how late it is in an organisation."""
    return max(0, min([last - 1, *(one.upto for one in obstacles)]))


def commands_before(before: dt.datetime, earliest_kept: dt.datetime | None, *, parked: bool) -> dt.datetime:
    """The instant before which commands may go: no earlier than their events have gone.

    While a reaction is parked, the commands that it has sent before it failed are needed, so that it does not send them twice.
    """
    if earliest_kept is None:
        return before
    return min(before, earliest_kept - BEFORE_PARKED if parked else earliest_kept)


Beginning = tuple[uuid.UUID, int, int]
"""A position, the number of the first entry that is there, and of the last that may go."""


def parcels(beginnings: Iterable[Beginning], size: int) -> Iterator[list[tuple[uuid.UUID, int]]]:
    """Sets of positions, each with the number up to which its entries go in one part; at most so many rows a set.

    What goes is replaced by one entry under its last number, so a single entry stays: it is its own. Where a position has more than a
    set may hold, the next set begins with what was carried forward.
    """
    parcel: list[tuple[uuid.UUID, int]] = []
    room = size
    for id_, begin, upto in beginnings:
        first = begin
        while first < upto:
            last = min(upto, first + room - 1)
            parcel.append((id_, last))
            room -= last - first + 1
            first = last
            if room < 2:
                yield parcel
                parcel, room = [], size
    if parcel:
        yield parcel
