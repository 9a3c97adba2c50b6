"""What happens to orders and sessions after the first click: changes, time running out, closing, reopening, and networks."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from coster.domain.orders.model import (
    AddComment,
    CancelOrder,
    ChangeOrder,
    CompleteCheckout,
    Discount,
    FailCheckout,
    LineChange,
)
from coster.domain.sessions.model import CloseSession, ReopenSession
from coster.domain.wholesale.model import CompleteSession, FulfilHeldOrder
from coster.kernel.outcome import Accepted
from tests.acceptance.market import (
    KILO,
    basket,
    end_of,
    held,
    held_orders,
    line,
    lines_of,
    order,
    order_of,
    send,
    stock,
    told,
    until,
)
from tests.acceptance.verify import broken
from tests.town import Town, name_id


@pytest.fixture(autouse=True)
async def proven(town: Town) -> AsyncIterator[None]:
    """After every test, everything that the program promises holds."""
    yield
    assert await broken(town) == []


async def village(town: Town, **item: Any) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID, uuid.UUID]:
    """Jean with ten kilos of carrots, the Hub, and an open session: producer, hub, item, session."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 10 * KILO, **item)
    await town.relation(hub, jean)
    return jean, hub, carrots, await town.session("week", [hub], [carrots])


def change(who: str, *lines: LineChange, **more: Any) -> ChangeOrder:
    """New quantities for lines of somebody's order."""
    return ChangeOrder(order_id=order_of(who), lines=list(lines), **more)


def to(number: int, amount: int) -> LineChange:
    """Another quantity for a line."""
    return LineChange(line_no=number, quantity=amount)


# -- changing lines ----------------------------------------------------------------------------------------------------


async def test_lines_go_up_and_down_and_the_held_order_with_them(town: Town) -> None:
    """Each change moves exactly the difference."""
    _, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO)))
    for amount, total in ((7, "14.00"), (2, "4.00"), (10, "20.00")):
        changed = await town.do(change("Ali", to(1, amount * KILO)))
        assert changed["total"] == total
        assert await held(town) == [("Hub", "Jean", "Held", {"carrots": str(amount)})]


async def test_change_is_all_or_nothing(town: Town) -> None:
    """One line too many, and neither the smaller nor the new line happens; what is missing is named."""
    jean, hub, carrots, _ = await village(town)
    leeks = await town.item(jean, "leeks", 3 * KILO)
    session = await town.session("both", [hub], [carrots, leeks])
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO), line(leeks, KILO)))

    refusal = await town.refused(change("Ali", to(1, KILO), to(2, 5 * KILO)))

    [fault] = refusal.detail["lines"]
    assert (refusal.code, fault["line"], fault["wanted"], fault["available"]) == (
        "insufficient_stock",
        2,
        "5",
        "3",
    )
    assert await held(town) == [("Hub", "Jean", "Held", {"carrots": "4", "leeks": "1"})]
    assert (await order(town, "Ali"))["version"] == 1


async def test_line_that_is_added_brings_another_producer_in(town: Town) -> None:
    """A held order on a producer comes into being with the first line for it, and goes with the last."""
    _, hub, carrots, _ = await village(town)
    anna = await town.enterprise("Anna", "producer")
    eggs = await town.item(anna, "eggs", 9 * KILO)
    await town.relation(hub, anna)
    session = await town.session("both", [hub], [carrots, eggs])
    await town.do(basket("Ali", hub, session, line(carrots, KILO)))

    await town.do(change("Ali", LineChange(line_no=0, quantity=6 * KILO, item_id=eggs)))
    assert await held(town) == [
        ("Hub", "Anna", "Held", {"eggs": "6"}),
        ("Hub", "Jean", "Held", {"carrots": "1"}),
    ]
    await town.do(change("Ali", to(2, 0)))
    assert await held(town) == [("Hub", "Anna", "Cancelled", {}), ("Hub", "Jean", "Held", {"carrots": "1"})]


async def test_change_on_an_old_version_is_refused(town: Town) -> None:
    """Two editors: the second reads again."""
    _, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO)))
    await town.do(change("Ali", to(1, 5 * KILO), expected_version=1))

    refusal = await town.refused(change("Ali", to(1, KILO), expected_version=1))

    assert (refusal.code, refusal.detail) == ("version_conflict", {"version": 2})


