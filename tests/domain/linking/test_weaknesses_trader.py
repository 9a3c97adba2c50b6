"""The weaknesses of today's wholesale orders, one test each (those of the trader's side), and the numbers of its own tests.

Numbers and evidence: shared reference dfc.md §4; what differs by policy is said in ADR 0021.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import uuid

import msgspec

from coster.domain.federation.ports import Ask, RemoteLine
from coster.domain.linking.handlers import turn
from coster.domain.linking.model import Offered
from coster.domain.linking.rules import progress, totals
from coster.kernel import ids
from tests.domain.linking.supplier import Supplier, product
from tests.domain.linking.worlds import CARROTS, Hub, loose

BEANS, CHIA = ids.derived("linking", "beans"), ids.derived("linking", "chia")
CASE, BAG = loose(BEANS, "case", numerator=12, step=1_000), loose(CHIA, "chia", step=1_000)


def wanted(**amounts: int) -> dict[str, int]:
    """What is ordered (thousandths) for so many beans in cans and chia in bags, both whole."""
    items = {BEANS: amounts.get("beans", 0) * 1_000, CHIA: amounts.get("chia", 0) * 1_000}
    lines = totals.remote_lines(items, {BEANS: CASE, CHIA: BAG})
    return {line.product.rpartition("/")[2]: line.quantity for line in lines}


def lines_of(ask: Ask) -> dict[str, int]:
    """A request's lines by product."""
    return {line.product.rpartition("/")[2]: line.quantity for line in ask.lines}


async def test_01_a_refusal_stops_the_sale() -> None:
    """Who is refused is told so before he has paid, and holds nothing."""
    hub = Hub(Supplier({"carrots": 1_000}))
    order, version = hub.place(1, 2_000)
    await hub.settle()
    assert (order in hub.told_no, hub.baskets, hub.link.acked.version >= version) == (True, {}, True)


async def test_02_a_lost_answer_or_a_crash_duplicates_nothing_and_loses_nothing() -> None:
    """At a supplier that takes every POST for a new order: it is looked for before it is made again."""
    for fault in ("unanswered", "crash"):
        hub = Hub(Supplier({"carrots": 10_000}, keyed=False))
        hub.supplier.faults = [fault]
        hub.place(1, 2_000)
        await hub.step()
        if fault == "crash":
            assert hub.link.sent is not None
        await hub.settle()
        assert (hub.supplier.made, hub.supplier.total("carrots"), hub.link.order) == (
            1,
            2_000,
            "https://farm.example/Orders/1",
        )


async def test_03_nothing_is_locked_while_the_supplier_is_spoken_to() -> None:
    """Orders are placed while a request hangs, and the code that speaks has no connection in its hands."""
    hub = Hub(Supplier({"carrots": 10_000}))
    hub.place(1, 1_000)
    hanging, gate, put = asyncio.Event(), asyncio.Event(), hub.supplier.put

    async def slow(ask: Ask) -> object:
        hanging.set()
        await gate.wait()
        return await put(ask)

    hub.supplier.put = slow  # type: ignore[method-assign, assignment]
    step = asyncio.create_task(hub.step())
    await hanging.wait()
    hub.place(2, 1_000)
    gate.set()
    await step
    await hub.settle()
    assert hub.supplier.total("carrots") == 2_000
    assert "conn" not in inspect.getsource(turn)


async def test_04_totals_are_absolute_whatever_ran_in_between() -> None:
    """Sent twice, or after another change, an order is counted once."""
    hub = Hub(Supplier({"carrots": 10_000}))
    hub.place(1, 1_000)
    hub.supplier.faults = ["twice"]
    await hub.settle()
    hub.place(2, 1_000)
    await hub.settle()
    assert [lines_of(ask) for ask in hub.supplier.asks] == [{"carrots": 1_000}, {"carrots": 2_000}]


async def test_05_a_line_goes_to_the_producer_that_it_is_of() -> None:
    """What is sent is made of one held order, which is of one hub and one producer; two suppliers never see each other's goods."""
    one, two = Hub(Supplier({"carrots": 10_000})), Hub(Supplier({"case": 10_000}), [CASE])
    one.place(1, 1_000)
    two.place(2, 12_000, BEANS)
    await one.settle()
    await two.settle()
    assert (lines_of(one.supplier.asks[0]), lines_of(two.supplier.asks[0])) == (
        {"carrots": 1_000},
        {"case": 1_000},
    )


async def test_06_each_hub_orders_what_its_own_shoppers_want() -> None:
    """Two hubs in one session at one supplier: two orders there, each with its own totals."""
    supplier = Supplier({"carrots": 10_000})
    a, b = Hub(supplier), Hub(supplier)
    b.session = msgspec.structs.replace(b.session, id=uuid.UUID(int=2))
    a.place(1, 1_000)
    b.place(2, 2_000)
    await a.settle()
    await b.settle()
    assert sorted(next(iter(one.lines.values())) for one in supplier.orders.values()) == [1_000, 2_000]


