"""`coster import`: files of rows, of any size, to the batch endpoints of a running server.

A file goes in parcels of a thousand rows, each a request of its own. So memory stays bounded on both sides, results are known
while the file is still being read, and where a connection breaks, all but the last parcel is certain.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, Literal

import msgspec
from cyclopts import App, Parameter
from rich.progress import Progress

from coster.cli import mapped, output, planning, rowfiles, signals
from coster.cli.output import Exit, FailedError
from coster.cli.planning import Options
from coster.cli.remote import LostError, RefusedError, Remote, Server
from coster.cli.rowfiles import Format, Row, Source

_SHOWN: Final = 10
# What tells which rows of a CSV are one order; the server goes by the same two columns.
_ORDER: Final = ("channel", "reference")

app = App(
    name="import",
    help="Send files of rows, NDJSON or CSV of any size, to a running server. Every row is answered, bad rows do not disturb"
    " good ones, and a file can be sent again: what was accepted is not done twice. Columns and members are those of the"
    " batch endpoints in the API's docs, /docs of the server.",
    help_epilogue="Exit codes: 0 all rows accepted; 2 no such file, or not understood; 3 some rows refused;"
    " 4 server not reached, or key refused; 130 interrupted.",
)
# A hyphen is no option to us.
_HYPHEN: Final = Parameter(allow_leading_hyphen=True)
File = Annotated[str, _HYPHEN, Parameter(help="The file; - is standard input.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class How:
    """How a file is sent, and what is told of it."""

    format: Annotated[Format | None, Parameter(help="What the file is; without it its name tells.")] = None
    failed: Annotated[
        Path | None,
        Parameter(
            help="A new file for the refused rows, as they came, each with its reason. Correct and import it."
        ),
    ] = None
    results: Annotated[
        str | None, _HYPHEN, Parameter(help="A new file for what became of each row, as NDJSON; - prints it.")
    ] = None
    dry_run: Annotated[
        bool,
        Parameter(negative="", help="Change nothing; each row is judged by itself, as things are now."),
    ] = False
    json: Annotated[bool, Parameter(negative="", help="Print the sums as JSON.")] = False


class Sums(msgspec.Struct, kw_only=True):
    """What became of a file. A CSV's rows of one order are counted as rows each, and as one that is accepted or refused.

    `left_out` are rows of a mapped file that say again what may be said once; they are no `rows`.
    """

    kind: str
    file: str
    dry_run: bool
    complete: bool = False
    rows: int = 0
    line: int = 0
    left_out: int = 0
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    reasons: dict[str, int] = {}


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a row, or of an order's rows: `row` and `line` of the first, from 1; of the value what the server tells."""

    row: int
    line: int
    status: str
    repeated: bool = False
    value: Any = None
    problem: dict[str, Any] | None = None


_AS_USUAL: Final = How()
_HERE: Final = Server()
_OURS: Final = Options()


@app.command
def orders(file: File, *, how: How = _AS_USUAL, other: Options = _OURS, server: Server = _HERE) -> int:
    """Place orders: an object each, or a CSV with a row for each line of an order.

    Rows of a CSV that follow each other with the same channel and reference are one order. A channel's reference is taken
    once, so an order is never placed twice.

    Example: coster import orders friday.csv --failed refused.csv

    Example: shop-export | coster import orders - --format ndjson --json
    """
    return _import(Wish("orders", file, other), how, server)


@app.command
def items(file: File, *, how: How = _AS_USUAL, other: Options = _OURS, server: Server = _HERE) -> int:
    """Make or change items: a row says what the item of its owner and SKU shall be.

    Example: coster import items catalogue.csv --dry-run
    """
    return _import(Wish("items", file, other), how, server)


@app.command
def positions(file: File, *, how: How = _AS_USUAL, other: Options = _OURS, server: Server = _HERE) -> int:
    """Move stock: adjust, count, transfer.

    Adjustments and transfers need a key of yours, by which they happen once. A count says what is there: give it a key or
    as_of, or a file that is sent again later counts again.

    Example: coster import positions stocktaking.csv --failed refused.csv
    """
    return _import(Wish("positions", file, other), how, server)


