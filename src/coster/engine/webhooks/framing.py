"""Answers on the wire: where a head ends, what it says, and where the body behind it ends (RFC 9112). Pure.

Strict, because where one answer ends decides where the next begins: a head that can be read in two ways is none, and behind
whatever is doubtful the connection is not used again. A status that was read counts in any case.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final

import msgspec

LONGEST_HEAD: Final = 32_768
_LONGEST_LINE: Final = 1_024

# Some receivers end their lines with LF alone, which RFC 9112 §2.2 lets a reader take.
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_LINE_END: Final = re.compile(rb"\r?\n")
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n\0]*)?")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n\0]*)?")
_INTERIM: Final = range(100, 200)
_BODILESS: Final = (204, 304)


class GarbledError(Exception):
    """This is no answer of HTTP/1."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What counts of an answer's head; `length` of the body in bytes (None: in chunks, or until the connection ends)."""

    status: int
    retry_after: str = ""
    length: int | None = None
    chunked: bool = False
    lasting: bool = True
    """Whether the connection goes on behind the answer, if its body has an end."""


class Body:
    """The body behind a head, of which at most so many bytes are read."""

    def __init__(self, head: Head, most: int) -> None:
        self._lasting = head.lasting and (head.chunked or head.length is not None)
        self._most = most
        self._left = head.length or 0
        self._chunked = head.chunked
        self._in_chunk = self._in_trailer = False

    def take(self, data: bytearray) -> bool | None:
        """Takes off the front what belongs to the body. None: more is to come. True: it has ended and another answer can
        follow. False: the connection is of no more use, be it by the receiver's word, a fault, or too long a body."""
        if not self._lasting or self._left > self._most:
            return False
        return self._chunks(data) if self._chunked else self._part(data)

    def _part(self, data: bytearray) -> bool | None:
        taken = min(self._left, len(data))
        del data[:taken]
        self._left -= taken
        return True if self._left == 0 else None

    def _chunks(self, data: bytearray) -> bool | None:
        while True:
            if self._part(data) is None:
                return None
            end = data.find(b"\n")
            if end < 0:
                return False if len(data) > _LONGEST_LINE else None
            line = bytes(data[:end]).removesuffix(b"\r")
            del data[: end + 1]
            self._most -= end + 1
            over = self._line(line)
            if over is not None:
                return over

    def _line(self, line: bytes) -> bool | None:
        """A line between chunks: the end of the last chunk, the size of the next, or one of those behind the last."""
        if self._in_trailer:
            return None if line and self._most > 0 else not line
        if self._in_chunk:
            self._in_chunk = False
            return False if line else None
        size = _CHUNK.fullmatch(line)
        if size is None:
            return False
        self._left = int(size[1], 16)
        self._most -= self._left
        self._in_trailer = self._left == 0
        self._in_chunk = not self._in_trailer
        return False if self._most < 0 else None


def take_head(data: bytearray) -> Head | None:
    """Takes the final answer's head off the front, with interim answers before it; None while more is to come.

    Raises GarbledError for what is no answer, or longer than any.
    """
    while True:
        end = _HEAD_END.search(data)
        if end is None:
            if len(data) > LONGEST_HEAD:
                raise GarbledError
            return None
        if end.start() > LONGEST_HEAD:
            raise GarbledError
        head = parsed(bytes(data[: end.start()]))
        del data[: end.end()]
        if head.status not in _INTERIM:
            return head


@functools.lru_cache(maxsize=64)
def parsed(block: bytes) -> Head:
    """A head, without the empty line that ends it. Raises GarbledError. A receiver says the same thousands of times in a second."""
    first, *lines = _LINE_END.split(block)
    found = _STATUS.fullmatch(first)
    if found is None:
        raise GarbledError
    status = int(found[2])
    fields = [field.groups() for field in map(_FIELD.fullmatch, lines) if field is not None]
    if len(fields) != len(lines):
        raise GarbledError
    said = {name: _values(fields, name) for name in (b"content-length", b"transfer-encoding", b"connection")}
    length, chunked = _length(said[b"content-length"]), _chunked(said[b"transfer-encoding"])
    return Head(
        status=status,
        retry_after=next((v.decode("latin-1") for n, v in fields if n.lower() == b"retry-after"), ""),
        length=0 if status in _BODILESS else None if chunked else length,
        chunked=chunked and status not in _BODILESS,
        lasting=found[1] == b"1"
        and b"close" not in said[b"connection"]
        and not (chunked and length is not None),
    )


def _values(fields: Sequence[Sequence[bytes]], wanted: bytes) -> list[bytes]:
    """Everything that is said under a name, in small letters; a list may stand in one line or in several."""
    return [
        part.strip().lower() for name, value in fields if name.lower() == wanted for part in value.split(b",")
    ]


def _length(values: Sequence[bytes]) -> int | None:
    if not values:
        return None
    if len(set(values)) > 1 or not _LENGTH.fullmatch(values[0]):
        raise GarbledError
    return int(values[0])


def _chunked(values: Sequence[bytes]) -> bool:
    if values and values != [b"chunked"]:
        raise GarbledError
    return bool(values)
