"""The task of a process that carries news: committed events to reactions, due timers to commands.

It looks for organisations with something to do, takes a lease on each, and works until nothing is left. A command's id
follows from its cause, so whatever is sent twice, after a crash for example, takes effect once.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from coster.engine import observe
from coster.engine.db import sql
from coster.engine.db.connect import Database
from coster.engine.outbox import feed, parked
from coster.engine.outbox.lease import READER, Lease, Leases
from coster.engine.outbox.react import Reactions, Reactor
from coster.engine.outbox.send import Pace, Sender, Submit
from coster.engine.outbox.timers import Timers
from coster.kernel.clock import Clock, SystemClock
from coster.kernel.errors import Busy, Stopped

_q = sql.load(__file__)
# The database is away, or a race was lost: whatever was not noted is found and done again, which is harmless.
_PASSING = (Busy, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the relay works with.

    `submit` takes commands, `reactions` are those of all rooms by the event's name, `bodies` gives the type of a
    command's body by its kind, `clock` says what is due.
    """

    submit: Submit
    reactions: Reactions
    bodies: Mapping[str, type]
    clock: Clock


class Relay:
    """Carries events and timers of all organisations: `run` is its task, `stop` ends it, `settle` waits for all of it.

    `rung` is the relay's own listener on the bell of commits; `wall` measures leases (other than the wiring's clock,
    which somebody may move).
    """

    def __init__(
        self,
        database: Database,
        wiring: Wiring,
        *,
        rung: asyncio.Event | None = None,
        pace: Pace | None = None,
        wall: Clock | None = None,
    ) -> None:
        self._database = database
        self._clock = wiring.clock
        self._rung = rung or asyncio.Event()
        self._pace = pace or Pace()
        self._sender = Sender(wiring.submit, self._pace)
        self._reactor = Reactor(wiring.reactions, self._sender, self._clock, self._pace)
        self._timers = Timers(database, wiring.bodies, self._sender, self._clock, self._pace)
        self._leases = Leases(database, wall or SystemClock(), holder=uuid.uuid4(), seconds=self._pace.lease)
        self._slots = asyncio.Semaphore(self._pace.organisations)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()
        self._noted: dict[int, float] = {}

    async def run(self) -> None:
        """Works until `stop`; when it is cancelled, everything is left as it is, for another process to take over."""
        try:
            while not self._sender.stopping and await self._look_patiently():
                await asyncio.sleep(self._pace.pause)
                # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the ring.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pace.poll):
                        await self._rung.wait()
                self._rung.clear()
        finally:
            if not self._sender.stopping:
                for task in self._tasks.values():
                    task.cancel()

    async def stop(self) -> None:
        """Takes up nothing new, waits for what was sent, and gives the leases back."""
        self._sender.stopping = True
        self._rung.set()
        await self._idle()
        with contextlib.suppress(Stopped, *_PASSING):
            await self._leases.release_all()

    async def settle(self) -> None:
        """Returns when no reaction is left and no timer is due in any organisation, by the clock at that moment."""
        while not self._sender.stopping:
            await self._look_patiently()
            await self._idle()
            async with self._database.system() as conn:
                rows = await self._waiting(conn)
            if not any(self._is_work(row) for row in rows):
                return
            # What is left belongs to another process, or came up just now, or failed and is tried again.
            await asyncio.sleep(self._pace.pause)

    # ------------------------------------------------------------------------------------------------------- looking

    async def _look_patiently(self) -> bool:
        """Looks, however the database is just now; False once it is closed for good."""
        try:
            await self._look()
        except Stopped:
            return False
        except _PASSING as fault:
            observe.log.warning("relay_look_failed", cause=type(fault).__name__)
            await asyncio.sleep(self._pace.pause)
        return True

    async def _look(self) -> None:
        """Starts work where there is some that nobody else does."""
        async with self._database.system() as conn:
            rows = await self._waiting(conn)
        observe.RELAY_LAG.set(max((row["n"] - self._passed(row) for row in rows), default=0))
        for row in rows:
            org_id = row["org_id"]
            if self._is_foreign(row) or not (self._is_work(row) or self._is_unnoted(row)):
                continue
            if org_id in self._tasks:
                self._again.add(org_id)
                continue
            self._tasks[org_id] = asyncio.create_task(self._work(org_id))
            self._tasks[org_id].add_done_callback(functools.partial(self._done, org_id))

    async def _waiting(self, conn: Any) -> list[Any]:
        rows: list[Any] = await _q.waiting_organisations(conn, now=self._clock.now(), reader=READER)
        return rows

    def _passed(self, row: Mapping[str, Any]) -> int:
        lease = self._leases.get(row["org_id"])
        noted: int = row["seq"]
        return max(noted, lease.seq) if lease else noted

    def _is_work(self, row: Mapping[str, Any]) -> bool:
        return bool(row["n"] > self._passed(row) or row["due"] or row["resumed"])

    def _is_foreign(self, row: Mapping[str, Any]) -> bool:
        return self._leases.is_foreign(row["holder"], row["held_until"])

    def _is_unnoted(self, row: Mapping[str, Any]) -> bool:
        """Whether this process has passed events that need no reaction, and should note it by now."""
        age = asyncio.get_running_loop().time() - self._noted.get(row["org_id"], 0.0)
        return self._passed(row) > row["seq"] and age >= self._pace.note

    def _done(self, org_id: int, task: asyncio.Task[None]) -> None:
        del self._tasks[org_id]
        if not task.cancelled() and (fault := task.exception()):
            observe.log.error("relay_fault", org_id=org_id, exc_info=fault)
        if org_id in self._again:
            self._again.discard(org_id)
            self._rung.set()

    async def _idle(self) -> None:
        while self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    # ------------------------------------------------------------------------------------------------------- working

    async def _work(self, org_id: int) -> None:
        """All that there is to do for one organisation; what the database made fail is found by the next look."""
        async with self._slots:
            try:
                while await self._step(org_id):
                    pass
            except* Stopped:
                self._again.discard(org_id)
            except* _PASSING as faults:
                observe.log.warning("relay_work_failed", org_id=org_id, cause=repr(faults.exceptions[0]))

    async def _step(self, org_id: int) -> bool:
        """A slice of events, else reactions to be run again, else timers of one kind; False where nothing was left.

        Timers wait for the events before them, because a reaction may move or cancel them.
        """
        if self._sender.stopping:
            return False
        lease = await self._leases.take(org_id)
        if lease is None:
            return False
        async with self._kept(lease):
            return await self._react(lease) or await self._resume(lease) or await self._timers.fire(org_id)

    @contextlib.asynccontextmanager
    async def _kept(self, lease: Lease) -> AsyncIterator[None]:
        """Renews the lease for as long as the block runs."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(self._pace.lease / 3)
                with contextlib.suppress(Stopped, *_PASSING):
                    await self._leases.take(lease.org_id)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()

    async def _react(self, lease: Lease) -> bool:
        async with self._database.read(lease.org_id) as conn:
            events, upto = await feed.read_named(
                conn, lease.org_id, lease.seq, names=self._reactor.names, limit=self._pace.slice
            )
        if not events:
            lease.seq = upto
            await self._note(lease)
            return False
        failed = await self._reactor.run(events)
        async with self._database.write(lease.org_id) as conn:
            await parked.keep(conn, lease.org_id, failed)
            return await self._leases.advance(conn, lease, upto)

    async def _note(self, lease: Lease) -> None:
        """Stores how far events without reactions were passed, but not after every commit."""
        now = asyncio.get_running_loop().time()
        if lease.seq > lease.stored and now - self._noted.get(lease.org_id, 0.0) >= self._pace.note:
            self._noted[lease.org_id] = now
            async with self._database.write(lease.org_id) as conn:
                await self._leases.advance(conn, lease, lease.seq)

    async def _resume(self, lease: Lease) -> bool:
        async with self._database.read(lease.org_id) as conn:
            wanted = await parked.read_resumed(conn, lease.org_id, limit=self._pace.slice)
        if not wanted:
            return False
        failed = await self._reactor.again(wanted)
        async with self._database.write(lease.org_id) as conn:
            await parked.settle(conn, lease.org_id, run=wanted, failed=failed)
        return True
