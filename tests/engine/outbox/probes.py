"""A small program for the tests of the relay: notes on entities, and reactions that make further notes."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import msgspec

from coster.engine.batch.gather import Gatherer
from coster.engine.batch.handler import Handler, Registry
from coster.engine.batch.run import Result, Runner
from coster.engine.db.ask import Question, known
from coster.engine.db.connect import Database
from coster.engine.outbox.react import Reactions
from coster.engine.outbox.relay import Relay, Wiring
from coster.engine.outbox.send import Pace
from coster.kernel import ids
from coster.kernel.authority import SYSTEM as ALL
from coster.kernel.clock import ManualClock
from coster.kernel.message import SYSTEM, Command, Decided, Event, Stored, Timer
from coster.kernel.outcome import Accepted, Rejected

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)
QUICK = Pace(poll=0.02, pause=0.001, lease=0.5, slice=3, back_off=0.001, attempts=3, note=0.0)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Writes a text on an entity; `event` is how the news of it is called. The text `sent` is marked as what a flow sent."""

    entity_id: uuid.UUID
    text: str
    event: str = "note.written"


class SetTimer(msgspec.Struct, frozen=True, kw_only=True):
    """Sets the entity's timer (None: takes it away)."""

    entity_id: uuid.UUID
    due_at: dt.datetime | None
    text: str = "ring"
    kind: str = "probe.note"


async def _versions(conn: Any, org_id: int, commands: Any) -> dict[uuid.UUID, int]:
    rows = await conn.fetch(
        "SELECT entity_id, max(version) AS v FROM event WHERE org_id = $1 GROUP BY entity_id", org_id
    )
    return {row["entity_id"]: row["v"] for row in rows}


async def _nothing(*_: Any) -> None:
    return None


def _write(versions: dict[uuid.UUID, int], commands: Any) -> Decided[None]:
    outcomes, events = [], []
    for index, command in enumerate(commands):
        body = command.body
        if body.text == "break":
            raise RuntimeError("this text breaks the handler")
        if body.text == "refuse":
            outcomes.append(Rejected("refused", "No."))
            continue
        if body.text == "ignore":
            outcomes.append(Rejected("not_now", "It is over.", {"reason": "wrong_status"}))
            continue
        versions[body.entity_id] = versions.get(body.entity_id, 0) + 1
        data = {"text": body.text, "enterprises": [str(body.entity_id)]}
        if body.text == "sent":
            data["sent_by"] = {"flow": "probe.flow", "version": 1}
        events.append((index, Event(body.event, "probe", body.entity_id, versions[body.entity_id], data)))
        outcomes.append(Accepted())
    return Decided(outcomes, None, events)


def _set(_: Any, commands: Any) -> Decided[None]:
    timers = [
        (
            index,
            Timer(
                c.body.entity_id,
                c.body.due_at,
                c.body.kind,
                {"entity_id": str(c.body.entity_id), "text": c.body.text},
            ),
        )
        for index, c in enumerate(commands)
    ]
    return Decided([Accepted()] * len(commands), None, (), timers)


REGISTRY = Registry(
    (
        Handler("probe.note", Note, _versions, _write, _nothing),
        Handler("probe.timer", SetTimer, _nothing, _set, _nothing),
    )
)


def _authorise(org_id: int, commands: Any) -> Question[Any]:
    return known({command.actor: ALL for command in commands})


class Program:
    """One process: a gatherer, a clock and a relay on a database; `sent` are the texts that its relay sent."""

    def __init__(
        self,
        database: Database,
        reactions: Reactions | None = None,
        *,
        clock: ManualClock | None = None,
        wall: ManualClock | None = None,
        pace: Pace = QUICK,
    ) -> None:
        self.database = database
        self.gatherer = Gatherer(
            Runner(database, _authorise), REGISTRY, max_batch=50, max_waiting=500, max_running=4
        )
        self.clock = clock or ManualClock(NOON)
        self.sent: list[str] = []
        self.faults: list[Exception] = []
        self.hang_after = asyncio.Event()
        self.hung = asyncio.Event()
        bodies = {kind: handler.body for kind, handler in REGISTRY.by_kind.items()}
        self.relay = Relay(
            database,
            Wiring(self.submit, reactions or {}, bodies, self.clock),
            rung=self.gatherer.committed.listen(),
            wall=wall,
            pace=pace,
        )
        self._number = 0

    async def submit(self, command: Any) -> Result:
        """The relay's way out: fails with what is in `faults`; hangs after the answer when `hang_after` is set."""
        if self.faults:
            raise self.faults.pop(0)
        result = await self.gatherer.submit(command)
        self.sent.append(command.body.text)
        if self.hang_after.is_set():
            self.hung.set()
            await asyncio.Event().wait()
        return result

    async def do(self, *bodies: Any, org_id: int = 1) -> None:
        """Commands of a person, all answered."""
        for body in bodies:
            self._number += 1
            id_ = ids.derived("test", id(self), self._number)
            await self.gatherer.submit(Command(id_, org_id, SYSTEM, self.clock.now(), body))

    async def texts(self, org_id: int = 1) -> list[str]:
        """All notes in the order of their events."""
        async with self.database.read(org_id) as conn:
            rows = await conn.fetch("SELECT data FROM event WHERE org_id = $1 ORDER BY seq", org_id)
        return [row["data"]["text"] for row in rows]

    async def until(self, texts: list[str], org_id: int = 1) -> None:
        """Returns when these are all notes; TimeoutError after five seconds."""
        async with asyncio.timeout(5):
            while await self.texts(org_id) != texts:  # noqa: ASYNC110 - what is waited for is in the database
                await asyncio.sleep(0.01)

    async def timers(self, org_id: int = 1) -> list[tuple[str, dt.datetime, str | None]]:
        """The timers that there are: texts, due times and causes."""
        async with self.database.read(org_id) as conn:
            rows = await conn.fetch(
                "SELECT body, due_at, parked FROM timer WHERE org_id = $1 ORDER BY due_at", org_id
            )
        return [(row["body"]["text"], row["due_at"], row["parked"]) for row in rows]


async def make_organisation(database: Database, org_id: int = 1) -> None:
    """An organisation with nothing in it."""
    async with database.system() as conn:
        await conn.execute("INSERT INTO org VALUES ($1, 'Org', $2)", org_id, NOON)
        await conn.execute("INSERT INTO event_counter VALUES ($1, 0)", org_id)


def note(text: str, entity_id: uuid.UUID = ONE, event: str = "note.written") -> Note:
    """A note as a command's body."""
    return Note(entity_id=entity_id, text=text, event=event)


def echo(news: Stored) -> list[Note]:
    """A reaction: the note's text once more, with a mark, under a name that nothing reacts to."""
    return [note(f"{news.event.data['text']}!", news.event.entity_id, "note.echoed")]
