"""Columns go to the database as text and come out as they were."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from coster.engine.db.columns import column
from coster.engine.db.connect import Database

ZONE = dt.timezone(dt.timedelta(hours=5, minutes=30))
IDS = [uuid.UUID(int=0), uuid.UUID("6b1f0c52-8d1e-5c7a-9a54-7a3c1b0d2e11"), None]
INSTANTS = [dt.datetime(2026, 11, 21, 18, 0, 0, 1, dt.UTC), dt.datetime(1999, 1, 1, tzinfo=ZONE), None]


@pytest.mark.database
@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("uuid", IDS),
        ("bigint", [0, -(2**63), 2**63 - 1, None]),
        ("boolean", [True, False, None]),
        ("timestamptz", INSTANTS),
        ("uuid", []),
    ],
)
async def test_a_column_comes_out_as_it_went_in(database: Database, type_: str, values: list[Any]) -> None:
    """Every kind that is allowed, its ends, nothing, and none at all."""
    async with database.system() as conn:
        assert await conn.fetchval(f"SELECT $1::text::{type_}[]", column(values)) == values
