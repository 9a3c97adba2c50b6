"""Days of a seller: what day it is there, and from when on goods are taken for a line that shall go on a later day. Pure.

A day begins at midnight in the seller's time zone, also where a clock change makes it an hour shorter or longer. A seller says how many
days ahead goods are taken (`hold_days_ahead`); a line that shall go later than that waits until then (source: future orders of WCS).
"""

from __future__ import annotations

import datetime as dt
import zoneinfo

from coster.domain.parties.model import Enterprise


def _zone(seller: Enterprise) -> dt.tzinfo:
    """The seller's time zone; UTC where this machine knows none of that name."""
    try:
        return zoneinfo.ZoneInfo(seller.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return dt.UTC


def day_of(seller: Enterprise, at: dt.datetime) -> dt.date:
    """Which day it is where the seller is."""
    return at.astimezone(_zone(seller)).date()


def begins(seller: Enterprise, day: dt.date) -> dt.datetime:
    """The first instant of a day where the seller is, in UTC; where midnight is skipped, the first instant after the gap."""
    midnight = dt.datetime.combine(day, dt.time(), _zone(seller))
    return midnight.astimezone(dt.UTC)


def held_from(seller: Enterprise, ship_on: dt.date | None) -> dt.datetime | None:
    """From when on goods are taken for what shall go on a day; None: at once, whatever the day."""
    if ship_on is None or seller.hold_days_ahead is None:
        return None
    return begins(seller, ship_on - dt.timedelta(days=seller.hold_days_ahead))
