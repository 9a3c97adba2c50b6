"""Checkouts that go to another version of their flow, on a database: their timers go on counting from where they were."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from coster.domain.orders.handlers import CHECKOUTS
from coster.domain.orders.model import LineRequest, MoveCheckouts, PlaceOrder, StepOrder
from coster.engine.flows.model import DraftFlow, MigrateFlow, PinFlow, PublishFlow, UndoMove
from tests.town import Town, name_id

pytestmark = pytest.mark.database

HOUR = dt.timedelta(hours=1)
PAYING = """
  - {on: begin_payment, from: [running], to: paying}
  - {on: think_again, from: [paying], to: running}
  - {on: complete_checkout, from: [paying], to: completed}
  - {after: PT2H, from: [paying], to: expired}
  - {on: abandon_checkout, from: [paying], to: abandoned}
"""


def version(number: int) -> str:
    """The shipped flow with a status in which the shopper pays, for two hours at most."""
    text = CHECKOUTS.texts["checkout", 1].replace(
        "version: 1\n", f"version: {number}\nevents: {{begin_payment: {{}}, think_again: {{}}}}\n"
    )
    return text.replace("  completed: {", "  paying: {category: booking}\n  completed: {") + PAYING


async def move(town: Town, source: int, target: int) -> uuid.UUID:
    """Everybody of a version goes to another."""
    id_ = name_id(f"{source} to {target}")
    body = MigrateFlow(move_id=id_, name="checkout", sources=[source], to_version=target, reason="Better.")
    await town.do(body)
    await town.do(MoveCheckouts(move_id=id_))
    return id_


async def due(town: Town) -> list[tuple[str, dt.datetime]]:
    """The timers that run, and when."""
    rows = await town.rows("SELECT body ->> 'trigger' AS trigger, due_at FROM timer ORDER BY 1")
    return [(row["trigger"], row["due_at"]) for row in rows]


@pytest.fixture
async def ali(town: Town) -> uuid.UUID:
    """An order whose checkout has begun on the second version, which has a status for paying."""
    hub = await town.enterprise("Hub", "hub")
    jam = await town.item(hub, "jam", 10_000)
    for number in (2, 3):
        await town.do(DraftFlow(name="checkout", text=version(number), reason="We want it so."))
        await town.do(PublishFlow(name="checkout", version=number, reason="It is good."))
    await town.do(PinFlow(name="checkout", version=2, reason="Now."))
    order = name_id("order of Ali")
    lines = [LineRequest(item_id=jam, quantity=1000)]
    await town.do(PlaceOrder(order_id=order, seller_id=hub, channel="shop", reference="Ali", lines=lines))
    return order


async def test_a_timer_goes_on_from_when_the_status_was_entered(town: Town, ali: uuid.UUID) -> None:
    """Forth and back, an hour after another: two hours after the payment began, and not after a move."""
    town.now += HOUR / 4
    await town.do(StepOrder(order_id=ali, trigger="begin_payment"))
    until = [("after:7200s", town.now + 2 * HOUR)]
    assert await due(town) == until
    town.now += HOUR
    forth = await move(town, 2, 3)
    assert await due(town) == until
    town.now += HOUR / 2
    back = name_id("back")
    await town.do(UndoMove(move_id=back, undoes=forth, reason="Worse."))
    await town.do(MoveCheckouts(move_id=back))
    assert await due(town) == until
    assert [
        tuple(row.values()) for row in await town.rows("SELECT checkout, checkout_version FROM orders")
    ] == [("paying", 2)]


async def test_a_status_that_was_left_and_entered_again_counts_from_the_second_time(
    town: Town, ali: uuid.UUID
) -> None:
    """The last coming is what counts, also where the status is the one in which checkouts begin."""
    await town.do(StepOrder(order_id=ali, trigger="begin_payment"))
    town.now += HOUR / 4
    await town.do(StepOrder(order_id=ali, trigger="think_again"))
    await town.do(StepOrder(order_id=ali, trigger="begin_payment"))
    until = [("after:7200s", town.now + 2 * HOUR)]
    town.now += HOUR
    await move(town, 2, 3)
    assert await due(town) == until


async def test_a_timer_counts_from_the_move_where_the_events_are_gone(town: Town, ali: uuid.UUID) -> None:
    """They are in the archive: nobody waits for too short a time."""
    await town.do(StepOrder(order_id=ali, trigger="begin_payment"))
    town.now += HOUR
    async with town.database.system() as conn:
        await conn.execute("DELETE FROM event WHERE entity_id = $1", ali)
    await move(town, 2, 3)
    [(_, until)] = await due(town)
    assert until > town.now + 2 * HOUR - dt.timedelta(seconds=1)
