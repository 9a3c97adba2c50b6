"""The types that contexts, parameters and forms are declared in, written as text such as `list(string)`.

Known are `bool`, `int`, `string`, `timestamp`, `duration`, `dyn`, `list(T)`, `map(string, T)`. There is no
floating point: money is minor units, quantities are thousandths, both `int`. What is declared with a `?` at the
end may be left out or null.
"""

from __future__ import annotations

import datetime as dt
import re

import msgspec

SIMPLE = ("bool", "int", "string", "timestamp", "duration", "dyn")
ACCEPTED = "bool, int, string, timestamp, duration, dyn, list(T), map(string, T)"

_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class Kind(msgspec.Struct, frozen=True):
    """A parsed type: a simple one, or `list` or `map` with the type of its parts."""

    name: str
    part: Kind | None = None


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
    raise ValueError(f"found the type '{text}'; accepted: {ACCEPTED}")


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
    if found is None or text.endswith(("P", "T")):
        return None
    weeks, days, hours, minutes, seconds = (int(group or 0) for group in found.groups())
    try:
        length = dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return None
    return length if length > dt.timedelta(0) else None


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
            return dt.datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            return False
    return True
