"""A file of rows, each a command of its own: a bounded number in work, a result a row, in order, and safe to send again.

Rows go in parcels. While one is carried out the next is read and understood, and each is handed to the gatherer as a set: a row
costs what deciding and storing it costs, and no task, no look-up and no wait of its own. Rows that need no name of their own go
as one command for all of a parcel (`Sheet`), and two such parcels may be under way at once (ADR 0016).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from coster.edges.http import rows
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call
from coster.edges.http.cells import Cells
from coster.edges.http.commands import Show, Wanted, send_set
from coster.edges.http.problems import Problem, of_rejection
from coster.engine import observe
from coster.engine.batch.run import Result
from coster.kernel import ids
from coster.kernel.outcome import Accepted, Rejected

_TRIES: Final = 200
_WAIT: Final = 0.05
_MOST_BYTES: Final = 1 << 22
# Each of these is a command that waits in the gatherer, where there is room for others' too.
_MOST_COMMANDS: Final = 512
# One sheet is decided while another is written; a third is read meanwhile.
_SHEETS_AT_ONCE: Final = 2


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

    `identity` is what the row is called by its sender. `once`: the same identity takes effect once whatever else the row says;
    otherwise the same row does, and a changed one is a new wish that the room judges. Without an identity the row must be
    harmless to repeat. Rows that are `about` the same thing take effect in the order of the file, the others in any.
    """

    make: Callable[[uuid.UUID], Any]
    identity: str | None = None
    once: bool = False
    harmless: bool = False
    needs: str = "a key"
    about: Hashable = None


