"""What is beyond its service level is counted for the whole server; what was given up is skipped with a reason that is kept."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from prometheus_client import REGISTRY

from coster.domain.orders.model import LineRequest, PlaceOrder
from coster.domain.sessions.model import CloseSession, EndSession
from coster.domain.sourcing import rules as sourcing
from coster.domain.wholesale.model import CompleteSession, FulfilHeldOrder
from coster.engine.outbox import parked
from coster.engine.story import late
from tests.town import Town, name_id

pytestmark = pytest.mark.database
KILO = 1000
WEEK = dt.timedelta(days=7)
KINDS = ("order", "held_order")


@pytest.fixture
async def pool(town: Town) -> uuid.UUID:
    """A held order that is owed since now."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 10 * KILO)
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [carrots])
    lines = [LineRequest(item_id=carrots, quantity=4 * KILO)]
    await town.do(
        PlaceOrder(
            order_id=name_id("Ali"),
            seller_id=hub,
            session_id=session,
            channel="s",
            reference="Ali",
            lines=lines,
        )
    )
    town.now += dt.timedelta(days=5)
    for body in (
        CloseSession(session_id=session),
        EndSession(session_id=session),
        CompleteSession(session_id=session),
    ):
        await town.do(body)
    return sourcing.shared_pool(hub, jean, session)


async def test_what_a_producer_owes_for_too_long_is_counted_until_it_is_handed_over(
    town: Town, pool: uuid.UUID
) -> None:
    """A week after it was owed, and not a moment before; the next status has no level."""
    owed = town.now
    found = [
        (await late.count(town.database, owed + WEEK + dt.timedelta(seconds=n)))["held_order"]
        for n in (-1, 1)
    ]
    await town.do(FulfilHeldOrder(held_order_id=pool))
    found.append((await late.count(town.database, owed + 2 * WEEK))["held_order"])
    assert found == [0, 1, 0]


async def test_the_metric_tells_what_is_counted(
    town: Town, pool: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`coster_beyond_sla` by kind, as whoever watches the server reads it; the second round finds no clock and ends."""
    assert pool
    monkeypatch.setattr(late, "BETWEEN_COUNTS", 0)
    with pytest.raises(IndexError):
        await late.keep(town.database, [town.now + WEEK + dt.timedelta(seconds=1)].pop)
    told = {kind: REGISTRY.get_sample_value("coster_beyond_sla", {"entity": kind}) for kind in KINDS}
    assert told == {"order": 0.0, "held_order": 1.0}


async def test_a_reaction_that_shall_not_run_is_kept_with_who_said_so(town: Town, pool: uuid.UUID) -> None:
    """Of two that are parked the other stays; without a reason nothing is skipped; and nothing is skipped twice."""
    gone = [
        parked.Parked(seq=1, reaction="one", cause="KeyError: x"),
        parked.Parked(seq=2, reaction="two", cause="y"),
    ]
    decision = parked.Decision("Mended by hand.", "jean", town.now)
    async with town.database.write(town.org_id) as conn:
        await parked.keep(conn, town.org_id, gone)
        one, two = await parked.list_parked(conn, town.org_id)
        with pytest.raises(ValueError, match="a reason is needed"):
            await parked.skip(conn, town.org_id, [one], parked.Decision(" ", "jean", town.now))
        assert await parked.skip(conn, town.org_id, [one], decision) == [one]
        assert await parked.skip(conn, town.org_id, [one], decision) == []
        assert await parked.list_parked(conn, town.org_id) == [two]
        [kept] = await parked.list_skipped(conn, town.org_id)
    assert kept == parked.Skipped("reaction", "1", "one", town.now, "KeyError: x", "jean", "Mended by hand.")
