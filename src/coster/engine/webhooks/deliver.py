"""The task of a process that delivers: it looks for endpoints with something due, and serves each under a lease."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from coster.engine import observe, tasks
from coster.engine.batch.run import Result
from coster.engine.db.connect import Database
from coster.engine.flows.failing import MakeGood
from coster.engine.webhooks import verdict
from coster.engine.webhooks.amends import Amends
from coster.engine.webhooks.journal import Journal, Lease, Load
from coster.engine.webhooks.model import Endpoint, Policy, StopCause, StopEndpoint
from coster.engine.webhooks.run import Run
from coster.engine.webhooks.sender import Sender
from coster.engine.webhooks.signing import Keyring
from coster.engine.webhooks.speaker import Speaker
from coster.kernel import ids
from coster.kernel.clock import Clock
from coster.kernel.errors import Fault
from coster.kernel.message import SYSTEM, Command

# What passes: the database is away, the process is busy or going down, a turn was lost. The next look tries again.
_PASSING: Final = (Fault, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


@dataclass(frozen=True, slots=True)
class Tools:
    """What delivering needs.

    `submit` takes a command into the pipeline (`Gatherer.submit`), `chance` gives numbers from 0 to 1 for the jitter,
    `holder` is this process among others, and `sender` was made with the same policy. `make_good` are the commands by which rooms
    hear that a message of a flow of theirs was not delivered, by the kind of entity.
    """

    database: Database
    sender: Sender
    keyring: Keyring
    submit: Callable[[Command[Any]], Awaitable[Result]]
    clock: Clock
    chance: Callable[[], float]
    holder: uuid.UUID
    policy: Policy
    make_good: Mapping[str, type[MakeGood]] = field(default_factory=dict)


class Deliverer:
    """Serves the endpoints of all organisations, together with the deliverers of other processes."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._journal = Journal(tools.database, tools.policy)
        self._amends = Amends(tools.database, tools.submit, tools.clock, tools.make_good)
        self._amending: asyncio.Task[None] | None = None
        self._turns: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """There may be something new: look at once and not at the next poll."""
        self._woken.set()

    async def run(self) -> None:
        """Delivers until `stop`."""
        while not self._stopping:
            self._woken.clear()
            if self._amending is None or self._amending.done():
                self._amending = asyncio.create_task(self._amend())
            try:
                await self._begin()
            except _PASSING as fault:
                observe.log.warning("webhooks_look_failed", exc_info=fault)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._tools.policy.poll_seconds)
        while self._turns:
            await asyncio.wait(list(self._turns.values()))
        if self._amending is not None:
            await asyncio.wait([self._amending])

    async def serve_due(self) -> int:
        """One look, and all that is due now served to its end, what was given up before it too; gives the number of endpoints served."""
        await self._amends.run()
        begun = await self._begin()
        if begun:
            await asyncio.wait(begun)
        return len(begun)

    def stop(self) -> None:
        """Sends nothing more; `run` returns when what is under way has ended and is written down."""
        self._stopping = True
        self._amends.stop()
        self._woken.set()

    async def _amend(self) -> None:
        """What was given up, made good or left to people; what goes wrong meanwhile is tried again at the next look."""
        try:
            await self._amends.run()
        except Exception as fault:  # noqa: BLE001 - trouble here must not end the deliveries
            observe.log.warning("webhook_amends_failed", exc_info=fault)

    async def _begin(self) -> list[asyncio.Task[None]]:
        policy, begun = self._tools.policy, []
        room = policy.endpoints - len(self._turns)
        if room <= 0:
            return []
        for org_id, endpoint_id in await self._waiting(room):
            task = asyncio.create_task(self._turn(Lease(org_id, endpoint_id, self._tools.holder)))
            self._turns[endpoint_id] = task
            begun.append(task)
        return begun

    async def _waiting(self, room: int) -> list[tuple[int, uuid.UUID]]:
        """Endpoints to serve, those among them whose turn of ours was broken off."""
        tools = self._tools
        # What this process serves already is found as well, and needs no room.
        found = await self._journal.waiting(tools.holder, tools.clock.now(), room + len(self._turns))
        return [pair for pair in found if pair[1] not in self._turns][:room]

    async def _turn(self, lease: Lease) -> None:
        tools = self._tools
        try:
            if not await self._journal.claim(lease, tools.clock.now()):
                return
            async with self._held(lease):
                more = await self._serve(lease)
            await self._journal.release(lease, tools.clock.now())
            if more:
                self.wake()
        except _PASSING as fault:
            observe.log.warning(
                "webhook_turn_failed", org_id=lease.org_id, endpoint=lease.reader, exc_info=fault
            )
        except Exception as fault:  # noqa: BLE001 - one endpoint's trouble must not end the deliveries to all others
            # Its lease runs out before anybody tries again.
            observe.WEBHOOK_FAULTS.inc()
            observe.log.error(
                "webhook_turn_fault", org_id=lease.org_id, endpoint=lease.reader, exc_info=fault
            )
        finally:
            del self._turns[lease.endpoint_id]

    async def _serve(self, lease: Lease) -> bool:
        """Rounds until nothing is due (False), or until it is time for others (True)."""
        tools = self._tools
        for _ in range(tools.policy.rounds):
            if self._stopping or lease.lost:
                return False
            now = tools.clock.now()
            load = await self._journal.read(lease, now)
            if load is None or load.endpoint.status != "active":
                return False
            endpoint = load.endpoint
            if verdict.fails_too_long(endpoint, tools.policy, now):
                await self._stop_endpoint(lease, endpoint, "failing")
                return False
            if load.empty or (endpoint.retry_at is not None and endpoint.retry_at > now):
                return False
            gone = await self._round(lease, load)
            if gone:
                await self._stop_endpoint(lease, endpoint, "gone")
                return False
        return True

    async def _round(self, lease: Lease, load: Load) -> bool:
        """Sends a load and writes how it ended; gives whether the receiver said that it is gone."""
        tools = self._tools
        speaker = Speaker(
            lease.org_id, load.endpoint, sender=tools.sender, keyring=tools.keyring, clock=tools.clock
        )
        run = Run(
            speaker.tell,
            tools.policy,
            tools.clock,
            chance=tools.chance,
            halted=lambda: self._stopping or lease.lost,
        )
        told = await run.over(load)
        await self._journal.settle(lease, load, told)
        observe.WEBHOOK_PARKED.inc(
            sum(kept.parked is not None and kept.gave_up_at is None for kept in told.kept)
        )
        if any(kept.gave_up_at is not None for kept in told.kept):
            self.wake()
        return told.health.gone

    async def _stop_endpoint(self, lease: Lease, endpoint: Endpoint, cause: StopCause) -> None:
        """Pauses or disables by a command like others, so that everybody is told."""
        command = Command(
            id=ids.derived("webhooks.stop_endpoint", lease.org_id, endpoint.id, endpoint.version, cause),
            org_id=lease.org_id,
            actor=SYSTEM,
            at=self._tools.clock.now(),
            body=StopEndpoint(endpoint_id=endpoint.id, version=endpoint.version, cause=cause),
        )
        await self._tools.submit(command)
        observe.WEBHOOK_STOPS.labels(cause).inc()

    @contextlib.asynccontextmanager
    async def _held(self, lease: Lease) -> AsyncIterator[None]:
        """Holds the lease while the block runs, however long a receiver takes."""
        task = asyncio.create_task(self._keep_holding(lease))
        try:
            yield
        finally:
            await tasks.end(task)

    async def _keep_holding(self, lease: Lease) -> None:
        while not lease.lost:
            await asyncio.sleep(self._tools.policy.lease_seconds / 3)
            try:
                await self._journal.extend(lease, self._tools.clock.now())
            except _PASSING as fault:
                observe.log.warning("webhook_lease_not_extended", endpoint=lease.reader, exc_info=fault)
