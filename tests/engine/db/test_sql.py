"""Named statements: how they are read, numbered and called."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from coster.engine.db import sql
from coster.engine.db.connect import Database


def _read(folder: Path, text: str) -> sql.Queries:
    folder.mkdir(exist_ok=True)
    path = folder / "queries.sql"
    path.write_text(text, "utf-8")
    return sql.read(path)


def test_parameters_are_numbered_by_first_use(tmp_path: Path) -> None:
    """The same name twice is one parameter."""
    queries = _read(tmp_path, "-- name: find\nSELECT :b::int, :a, :b\n")
    assert queries.find.parameters == ("b", "a")
    assert queries.find.sql.endswith("SELECT $1::int, $2, $1")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '{}'::uuid[]",
        "SELECT ':a'",
        "SELECT 'it''s :a'",
        'SELECT 1 AS ":a"',
        "SELECT 1 -- it's not :a",
        "SELECT $$ :a $$",
        "SELECT $x$ :a $x$",
        "SELECT x[1:2]",
        "SELECT '12:30'::time",
    ],
)
def test_what_only_looks_like_a_parameter_is_left_alone(tmp_path: Path, text: str) -> None:
    """Casts, slices, quoted and commented text stand as they are."""
    queries = _read(tmp_path, f"-- name: find\n{text}\n")
    assert queries.find.parameters == ()
    assert queries.find.sql.endswith(text)


def test_a_cast_follows_its_parameter(tmp_path: Path) -> None:
    """`:ids::uuid[]` is a parameter and a cast."""
    queries = _read(tmp_path, "-- name: find\nSELECT unnest(:ids::uuid[])\n")
    assert queries.find.sql.endswith("SELECT unnest($1::uuid[])")


def test_two_files_may_use_one_name(tmp_path: Path) -> None:
    """Each keeps its own order of parameters."""
    first = _read(tmp_path / "orders", "-- name: find\nSELECT :a, :b\n")
    second = _read(tmp_path / "stock", "-- name: find\nSELECT :b, :c, :a\n")
    assert first.find.parameters == ("a", "b")
    assert second.find.parameters == ("b", "c", "a")
    assert (first.find.name, second.find.name) == ("orders.find", "stock.find")


def test_one_file_may_not_use_a_name_twice(tmp_path: Path) -> None:
    """The second would silently win."""
    with pytest.raises(ValueError, match="two statements are named find"):
        _read(tmp_path, "-- name: find\nSELECT 1\n-- name: find\nSELECT 2\n")


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    """`#` would be a script of several statements."""
    with pytest.raises(ValueError, match="only the suffixes"):
        _read(tmp_path, "-- name: add#\nINSERT INTO t VALUES (1);\n")


def test_a_missing_and_an_unknown_parameter_are_named(tmp_path: Path) -> None:
    """The message names the statement, what it lacks and what it does not know."""
    queries = _read(tmp_path / "stock", "-- name: find\nSELECT :a, :b\n")
    with pytest.raises(TypeError, match=r"statement stock\.find lacks b and does not know c; it takes a, b"):
        queries.find(None, a=1, c=2)
    with pytest.raises(TypeError, match="does not know c"):
        queries.find(None, a=1, b=2, c=3)


def test_an_unknown_statement_is_named(tmp_path: Path) -> None:
    """With those that there are."""
    queries = _read(tmp_path, "-- name: find\nSELECT 1\n")
    with pytest.raises(AttributeError, match="no statement is named search; there are: find"):
        _ = queries.search


@pytest.mark.database
async def test_what_comes_back(tmp_path: Path, module_database: Database) -> None:
    """Rows, the first row, the first value, the status."""
    queries = _read(
        tmp_path,
        "-- name: rows\n-- All.\nSELECT unnest(:ids::uuid[]) AS id;\n"
        "-- name: row^\nSELECT :a::int AS a WHERE :there::bool\n"
        "-- name: value$\nSELECT :a::int + 1\n"
        "-- name: status!\nSELECT set_config('x.y', :a::text, true)\n",
    )
    ids = [uuid.UUID(int=1), uuid.UUID(int=2)]
    async with module_database.read(1) as conn:
        assert [row["id"] for row in await queries.rows(conn, ids=ids)] == ids
        assert (await queries.row(conn, a=5, there=True))["a"] == 5
        assert await queries.row(conn, a=5, there=False) is None
        assert await queries.value(conn, a=5) == 6
        assert await queries.status(conn, a="z") == "SELECT 1"


def test_the_statements_of_the_project_can_be_read() -> None:
    """Every queries.sql of the package."""
    package = Path(sql.__file__).parents[2]
    for path in package.rglob("queries.sql"):
        assert list(sql.read(path)), path
