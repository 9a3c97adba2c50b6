"""Fixtures of the pipeline's tests."""

from __future__ import annotations

import pytest

from coster.engine.db.connect import Database
from tests.engine.batch.probes import Program, prepare


@pytest.fixture
async def probed(database: Database) -> Database:
    """A database with the table of the probes and the organisations 1 and 2."""
    await prepare(database)
    return database


@pytest.fixture
async def program(probed: Database) -> Program:
    """One process."""
    return Program(probed)
