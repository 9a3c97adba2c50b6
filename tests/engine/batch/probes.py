"""A small program for the tests of the pipeline: counters that never go below nothing, and ways to be in the way."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from prometheus_client import REGISTRY

from coster.engine.batch.gather import Gatherer
from coster.engine.batch.handler import Handler, Registry
from coster.engine.batch.run import PATIENT, Patience, Result, Runner
from coster.engine.db.ask import Question, known
from coster.engine.db.connect import Database
from coster.kernel import ids
from coster.kernel.authority import SYSTEM as ALL
from coster.kernel.message import SYSTEM, Command, Decided, Event
from coster.kernel.outcome import Accepted, Rejected

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
NOBODY = uuid.UUID(int=0xDEAD)
_TABLE = """
CREATE TABLE coster.probe (org_id bigint, id bigint, n bigint NOT NULL CHECK (n >= 0), text text NOT NULL, PRIMARY KEY (org_id, id));
SELECT coster.secure_table('coster.probe');
"""
_ROWS = "SELECT id, n FROM probe WHERE org_id = $1 AND id = ANY($2::bigint[]) ORDER BY id FOR NO KEY UPDATE"
_PUT = """
INSERT INTO probe AS p (org_id, id, n, text) SELECT $1, u.* FROM unnest($2::bigint[], $3::bigint[], $4::text[]) AS u
ON CONFLICT (org_id, id) DO UPDATE SET n = EXCLUDED.n, text = EXCLUDED.text
"""


class Add(msgspec.Struct, frozen=True, kw_only=True):
    """Adds to a counter; refused where nothing would be left of it. `text` may hold what breaks a step (see `_decide`)."""

    row: int = 1
    change: int = 1
    text: str = ""


class Other(Add, frozen=True, kw_only=True):
    """The same as another kind of command, in a lane of its own."""


async def _load(conn: Any, org_id: int, commands: Any) -> dict[int, int]:
    rows = sorted({command.body.row for command in commands})
    return {row["id"]: row["n"] for row in await conn.fetch(_ROWS, org_id, rows)}


def _decide(now: dict[int, int], commands: Any) -> Decided[dict[int, tuple[int, str]]]:
    outcomes: list[Any] = []
    events = []
    writes: dict[int, tuple[int, str]] = {}
    for index, command in enumerate(commands):
        body = command.body
        if body.text == "raise":
            raise RuntimeError("this command breaks the rule")
        left = now.get(body.row, 0) + body.change
        # What the rule forgets, the table's constraint remembers.
        if left < 0 and body.text != "forget":
            outcomes.append(Rejected("too_little", f"There are {now.get(body.row, 0)}.", {"row": body.row}))
            continue
        now[body.row] = left
        writes[body.row] = (left, body.text)
        data = {"n": left, "enterprises": []}
        events.append(
            (index, Event("probe.added", "probe", uuid.UUID(int=body.row), command.at.microsecond, data))
        )
        outcomes.append(Accepted({"n": left}))
    return Decided(outcomes, writes, events)


async def _write(conn: Any, org_id: int, writes: dict[int, tuple[int, str]]) -> None:
    if writes:
        numbers, texts = zip(*writes.values(), strict=True)
        await conn.execute(_PUT, org_id, list(writes), numbers, texts)


ADD: Handler[Any, Any] = Handler("probe.add", Add, _load, _decide, _write)
OTHER: Handler[Any, Any] = Handler("probe.other", Other, _load, _decide, _write)

Before = Callable[[Any, int, Any], Awaitable[None]]


def held_up(handler: Handler[Any, Any], before: Before) -> Handler[Any, Any]:
    """The handler, with something that happens before it loads."""

    async def load(conn: Any, org_id: int, commands: Any) -> Any:
        await before(conn, org_id, commands)
        return await handler.load(conn, org_id, commands)

    return replace(handler, load=load)


def authorise(_: int, commands: Any) -> Question[Any]:
    """Everybody may do everything, but NOBODY, who is not known."""
    return known({command.actor: ALL for command in commands if command.actor != NOBODY})


class Program:
    """One process: a gatherer on a database. `batches` are the sizes of what was loaded for, in order, by kind."""

    def __init__(
        self,
        database: Database,
        *handlers: Handler[Any, Any],
        patience: Patience = PATIENT,
        max_batch: int = 50,
        max_waiting: int = 500,
        max_running: int = 4,
    ) -> None:
        self.database = database
        self.batches: list[tuple[str, int]] = []
        watched = [held_up(handler, self._seen(handler.kind)) for handler in handlers or (ADD, OTHER)]
        self.registry = Registry(watched)
        self.runner = Runner(database, authorise, patience=patience)
        self.gatherer = Gatherer(
            self.runner, self.registry, max_batch=max_batch, max_waiting=max_waiting, max_running=max_running
        )

    def _seen(self, kind: str) -> Before:
        async def before(_: Any, __: int, commands: Any) -> None:
            self.batches.append((kind, len(commands)))

        return before

    async def do(self, *commands: Command[Any], dry_run: bool = False) -> list[Result | BaseException]:
        """Sent at once, each by a caller of its own; answers in the same order, faults as values."""
        sent = [self.gatherer.submit(command, dry_run=dry_run) for command in commands]
        return list(await asyncio.gather(*sent, return_exceptions=True))

    async def run(self, commands: Sequence[Command[Any]]) -> list[Any]:
        """Exactly these as one batch."""
        return await self.runner.run(self.registry.of(commands[0].body), commands)

    async def counters(self, org_id: int = 1) -> dict[int, int]:
        """Every counter."""
        async with self.database.read(org_id) as conn:
            rows = await conn.fetch("SELECT id, n FROM probe WHERE org_id = $1 ORDER BY id", org_id)
        return {row["id"]: row["n"] for row in rows}

    async def traces(self, org_id: int = 1) -> tuple[int, int, int]:
        """How many commands are remembered, how many events there are, and the last event's number."""
        async with self.database.read(org_id) as conn:
            row = await conn.fetchrow(
                "SELECT (SELECT count(*) FROM command WHERE org_id = $1), (SELECT count(*) FROM event WHERE org_id = $1), "
                "(SELECT n FROM event_counter WHERE org_id = $1)",
                org_id,
            )
        return tuple(row)