@app.command
def parties(file: File, *, how: How = _AS_USUAL, other: Options = _OURS, server: Server = _HERE) -> int:
    """Make or change enterprises, relations and customers; the column or member type says which.

    Enterprises and customers need an id, or a key of yours that stands for one.

    Example: coster import parties members.ndjson --results results.ndjson
    """
    return _import(Wish("parties", file, other), how, server)


@app.command(name="map")
def propose(
    file: File,
    *,
    kind: Annotated[
        Literal["orders", "items", "positions", "parties"], Parameter(help="What its rows shall be.")
    ] = "orders",
) -> None:
    """Propose a mapping for a CSV of another shop, by the names of its columns. Look through it, and fill in what it lacks.

    Example: coster import map export.csv --kind items
    """
    with contextlib.ExitStack() as stack:
        stream, _ = _opened(file, stack)
        output.say(planning.propose(kind, rowfiles.Csv(stream).header()))


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be imported: a kind of rows from a file, which may be another shop's."""

    kind: str
    file: str
    other: Options


def _import(wish: Wish, how: How, server: Server) -> int:
    if how.json and how.results == "-":
        raise FailedError("--json and --results - would print into each other: leave out one", Exit.USAGE)
    plan = planning.plan_of(wish.other)
    format_ = how.format or rowfiles.format_of(wish.file)
    if plan is not None and format_ != "csv":
        raise FailedError("a mapping is for a CSV; this file is NDJSON", Exit.USAGE)
    sums = Sums(kind=wish.kind, file=wish.file, dry_run=how.dry_run)
    with contextlib.ExitStack() as stack:
        stream, size = _opened(wish.file, stack)
        failed = _made(how.failed, stack) if how.failed else None
        results = _made(how.results, stack) if how.results else None
        remote = stack.enter_context(Remote(server))
        source = (
            mapped.MappedCsv(stream, plan, wish.kind, mapped.finder(remote))
            if plan is not None
            else _source(wish.kind, format_, stream)
        )
        stack.enter_context(signals.sigterm_interrupts())
        sending = Sending(remote, source, sums, results=results, failed=failed)
        broken = None
        with output.progress() as progress:
            try:
                _send(sending, _Bar(progress, wish.kind, size, stream))
            except (FailedError, KeyboardInterrupt) as error:
                broken = error
    return _told(sending, how, broken)


@dataclass
class Sending:
    """A file on its way: what is sent, and what has become of it until now."""

    remote: Remote
    source: Source
    sums: Sums
    results: NewFile | None = None
    failed: NewFile | None = None
    under_way: list[Row] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    def send(self, parcel: list[Row]) -> None:
        """Sends a parcel and notes what became of it."""
        self.under_way = parcel
        for rows, result in self._answers(parcel):
            self._note(rows, result)
        self.sums.rows += len(parcel)
        self.sums.line = parcel[-1].line
        self.under_way = []

    def _answers(self, parcel: list[Row]) -> list[tuple[list[Row], Result]]:
        """What became of each row, or of each order's rows, in the order of the file."""
        if parcel[0].too_long:
            return [(parcel, _too_long(parcel[0]))]
        good, bad = rowfiles.faultless(parcel)
        answers = [(rows, _not_mapped(rows)) for rows in bad]
        if good:
            told = self.remote.send_rows(
                f"{self.sums.kind}:batch",
                self.source.parcel(good),
                self.source.media,
                dry_run=self.sums.dry_run,
            )
            answers += _answered(good, told)
        return sorted(answers, key=lambda answer: answer[0][0].number)

    def _note(self, rows: list[Row], result: Result) -> None:
        if self.results is not None:
            self.results.write(msgspec.json.encode(result) + b"\n")
        if result.status == "accepted":
            self.sums.accepted += 1
            self.sums.repeated += result.repeated
            return
        problem = result.problem or {}
        code, reason = str(problem.get("code", "unknown")), reason_of(problem)
        self.sums.refused += 1
        self.sums.reasons[code] = self.sums.reasons.get(code, 0) + 1
        if len(self.shown) < _SHOWN:
            self.shown.append(f"line {result.line}: {reason}")
        if self.failed is not None:
            if not self.failed.begun:
                self.failed.write(self.source.opening())
            for row in rows:
                self.failed.write(self.source.told(row, reason))


