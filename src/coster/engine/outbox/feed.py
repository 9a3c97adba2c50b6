"""Events for whoever asks: by cursor, and as a stream that goes on. Nothing is skipped and nothing comes twice."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from coster.engine.db import sql
from coster.engine.db.connect import Connection, Database
from coster.kernel.message import Event, Stored

_q = sql.load(__file__)

# How many events one question looks at, at most; else a filter that fits nothing would read the whole table.
_WINDOW = 10_000
_SLICE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events are wanted; what is None lets all pass.

    `enterprises` is what the asker may see: events that name one of them in the list `enterprises` of their data. An
    event without that list concerns the organisation as a whole, and only who may see everything (None) gets it.
    """

    names: Collection[str] | None = None
    entity: str | None = None
    entity_id: uuid.UUID | None = None
    enterprises: Collection[uuid.UUID] | None = None


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order, and where to go on: `after` has passed what was left out, too; `more` is there already."""

    events: list[Stored]
    after: int
    more: bool


async def read_events(
    conn: Connection, org_id: int, after: int, limit: int, *, wanted: Filter = EVERYTHING
) -> Page:
    """At most so many events after a number. Two statements; a page may be empty although there is more."""
    last = await _q.last_number(conn, org_id=org_id) or 0
    upto = min(last, after + _WINDOW)
    if upto <= after:
        return Page([], after, more=False)
    rows = await _q.read_feed(
        conn,
        org_id=org_id,
        after=after,
        upto=upto,
        names=None if wanted.names is None else list(wanted.names),
        entity=wanted.entity,
        entity_id=wanted.entity_id,
        enterprises=None if wanted.enterprises is None else [str(id_) for id_ in wanted.enterprises],
        limit=limit,
    )
    passed = rows[-1]["seq"] if len(rows) == limit else upto
    return Page([stored(org_id, row) for row in rows], passed, more=passed < last)


class Stream:
    """Events as they come.

    `rung` is a listener of its own on the bell of commits; commits of other processes are seen by polling.
    """

    def __init__(self, database: Database, rung: asyncio.Event, *, poll: float = 1.0) -> None:
        self._database = database
        self._rung = rung
        self._poll = poll

    async def follow(
        self, org_id: int, after: int, *, wanted: Filter = EVERYTHING
    ) -> AsyncGenerator[Stored | None, None]:
        """Every event after a number, then every event to come, until whoever reads it stops.

        None comes after `poll` seconds without an event, as a sign of life.
        """
        while True:
            self._rung.clear()
            async with self._database.read(org_id) as conn:
                page = await read_events(conn, org_id, after, _SLICE, wanted=wanted)
            for event in page.events:
                yield event
            after = page.after
            if page.more:
                continue
            try:
                async with asyncio.timeout(self._poll):
                    await self._rung.wait()
            except TimeoutError:
                if not page.events:
                    yield None


async def read_named(
    conn: Connection, org_id: int, after: int, *, names: Collection[str], limit: int
) -> tuple[list[Stored], int]:
    """Events of these names after a number, at most so many, and the number up to which nothing else is of them."""
    last = await _q.last_number(conn, org_id=org_id) or 0
    if last <= after or not names:
        return [], max(last, after)
    rows = await _q.read_named(conn, org_id=org_id, after=after, upto=last, names=list(names), limit=limit)
    return [stored(org_id, row) for row in rows], rows[-1]["seq"] if len(rows) == limit else last


def stored(org_id: int, row: Mapping[str, Any]) -> Stored:
    """A row of the table `event` as a value."""
    event = Event(row["name"], row["entity"], row["entity_id"], row["version"], row["data"])
    return Stored(org_id, row["seq"], event, row["at"], row["actor"], row["command_id"])
