"""A producer has less than was promised: shared out by policy, previewed, explained to shoppers, naming none."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from coster.domain.catalog.model import Component
from coster.domain.inventory.model import AdjustStock, PutLocation
from coster.domain.orders.model import ChangeOrder, LineChange
from coster.domain.wholesale.model import CancelHeldOrder, LowerStock
from coster.kernel.outcome import Accepted, Rejected
from tests.acceptance.market import (
    KILO,
    basket,
    caused,
    end_of,
    held,
    held_orders,
    key,
    line,
    lines_of,
    order,
    order_of,
    preview,
    stock,
    told,
    with_key,
)
from tests.acceptance.verify import broken
from tests.town import Town, name_id


@pytest.fixture(autouse=True)
async def proven(town: Town) -> AsyncIterator[None]:
    """After every test, everything that the program promises holds."""
    yield
    assert await broken(town) == []


def barn(producer: uuid.UUID) -> uuid.UUID:
    """The place where `Town.item` keeps a producer's stock."""
    return name_id(f"barn of {producer}")


def lowered(producer: uuid.UUID, item: uuid.UUID, amount: int, **more: Any) -> LowerStock:
    """The producer says what is left."""
    return LowerStock(
        item_id=item, location_id=barn(producer), quantity=amount, **{"reason": "frost", **more}
    )


async def promised(town: Town, **terms: Any) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID, uuid.UUID]:
    """Ten kilos, of which Ali (3), Paul (5, important) and David (2) hold all: producer, hub, item, session."""
    item = terms.pop("item", {})
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    beans = await town.item(jean, "beans", terms.pop("kilos", 10) * KILO, **item)
    await town.relation(hub, jean, **terms)
    session = await town.session("week", [hub], [beans])
    for who, kilos, priority in (("Ali", 3, 0), ("Paul", 5, 9), ("David", 2, 0)):
        await town.do(basket(who, hub, session, line(beans, kilos * KILO), priority=priority))
    return jean, hub, beans, session


async def left(town: Town) -> list[int]:
    """What Ali, Paul and David still get."""
    return [sum(row["quantity"] for row in await lines_of(town, who)) for who in ("Ali", "Paul", "David")]


@pytest.mark.parametrize(
    ("policy", "quantities"),
    [
        ("first_come", [3000, 3000, 0]),  # David came last and loses all, then Paul the rest
        ("priority", [1000, 5000, 0]),  # Paul is important; of the others, David came last
        ("pro_rata", [1800, 3000, 1200]),  # four of ten from everybody
    ],
)
async def test_shortage_is_shared_out_by_the_relations_policy(
    town: Town, policy: str, quantities: list[int]
) -> None:
    """Ten were promised and six are there."""
    jean, _, beans, _ = await promised(town, shortage=policy)

    await town.do(lowered(jean, beans, 6 * KILO))

    assert await left(town) == quantities
    assert await held(town) == [("Hub", "Jean", "Held", {"beans": "6"})]
    assert await stock(town, beans) == (6 * KILO, 6 * KILO, 0)


async def test_producer_may_choose_another_policy_for_once(town: Town) -> None:
    """The policy that comes with the command goes before the relation's."""
    jean, _, beans, _ = await promised(town, shortage="first_come")

    await town.do(lowered(jean, beans, 6 * KILO, policy="pro_rata"))

    assert await left(town) == [1800, 3000, 1200]


async def test_every_shopper_concerned_is_told_why_and_nobody_else(town: Town) -> None:
    """One event for each order that gets less, with its new lines and the reason."""
    jean, hub, beans, _ = await promised(town)

    await town.do(lowered(jean, beans, 9 * KILO))

    [event] = await told(town, "order.shorted")
    assert event["entity_id"] == order_of("David")
    assert event["why"] == "beans: 1 kg fewer than promised (frost), shared out by who came first"
    assert (event["total"], event["lines"][0]["quantity"], event["enterprises"]) == ("2.00", "1", [str(hub)])
    assert (
        event["lines"][0]["note"]
        == "1 of 2: beans: 1 kg fewer than promised (frost), shared out by who came first"
    )
    assert (await order(town, "David"))["total"] == 200


