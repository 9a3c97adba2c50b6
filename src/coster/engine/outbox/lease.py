"""Leases on the reactions' cursors: one process reads an organisation's events, and another takes over when it dies.

Two readers at once would do no harm, because a command's id follows from its cause; the lease keeps commands about one
entity in order and saves work. Times of leases are those of the machine, never of a clock that somebody moves.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from coster.engine.db import sql
from coster.engine.db.connect import Connection, Database
from coster.kernel.clock import Clock

_q = sql.load(__file__)
READER = "reactions"


@dataclass(slots=True)
class Lease:
    """A cursor that this process holds: `seq` is done, `stored` of it is noted in the database."""

    org_id: int
    seq: int
    stored: int
    until: dt.datetime


class Leases:
    """The leases of one process, known by its `holder` id; `seconds` is how long one lasts without being renewed."""

    def __init__(self, database: Database, wall: Clock, *, holder: uuid.UUID, seconds: float) -> None:
        self._database = database
        self._wall = wall
        self._length = dt.timedelta(seconds=seconds)
        self.holder = holder
        self._held: dict[int, Lease] = {}

    def get(self, org_id: int) -> Lease | None:
        """The lease that this process holds, if it has not run out."""
        lease = self._held.get(org_id)
        return lease if lease and lease.until > self._wall.now() else None

    def is_foreign(self, holder: uuid.UUID | None, until: dt.datetime | None) -> bool:
        """Whether somebody else holds a lease that has not run out."""
        return holder not in (None, self.holder) and until is not None and until >= self._wall.now()

    async def take(self, org_id: int) -> Lease | None:
        """The lease, taken or renewed where it is needed; None where somebody else has it."""
        now = self._wall.now()
        held = self._held.get(org_id)
        if held and held.until - now > self._length / 2:
            return held
        until = now + self._length
        async with self._database.write(org_id) as conn:
            seq = await _q.take_lease(
                conn, org_id=org_id, reader=READER, holder=self.holder, until=until, now=now
            )
        if seq is None:
            self._held.pop(org_id, None)
            return None
        if held is None:
            held = self._held[org_id] = Lease(org_id, seq, seq, until)
        held.seq, held.stored, held.until = max(held.seq, seq), seq, until
        return held

    async def advance(self, conn: Connection, lease: Lease, seq: int) -> bool:
        """Notes in the caller's transaction what is done; False where the cursor is somebody else's by now."""
        stored = await _q.advance_cursor(
            conn, org_id=lease.org_id, reader=READER, holder=self.holder, seq=seq
        )
        if stored is None:
            self._held.pop(lease.org_id, None)
            return False
        lease.seq = lease.stored = seq
        return True

    async def release_all(self) -> None:
        """Notes what is done and gives all leases back."""
        for lease in list(self._held.values()):
            async with self._database.write(lease.org_id) as conn:
                if await self.advance(conn, lease, lease.seq):
                    await _q.release_lease(conn, org_id=lease.org_id, reader=READER, holder=self.holder)
        self._held.clear()
