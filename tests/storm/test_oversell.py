"""The oversell storm: two server processes, many clients, three items. COSTER_STORM_SECONDS says how long (15 by default)."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from coster.domain.inventory import reads as inventory
from coster.domain.orders import reads as orders
from coster.domain.wholesale import reads as wholesale
from coster.engine.db.connect import Database
from coster.simulation import founding, serving, storm
from tests.conftest import Databases

SECONDS = float(os.environ.get("COSTER_STORM_SECONDS", "15"))
SEED = int(os.environ.get("COSTER_STORM_SEED", "1"))


@pytest.mark.storm
@pytest.mark.timeout(SECONDS + 180)
async def test_never_more_is_promised_than_there_is(databases: Databases, tmp_path: Path) -> None:
    """After a storm every acknowledged order is as it was acknowledged, no promise is broken, and no deadlock was seen."""
    name = await databases.create(template="coster_template")
    options = databases.server.connect_options(name)
    database = await Database.open(options)
    try:
        key = await founding.found(database)
        async with serving.servers(serving.url_of(options), 2, log=tmp_path / "log") as servers:
            blown = storm.Storm(
                storm.Plan(seconds=SECONDS, seed=SEED), [server.port for server in servers], key, options
            )
            await blown.prepare()
            report = await blown.blow()
        assert report.broken[:3] == [], (tmp_path / "log").read_text()[-4000:]
        print(report.told())  # noqa: T201
        assert len(report.placed) > 100
        async with database.read(1) as conn:
            checks = [*await inventory.verify(conn, 1), *await orders.verify(conn, 1)]
            checks += await wholesale.verify(conn, 1, dt.datetime.now(dt.UTC))
        assert [check for check in checks if check.broken] == []
    finally:
        await database.close()
        await databases.drop(name)