async def test_repeated_items_are_lines_of_their_own(town: Town) -> None:
    """One item twice in a basket: two lines, one line of the held order, and each changes by itself."""
    _, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO), line(carrots, 5 * KILO)))

    refusal = await town.refused(change("Ali", to(1, 6 * KILO)))
    await town.do(change("Ali", to(2, KILO)))

    assert refusal.detail["lines"][0]["available"] == "5"
    assert [row["quantity"] for row in await lines_of(town, "Ali")] == [4 * KILO, KILO]
    assert await held(town) == [("Hub", "Jean", "Held", {"carrots": "5"})]


async def test_cancelled_order_cannot_be_changed(town: Town) -> None:
    """The refusal names what is possible instead."""
    _, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO)))
    await town.do(CancelOrder(order_id=order_of("Ali")))

    refusal = await town.refused(change("Ali", to(1, KILO)))

    told = {name: refusal.detail[name] for name in ("reason", "status", "possible")}
    assert (refusal.code, told) == (
        "order_status",
        {"reason": "wrong_status", "status": "cancelled", "possible": ["comment"]},
    )


async def test_discounts_add_up_to_the_last_cent_through_every_change(town: Town) -> None:
    """Three lines of odd prices: the order's 10.00 off falls on them in whole cents and follows each by itself."""
    jean, hub, _, _ = await village(town)
    items = [
        await town.item(jean, f"i{n}", 99 * KILO, price_micros=n * 3_330_000 + 10_000) for n in range(1, 4)
    ]
    session = await town.session("three", [hub], items)
    off = Discount(amount=10_00)
    placed = await town.do(basket("Ali", hub, session, *[line(item, KILO) for item in items], discount=off))
    assert [one["order_share"] for one in placed["lines"]] == ["1.67", "3.33", "5.00"]
    assert (placed["gross"], placed["discount"], placed["total"]) == ("20.01", "10.00", "10.01")

    await town.do(change("Ali", to(1, 0), to(2, 2 * KILO)))
    row = await order(town, "Ali")
    lines = await lines_of(town, "Ali")
    assert (row["gross"], row["order_discount"], row["total"]) == (2334, 1166, 1168)
    assert [one["order_share"] for one in lines] == [0, 666, 500]
    again = await town.do(change("Ali", to(3, KILO), discount=Discount(permille=100)))
    assert (again["gross"], again["discount"], again["total"]) == ("23.34", "2.33", "21.01")


# -- duplicates --------------------------------------------------------------------------------------------------------


async def test_a_channels_reference_is_taken_once_also_within_a_batch(town: Town) -> None:
    """Twice in one batch, and again later: one order; the same reference of another channel is another order."""
    _, hub, carrots, session = await village(town)
    body = basket("Ali", hub, session, line(carrots, KILO))
    others = [basket(f"again {n}", hub, session, line(carrots, KILO), reference="Ali") for n in range(2)]
    elsewhere = basket("app", hub, session, line(carrots, KILO), reference="Ali", channel="app")

    results = await town.batch(body, others[0], elsewhere)
    refusal = await town.refused(others[1])

    codes = [getattr(result.outcome, "code", "ok") for result in results]
    assert codes == ["ok", "duplicate_reference", "ok"]
    assert refusal.detail == {"order_id": str(order_of("Ali"))}
    assert await stock(town, carrots) == (10 * KILO, 2 * KILO, 0)


async def test_reference_of_a_refused_order_is_free_again(town: Town) -> None:
    """What was refused was not taken."""
    _, hub, carrots, session = await village(town)
    await town.refused(basket("Ali", hub, session, line(carrots, 11 * KILO)))

    assert (await town.do(basket("Ali", hub, session, line(carrots, KILO))))["status"] == "booked"


# -- checkouts ---------------------------------------------------------------------------------------------------------


