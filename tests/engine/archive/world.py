"""A town that lives for two months, and its old rows in files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec

from coster.domain.inventory.model import AdjustStock
from coster.domain.orders.model import CancelOrder
from coster.engine.archive import limits, reading, run
from coster.engine.archive.files import manifest
from coster.engine.archive.model import KINDS, Kind, Part
from coster.engine.archive.parts import Job
from coster.engine.db.connect import Database
from coster.kernel.clock import ManualClock
from tests.guards.scene import Scene, broken
from tests.handlers import registry
from tests.town import name_id

DECEMBER = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
TABLES: dict[Kind, str] = {"events": "event", "commands": "command", "ledger": "ledger"}
PEOPLE = ("Ann", "Bob", "Cid", "Dan", "Eve")


class World(Scene):
    """Carrots and leeks in November and in December; every reader of events has read all."""

    async def live(self) -> World:
        """Five orders in November, one of them called off; more stock and three orders in December."""
        await self.begin()
        for who in PEOPLE:
            await self.do(self.basket(who, self.carrots if who < "C" else self.leeks))
        await self.do(CancelOrder(order_id=name_id("Bob"), reason="ill"))
        self.now = DECEMBER + dt.timedelta(hours=1)
        self.market = await self.session("Christmas market", [self.hub], [self.carrots, self.leeks])
        place = name_id(f"barn of {name_id('Jean')}")
        await self.do(AdjustStock(item_id=self.leeks, location_id=place, quantity=5000, type="RECEIPT"))
        for who in ("Fay", "Gus", "Hal"):
            await self.do(self.basket(who, self.leeks))
        await self.read_all()
        return self

    async def read_all(self) -> None:
        """The reactions have passed every event, and nothing is due."""
        await self.value("DELETE FROM timer")
        await self.value(
            "INSERT INTO relay_cursor (org_id, reader, seq) SELECT c.org_id, 'reactions', c.n FROM event_counter AS c "
            "WHERE c.org_id = $1 ON CONFLICT (org_id, reader) DO UPDATE SET seq = EXCLUDED.seq",
            self.org_id,
        )

    async def archive(self, directory: Path, before: dt.datetime = DECEMBER, **how: Any) -> list[Part]:
        """Moves what is from before an instant; yields the parts in order."""
        parts: list[Part] = []
        given: dict[str, Any] = {"clock": ManualClock(self.now), "told": parts.append, "kinds": KINDS, **how}
        survey = await limits.survey(self.database, self.org_id, before)
        await run.archive(self.database, survey, Job(before=before, directory=directory, **given))
        return parts

    async def broken(self) -> set[str]:
        """The promises that are broken."""
        async with self.database.system() as conn:
            return await broken(conn, self)

    async def here(self, kind: Kind) -> list[str]:
        """The rows that are in the database, as JSON; what was carried forward is none of them."""
        rows = await self.rows(f"SELECT row_to_json(x)::text AS line FROM {TABLES[kind]} AS x")
        return sorted(row["line"] for row in rows if '"type":"CARRIED"' not in row["line"])

    def there(self, directory: Path, kind: Kind) -> list[str]:
        """The rows that are in parts of the manifest."""
        parts = [part for part in manifest(directory, self.org_id) if part.kind == kind]
        return sorted(line.decode() for part in parts for line in reading.lines(directory, part))

    async def everything(self) -> dict[Kind, list[str]]:
        """All rows of the three tables."""
        return {kind: await self.here(kind) for kind in KINDS}

    async def is_whole(self, directory: Path, before: dict[Kind, list[str]]) -> bool:
        """Whether each row of before is now in exactly one place, and nothing else is."""
        return {kind: sorted(await self.here(kind) + self.there(directory, kind)) for kind in KINDS} == before


async def world(database: Database) -> World:
    """A world in an empty database."""
    return await World(database, registry()).live()


def instant(line: str) -> dt.datetime:
    """The instant of a row."""
    return msgspec.convert(msgspec.json.decode(line)["at"], dt.datetime)
