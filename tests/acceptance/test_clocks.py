"""Flows that wait for what is data of the organisation: opening hours of shops, hubs and producers, and times of sessions."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator

import pytest

from coster.domain.orders.model import ChangeOrder, LineChange, StepOrder
from coster.domain.parties.model import PutEnterprise
from coster.domain.sessions.model import CloseSession, PutSession, ReopenSession
from coster.engine.flows.model import DraftFlow, PinFlow, PublishFlow
from coster.engine.workflow.hours import OpeningHours
from tests.acceptance.market import KILO, basket, line, order, order_of, until
from tests.acceptance.verify import broken
from tests.town import MONDAY, Town

OFFICE = OpeningHours(
    hours={"mon-fri": ["09:00-17:00"]}, holidays=["2026-11-30"], special={"2026-12-01": ["11:00-15:00"]}
)
ZONE = "Europe/Amsterdam"
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
FRIDAY = MONDAY + 4 * DAY + 7 * HOUR
"""16:00 in Amsterdam: an hour before the office closes for the weekend."""

PICKUP = """
name: order.pickup
entity: order
type: pickup
version: 1
events: {pause: {}, go_on: {}}
statuses:
  new: {category: booking, holds: live, initial: true, sla: {duration: PT2H, in: opening_hours}}
  paused: {category: booking, holds: live, sla: {duration: PT30M, in: opening_hours}}
  off: {category: done, holds: none, final: true}
transitions:
  - {on: too_late, after: {duration: PT4H, in: opening_hours}, from: new, do: [release_holds], to: off}
  - {on: remind, after: {duration: PT3H, in: opening_hours, times: 2}, from: paused, do: [{set: {attributes: {reminded: "{now}"}}}]}
  - {on: pause, from: new, to: paused}
  - {on: go_on, from: paused, to: new}
  - {on: cancel, from: [new, paused], do: [release_holds], to: off}
"""
HELD = """
name: wholesale.held
entity: held_order
version: 2
statuses:
  Held: {category: booking, holds: live, dfc: {order: Held, fulfilment: Held, payment: Unpaid}, initial: true}
  Told: {category: booking, holds: live, dfc: {order: Held, fulfilment: Held, payment: Unpaid}}
  Complete: {category: fulfilment, holds: committed, dfc: {order: Complete, fulfilment: Unfulfilled, payment: Unpaid}}
  Fulfilled: {category: done, holds: none, dfc: {order: Complete, fulfilment: Fulfilled, payment: Unpaid}, final: true}
  Cancelled: {category: done, holds: none, dfc: {order: Cancelled, fulfilment: Cancelled, payment: Cancelled}, rests: true}
transitions:
  - {on: grow, from: [Held, Told], do: [project_holds]}
  - {on: grow, from: Cancelled, do: [project_holds], to: Held}
  - {on: shrink, from: [Held, Told], when: lines > 0, do: [project_holds], otherwise: empty}
  - {on: empty, from: [Held, Told], do: [close_empty], to: Cancelled}
  - {on: complete, from: [Held, Told], when: lines > 0, do: [commit_holds], to: Complete, otherwise: empty}
  - {on: fulfil, from: Complete, do: [consume_holds], to: Fulfilled}
  - {on: told, after: TIMER, from: Held, to: Told}
"""


@pytest.fixture(autouse=True)
async def proven(town: Town) -> AsyncIterator[None]:
    """After every test, everything that the program promises holds."""
    yield
    assert await broken(town) == []


async def in_use(town: Town, text: str) -> None:
    """A version that is published and pinned."""
    name = text.split("name: ")[1].split(maxsplit=1)[0]
    version = int(text.split("version: ")[1].split(maxsplit=1)[0])
    await town.do(DraftFlow(name=name, text=text, reason="For the test."))
    await town.do(PublishFlow(name=name, version=version, reason="For the test."))
    await town.do(PinFlow(name=name, version=version, reason="For the test."))


async def shop(town: Town, hours: OpeningHours = OFFICE) -> tuple[uuid.UUID, uuid.UUID]:
    """A hub with opening hours, and its jam."""
    hub = await town.enterprise("Hub", "hub", timezone=ZONE, opening_hours=hours)
    return hub, await town.item(hub, "jam", 100 * KILO)


async def place(town: Town, who: str, at: dt.datetime) -> None:
    """Somebody's order for a pickup."""
    hub, jam = [
        row["id"] for row in await town.rows("SELECT id FROM enterprise UNION ALL SELECT id FROM item")
    ]
    town.now = at
    await town.do(basket(who, hub, None, line(jam, KILO), type="pickup", completed=False))


async def dues(town: Town) -> list[dt.datetime]:
    """When timers are due, to the minute."""
    rows = await town.rows(
        "SELECT due_at FROM timer WHERE kind IN ('orders.timer', 'wholesale.timer') ORDER BY due_at"
    )
    return [row["due_at"].replace(second=0, microsecond=0) for row in rows]


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (MONDAY, MONDAY + 4 * HOUR),
        # An hour on Friday, none on Monday, which is a holiday, and three on Tuesday, when it opens at eleven.
        (FRIDAY, dt.datetime(2026, 12, 1, 13, tzinfo=dt.UTC)),
        # At night the clocks go forward: an hour on Friday in winter, three on Monday in summer.
        (dt.datetime(2027, 3, 26, 15, tzinfo=dt.UTC), dt.datetime(2027, 3, 29, 10, tzinfo=dt.UTC)),
    ],
)
async def test_a_timer_counts_in_the_sellers_opening_hours(
    town: Town, at: dt.datetime, due: dt.datetime
) -> None:
    """Four hours in which the hub is open, in its zone; then the order is off."""
    await in_use(town, PICKUP)
    await shop(town)
    await place(town, "Ali", at)
    assert await dues(town) == [due]
    await until(town, due - HOUR)
    assert (await order(town, "Ali"))["status"] == "new"
    await until(town, due + HOUR / 60)
    assert (await order(town, "Ali"))["status"] == "off"


