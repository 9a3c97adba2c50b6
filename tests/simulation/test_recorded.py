"""Recorded days are put together to lives, and led again by a draft in memory."""

from __future__ import annotations

import datetime as dt

import pytest

from coster.cli import flowfiles
from coster.domain.orders.handlers import CHECKOUTS, LIBRARY
from coster.domain.orders.reads import TELLING
from coster.engine.db.connect import Database
from coster.engine.flows import recorded
from coster.engine.workflow.records import Flow
from coster.simulation import town
from coster.simulation.town import Town
from tests.handlers import registry
from tests.simulation.test_drafts import DAY, SHIPPED, draft, of_order

MORNING = (*DAY, (of_order("fail", 9, 4, 4_000),))
DAYS = recorded.Days(org_id=1, since=town.START, until=town.START + dt.timedelta(days=2), telling=TELLING)


async def again(database: Database, flow: Flow, days: recorded.Days) -> recorded.Again:
    """The recorded lives, led again."""
    library = {"order": LIBRARY, "checkout": CHECKOUTS}[flow.entity]
    return await recorded.again(database, library, flow, days, others=flowfiles.shipped())


@pytest.fixture
async def lived(database: Database) -> Database:
    """A town whose morning was recorded: two orders booked and cancelled, one that failed."""
    place = Town(database, registry(), 1)
    await place.found()
    for batch in MORNING:
        await place.live(batch)
    return database


async def test_the_version_that_they_were_led_by_leads_them_to_the_same_end(lived: Database) -> None:
    """And the rows that real entities carried out are counted; what never happened is seen to be missing."""
    found = await again(lived, SHIPPED, DAYS)
    assert (found.lives, found.same, found.differ, found.untold, found.moved) == (3, 3, [], [], 0)
    assert found.covered is not None
    times = {row.on: row.times for row in found.covered.rows if row.times}
    assert times["cancel"] == 2
    assert {row.on for row in found.covered.missing} >= {"change", "comment"}


async def test_whoever_would_have_ended_differently_is_told(lived: Database) -> None:
    """The dear order could not have been cancelled: when it parted, and which guard was false. Its rows are of another version."""
    found = await again(lived, draft(cancel_when="order.total < 2000")[1], DAYS)
    assert (found.lives, found.same, len(found.untold)) == (3, 2, 0)
    [one] = found.differ
    assert (one.id, one.was, one.would) == (str(town.order_id(2)), "cancelled", "booked")
    assert one.parted == town.instant(3_000)
    assert "'order.total < 2000', which is not so now" in one.why
    assert found.covered is not None
    assert not any(row.times for row in found.covered.rows)


async def test_what_no_event_tells_is_counted_apart(lived: Database) -> None:
    """Whether a customer is known stands in no event, so nobody can say what such a guard would have answered."""
    found = await again(lived, draft(cancel_when="order.known_customer")[1], DAYS)
    assert (found.same, len(found.differ), len(found.untold)) == (1, 0, 2)
    assert "order.known_customer" in found.untold[0].why


async def test_only_the_days_that_are_asked_for_are_read(lived: Database) -> None:
    """A life that began before them begins where it was; one that ended before them is not there."""
    late = SHIPPED
    since = recorded.Days(org_id=1, since=town.instant(2_500), until=DAYS.until, telling=TELLING)
    assert (await again(lived, late, since)).lives == 3
    after = recorded.Days(org_id=1, since=town.instant(4_000), until=DAYS.until, telling=TELLING)
    assert (await again(lived, late, after)).lives == 1
    none = recorded.Days(org_id=1, since=town.instant(5_000), until=DAYS.until, telling=TELLING)
    assert (await again(lived, late, none)).lives == 0


async def test_a_child_that_is_told_with_its_parent_is_led_again_too(lived: Database) -> None:
    """Two checkouts were completed and one failed; the order's events tell it."""
    found = await again(lived, CHECKOUTS.shipped["checkout"].flow, DAYS)
    assert (found.lives, found.same) == (3, 3)
    assert found.covered is not None
    assert {row.on: row.times for row in found.covered.rows if row.times} == {
        "complete_checkout": 2,
        "fail_checkout": 1,
    }