Confirm = Callable[[Call, Result, uuid.UUID], Awaitable[None]]
"""What an accepted row waits for before it is answered; a Problem says that it came to nothing."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """How rows go as one command, where nobody can ask for one of them again: it is remembered with all their answers.

    `fits`: whether a row may; if one of a parcel may not, none does. `part`: what the command holds of it (Problem where that cannot
    be). `make`: the command's body for the parts. It is accepted with `rows`, where each part has what is `told`, or an object
    with code, message and detail of its refusal. Parts are decided in order, and what a row is `about` keeps parcels in order.
    """

    fits: Callable[[Any], bool]
    part: Callable[[Any], Any]
    make: Callable[[list[Any]], Any]
    about: Callable[[Any], Hashable]
    told: Callable[[Any, Any], Any]


PrepareOne = Callable[[Call, Any], Awaitable[Wish]]
Prepare = Callable[[Call, Sequence[Any]], Awaitable[list[Wish | Problem]]]
Rows = Callable[[AsyncIterator[rows.Row]], AsyncIterator[rows.Row]]


def each(prepare: PrepareOne) -> Prepare:
    """What rows ask for, found out row by row: for those that need no look-up, or rarely."""

    async def prepared(call: Call, records: Sequence[Any]) -> list[Wish | Problem]:
        found: list[Wish | Problem] = []
        for record in records:
            try:
                found.append(await prepare(call, record))
            except Problem as problem:
                found.append(problem)
        return found

    return prepared


@dataclass(slots=True)
class _Work:
    """A row on its way: what it asks for, under which id, and what came of it (a problem at first, where it cannot be read).

    As a part of a sheet it has no id, and what came of it is `said`.
    """

    row: rows.Row
    record: Any = None
    part: Any = None
    said: Any = None
    fingerprint: bytes = b""
    wish: Wish | None = None
    command_id: uuid.UUID = ids.NIL
    came: Result | Problem | None = None


@dataclass(slots=True)
class _Parcel:
    """Rows that are carried out together; as a sheet what they are `about`, else each under its id."""

    works: list[_Work]
    about: frozenset[Hashable] | None = None

    def may_join(self, others: Iterable[_Parcel]) -> bool:
        """Whether it may be under way together with others: what is about the same thing keeps the order of the file."""
        return all(
            self.about is not None and other.about is not None and self.about.isdisjoint(other.about)
            for other in others
        )


class Batch:
    """An endpoint that takes files of rows of one type."""

    def __init__(
        self,
        type_: Any,
        prepare: Prepare,
        *,
        show: Show | None = None,
        arrange: Rows | None = None,
        sheet: Sheet | None = None,
    ) -> None:
        self._body: Body[Any] = Body(type_)
        self._cells = Cells(type_)
        self._prepare = prepare
        self._show = show
        self._arrange = arrange
        self._sheet = sheet
        self._confirm: Confirm | None = None

    def confirmed_by(self, confirm: Confirm) -> Batch:
        """The same, where every row that was accepted is confirmed before it is answered."""
        self._confirm = confirm
        return self

    async def __call__(self, call: Call) -> Answer:
        """Reads the whole file, however long, and answers with all results."""
        call.dry_run, call.idempotency_key  # noqa: B018 - their problems are the request's and not a row's
        results, sums = rows.Results(), Counter[str]()
        under_way: deque[tuple[_Parcel, asyncio.Task[None]]] = deque()
        try:
            async for held in _parcels(self._lists(call), self._most(call)):
                ready = await self._ready(call, held)
                while under_way and not (
                    len(under_way) < _SHEETS_AT_ONCE and ready.may_join(parcel for parcel, _ in under_way)
                ):
                    await self._end(call, results, sums, *under_way[0])
                    under_way.popleft()
                under_way.append((ready, asyncio.create_task(self._carry_out(call, ready))))
            while under_way:
                await self._end(call, results, sums, *under_way[0])
                under_way.popleft()
        except BaseException:
            for _, task in under_way:
                task.cancel()
            results.close()
            raise
        results.add(
            [RowResult(done=True, rows=sums.total(), accepted=sums["accepted"], rejected=sums["rejected"])]
        )
        return Answer(body=results.pieces(), media=rows.NDJSON)

    def _most(self, call: Call) -> int:
        """Rows of a parcel: those under way and those that are read meanwhile are together the rows in work."""
        most = call.parts.limits.max_rows_in_work
        if self._sheet is None:
            return max(1, min(_MOST_COMMANDS, most // 2))
        return max(1, most // (_SHEETS_AT_ONCE + 1))

    def _lists(self, call: Call) -> AsyncIterator[list[rows.Row]]:
        found = rows.read(call)
        return found if self._arrange is None else _arranged(self._arrange, found)

    async def _end(
        self, call: Call, results: rows.Results, sums: Counter[str], parcel: _Parcel, task: asyncio.Task[None]
    ) -> None:
        await task
        told = [self._result(call, work) for work in parcel.works]
        sums.update([result.status for result in told])
        results.add(told)

    async def _ready(self, call: Call, held: Sequence[rows.Row]) -> _Parcel:
        """The rows, read, as a sheet or with what each asks for."""
        parcel = _Parcel([_Work(row) for row in held])
        for work in parcel.works:
            try:
                work.record = self._record(work.row)
            except Problem as problem:
                work.came = problem
        if not (self._sheet and self._fit(call, self._sheet, parcel)):
            await self._name(call, parcel)
        return parcel

    def _fit(self, call: Call, sheet: Sheet, parcel: _Parcel) -> bool:
        """Whether the parcel is a sheet now."""
        read = [work for work in parcel.works if work.came is None]
        if call.idempotency_key or call.dry_run or not all(sheet.fits(work.record) for work in read):
            return False
        for work in read:
            try:
                work.part = sheet.part(work.record)
            except Problem as problem:
                work.came = problem
        parcel.about = frozenset([sheet.about(work.record) for work in read])
        return True

    async def _name(self, call: Call, parcel: _Parcel) -> None:
        """Finds what each row asks for, and the id under which it is known."""
        read = [work for work in parcel.works if work.came is None]
        wishes = await self._prepare(call, [work.record for work in read])
        for work, wish in zip(read, wishes, strict=True):
            try:
                if isinstance(wish, Problem):
                    raise wish
                work.wish = wish
                work.fingerprint = hashlib.sha256(work.row.raw).digest()
                work.command_id = _command_id(call, work, wish)
            except Problem as problem:
                work.came = problem

    async def _carry_out(self, call: Call, parcel: _Parcel) -> None:
        """Sends a parcel, as a sheet or row by row; a sheet over which the server stumbles also row by row, to find at which."""
        if self._sheet is not None and parcel.about is not None:
            if await _carry_out_sheet(call, self._sheet, parcel):
                return
            observe.log.warning("sheet_in_pieces", path=call.path, rows=len(parcel.works))
            await self._name(call, parcel)
        await _carry_out(call, parcel.works)
        if self._confirm is not None:
            await asyncio.gather(*(_confirmed(self._confirm, call, work) for work in parcel.works))

    def _record(self, row: rows.Row) -> Any:
        """The row as a record. Problems: what reading it found, body_malformed, body_invalid."""
        if row.problem is not None:
            raise row.problem
        if row.cells is None:
            return self._body.read(row.raw)
        return self._body.convert(self._cells.document(row.cells))

    def _result(self, call: Call, work: _Work) -> RowResult:
        if work.said is not None and self._sheet is not None:
            return RowResult(
                row=work.row.number, status="accepted", value=self._sheet.told(work.record, work.said)
            )
        match work.came:
            case Problem() as problem:
                return _refused(call, work, problem)
            case Result(outcome=Rejected() as refusal) as result:
                return _refused(call, work, of_rejection(refusal), repeated=result.repeated)
            case Result(outcome=Accepted() as accepted) as result:
                value = accepted.value if self._show is None else self._show(accepted.value)
                return RowResult(
                    row=work.row.number, status="accepted", repeated=result.repeated, value=value
                )
        raise AssertionError("every row of a parcel has been answered")


async def _confirmed(confirm: Confirm, call: Call, work: _Work) -> None:
    """The row's answer waits for what has to be confirmed elsewhere, and says so where it is not."""
    if isinstance(work.came, Result):
        try:
            await confirm(call, work.came, work.command_id)
        except Problem as problem:
            work.came = problem


