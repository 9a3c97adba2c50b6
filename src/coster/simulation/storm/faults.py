"""What goes wrong, carried out: processes killed, connections cut, a line silent, a disk full; and what is killed comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from coster.engine.db import connect, sql
from coster.engine.db.connect import Connection, Target
from coster.engine.db.embedded import EmbeddedServer
from coster.engine.db.faults import DatabaseAway
from coster.simulation.serving import Server
from coster.simulation.storm import plan as planned
from coster.simulation.storm.caller import Desk
from coster.simulation.storm.disk import Disk
from coster.simulation.storm.line import Line
from coster.simulation.storm.plan import Fault, Plan

_q = sql.load(__file__)
_KILLS: Final = (planned.KILL_SERVER, planned.KILL_DATABASE, planned.KILL_BACKEND, planned.KILL_ALL)
_AGAIN: Final = 0.1
_AWAY: Final = (
    DatabaseAway,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)


class Kept:
    """A server process that somebody starts again whenever it ends, as systemd would."""

    def __init__(self, server: Server, desk: Desk) -> None:
        self.server, self._desk = server, desk
        self._killed = False
        self._leaving = False

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
            if not self._killed:
                self._desk.report.break_(f"a server process ended by itself with code {code}")
            self._killed = False
            await self._start()

    async def _start(self) -> None:
        while not self._leaving:
            try:
                await self.server.start()
            except RuntimeError:
                # The database is away as well; whoever keeps a server tries again.
                self._desk.report.faults["a server could not start yet"] += 1
                await asyncio.sleep(_AGAIN)
            else:
                return

    async def leave(self) -> int:
        """SIGTERM; gives the code with which it ended."""
        self._leaving = True
        await self.server.stop()
        return await self.server.ended()


@dataclass(frozen=True, slots=True)
class Saboteur:
    """Carries out the plan's faults. The first server is spared, so that its memory can be watched all the time, and the last
    one stands at the end of the line.
    """

    plan: Plan
    desk: Desk
    servers: Sequence[Kept]
    database: EmbeddedServer
    line: Line
    disk: Disk

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
        if kind == planned.FILL_DISK and self.disk.trouble:
            report.impossible[kind] = self.disk.trouble
            return
        report.strike(kind)
        if kind in _KILLS:
            self.desk.waiting.append((kind, time.monotonic()))
        if kind in (planned.KILL_SERVER, planned.KILL_ALL):
            await self.servers[1 + int(fault.target * (len(self.servers) - 1))].kill()
        if kind in (planned.KILL_DATABASE, planned.KILL_ALL):
            self._kill_database()
        elif kind in (planned.KILL_BACKEND, planned.CUT_BACKENDS):
            await self._reach_backends(fault)
        elif kind == planned.FILL_DISK:
            await self.disk.fill(2 * fault.seconds)
            self.desk.waiting.append((f"{kind}; room again", time.monotonic()))
        elif kind == planned.FREEZE_LINE:
            self.line.freeze()
            await asyncio.sleep(fault.seconds)
        if kind in (planned.CUT_LINE, planned.FREEZE_LINE):
            self.line.cut()

    def _kill_database(self) -> None:
        pid = self.database.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    async def _reach_backends(self, fault: Fault) -> None:
        try:
            conn = await connect.connect(self.database.connect_options())
            try:
                await _strike(conn, fault)
            finally:
                conn.terminate()
        except _AWAY:
            self.desk.report.faults[f"{fault.kind}: the database was away already"] += 1


async def _strike(conn: Connection, fault: Fault) -> None:
    if fault.kind == planned.CUT_BACKENDS:
        await _q.cut_backends(conn)
        return
    pids = [row["pid"] for row in await _q.backends(conn)]
    if pids:
        os.kill(pids[int(fault.target * len(pids))], signal.SIGKILL)


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
