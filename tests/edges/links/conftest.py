"""A server whose suppliers are fakes."""

from __future__ import annotations

import pytest

from tests.edges.conftest import Server, Start
from tests.edges.links.town import Elsewhere, Market


@pytest.fixture(scope="module")
def elsewhere() -> Elsewhere:
    """The suppliers of a module's server."""
    return Elsewhere()


@pytest.fixture(scope="module")
async def linked(start: Start, elsewhere: Elsewhere) -> Server:
    """A server that speaks to them."""
    return await start(suppliers=elsewhere)


@pytest.fixture
async def market(linked: Server, elsewhere: Elsewhere) -> Market:
    """A hub that sells ten kilos of carrots and five of leeks from elsewhere."""
    elsewhere.seconds = 0.0
    elsewhere.gate.set()
    elsewhere.asks.clear()
    return await Market(linked, elsewhere).open(carrots=10_000, leeks=5_000)
