"""Fixtures of the rooms' tests: a founded town on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from coster.engine.db.connect import Database
from tests.handlers import registry
from tests.town import Town


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    """An organisation with nobody in it yet."""
    made = Town(database, registry())
    await made.found()
    yield made  # noqa: PT022