def command(number: int, body: Any, *, org_id: int = 1, actor: uuid.UUID = SYSTEM) -> Command[Any]:
    """The command of this number; a repeat of it is the same, another body under its number has another fingerprint."""
    at = NOON + dt.timedelta(microseconds=number)
    fingerprint = hashlib.sha256(msgspec.json.encode(body)).digest()
    return Command(ids.derived("probe", number), org_id, actor, at, body, fingerprint)


def commands(*bodies: Any, start: int = 1, org_id: int = 1) -> list[Command[Any]]:
    """Commands numbered from `start`."""
    return [command(number, body, org_id=org_id) for number, body in enumerate(bodies, start)]


def told(results: Sequence[Any]) -> list[Any]:
    """Each answer in a word: the counter's new value, the code of a rejection, or the name of a fault."""
    return [_word(result) for result in results]


def _word(result: Any) -> Any:
    if not isinstance(result, Result):
        return type(result).__name__
    outcome = result.outcome
    return outcome.value["n"] if isinstance(outcome, Accepted) else outcome.code


def metric(name: str, **labels: str) -> float:
    """What this process has counted under a name until now."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def prepare(database: Database, *org_ids: int) -> None:
    """The table of the probes, and these organisations."""
    async with database.system() as conn:
        await conn.execute(_TABLE)
        for org_id in org_ids or (1, 2):
            await conn.execute("INSERT INTO org VALUES ($1, 'Org', $2)", org_id, NOON)
            await conn.execute("INSERT INTO event_counter VALUES ($1, 0)", org_id)
