"""Those who wait for suppliers: what is taken back for one of them is what nobody can have been told yes to."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterable
from typing import Any

import asyncpg
import pytest

from coster.domain.linking.handlers import InDatabase
from coster.domain.linking.handlers.waiting import Waiters
from coster.domain.linking.model import Here, Holder, Link, StandingOfLink, Verdict
from coster.engine.db.faults import DatabaseAway
from tests.domain.linking.worlds import CARROTS, Hub, Supplier


def away(hub: Hub) -> None:
    """As far as those who wait can see, the supplier answers nobody for a long time."""

    async def standings(_org_id: int, ids_: Iterable[uuid.UUID]) -> dict[uuid.UUID, StandingOfLink]:
        return {
            one: StandingOfLink(
                held_order_id=one, acked_version=0, state="open", cause="", next_at=None,
                open_until=hub.now + dt.timedelta(hours=1), policy="strict", wait_seconds=5,
            )
            for one in ids_
        }  # fmt: skip

    hub.standings = standings  # type: ignore[method-assign]


async def waited(hub: Hub, order: uuid.UUID, version: int) -> Verdict:
    """What one who waits is told."""
    waiters = Waiters(hub.tools, lambda: None)
    looking = asyncio.create_task(waiters.run())
    verdict = await asyncio.wait_for(waiters.decided(1, order, {hub.link.held_order_id: version}), 5)
    looking.cancel()
    return verdict


async def test_what_nobody_has_acknowledged_is_taken_back() -> None:
    """The shopper hears that the supplier is away, and nothing of his is held."""
    hub = Hub(Supplier({"carrots": 9_000}))
    order, version = hub.place(1, 1_000)
    away(hub)
    verdict = await waited(hub, order, version)
    assert (verdict.kind, verdict.code, hub.baskets) == ("silent", "supplier_away", {})


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_yes_that_comes_while_it_is_taken_back_counts(moment: str) -> None:
    """Before or after it was looked who holds what: another who asked for the same order may have been told yes to it by then."""
    hub = Hub(Supplier({"carrots": 9_000}))
    order, version = hub.place(1, 1_000)
    away(hub)
    read, done = hub.holders, list[bool]()

    async def holders(org_id: int, link: Link, here: Here) -> list[Holder]:
        found = await read(org_id, link, here)
        if not done:
            done.append(True)
            await hub.settle()
            assert hub.link.acked.version == version
            found = await read(org_id, link, here) if moment == "after" else found
        return found

    hub.holders = holders  # type: ignore[method-assign]
    verdict = await waited(hub, order, version)
    assert (verdict.kind, hub.baskets) == ("held", {order: {CARROTS: 1_000}})


class Broken:
    """A database whose connections break in the middle of a transaction, or that is asked for what is no value."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    @contextlib.asynccontextmanager
    async def write(self, _org_id: int) -> AsyncIterator[Any]:
        """Breaks."""
        raise self.fault
        yield


@pytest.mark.parametrize(
    ("fault", "told"),
    [(asyncpg.InterfaceError("connection is closed"), DatabaseAway), (ConnectionResetError(), DatabaseAway),
     (asyncpg.DataError("no uuid"), asyncpg.DataError)],
)  # fmt: skip
async def test_a_connection_that_breaks_while_something_is_noted_is_the_databases_absence(
    fault: Exception, told: type[Exception]
) -> None:
    """Whoever waits is told to come again, and not that something is broken here; a fault of ours stays one."""
    journal = InDatabase(Broken(fault))  # type: ignore[arg-type]
    with pytest.raises(told):
        await journal.open(1, [])
