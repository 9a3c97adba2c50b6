"""Files of any size, row by row: NDJSON or CSV in, a result a row out.

Memory stays bounded: rows are read as they come in, a bounded number is in work at once, and results wait
in a file until the
body has been read whole (a client that sends everything before it reads anything would otherwise wait for ever).
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import AsyncIterator, Sequence
from typing import IO, Any, Final

import msgspec

from coster.edges.http.call import Call
from coster.edges.http.problems import Problem

NDJSON: Final = b"application/x-ndjson"
CSV: Final = b"text/csv"
_NDJSON_NAMES: Final = {
    b"application/x-ndjson",
    b"application/ndjson",
    b"application/jsonl",
    b"application/json-lines",
}
_SPOOLED: Final = 1 << 20
_PIECE: Final = 1 << 16
_encode_lines: Final = msgspec.json.Encoder().encode_lines


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a file: its number (from 1; a CSV's header is not counted) and its text; of a CSV also its
    cells by column.

    `problem` is why it is refused.
    """

    number: int
    raw: bytes
    cells: dict[str, Any] | None = None
    problem: Problem | None = None


async def read(call: Call) -> AsyncIterator[list[Row]]:
    """The rows of the request's body, as many at a time as have come. Problem: media_type_not_supported."""
    media = call.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    limit = call.parts.limits.max_row_bytes
    lines = _lines(call.pieces(), limit)
    if media in _NDJSON_NAMES:
        async for held in _ndjson(lines, limit):
            yield held
    elif media == CSV:
        async for row in _csv(lines, limit):
            yield [row]
    else:
        raise Problem(
            "media_type_not_supported",
            "Send application/x-ndjson (an object a line) or text/csv (with a header).",
            headers=[(b"accept", b"application/x-ndjson, text/csv")],
        )


class Results:
    """Results as they are found, in the order of their rows; in memory while they are few, in a file after that."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_SPOOLED)  # noqa: SIM115 - closed by `pieces`

    def add(self, results: Sequence[Any]) -> None:
        """Some lines more."""
        self._file.write(_encode_lines(results))

    async def pieces(self) -> AsyncIterator[bytes]:
        """All lines, piece by piece; afterwards nothing is left."""
        with self._file as file:
            file.seek(0)
            while piece := file.read(_PIECE):
                yield piece

    def close(self) -> None:
        """Drops everything, where nobody will read it."""
        self._file.close()


async def _lines(pieces: AsyncIterator[bytes], limit: int) -> AsyncIterator[list[bytes | None]]:
    """Lines without their ends, as many at a time as have come; None stands for one that is longer than the limit."""
    rest, skipping = b"", False
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        lines: list[bytes | None] = [
            line.removesuffix(b"\r") if len(line) <= limit else None for line in whole
        ]
        if skipping and lines:
            lines[0], skipping = None, False
        if len(rest) > limit:
            rest, skipping = b"", True
        if lines:
            yield lines
    if skipping:
        yield [None]
    elif rest:
        yield [rest.removesuffix(b"\r")]


async def _ndjson(found: AsyncIterator[list[bytes | None]], limit: int) -> AsyncIterator[list[Row]]:
    number = 0
    async for lines in found:
        held = []
        for line in lines:
            if line is None:
                number += 1
                held.append(Row(number=number, raw=b"", problem=_too_long(limit)))
            elif line and not line.isspace():
                number += 1
                held.append(Row(number=number, raw=line))
        yield held


async def _csv(lines: AsyncIterator[list[bytes | None]], limit: int) -> AsyncIterator[Row]:
    """Records of a CSV file (RFC 4180, UTF-8; comma, semicolon or tab, as the header has it)."""
    header: list[str] = []
    delimiter, number = ",", 0
    async for record in _records(lines, limit):
        if not header:
            if record is None:
                raise Problem(
                    "body_malformed", "The first line must be a header with the names of the columns."
                )
            text = _decoded(record).removeprefix("\ufeff")
            delimiter = max(",;\t", key=text.count)
            header = _header(text, delimiter)
            continue
        if record is not None and not record.strip():
            continue
        number += 1
        if record is None:
            yield Row(number=number, raw=b"", problem=_too_long(limit))
            continue
        yield _of_cells(number, record, header, delimiter)


async def _one_by_one(found: AsyncIterator[list[bytes | None]]) -> AsyncIterator[bytes | None]:
    async for lines in found:
        for line in lines:
            yield line


async def _records(found: AsyncIterator[list[bytes | None]], limit: int) -> AsyncIterator[bytes | None]:
    """Lines put together again where a quoted cell goes over several."""
    held: list[bytes] = []
    quotes = size = 0
    async for line in _one_by_one(found):
        if line is None or size > limit:
            held, quotes, size = [], 0, 0
            yield None
            continue
        held.append(line)
        quotes += line.count(b'"')
        size += len(line) + 1
        if quotes % 2 == 0:
            yield b"\n".join(held)
            held, quotes, size = [], 0, 0
    if held:
        yield b"\n".join(held)


def _header(text: str, delimiter: str) -> list[str]:
    try:
        names = [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter), [])]
    except csv.Error as error:
        raise Problem("body_malformed", f"The header cannot be read: {error}.") from None
    twice = {name for name in names if names.count(name) > 1}
    if twice or not all(names):
        raise Problem(
            "body_malformed",
            f"Every column needs a name of its own; {', '.join(sorted(twice)) or 'one'} "
            f"{'stands twice' if twice else 'has none'}.",
        )
    return names


def _of_cells(number: int, record: bytes, header: list[str], delimiter: str) -> Row:
    problem = None
    try:
        [cells] = csv.reader([_decoded(record)], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError, Problem) as error:
        problem = Problem("body_malformed", f"The row cannot be read: {error}.")
        cells = _readable(record, delimiter)
    if problem is None and len(cells) > len(header):
        problem = Problem("body_malformed", f"The row has {len(cells)} cells, the header {len(header)}.")
    # Also of a row that is refused the cells tell what it belongs to, so that the rest of it is not taken alone.
    return Row(
        number=number, raw=record, cells=_nested(dict(zip(header, cells, strict=False))), problem=problem
    )


def _readable(record: bytes, delimiter: str) -> list[str]:
    """What can be read of a row that breaks the rules; perhaps nothing."""
    try:
        return next(csv.reader([record.decode("utf-8", "replace")], delimiter=delimiter), [])
    except csv.Error:
        return []


def _nested(cells: dict[str, str]) -> dict[str, Any]:
    """Cells by name; a dot in a name leads into an object, and an empty cell says nothing."""
    document: dict[str, Any] = {}
    for name, cell in cells.items():
        if not (text := cell.strip()):
            continue
        *outer, last = name.split(".")
        place = document
        for part in outer:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            place = inner
        place[last] = text
    return document


def _decoded(record: bytes) -> str:
    try:
        return record.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem("body_malformed", "it is not UTF-8") from None


def _too_long(limit: int) -> Problem:
    return Problem("body_too_large", f"A row may have at most {limit} bytes.", members={"limit": limit})


def nothing_identifies(what: str) -> Problem:
    """A row that could take effect twice when the file is sent again."""
    return Problem("row_key_missing", f"Give the row {what}, or send the file with an Idempotency-Key.")
