"""What is measured where a database has grown: bytes, seconds of cleaning, and how long a few questions take."""

from __future__ import annotations

import itertools
import random
import time
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from coster.engine.db import sql
from coster.engine.db.connect import Database
from coster.simulation.wire import Wire

_q = sql.load(__file__)
_SAMPLE: Final = 50


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """A table: about how many rows, and the bytes of rows, of what is too long for a row, and of indexes."""

    rows: int
    heap: int
    toast: int
    indexes: int

    @property
    def bytes(self) -> int:
        """All of it."""
        return self.heap + self.toast + self.indexes


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The figures at one size. Seconds of VACUUM (ANALYZE) by table, reads as 99th percentiles in ms, `verify` in seconds."""

    sizes: dict[str, Size]
    database_bytes: int
    vacuum: dict[str, float]
    reads: dict[str, float]
    verify: float

    @property
    def vacuum_seconds(self) -> float:
        """Of all tables together."""
        return sum(self.vacuum.values())


class Questions(msgspec.Struct, frozen=True, kw_only=True):
    """About what is asked, and how often: a hub, positions, sessions, one order of each, and events between two numbers."""

    hub: uuid.UUID
    positions: list[uuid.UUID]
    sessions: list[str]
    orders: list[str]
    events: tuple[int, int]
    times: int


async def vacuum(database: Database) -> dict[str, float]:
    """Seconds of cleaning and analysing each table that is there; afterwards all is on disk."""
    spent = {}
    async with database.system() as conn:
        for row in await _q.tables(conn):
            begin = time.perf_counter()
            await conn.execute(row["vacuum"])
            spent[row["name"]] = time.perf_counter() - begin
        await _q.checkpoint(conn)
    return spent


async def sizes(database: Database) -> tuple[dict[str, Size], int]:
    """Each table that is not empty, by name, and the bytes of the whole database."""
    async with database.system() as conn:
        rows = [dict(row) for row in await _q.sizes(conn)]
        whole: int = await _q.database_bytes(conn)
    return {row.pop("name"): Size(**row) for row in rows if row["rows"]}, whole


async def reads(port: int, key: str, asked: Questions) -> dict[str, float]:
    """Milliseconds within which 99 of 100 answers come, by question: young and old things alike."""
    chance = random.Random(1)

    def some(values: Sequence[str]) -> list[str]:
        return chance.sample(values, min(_SAMPLE, len(values)))

    first, last = asked.events
    first = max(first, last - 10_000)
    questions = {
        "order list of a hub": [f"/api/v1/orders?seller_id={asked.hub}"],
        "order list of a session": [f"/api/v1/orders?session_id={id_}" for id_ in some(asked.sessions)],
        "one order": [f"/api/v1/orders/{id_}" for id_ in some(asked.orders)],
        "session board": [f"/api/v1/held-orders?session_id={id_}" for id_ in some(asked.sessions)],
        "events": [f"/api/v1/events?after={chance.randint(first, max(first, last - 100))}" for _ in range(_SAMPLE)],
        "ledger of a position": [f"/api/v1/positions/{id_}/entries" for id_ in asked.positions],
    }  # fmt: skip
    wire = Wire("127.0.0.1", port, key)
    try:
        return {name: await _p99(wire, paths, asked.times) for name, paths in questions.items()}
    finally:
        wire.close()


async def _p99(wire: Wire, paths: Sequence[str], times: int) -> float:
    """Of so many questions, one at a time. RuntimeError where one is not answered."""
    spent = []
    for path in itertools.islice(itertools.cycle(paths), times):
        begin = time.perf_counter()
        reply = await wire.ask("GET", path)
        spent.append((time.perf_counter() - begin) * 1000)
        if reply.status != 200:
            raise RuntimeError(f"{path} answered {reply.status}: {reply.body[:200]!r}")
    return sorted(spent)[int(times * 0.99) - 1]
