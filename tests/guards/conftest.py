"""A copy of the town for each test, so that two batches can meet in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from coster.engine.db.connect import Database
from tests.conftest import Databases
from tests.guards.scene import KILO, Scene, scene


@pytest.fixture(scope="module")
async def ready(databases: Databases) -> AsyncIterator[tuple[str, Scene]]:
    """A town in a database that nobody is connected to, to be copied."""
    name = await databases.create(template="coster_template")
    opened = await Database.open(databases.server.connect_options(name), min_size=1, max_size=2)
    made = await scene(opened)
    for item in ("jam", "honey"):
        await made.item(made.hub, item, 10 * KILO)
    await opened.close()
    yield name, made
    await databases.drop(name)


@pytest.fixture
async def town(databases: Databases, ready: tuple[str, Scene]) -> AsyncIterator[Scene]:
    """A copy of the town."""
    name = await databases.create(template=ready[0])
    opened = await Database.open(databases.server.connect_options(name), min_size=2, max_size=4)
    yield ready[1].moved_to(opened)
    await opened.close()
    await databases.drop(name)
