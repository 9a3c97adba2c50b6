"""What a simulated town does, as plain numbers: steps, batches of steps, and the terms of the town.

A history is batches of steps; it can be written to a file, cut short, and played again. Everything has a number in place of an id, and a
step says itself when it is taken (milliseconds from the beginning), so that leaving others out changes nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

NO_SESSION = -1


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command. `id` is the command's: the same step again is a repeated request.

    `lines` are (line number or 0, item, thousandths); `quantity` in thousandths; `at`, `until` and `as_of` in milliseconds.
    """

    kind: str
    id: int
    at: int
    order: int = 0
    hub: int = 0
    session: int = NO_SESSION
    lines: tuple[tuple[int, int, int], ...] = ()
    reference: int = 0
    completed: bool = False
    partial: bool = False
    priority: int = 0
    item: int = 0
    place: int = 0
    to: int = 0
    quantity: int = 0
    receipt: bool = False
    as_of: int | None = None
    by_priority: bool = False
    until: int = 0
    amend: int = 0
    producer: int = 0


Batch: TypeAlias = tuple[Step, ...]
History: TypeAlias = Sequence[Batch]


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """An item: whose it is, its case (0: none), and where it lies.

    `places` are in the order in which they are drawn from, `back` in the order in which they are given back to.
    """

    owner: int
    case: int = 0
    places: tuple[int, ...]
    back: tuple[int, ...]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Who sells what, and how: for each hub whether it buys in whole cases, for each item where it lies.

    Owners are numbered like hubs where a hub sells goods of its own, and otherwise from `FIRST_PRODUCER`.
    """

    by_case: Mapping[int, bool]
    goods: Mapping[int, Goods]
    supplies: frozenset[tuple[int, int]]


FIRST_PRODUCER = 100
_HISTORY = msgspec.json.Decoder(tuple[Batch, ...])


def stored(history: History, path: Path) -> None:
    """Writes a history as JSON, a batch a line."""
    lines = b",\n".join(msgspec.json.encode(batch) for batch in history)
    path.write_bytes(b"[\n" + lines + b"\n]\n")


def read(path: Path) -> tuple[Batch, ...]:
    """Reads a history; msgspec.DecodeError where the file holds something else."""
    return _HISTORY.decode(path.read_bytes())
