"""The ways in which peers write an instant, to one: a date and time that keeps the offset it was told with."""

from __future__ import annotations

import datetime as dt
import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_ZONE = r"(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-][0-9]{2}(?::?[0-9]{2})?)"
_FRACTION = r"(?:[.,](?P<fraction>[0-9]{1,9}))?"
_CLOCK = rf"(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}})(?::(?P<second>[0-9]{{2}}){_FRACTION})?"
_REST = rf"(?:(?P<second>[0-9]{{2}}){_FRACTION})?{_ZONE}?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # ISO 8601, as most write it, and as Ruby does, with spaces: 2024-08-22 05:40:38 +0200; a day may have an offset (xsd:date)
        rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})(?:[T ]{_CLOCK})?\s?{_ZONE}?",
        # The same without dashes and colons: 20240822T054038Z
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})T(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})"
        + _REST,
        # JavaScript's toString, toUTCString and toDateString, and what OFN sends: Thu Aug 22 2024 05:40:38 UTC
        rf"[a-z]{{3}},? (?P<month>[a-z]{{3}}) (?P<day>[0-9]{{1,2}}) (?P<year>[0-9]{{4}})(?: {_CLOCK}(?: ?{_ZONE})?(?: \([^()]*\))?)?",
        # RFC 5322 and HTTP: Thu, 22 Aug 2024 05:40:38 GMT
        rf"(?:[a-z]{{3}}, ?)?(?P<day>[0-9]{{1,2}}) (?P<month>[a-z]{{3}}) (?P<year>[0-9]{{4}})(?: {_CLOCK}(?: ?{_ZONE})?(?: \([^()]*\))?)?",
        # asctime and date(1): Thu Aug 22 05:40:38 UTC 2024
        rf"[a-z]{{3}} (?P<month>[a-z]{{3}}) +(?P<day>[0-9]{{1,2}}) {_CLOCK}(?: {_ZONE})? (?P<year>[0-9]{{4}})",
    )
)

ACCEPTED = (
    'an instant such as "2026-07-20T06:00:00+02:00" (preferred), "2026-07-20" or "Mon Jul 20 2026 06:00:00 GMT+0200", '
    f"of the years {_FIRST_YEAR} to {_LAST_YEAR}, is accepted"
)


def instant(text: str, zone: dt.tzinfo = dt.UTC) -> dt.datetime | None:
    """The instant that the text writes, with its offset kept; None where it writes none.

    `zone` is where a text without an offset counts; a day without a time begins at midnight.
    """
    stripped = text.strip()
    for form in _FORMS:
        if match := form.fullmatch(stripped):
            return _instant(match.groupdict(), zone)
    return None


def text(instant: dt.datetime) -> str:
    """The instant as ISO 8601 with its offset (dfc.md §6, EDG-008: preserved and not turned into UTC)."""
    return instant.isoformat()


def _instant(parts: dict[str, str | None], zone: dt.tzinfo) -> dt.datetime | None:
    month, year = parts["month"] or "", int(parts["year"] or 0)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    fraction = int((parts["fraction"] or "0")[:6].ljust(6, "0"))
    # The end of a day may be called so (XML Schema, ISO 8601).
    ends_day = hour == 24 and not (minute or second or fraction)
    try:
        found = dt.datetime(
            year,
            int(month) if month.isdigit() else _MONTHS.index(month.lower()) + 1,
            int(parts["day"] or 0),
            0 if ends_day else hour,
            minute,
            second,
            fraction,
            tzinfo=_zone(parts["zone"]) if parts["zone"] else zone,
        )
    except ValueError:
        return None
    return found + dt.timedelta(days=1) if ends_day else found


def _zone(text: str) -> dt.tzinfo:
    """The fixed offset that a text names; raises ValueError where there is none like it."""
    digits = text.upper().removeprefix("UTC").removeprefix("GMT").replace(":", "")
    if digits in ("", "Z"):
        return dt.UTC
    hours, minutes = int(digits[1:3]), int(digits[3:5] or 0)
    if hours > 14 or minutes > 59:
        raise ValueError(text)
    offset = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-offset if digits[0] == "-" else offset) if offset else dt.UTC
