"""Orders released in parts, and lines for a later day, through the real pipeline: what is stored, told, and known afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest

from coster.domain.catalog.model import PutItem
from coster.domain.inventory.model import AdjustStock
from coster.domain.orders import reads
from coster.domain.orders.handlers import LIBRARY
from coster.domain.orders.model import LineRequest, OrdersWanted, StepOrder
from coster.domain.parties.model import PutEnterprise
from coster.engine.workflow.tables import Tables
from coster.kernel import authority
from tests.acceptance.market import KILO, basket, end_of, held, line, lines_of, order, order_of, told, until
from tests.acceptance.test_b2b import DAY, FEW, Trade, code, well
from tests.acceptance.verify import broken
from tests.town import Town


@pytest.fixture(autouse=True)
async def proven(town: Town) -> AsyncIterator[None]:
    """After every test, everything that the program promises holds."""
    yield
    assert await broken(town) == []


@pytest.fixture
async def trade(town: Town) -> Trade:
    """The hub's trade."""
    return Trade(town)


async def states(town: Town) -> list[tuple[int, int, str, str]]:
    """The lines as they are stored: number, quantity, stock and fulfilment."""
    return [
        (one["line_no"], one["quantity"], one["stock"], one["fulfilment"])
        for one in await lines_of(town, "acme")
    ]


async def came(town: Town, item: Any, quantity: int) -> None:
    """Goods come in."""
    [row] = await town.rows("SELECT item_id, location_id FROM position WHERE item_id = $1", item)
    await town.do(AdjustStock(**row, quantity=quantity, type="RECEIPT"))


async def test_what_is_there_goes_and_the_rest_when_it_comes(trade: Trade) -> None:
    """Six of ten go at once; four are waited for, come, and go. No entry of the ledger but the holds themselves."""
    town = trade.town
    await trade.begin(10 * FEW, jam=6 * FEW)
    well(await trade.step(trade.buyer, "submit"))
    well(await trade.step(trade.boss, "release_part", line=1, quantity="6"))
    assert await states(town) == [
        (1, 6 * KILO, "held", "released"),
        (2, 4 * KILO, "backordered", "not_started"),
    ]
    before = town.now
    await came(town, trade.jam, 4 * FEW)
    await until(town, town.now + DAY)
    assert (await trade.is_now())[:2] == ("complete", "live")
    entries = await town.value("SELECT count(*) FROM ledger WHERE type IN ('HOLD', 'RELEASE')")
    well(await trade.step(trade.boss, "release_part", parts=[{"line": 2, "quantity": "1.5"}]))
    assert await town.value("SELECT count(*) FROM ledger WHERE type IN ('HOLD', 'RELEASE')") == entries
    assert code(await trade.step(trade.buyer, "cancel", reason="late")) == "order_status"
    well(await trade.step(trade.boss, "release_part"))
    assert await trade.is_now() == ("released", "committed", 10 * KILO)
    assert [one["released"] for one in await told(town, "order.part_released")] == [[1], [2], [3]]
    assert await known(town, before) == ("backordered", [(1, 6 * KILO, 6 * KILO), (2, 4 * KILO, 4 * KILO)])


async def known(town: Town, instant: dt.datetime) -> tuple[str, list[tuple[int, int, int]]]:
    """What was known of the order at an instant: its status, and each line with what was asked for and granted."""
    flows = Tables(LIBRARY.shipped.values())
    async with town.database.read(town.org_id) as conn:
        wanted = OrdersWanted(ids=[order_of("acme")], limit=1)
        [(head, found)] = await reads.list_as_of(
            conn, town.org_id, authority.SYSTEM, wanted, (instant, flows)
        )
    return head.status, [(one.line_no, one.requested, one.quantity) for one in found]


async def test_the_rest_is_cancelled(trade: Trade) -> None:
    """What went stays owed; the rest costs nothing, and its goods are free for others."""
    await trade.begin(10 * FEW, jam=10 * FEW)
    well(await trade.step(trade.buyer, "submit"))
    well(await trade.step(trade.boss, "release_part", line=1, quantity="6"))
    well(await trade.step(trade.buyer, "cancel_rest", reason="enough"))
    assert await states(trade.town) == [(1, 6 * KILO, "held", "released"), (2, 0, "none", "cancelled")]
    head = await order(trade.town, "acme")
    assert (head["total"], await trade.is_now()) == (1200, ("released", "committed", 6 * KILO))


