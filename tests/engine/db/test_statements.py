"""Every statement of the program is one that the server understands: each version plans each of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import coster
from coster.engine.db import sql
from coster.engine.db.connect import Database

pytestmark = pytest.mark.database

_FILES = sorted(Path(coster.__file__).parent.rglob("*.sql"))
_OF_CLUSTERS = re.compile(r"\bcitus|\bpg_dist|create_distributed|master_")
"""What only a cluster has; tests/engine/db/test_cluster.py and docs/operate/scale.md say where that was tried."""
_NAMED = [path for path in _FILES if "-- name:" in path.read_text(encoding="utf-8")]


def test_statements_are_found() -> None:
    """Rooms, engine and simulation have files of named statements."""
    assert len(_NAMED) > 15


@pytest.mark.parametrize("path", _NAMED, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_server_understands_every_statement(module_database: Database, path: Path) -> None:
    """What is told a table, a column or a function that is not there, or a type that does not fit, is refused when it is prepared."""
    refused = {}
    async with module_database.system() as conn:
        for statement in sql.read(path):
            if _OF_CLUSTERS.search(statement.sql):
                continue
            try:
                await conn.prepare(statement.sql)
            except Exception as fault:  # noqa: BLE001 - all of them are told at once
                refused[statement.name] = f"{type(fault).__name__}: {fault}"
    assert refused == {}