def reason_of(problem: dict[str, Any]) -> str:
    """A problem document in one line: its code, its sentence, and where the faults are if there are several."""
    faults = problem.get("faults") or []
    told = "; ".join(f"{fault['pointer']}: {fault['message']}" for fault in faults)
    return " ".join(f"{problem.get('code')}: {told or problem.get('detail')}".split())


def _answered(parcel: list[Row], results: list[dict[str, Any]]) -> Iterator[tuple[list[Row], Result]]:
    """Each result with its row, or an order's with all its rows. FailedError where the server counts otherwise than we."""
    starts = [int(result.get("row", 0)) for result in results]
    if starts != sorted(set(starts)) or starts[:1] != [1] or starts[-1] > len(parcel):
        raise FailedError(
            f"the server found other rows between line {parcel[0].line} and line {parcel[-1].line} than there are"
        )
    for start, end, told in zip(starts, [*starts[1:], len(parcel) + 1], results, strict=True):
        rows = parcel[start - 1 : end - 1]
        yield (
            rows,
            Result(
                row=rows[0].number,
                line=rows[0].line,
                status=told["status"],
                repeated=told.get("repeated", False),
                value=told.get("value"),
                problem=told.get("problem"),
            ),
        )


def _too_long(row: Row) -> Result:
    told = {
        "code": "body_too_large",
        "detail": f"A row may have at most {rowfiles.LONGEST_ROW} bytes; it was not sent.",
    }
    return Result(row=row.number, line=row.line, status="rejected", problem=told)


def _not_mapped(rows: list[Row]) -> Result:
    """Of an order that has rows with faults, each fault with its line."""
    faults = [(row.line, row.fault) for row in rows if row.fault]
    detail = "; ".join(fault if len(rows) == 1 else f"line {line}: {fault}" for line, fault in faults)
    told = {"code": mapped.CODE, "detail": detail}
    return Result(row=rows[0].number, line=rows[0].line, status="rejected", problem=told)


# ------------------------------------------------------------------------------------------------------------ files


class NewFile:
    """A file that is made with the first that is written into it; one that exists is never overwritten."""

    def __init__(self, path: Path) -> None:
        self.begun = False
        self._path = path
        self._file: BinaryIO | None = None

    def write(self, text: bytes) -> None:
        """Adds some bytes."""
        if self._file is None:
            # Rows may hold personal data, so what is made is closed to others from the first byte.
            to_output = str(self._path) == "-"
            self._file = sys.stdout.buffer if to_output else os.fdopen(_private(self._path), "wb")
        self._file.write(text)
        self.begun = True

    def close(self) -> None:
        """Sees that everything is there."""
        if self._file is None:
            return
        self._file.flush()
        if self._file is not sys.stdout.buffer:
            self._file.close()


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _made(path: Path | str, stack: contextlib.ExitStack) -> NewFile:
    """A file for what will be told. FailedError before anything is sent, where it could not be written."""
    place = Path(path)
    if str(path) != "-":
        if place.exists():
            raise FailedError(f"{path} exists already: name a new file, or remove it", Exit.USAGE)
        if not os.access(place.parent, os.W_OK):
            raise FailedError(
                f"{path} cannot be made: {place.parent} is no directory to write in", Exit.USAGE
            )
    made = NewFile(place)
    stack.callback(made.close)
    return made


def _opened(file: str, stack: contextlib.ExitStack) -> tuple[BinaryIO, int | None]:
    """The file, and its size where it has one."""
    if file == "-":
        return sys.stdin.buffer, None
    path = Path(file)
    try:
        stream = stack.enter_context(path.open("rb"))
    except FileNotFoundError:
        raise FailedError(f"there is no file {file}", Exit.USAGE) from None
    except OSError as error:
        raise FailedError(f"cannot read {file}: {error.strerror}", Exit.USAGE) from error
    return stream, (os.fstat(stream.fileno()).st_size if stream.seekable() else None)


