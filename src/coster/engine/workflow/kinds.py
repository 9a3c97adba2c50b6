"""The types that contexts, parameters and forms are declared in, written as text such as `list(string)`.

Known are `bool`, `int`, `string`, `timestamp`, `duration`, `dyn`, `list(T)`, `map(string, T)`, and records such as
`{picked: int, wanted: int}` as the parts of a list or map. There is no floating point: money is minor units,
quantities are thousandths, both `int`. What is declared with a `?` at the end may be left out or null.
"""

from __future__ import annotations

import datetime as dt
import re

import msgspec

SIMPLE = ("bool", "int", "string", "timestamp", "duration", "dyn")
ACCEPTED = "bool, int, string, timestamp, duration, dyn, list(T), map(string, T), {name: T, ...}"
# In records neither instants nor lengths of time: the expression library takes these as fields of their own only.
IN_RECORDS = ("bool", "int", "string", "dyn")
# Weeks to seconds, bounded to centuries, and not all of them zero; also valid as ECMA 262, for the JSON Schema.
DURATION = (
    r"P(?=.*[1-9])(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,8})S)?)?"
)

_DURATION = re.compile(DURATION)
_FIELD = re.compile(r"[a-z][a-z0-9_]*")


class Kind(msgspec.Struct, frozen=True):
    """A parsed type: a simple one, `list` or `map` with the type of its parts, or `record` with its fields."""

    name: str
    part: Kind | None = None
    fields: tuple[tuple[str, Kind], ...] = ()


def parse(text: str) -> Kind:
    """The type that the text names. Raises ValueError with what is accepted."""
    text = text.strip()
    if text in SIMPLE:
        return Kind(text)
    if text.startswith("list(") and text.endswith(")"):
        return Kind("list", parse(text[5:-1]))
    if text.startswith("map(") and text.endswith(")"):
        key, _, part = text[4:-1].partition(",")
        if key.strip() == "string" and part:
            return Kind("map", parse(part))
    if text.startswith("{") and text.endswith("}"):
        return Kind("record", fields=tuple(_field(part) for part in _parts(text[1:-1])))
    raise ValueError(f"found the type '{text}'; accepted: {ACCEPTED}")


def _field(text: str) -> tuple[str, Kind]:
    """One `name: T` of a record. Raises ValueError with what is accepted."""
    name, _, declared = text.partition(":")
    kind = parse(declared)
    if not _FIELD.fullmatch(name.strip()) or (kind.part or kind).name not in IN_RECORDS or kind.name == "map":
        accepted = ", ".join(f"name: {simple}" for simple in IN_RECORDS)
        raise ValueError(
            f"found '{text.strip()}' in a record; accepted: {accepted}, or name: list(T) of these"
        )
    return name.strip(), kind


def _parts(text: str) -> list[str]:
    """What stands between the commas that are in no bracket."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "({") - (sign in ")}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def optional(text: str) -> bool:
    """Whether a declared parameter may be left out."""
    return text.endswith("?")


def required(text: str) -> str:
    """The declared type without its mark for `may be left out`."""
    return text.removesuffix("?")


def duration(text: str) -> dt.timedelta | None:
    """The length of an ISO 8601 duration of weeks to seconds (`PT4H`, `P2DT30M`), or None if it is none.

    Months and years are left out because their length depends on the day that they are counted from.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    weeks, days, hours, minutes, seconds = (int(group or 0) for group in found.groups())
    return dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def days_and_time(text: str) -> tuple[int, dt.timedelta]:
    """An ISO 8601 duration as days (a week has seven) and the hours, minutes and seconds beside them.

    In calendars both count differently. Raises ValueError when the text is no such duration.
    """
    length = duration(text)
    if length is None:
        raise ValueError(f"found '{text}'; accepted: an ISO 8601 duration such as P2DT30M")
    date, _, _ = text.partition("T")
    days = duration(date) or dt.timedelta(0)
    return days.days, length - days


def fits(value: object, kind: Kind) -> bool:
    """Whether a value written in a flow file is of the type; instants and durations are written as ISO 8601
    text."""
    if kind.name == "list":
        return isinstance(value, list) and kind.part is not None and all(fits(v, kind.part) for v in value)
    if kind.name == "map":
        return (
            isinstance(value, dict)
            and kind.part is not None
            and all(fits(v, kind.part) for v in value.values())
        )
    if kind.name == "record":
        return (
            isinstance(value, dict)
            and value.keys() == dict(kind.fields).keys()
            and all(fits(value[name], part) for name, part in kind.fields)
        )
    if kind.name == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind.name == "bool":
        return isinstance(value, bool)
    if kind.name == "dyn":
        return True
    return isinstance(value, str) and _text_fits(value, kind.name)


def _text_fits(value: str, name: str) -> bool:
    """Whether text is a string, an ISO 8601 duration, or an ISO 8601 instant with an offset."""
    if name == "duration":
        return duration(value) is not None
    if name == "timestamp":
        try:
            instant = dt.datetime.fromisoformat(value)
            # At the ends of the calendar an instant may be in no year that there is in UTC.
            return instant.tzinfo is not None and instant.astimezone(dt.UTC).tzinfo is not None
        except (ValueError, OverflowError):
            return False
    return True
