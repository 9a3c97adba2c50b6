"""Tables that grow are analysed before a plan that was made for a small one hurts."""

from __future__ import annotations

import pytest

from coster.engine.db import statistics
from coster.engine.db.connect import Database

pytestmark = pytest.mark.database

_FILL = """
INSERT INTO org AS o (org_id, name, created_at)
SELECT n, repeat('x', 500), '2026-11-21T12:00:00Z' FROM generate_series($1::int, $2::int) AS s (n)
"""


async def _fill(database: Database, first: int, last: int) -> None:
    async with database.system() as conn:
        await conn.execute(_FILL, first, last)


async def test_a_table_is_analysed_when_it_has_become_four_times_as_large(database: Database) -> None:
    """First when it has a row, then at four times its size, and not in between."""
    await statistics.refresh(database)
    await _fill(database, 1, 50)
    assert await statistics.refresh(database) == ["org"]
    await _fill(database, 51, 100)
    assert await statistics.refresh(database) == []
    await _fill(database, 101, 400)
    assert await statistics.refresh(database) == ["org"]
    async with database.system() as conn:
        assert await conn.fetchval("SELECT reltuples FROM pg_class WHERE relname = 'org'") == 400


async def test_empty_tables_are_left_alone(database: Database) -> None:
    """A new database has nothing to analyse beyond its first look."""
    await statistics.refresh(database)
    assert await statistics.refresh(database) == []
