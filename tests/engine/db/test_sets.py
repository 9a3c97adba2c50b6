"""Sets wait for the end of their transaction and arrive in order, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from coster.engine.db import sql
from coster.engine.db.connect import Database

pytestmark = pytest.mark.database

Shelf: TypeAlias = tuple[Database, sql.Queries]

STATEMENTS = """-- name: add*!
-- Adds rows.
INSERT INTO shelf AS s (org_id, name, n)
SELECT :org_id, u.name, u.n FROM json_to_recordset(:rows::json) AS u (name text, n int) RETURNING s.n;

-- name: rename*!
-- Names all rows.
UPDATE shelf AS s SET name = :name WHERE s.org_id = :org_id RETURNING s.n;

-- name: all
-- All rows.
SELECT s.name, s.n FROM shelf AS s ORDER BY s.n;
"""


@pytest.fixture
async def shelf(database: Database, tmp_path: Path) -> Shelf:
    """A table of its own, and statements on it."""
    async with database.system() as conn:
        await conn.execute("CREATE TABLE shelf (org_id bigint, name text, n int UNIQUE)")
        await conn.execute("GRANT ALL ON shelf TO coster_app")
    path = tmp_path / "queries.sql"
    path.write_text(STATEMENTS, encoding="utf-8")
    return database, sql.read(path)


async def _rows(shelf: Shelf) -> list[tuple[str, int]]:
    database, queries = shelf
    async with database.read(1) as conn:
        return [tuple(row) for row in await queries.all(conn)]


async def _add(shelf: Shelf, *rows: tuple[str, int], rollback: bool = False, fault: bool = False) -> None:
    """Each row as a set of its own, in one transaction that may end in a fault."""
    database, queries = shelf
    async with database.write(1, rollback=rollback) as conn:
        for name, n in rows:
            await queries.add(conn, org_id=1, rows=[{"name": name, "n": n}])
        if fault:
            raise RuntimeError


async def test_sets_arrive_with_the_commit_in_order(shelf: Shelf) -> None:
    """Numbers, text with quotes, and rows; a later set sees what an earlier one stored."""
    database, queries = shelf
    async with database.write(1) as conn:
        await queries.add(conn, org_id=1, rows=[{"name": "it's", "n": 1}, {"name": "$1; --", "n": 2}])
        await queries.rename(conn, org_id=1, name="O'Hara \\ $1")
        await queries.add(conn, org_id=1, rows=[{"name": 'a "b"', "n": 3}])
    assert await _rows(shelf) == [("O'Hara \\ $1", 1), ("O'Hara \\ $1", 2), ('a "b"', 3)]


async def test_who_asks_sees_what_waits(shelf: Shelf) -> None:
    """A statement with an answer runs after everything that was kept before it."""
    database, queries = shelf
    async with database.write(1) as conn:
        await queries.add(conn, org_id=1, rows=[{"name": "a", "n": 1}])
        assert [tuple(row) for row in await queries.all(conn)] == [("a", 1)]
        await queries.add(conn, org_id=1, rows=[{"name": "b", "n": 2}])
    assert await _rows(shelf) == [("a", 1), ("b", 2)]


async def test_one_that_fails_takes_all_with_it(shelf: Shelf) -> None:
    """Also what was sent before it in the same message; and the connection goes on with what it had prepared or not."""
    for _ in range(2):
        with pytest.raises(asyncpg.UniqueViolationError):
            await _add(shelf, ("a", 1), ("b", 1))
        assert await _rows(shelf) == []
    await _add(shelf, ("a", 1))
    assert await _rows(shelf) == [("a", 1)]


async def test_a_dry_run_and_a_fault_leave_nothing(shelf: Shelf) -> None:
    """The sets of a dry run are tried and taken back; those of a block that fails are not even sent."""
    await _add(shelf, ("a", 1), rollback=True)
    with pytest.raises(RuntimeError):
        await _add(shelf, ("a", 1), fault=True)
    with pytest.raises(asyncpg.UniqueViolationError):
        await _add(shelf, ("a", 1), ("b", 1), rollback=True)
    assert await _rows(shelf) == []


async def test_ten_sets_and_the_commit_cost_one_round_trip_and_no_value_is_in_a_text(
    shelf: Shelf,
) -> None:
    """The values are bound, so a server that logs statements logs nobody's data."""
    database, queries = shelf
    said: list[Any] = []
    async with database.write(1) as conn:
        conn.add_query_logger(said.append)
        for n in range(10):
            await queries.add(conn, org_id=1, rows=[{"name": "Ann Smith", "n": n}])
    assert [record.query for record in said] == ["COMMIT"]
    async with database.write(1) as conn:
        conn.remove_query_logger(said.append)
        texts = await conn.fetch("SELECT p.name, p.statement FROM pg_prepared_statements AS p")
    assert [row["name"] for row in texts if "INSERT" in row["statement"]]
    assert not any("Ann" in row["statement"] for row in texts)
    assert len(await _rows(shelf)) == 10


async def test_a_transaction_begins_with_its_first_question(shelf: Shelf) -> None:
    """No round trip of its own; and where nothing is asked or stored the server hears nothing."""
    database, queries = shelf
    said: list[Any] = []
    async with database.write(1) as conn:
        conn.add_query_logger(said.append)
    assert said == []
    async with database.write(1) as conn:
        assert await queries.all(conn) == []
        assert await conn.fetchval("SELECT current_setting('coster.org_id')") == "1"
        conn.remove_query_logger(said.append)
    assert len(said) == 2


async def test_a_fault_after_a_set_that_failed_is_told_and_leaves_the_connection_as_it_was(
    shelf: Shelf,
) -> None:
    """The set is on its way by then, and the server hears nothing else until somebody has asked what came of it."""
    for _ in range(3):
        with pytest.raises(RuntimeError):
            await _add(shelf, ("a", 1), ("b", 1), ("c" * 4000, 2), fault=True)
        assert await _rows(shelf) == []
    await _add(shelf, ("a", 1))
    assert await _rows(shelf) == [("a", 1)]


async def test_a_large_set_arrives_whole(shelf: Shelf) -> None:
    """Megabytes, in the first message and in a later one."""
    long = "x" * 3_000_000
    await _add(shelf, (long, 1), ("b", 2), (long, 3))
    assert [(len(name), n) for name, n in await _rows(shelf)] == [(3_000_000, 1), (1, 2), (3_000_000, 3)]


async def test_values_that_the_driver_refuses_leave_the_connection_as_it_was(shelf: Shelf) -> None:
    """The beginning is on its way by then, and is taken back."""
    database, _ = shelf
    for _ in range(3):
        with pytest.raises(asyncpg.DataError):
            async with database.write(1) as conn:
                await conn.fetch("SELECT $1::int", "no number")
        async with database.write(1) as conn:
            assert await conn.fetchval("SELECT $1::int", 7) == 7
    await _add(shelf, ("a", 1))
    assert await _rows(shelf) == [("a", 1)]