def _source(kind: str, format_: Format, stream: BinaryIO) -> Source:
    if format_ == "ndjson":
        return rowfiles.Ndjson(stream)
    return rowfiles.Csv(stream, _ORDER if kind == "orders" else None)


# ---------------------------------------------------------------------------------------------------- what is shown


class _Bar:
    """The progress of a file; its end is unknown where it comes from standard input."""

    def __init__(self, progress: Progress, kind: str, size: int | None, stream: BinaryIO) -> None:
        self._progress = progress
        self._size = size
        self._stream = stream
        self._sent = 0
        self._task = progress.add_task(kind, total=size, told="")

    def show(self, parcel: list[Row], sums: Sums) -> None:
        """How far it is after a parcel."""
        self._sent += sum(len(row.raw) + 1 for row in parcel)
        at = self._sent if self._size is None else self._stream.tell()
        told = f"{sums.rows} rows, {sums.accepted} accepted, {sums.refused} refused"
        self._progress.update(self._task, completed=at, told=told)


def _send(sending: Sending, bar: _Bar) -> None:
    for parcel in rowfiles.parcels(sending.source.rows()):
        sending.send(parcel)
        bar.show(parcel, sending.sums)
    sending.sums.left_out = sending.source.left_out
    sending.sums.complete = True


def _told(sending: Sending, how: How, broken: FailedError | KeyboardInterrupt | None) -> int:
    """Tells what became of the file; gives the exit code. FailedError where it was broken off."""
    sums = sending.sums
    if how.json:
        output.as_json(sums)
    for refusal in sending.shown:
        output.complain(refusal)
    if sums.refused > len(sending.shown):
        more = f"and {sums.refused - len(sending.shown)} more"
        output.complain(more if how.failed else f"{more}; --failed FILE writes all refused rows")
    if broken is not None:
        raise _broken_off(sending, broken) from broken
    if not how.json:
        output.say(_sentence(sums, how), stderr=how.results == "-")
    return Exit.ROWS_FAILED if sums.refused else Exit.DONE


def _sentence(sums: Sums, how: How) -> str:
    before = f" ({sums.repeated} had been before, and were not again)" if sums.repeated else ""
    told = f"{sums.kind}: {sums.rows} rows, {sums.accepted} accepted{before}, {sums.refused} refused."
    if sums.left_out:
        told += f" {sums.left_out} rows said again what an earlier one had said, and were left out."
    if sums.refused and how.failed:
        told += f" The refused rows are in {how.failed}: correct them, and import that file."
    return f"{told} A dry run: nothing was changed." if sums.dry_run else told


def _broken_off(sending: Sending, broken: FailedError | KeyboardInterrupt) -> FailedError:
    """How far it got, and what is uncertain."""
    why, code = ("interrupted", Exit.INTERRUPTED) if isinstance(broken, KeyboardInterrupt) else _why(broken)
    sums, under_way = sending.sums, sending.under_way if _is_uncertain(broken) else []
    if not sums.rows and not under_way:
        return FailedError(why, code)
    told = [why.removesuffix(".")]
    if sums.rows:
        told.append(
            f"Until line {sums.line} all is answered: {sums.rows} rows, {sums.accepted} accepted, {sums.refused} refused"
        )
    if under_way:
        told.append(
            f"Lines {under_way[0].line} to {under_way[-1].line} were on their way, and may have been taken or not"
        )
    told.append("It is safe to send the same file again: what was accepted is not done twice")
    return FailedError(". ".join(told) + ".", code)


def _why(broken: FailedError) -> tuple[str, Exit]:
    return str(broken), broken.code


def _is_uncertain(broken: FailedError | KeyboardInterrupt) -> bool:
    """Whether the server may have done what it was just asked for."""
    if isinstance(broken, RefusedError):
        return broken.status >= 500
    return isinstance(broken, KeyboardInterrupt | LostError)
