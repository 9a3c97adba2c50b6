"""What the database knows of deliveries: whose turn it is, what is to be sent, and how it ended."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from coster.engine.db import sql
from coster.engine.db.connect import Connection, Database
from coster.engine.webhooks import store, verdict
from coster.engine.webhooks.model import Endpoint, Kept, Note, Policy
from coster.kernel.errors import TryAgain

_q = sql.load(__file__)


@dataclass(slots=True)
class Lease:
    """An endpoint's turn, held by this process until an instant that `extend` moves on."""

    org_id: int
    endpoint_id: uuid.UUID
    holder: uuid.UUID
    lost: bool = False

    @property
    def reader(self) -> str:
        """The endpoint's name in relay_cursor."""
        return str(self.endpoint_id)

    @property
    def row(self) -> dict[str, Any]:
        """What names the lease's row and its holder in a statement."""
        return {"org_id": self.org_id, "reader": self.reader, "holder": self.holder}


@dataclass(frozen=True, slots=True)
class Load:
    """What one round has to send: chains are events of one entity each, in order.

    `due` were kept before, `fresh` are new; `behind` are new too, but their entity has something kept. Everything up to
    the event number `upto` is in one of them, or was not asked for.
    """

    endpoint: Endpoint
    cursor: int
    upto: int
    due: Sequence[Sequence[Note]] = ()
    fresh: Sequence[Sequence[Note]] = ()
    behind: Sequence[Note] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to send and the cursor stays."""
        return not self.due and self.upto == self.cursor


@dataclass(slots=True)
class Told:
    """How a round ended, and when: what was delivered and of which entities, what is kept, what was seen."""

    ended_at: dt.datetime
    chance: float
    health: verdict.Health
    done: list[int] = field(default_factory=list)
    freed: set[uuid.UUID] = field(default_factory=set)
    kept: list[Kept] = field(default_factory=list)


class Journal:
    """The database's side of deliveries, under a policy."""

    def __init__(self, database: Database, policy: Policy) -> None:
        self._database = database
        self._policy = policy

    async def waiting(self, holder: uuid.UUID, now: dt.datetime, count: int) -> list[tuple[int, uuid.UUID]]:
        """Endpoints of any organisation that have something due and that nobody but this holder serves."""
        async with self._database.system() as conn:
            rows = await _q.waiting_endpoints(conn, holder=holder, now=now, count=count)
        return [(row["org_id"], row["id"]) for row in rows]

    async def claim(self, lease: Lease, now: dt.datetime) -> bool:
        """Whether the turn is ours now."""
        until = self._until(now)
        async with self._database.write(lease.org_id) as conn:
            return await _q.claim(conn, **lease.row, now=now, until=until) is not None

    async def extend(self, lease: Lease, now: dt.datetime) -> None:
        """Holds the turn for longer; the lease is lost if somebody else has taken it."""
        async with self._database.write(lease.org_id) as conn:
            lease.lost = await _q.extend(conn, **lease.row, until=self._until(now)) is None

    async def release(self, lease: Lease, now: dt.datetime) -> None:
        """Gives the turn back."""
        async with self._database.write(lease.org_id) as conn:
            await _q.release(conn, **lease.row, now=now)

    async def read(self, lease: Lease, now: dt.datetime) -> Load | None:
        """What is to be sent now, or None where the endpoint is gone; a braked endpoint is sent one thing only."""
        async with self._database.read(lease.org_id) as conn:
            row = await _q.read_endpoint(conn, org_id=lease.org_id, id=lease.endpoint_id, reader=lease.reader)
            if row is None:
                return None
            values = dict(row)
            cursor, last = values.pop("cursor"), values.pop("last")
            endpoint = store.endpoint(values)
            braked = endpoint.failures >= self._policy.brake_after
            most = 1 if braked else self._policy.page
            due = await _due(conn, lease, now, most)
            if braked and due:
                return Load(endpoint=endpoint, cursor=cursor, upto=cursor, due=due)
            until = min(last, cursor + self._policy.scan)
            notes = await _fresh(conn, lease.org_id, endpoint, bounds=(cursor, until), count=most)
            if len(notes) == most:
                until = notes[-1].seq
            blocked = await _blocked(conn, lease, notes)
        return Load(
            endpoint=endpoint,
            cursor=cursor,
            upto=until,
            due=due,
            fresh=chains([note for note in notes if note.entity_id not in blocked]),
            behind=[note for note in notes if note.entity_id in blocked],
        )

    async def settle(self, lease: Lease, load: Load, told: Told) -> None:
        """Writes how a round ended, in one transaction with the cursor; TryAgain if the turn is no longer ours."""
        async with self._database.write(lease.org_id) as conn:
            rows = await _q.lock_endpoints(conn, org_id=lease.org_id, ids=[lease.endpoint_id])
            endpoint = store.endpoint(rows[0])
            held = await _q.advance(conn, **lease.row, seq=load.upto, until=self._until(told.ended_at))
            if held is None:
                lease.lost = True
                raise TryAgain("another process has taken this endpoint's turn, or the endpoint was deleted")
            if endpoint.version != load.endpoint.version:
                # Somebody resumed or changed it meanwhile: what failed before that begins again.
                told.kept = [verdict.forgiven(entry, told.ended_at) for entry in told.kept]
            await _store(conn, lease, told)
            if told.health.success_at or told.health.failure_at:
                after = verdict.with_health(endpoint, told.health, self._policy, told.chance)
                await _note_health(conn, lease.org_id, after)

    def _until(self, now: dt.datetime) -> dt.datetime:
        return now + dt.timedelta(seconds=self._policy.lease_seconds)