async def _arranged(arrange: Rows, found: AsyncIterator[list[rows.Row]]) -> AsyncIterator[list[rows.Row]]:
    async def each_row() -> AsyncIterator[rows.Row]:
        async for held in found:
            for row in held:
                yield row

    async for row in arrange(each_row()):
        yield [row]


async def _parcels(found: AsyncIterator[list[rows.Row]], most: int) -> AsyncIterator[list[rows.Row]]:
    """Rows in parcels, bounded by their number and by their bytes, so that long rows need no more memory than short ones."""
    held: list[rows.Row] = []
    size = 0
    async for some in found:
        for row in some:
            held.append(row)
            size += len(row.raw)
            if len(held) >= most or size >= _MOST_BYTES:
                yield held
                held, size = [], 0
    if held:
        yield held


async def _carry_out_sheet(call: Call, sheet: Sheet, parcel: _Parcel) -> bool:
    """Sends a parcel as one command, and hands what came of it back to its rows. False where the server stumbled over it."""
    parts = [work for work in parcel.works if work.came is None]
    if not parts:
        return True
    digest = hashlib.sha256(b"\n".join([work.row.raw for work in parts])).digest()
    wanted = Wanted(_fresh(call), sheet.make([work.part for work in parts]), digest)
    for _ in range(_TRIES):
        [came] = await send_set(call, [wanted])
        if not (isinstance(came, Problem) and came.code == "busy"):
            break
        await asyncio.sleep(_WAIT)
    if isinstance(came, Problem) and came.code == "internal_fault":
        return False
    if not (isinstance(came, Result) and isinstance(came.outcome, Accepted)):
        for work in parts:
            work.came = came
        return True
    for work, said in zip(parts, came.outcome.value["rows"], strict=True):
        if isinstance(said, dict):
            work.came = Result(Rejected(**said))
        else:
            work.said = said
    return True


async def _carry_out(call: Call, parcel: Sequence[_Work]) -> None:
    """Sends a parcel. Of rows about the same thing each waits for the answer to the one before it."""
    waves: list[list[_Work]] = []
    before: Counter[Hashable] = Counter()
    for work in parcel:
        if work.wish is None or work.came is not None:
            continue
        number = 0
        if work.wish.about is not None:
            number = before[work.wish.about]
            before[work.wish.about] += 1
        if number == len(waves):
            waves.append([])
        waves[number].append(work)
    for wave in waves:
        await _patiently(call, wave)
        again = [work for work in wave if _was_refused(call, work)]
        for work in again:
            # It was refused then; sent again without a key of its own, it is judged by how things are now.
            work.command_id, work.came = _fresh(call), None
        await _patiently(call, again)


def _was_refused(call: Call, work: _Work) -> bool:
    came = work.came
    return (
        isinstance(came, Result)
        and came.repeated
        and isinstance(came.outcome, Rejected)
        and call.idempotency_key is None
    )


async def _patiently(call: Call, wave: Sequence[_Work]) -> None:
    """Sends rows as a set, and waits where a single request would be told to come again."""
    left = list(wave)
    for _ in range(_TRIES):
        if not left:
            return
        wanted = [_wanted(work) for work in left]
        for work, came in zip(left, await send_set(call, wanted), strict=True):
            work.came = came
        left = [work for work in left if isinstance(work.came, Problem) and work.came.code == "busy"]
        if left:
            await asyncio.sleep(_WAIT)
    for work in left:
        work.came = Problem("busy", "The server stayed busy for too long; send the file again.")


def _wanted(work: _Work) -> Wanted:
    assert work.wish is not None, "only rows that could be read are sent"
    return Wanted(work.command_id, work.wish.make(work.command_id), work.fingerprint)


def _command_id(call: Call, work: _Work, wish: Wish) -> uuid.UUID:
    """The id by which a row that is sent again is known. Problem: row_key_missing."""
    start = ("row", call.operation.id, call.org_id, call.key_id)
    if key := call.idempotency_key:
        return ids.derived(*start, key.decode("latin-1"), wish.identity or work.row.number)
    if wish.identity is not None:
        return ids.derived(*start, wish.identity, "" if wish.once else work.fingerprint.hex())
    if wish.harmless:
        return _fresh(call)
    raise rows.nothing_identifies(wish.needs)


def _fresh(call: Call) -> uuid.UUID:
    return ids.at_instant(call.at, os.urandom(10))


def _refused(call: Call, work: _Work, problem: Problem, *, repeated: bool = False) -> RowResult:
    told = problem.document(call.request_id)
    return RowResult(row=work.row.number, status="rejected", repeated=repeated, problem=told)
