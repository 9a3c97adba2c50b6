"""What goes wrong, carried out: processes killed, connections cut, a line silent, a disk full; and what is killed comes back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import asyncpg

from coster.engine.db import connect, sql
from coster.engine.db.connect import Target
from coster.engine.db.faults import DatabaseAway
from coster.simulation.serving import Server
from coster.simulation.storm import plan as planned
from coster.simulation.storm.caller import Desk
from coster.simulation.storm.ground import Ground
from coster.simulation.storm.line import Line
from coster.simulation.storm.plan import Fault, Plan

_q = sql.load(__file__)
_KILLS: Final = (planned.KILL_SERVER, planned.KILL_DATABASE, planned.KILL_BACKEND, planned.KILL_ALL)
_AGAIN: Final = 0.1
_BACK_SECONDS: Final = 120.0
_GOES_SECONDS: Final = 60.0
_AWAY: Final = (
    DatabaseAway,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)


class Notes(Protocol):
    """Where it is noted what went wrong: on purpose, counted by name, or broken, in a sentence."""

    faults: Counter[str]

    def break_(self, sentence: str, /) -> None:
        """Notes a broken promise."""
        ...


class Kept:
    """A server process that somebody starts again whenever it ends, as systemd would."""

    def __init__(self, server: Server, report: Notes) -> None:
        self.server, self._report = server, report
        self._killed = False
        self._leaving = False
        self._up = asyncio.Event()
        self._up.set()

    async def there(self) -> None:
        """Returns when it is there, again."""
        await self._up.wait()

    async def kill(self) -> None:
        """`kill -9`."""
        self._killed = True
        await self.server.kill()

    async def keep(self) -> None:
        """Starts it again and again, until `leave`; that it ended by itself is noted as broken."""
        while True:
            code = await self.server.ended()
            if self._leaving:
                return
            self._up.clear()
            if not self._killed:
                self._report.break_(f"a server process ended by itself with code {code}")
            self._killed = False
            await self._start()

    async def _start(self) -> None:
        while not self._leaving:
            try:
                await self.server.start()
            except RuntimeError:
                # The database is away as well; whoever keeps a server tries again.
                self._report.faults["a server could not start yet"] += 1
                await asyncio.sleep(_AGAIN)
            else:
                self._up.set()
                return

    async def leave(self) -> int:
        """SIGTERM, once it is there again; gives the code with which it ended. TimeoutError where it does not come back."""
        async with asyncio.timeout(_BACK_SECONDS):
            await self._up.wait()
        self._leaving = True
        try:
            async with asyncio.timeout(_GOES_SECONDS):
                await self.server.stop()
        except TimeoutError:
            self._report.break_(f"a server that was told to finish was there after {_GOES_SECONDS:g} s still")
            await self.server.kill()
        return await self.server.ended()


@dataclass(frozen=True, slots=True)
class Saboteur:
    """Carries out the plan's faults. The first server is spared, so that its memory can be watched all the time, and the last
    one stands at the end of the last line.
    """

    plan: Plan
    desk: Desk
    servers: Sequence[Kept]
    ground: Ground
    lines: Sequence[Line]

    async def run(self, blows: Callable[[], bool]) -> None:
        """Everything at its second."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for fault in self.plan.faults():
                await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
                if not blows():
                    break
                tasks.create_task(self._carry_out(fault))

    async def _carry_out(self, fault: Fault) -> None:
        report, kind = self.desk.report, fault.kind
        if trouble := self.ground.impossible.get(kind):
            report.impossible[kind] = trouble
            return
        name = self.ground.instead.get(kind, kind)
        if name != kind:
            report.impossible[kind] = f"the server is reached by a URL; instead: {name}"
        report.strike(name)
        if kind in _KILLS:
            self.desk.waiting.append((name, time.monotonic()))
        if kind in (planned.KILL_SERVER, planned.KILL_ALL):
            await self.servers[1 + int(fault.target * (len(self.servers) - 1))].kill()
        if kind in (planned.CUT_LINE, planned.FREEZE_LINE, planned.FILL_DISK):
            await self._trouble_lines(fault)
        elif kind != planned.KILL_SERVER:
            await self._strike_database(fault)

    async def _trouble_lines(self, fault: Fault) -> None:
        if fault.kind == planned.FREEZE_LINE:
            self.lines[-1].freeze()
            await asyncio.sleep(fault.seconds)
        if fault.kind != planned.FILL_DISK:
            self.lines[-1].cut()
            return
        await self.ground.fill(2 * fault.seconds)
        self.desk.waiting.append(
            (f"{self.ground.instead.get(fault.kind, fault.kind)}; over", time.monotonic())
        )
        if fault.kind in self.ground.instead:
            for line in self.lines:
                line.cut()

    async def _strike_database(self, fault: Fault) -> None:
        try:
            if fault.kind == planned.KILL_BACKEND:
                await self.ground.kill_one(fault.target)
            elif fault.kind == planned.CUT_BACKENDS:
                await _cut_half(self.ground.options)
            else:
                await self.ground.kill()
        except _AWAY:
            self.desk.report.faults[f"{fault.kind}: the database was away already"] += 1


async def _cut_half(target: Target) -> None:
    conn = await connect.connect(target)
    try:
        await _q.cut_backends(conn)
    finally:
        conn.terminate()


async def watch(desk: Desk, target: Target, blows: Callable[[], bool]) -> None:
    """Looks at the stock itself, again and again: never more promised than there is."""
    looks, conn = 0, None
    while blows():
        try:
            conn = conn or await connect.connect(target)
            for row in await _q.oversold(conn, org_id=desk.org_id):
                desk.report.break_(f"position {row['id']} promised {row['promised']} of {row['on_hand']}")
            looks += 1
        except _AWAY:
            if conn is not None:
                conn.terminate()
            conn = None
        await asyncio.sleep(0.1)
    if conn is not None:
        conn.terminate()
    desk.report.checked["looks at the stock while it blew"] = looks
