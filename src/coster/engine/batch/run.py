"""Run a batch: load, decide, write, commit. Here is the only commit of business state."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import msgspec

from coster.engine import observe
from coster.engine.batch.handler import Authorise, Handler
from coster.engine.db import sql
from coster.engine.db.connect import Connection, Database
from coster.engine.db.faults import DatabaseBusy
from coster.engine.outbox import append
from coster.kernel.errors import Busy, TryAgain
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

_q = sql.load(__file__)

# A race was lost or an outcome at commit is unknown (citus.md R15): the same ids run again give the same result.
_RACES = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.UniqueViolationError,
    TryAgain,
)
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    DatabaseBusy,
    OSError,
)
RACE_ATTEMPTS = 8
LOST_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one command, and what it caused (the preview of a dry run shows these events)."""

    outcome: Outcome
    events: tuple[Event, ...] = ()
    repeated: bool = False


class Runner:
    """Runs batches of one organisation and kind on a database."""

    def __init__(self, database: Database, authorise: Authorise) -> None:
        self._database = database
        self._authorise = authorise

    async def run(
        self, handler: Handler[Any, Any], commands: Sequence[Command[Any]], *, dry_run: bool = False
    ) -> list[Result | BaseException]:
        """One result per command, in arrival order; an exception stands where a single command is itself at fault.

        All commands are of one organisation and kind. A batch that fails for a reason of its own is halved until the
        poisonous command stands alone, so that it cannot stop its neighbours.
        """
        try:
            return list(await self._with_patience(handler, commands, dry_run))
        except Busy:
            raise
        except Exception as fault:  # noqa: BLE001
            observe.BATCH_FAULTS.labels(handler.kind).inc()
            if len(commands) == 1:
                observe.log.error(
                    "command_fault", kind=handler.kind, command=str(commands[0].id), exc_info=fault
                )
                return [fault]
            middle = len(commands) // 2
            first = await self.run(handler, commands[:middle], dry_run=dry_run)
            return first + await self.run(handler, commands[middle:], dry_run=dry_run)

    async def _with_patience(
        self,
        handler: Handler[Any, Any],
        commands: Sequence[Command[Any]],
        dry_run: bool,  # noqa: FBT001
    ) -> list[Result]:
        races = lost = 0
        while True:
            try:
                with observe.BATCH_SECONDS.labels(handler.kind).time():
                    return await self._once(handler, commands, dry_run)
            except _RACES as race:
                races += 1
                observe.BATCH_RERUNS.labels(handler.kind, type(race).__name__).inc()
                if races >= RACE_ATTEMPTS:
                    raise
                await asyncio.sleep(random.uniform(0, 0.002 * 2**races))  # noqa: S311
            except _LOST as gone:
                lost += 1
                observe.BATCH_RERUNS.labels(handler.kind, type(gone).__name__).inc()
                if lost >= LOST_ATTEMPTS:
                    raise Busy("the database cannot be reached just now", retry_after=5) from gone
                await asyncio.sleep(min(0.02 * 2**lost, 0.5))

    async def _once(
        self,
        handler: Handler[Any, Any],
        commands: Sequence[Command[Any]],
        dry_run: bool,  # noqa: FBT001
    ) -> list[Result]:
        org_id = commands[0].org_id
        async with self._database.write(org_id, rollback=dry_run) as conn:
            known = await _answered(conn, org_id, commands)
            fresh = _first_of_each(commands, known)
            results = {id_: Result(outcome, repeated=True) for id_, (_, outcome) in known.items()}
            authorities = await self._authorise(conn, org_id, fresh)
            allowed = []
            for command in fresh:
                authority = authorities.get(command.actor)
                if authority is None:
                    results[command.id] = Result(_KEY_GONE)
                else:
                    allowed.append(replace(command, authority=authority))
            if allowed:
                state = await handler.load(conn, org_id, allowed)
                decided = handler.decide(state, allowed)
                await handler.write(conn, org_id, decided.writes)
                _note(results, allowed, decided)
                await _remember(conn, org_id, handler.kind, allowed, results)
                await append.append(conn, org_id, allowed, decided)
        observe.BATCH_COMMANDS.labels(handler.kind).inc(len(commands))
        return _in_order(commands, results, known)


_KEY_GONE = Rejected(
    "key_not_valid",
    "This API key is unknown, expired or revoked; ask an owner of the organisation for a new one.",
)
_KEY_REUSED = Rejected(
    "idempotency_key_reused",
    "This Idempotency-Key was used for a different request; send a new request with a new key.",
)


def _first_of_each(commands: Sequence[Command[Any]], known: Mapping[uuid.UUID, object]) -> list[Command[Any]]:
    """The commands that were never answered, each id once, in arrival order."""
    first: dict[uuid.UUID, Command[Any]] = {}
    for command in commands:
        if command.id not in known:
            first.setdefault(command.id, command)
    return list(first.values())


async def _answered(
    conn: Connection, org_id: int, commands: Sequence[Command[Any]]
) -> dict[uuid.UUID, tuple[bytes, Outcome]]:
    """Fingerprint and answer of those commands that were answered before, by id."""
    rows = await _q.answered(conn, org_id=org_id, ids=[c.id for c in commands])
    return {row["id"]: (row["fingerprint"], _read(row["outcome"])) for row in rows}


def _note(results: dict[uuid.UUID, Result], commands: Sequence[Command[Any]], decided: Decided[Any]) -> None:
    caused: dict[int, list[Event]] = {}
    for index, event in decided.events:
        caused.setdefault(index, []).append(event)
    for index, (command, outcome) in enumerate(zip(commands, decided.outcomes, strict=True)):
        results[command.id] = Result(outcome, tuple(caused.get(index, ())))


def _in_order(
    commands: Sequence[Command[Any]],
    results: Mapping[uuid.UUID, Result],
    known: Mapping[uuid.UUID, tuple[bytes, Outcome]],
) -> list[Result]:
    """A result per command; the same id with another request behind it is refused, whoever came first."""
    prints = {id_: fingerprint for id_, (fingerprint, _) in known.items()}
    answers = []
    for command in commands:
        seen = command.id in prints
        if prints.setdefault(command.id, command.fingerprint) != command.fingerprint:
            answers.append(Result(_KEY_REUSED))
        else:
            answers.append(replace(results[command.id], repeated=seen))
    return answers


async def _remember(
    conn: Connection,
    org_id: int,
    kind: str,
    commands: Sequence[Command[Any]],
    results: dict[uuid.UUID, Result],
) -> None:
    commands = sorted(commands, key=lambda command: command.id)
    await _q.remember(
        conn,
        org_id=org_id,
        kind=kind,
        ids=[c.id for c in commands],
        actors=[c.actor for c in commands],
        ats=[c.at for c in commands],
        fingerprints=[c.fingerprint for c in commands],
        reasons=[c.reason for c in commands],
        outcomes=[_written(results[c.id].outcome) for c in commands],
    )


def _written(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        return {"accepted": outcome.value}
    return {"rejected": {"code": outcome.code, "message": outcome.message, "detail": outcome.detail}}


def _read(stored: dict[str, Any]) -> Outcome:
    if "accepted" in stored:
        return Accepted(stored["accepted"])
    return msgspec.convert(stored["rejected"], Rejected)
