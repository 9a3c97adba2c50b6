"""Bodies and queries to records; when they do not fit, every fault at once with its place."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from types import UnionType
from typing import Any, Final, Generic, TypeVar

import msgspec

from coster.edges.http.problems import Fault, Problem, of_faults
from coster.edges.http.schemas import Schema, shown
from coster.kernel import clock, money, quantity

T = TypeVar("T")
Q = TypeVar("Q", bound=msgspec.Struct)

_PLACE: Final = re.compile(r" - at `(?:key in )?\$(.*)`$")
_STEP: Final = re.compile(r"\[([0-9]+|\.\.\.)\]|\.([^.\[\]]+)")
_NUL: Final = b"\\u0000"
# Text of the first or last day of the calendar, which in UTC may be in no year that there is; it may be written in escapes.
_MAY_BE_NO_INSTANT: Final = re.compile(rb"9999-12-31|0001-01-01|\\u00")
_ENDS: Final = ("9999-12-31", "0001-01-01")
_ZERO: Final = Fault(pointer="", message="a text holds the character U+0000, which cannot be kept.")


class Body(Generic[T]):
    """Reads JSON bodies of one type. Problems: body_malformed, body_invalid."""

    def __init__(self, type_: type[T] | UnionType) -> None:
        self._decode: Callable[[bytes], T] = msgspec.json.Decoder(type_).decode
        self._type = type_
        self._schema = Schema(type_)

    def read(self, data: bytes) -> T:
        """The record, or all that is wrong with it."""
        if _NUL in data:
            _refuse_nul(data)
        try:
            record = self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._refused(data, error) from None
        if _MAY_BE_NO_INSTANT.search(data):
            _refuse_no_instants("body", msgspec.json.decode(data))
        return record

    def convert(self, document: Any) -> T:
        """The record for a document that was parsed already (a row of a file). Problem: body_invalid."""
        if _holds_nul(document):
            raise of_faults("body_invalid", "row", [_ZERO])
        try:
            record: T = msgspec.convert(document, self._type)
        except msgspec.ValidationError as error:
            found = self._schema.faults(document) or [_only(str(error))]
            raise of_faults("body_invalid", "row", found) from None
        _refuse_no_instants("row", document)
        return record

    def _refused(self, data: bytes, error: Exception) -> Problem:
        """What the schema finds; where it finds nothing, what the decoder said. It stops early, so what is no JSON shows here."""
        try:
            found = self._schema.faults(msgspec.json.decode(data))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as malformed:
            return Problem("body_malformed", f"The body is not JSON: {_last_words(malformed)}.")
        return of_faults("body_invalid", "body", found or [_only(str(error))])


def read_query(type_: type[Q], given: Mapping[str, str]) -> Q:
    """The record for a query's parameters, which all come as text. Problem: query_invalid."""
    try:
        record = msgspec.convert(given, type_, strict=False)
    except msgspec.ValidationError as error:
        known = {field.encode_name for field in msgspec.structs.fields(type_)}
        found = [
            Fault(pointer=f"/{name}", message=f"'{shown(name)}' is not known here.", accepted=sorted(known))
            for name in given
            if name not in known
        ]
        for name in known & given.keys():
            found += _of_parameter(type_, name, given[name])
        found += [
            Fault(pointer=f"/{field.encode_name}", message=f"'{field.encode_name}' is missing.")
            for field in msgspec.structs.fields(type_)
            if field.required and field.encode_name not in given
        ]
        found.sort(key=lambda fault: fault.pointer)
        raise of_faults("query_invalid", "query", found or [_only(str(error))]) from None
    _refuse_no_instants("query", given)
    return record


def _refuse_no_instants(what: str, document: Any) -> None:
    """Refuses text that is an instant of a year which UTC does not have. Problems: body_invalid, query_invalid."""
    if found := list(_no_instants(document, "")):
        raise of_faults("query_invalid" if what == "query" else "body_invalid", what, found)


