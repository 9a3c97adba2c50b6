"""`coster db archive` and `coster db archived`: old events, commands and ledger entries into files, and a look at those files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from coster.cli import output, place, signals, verify
from coster.cli.output import Exit, FailedError
from coster.engine.archive import limits, reading, rules, run
from coster.engine.archive.model import KINDS, Kind, Obstacle, Part, Survey, Unfit
from coster.engine.archive.parts import Job
from coster.engine.db.connect import Database
from coster.kernel.clock import SystemClock

PROVED: Final = {
    "position_is_sum", "never_below_zero", "events_without_gap", "entities_without_gap", "events_have_causes", "orders_are_told",
}  # fmt: skip
"""What `coster verify` can count only while the rows are there; where one of these is broken nothing is moved."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation's archive has of a kind and month: files, rows, bytes; without files, what would be moved at most."""

    organisation: int
    kind: Kind
    month: str
    files: int
    rows: int
    bytes: int


def archive(  # noqa: PLR0913 - each is an option of its own on the command line
    *,
    before: str,
    to: Path | None = None,
    what: list[Kind] | None = None,
    org: Annotated[int | None, Parameter(help="Only this organisation; else all.")] = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    data_dir: place.DataDir = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Move old events, remembered commands and ledger entries into files, and make their room in the database free.

    The server goes on working. It can be stopped at any moment and run again: a row is in the database or in a file that counts, never
    in both or neither. Exit code 1 where a promise is broken about what would be moved; then nothing is.

    Example: coster db archive --before 2026-06-01 --to /archive/coster

    Example: coster db archive --before 2026-06-01 --dry-run

    Parameters
    ----------
    before
        The date (in UTC) or instant from which on everything stays; at least seven days ago.
    to
        The directory for the files; it is made if it is not there.
    what
        Only events, commands or ledger; can be given again. Without it all three.
    dry_run
        Move nothing; say how much there is at most, and who still needs old events.
    """
    instant = _instant(before)
    if to is None and not dry_run:
        raise FailedError("--to must name the directory for the files, or --dry-run be given", Exit.USAGE)
    kinds = tuple(kind for kind in KINDS if not what or kind in what)

    async def work(database: Database) -> tuple[list[Survey], list[Part]]:
        wanted = await place.organisations(database, org)
        surveys = [await limits.survey(database, one, instant) for one in wanted]
        if dry_run or to is None:
            return surveys, []
        await _prove(database, wanted)
        return surveys, await _move(database, to, surveys, before=instant, kinds=kinds)

    with signals.sigterm_interrupts():
        try:
            surveys, parts = place.with_database(place.chosen(data_dir), work)
        except Unfit as unfit:
            raise FailedError(str(unfit)) from None
    _tell(surveys, parts, kinds=kinds, dry_run=dry_run, json=json)
    return Exit.DONE


def _instant(before: str) -> dt.datetime:
    instant = place.instant(before, "--before", also="a date, for example 2026-06-01, or ")
    if instant > (latest := SystemClock().now() - rules.LEAST_AGE):
        raise FailedError(
            f"--before must be at least {rules.LEAST_AGE.days} days ago (at most {latest:%Y-%m-%d}): until then a request may come again"
            " with its Idempotency-Key",
            Exit.USAGE,
        )
    return instant


async def _prove(database: Database, wanted: list[int]) -> None:
    """What is about to be moved is as it must be; afterwards nobody can count it any more."""
    now = SystemClock().now()
    broken = [
        check
        for org_id in wanted
        for check in await verify.count(database, org_id, now)
        if check.broken and check.name in PROVED
    ]
    if broken:
        first = broken[0]
        raise FailedError(
            f"nothing was moved: in organisation {first.organisation} this is broken {first.broken} times, for example at"
            f" {first.example}: {first.promise}; see `coster verify`",
            Exit.WRONG,
        )


async def _move(
    database: Database, to: Path, surveys: list[Survey], *, before: dt.datetime, kinds: tuple[Kind, ...]
) -> list[Part]:
    parts: list[Part] = []
    shown = output.console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=shown,
        disable=not shown.is_terminal,
    ) as bar:  # fmt: skip
        for survey in surveys:
            total = sum(sum(survey.rows[kind].values()) for kind in kinds)
            task = bar.add_task(f"organisation {survey.organisation}", total=total)

            def told(part: Part, task: Any = task) -> None:
                parts.append(part)
                bar.update(task, advance=part.rows, description=f"{part.kind} of {part.month}")

            job = Job(before=before, directory=to, clock=SystemClock(), told=told, kinds=kinds)
            await run.archive(database, survey, job)
    if parts:
        output.say("making the room free (VACUUM)", stderr=True)
        await run.clean(database)
    return parts


def _tell(
    surveys: list[Survey], parts: list[Part], *, kinds: tuple[Kind, ...], dry_run: bool, json: bool
) -> None:
    held_up = {survey.organisation: survey.held_up for survey in surveys if survey.held_up}
    moved = _sums(parts) if not dry_run else [
        Moved(organisation=survey.organisation, kind=kind, month=month, files=0, rows=rows, bytes=0)
        for survey in surveys for kind in kinds for month, rows in survey.rows[kind].items()
    ]  # fmt: skip
    if json:
        told = {str(org_id): found for org_id, found in held_up.items()}
        output.as_json({"dry_run": dry_run, "moved": moved, "held_up": told})
        return
    _table(moved)
    rows, files = sum(one.rows for one in moved), sum(one.files for one in moved)
    if dry_run:
        output.say(f"At most {rows} rows would be moved.")
    else:
        output.say(f"{rows} rows were moved to {files} files.")
    for org_id, found in held_up.items():
        _complain(org_id, found)


def _complain(org_id: int, found: list[Obstacle]) -> None:
    for one in found:
        output.complain(f"organisation {org_id}: {one.who} still needs the events after number {one.upto}")


def _sums(parts: Iterable[Part]) -> list[Moved]:
    groups: dict[tuple[int, Kind, str], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.organisation, part.kind, part.month), []).append(part)
    return [
        Moved(organisation=org_id, kind=kind, month=month, files=len(found), rows=sum(one.rows for one in found),
              bytes=sum(one.bytes for one in found))
        for (org_id, kind, month), found in sorted(groups.items())
    ]  # fmt: skip


def _table(moved: list[Moved]) -> None:
    header = ("organisation", "what", "month", "files", "rows", "bytes")
    rows = [
        (one.organisation, one.kind, one.month, one.files or None, one.rows, one.bytes or None)
        for one in moved
    ]
    if rows:
        output.table("", header, rows)


def archived(
    directory: Path, *, json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False
) -> int:
    """List what an archive holds, and check that every file is there, is as it was written, and can be read. Needs no database.

    Exit code 1 where one is not.

    Example: coster db archived /archive/coster

    Parameters
    ----------
    directory
        What `coster db archive --to` was given.
    """
    try:
        found = [
            one for org_id in reading.organisations(directory) for one in reading.check(directory, org_id)
        ]
    except Unfit as unfit:
        raise FailedError(str(unfit)) from None
    faults = [one for one in found if one.fault]
    moved = _sums(one.part for one in found)
    if json:
        output.as_json({"moved": moved, "faults": {one.part.file: one.fault for one in faults}})
    else:
        _table(moved)
        output.say(f"{len(found)} files, {len(faults)} with a fault.")
    for one in faults:
        output.complain(f"{one.part.file}: {one.fault}")
    return Exit.WRONG if faults else Exit.DONE