async def test_preview_shows_everything_and_leaves_nothing(town: Town) -> None:
    """A dry run tells who would lose what; the next look finds all as it was."""
    jean, _, beans, _ = await promised(town, shortage="pro_rata")
    before = await told(town, "held_order.changed")

    seen = await preview(town, lowered(jean, beans, 6 * KILO))

    losses = {event.entity_id: event.data["lines"][0]["quantity"] for event in caused(seen, "order.shorted")}
    assert losses == {order_of("Ali"): "1.8", order_of("Paul"): "3", order_of("David"): "1.2"}
    assert isinstance(seen.outcome, Accepted)
    assert await left(town) == [3000, 5000, 2000]
    assert await told(town, "held_order.changed") == before
    assert await told(town, "order.shorted") == []


async def test_producer_is_answered_in_totals_of_hubs(town: Town) -> None:
    """With the producer's own key: what each held order was and is, and no word of any shopper."""
    jean, hub, beans, _ = await promised(town)
    jeans = await key(town, "Jean", "producer", jean)

    result = await with_key(town, jeans, lowered(jean, beans, 4 * KILO))

    assert isinstance(result.outcome, Accepted)
    [view] = await held_orders(town, jean)
    assert result.outcome.value["held_orders"] == [
        {"id": str(view.id), "hub_id": str(hub), "before": "10", "after": "4"}
    ]
    for who in ("Ali", "Paul", "David"):
        assert str(order_of(who)) not in repr(result.outcome)


async def test_another_producer_cannot_lower_it(town: Town) -> None:
    """Whoever does not keep the stock learns nothing about it."""
    _, _, beans, _ = await promised(town)
    anna = await town.enterprise("Anna", "producer")
    annas = await key(town, "Anna", "producer", anna)

    result = await with_key(town, annas, lowered(name_id("Jean"), beans, 0))

    assert isinstance(result.outcome, Rejected)
    assert (result.outcome.code, result.outcome.detail) == ("position_unknown", {})


async def test_what_nobody_holds_goes_first(town: Town) -> None:
    """Lowering to no less than was promised costs no shopper anything."""
    jean, _, beans, _ = await promised(town, kilos=14)

    await town.do(lowered(jean, beans, 10 * KILO))

    assert await left(town) == [3000, 5000, 2000]
    assert await told(town, "order.shorted") == []
    assert await stock(town, beans) == (10 * KILO, 10 * KILO, 0)


async def test_what_is_owed_to_completed_orders_cannot_be_shared_out(town: Town) -> None:
    """Final is final; the refusal says how much is owed."""
    jean, _, beans, session = await promised(town)
    await end_of(town, session)

    refusal = await town.refused(lowered(jean, beans, 9 * KILO))

    assert (refusal.code, refusal.detail) == ("stock_committed", {"committed": "10"})


async def test_quantities_stay_sellable(town: Town) -> None:
    """Two-kilo steps: five missing kilos cost David all and Paul four, since he cannot get 2 of 5."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    beans = await town.item(jean, "beans", 12 * KILO, multiple_quantity=2 * KILO)
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [beans])
    for who, kilos in (("Ali", 4), ("Paul", 6), ("David", 2)):
        await town.do(basket(who, hub, session, line(beans, kilos * KILO)))

    await town.do(lowered(jean, beans, 7 * KILO))

    assert await left(town) == [4000, 2000, 0]
    assert await stock(town, beans) == (7 * KILO, 6 * KILO, 0)


async def test_first_come_gives_up_whole_cases(town: Town) -> None:
    """In cases of six, eleven tins are one case: what nobody wanted goes first, then the latest."""
    jean, _, beans, _ = await promised(town, kilos=12, remainder="round_up", item={"case_quantity": 6 * KILO})
    assert await stock(town, beans) == (12 * KILO, 12 * KILO, 0)

    await town.do(lowered(jean, beans, 11 * KILO))

    assert await left(town) == [3000, 3000, 0]
    assert await stock(town, beans) == (11 * KILO, 6 * KILO, 0)


async def test_pro_rata_by_the_case_takes_no_more_than_it_must(town: Town) -> None:
    """A case of six is to go: of ten wanted tins six stay, and all three keep their share of them."""
    jean, _, beans, _ = await promised(
        town, kilos=12, remainder="round_up", shortage="pro_rata", item={"case_quantity": 6 * KILO}
    )

    await town.do(lowered(jean, beans, 11 * KILO))

    assert await left(town) == [1800, 3000, 1200]
    assert await stock(town, beans) == (11 * KILO, 6 * KILO, 0)


async def test_shortage_at_one_of_two_places_is_taken_from_that_place(town: Town) -> None:
    """An order that draws on both barns gives up what lies in the one that is short."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    beans = await town.item(jean, "beans", 3 * KILO)
    second = name_id("second barn")
    await town.do(PutLocation(location_id=second, enterprise_id=jean, name="Second", priority=1))
    await town.do(AdjustStock(item_id=beans, location_id=second, quantity=4 * KILO, type="RECEIPT"))
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [beans])
    await town.do(basket("Ali", hub, session, line(beans, 6 * KILO)))

    await town.do(lowered(jean, beans, KILO))

    assert [row["quantity"] for row in await lines_of(town, "Ali")] == [4 * KILO]
    rows = await town.rows("SELECT on_hand, held FROM position ORDER BY on_hand")
    assert [tuple(row.values()) for row in rows] == [(KILO, KILO), (4 * KILO, 3 * KILO)]


