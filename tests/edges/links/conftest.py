"""A server whose suppliers are fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from tests.edges.conftest import Server, Start
from tests.edges.links import nobody
from tests.edges.links.town import Elsewhere, Market


@pytest.fixture
def used(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What a scenario is played with, by name."""
    names = ("elsewhere", "linked", "market", "pair")
    return {name: request.getfixturevalue(name) for name in names if name in request.fixturenames}


@pytest.fixture(autouse=True)
async def nobody_is_named(used: dict[str, Any]) -> AsyncIterator[None]:
    """Whatever a scenario was about: afterwards all that was sent, answered and logged is searched for every shopper in it."""
    with structlog.testing.capture_logs() as lines:
        yield
    if not used:
        return
    pair = used.get("pair")
    hub: Server = pair.hub if pair else used["linked"]
    known = await nobody.shoppers(hub.database)
    # The first scenario of a module may be one in which nobody has ordered anything.
    passed = list(pair.record.passed()) if pair else []
    asks = used["elsewhere"].ever if "elsewhere" in used else []
    nobody.search(known, {"sent": nobody.sent(asks, passed), "the log": nobody.logged(lines)})
    if "market" in used and used["market"].count:
        assert known.words, "nobody to be searched for"


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
