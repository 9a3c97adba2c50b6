"""Files of rows as the batch endpoints take them, NDJSON or CSV: read row by row, whatever their size, and written again.

A row is kept byte for byte, because the server judges it, and because a refused one goes into a file as it came. There its reason
stands before it under the name `refused_because`, as a first column or a first member; whoever has corrected the row can send
that file as it is, since the reason is taken off when the file is read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, Literal, Protocol

import msgspec

from coster.cli.output import Exit, FailedError

Format = Literal["ndjson", "csv"]
# The server's own limit, unless it is set to another one. It bounds the memory that a file without ends of line takes.
LONGEST_ROW: Final = 262_144
REASON: Final = "refused_because"
_SUFFIXES: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}
# The byte order mark that some programs for Windows put before everything.
_MARK: Final = "\ufeff".encode()
_MOST_ROWS: Final = 1000
_MOST_BYTES: Final = 1 << 20


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it came: its number and the number of its first line, both from 1 (a CSV's header is line 1 and no row).

    `whole` says to which order it belongs, where an order has several rows. `raw` is empty where the row is too long. Of a file
    that is mapped, `sent` is what goes to the server in its place, or `fault` says why nothing can.
    """

    number: int
    line: int
    raw: bytes
    whole: tuple[str, str] | None = None
    too_long: bool = False
    sent: bytes = b""
    fault: str = ""


class Source(Protocol):
    """A kind of file, opened."""

    media: str
    left_out: int

    def rows(self) -> Iterator[Row]:
        """The rows, in order; FailedError where it is no such file."""

    def parcel(self, rows: Iterable[Row]) -> bytes:
        """Rows as a file of their own, to be sent."""

    def opening(self) -> bytes:
        """What a file of refused rows begins with; known when the first row has been read."""

    def told(self, row: Row, reason: str) -> bytes:
        """A refused row as it came, with its reason before it."""


def format_of(file: str) -> Format:
    """The format that a file's name tells. FailedError where it tells none."""
    for suffix, found in _SUFFIXES.items():
        if file.lower().endswith(suffix):
            return found
    what = "standard input" if file == "-" else file
    raise FailedError(
        f"cannot tell the format of {what}: say --format csv or --format ndjson"
        f" (names that tell it end in {', '.join(_SUFFIXES)})",
        Exit.USAGE,
    )


def parcels(rows: Iterable[Row], *, most_rows: int = _MOST_ROWS) -> Iterator[list[Row]]:
    """Rows in parcels of a bounded size; the rows of one order stay together, and a row that is too long is alone."""
    held: list[Row] = []
    size = 0
    for row in rows:
        together = bool(held) and row.whole is not None and row.whole == held[-1].whole
        full = len(held) >= most_rows or size + len(row.raw) > _MOST_BYTES
        apart = row.too_long or bool(held and held[-1].too_long)
        if held and (apart or (full and not together)):
            yield held
            held, size = [], 0
        held.append(row)
        size += len(row.raw)
    if held:
        yield held


def faultless(parcel: Iterable[Row]) -> tuple[list[Row], list[list[Row]]]:
    """The rows that can be sent, and those that cannot: an order of which one row has a fault is left out whole."""
    groups: list[list[Row]] = []
    for row in parcel:
        if groups and row.whole is not None and row.whole == groups[-1][0].whole:
            groups[-1].append(row)
        else:
            groups.append([row])
    good = [row for group in groups for row in group if not any(one.fault for one in group)]
    return good, [group for group in groups if any(row.fault for row in group)]


class Ndjson:
    """An object a line."""

    media = "application/x-ndjson"
    left_out = 0

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def rows(self) -> Iterator[Row]:
        """The rows, in order; empty lines are none."""
        number = 0
        for line, text in enumerate(_lines(self._stream), 1):
            if text is None:
                number += 1
                yield Row(number=number, line=line, raw=b"", too_long=True)
            elif raw := self._without_reason(text.removeprefix(_MARK) if line == 1 else text):
                number += 1
                yield Row(number=number, line=line, raw=raw)

    def parcel(self, rows: Iterable[Row]) -> bytes:
        """Rows as lines."""
        return b"".join(row.raw + b"\n" for row in rows)

    def opening(self) -> bytes:
        """Nothing: lines need no header."""
        return b""

    def told(self, row: Row, reason: str) -> bytes:
        """The row with its reason as first member; where it is no object, after a line with the reason."""
        opened = msgspec.json.encode({REASON: reason}).removesuffix(b"}")
        if _object(row.raw):
            return opened + b"," + row.raw.lstrip()[1:] + b"\n"
        return opened + b"}\n" + (row.raw + b"\n" if row.raw else b"")

    def _without_reason(self, text: bytes) -> bytes:
        """The row without the reason of its last refusal; nothing where that is all."""
        if REASON.encode() in text and (members := _object(text)) and REASON in members:
            del members[REASON]
            return msgspec.json.encode(members) if members else b""
        return text if text.strip() else b""


