"""The task of a process that keeps links: it looks for those with something to do, and serves each under a lease.

Links of one peer are served side by side, but for a peer that does not answer: that is asked by one link at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from typing import Any, Final

import asyncpg

from coster.domain.linking.handlers.turn import Tools, Turns
from coster.domain.linking.model import Lease, ReconcileLink, ReportLink
from coster.engine import observe
from coster.kernel import ids
from coster.kernel.errors import Fault

# What passes: the database is away, the process is busy or going down, a turn was lost. The next look tries again.
_PASSING: Final = (Fault, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
_MOST_TURNS: Final = 64
# While something is going on, and for a while afterwards; when all is quiet, what this process does itself still wakes it at once.
_POLL_SECONDS: Final = 0.25
_QUIET_POLL_SECONDS: Final = 1.0
_QUIET_AFTER_SECONDS: Final = 120.0
_BETWEEN_LOOKS: Final = 0.005
_ROUNDS_SECONDS: Final = 5.0
_COMPARE_SECONDS: Final = 60.0
_KEPT_DAYS: Final = 7
# A turn is lent for four times as long (`InDatabase`).
_EXTEND_SECONDS: Final = 5.0


class Linker:
    """Serves the links of all organisations, together with the linkers of other processes."""

    def __init__(self, tools: Tools, holder: uuid.UUID) -> None:
        self._tools = tools
        self._turns = Turns(tools)
        self._holder = holder
        self._running: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._stopping = False
        self._watched_at: dt.datetime | None = None
        self._compared_at: dt.datetime | None = None
        self._served_at = float("-inf")

    def wake(self) -> None:
        """There may be something new: look at once and not at the next poll."""
        self._woken.set()

    async def run(self) -> None:
        """Works until `stop`."""
        while not self._stopping:
            self._woken.clear()
            try:
                await self._begin()
                await self._watch()
            except _PASSING as fault:
                observe.log.warning("links_look_failed", exc_info=fault)
            except Exception as fault:  # noqa: BLE001 - were this task to end, nothing would be sent any more
                observe.log.error("links_look_fault", exc_info=fault)
            await asyncio.sleep(_BETWEEN_LOOKS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._pause())
        while self._running:
            await asyncio.wait(list(self._running.values()))

    def _pause(self) -> float:
        """Seconds until the next look, where nobody wakes us."""
        quiet = asyncio.get_running_loop().time() - self._served_at > _QUIET_AFTER_SECONDS
        return _QUIET_POLL_SECONDS if quiet else _POLL_SECONDS

    async def serve_due(self) -> int:
        """One look, and all that is due now served to its end; gives the number of links served."""
        begun = await self._begin()
        if begun:
            await asyncio.wait(begun)
        return len(begun)

    def stop(self) -> None:
        """Sends nothing more; `run` returns when what is under way has ended and is written down."""
        self._stopping = True
        self._woken.set()

    async def _begin(self) -> list[asyncio.Task[None]]:
        tools = self._tools
        room = _MOST_TURNS - len(self._running)
        if room <= 0:
            return []
        due = await tools.journal.due(
            self._holder, (tools.machine(), tools.instant()), room + len(self._running)
        )
        begun = []
        for org_id, id_, peer_id in due:
            if id_ in self._running or len(self._running) >= _MOST_TURNS:
                continue
            lease = Lease(org_id=org_id, held_order_id=id_, peer_id=peer_id, holder=self._holder)
            self._served_at = asyncio.get_running_loop().time()
            task = asyncio.create_task(self._turn(lease))
            self._running[id_] = task
            begun.append(task)
        return begun

    async def _turn(self, lease: Lease) -> None:
        tools = self._tools
        extending: asyncio.Task[None] | None = None
        try:
            if not await tools.journal.claim(lease, tools.machine()):
                return
            extending = asyncio.create_task(self._extend(lease))
            await self._turns.serve(lease, lambda: not self._stopping)
            await tools.journal.release(lease, tools.machine())
        except _PASSING as fault:
            observe.log.warning(
                "link_turn_failed", org_id=lease.org_id, held_order=str(lease.held_order_id), exc_info=fault
            )
        except Exception as fault:  # noqa: BLE001 - one link's trouble must not end the turns of all others
            # Its lease runs out before anybody tries again.
            observe.log.error(
                "link_turn_fault", org_id=lease.org_id, held_order=str(lease.held_order_id), exc_info=fault
            )
        finally:
            if extending is not None:
                extending.cancel()
            del self._running[lease.held_order_id]
            # What came while the turn ended is found at once.
            self.wake()

    async def _extend(self, lease: Lease) -> None:
        """A turn may take as long as a peer does."""
        while True:
            await asyncio.sleep(_EXTEND_SECONDS)
            with contextlib.suppress(*_PASSING):
                await self._tools.journal.extend(lease, self._tools.machine())

    # -- what people must know, and what is compared -----------------------------------------------------------------

    async def _watch(self) -> None:
        """Every few seconds tells people of links that cannot be confirmed; every minute has compared what was not for a day."""
        machine = self._tools.machine()
        if _has_passed(self._watched_at, machine, _ROUNDS_SECONDS):
            self._watched_at = machine
            await self._alarm(machine)
        if _has_passed(self._compared_at, machine, _COMPARE_SECONDS):
            first, self._compared_at = self._compared_at is None, machine
            await self._compare(machine, 0 if first else self._tools.patience.look_hours)

    async def _alarm(self, machine: dt.datetime) -> None:
        tools = self._tools
        closing = tools.instant() + dt.timedelta(seconds=tools.patience.alarm_seconds)
        failing = machine - dt.timedelta(seconds=tools.patience.fail_seconds)
        for alarm in await tools.journal.alarms(closing, failing):
            what = "unconfirmed" if alarm.new else "recovered"
            body = ReportLink(held_order_id=alarm.held_order_id, what=what, cause=alarm.cause)  # type: ignore[arg-type]
            await self._send(alarm.org_id, body, machine)

    async def _compare(self, machine: dt.datetime, hours: float) -> None:
        tools, now = self._tools, self._tools.instant()
        before = now - dt.timedelta(hours=hours)
        for org_id, id_ in await tools.journal.uncompared(before, now - dt.timedelta(days=_KEPT_DAYS)):
            await self._send(org_id, ReconcileLink(held_order_id=id_, by_itself=True), machine)

    async def _send(self, org_id: int, body: Any, machine: dt.datetime) -> None:
        command_id = ids.derived(
            "linking.watch", type(body).__name__, getattr(body, "what", ""), body.held_order_id, machine
        )
        await self._tools.submit(org_id, command_id, body, "")


def _has_passed(since: dt.datetime | None, now: dt.datetime, seconds: float) -> bool:
    return since is None or abs((now - since).total_seconds()) >= seconds
