"""Run a batch: load, decide, write, commit. Here is the only commit of business state."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import msgspec

from coster.engine import observe
from coster.engine.batch.handler import Authorise, Handler
from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows, ask_ahead
from coster.engine.db.connect import Connection, Database
from coster.engine.db.faults import DatabaseBusy
from coster.engine.outbox import append
from coster.kernel.errors import Busy, Fault, Stopped, TryAgain
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

_q = sql.load(__file__)

# A race was lost or an outcome at commit is unknown (citus.md R15): the same ids run again give the same result.
_LOST_RACES = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    TryAgain,
)
# Guards that are asked for no answer refuse by a key that is taken, or by a value that is missing.
_RACES = (*_LOST_RACES, asyncpg.UniqueViolationError, asyncpg.NotNullViolationError)
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    DatabaseBusy,
    OSError,
    # A disk that is full has room again some day, and so has memory; nothing was written meanwhile.
    asyncpg.InsufficientResourcesError,
)
RACE_ATTEMPTS = 8
LOST_ATTEMPTS = 30


class TooSlow(Fault):
    """A batch took longer than it may, with all its attempts."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a batch may take with all its attempts, and how many a command that stands alone.

    A batch that takes longer is halved like one that fails, so the slow command does not hold up its neighbours for long.
    """

    batch: float = 15.0
    alone: float = 120.0

    def of(self, commands: Sequence[object]) -> float:
        """What these commands are given together."""
        return self.batch if len(commands) > 1 else self.alone


PATIENT = Patience()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one command, and what it caused (the preview of a dry run shows these events)."""

    outcome: Outcome
    events: tuple[Event, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class _Batch:
    """Commands of one organisation and kind, in arrival order, that are carried out together."""

    handler: Handler[Any, Any]
    commands: Sequence[Command[Any]]
    dry_run: bool

    def halves(self) -> tuple[_Batch, _Batch]:
        """The same commands in two batches, one after the other."""
        middle = len(self.commands) // 2
        first, second = self.commands[:middle], self.commands[middle:]
        return replace(self, commands=first), replace(self, commands=second)


class Runner:
    """Runs batches of one organisation and kind on a database."""

    def __init__(self, database: Database, authorise: Authorise, *, patience: Patience = PATIENT) -> None:
        self._database = database
        self._authorise = authorise
        self._patience = patience

    async def run(
        self, handler: Handler[Any, Any], commands: Sequence[Command[Any]], *, dry_run: bool = False
    ) -> list[Result | Exception]:
        """One result per command, in arrival order; an exception stands where a command was not answered.

        All commands are of one organisation and kind. A batch that fails for a reason of its own, or takes too long, is
        halved until the poisonous command stands alone, so that it cannot stop its neighbours. Busy and Stopped stand for
        commands that may be sent again under the same id.
        """
        return await self._run(_Batch(handler, commands, dry_run))

    async def _run(self, batch: _Batch) -> list[Result | Exception]:
        try:
            return list(await self._with_patience(batch))
        except (Busy, Stopped) as passing:
            return [passing] * len(batch.commands)
        except Exception as fault:  # noqa: BLE001 - whatever a command stumbles over must not stop its neighbours
            observe.BATCH_FAULTS.labels(batch.handler.kind).inc()
            if len(batch.commands) == 1:
                return [_alone(batch, fault)]
        first, second = batch.halves()
        return await self._run(first) + await self._run(second)

    async def _with_patience(self, batch: _Batch) -> list[Result]:
        seconds = self._patience.of(batch.commands)
        try:
            async with asyncio.timeout(seconds):
                return await self._attempts(batch)
        except TimeoutError:
            raise TooSlow(f"{batch.handler.kind} took longer than {seconds:g} seconds") from None

    async def _attempts(self, batch: _Batch) -> list[Result]:
        kind = batch.handler.kind
        races = lost = 0
        while True:
            try:
                with observe.BATCH_SECONDS.labels(kind).time():
                    return await self._once(batch)
            except _RACES as race:
                races += 1
                observe.BATCH_RERUNS.labels(kind, type(race).__name__).inc()
                if races >= RACE_ATTEMPTS:
                    raise
                await asyncio.sleep(_apart(batch.commands[0].id, races))
            except _LOST as gone:
                lost += 1
                observe.BATCH_RERUNS.labels(kind, type(gone).__name__).inc()
                if lost >= LOST_ATTEMPTS:
                    raise Busy("the database cannot be reached just now", retry_after=5) from gone
                await asyncio.sleep(min(0.02 * 2**lost, 0.5))

    async def _once(self, batch: _Batch) -> list[Result]:
        handler, commands = batch.handler, batch.commands
        org_id = commands[0].org_id
        async with self._database.write(org_id, rollback=batch.dry_run) as conn:
            asked = (_answered(org_id, commands), self._authorise(org_id, commands))
            known, authorities = await ask_ahead(conn, org_id, asked, handler.foresee(org_id, commands))
            fresh = _first_of_each(commands, known)
            results = {id_: Result(outcome, repeated=True) for id_, (_, outcome) in known.items()}
            allowed = []
            for command in fresh:
                authority = authorities.get(command.actor)
                if authority is None:
                    results[command.id] = Result(_KEY_GONE)
                else:
                    allowed.append(command.as_(authority))
            if allowed:
                state = await handler.load(conn, org_id, allowed)
                decided = handler.decide(state, allowed)
                await handler.write(conn, org_id, decided.writes)
                _note(results, allowed, decided)
                await _remember(conn, org_id, handler.kind, allowed, results)
                await append.append(conn, org_id, allowed, decided)
        observe.BATCH_COMMANDS.labels(handler.kind).inc(len(commands))
        return _in_order(commands, results, known)


def _alone(batch: _Batch, fault: Exception) -> Exception:
    """What the caller of a command hears that failed by itself: of a race that it keeps losing, that it may come again."""
    if isinstance(fault, (*_LOST_RACES, TooSlow)):
        observe.log.warning(
            "command_busy", kind=batch.handler.kind, command=str(batch.commands[0].id), fault=repr(fault)
        )
        return Busy("others are changing the same things just now", retry_after=5)
    observe.log.error(
        "command_fault", kind=batch.handler.kind, command=str(batch.commands[0].id), exc_info=fault
    )
    return fault


def _apart(id_: uuid.UUID, races: int) -> float:
    """Seconds to wait after so many lost races: twice as long each time, and another part of it for each batch, so that
    those who collided do not meet again."""
    return 0.002 * (1 << races) * (hash((id_, races)) % 1024 / 1024)


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


def _answered(
    org_id: int, commands: Sequence[Command[Any]]
) -> Question[dict[uuid.UUID, tuple[bytes, Outcome]]]:
    """Fingerprint and answer of those commands that were answered before, by id."""

    def read(rows: Rows) -> dict[uuid.UUID, tuple[bytes, Outcome]]:
        return {
            uuid.UUID(row["id"]): (bytes.fromhex(row["fingerprint"][2:]), _read(row["outcome"]))
            for row in rows
        }

    return Question(_q.answered, {"org_id": org_id, "ids": [c.id for c in commands]}, read)


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
            result = results[command.id]
            answers.append(result if result.repeated == seen else replace(result, repeated=seen))
    return answers


async def _remember(
    conn: Connection,
    org_id: int,
    kind: str,
    commands: Sequence[Command[Any]],
    results: dict[uuid.UUID, Result],
) -> None:
    commands = sorted(commands, key=lambda command: command.id)
    rows = [
        {
            "id": c.id, "actor": c.actor, "at": c.at, "fingerprint": c.fingerprint, "reason": c.reason,
            "outcome": _written(results[c.id].outcome),
        }
        for c in commands
    ]  # fmt: skip
    await _q.remember(conn, org_id=org_id, kind=kind, rows=rows)


def _written(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        return {"accepted": outcome.value}
    return {"rejected": {"code": outcome.code, "message": outcome.message, "detail": outcome.detail}}


def _read(stored: dict[str, Any]) -> Outcome:
    if "accepted" in stored:
        return Accepted(stored["accepted"])
    return msgspec.convert(stored["rejected"], Rejected)
