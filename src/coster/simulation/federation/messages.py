"""HTTP/1.1 messages as they go over a line: read whole, kept as the very bytes, understood as far as a line must.

Source: RFC 9112. Neither upgrades nor `Expect: 100-continue` are known here; nobody on these lines uses them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

_BODILESS: Final = (204, 304)


class NotHttpError(ValueError):
    """What came over the line is no HTTP/1.1 message."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: its first line, its headers (names in lower case, in order), its body without chunks, and all of its bytes.

    `until_closed`: the answer ends with its connection.
    """

    first: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    raw: bytes = field(repr=False)
    until_closed: bool = False

    def header(self, name: str) -> str:
        """The header's first value, '' where there is none."""
        return next((value for known, value in self.headers if known == name), "")

    @property
    def method(self) -> str:
        """A request's method."""
        return self.first.partition(" ")[0]

    @property
    def path(self) -> str:
        """A request's target, as it was sent."""
        return self.first.split(" ")[1]

    @property
    def status(self) -> int:
        """An answer's status."""
        return int(self.first.split(" ")[1])

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this message."""
        return self.until_closed or "close" in self.header("connection").lower()


async def request(reader: asyncio.StreamReader) -> Message | None:
    """The next request; None where the connection ended before one began. NotHttpError, OSError or asyncio.IncompleteReadError else."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as ended:
        if not ended.partial:
            return None
        raise
    except asyncio.LimitOverrunError as long:
        raise NotHttpError("a head of more than 64 kB") from long
    first, headers = _head(head)
    if len(first.split(" ")) != 3 or not first.endswith("HTTP/1.1"):
        raise NotHttpError(f"no request: {first[:80]!r}")
    body, raw = await _sized(reader, headers) or (b"", b"")
    return Message(first, headers, body, head + raw)


async def answer(reader: asyncio.StreamReader, method: str) -> Message:
    """The answer to a request of this method. NotHttpError, OSError or asyncio.IncompleteReadError where none comes whole."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        first, headers = _head(head)
        parts = first.split(" ")
        if len(parts) < 2 or not parts[1].isdigit():
            raise NotHttpError(f"no answer: {first[:80]!r}")
        if not parts[1].startswith("1"):
            break
    if method == "HEAD" or int(parts[1]) in _BODILESS:
        return Message(first, headers, b"", head)
    if (sized := await _sized(reader, headers)) is not None:
        return Message(first, headers, sized[0], head + sized[1])
    rest = await reader.read()
    return Message(first, headers, rest, head + rest, until_closed=True)


def _head(head: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    first, *rest = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    named = (line.partition(":") for line in rest)
    return first, tuple((name.strip().lower(), value.strip()) for name, _, value in named)


async def _sized(
    reader: asyncio.StreamReader, headers: tuple[tuple[str, str], ...]
) -> tuple[bytes, bytes] | None:
    """A body and the bytes that it came as; None where no header says how long it is."""
    told = dict(reversed(headers))
    if "chunked" in told.get("transfer-encoding", "").lower():
        return await _chunks(reader)
    if "content-length" in told:
        body = await reader.readexactly(int(told["content-length"]))
        return body, body
    return None


async def _chunks(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    body, raw = bytearray(), bytearray()
    while True:
        line = await reader.readline()
        raw += line
        size = int(line.split(b";")[0], 16)
        if not size:
            break
        piece = await reader.readexactly(size + 2)
        body += piece[:-2]
        raw += piece
    # The trailer, which is nothing but an empty line as a rule.
    while True:
        line = await reader.readline()
        raw += line
        if line in (b"\r\n", b""):
            return bytes(body), bytes(raw)
