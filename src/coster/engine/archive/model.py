"""Records of archives: parts, what there is to be moved, and what stands in the way."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import msgspec

Kind = Literal["events", "commands", "ledger"]
KINDS: Final[tuple[Kind, ...]] = ("events", "commands", "ledger")
"""In the order in which they are moved: a command goes after its event."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of rows, as the database and the manifest note it; `sha256` in hex, of the file as it lies there."""

    organisation: int
    number: int
    kind: Kind
    month: str
    rows: int
    first: str
    last: str
    latest: dt.datetime
    file: str
    bytes: int
    sha256: str
    written_at: dt.datetime


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who still needs the events behind a number: who, in words, and that number."""

    who: str
    upto: int


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is to be moved in an organisation, by kind and month, at most; and who holds up events."""

    organisation: int
    rows: dict[Kind, dict[str, int]]
    held_up: list[Obstacle]

    @property
    def total(self) -> int:
        """Rows of all kinds together."""
        return sum(sum(months.values()) for months in self.rows.values())


class Unfit(Exception):
    """The directory or the database is not as an archive needs it; the message is for whoever runs the machine."""