def _no_instants(document: Any, pointer: str) -> Iterator[Fault]:
    if isinstance(document, str) and document.startswith(_ENDS):
        try:
            clock.in_utc(dt.datetime.fromisoformat(document))
        except clock.CalendarError as wrong:
            yield Fault(pointer=pointer, message=f"{wrong}.")
        except ValueError:
            return  # No instant at all, or one without a zone: whether text may be that, its type says.
    elif isinstance(document, Mapping):
        for name, value in document.items():
            yield from _no_instants(value, f"{pointer}/{name}")
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from _no_instants(value, f"{pointer}/{number}")


class Numbers:
    """Turns decimals of a body into exact integers and notes the faults, so that all are told at once."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def quantity(self, pointer: str, value: Decimal, *, least: int | None = 1) -> int:
        """Thousandths; `least` in thousandths, None where it may be negative."""
        return self._whole(pointer, value, quantity.parse, least)

    def amount(self, pointer: str, value: Decimal, currency: str, *, least: int | None = 0) -> int:
        """Minor units of a currency."""
        return self._whole(pointer, value, lambda given: money.parse(given, currency), least)

    def price(self, pointer: str, value: Decimal) -> int:
        """Millionths of the major unit."""
        return self._whole(pointer, value, money.parse_price, 0)

    def permille(self, pointer: str, percent: Decimal) -> int:
        """Thousandths for a percentage with at most one decimal place."""
        scaled = percent * 10
        if not (scaled.is_finite() and 0 <= scaled <= 1000 and scaled == int(scaled)):
            self.add(
                pointer, "must be a percentage from 0 to 100 with at most one decimal place.", str(percent)
            )
            return 0
        return int(scaled)

    def add(self, pointer: str, message: str, found: Any = None) -> None:
        """Notes a fault that a record's type cannot express."""
        self._faults.append(Fault(pointer=pointer, message=message, found=found))

    def check(self) -> None:
        """Problem body_invalid where anything was noted."""
        if self._faults:
            raise of_faults("body_invalid", "body", self._faults)

    def _whole(self, pointer: str, value: Decimal, parse: Callable[[Decimal], int], least: int | None) -> int:
        try:
            whole = parse(value)
        except (ValueError, ArithmeticError) as error:
            self.add(pointer, f"{error}.", str(value)[:40])
            return 0
        if least is not None and whole < least:
            self.add(pointer, "must be more than 0." if least > 0 else "must not be negative.", str(value))
        return whole


def _refuse_nul(data: bytes) -> None:
    """PostgreSQL keeps no text with a zero character, so it is refused here; an escaped backslash before it is none."""
    if _NUL in data.replace(b"\\\\", b""):
        raise of_faults("body_invalid", "body", [_ZERO])


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(map(_holds_nul, value.values()))
    return isinstance(value, list) and any(map(_holds_nul, value))


def _of_parameter(type_: type, name: str, text: str) -> list[Fault]:
    """The faults of one parameter, asked of the schema as what its text can be read as."""
    schema = Schema(type_)
    read, written = (
        [fault for fault in schema.faults({name: word}) if fault.pointer == f"/{name}"]
        for word in (_read_word(text), text)
    )
    if not (read and written):
        return []
    # Where a text is wanted, digits are one too; elsewhere what was read tells more (a number that is too large).
    return written if "string" in str(read[0].accepted) else read


def _read_word(text: str) -> Any:
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    return {"true": True, "false": False, "1": True, "0": False}.get(text, text)


def _only(message: str) -> Fault:
    """The decoder's own sentence, with its place as a pointer."""
    place = _PLACE.search(message)
    if place is None:
        return Fault(pointer="", message=message)
    steps = "".join("/" + (number or name) for number, name in _STEP.findall(place[1]))
    return Fault(pointer=steps, message=message[: place.start()] + ".")


def _last_words(error: Exception) -> str:
    return (
        "it is nested too deeply"
        if isinstance(error, RecursionError)
        else str(error).removeprefix("JSON is malformed: ")
    )
