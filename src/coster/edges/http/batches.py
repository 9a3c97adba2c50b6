"""A file of rows, each a command of its own: a bounded number in work, a result a row, in order, and safe
to send again."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias
from weakref import WeakValueDictionary

import msgspec

from coster.edges.http import rows
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call
from coster.edges.http.cells import Cells
from coster.edges.http.commands import Show, send_as
from coster.edges.http.problems import Problem, of_rejection
from coster.engine.batch.run import Result
from coster.kernel import ids
from coster.kernel.outcome import Rejected

_TRIES: Final = 200
_WAIT: Final = 0.05


class RowResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one row; the last line of the answer carries `done` and the sums instead of a row."""

    row: Annotated[
        int, msgspec.Meta(description="The row's number, from 1; a CSV's header is not counted.")
    ] = 0
    status: Annotated[str, msgspec.Meta(description="accepted or rejected.", examples=["accepted"])] = ""
    repeated: Annotated[
        bool, msgspec.Meta(description="The row had been answered before; nothing was done again.")
    ] = False
    value: Any = None
    problem: dict[str, Any] | None = None
    done: bool = False
    rows: int = 0
    accepted: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a row asks for. `make` builds the command's body for a command id.

    `identity` is what the row is called by its sender. `once`: the same identity takes effect once
    whatever else the row says;
    otherwise the same row does, and a changed one is a new wish that the room judges. Without an identity
    the row must be
    harmless to repeat. Rows that are `about` the same thing take effect in the order of the file, the others in any.
    """

    make: Callable[[uuid.UUID], Any]
    identity: str | None = None
    once: bool = False
    harmless: bool = False
    needs: str = "a key"
    about: Hashable = None


_Turns: TypeAlias = WeakValueDictionary[Hashable, asyncio.Lock]
Prepare = Callable[[Call, Any], Awaitable[Wish]]
Rows = Callable[[AsyncIterator[rows.Row]], AsyncIterator[rows.Row]]


async def _as_they_are(found: AsyncIterator[rows.Row]) -> AsyncIterator[rows.Row]:
    async for row in found:
        yield row


class Batch:
    """An endpoint that takes files of rows of one type."""

    def __init__(
        self, type_: Any, prepare: Prepare, *, show: Show | None = None, arrange: Rows = _as_they_are
    ) -> None:
        self._body: Body[Any] = Body(type_)
        self._cells = Cells(type_)
        self._prepare = prepare
        self._show = show
        self._arrange = arrange

    async def __call__(self, call: Call) -> Answer:
        """Reads the whole file, however long, and answers with all results."""
        call.dry_run, call.idempotency_key  # noqa: B018 - their problems are the request's and not a row's
        results, sums = rows.Results(), {"rows": 0, "accepted": 0, "rejected": 0}
        waiting: deque[asyncio.Task[RowResult]] = deque()
        turns: _Turns = WeakValueDictionary()
        try:
            async for row in self._arrange(rows.read(call)):
                waiting.append(asyncio.create_task(self._answer(call, row, turns)))
                if len(waiting) >= call.parts.limits.max_rows_in_work:
                    _note(results, sums, await waiting.popleft())
            while waiting:
                _note(results, sums, await waiting.popleft())
        except BaseException:
            for task in waiting:
                task.cancel()
            results.close()
            raise
        results.add(
            RowResult(done=True, rows=sums["rows"], accepted=sums["accepted"], rejected=sums["rejected"])
        )
        return Answer(body=results.pieces(), media=rows.NDJSON)

    async def _answer(self, call: Call, row: rows.Row, turns: _Turns) -> RowResult:
        try:
            if row.problem is not None:
                raise row.problem
            wish = await self._prepare(call, self._record(row))
            if wish.about is None:
                result = await self._send(call, row, wish)
            else:
                # Whoever asks first for a lock gets it first, and the tasks of the rows begin in the order of the file.
                async with turns.setdefault(wish.about, asyncio.Lock()):
                    result = await self._send(call, row, wish)
        except Problem as problem:
            return _refused(call, row, problem)
        outcome = result.outcome
        if isinstance(outcome, Rejected):
            return _refused(call, row, of_rejection(outcome), repeated=result.repeated)
        value = outcome.value if self._show is None else self._show(outcome.value)
        return RowResult(row=row.number, status="accepted", repeated=result.repeated, value=value)

    def _record(self, row: rows.Row) -> Any:
        """The row as a record. Problems: body_malformed, body_invalid."""
        if row.cells is None:
            return self._body.read(row.raw)
        return self._body.convert(self._cells.document(row.cells))

    async def _send(self, call: Call, row: rows.Row, wish: Wish) -> Result:
        fingerprint = hashlib.sha256(row.raw).digest()
        command_id = _command_id(call, row, wish, fingerprint)
        result = await _patiently(call, command_id, wish, fingerprint)
        if result.repeated and isinstance(result.outcome, Rejected) and call.idempotency_key is None:
            # It was refused then; sent again without a key of its own, it is judged by how things are now.
            return await _patiently(call, _fresh(call), wish, fingerprint)
        return result


def _command_id(call: Call, row: rows.Row, wish: Wish, fingerprint: bytes) -> uuid.UUID:
    """The id by which a row that is sent again is known. Problem: row_key_missing."""
    start = ("row", call.operation.id, call.org_id, call.key_id)
    if key := call.idempotency_key:
        return ids.derived(*start, key.decode("latin-1"), wish.identity or row.number)
    if wish.identity is not None:
        return ids.derived(*start, wish.identity, "" if wish.once else fingerprint.hex())
    if wish.harmless:
        return _fresh(call)
    raise rows.nothing_identifies(wish.needs)


async def _patiently(call: Call, command_id: uuid.UUID, wish: Wish, fingerprint: bytes) -> Result:
    """Sends a row's command, and waits where a single request would be told to come again."""
    body = wish.make(command_id)
    for _ in range(_TRIES):
        try:
            return await send_as(call, command_id, body, fingerprint=fingerprint)
        except Problem as problem:
            if problem.code != "busy":
                raise
            await asyncio.sleep(_WAIT)
    raise Problem("busy", "The server stayed busy for too long; send the file again.")


def _fresh(call: Call) -> uuid.UUID:
    return ids.at_instant(call.at, os.urandom(10))


def _note(results: rows.Results, sums: dict[str, int], result: RowResult) -> None:
    sums["rows"] += 1
    sums[result.status] += 1
    results.add(result)


def _refused(call: Call, row: rows.Row, problem: Problem, *, repeated: bool = False) -> RowResult:
    told = problem.document(call.request_id)
    return RowResult(row=row.number, status="rejected", repeated=repeated, problem=told)