class Csv:
    """A header and rows (RFC 4180, UTF-8; comma, semicolon or tab), read as the server reads them."""

    media = "text/csv"
    left_out = 0

    def __init__(self, stream: BinaryIO, whole: tuple[str, str] | None = None) -> None:
        """`whole` names the two columns that tell which rows are one order."""
        self._stream = stream
        self._whole_names = whole
        self._header = b""
        self._delimiter = ","
        self._names: list[str] = []
        self._reason: re.Pattern[bytes] | None = None

    def rows(self) -> Iterator[Row]:
        """The rows, in order; empty lines are none. FailedError where the header cannot be read."""
        number = 0
        for line, record in _records(self._stream):
            if not self._header:
                self._read_header(record)
            elif record is None:
                number += 1
                yield Row(number=number, line=line, raw=b"", too_long=True)
            elif (raw := self._without_reason(record)).strip():
                number += 1
                yield Row(number=number, line=line, raw=raw, whole=self._whole(raw))

    def header(self) -> list[str]:
        """The names of the columns, of a file of which nothing has been read. FailedError where it has none."""
        for _, record in _records(self._stream):
            self._read_header(record)
            return self._names
        raise FailedError("the file is empty", Exit.USAGE)

    def parcel(self, rows: Iterable[Row]) -> bytes:
        """Rows below the header."""
        return b"\n".join([self._header, *(row.raw for row in rows), b""])

    def opening(self) -> bytes:
        """The header with a column for the reasons before it."""
        return REASON.encode() + self._delimiter.encode() + self._header + b"\n"

    def told(self, row: Row, reason: str) -> bytes:
        """The row with its reason in the first cell; so it stands right whatever is wrong with the others."""
        cell = '"' + reason.replace('"', '""') + '"'
        return cell.encode() + self._delimiter.encode() + row.raw + b"\n"

    def _read_header(self, record: bytes | None) -> None:
        try:
            text = (record or b"").decode("utf-8").removeprefix("\ufeff")
            names = next(csv.reader([text], delimiter=(delimiter := max(",;\t", key=text.count))), [])
        except (UnicodeDecodeError, csv.Error):
            raise FailedError("the first line is no header of a CSV file in UTF-8", Exit.USAGE) from None
        if record is None:
            raise FailedError(f"the first line has more than {LONGEST_ROW} bytes: is this a CSV?", Exit.USAGE)
        self._delimiter = delimiter
        if names[:1] == [REASON]:
            between = re.escape(delimiter.encode())
            self._reason = re.compile(rb'(?:"(?:[^"]|"")*"|[^"' + between + rb"]*)" + between)
            text, names = self._reason.sub(b"", text.encode(), count=1).decode(), names[1:]
        self._header, self._names = text.encode(), [name.strip() for name in names]

    def _without_reason(self, record: bytes) -> bytes:
        if self._reason is None:
            return record
        found = self._reason.match(record)
        return record[found.end() :] if found else b""

    def _whole(self, raw: bytes) -> tuple[str, str] | None:
        """Which order a row belongs to, as far as it can be read."""
        if self._whole_names is None:
            return None
        try:
            cells = next(csv.reader([raw.decode("utf-8", "replace")], delimiter=self._delimiter), [])
        except csv.Error:
            return None
        found = dict(zip(self._names, cells, strict=False))
        one, other = (found.get(name, "").strip() for name in self._whole_names)
        return (one, other) if one and other else None


def _object(text: bytes) -> dict[str, msgspec.Raw]:
    """The members of a JSON object, each as it is written; nothing where it is none, or has none."""
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Lines without their ends; None stands for one that is too long."""
    while piece := stream.readline(LONGEST_ROW + 2):
        if len(piece.removesuffix(b"\n")) <= LONGEST_ROW:
            yield piece.removesuffix(b"\n").removesuffix(b"\r")
            continue
        while piece and not piece.endswith(b"\n"):
            piece = stream.readline(LONGEST_ROW)
        yield None


def _records(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines put together again where a quoted cell goes over several, each with the number of its first line."""
    held: list[bytes] = []
    quotes = size = 0
    for number, line in enumerate(_lines(stream), 1):
        if line is None or size > LONGEST_ROW:
            yield number - len(held), None
            held, quotes, size = [], 0, 0
            continue
        if not held and not line.strip():
            continue
        held.append(line)
        quotes += line.count(b'"')
        size += len(line) + 1
        if quotes % 2 == 0:
            yield number + 1 - len(held), b"\n".join(held)
            held, quotes, size = [], 0, 0
    if held:
        yield number + 1 - len(held), b"\n".join(held)
