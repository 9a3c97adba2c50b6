"""Orders and stock that are copied inside the database are as good as those that came through the pipeline."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from coster.app import HANDLERS
from coster.cli import verify
from coster.engine.batch.handler import Registry
from coster.engine.db.connect import Database
from coster.simulation import bench
from coster.simulation.growth.grow import ORDERS, SESSIONS, Store
from coster.simulation.growth.measure import Plan, measure
from coster.simulation.stored import PLACES, shelve

pytestmark = pytest.mark.database


async def test_copies_keep_every_promise(database: Database) -> None:
    """Twice a thousand more orders in two steps: each whole, and orders through the pipeline go on behind them."""
    shop = bench.Shop(database, Registry(HANDLERS))
    await shop.open()
    store = Store(shop, bench.ORG)
    await store.found()
    first = SESSIONS * ORDERS
    assert [await store.grow(first * 2), await store.grow(first * 3)] == [first * 2, first * 3]
    await shop.batch([shop.order() for _ in range(5)])
    async with database.system() as conn:
        counted = await conn.fetchrow(
            "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_line), (SELECT count(*) FROM held_order)"
        )
    assert tuple(counted) == (first * 3 + 5, (first * 3 + 5) * 3, SESSIONS * 3)
    checks = await verify.count(database, bench.ORG, dt.datetime.now(dt.UTC))
    assert [check for check in checks if check.broken] == []


async def test_shelves_are_copied_with_their_ledgers(database: Database) -> None:
    """Fifty items at a hundred places each."""
    shop = bench.Shop(database, Registry(HANDLERS))
    await shop.open()
    items, places = await shelve(shop, 5000)
    assert (len(items), len(places)) == (50, PLACES)
    async with database.system() as conn:
        assert await conn.fetchval("SELECT count(*) FROM position WHERE item_id = ANY($1)", items) == 5000
    checks = await verify.count(database, bench.ORG, dt.datetime.now(dt.UTC))
    assert [check for check in checks if check.broken] == []


async def _broken(grown: Database) -> list[str]:
    checks = await verify.count(grown, bench.ORG, dt.datetime.now(dt.UTC))
    return [check.name for check in checks if check.broken]


async def test_it_goes_on_growing_after_archiving(pg_bin: Path | None) -> None:
    """What copies are made of is in the archive by then, the first session with it; every promise is kept at each step."""
    found = await measure(
        Plan(orders=90, every=30, keep=60, session=30, asked=1, bin_dir=pg_bin),
        HANDLERS,
        _broken,
        say=lambda _: None,
    )
    assert [step.journals for step in found.steps] == [30, 60, 60]


async def test_growth_is_measured_before_and_after_archiving(pg_bin: Path | None) -> None:
    """Four sessions of fifty orders, each as good as one that was lived through; three are archived, and room is measured as freed."""
    found = await measure(
        Plan(orders=200, every=50, keep=200, session=50, asked=4, bin_dir=pg_bin),
        HANDLERS,
        _broken,
        say=lambda _: None,
    )
    assert [(step.orders, step.journals) for step in found.steps] == [(n, n) for n in (50, 100, 150, 200)]
    sizes = [step.grown.sizes for step in found.steps]
    assert [one["orders"].rows for one in sizes] == [50, 100, 150, 200]
    assert [one["order_line"].rows for one in sizes] == [150, 300, 450, 600]
    last = found.steps[-1]
    assert last.archived is not None
    assert last.after is not None
    moved = {
        table: sizes[-1][table].rows - last.after.sizes[table].rows
        for table in ("event", "command", "ledger")
    }
    # What was carried forward stands in the ledger instead, once for each of the fifty goods.
    assert {"event": moved["event"], "command": moved["command"], "ledger": moved["ledger"] + 50} == {
        "event": last.archived.rows["events"], "command": last.archived.rows["commands"], "ledger": last.archived.rows["ledger"],
    }  # fmt: skip
    assert last.archived.rows["commands"] >= 150
    assert last.after.sizes["orders"].rows == 200