async def test_checkout_that_is_forgotten_expires_by_its_timer(town: Town) -> None:
    """Thirty minutes after it began, nothing is held any more; not a second earlier."""
    _, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO), completed=False))
    [timer] = await town.rows("SELECT due_at, body FROM timer WHERE kind = 'orders.timer'")
    assert timer["due_at"] == (await order(town, "Ali"))["placed_at"] + dt.timedelta(minutes=30)
    told = {name: timer["body"][name] for name in ("id", "trigger")}
    assert told == {"id": str(order_of("Ali")), "trigger": "expire_checkout"}

    await until(town, timer["due_at"] - dt.timedelta(seconds=1))
    assert await stock(town, carrots) == (10 * KILO, 4 * KILO, 0)
    await until(town, timer["due_at"])

    assert (await order(town, "Ali"))["status"] == "cancelled"
    assert await stock(town, carrots) == (10 * KILO, 0, 0)
    assert await held(town) == [("Hub", "Jean", "Cancelled", {})]
    assert await town.value("SELECT count(*) FROM timer WHERE kind = 'orders.timer'") == 0


@pytest.mark.parametrize("end", [CompleteCheckout, FailCheckout, CancelOrder])
async def test_timer_goes_with_the_checkout(town: Town, end: Any) -> None:
    """Completed, failed or cancelled: nothing is left to expire."""
    _, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO), completed=False))

    await town.do(end(order_id=order_of("Ali")))

    assert await town.value("SELECT count(*) FROM timer WHERE kind = 'orders.timer'") == 0
    assert await town.value("SELECT count(*) FROM hold WHERE policy = 'cart' OR expires_at IS NOT NULL") == 0


async def test_checkout_that_runs_when_the_session_ends_is_in_no_held_order(town: Town) -> None:
    """What is not confirmed by then is given back before held orders are completed."""
    jean, hub, carrots, _ = await village(town)
    closes = town.now + dt.timedelta(minutes=10)
    session = await town.session("short", [hub], [carrots], closes_at=closes, amend_until=closes)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO)))
    await town.do(basket("Paul", hub, session, line(carrots, 3 * KILO), completed=False))

    await until(town, closes + dt.timedelta(seconds=1))

    assert (await order(town, "Paul"))["status"] == "cancelled"
    assert await held(town, jean) == [("Hub", "Jean", "Complete", {"carrots": "4"})]
    refusal = await town.refused(CompleteCheckout(order_id=order_of("Paul")))
    assert refusal.code == "order_status"


async def test_failing_twice_is_failing_once(town: Town) -> None:
    """The same command again is answered the same; another one finds the order over."""
    _, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO), completed=False))
    command = town.command(FailCheckout(order_id=order_of("Ali")))

    first, again = await send(town, command), await send(town, command)
    refusal = await town.refused(FailCheckout(order_id=order_of("Ali")))

    assert (again.repeated, again.outcome) == (True, first.outcome)
    assert refusal.code == "order_status"
    assert await town.value("SELECT count(*) FROM ledger WHERE type = 'RELEASE'") == 1


async def test_comment_is_kept_for_the_seller_and_told_to_nobody(town: Town) -> None:
    """A remark changes nothing but the order's version, and its text is in no event."""
    _, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, KILO)))

    await town.do(AddComment(order_id=order_of("Ali"), text="leave it at the red gate"))

    assert await town.value("SELECT text FROM order_comment") == "leave it at the red gate"
    assert "red gate" not in repr(await told(town, "order.commented"))


# -- closing, amending, reopening --------------------------------------------------------------------------------------


async def test_after_the_close_less_is_possible_and_more_is_not(town: Town) -> None:
    """In the amendment window orders shrink and are cancelled; nothing new comes."""
    _, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO)))
    await town.do(basket("Paul", hub, session, line(carrots, 3 * KILO)))
    await town.do(CloseSession(session_id=session))

    late = await town.refused(basket("David", hub, session, line(carrots, KILO)))
    more = await town.refused(change("Ali", to(1, 5 * KILO)))
    await town.do(change("Ali", to(1, KILO)))
    await town.do(CancelOrder(order_id=order_of("Paul")))

    assert (late.code, more.code) == ("session_not_open", "session_not_open")
    assert await held(town) == [("Hub", "Jean", "Held", {"carrots": "1"})]