async def test_line_over_two_places_stays_sellable_as_a_whole(town: Town) -> None:
    """Sold by fives from two barns, 3 + 2: one barn loses one, and the whole line is off."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    beans = await town.item(jean, "beans", 3 * KILO, multiple_quantity=5 * KILO)
    second = name_id("second barn")
    await town.do(PutLocation(location_id=second, enterprise_id=jean, name="Second", priority=1))
    await town.do(AdjustStock(item_id=beans, location_id=second, quantity=7 * KILO, type="RECEIPT"))
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [beans])
    await town.do(basket("Ali", hub, session, line(beans, 10 * KILO)))

    await town.do(lowered(jean, beans, 2 * KILO))

    assert [row["quantity"] for row in await lines_of(town, "Ali")] == [5 * KILO]
    assert await stock(town, beans) == (9 * KILO, 5 * KILO, 0)


async def test_shortage_of_a_component_costs_whole_kits(town: Town) -> None:
    """One box fewer gives its other components back as well."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    beans, leeks = await town.item(jean, "beans", 6 * KILO), await town.item(jean, "leeks", 4 * KILO)
    parts = [Component(item_id=beans, quantity=1500), Component(item_id=leeks, quantity=500)]
    box = await town.item(jean, "box", stock_unit="box", multiple_quantity=KILO, components=parts)
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [box])
    await town.do(basket("Ali", hub, session, line(box, 4 * KILO)))

    await town.do(lowered(jean, beans, 5 * KILO))

    assert [row["quantity"] for row in await lines_of(town, "Ali")] == [3 * KILO]
    assert (await stock(town, beans), await stock(town, leeks)) == ((5 * KILO, 4500, 0), (4 * KILO, 1500, 0))


async def test_cut_line_can_grow_again(town: Town) -> None:
    """When there is more again, the shopper's order takes it and says that it is held."""
    jean, _, beans, _ = await promised(town)
    await town.do(lowered(jean, beans, 8 * KILO))
    await town.do(AdjustStock(item_id=beans, location_id=barn(jean), quantity=2 * KILO, type="RECEIPT"))

    back = [LineChange(line_no=1, quantity=2 * KILO)]
    changed = await town.do(ChangeOrder(order_id=order_of("David"), lines=back))

    [one] = changed["lines"]
    assert (one["quantity"], one["stock"], one["fulfilment"]) == ("2", "held", "not_started")
    assert await held(town) == [("Hub", "Jean", "Held", {"beans": "10"})]


async def test_two_shortages_in_one_batch_are_one_after_the_other(town: Town) -> None:
    """The second finds what the first left."""
    jean, _, beans, _ = await promised(town)

    results = await town.batch(lowered(jean, beans, 9 * KILO), lowered(jean, beans, 7 * KILO))

    assert all(isinstance(result.outcome, Accepted) for result in results)
    assert await left(town) == [3000, 4000, 0]
    assert [row["note"] for row in await lines_of(town, "David")] == [
        "0 of 1: beans: 2 kg fewer than promised (frost), shared out by who came first"
    ]


async def test_producer_that_cannot_deliver_calls_the_whole_order_off(town: Town) -> None:
    """Every shopper's line is given back and told; the stock is free again."""
    jean, _, beans, _ = await promised(town)
    [view] = await held_orders(town, jean)

    await town.do(CancelHeldOrder(held_order_id=view.id, reason="hail"))

    assert await left(town) == [0, 0, 0]
    reasons = {event["why"] for event in await told(town, "order.shorted")}
    assert reasons == {"the producer's order was called off (hail)"}
    assert await held(town) == [("Hub", "Jean", "Cancelled", {})]
    assert await stock(town, beans) == (10 * KILO, 0, 0)
