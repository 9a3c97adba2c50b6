"""Puts the machinery of links together: the task that keeps them, those who wait, and the bell that wakes both."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from coster.domain.federation.ports import Ask, NotAllowed, Suppliers
from coster.domain.linking.handlers import InDatabase
from coster.domain.linking.handlers.turn import Tools
from coster.domain.linking.handlers.waiting import Waiters
from coster.domain.linking.handlers.working import Linker
from coster.domain.linking.rules.patience import Patience
from coster.engine import tasks
from coster.engine.batch.gather import Gatherer
from coster.engine.db.connect import Database
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Accepted


@dataclass(frozen=True, slots=True)
class Ground:
    """What links stand on. `holder` is this process among others; without `background` it only waits, and others keep the links."""

    database: Database
    gatherer: Gatherer
    suppliers: Suppliers
    instant: Callable[[], dt.datetime]
    machine: Callable[[], dt.datetime]
    chance: Callable[[], float]
    holder: uuid.UUID
    background: bool = True
    patience: Patience = field(default_factory=Patience)


class NoWay:
    """Where this server has no keys to open what it knows of other platforms with: nobody can be spoken to, and that is said."""

    async def put(self, _ask: Ask) -> NotAllowed:
        """It cannot be told."""
        return NotAllowed(cause="keys_missing")

    async def look(self, _ask: Ask) -> NotAllowed:
        """Nor asked."""
        return NotAllowed(cause="keys_missing")


@contextlib.asynccontextmanager
async def started(ground: Ground) -> AsyncIterator[Waiters]:
    """Links are kept, and can be waited for, while the block runs; then what is under way is finished."""

    async def submit(org_id: int, command_id: uuid.UUID, body: Any, reason: str) -> bool:
        command = Command(command_id, org_id, SYSTEM, ground.instant(), body, reason=reason)
        result = await ground.gatherer.submit(command)
        return isinstance(result.outcome, Accepted)

    heard: list[Callable[[int, uuid.UUID], None]] = []

    def told(org_id: int, held_order_id: uuid.UUID) -> None:
        for tell in heard:
            tell(org_id, held_order_id)

    tools = Tools(
        journal=InDatabase(ground.database), suppliers=ground.suppliers, submit=submit, instant=ground.instant, machine=ground.machine,
        chance=ground.chance, patience=ground.patience, told=told,
    )  # fmt: skip
    linker = Linker(tools, ground.holder)
    waiters = Waiters(tools, linker.wake)
    heard.append(waiters.wake)
    waiting = asyncio.create_task(waiters.run())
    ringing = asyncio.create_task(_wake_at_commits(linker, ground.gatherer.committed.listen(_NAMES)))
    forgetting = asyncio.create_task(
        _forget_at_commits(waiters, ground.gatherer.committed.listen(_SUPPLIERS))
    )
    working = asyncio.create_task(linker.run()) if ground.background else None
    try:
        yield waiters
    finally:
        ringing.cancel()
        forgetting.cancel()
        linker.stop()
        if working is not None:
            await working
        await tasks.end(waiting)


_OF_HELD_ORDERS = ("created", "changed", "completed", "cancelled", "fulfilled", "stepped", "shorted")
_NAMES = (*(f"held_order.{what}" for what in _OF_HELD_ORDERS), "link.settled")


_SUPPLIERS = tuple(f"supplier.{what}" for what in ("accepted", "changed", "removed"))


async def _forget_at_commits(waiters: Waiters, rung: asyncio.Event) -> None:
    while True:
        await rung.wait()
        rung.clear()
        waiters.forget()


async def _wake_at_commits(linker: Linker, rung: asyncio.Event) -> None:
    while True:
        await rung.wait()
        rung.clear()
        linker.wake()
