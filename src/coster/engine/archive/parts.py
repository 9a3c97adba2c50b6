"""Parts, one after the other: on disk, then noted and removed in one transaction, then in the manifest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from coster.engine.archive import files
from coster.engine.archive.files import Draft
from coster.engine.archive.model import KINDS, Kind, Part, Unfit
from coster.engine.db import sql
from coster.engine.db.connect import Connection, Database
from coster.kernel.clock import Clock

_q = sql.load(__file__)

ROWS: Final = 50_000
"""Rows of a part at most, or about: as many are removed in one transaction, which takes a second or so."""

Remove = Callable[[Connection, int], Awaitable[int]]
"""Removes what a part holds, given the part's number; yields how many rows of the table it put into the part."""
Told = Callable[[Part], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be moved: these kinds, from before an instant, into a directory; `told` hears of each part once its rows are gone."""

    before: dt.datetime
    directory: Path
    clock: Clock
    told: Told
    kinds: tuple[Kind, ...] = KINDS
    rows: int = ROWS


class Keeper:
    """Writes parts of one organisation for a job, and takes their rows out of the database."""

    def __init__(self, database: Database, org_id: int, job: Job) -> None:
        self.database = database
        self.org_id = org_id
        self.rows = job.rows
        self._job = job

    def draft(self, kind: Kind, month: str) -> Draft:
        """A part to be filled; whoever takes one keeps or drops it."""
        return Draft(self._job.directory, self.org_id, kind, month)

    async def keep(
        self, draft: Draft, remove: Remove, *, first: object, last: object, latest: dt.datetime
    ) -> None:
        """The part counts, and its rows are gone: both or neither. Unfit where somebody else has taken the rows meanwhile."""
        async with self.database.system() as conn:
            number = 1 + await _q.last_part(conn, org_id=self.org_id)
        file, size, digest = draft.keep(number)
        part = Part(
            organisation=self.org_id, number=number, kind=draft.kind, month=draft.month, rows=draft.rows, first=str(first),
            last=str(last), latest=latest, file=file, bytes=size, sha256=digest, written_at=self._job.clock.now(),
        )  # fmt: skip
        noted = msgspec.structs.asdict(part)
        try:
            async with self.database.system() as conn, conn.transaction():
                await _q.note_part(conn, org_id=noted.pop("organisation"), **noted)
                removed = await remove(conn, number)
                if removed != draft.rows:
                    raise Unfit(
                        f"{draft.rows} rows were written to {file} and {removed} are left to be removed: another process is archiving"
                    )
        except asyncpg.UniqueViolationError:
            raise overtaken(self.org_id) from None
        files.add_to_manifest(self._job.directory, part)
        self._job.told(part)


def overtaken(org_id: int) -> Unfit:
    """What ends the slower of two that move the same rows."""
    return Unfit(f"another process is archiving organisation {org_id}; wait for it")


def count_of(status: str) -> int:
    """The rows of a statement, from what PostgreSQL says at its end: `DELETE 17`."""
    return int(status.rpartition(" ")[2])