def test_07_several_items_of_one_product_are_added_up_before_a_case_is_opened() -> None:
    """Seven cans and a retail tray of five of the same case are one case, and thirteen are two."""
    tray = ids.derived("linking", "tray")
    kinds = {
        BEANS: CASE,
        tray: Offered(
            item_id=tray, product=CASE.product, offer=CASE.offer, numerator=12, denominator=5, step=1_000
        ),
    }
    assert [line.quantity for line in totals.remote_lines({BEANS: 7_000, tray: 1_000}, kinds)] == [1_000]
    assert [line.quantity for line in totals.remote_lines({BEANS: 8_000, tray: 1_000}, kinds)] == [2_000]


async def test_08_a_later_end_of_the_session_counts() -> None:
    """The end is read with every look: an empty order is cancelled at the new end, not at the first."""
    hub = Hub(Supplier({"carrots": 10_000}))
    order, _ = hub.place(1, 1_000)
    await hub.settle()
    hub.cancel(order)
    await hub.settle()
    hub.session = msgspec.structs.replace(hub.session, ends_at=hub.session.ends_at + dt.timedelta(days=3))
    hub.pass_time(days=5)
    await hub.settle()
    assert hub.link.state == "open"
    hub.pass_time(days=3)
    await hub.settle()
    assert hub.link.state == "done"


async def test_09_what_changes_late_is_said_and_what_is_refused_is_seen() -> None:
    """After the end a change is not ignored: it is sent, and where the supplier will not, people see it."""
    hub = Hub(Supplier({"carrots": 10_000}))
    order, _ = hub.place(1, 3_000)
    hub.holds = "committed"
    await hub.settle()
    hub.change(order, 1_000)
    hub.wish = "open"
    await hub.settle()
    assert (lines_of(hub.supplier.asks[-1]), hub.link.state, [one.what for one in hub.reports]) == (
        {"carrots": 1_000}, "refused", ["refused"],
    )  # fmt: skip


async def test_10_two_sessions_are_two_orders() -> None:
    """The end of one leaves the other open."""
    supplier = Supplier({"carrots": 10_000})
    early, late = Hub(supplier), Hub(supplier)
    late.session = msgspec.structs.replace(late.session, id=uuid.UUID(int=2))
    for number, hub in enumerate((early, late)):
        hub.place(number, 1_000)
        await hub.settle()
    early.holds, early.version = "committed", early.version + 1
    await early.settle()
    assert [one.standing for one in supplier.orders.values()] == ["complete", "held"]


async def test_11_an_empty_order_is_said_and_cancelled() -> None:
    """When the last shopper goes the supplier holds nothing, and at the end the order there is cancelled."""
    hub = Hub(Supplier({"carrots": 10_000}))
    order, _ = hub.place(1, 1_000)
    await hub.settle()
    hub.cancel(order)
    await hub.settle()
    assert (lines_of(hub.supplier.asks[-1]), hub.supplier.total("carrots")) == ({}, 0)
    hub.pass_time(days=5)
    await hub.settle()
    assert [one.standing for one in hub.supplier.orders.values()] == ["cancelled"]


async def test_12_lines_are_known_by_their_product() -> None:
    """One that was taken out and comes again cannot be taken for another."""
    hub = Hub(Supplier({"case": 9_000, "chia": 9_000}), [CASE, BAG])
    first, _ = hub.place(1, 12_000, BEANS)
    hub.place(2, 5_000, CHIA)
    await hub.settle()
    hub.cancel(first)
    hub.place(3, 12_000, BEANS)
    await hub.settle()
    [there] = hub.supplier.orders.values()
    assert there.lines == {product("case"): 1_000, product("chia"): 5_000}


def test_13_factors_are_exact_below_and_above_one() -> None:
    """Bags of 300 g of what is sold by the kilo, and a third of a case."""
    bag = ids.derived("linking", "bag")
    by_weight = {bag: Offered(item_id=bag, product="p", offer="o", numerator=10, denominator=3)}
    assert [line.quantity for line in totals.remote_lines({bag: 1_000}, by_weight)] == [300]
    assert [line.quantity for line in totals.remote_lines({bag: 7_000}, by_weight)] == [2_100]


async def test_14_what_nobody_counts_here_is_refused_there_or_not() -> None:
    """An item without a count of ours is no number at all: the supplier's answer decides, and zero is zero."""
    hub = Hub(Supplier({"carrots": 0}))
    order, _ = hub.place(1, 1_000)
    await hub.settle()
    assert [one.left for one in hub.told_no[order].left] == [0]


async def test_15_a_product_that_is_gone_is_told_and_never_left_out() -> None:
    """Nobody has paid for what was silently not ordered: the link stops, and people are told."""
    hub = Hub(Supplier({"carrots": 9_000}))
    hub.place(1, 1_000)
    hub.place(2, 1_000, BEANS)
    await hub.settle(1)
    assert (hub.supplier.asks, hub.link.cause, [one.what for one in hub.reports]) == (
        [],
        "item_not_linked",
        ["blocked"],
    )


