"""`coster bench growth`: what orders cost once they are history, and what archiving gives back.

Histories of whole sessions are copied by COPY over twelve months; at every step the figures are taken, and where more orders have their
events, commands and ledger in the database than are to be kept, all but the last step's are archived, and the figures taken again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from coster.domain.inventory.rules.holding import position_id
from coster.engine.archive import limits, run
from coster.engine.archive.model import Part
from coster.engine.archive.parts import Job
from coster.engine.batch.handler import Registry
from coster.engine.db import migrate, sql
from coster.engine.db.connect import Database
from coster.engine.db.embedded import EmbeddedServer
from coster.kernel.clock import SystemClock
from coster.simulation import bench, founding, serving
from coster.simulation.growth import figures
from coster.simulation.growth.copying import Copies
from coster.simulation.growth.figures import Questions, Taken
from coster.simulation.growth.life import ORDERS, Life

_q = sql.load(__file__)

YEAR: Final = dt.timedelta(days=365)
_REST: Final = dt.timedelta(days=14)
"""How long ago the last session began: its orders are over."""
_AT_ONCE: Final = 10
"""Copies of a transaction."""

Prove = Callable[[Database], Awaitable[list[str]]]
"""Counts all promises; yields the broken ones, with an example each."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders, after how many the figures are taken, and of how many the journals may be in the database.

    `session` is how many orders each session has, `asked` how many questions are behind a percentile.
    """

    orders: int
    every: int
    keep: int
    session: int = ORDERS
    asked: int = 200
    directory: Path | None = None
    bin_dir: Path | None = None


class Archived(msgspec.Struct, frozen=True, kw_only=True):
    """What archiving moved and took: rows, files, their bytes by kind, and seconds without cleaning."""

    rows: dict[str, int]
    bytes: dict[str, int]
    files: int
    seconds: float
    before: dt.datetime


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The figures at a number of stored orders: as they grew, and where that was done, after archiving."""

    orders: int
    journals: int
    copy_seconds: float
    grown: Taken
    archived: Archived | None = None
    after: Taken | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `journals` of a step are the orders whose events, commands and ledger are in the database."""

    machine: dict[str, Any]
    steps: list[Step]


async def measure(plan: Plan, handlers: Sequence[Any], prove: Prove, *, say: Callable[[str], Any]) -> Report:
    """Grows a database of its own, and throws it away. RuntimeError where a promise is broken."""
    with tempfile.TemporaryDirectory(prefix="coster-growth-", dir=plan.directory) as place:
        Path(place).chmod(0o755)  # noqa: ASYNC240
        # What cleaning takes is to be seen where it is measured, and not beside something else.
        with EmbeddedServer(
            Path(place) / "pg", bin_dir=plan.bin_dir, settings={"autovacuum": "off"}
        ) as server:
            options = server.connect_options()
            await migrate.upgrade(options)
            database = await Database.open(options, max_size=4)
            try:
                here = msgspec.structs.replace(plan, directory=Path(place))
                grown = _Growing(here, database, Registry(handlers), prove=prove, say=say)
                async with _serving(options) as port:
                    return await grown.grow(port)
            finally:
                await database.close()


@contextlib.asynccontextmanager
async def _serving(options: dict[str, Any]) -> AsyncIterator[int]:
    # Nothing is to happen by itself while something is measured.
    async with serving.servers(serving.url_of(options), background="false") as [server]:
        yield server.port


class _Growing:
    """One run."""

    def __init__(
        self, plan: Plan, database: Database, registry: Registry, *, prove: Prove, say: Callable[[str], Any]
    ) -> None:
        assert plan.directory is not None, "a place was made for it"
        self._plan, self._database, self._directory = plan, database, plan.directory / "archive"
        self._prove, self._say = prove, say
        self._life = Life(database, registry, bench.ORG, size=plan.session)
        self._began = dt.datetime.now(dt.UTC) - YEAR
        self._copies = Copies(self._life, bench.ORG, self._began)
        self._key = ""
        self._begins: list[dt.datetime] = [self._began]
        self._archived_copies = 0

    async def grow(self, port: int) -> Report:
        """All steps."""
        before = self._began - dt.timedelta(days=1)
        self._key = await founding.found(self._database, bench.ORG, at=before)
        await self._life.found(before)
        await self._life.live(self._began)
        async with self._database.system() as conn:
            await self._copies.read(conn)
        sizes = range(self._plan.every, self._plan.orders + 1, self._plan.every)
        return Report(machine=bench.machine(), steps=[await self._step(port, orders) for orders in sizes])

    async def _step(self, port: int, orders: int) -> Step:
        begin = time.perf_counter()
        await self._copy(orders // self._plan.session)
        seconds = time.perf_counter() - begin
        self._say(f"{orders:,} orders: copied in {seconds:.0f} s")
        grown = await self._taken(port)
        journals = (len(self._begins) - self._archived_copies) * self._plan.session
        step = Step(orders=orders, journals=journals, copy_seconds=seconds, grown=grown)
        if journals < self._plan.keep:
            return step
        archived = await self._archive()
        return msgspec.structs.replace(step, archived=archived, after=await self._taken(port))

    async def _copy(self, upto: int) -> None:
        apart = (YEAR - _REST) / max(1, self._plan.orders // self._plan.session)
        async with self._database.system() as conn:
            while (there := len(self._begins)) < upto:
                begins = [
                    self._began + apart * number for number in range(there, min(upto, there + _AT_ONCE))
                ]
                await self._copies.copy(conn, begins)
                self._begins += begins

    async def _taken(self, port: int) -> Taken:
        cleaned = await figures.vacuum(self._database)
        self._say(f"  VACUUM {sum(cleaned.values()):.1f} s")
        sizes, whole = await figures.sizes(self._database)
        async with self._database.system() as conn:
            events = await _q.events_here(conn, org_id=bench.ORG)
        asked = Questions(
            hub=self._life.hub, positions=[position_id(item, self._life.place, "") for item in self._life.items],
            sessions=self._copies.sessions, orders=self._copies.orders, events=(events["first"], events["last"]),
            times=self._plan.asked,
        )  # fmt: skip
        reads = await figures.reads(port, self._key, asked)
        self._say(
            f"  {whole / 1e9:.2f} GB; " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in reads.items())
        )
        begin = time.perf_counter()
        if broken := await self._prove(self._database):
            raise RuntimeError(f"broken promises: {'; '.join(broken)}")
        spent = time.perf_counter() - begin
        self._say(f"  verify {spent:.1f} s")
        return Taken(sizes=sizes, database_bytes=whole, vacuum=cleaned, reads=reads, verify=spent)

    async def _archive(self) -> Archived:
        kept = self._plan.every // self._plan.session
        before = self._begins[-kept]
        parts: list[Part] = []
        begin = time.perf_counter()
        survey = await limits.survey(self._database, bench.ORG, before)
        job = Job(before=before, directory=self._directory, clock=SystemClock(), told=parts.append)
        await run.archive(self._database, survey, job)
        spent = time.perf_counter() - begin
        self._archived_copies = len(self._begins) - kept
        rows: dict[str, int] = {}
        written: dict[str, int] = {}
        for part in parts:
            rows[part.kind] = rows.get(part.kind, 0) + part.rows
            written[part.kind] = written.get(part.kind, 0) + part.bytes
        self._say(
            f"  archived {sum(rows.values()):,} rows, {sum(written.values()) / 1e9:.2f} GB in {spent:.0f} s"
        )
        return Archived(rows=rows, bytes=written, files=len(parts), seconds=spent, before=before)
