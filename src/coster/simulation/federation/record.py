"""Everything that passed on the lines, in a file: whole messages with their heads, also those that a fault kept from arriving."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from coster.simulation.federation.messages import Message

_LENGTH: Final = struct.Struct(">I")


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """A message: to whose server the line leads, who asked (where that is known), whether it is the question or the answer to it, and
    all of it: first line, headers, body without chunks.
    """

    line: str
    asker: str
    exchange: int
    way: Literal["request", "answer"]
    first: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Record:
    """Writes what passes to a file; `passed` reads it again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self.count = 0

    def note(
        self, message: Message, *, line: str, asker: str, exchange: int, way: Literal["request", "answer"]
    ) -> None:
        """Keeps a message."""
        kept = Passed(
            line=line, asker=asker, exchange=exchange, way=way,
            first=message.first, headers=message.headers, body=message.body,
        )  # fmt: skip
        data = msgspec.msgpack.encode(kept)
        self._file.write(_LENGTH.pack(len(data)) + data)
        self.count += 1

    def passed(self) -> Iterator[Passed]:
        """Every message in the order in which they were kept."""
        self._file.flush()
        decode = msgspec.msgpack.Decoder(Passed).decode
        with self._path.open("rb") as file:
            while size := file.read(_LENGTH.size):
                yield decode(file.read(_LENGTH.unpack(size)[0]))

    def close(self) -> None:
        """Ends writing."""
        self._file.close()
