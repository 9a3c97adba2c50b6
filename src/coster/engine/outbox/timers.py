"""What is due becomes a command: each timer once in effect, the earliest first, those of one kind side by side."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from coster.engine import observe
from coster.engine.db import sql
from coster.engine.db.connect import Database
from coster.engine.outbox import react
from coster.engine.outbox.send import Pace, Sender
from coster.kernel import clock as clocks
from coster.kernel import ids
from coster.kernel.clock import Clock
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Rejected

_q = sql.load(__file__)


@dataclass(frozen=True, slots=True)
class Due:
    """A timer whose time has come."""

    id: uuid.UUID
    due_at: dt.datetime
    kind: str
    body: Any
    attempts: int = 0
    """Below zero: so often it was refused."""


class RefusedError(Exception):
    """A timer came to a refusal: what it was to do was not done, and nobody waits for the answer."""


_NOTHING_TO_DO: Final = frozenset({"unknown_trigger", "wrong_status", "guard_false"})
"""Why an event fired nothing: what a timer was for is over, or not so now."""


class Timers:
    """Sends what is due; `bodies` gives the type of a command's body by its kind."""

    def __init__(
        self, database: Database, bodies: Mapping[str, type], sender: Sender, clock: Clock, pace: Pace
    ) -> None:
        self._database = database
        self._bodies = bodies
        self._sender = sender
        self._clock = clock
        self._pace = pace

    async def fire(self, org_id: int) -> bool:
        """Sends the earliest timers that are due, up to the first of another kind; False where nothing is due.

        Kinds take turns because what is due first may decide what a later one finds, after a standstill for example.
        """
        async with self._database.read(org_id) as conn:
            rows = await _q.due_timers(conn, org_id=org_id, now=self._clock.now(), limit=self._pace.slice)
        due = list(itertools.takewhile(lambda row: row["kind"] == rows[0]["kind"], rows))
        if not due:
            return False
        await self._send(org_id, [Due(**row) for row in due])
        return True

    async def _send(self, org_id: int, due: Sequence[Due]) -> None:
        slots = asyncio.Semaphore(self._pace.at_once)

        async def one(timer: Due) -> Exception | None:
            async with slots:
                return await self._answered(org_id, timer)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(timer)) for timer in due]
        faults = [(timer, task.result()) for timer, task in zip(due, tasks, strict=True)]
        done = [timer for timer, fault in faults if fault is None]
        failed = [(timer, fault) for timer, fault in faults if fault is not None]
        async with self._database.write(org_id) as conn:
            if done:
                await _q.finish_timers(
                    conn, org_id=org_id, ids=[t.id for t in done], due_ats=[t.due_at for t in done]
                )
            if failed:
                await _q.park_timers(
                    conn,
                    org_id=org_id,
                    ids=[t.id for t, _ in failed],
                    due_ats=[t.due_at for t, _ in failed],
                    causes=[react.cause(fault) for _, fault in failed],
                    refused=[isinstance(fault, RefusedError) for _, fault in failed],
                    attempts=self._pace.attempts,
                )

    async def _answered(self, org_id: int, timer: Due) -> Exception | None:
        """None once the timer's command is answered; else the fault, or the refusal, for which it is given up for now."""
        try:
            body: Any = msgspec.convert(timer.body, self._bodies[timer.kind])
        except (KeyError, msgspec.ValidationError) as fault:
            return self._given_up(timer, fault)
        again = (timer.attempts,) if timer.attempts < 0 else ()
        id_ = ids.derived("timer", timer.id, clocks.text(timer.due_at), *again)
        command: Command[Any] = Command(id_, org_id, SYSTEM, self._clock.now(), body)
        outcome = await self._sender.send(command)
        if isinstance(outcome, Exception):
            return self._given_up(timer, outcome)
        if isinstance(outcome, Rejected):
            if outcome.detail.get("reason") not in _NOTHING_TO_DO:
                return self._given_up(timer, RefusedError(f"{outcome.code}: {outcome.message}"))
            observe.log.warning("timer_rejected", kind=timer.kind, timer=str(timer.id), code=outcome.code)
        observe.TIMERS_FIRED.labels(timer.kind, type(outcome).__name__.lower()).inc()
        return None

    def _given_up(self, timer: Due, fault: Exception) -> Exception:
        observe.PARKED.labels("timer").inc()
        observe.log.error("timer_parked", kind=timer.kind, timer=str(timer.id), exc_info=fault)
        return fault
