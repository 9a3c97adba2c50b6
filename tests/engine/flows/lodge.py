"""A lodge with parcels, for the tests of flows: a kind of entity with a flow that is shipped, and a room that moves its entities."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from coster.engine.batch.handler import Commands, Handler, Registry
from coster.engine.batch.run import Result, Runner
from coster.engine.db.ask import Question, known
from coster.engine.db.connect import Connection, Database
from coster.engine.flows import handlers, model, moving, store
from coster.engine.flows.library import Library
from coster.engine.workflow.tables import Tables
from coster.kernel import ids
from coster.kernel.authority import SYSTEM as ALL
from coster.kernel.authority import Authority
from coster.kernel.message import SYSTEM, Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected
from tests.engine.workflow import vocabularies

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
AUTHOR, READER = ids.derived("author"), ids.derived("reader")
# Version 1 is shipped.
FIRST = """\
name: memo.plain
entity: memo
version: 1
statuses:
  open: {category: booking, initial: true}
  read: {category: booking}
  shut: {category: done, final: true}
transitions:
  - {on: close, from: [open], to: read}
  - {on: close, from: [read], to: shut}
"""
SECOND = FIRST.replace("version: 1", "version: 2")
# Of the first version a status is gone, and another has come.
RENAMED = SECOND.replace("read", "seen")
_TABLE = """
CREATE TABLE coster.memo (org_id bigint, id uuid, flow text, flow_version int, status text, PRIMARY KEY (org_id, id));
SELECT coster.secure_table('coster.memo');
"""
_NEXT = """
SELECT u.move_id, x.id FROM unnest($2::uuid[], $3::text[], $4::uuid[]) AS u (move_id, name, after)
CROSS JOIN LATERAL (SELECT o.id FROM memo AS o WHERE o.org_id = $1 AND o.flow = u.name AND o.id > u.after
  AND EXISTS (SELECT FROM unnest($5::uuid[], $6::int[], $7::text[]) AS p (move_id, version, status)
              WHERE p.move_id = u.move_id AND p.version = o.flow_version AND p.status = o.status)
  ORDER BY o.id LIMIT $8) AS x ORDER BY u.move_id, x.id