async def test_a_producers_held_order_hears_of_what_is_cancelled_only(town: Town) -> None:
    """In a session: parting a line moves nothing on the producer's side; cancelling the rest does; what went is fulfilled with the rest."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 100 * KILO)
    await town.relation(hub, jean)
    week = await town.session("week", [hub], [carrots])
    await town.do(basket("acme", hub, week, line(carrots, 10 * KILO), completed=False, type="b2b"))

    async def step(trigger: str, **attributes: Any) -> None:
        await town.do(StepOrder(order_id=order_of("acme"), trigger=trigger, attributes=attributes))

    await step("submit")
    await step("release_part", line=1, quantity="7")
    assert await held(town, jean) == [("Hub", "Jean", "Held", {"carrots": "10"})]
    await step("cancel_rest", reason="enough")
    assert await held(town, jean) == [("Hub", "Jean", "Held", {"carrots": "7"})]
    await end_of(town, week)
    assert (await held(town, jean))[0][3] == {"carrots": "7"}
    assert (await order(town, "acme"))["status"] == "released"


async def test_a_later_day_is_waited_for_by_the_clock(town: Town) -> None:
    """The order holds nothing until midnight, ten days before its day, where the seller is; then it takes its goods by itself."""
    hub = await town.enterprise("Hub", "hub", timezone="Europe/Paris", hold_days_ahead=10)
    jam = await town.item(hub, "jam", 5 * KILO)
    day = (town.now + 30 * DAY).date()
    wanted = LineRequest(item_id=jam, quantity=KILO, ship_on=day)
    await town.do(basket("acme", hub, None, wanted, completed=False, type="b2b"))
    await town.do(StepOrder(order_id=order_of("acme"), trigger="submit"))
    [stored] = await lines_of(town, "acme")
    opens = stored["holds_from"]
    assert (stored["stock"], stored["ship_on"], opens.hour) == ("future", day, 23)
    assert opens.date() == day - 11 * DAY
    await until(town, opens - dt.timedelta(minutes=1))
    assert (await order(town, "acme"))["status"] == "future"
    await until(town, opens + dt.timedelta(minutes=1))
    [stored] = await lines_of(town, "acme")
    assert ((await order(town, "acme"))["status"], stored["stock"], stored["holds_from"]) == (
        "complete",
        "held",
        None,
    )


async def test_a_horizon_is_kept_with_its_enterprise(town: Town) -> None:
    """From nothing to a day and back."""
    hub = await town.enterprise("Hub", "hub")
    for days in (14, 0, None):
        given = PutEnterprise(
            enterprise_id=hub, name="Hub", kinds=["hub"], currency="EUR", hold_days_ahead=days
        )
        await town.do(given)
        assert await town.value("SELECT hold_days_ahead FROM enterprise WHERE id = $1", hub) == days


async def test_a_copy_that_is_refused_is_tried_again_by_the_clock(trade: Trade) -> None:
    """An hour apart, twice more; the second week it succeeds on the second attempt, and is sent in; the third comes at its own time."""
    town = trade.town
    await trade.begin(FEW)
    first = town.now + DAY
    plan = {"at": first.isoformat(), "every": "P1W", "times": 3, "attempts": 2, "delay": "PT1H"}
    well(await trade.step(trade.buyer, "schedule", **plan))
    goods = {"item_id": trade.jam, "owner_id": trade.hub, "sku": "jam", "name": "jam", "stock_unit": "kg",
             "price_micros": 2_000_000}  # fmt: skip
    for week, back_after in enumerate((None, 1, 0)):
        await town.do(PutItem(**goods, buyable=back_after == 0))
        for hour in range(5):
            await until(town, first + week * 7 * DAY + dt.timedelta(hours=hour, minutes=1))
            if hour + 1 == back_after:
                await town.do(PutItem(**goods, buyable=True))
    said = [
        (one["run"], one["attempt"], name.rpartition("_")[2])
        for name in ("order.copy_delayed", "order.copy_refused", "order.copy_placed")
        for one in await told(town, name)
    ]
    assert sorted(said) == [
        (1, 1, "delayed"), (1, 2, "delayed"), (1, 3, "refused"), (2, 1, "delayed"), (2, 2, "placed"), (3, 1, "placed"),
    ]  # fmt: skip
    copies = await town.rows(
        "SELECT reference, status FROM orders WHERE id <> $1 ORDER BY 1", order_of("acme")
    )
    assert [tuple(one.values()) for one in copies] == [("acme/2", "complete"), ("acme/3", "complete")]
    assert await town.value("SELECT count(*) FROM timer WHERE kind = 'orders.copy'") == 0


async def test_a_cancelled_template_is_tried_no_more(trade: Trade) -> None:
    """The attempt that was due still comes, and finds no plan."""
    town = trade.town
    await trade.begin(10 * FEW, jam=FEW)
    first = town.now + DAY
    plan = {"at": first.isoformat(), "every": "P1W", "attempts": 2, "delay": "PT1H", "whole": True}
    well(await trade.step(trade.buyer, "schedule", **plan))
    await until(town, first + dt.timedelta(minutes=1))
    [delayed] = await told(town, "order.copy_delayed")
    assert (delayed["code"], delayed["attempt"]) == ("insufficient_stock", 1)
    well(await trade.step(trade.buyer, "cancel", reason="no more"))
    await came(town, trade.jam, 100 * FEW)
    await until(town, first + 30 * DAY)
    assert await town.value("SELECT count(*) FROM orders") == 1
    assert (await told(town, "order.copy_refused"), await trade.is_now()) == ([], ("cancelled", "none", 0))
