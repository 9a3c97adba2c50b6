"""A lodge for each module."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from coster.engine.db.connect import Database
from tests.engine.flows.lodge import Lodge

_ORGS = itertools.count(40)


@pytest.fixture(scope="module")
async def lodge(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Lodge:
    """One process."""
    return Lodge(module_database, Path(tmp_path_factory.mktemp("flows")))


@pytest.fixture
async def org(lodge: Lodge) -> int:
    """An organisation of its own for each test."""
    number = next(_ORGS)
    await lodge.begin(number)
    return number