async def _store(conn: Connection, lease: Lease, told: Told) -> None:
    org_id, endpoint_id, kept = lease.org_id, lease.endpoint_id, told.kept
    if told.freed:
        await _q.forget_delivered(conn, org_id=org_id, endpoint_id=endpoint_id, seqs=told.done)
    if kept:
        await _q.keep(
            conn,
            org_id=org_id,
            endpoint_id=endpoint_id,
            seqs=[entry.seq for entry in kept],
            entity_ids=[entry.entity_id for entry in kept],
            attempts=[entry.attempts for entry in kept],
            next_ats=[entry.next_at for entry in kept],
            parked=[entry.parked for entry in kept],
            gave_up_ats=[entry.gave_up_at for entry in kept],
        )
    # Also behind what was kept and is gone by now: people may have skipped it, or its flow has made it good.
    freed = list(
        told.freed | {entry.entity_id for entry in kept if not entry.attempts and entry.next_at is None}
    )
    if freed:
        await _q.promote(conn, org_id=org_id, endpoint_id=endpoint_id, entity_ids=freed, now=told.ended_at)


async def _note_health(conn: Connection, org_id: int, endpoint: Endpoint) -> None:
    await _q.note_health(
        conn,
        org_id=org_id,
        id=endpoint.id,
        failures=endpoint.failures,
        failing_since=endpoint.failing_since,
        retry_at=endpoint.retry_at,
        last_success_at=endpoint.last_success_at,
        last_failure_at=endpoint.last_failure_at,
        last_error=endpoint.last_error,
    )


async def _due(conn: Connection, lease: Lease, now: dt.datetime, most: int) -> list[list[Note]]:
    """At most so many deliveries, of at most so many entities."""
    due = await _q.due_entities(conn, org_id=lease.org_id, endpoint_id=lease.endpoint_id, now=now, count=most)
    if not due:
        return []
    rows = await _q.kept_notes(
        conn,
        org_id=lease.org_id,
        endpoint_id=lease.endpoint_id,
        entity_ids=[row["entity_id"] for row in due],
        count=most,
    )
    return chains([_note(row) for row in rows])


async def _fresh(
    conn: Connection, org_id: int, endpoint: Endpoint, *, bounds: tuple[int, int], count: int
) -> list[Note]:
    after, until = bounds
    if after >= until:
        return []
    rows = await _q.fresh_notes(
        conn,
        org_id=org_id,
        after=after,
        until=until,
        everything=not endpoint.names,
        names=[name for name in endpoint.names if not name.endswith(".*")],
        beginnings=[name.removesuffix("*") for name in endpoint.names if name.endswith(".*")],
        enterprise=None if endpoint.enterprise_id is None else [str(endpoint.enterprise_id)],
        count=count,
    )
    notes = [_note(row) for row in rows]
    if endpoint.enterprise_id is None:
        return notes
    # Who else may see the event is none of this receiver's business.
    own = {"enterprises": [str(endpoint.enterprise_id)]}
    return [msgspec.structs.replace(note, data=_with(note.data, own)) for note in notes]


def _note(row: Mapping[str, Any]) -> Note:
    """An event as it was read; what it says is text and need not be understood here."""
    return Note(**{**row, "data": msgspec.Raw(row["data"])})


def _with(data: msgspec.Raw, more: Mapping[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({**msgspec.json.decode(data), **more}))


async def _blocked(conn: Connection, lease: Lease, notes: Sequence[Note]) -> set[uuid.UUID]:
    """The entities of these events that have something kept, which goes first."""
    if not notes:
        return set()
    entity_ids = list({note.entity_id for note in notes})
    rows = await _q.entities_kept(
        conn, org_id=lease.org_id, endpoint_id=lease.endpoint_id, entity_ids=entity_ids
    )
    return {row["entity_id"] for row in rows}


def chains(notes: Sequence[Note]) -> list[list[Note]]:
    """The events by entity, in the order of the first of each."""
    found: dict[uuid.UUID, list[Note]] = {}
    for note in notes:
        found.setdefault(note.entity_id, []).append(note)
    return list(found.values())
