"""Events are stored alike, whether they go as rows or, many of one kind, as columns."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from coster.engine.db.connect import Database
from coster.engine.outbox import append
from coster.kernel.message import SYSTEM, Command, Decided, Event
from coster.kernel.outcome import Accepted
from tests.engine.outbox import probes

pytestmark = pytest.mark.database

AT = dt.datetime(2026, 11, 23, 9, 0, 0, 123456, dt.UTC)
DATA: dict[str, Any] = {"text": 'quo"te, {brace} \\ \u00e9\u2028', "n": [1, None, True], "deep": {"a": "1.5"}}


def command(n: int) -> Command[Any]:
    """A command of organisation 1."""
    return Command(uuid.UUID(int=n), 1, SYSTEM, AT, None)


def event(n: int, name: str = "probe.noted") -> Event:
    """The first event of an entity of its own."""
    return Event(name, "probe", uuid.UUID(int=1000 + n), 1, {**DATA, "nth": n})


async def stored(database: Database, events: Sequence[tuple[int, Event]]) -> list[tuple[Any, ...]]:
    """What is stored of these, by number of the command and event; then they are gone again."""
    commands = [command(1), command(2)]
    async with database.write(1, rollback=True) as conn:
        decided = Decided([Accepted(), Accepted()], None, list(events))
        await append.append(conn, 1, commands, decided)
        return [tuple(row) for row in await conn.fetch("SELECT * FROM event WHERE org_id = 1 ORDER BY seq")]


async def test_many_events_of_one_kind_are_stored_as_others_are(database: Database) -> None:
    """Two hundred of one command, and the same with another's behind them, which makes rows of them all."""
    await probes.make_organisation(database)
    alike = [(0, event(n)) for n in range(200)]
    columns = await stored(database, alike)
    rows = await stored(database, [*alike, (1, event(200))])
    assert columns == rows[:200]
    assert [row[1] for row in columns] == list(range(1, 201))


ODD = [
    Event("probe.other", "probe", uuid.UUID(int=7), 1, DATA),
    Event("probe.noted", "thing", uuid.UUID(int=7), 1, DATA),
]


@pytest.mark.parametrize("odd", ODD, ids=["another name", "another entity"])
async def test_one_of_another_kind_keeps_its_own_name(database: Database, odd: Event) -> None:
    """Wherever it stands among many."""
    await probes.make_organisation(database)
    events = [(0, event(n)) for n in range(99)]
    found = await stored(database, [*events[:50], (0, odd), *events[50:]])
    assert [(row[2], row[3]) for row in found[49:52]] == [
        ("probe.noted", "probe"), (odd.name, odd.entity), ("probe.noted", "probe"),
    ]  # fmt: skip
