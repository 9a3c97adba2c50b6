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


class Archived(Exception):
    """The events behind the number that was asked for are in the archive; those behind `upto` are here."""

    def __init__(self, upto: int) -> None:
        super().__init__(f"events up to number {upto} are in the archive")
        self.upto = upto


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order, and where to go on: `after` has passed what was left out, too; `more` is there already."""

    events: list[Stored]
    after: int
    more: bool


async def read_events(
    conn: Connection, org_id: int, after: int | None, limit: int, *, wanted: Filter = EVERYTHING
) -> Page:
    """At most so many events after a number, or (None) from the first that is here. Two statements; a page may be empty
    although there is more. Archived where events that were asked for are in the archive."""
    last, archived = await numbers(conn, org_id)
    after = archived if after is None else after
    if after < archived:
        raise Archived(archived)
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


async def check_kept(conn: Connection, org_id: int, after: int) -> None:
    """Returns where all events after a number are here. Archived where they are not."""
    _, archived = await numbers(conn, org_id)
    if after < archived:
        raise Archived(archived)


async def numbers(conn: Connection, org_id: int) -> tuple[int, int]:
    """The numbers of the latest event, and of the last one in the archive."""
    row = await _q.numbers(conn, org_id=org_id)
    return (row["n"], row["archived"]) if row else (0, 0)


class Stream:
    """Events as they come.

    `rung` is a listener of its own on the bell of commits; commits of other processes are seen by polling.
    """

    def __init__(self, database: Database, rung: asyncio.Event, *, poll: float = 1.0) -> None:
        self._database = database
        self._rung = rung
        self._poll = poll

    async def follow(
        self, org_id: int, after: int | None, *, wanted: Filter = EVERYTHING
    ) -> AsyncGenerator[Stored | None, None]:
        """Every event after a number (None: from the first that is here), then every event to come, until whoever reads it stops.

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
    last, _ = await numbers(conn, org_id)
    if last <= after or not names:
        return [], max(last, after)
    rows = await _q.read_named(conn, org_id=org_id, after=after, upto=last, names=list(names), limit=limit)
    return [stored(org_id, row) for row in rows], rows[-1]["seq"] if len(rows) == limit else last


def stored(org_id: int, row: Mapping[str, Any]) -> Stored:
    """A row of the table `event` as a value."""
    event = Event(row["name"], row["entity"], row["entity_id"], row["version"], row["data"])
    return Stored(org_id, row["seq"], event, row["at"], row["actor"], row["command_id"])
