"""Orders between businesses through the real pipeline: approved by people with keys, blocked, edited, waited for, placed weekly."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from coster.domain.catalog.model import PutItem
from coster.domain.identity.model import RevokeKey
from coster.domain.inventory.model import AdjustStock
from coster.domain.orders.model import (
    CancelOrder,
    ChangeOrder,
    HearOrder,
    LineChange,
    MakeOrderGood,
    StepOrder,
)
from coster.domain.wholesale.model import LowerStock
from coster.engine.flows.model import DraftFlow, PinFlow, PublishFlow
from coster.engine.outbox import parked
from coster.kernel.outcome import Accepted, Outcome
from tests.acceptance.market import (
    KILO,
    basket,
    end_of,
    held,
    key,
    line,
    lines_of,
    order,
    order_of,
    told,
    until,
    with_key,
)
from tests.acceptance.verify import broken
from tests.town import Town

DAY = dt.timedelta(days=1)
FEW, MANY, VERY_MANY = 1 * KILO, 600 * KILO, 6_000 * KILO
"""At 2.00 a kilogram: worth nobody's approval, one's, and two people's."""


@pytest.fixture(autouse=True)
async def proven(town: Town) -> AsyncIterator[None]:
    """After every test, everything that the program promises holds."""
    yield
    assert await broken(town) == []


class Trade:
    """A hub with jam, its people, and a business order for it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.who = "acme"

    async def begin(self, wanted: int, jam: int = 10_000 * KILO) -> None:
        """People with keys of the hub, stock, and the order as a draft."""
        town = self.town
        self.hub = await town.enterprise("Hub", "hub")
        self.jam = await town.item(self.hub, "jam", jam)
        self.buyer = await key(town, "buyer", "shop", self.hub)
        self.boss, self.deputy, self.clerk = [
            await key(town, name, "hub", self.hub) for name in ("boss", "deputy", "clerk")
        ]
        draft = basket("acme", self.hub, None, line(self.jam, wanted), completed=False, type="b2b")
        assert isinstance((await with_key(town, self.buyer, draft)).outcome, Accepted)

    async def step(self, actor: uuid.UUID, trigger: str, **attributes: Any) -> Outcome:
        """An event of somebody for the order."""
        body = StepOrder(order_id=order_of(self.who), trigger=trigger, attributes=attributes)
        return (await with_key(self.town, actor, body)).outcome

    async def change(self, actor: uuid.UUID, quantity: int) -> Outcome:
        """Another quantity of the jam."""
        body = ChangeOrder(order_id=order_of(self.who), lines=[LineChange(line_no=1, quantity=quantity)])
        return (await with_key(self.town, actor, body)).outcome

    async def is_now(self) -> tuple[str, str, int]:
        """The order's status, what that says about its stock, and how much is held."""
        head = await order(self.town, self.who)
        held = await self.town.value(
            "SELECT coalesce(sum(quantity), 0) FROM hold WHERE demand_id = $1", head["id"]
        )
        return head["status"], head["holds"], int(held)


@pytest.fixture
async def trade(town: Town) -> Trade:
    """The hub's trade."""
    return Trade(town)


def well(*outcomes: Outcome) -> None:
    """All of it was accepted."""
    for outcome in outcomes:
        assert isinstance(outcome, Accepted), outcome


def code(outcome: Any) -> str:
    """Why something was refused: the action's own code where there is one."""
    return str(outcome.detail.get("refusal") or outcome.code)


async def test_two_approve_it_is_blocked_and_released(trade: Trade) -> None:
    """One level by the one it was given to; then a block; then it is out, and cannot be cancelled any more."""
    await trade.begin(VERY_MANY)
    assert await trade.is_now() == ("draft", "none", 0)
    well(await trade.step(trade.buyer, "submit"))
    assert await trade.is_now() == ("waiting", "live", VERY_MANY)
    assert code(await trade.step(trade.buyer, "approve")) == "role_needed"
    well(await trade.step(trade.boss, "delegate", to=str(trade.deputy)))
    assert code(await trade.step(trade.boss, "approve")) == "approval_of_another"
    well(await trade.step(trade.deputy, "approve"), await trade.step(trade.boss, "approve"))
    well(await trade.step(trade.clerk, "block", reason="fraud_review"))
    assert code(await trade.step(trade.boss, "release")) == "order_status"
    well(
        await trade.step(trade.boss, "unblock", reason="fraud_review"),
        await trade.step(trade.boss, "release"),
    )
    assert await trade.is_now() == ("released", "committed", VERY_MANY)
    off = await with_key(trade.town, trade.boss, CancelOrder(order_id=order_of("acme"), reason="late"))
    assert code(off.outcome) == "order_status"


