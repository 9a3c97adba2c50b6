"""Several questions in one round trip: each gets its own rows, in order."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows, answer, ask, ask_ahead, known
from coster.engine.db.connect import Database

STATEMENTS = """-- name: ask_numbers
-- Numbers from a to b.
SELECT n FROM generate_series(:a::int, :b::int) AS n ORDER BY n DESC;

-- name: ask_names
-- A text, an id, an instant, bytes, and a null.
SELECT :name::text AS name, '00000000-0000-0000-0000-000000000007'::uuid AS id, '2026-11-21 10:00+00'::timestamptz AS at,
       '\\x00ff'::bytea AS bytes, 9007199254740993 AS big, NULL::int AS nothing;

-- name: ask_organisation
-- The name.
SELECT o.name FROM org AS o WHERE o.org_id = :org_id;
"""


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> tuple[Database, sql.Queries]:
    """A database with organisation 1, and statements."""
    async with database.system() as conn:
        await conn.execute("INSERT INTO coster.org (org_id, name, created_at) VALUES (1, 'One', now())")
    path = tmp_path / "queries.sql"
    path.write_text(STATEMENTS, encoding="utf-8")
    return database, sql.read(path)


def _numbers(queries: sql.Queries, a: int, b: int) -> Question[list[Any]]:
    return Question(queries.ask_numbers, {"a": a, "b": b}, lambda rows: [row["n"] for row in rows])


def _rows(rows: Rows) -> Rows:
    return rows


@pytest.mark.database
async def test_each_question_has_its_own_rows_in_one_round_trip(asking: tuple[Database, sql.Queries]) -> None:
    """In the order of its statement; the same statement may be asked twice; nothing found is no rows."""
    database, queries = asking
    said: list[Any] = []
    async with database.read(1) as conn:
        conn.add_query_logger(said.append)
        answers = await ask(
            conn,
            1,
            _numbers(queries, 1, 3),
            known("as before"),
            _numbers(queries, 5, 4),
            _numbers(queries, 7, 7),
        )
        conn.remove_query_logger(said.append)
    assert answers == ([3, 2, 1], "as before", [], [7])
    assert len(said) == 1


@pytest.mark.database
async def test_values_come_as_json_has_them_and_numbers_whole(asking: tuple[Database, sql.Queries]) -> None:
    """Text with quotes, ids, instants and bytes as text; whole numbers beyond 2 to the 53rd stay exact."""
    database, queries = asking
    async with database.read(1) as conn:
        [row] = await answer(conn, 1, Question(queries.ask_names, {"name": "O'Hara $1"}, _rows))
    assert row == {
        "name": "O'Hara $1", "id": str(uuid.UUID(int=7)), "at": "2026-11-21T10:00:00+00:00", "bytes": "\\x00ff",
        "big": 9007199254740993, "nothing": None,
    }  # fmt: skip


@pytest.mark.database
async def test_an_organisation_that_is_not_there_has_no_rows(asking: tuple[Database, sql.Queries]) -> None:
    """Neither an unknown one, nor one that the transaction is not for."""
    database, queries = asking
    async with database.read(2) as conn:
        assert await ask(conn, 2, _numbers(queries, 1, 3)) == ([],)
        assert await ask(conn, 1, _numbers(queries, 1, 3)) == ([],)


async def test_what_is_known_is_not_asked() -> None:
    """Not even a connection is needed."""
    assert await ask(None, 1, known(1), known(2)) == (1, 2)


@pytest.mark.database
async def test_what_was_asked_ahead_is_not_asked_again(asking: tuple[Database, sql.Queries]) -> None:
    """It comes with the first questions, counts for the same values only, and is told once."""
    database, queries = asking
    said: list[Any] = []
    async with database.write(1) as conn:
        conn.add_query_logger(said.append)
        now = [_numbers(queries, 1, 2), known("known")]
        assert await ask_ahead(conn, 1, now, [_numbers(queries, 3, 4), _numbers(queries, 5, 6)]) == (
            [2, 1],
            "known",
        )
        assert await ask(conn, 1, _numbers(queries, 5, 6), _numbers(queries, 3, 4)) == ([6, 5], [4, 3])
        assert await ask(conn, 1, _numbers(queries, 3, 4)) == ([4, 3],)
        conn.remove_query_logger(said.append)
    assert len(said) == 2


@pytest.mark.database
async def test_what_was_asked_ahead_is_asked_again_after_another_statement(
    asking: tuple[Database, sql.Queries],
) -> None:
    """What is known before a lock says nothing about what is so under it."""
    database, queries = asking
    async with database.write(1) as conn:
        await ask_ahead(conn, 1, [], [Question(queries.ask_organisation, {"org_id": 1}, _rows)])
        await conn.execute("UPDATE org SET name = 'Two' WHERE org_id = 1")
        assert await ask(conn, 1, Question(queries.ask_organisation, {"org_id": 1}, _rows)) == (
            [{"name": "Two"}],
        )