async def test_an_order_after_the_closing_time_is_late_even_before_the_timer(town: Town) -> None:
    """The instant decides, not when the machine came to it."""
    _, hub, carrots, session = await village(town)
    town.now += dt.timedelta(days=4)

    refusal = await town.refused(basket("Ali", hub, session, line(carrots, KILO)))

    assert refusal.message == "The session is closed; orders are taken while it is open."


async def test_reopened_session_sells_on_into_the_same_held_order(town: Town) -> None:
    """Closed by mistake, opened again with a reason: one held order, completed once at the new end."""
    jean, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO)))
    await town.do(CloseSession(session_id=session))
    closes = town.now + dt.timedelta(days=2)

    again = ReopenSession(
        session_id=session, closes_at=closes, amend_until=closes, reason="closed a day too early"
    )
    await town.do(again)
    await town.do(basket("Paul", hub, session, line(carrots, 3 * KILO)))
    await until(town, closes + dt.timedelta(seconds=1))

    assert await held(town, jean) == [("Hub", "Jean", "Complete", {"carrots": "7"})]
    [event] = await told(town, "session.reopened")
    assert event["reason"] == "closed a day too early"
    assert len(await told(town, "held_order.completed")) == 1


async def test_closing_and_completing_twice_is_once(town: Town) -> None:
    """A second close, and a second completion, change nothing and are answered."""
    _, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO)))
    await town.do(CloseSession(session_id=session))
    assert (await town.do(CloseSession(session_id=session)))["changed"] is False
    early = await town.refused(CompleteSession(session_id=session))
    await end_of(town, session)

    again = await town.do(CompleteSession(session_id=session))

    assert early.code == "session_not_ended"
    assert again == {"session_id": str(session), "held_orders": []}
    assert await stock(town, carrots) == (10 * KILO, 0, 4 * KILO)


async def test_goods_that_are_handed_over_leave_the_stock(town: Town) -> None:
    """Fulfilled once; a second time is refused, and so is fulfilling what is still Held."""
    jean, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO)))
    [view] = await held_orders(town, jean)
    early = await town.refused(FulfilHeldOrder(held_order_id=view.id))
    await end_of(town, session)

    await town.do(FulfilHeldOrder(held_order_id=view.id))
    twice = await town.refused(FulfilHeldOrder(held_order_id=view.id))

    assert (early.code, twice.code) == ("held_order_status", "held_order_status")
    assert await stock(town, carrots) == (6 * KILO, 0, 0)
    [view] = await held_orders(town, jean)
    assert (view.status, view.fulfilment, view.lines[0].quantity) == ("Complete", "Fulfilled", 4 * KILO)


# -- producers, hubs and networks --------------------------------------------------------------------------------------


async def test_supply_that_was_switched_off_sells_nothing_from_that_moment(town: Town) -> None:
    """What was sold before stays and may shrink; new orders and larger ones are refused."""
    jean, hub, carrots, session = await village(town)
    await town.do(basket("Ali", hub, session, line(carrots, 4 * KILO)))
    await town.relation(hub, jean, active=False)

    new = await town.refused(basket("Paul", hub, session, line(carrots, KILO)))
    more = await town.refused(change("Ali", to(1, 5 * KILO)))
    await town.do(change("Ali", to(1, 3 * KILO)))
    await end_of(town, session)

    assert (new.code, more.code) == ("not_supplied", "not_supplied")
    assert await held(town, jean) == [("Hub", "Jean", "Complete", {"carrots": "3"})]


async def test_network_of_hubs_sells_one_stock_and_orders_hub_by_hub(town: Town) -> None:
    """One session of three hubs: the third is not supplied, the others share what there is."""
    jean = await town.enterprise("Jean", "producer")
    hubs = [await town.enterprise(f"Hub {name}", "hub") for name in "ABC"]
    carrots = await town.item(jean, "carrots", 10 * KILO)
    for hub in hubs[:2]:
        await town.relation(hub, jean)
    session = await town.session("network", hubs, [carrots])
    await town.do(basket("Ali", hubs[0], session, line(carrots, 6 * KILO)))
    await town.do(basket("Paul", hubs[1], session, line(carrots, 3 * KILO)))

    short = await town.refused(basket("David", hubs[1], session, line(carrots, 2 * KILO)))
    third = await town.refused(basket("Michael", hubs[2], session, line(carrots, KILO)))
    outside = await town.enterprise("Hub D", "hub")
    fourth = await town.refused(basket("Eve", outside, session, line(carrots, KILO)))

    assert short.detail["lines"][0]["available"] == "1"
    assert (third.code, fourth.code) == ("not_supplied", "session_unknown")
    assert await held(town) == [
        ("Hub A", "Jean", "Held", {"carrots": "6"}),
        ("Hub B", "Jean", "Held", {"carrots": "3"}),
    ]
    assert [one[0] for one in await held(town, hubs[0])] == ["Hub A"]


