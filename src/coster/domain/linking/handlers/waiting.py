"""Those who wait for suppliers: a checkout is answered when every supplier holds what it wants, or one has refused.

One task of a process looks for all who wait: a wait costs memory and nothing else. What this process hears itself is told at once;
what other processes hear is found at the next look.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from coster.domain.linking.handlers.turn import Tools, Turns
from coster.domain.linking.model import Asked, Lease, OrderRefused, Verdict
from coster.domain.linking.rules import hearing, undoing
from coster.engine import observe
from coster.kernel.errors import Fault
from coster.kernel.message import Event

_PASSING: Final = (Fault, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
_LOOK_SECONDS: Final = 0.1
_BETWEEN_LOOKS: Final = 0.01
_SUPPLIERS_SECONDS: Final = 0.25
_TRIES: Final = 5


@dataclass(slots=True, eq=False)
class _Waiter:
    org_id: int
    asked: Asked
    future: asyncio.Future[Verdict | OrderRefused]
    since: dt.datetime


class Waiters:
    """All who wait for links in this process. `wake` is called with a link that was stored here."""

    def __init__(self, tools: Tools, nudge: Callable[[], None]) -> None:
        self._tools, self._turns, self._nudge = tools, Turns(tools), nudge
        self._journal, self._machine = tools.journal, tools.machine
        self._waiting: dict[int, set[_Waiter]] = {}
        self._remote: dict[int, tuple[float, frozenset[uuid.UUID]]] = {}
        self._woken = asyncio.Event()

    def wake(self, _org_id: int, _held_order_id: uuid.UUID) -> None:
        """A link was stored: look now."""
        self._woken.set()

    @property
    def count(self) -> int:
        """How many wait."""
        return sum(len(waiters) for waiters in self._waiting.values())

    async def needs(self, org_id: int, events: Sequence[Event]) -> dict[uuid.UUID, int]:
        """The held orders with suppliers elsewhere that these events made grow, each with its version then."""
        held = [event for event in events if event.entity == "held_order" and hearing.is_growth(event)]
        if not held:
            return {}
        remote = await self._suppliers(org_id)
        return {
            event.entity_id: event.version
            for event in held
            if uuid.UUID(str(event.data["producer_id"])) in remote
        }

    async def needs_of(self, org_id: int, order_id: uuid.UUID) -> dict[uuid.UUID, int]:
        """The same for all that an order holds now, for whoever has no events of it."""
        if not await self._suppliers(org_id):
            return {}
        found = await self._journal.accounts(org_id, [order_id])
        return {held: version for _, held, version in found}

    async def undone(self, org_id: int, order_id: uuid.UUID, command_id: uuid.UUID) -> Verdict | None:
        """Why what a command made of the order was taken back for a supplier's sake, where it was; what somebody has begun to take back
        and died over is taken back before this returns.
        """
        return await self._refused(org_id, Asked(order_id=order_id, needs={}, command_id=command_id))

    async def decided(self, org_id: int, asked: Asked) -> Verdict:
        """How the suppliers have decided; what nobody said within the time that the most patient of them is given is taken back."""
        if not asked.needs:
            return Verdict(kind="held")
        while True:
            verdict = await self._wait(org_id, asked)
            if isinstance(verdict, OrderRefused):
                # Somebody has begun to take it back: whether he died over it is not known, so it is done here as well, which is once.
                if await self._turns.carry_out(org_id, verdict):
                    return hearing.no(verdict)
            elif verdict.kind != "silent":
                return verdict
            else:
                return await self.taken_back(org_id, asked, verdict)

    async def _wait(self, org_id: int, asked: Asked) -> Verdict | OrderRefused:
        future: asyncio.Future[Verdict | OrderRefused] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(org_id, asked, future, self._machine())
        mine = self._waiting.setdefault(org_id, set())
        mine.add(waiter)
        self._woken.set()
        self._nudge()
        try:
            return await future
        finally:
            mine.discard(waiter)

    async def taken_back(self, org_id: int, asked: Asked, silent: Verdict) -> Verdict:
        """What nobody has acknowledged of the order is given up; where a supplier has spoken meanwhile, that counts."""
        order_id = asked.order_id
        kept = [held for held in asked.needs if not await self._given_up(org_id, order_id, held, silent.code)]
        if kept:
            return Verdict(kind="kept", held_order_id=silent.held_order_id, code=silent.code)
        return await self._refused(org_id, asked) or Verdict(kind="held")

    async def _refused(self, org_id: int, asked: Asked) -> Verdict | None:
        """What was refused of what somebody asks about, if anything was; what was begun is taken back before this returns."""
        for note in await self._journal.refusals(org_id, [asked.order_id]):
            if hearing.is_about(note, asked) and (note.done or await self._turns.carry_out(org_id, note)):
                return hearing.no(note)
        return None

    async def _given_up(self, org_id: int, order_id: uuid.UUID, held: uuid.UUID, code: str) -> bool:
        """Whether nothing of the order is left on this held order that its supplier has not acknowledged."""
        lease = Lease(org_id=org_id, held_order_id=held, peer_id=held, holder=held)
        for _ in range(_TRIES):
            turn = await self._journal.read(lease)
            if turn is None:
                return True
            # What has grown is reckoned by what was acknowledged in this look; where more is by now, all of it is looked at again.
            link = turn.link
            together = await self._turns.together(lease, turn, link)
            if together is None:
                return False
            turn, holders = together
            undone = undoing.alone(turn.here, holders, order_id)
            if not undone:
                return True
            told = OrderRefused(
                order_id=order_id, held_order_id=held, version=turn.here.version, code=code, left=()
            )
            if await self._turns.undo(org_id, link, undone, [told]):
                return True
        return False

    async def run(self) -> None:
        """Looks for those who wait, until it is cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _LOOK_SECONDS if self.count else None)
            self._woken.clear()
            for org_id in [one for one, waiters in self._waiting.items() if waiters]:
                try:
                    await self._look(org_id)
                except _PASSING as fault:
                    observe.log.warning("links_wait_failed", exc_info=fault)
                except Exception as fault:  # noqa: BLE001 - were this task to end, everybody would wait for ever
                    observe.log.error("links_wait_fault", exc_info=fault)
            await asyncio.sleep(_BETWEEN_LOOKS)

    async def _look(self, org_id: int) -> None:
        waiters = list(self._waiting[org_id])
        wanted = {held for waiter in waiters for held in waiter.asked.needs}
        # Refusals are kept before anything that follows them is acknowledged, so they are read last and count first.
        links = await self._journal.standings(org_id, wanted)
        refused: dict[uuid.UUID, list[OrderRefused]] = {}
        for one in await self._journal.refusals(org_id, {waiter.asked.order_id for waiter in waiters}):
            refused.setdefault(one.order_id, []).append(one)
        if missing := wanted - links.keys():
            await self._journal.open(org_id, sorted(missing))
            self._nudge()
        now = self._machine()
        for waiter in waiters:
            notes = refused.get(waiter.asked.order_id, [])
            verdict = hearing.verdict(waiter.asked, links, notes, (waiter.since, now))
            if verdict is not None and not waiter.future.done():
                waiter.future.set_result(verdict)

    def forget(self) -> None:
        """Somebody has connected a producer, or parted with one: who is elsewhere is asked anew."""
        self._remote.clear()

    async def _suppliers(self, org_id: int) -> frozenset[uuid.UUID]:
        """The producers that are elsewhere, as they were at most a quarter of a second ago; whom this process has connected it knows at
        once.
        """
        known = self._remote.get(org_id)
        instant = asyncio.get_running_loop().time()
        if known is None or instant - known[0] > _SUPPLIERS_SECONDS:
            known = self._remote[org_id] = (instant, await self._journal.remote_producers(org_id))
        return known[1]
