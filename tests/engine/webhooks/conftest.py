"""What the tests of webhooks share: a receiver and a world around it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from coster.engine.db.connect import Database
from tests.engine.webhooks.receiver import Receiver
from tests.engine.webhooks.world import World


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that answers 204 until told otherwise."""
    async with Receiver() as opened:
        yield opened


@pytest.fixture
async def world(database: Database, receiver: Receiver) -> AsyncIterator[World]:
    """An organisation with nothing in it yet."""
    opened = await World(database, receiver).open()
    yield opened
    await opened.close()