async def test_denied_corrected_and_sent_in_again(trade: Trade) -> None:
    """For less, which one may approve; the goods follow."""
    await trade.begin(VERY_MANY)
    well(await trade.step(trade.buyer, "submit"), await trade.step(trade.boss, "deny", reason="too much"))
    well(await trade.change(trade.buyer, MANY), await trade.step(trade.buyer, "submit"))
    assert await trade.is_now() == ("waiting", "live", MANY)
    well(await trade.step(trade.boss, "approve"))
    assert (await order(trade.town, "acme"))["status"] == "complete"
    assert [one["flow"]["to"] for one in await told(trade.town, "order.stepped")] == [
        "waiting", "denied", "waiting", "complete",
    ]  # fmt: skip


async def test_nobody_decides_in_time(trade: Trade) -> None:
    """Its timers pass it on, deny it and at last cancel it; nothing is held then, and no timer runs."""
    await trade.begin(MANY)
    well(
        await trade.step(trade.buyer, "submit"),
        await trade.step(trade.boss, "delegate", to=str(trade.deputy)),
    )
    start = trade.town.now
    seen = []
    for days in (6, 12, 30):
        await until(trade.town, start + days * DAY)
        seen.append((await trade.is_now())[0])
    assert seen == ["overdue", "denied", "cancelled"]
    assert await trade.is_now() == ("cancelled", "none", 0)
    assert await trade.town.value("SELECT count(*) FROM timer") == 0


async def test_another_takes_the_edit_over(trade: Trade) -> None:
    """The first saves nothing any more; what the second sends in holds what it has become."""
    await trade.begin(FEW)
    well(await trade.step(trade.buyer, "submit"), await trade.step(trade.buyer, "begin_edit"))
    assert code(await trade.step(trade.clerk, "begin_edit")) == "order_locked"
    well(await trade.step(trade.clerk, "begin_edit", take_over=True))
    assert code(await trade.change(trade.buyer, 3 * FEW)) == "order_locked"
    well(await trade.change(trade.clerk, 2 * FEW), await trade.step(trade.clerk, "submit"))
    assert await trade.is_now() == ("complete", "live", 2 * FEW)