async def test_basket_of_many_producers_is_held_whole_or_not_at_all(town: Town) -> None:
    """Two of three producers could deliver; nothing is held, and both faults are named at once."""
    hub = await town.enterprise("Hub", "hub")
    items = []
    for name, kilos in (("Jean", 5), ("Anna", 1), ("Ben", 2)):
        producer = await town.enterprise(name, "producer")
        await town.relation(hub, producer)
        items.append(await town.item(producer, f"{name}'s", kilos * KILO))
    session = await town.session("week", [hub], items)

    refusal = await town.refused(basket("Ali", hub, session, *[line(item, 3 * KILO) for item in items]))

    assert [(one["line"], one["available"]) for one in refusal.detail["lines"]] == [(2, "1"), (3, "2")]
    assert await town.value("SELECT count(*) FROM hold") == 0
    assert await held(town) == []


async def test_shop_with_its_own_goods_needs_no_session(town: Town) -> None:
    """A plain retail order takes the same path, and there is no held order."""
    shop = await town.enterprise("Shop", "retailer", "producer")
    jam = await town.item(shop, "jam", 3 * KILO)

    placed = await town.do(basket("Ali", shop, None, line(jam, 2 * KILO)))
    refusal = await town.refused(basket("Paul", shop, None, line(jam, 2 * KILO)))

    assert (placed["lines"][0]["stock"], refusal.detail["lines"][0]["available"]) == ("held", "1")
    assert await held(town) == []
    assert await town.value("SELECT policy FROM hold") == "submitted"


async def test_batch_of_orders_answers_as_one_by_one(town: Town) -> None:
    """Four want three kilos each of ten: three get them, the fourth reads that one is left."""
    _, hub, carrots, session = await village(town)
    bodies = [basket(f"shopper {n}", hub, session, line(carrots, 3 * KILO)) for n in range(4)]

    results = await town.batch(*bodies)

    assert [isinstance(result.outcome, Accepted) for result in results] == [True, True, True, False]
    assert results[3].outcome.detail["lines"][0]["available"] == "1"  # type: ignore[union-attr]
    assert await held(town) == [("Hub", "Jean", "Held", {"carrots": "9"})]


async def test_smallest_order_of_a_shop_is_kept(town: Town) -> None:
    """An order that comes to less is refused with both amounts, and holds nothing."""
    jean, hub = (
        await town.enterprise("Jean", "producer"),
        await town.enterprise("Hub", "hub", minimum_order=10_00),
    )
    carrots = await town.item(jean, "carrots", 10 * KILO)
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [carrots])

    refusal = await town.refused(basket("Ali", hub, session, line(carrots, 4 * KILO)))
    await town.do(basket("Ali", hub, session, line(carrots, 5 * KILO)))

    assert (refusal.code, refusal.detail) == ("below_minimum_order", {"minimum": "10.00", "total": "8.00"})
    assert await stock(town, carrots) == (10 * KILO, 5 * KILO, 0)


async def test_same_id_for_another_wish_is_refused(town: Town) -> None:
    """A command's id with another fingerprint is not answered with the first one's answer."""
    _, hub, carrots, session = await village(town)
    command = town.command(basket("Ali", hub, session, line(carrots, KILO)))
    await send(town, replace(command, fingerprint=b"one"))

    result = await send(town, replace(command, body=CancelOrder(order_id=name_id("x")), fingerprint=b"two"))

    assert getattr(result.outcome, "code", "") == "idempotency_key_reused"