"""
_LOCK = "SELECT id, flow_version AS version, status FROM memo WHERE org_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE"
_PUT = """
UPDATE memo AS m SET flow_version = u.version, status = u.status
FROM unnest($2::uuid[], $3::int[], $4::text[]) AS u (id, version, status) WHERE m.org_id = $1 AND m.id = u.id
"""


class MoveMemos(msgspec.Struct, frozen=True, kw_only=True):
    """The next page of a move."""

    move_id: uuid.UUID
    after: uuid.UUID | None = None


class _State(msgspec.Struct, frozen=True, kw_only=True):
    moves: moving.Moving
    flows: Tables
    wanted: dict[uuid.UUID, list[uuid.UUID]]
    standing: dict[uuid.UUID, moving.Standing]


def _decide(state: _State, commands: Commands) -> Decided[list[moving.Page]]:
    """As a room does it."""
    moves, outcomes, pages, events = state.moves, list[Outcome](), list[moving.Page](), []
    for index, command in enumerate(commands):
        body = command.body
        answer = moving.refused(moves, command.authority, body.move_id, body.after)
        if answer is not None:
            outcomes.append(answer)
            continue
        page = moving.page(
            moves, body.move_id, state.standing, state.wanted.get(body.move_id, []), state.flows
        )
        moves = moving.Moving(moves={**moves.moves, page.move.id: page.move}, back=moves.back)
        pages.append(page)
        events.append((index, page.event))
        outcomes.append(page.accepted)
    return Decided(outcomes, pages, events)


async def _write(conn: Connection, org_id: int, pages: Sequence[moving.Page]) -> None:
    rows = [row for page in pages for row in page.moved]
    if rows:
        columns = zip(*((row.entity_id, row.to_version, row.to_status) for row in rows), strict=True)
        await conn.execute(_PUT, org_id, *map(list, columns))
    await store.write_moving(conn, org_id, pages)


class Lodge:
    """One process, on a database that others may use too."""

    def __init__(self, database: Database, folder: Path) -> None:
        (folder / "memo.plain.yaml").write_text(FIRST, encoding="utf-8")
        self.database = database
        self.library = Library(vocabularies.MEMO, folder)
        self.registry = Registry(
            [
                *handlers.handlers([self.library]),
                Handler("memos.move", MoveMemos, self._load, _decide, _write),
            ]
        )
        self.runner = Runner(database, self._authorise)
        self.count = 0

    @staticmethod
    def _authorise(_org_id: int, commands: Any) -> Question[Any]:
        may = {
            AUTHOR: Authority(frozenset({model.WRITE, model.READ})),
            READER: Authority(frozenset({model.READ})),
        }
        return known({SYSTEM: ALL, **may})

    async def _load(self, conn: Connection, org_id: int, commands: Commands) -> _State:
        moves = await store.load_moving(
            conn, org_id, {command.body.move_id for command in commands}, entity="memo"
        )
        flows = await self.library.tables(conn, org_id)
        forth = moves.forth
        places = moving.places(forth, flows)
        rows = await conn.fetch(
            _NEXT, org_id, [m.id for m in forth], [m.name for m in forth], [moving.begin_after(m) for m in forth],
            [p.move_id for p in places], [p.version for p in places], [p.status for p in places], moving.PAGE,
        )  # fmt: skip
        wanted: dict[uuid.UUID, list[uuid.UUID]] = {}
        for row in rows:
            wanted.setdefault(row["move_id"], []).append(row["id"])
        named = {row["id"] for row in rows} | {row.entity_id for page in moves.back.values() for row in page}
        found = await conn.fetch(_LOCK, org_id, sorted(named))
        standing = {row["id"]: moving.Standing(**row) for row in found}
        return _State(moves=moves, flows=flows, wanted=wanted, standing=standing)

    async def begin(self, org_id: int) -> None:
        """An organisation without anything."""
        async with self.database.system() as conn:
            await conn.execute(
                _TABLE.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS").split("SELECT")[0]
            )
            await conn.execute("GRANT ALL ON coster.memo TO coster_app")
            await conn.execute("INSERT INTO org VALUES ($1, 'One', $2)", org_id, NOON)
            await conn.execute("INSERT INTO event_counter VALUES ($1, 0)", org_id)

    async def send(
        self, org_id: int, *bodies: Any, actor: uuid.UUID = AUTHOR, dry_run: bool = False
    ) -> list[Result]:
        """One batch; a fault is raised."""
        commands = []
        for body in bodies:
            self.count += 1
            id_ = ids.derived("flows of the lodge", id(self), self.count)
            commands.append(
                Command(id_, org_id, actor, NOON + dt.timedelta(seconds=self.count), body, b"%d" % self.count)
            )
        answers = await self.runner.run(self.registry.of(bodies[0]), commands, dry_run=dry_run)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers  # type: ignore[return-value]

    async def ask(self, org_id: int, body: Any, actor: uuid.UUID = AUTHOR) -> Any:
        """One command: its value, or the code of its refusal."""
        (result,) = await self.send(org_id, body, actor=actor)
        return result.outcome.value if isinstance(result.outcome, Accepted) else result.outcome.code

    async def refusal(self, org_id: int, body: Any) -> Rejected:
        """One command that is refused."""
        (result,) = await self.send(org_id, body)
        assert isinstance(result.outcome, Rejected), result.outcome
        return result.outcome

    async def publish(
        self, org_id: int, text: str, mapping: dict[str, str] | None = None, *, pin: bool = True
    ) -> None:
        """A draft, published, and pinned."""
        head = dict(line.split(": ") for line in text.splitlines()[:3])
        name, version = head["name"], int(head["version"])
        assert isinstance(await self.ask(org_id, draft(text, name)), dict)
        body = model.PublishFlow(name=name, version=version, mapping=mapping or {}, reason="It is good.")
        answer = await self.ask(org_id, body)
        assert isinstance(answer, dict), answer
        if pin:
            answer = await self.ask(org_id, model.PinFlow(name=name, version=version, reason="Now."))
            assert isinstance(answer, dict), answer

    async def tables(self, org_id: int) -> Tables:
        """The flows as they are."""
        async with self.database.read(org_id) as conn:
            return await self.library.tables(conn, org_id)

    async def add(
        self, org_id: int, count: int, *, version: int = 1, status: str = "open"
    ) -> list[uuid.UUID]:
        """So many memos in a status of a version."""
        made = sorted(ids.derived("memo", org_id, version, status, n) for n in range(count))
        async with self.database.system() as conn:
            await conn.executemany(
                "INSERT INTO memo VALUES ($1, $2, 'memo.plain', $3, $4)",
                [(org_id, id_, version, status) for id_ in made],
            )
        return made

    async def counts(self, org_id: int) -> dict[tuple[int, str], int]:
        """How many memos are in each status of each version."""
        async with self.database.system() as conn:
            rows = await conn.fetch(
                "SELECT flow_version, status, count(*) FROM memo WHERE org_id = $1 GROUP BY 1, 2", org_id
            )
        return {(row[0], row[1]): row[2] for row in rows}

    async def follow(self, org_id: int, move_id: uuid.UUID) -> list[Event]:
        """Carries a move out to its end, as the relay does; its events."""
        events, after = [], None
        while True:
            (result,) = await self.send(org_id, MoveMemos(move_id=move_id, after=after), actor=SYSTEM)
            events += result.events
            [event] = [event for event in result.events if event.entity == moving.ENTITY]
            if event.name == moving.FINISHED:
                return events
            after = uuid.UUID(event.data["after"])


def draft(text: str, name: str = "memo.plain", **more: Any) -> model.DraftFlow:
    """A draft of a text."""
    return model.DraftFlow(name=name, text=text, reason="We want it so.", **more)