async def test_goods_come_later(trade: Trade) -> None:
    """The order waits, tries again by itself, and holds them when they are there."""
    await trade.begin(FEW, jam=FEW // 2)
    well(await trade.step(trade.buyer, "submit"))
    assert await trade.is_now() == ("backordered", "live", 0)
    [row] = await trade.town.rows("SELECT item_id, location_id FROM position WHERE item_id = $1", trade.jam)
    await trade.town.do(AdjustStock(**row, quantity=5 * KILO, type="RECEIPT"))
    await until(trade.town, trade.town.now + DAY)
    assert await trade.is_now() == ("complete", "live", FEW)
    assert [one["stock"] for one in await lines_of(trade.town, "acme")] == ["held"]


async def test_a_standing_order_is_placed_every_week(trade: Trade) -> None:
    """Three copies, at the prices of their day, each approved by somebody like any other; the template holds nothing and ends."""
    await trade.begin(MANY)
    first = trade.town.now + DAY
    plan = {"at": first.isoformat(), "every": "P1W", "times": 3}
    well(await trade.step(trade.buyer, "schedule", **plan))
    for week in range(3):
        await until(trade.town, first + week * 7 * DAY + dt.timedelta(minutes=1))
    copies = await trade.town.rows("SELECT reference, status, attributes FROM orders WHERE id <> $1 ORDER BY reference",
                                   order_of("acme"))  # fmt: skip
    assert [one["reference"] for one in copies] == ["acme/1", "acme/2", "acme/3"]
    assert copies[2]["status"] == "waiting"
    assert {one["attributes"]["copy_of"] for one in copies} == {str(order_of("acme"))}
    assert await trade.is_now() == ("ended", "none", 0)


async def test_a_business_buys_in_a_session(town: Town) -> None:
    """A producer's held order grows when it is sent in and not before, follows its edits, and is empty when it is cancelled."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 100 * KILO)
    await town.relation(hub, jean)
    week = await town.session("week", [hub], [carrots])
    draft = basket("acme", hub, week, line(carrots, 10 * KILO), completed=False, type="b2b")
    seen = []
    step = StepOrder(order_id=order_of("acme"), trigger="submit")
    edit = StepOrder(order_id=order_of("acme"), trigger="begin_edit")
    less = ChangeOrder(order_id=order_of("acme"), lines=[LineChange(line_no=1, quantity=4 * KILO)])
    more = ChangeOrder(order_id=order_of("acme"), lines=[LineChange(line_no=1, quantity=30 * KILO)])
    off = CancelOrder(order_id=order_of("acme"), reason="no more")
    for body in (draft, step, edit, less, more, step, off):
        await town.do(body)
        seen.append(await held(town, jean))
    nothing: list[Any] = []
    full = [[("Hub", "Jean", "Held", {"carrots": amount})] for amount in ("10", "10", "4", "4", "30")]
    assert seen == [nothing, *full, [("Hub", "Jean", "Cancelled", {})]]


async def test_what_a_session_no_longer_sells_is_lost(town: Town) -> None:
    """Sent in after the close, nobody can supply it: the order stands in `low` and holds nothing."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 100 * KILO)
    await town.relation(hub, jean)
    week = await town.session("week", [hub], [carrots])
    await town.do(basket("acme", hub, week, line(carrots, 10 * KILO), completed=False, type="b2b"))
    await end_of(town, week)
    await town.do(StepOrder(order_id=order_of("acme"), trigger="submit"))
    assert (await order(town, "acme"))["status"] == "low"
    assert [one["stock"] for one in await lines_of(town, "acme")] == ["unavailable"]


async def test_it_is_given_only_to_keys_that_may_approve(trade: Trade) -> None:
    """No key, one for orders only, one of another hub, and one that was revoked, all in the same words."""
    town = trade.town
    await trade.begin(MANY)
    other = await town.enterprise("Other", "hub")
    stranger, gone = await key(town, "stranger", "hub", other), await key(town, "gone", "hub", trade.hub)
    await town.do(RevokeKey(key_id=gone))
    well(await trade.step(trade.buyer, "submit"))
    for nobody in (uuid.UUID(int=99), await key(town, "sales", "shop", trade.hub), stranger, gone):
        refused = await trade.step(trade.boss, "delegate", to=str(nobody))
        assert code(refused) == "approver_unknown"
    well(await trade.step(trade.boss, "delegate", to=str(await key(town, "chief", "owner", None))))


async def test_a_copy_that_cannot_be_placed_is_told(trade: Trade) -> None:
    """The template says when and why, and goes on with its plan; the next copy is placed."""
    await trade.begin(FEW)
    first = trade.town.now + DAY
    well(await trade.step(trade.buyer, "schedule", at=first.isoformat(), every="P1W", times=3))
    goods = {
        "item_id": trade.jam,
        "owner_id": trade.hub,
        "sku": "jam",
        "name": "jam",
        "stock_unit": "kg",
        "price_micros": 2_000_000,
    }
    for week, buyable in enumerate((True, False, True)):
        await trade.town.do(PutItem(**goods, buyable=buyable))
        await until(trade.town, first + week * 7 * DAY + dt.timedelta(minutes=1))
    [refused] = await told(trade.town, "order.copy_refused")
    assert (refused["run"], refused["code"], refused["entity_id"]) == (
        2,
        "item_not_buyable",
        order_of("acme"),
    )
    placed = await trade.town.rows(
        "SELECT reference FROM orders WHERE id <> $1 ORDER BY reference", order_of("acme")
    )
    assert [one["reference"] for one in placed] == ["acme/1", "acme/3"]
    assert await trade.is_now() == ("ended", "none", 0)


LOST = """
name: order.lost
entity: order
type: lost
version: 1
statuses:
  new: {category: booking, holds: live, initial: true}
  off: {category: done, holds: none, final: true}
transitions:
  - {on: lose, after: PT1H, from: new, do: [lose_line, release_holds], to: off}
  - {on: cancel, from: new, do: [release_holds], to: off}
"""


async def test_a_timer_whose_row_fails_is_parked(town: Town) -> None:
    """A row that loses a line which no timer names: it is given up with its cause, and tried again when somebody says so."""
    hub = await town.enterprise("Hub", "hub")
    jam = await town.item(hub, "jam", 10 * KILO)
    for body in (DraftFlow, PublishFlow, PinFlow):
        more = {"text": LOST} if body is DraftFlow else {"version": 1}
        await town.do(body(name="order.lost", reason="For the test.", **more))
    await town.do(basket("acme", hub, None, line(jam, KILO), completed=False, type="lost"))
    causes = []
    for _ in range(2):
        await until(town, town.now + DAY)
        async with town.database.write(town.org_id) as conn:
            causes += [(one.what, one.name, one.cause) for one in await parked.list_parked(conn, town.org_id)]
            await parked.resume(conn, town.org_id)
    cause = "RefusedError: line_unknown: The order has no line None."
    assert causes == [("timer", "orders.timer", cause)] * 2
    assert (await order(town, "acme"))["status"] == "new"


async def test_a_producer_has_less_than_was_promised(town: Town) -> None:
    """The order stands in L with what it got, whatever is tried, until whoever ordered takes that, or it is cancelled."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 10 * KILO)
    await town.relation(hub, jean)
    week = await town.session("week", [hub], [carrots])
    await town.do(basket("acme", hub, week, line(carrots, 6 * KILO), completed=False, type="b2b"))
    await town.do(StepOrder(order_id=order_of("acme"), trigger="submit"))
    [place] = await town.rows("SELECT location_id FROM position WHERE item_id = $1", carrots)
    less = LowerStock(item_id=carrots, location_id=place["location_id"], quantity=4 * KILO, reason="Hail.")
    await town.do(less)
    await until(town, town.now)
    seen = [(await order(town, "acme"))["status"]]
    await town.do(StepOrder(order_id=order_of("acme"), trigger="allocate"))
    seen.append((await order(town, "acme"))["status"])
    await town.do(StepOrder(order_id=order_of("acme"), trigger="accept_shortage"))
    seen.append((await order(town, "acme"))["status"])
    assert seen == ["low", "low", "complete"]
    assert [one["quantity"] for one in await lines_of(town, "acme")] == [4 * KILO]
    refused = await town.refused(StepOrder(order_id=order_of("acme"), trigger="shorted"))
    assert refused.detail["reason"] == "unknown_trigger"


async def test_a_shortage_that_a_flow_does_not_know_changes_nothing(town: Town) -> None:
    """A shopper's order gets less and goes on; nothing is refused, and nothing told twice."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 10 * KILO)
    await town.relation(hub, jean)
    week = await town.session("week", [hub], [carrots])
    await town.do(basket("Ali", hub, week, line(carrots, 6 * KILO)))
    [place] = await town.rows("SELECT location_id FROM position WHERE item_id = $1", carrots)
    await town.do(
        LowerStock(item_id=carrots, location_id=place["location_id"], quantity=4 * KILO, reason="Hail.")
    )
    await until(town, town.now)
    names = await town.rows("SELECT name FROM event WHERE entity_id = $1 ORDER BY version", order_of("Ali"))
    assert [one["name"] for one in names] == ["order.placed", "order.shorted"]
    assert await town.do(HearOrder(order_id=order_of("Ali"), trigger="shorted")) == {
        "id": str(order_of("Ali")), "version": 2, "changed": False,
    }  # fmt: skip


async def test_what_the_other_system_does_not_take_is_given_again(trade: Trade) -> None:
    """Its message was not delivered: the order stands in H, and goes out when it is given again."""
    await trade.begin(FEW)
    well(await trade.step(trade.buyer, "submit"), await trade.step(trade.boss, "transfer"))
    lost = MakeOrderGood(
        id=order_of("acme"), of="order", trigger="transfer_undelivered", message="order.transferred", seq=1,
        endpoint_id=uuid.UUID(int=1), error="timed out",
    )  # fmt: skip
    await trade.town.do(lost)
    assert (await trade.is_now())[0] == "transfer_failed"
    well(await trade.step(trade.boss, "transfer"), await trade.step(trade.boss, "confirm_transfer"))
    assert await trade.is_now() == ("released", "committed", FEW)