async def test_service_levels_and_repeated_timers_count_in_them_too(town: Town) -> None:
    """Entering a status, and firing again, reckon by the hours as they are."""
    await in_use(town, PICKUP)
    await shop(town)
    await place(town, "Ali", FRIDAY)
    assert (await order(town, "Ali"))["sla_at"].replace(microsecond=0) == dt.datetime(
        2026, 12, 1, 11, tzinfo=dt.UTC
    )
    await town.do(StepOrder(order_id=order_of("Ali"), trigger="pause"))
    assert (await order(town, "Ali"))["sla_at"].replace(second=0, microsecond=0) == FRIDAY + HOUR / 2
    assert await dues(town) == [dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)]
    await until(town, dt.datetime(2026, 12, 1, 12, 1, tzinfo=dt.UTC))
    assert (await order(town, "Ali"))["attributes"]["reminded"].startswith("2026-12-01T12:0")
    assert await dues(town) == [dt.datetime(2026, 12, 2, 9, tzinfo=dt.UTC)]


async def test_other_hours_count_for_timers_that_are_set_from_then_on(town: Town) -> None:
    """What runs already keeps its time."""
    await in_use(town, PICKUP)
    hub, _ = await shop(town)
    await place(town, "Ali", FRIDAY)
    await town.do(PutEnterprise(enterprise_id=hub, name="Hub", kinds=["hub"], currency="EUR", timezone=ZONE))
    await place(town, "Berta", FRIDAY)
    assert await dues(town) == [FRIDAY + 4 * HOUR, dt.datetime(2026, 12, 1, 13, tzinfo=dt.UTC)]


async def market(town: Town, timer: str) -> tuple[uuid.UUID, uuid.UUID]:
    """A hub and a producer with hours of their own, a session, and a held order in it on a flow with this timer; hub and session."""
    await in_use(town, HELD.replace("TIMER", timer))
    early, late = (
        OpeningHours(hours={"mon-sun": ["06:00-12:00"]}),
        OpeningHours(hours={"mon-sun": ["13:00-19:00"]}),
    )
    jean = await town.enterprise("Jean", "producer", timezone=ZONE, opening_hours=late)
    hub = await town.enterprise("Hub", "hub", timezone=ZONE, opening_hours=early)
    carrots = await town.item(jean, "carrots", 100 * KILO)
    await town.relation(hub, jean)
    week = await town.session("week", [hub], [carrots])
    town.now = MONDAY
    await town.do(basket("Ali", hub, week, line(carrots, KILO)))
    return hub, week


@pytest.mark.parametrize(
    ("timer", "due"),
    [
        ("{duration: PT4H, in: opening_hours}", MONDAY + DAY - 2 * HOUR),
        ("{duration: PT4H, in: producer_hours}", MONDAY + 8 * HOUR),
        ("{field: session.closes_at, before: PT12H, in: producer_hours}", MONDAY + 4 * DAY + 4 * HOUR),
    ],
)
async def test_held_orders_count_in_the_hours_of_either_side(
    town: Town, timer: str, due: dt.datetime
) -> None:
    """The hub's, or the producer's: also for a held order that comes into being with the order."""
    await market(town, timer)
    first = await dues(town)
    await town.do(ChangeOrder(order_id=order_of("Ali"), lines=[LineChange(line_no=1, quantity=2 * KILO)]))
    assert (first, await dues(town)) == ([due], [due])


async def status(town: Town) -> str:
    """Of the only held order, in its flow."""
    return str(await town.value("SELECT status FROM held_order"))


async def test_a_session_that_is_moved_moves_what_waits_for_it(town: Town) -> None:
    """Later and earlier: the timer goes with the session's times, whether the held order hears of it or not."""
    hub, week = await market(town, "{field: session.amend_until, before: PT1H}")
    closes = MONDAY + 4 * DAY
    seen = [await dues(town)]
    for closes in (MONDAY + 6 * DAY, MONDAY + 2 * DAY):
        begun = await town.value("SELECT opens_at FROM session")
        await town.do(moved((hub, week), begun, closes))
        await until(town, town.now)
        seen.append(await dues(town))
    due = MONDAY + 4 * DAY + HOUR
    assert seen == [[due], [due + 2 * DAY], [due - 2 * DAY]]
    await until(town, due - 2 * DAY + HOUR / 30)
    assert await status(town) == "Told"


def moved(ids: tuple[uuid.UUID, uuid.UUID], begun: dt.datetime, closes: dt.datetime) -> PutSession:
    """The session with another end; `ids` are its hub's and its own."""
    hub, week = ids
    return PutSession(
        session_id=week, coordinator_id=hub, name="week", opens_at=begun, closes_at=closes,
        amend_until=closes + 2 * HOUR, hub_ids=[hub], listings=None,
    )  # fmt: skip


async def test_a_session_that_is_opened_again_takes_its_timers_along(town: Town) -> None:
    """A timer that comes before its new time waits on, and fires then."""
    _, week = await market(town, "{field: session.closes_at}")
    await town.do(CloseSession(session_id=week, due=None))
    later = MONDAY + 8 * DAY
    await town.do(ReopenSession(session_id=week, closes_at=later, amend_until=later + HOUR, reason="Rain."))
    await until(town, MONDAY + 5 * DAY)
    assert (await status(town), await dues(town)) == ("Held", [later])
    await until(town, later + HOUR / 60)
    assert await status(town) == "Told"