async def test_16_a_failed_end_leaves_stock_as_it_is_and_is_tried_again() -> None:
    """Nothing here depends on whether the supplier has heard of the end yet."""
    hub = Hub(Supplier({"carrots": 9_000}))
    hub.place(1, 1_000)
    await hub.settle()
    hub.holds, hub.version = "committed", hub.version + 1
    hub.supplier.faults = ["lost"] * 30
    before = dict(hub.baskets)
    await hub.settle()
    assert (hub.baskets, hub.link.state, hub.link.acked.standing) == (before, "done", "complete")


def test_17_quantities_are_whole_numbers_of_thousandths() -> None:
    """No float is in what is sent or compared."""
    fields = {field.name: field.type for field in msgspec.structs.fields(RemoteLine)}
    assert fields["quantity"] is int
    third = {BEANS: Offered(item_id=BEANS, product="p", offer="o", numerator=3, denominator=1, step=1)}
    assert [line.quantity for line in totals.remote_lines({BEANS: 1_000}, third)] == [334]


async def test_18_every_request_says_session_and_standing() -> None:
    """Made, changed, ended: each names the session, the hub and what the order shall be; a checkout that fails shrinks it."""
    hub = Hub(Supplier({"carrots": 9_000}))
    order, _ = hub.place(1, 1_000)
    await hub.settle()
    await hub.submit(
        1,
        uuid.UUID(int=1),
        turn.undoing.command(
            order,
            turn.undoing.step(turn.Undo(order_id=order, whole=True), (await hub.orders(1, [order]))[order]),
            "",
        ),
        "",
    )
    await hub.settle()
    assert [(ask.standing, ask.session.id == hub.session.id, lines_of(ask)) for ask in hub.supplier.asks] == [
        ("held", True, {"carrots": 1_000}), ("held", True, {}),
    ]  # fmt: skip


async def test_19_a_change_is_one_request_of_its_own_lines() -> None:
    """No catalogue is read to say what is wanted: the first request is the order itself."""
    hub = Hub(Supplier({"carrots": 9_000}))
    looked: list[object] = []
    look = hub.supplier.look

    async def noted(ask: Ask) -> object:
        looked.append(ask)
        return await look(ask)

    hub.supplier.look = noted  # type: ignore[method-assign, assignment]
    hub.place(1, 1_000)
    await hub.settle()
    assert (len(hub.supplier.asks), looked) == (1, [])


def test_20_who_orders_is_the_hub() -> None:
    """No person's account is in what is sent, so nobody's leaving stops the orders."""
    assert "hub_id" in Ask.__struct_fields__
    assert not {"customer", "owner", "user", "email"} & set(Ask.__struct_fields__)


async def test_21_the_rest_of_a_case_is_neither_sold_nor_ordered_twice() -> None:
    """Sixteen cans are two cases; eight more shoppers' cans open none, and one that goes closes none until a whole case is free."""
    hub = Hub(Supplier({"case": 9_000}), [CASE])
    sixteen, _ = hub.place(1, 16_000, BEANS)
    await hub.settle()
    hub.place(2, 8_000, BEANS)
    await hub.settle()
    assert len(hub.supplier.asks) == 1
    hub.change(sixteen, 4_000, BEANS)
    await hub.settle()
    assert [lines_of(ask) for ask in hub.supplier.asks] == [{"case": 2_000}, {"case": 1_000}]


def test_their_numbers() -> None:
    """The oracles at the end of §4, where policy is the same: what is needed, in whole cases, whatever was ordered before."""
    assert wanted(beans=3) == {"case": 1_000}
    assert 12 - 3 == 9  # what of the case is left is the pool's surplus here, and no free stock (ADR 0021)
    assert wanted(beans=3, chia=5) == {"case": 1_000, "chia": 5_000}
    assert wanted(beans=3 + 10, chia=5 + 3) == {"case": 2_000, "chia": 8_000}
    assert 2 * 12 - 13 == 11
    assert wanted(beans=13) == {"case": 2_000}  # chia cancelled: its line is gone
    assert wanted(beans=3 * 12 - 13) == {
        "case": 2_000
    }  # at the end 13 of three cases are not wanted: two, and one can is left
    assert 13 - 12 == 1
    assert wanted(beans=0) == {}  # more is left over than was ordered: no line at all


async def test_their_bulk_change_is_one_request_a_session_and_hub() -> None:
    """Twenty orders changed at once are one change of the held order."""
    hub = Hub(Supplier({"carrots": 90_000}))
    orders = [hub.place(number, 1_000)[0] for number in range(20)]
    await hub.settle()
    for order in orders:
        hub.change(order, 2_000, CARROTS)
    await hub.settle()
    assert len(hub.supplier.asks) == 2


def test_a_held_order_of_one_shopper_alone_is_not_told() -> None:
    """Where the relation has one held order per order, the supplier would be told of each: people are, instead."""
    hub = Hub(Supplier({"carrots": 9_000}))
    hub.place(1, 1_000)
    found = asyncio.run(hub.read(hub.lease))
    assert found is not None
    single = msgspec.structs.replace(found.here, single=True)
    assert progress.next_step(hub.link, single, hub.now, hub.now) == progress.Stuck(
        cause="per_order_not_told"
    )
