"""The options of wholesale orders between a hub and a producer, each on the whole pipeline and database."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from coster.domain.catalog.model import Component, PutItem, SalesUnit
from coster.domain.inventory.model import AdjustStock, CountStock, PutLocation
from coster.domain.orders.model import CancelOrder, ChangeOrder, Discount, LineChange
from coster.domain.wholesale.model import FulfilHeldOrder
from tests.acceptance.market import (
    KILO,
    basket,
    end_of,
    held,
    held_orders,
    line,
    lines_of,
    order_of,
    stock,
    told,
)
from tests.acceptance.verify import broken
from tests.town import Town, name_id


@pytest.fixture(autouse=True)
async def proven(town: Town) -> AsyncIterator[None]:
    """After every test, everything that the program promises holds."""
    yield
    assert await broken(town) == []


async def supplied(
    town: Town, item: dict[str, Any], **terms: Any
) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID, uuid.UUID]:
    """Jean with an item, the Hub under these terms, and an open session: producer, hub, item, session."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    made = await town.item(jean, "beans", item.pop("stock", 30) * KILO, **item)
    await town.relation(hub, jean, **terms)
    return jean, hub, made, await town.session("week", [hub], [made])


# -- one order per session, or one per shopper's order -----------------------------------------------------------------


async def test_one_per_shopper_order_each_lives_and_ends_by_itself(town: Town) -> None:
    """Two shoppers are two held orders; one is cancelled, the other completed and handed over."""
    jean, hub, beans, session = await supplied(town, {}, consolidation="per_order")
    await town.do(basket("Ali", hub, session, line(beans, 2 * KILO)))
    await town.do(basket("Paul", hub, session, line(beans, 3 * KILO)))
    await town.do(CancelOrder(order_id=order_of("Ali")))
    assert await held(town) == [("Hub", "Jean", "Cancelled", {}), ("Hub", "Jean", "Held", {"beans": "3"})]

    await end_of(town, session)
    [paul] = [one for one in await held_orders(town, jean) if one.status == "Complete"]
    await town.do(FulfilHeldOrder(held_order_id=paul.id))

    assert sorted(one.fulfilment for one in await held_orders(town, jean)) == ["Cancelled", "Fulfilled"]
    assert await stock(town, beans) == (27 * KILO, 0, 0)


async def test_one_per_shopper_order_opens_again_when_its_order_grows_from_nothing(town: Town) -> None:
    """A line that is taken out and put back leaves one held order, Held again."""
    _, hub, beans, session = await supplied(town, {}, consolidation="per_order")
    await town.do(basket("Ali", hub, session, line(beans, 2 * KILO)))
    await town.do(ChangeOrder(order_id=order_of("Ali"), lines=[LineChange(line_no=1, quantity=0)]))
    assert await held(town) == [("Hub", "Jean", "Cancelled", {})]

    await town.do(ChangeOrder(order_id=order_of("Ali"), lines=[LineChange(line_no=1, quantity=5 * KILO)]))

    assert await held(town) == [("Hub", "Jean", "Held", {"beans": "5"})]
    [row] = await lines_of(town, "Ali")
    assert (row["stock"], row["quantity"]) == ("held", 5 * KILO)


async def test_other_terms_apply_from_then_on_and_leave_what_is_held_where_it_is(town: Town) -> None:
    """Consolidation changes in the middle of a session: a line that grows stays on the account where it began."""
    jean, hub, beans, session = await supplied(town, {})
    await town.do(basket("Ali", hub, session, line(beans, 2 * KILO)))
    await town.relation(hub, jean, consolidation="per_order")

    await town.do(ChangeOrder(order_id=order_of("Ali"), lines=[LineChange(line_no=1, quantity=4 * KILO)]))
    await town.do(basket("Paul", hub, session, line(beans, KILO)))

    assert await held(town) == [
        ("Hub", "Jean", "Held", {"beans": "1"}),
        ("Hub", "Jean", "Held", {"beans": "4"}),
    ]


async def test_discounts_travel_with_each_held_order(town: Town) -> None:
    """Use case 9 with one held order per shopper's order: each tells its own discount and no other's."""
    jean, hub, beans, session = await supplied(town, {}, consolidation="per_order")
    await town.do(basket("Ali", hub, session, line(beans, 2 * KILO, discount=Discount(amount=50))))
    await town.do(basket("Paul", hub, session, line(beans, 3 * KILO), discount=Discount(permille=100)))

    await end_of(town, session)
    seen = {one.lines[0].quantity: one for one in await held_orders(town, jean)}
    for one in seen.values():
        await town.do(FulfilHeldOrder(held_order_id=one.id))

    after = {one.lines[0].quantity: one for one in await held_orders(town, jean)}
    for found in (seen, after):
        assert {amount: one.lines[0].discount for amount, one in found.items()} == {
            2 * KILO: 50,
            3 * KILO: 60,
        }


# -- by item, or by total weight ---------------------------------------------------------------------------------------


async def test_by_item_is_a_line_for_each_item_with_its_own_price(town: Town) -> None:
    """Without aggregation the producer reads what it sells, by SKU."""
    jean, hub, beans, _ = await supplied(
        town, {"stock_unit": "tin", "weight_mg": 400_000, "product": "Beans"}
    )
    large = await town.item(
        jean, "large beans", 9 * KILO, stock_unit="tin", weight_mg=800_000, product="Beans"
    )
    session = await town.session("both", [hub], [beans, large])
    await town.do(basket("Ali", hub, session, line(beans, 2 * KILO), line(large, KILO)))

    [seen] = await held_orders(town, jean)

    assert [(one.sku, one.unit, one.quantity, one.amount) for one in seen.lines] == [
        ("beans", "tin", 2 * KILO, 400), ("large beans", "tin", KILO, 200),
    ]  # fmt: skip


async def test_by_weight_leaves_a_line_by_item_for_what_has_no_weight(town: Town) -> None:
    """What cannot be weighed is ordered by the piece beside the bulk of the rest."""
    jean, hub, beans, _ = await supplied(
        town, {"stock_unit": "tin", "weight_mg": 333_333, "product": "Beans"}, aggregation="by_weight"
    )
    voucher = await town.item(jean, "voucher", 5 * KILO, stock_unit="piece")
    session = await town.session("both", [hub], [beans, voucher])
    await town.do(basket("Ali", hub, session, line(beans, 3 * KILO), line(voucher, KILO)))

    [seen] = await held_orders(town, jean)

    assert [(one.name, one.unit, one.quantity) for one in seen.lines] == [
        ("Beans", "kg", 1000), ("voucher", "piece", KILO),
    ]  # fmt: skip


# -- cases and what becomes of the last one ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remainder", "while_open", "complete", "surplus"),
    [("loose", "8", "8", 0), ("round_up", "12", "12", 4 * KILO), ("round_down", "8", "6", 0)],
)
async def test_remainder_policy_decides_about_the_last_case(
    town: Town, remainder: str, while_open: str, complete: str, surplus: int
) -> None:
    """Eight tins in cases of six: as they are, filled up at once, or cut at the end of the amendment window."""
    jean, hub, beans, session = await supplied(town, {"case_quantity": 6 * KILO}, remainder=remainder)
    await town.do(basket("Ali", hub, session, line(beans, 5 * KILO)))
    await town.do(basket("Paul", hub, session, line(beans, 3 * KILO)))
    assert await held(town) == [("Hub", "Jean", "Held", {"beans": while_open})]

    await end_of(town, session)

    [seen] = await held_orders(town, jean)
    assert await held(town) == [("Hub", "Jean", "Complete", {"beans": complete})]
    cases = None if remainder == "loose" else int(complete) // 6
    assert (seen.lines[0].surplus, seen.lines[0].cases) == (surplus, cases)


async def test_round_down_tells_whoever_gets_less(town: Town) -> None:
    """The latest loses what does not fill a case, with the reason on the line and in the event."""
    _, hub, beans, session = await supplied(town, {"case_quantity": 6 * KILO}, remainder="round_down")
    await town.do(basket("Ali", hub, session, line(beans, 5 * KILO)))
    await town.do(basket("Paul", hub, session, line(beans, 3 * KILO)))

    await end_of(town, session)

    [event] = await told(town, "order.shorted")
    assert (event["entity_id"], event["why"]) == (order_of("Paul"), "2 kg did not fill a case of 6")
    [row] = await lines_of(town, "Paul")
    assert (row["quantity"], row["total"], row["fulfilment"]) == (KILO, 200, "short")
    assert row["note"] == "1 of 3: 2 kg did not fill a case of 6"


async def test_round_down_of_less_than_a_case_cancels_the_held_order(town: Town) -> None:
    """Where not one case is full, the producer gets no order, and every shopper is told."""
    _, hub, beans, session = await supplied(town, {"case_quantity": 6 * KILO}, remainder="round_down")
    await town.do(basket("Ali", hub, session, line(beans, 5 * KILO)))

    await end_of(town, session)

    assert await held(town) == [("Hub", "Jean", "Cancelled", {})]
    assert [row["stock"] for row in await lines_of(town, "Ali")] == ["unavailable"]
    assert await stock(town, beans) == (30 * KILO, 0, 0)


async def test_round_down_counts_cases_over_all_places(town: Town) -> None:
    """Twelve tins from two barns are two cases, though neither barn gives whole ones."""
    jean, hub, beans, session = await supplied(
        town, {"stock": 10, "case_quantity": 6 * KILO}, remainder="round_down"
    )
    second = name_id("second barn")
    await town.do(PutLocation(location_id=second, enterprise_id=jean, name="Second", priority=1))
    await town.do(AdjustStock(item_id=beans, location_id=second, quantity=10 * KILO, type="RECEIPT"))
    await town.do(basket("Ali", hub, session, line(beans, 13 * KILO)))

    await end_of(town, session)

    assert await held(town) == [("Hub", "Jean", "Complete", {"beans": "12"})]


async def test_round_up_takes_no_case_that_is_not_there(town: Town) -> None:
    """Whole cases only: of 11 tins in sixes, a hub can have six."""
    _, hub, beans, session = await supplied(
        town, {"stock": 11, "case_quantity": 6 * KILO}, remainder="round_up"
    )

    refusal = await town.refused(basket("Ali", hub, session, line(beans, 7 * KILO)))
    await town.do(basket("Paul", hub, session, line(beans, 2 * KILO)))
    await town.do(basket("Ali", hub, session, line(beans, 4 * KILO)))

    assert refusal.detail["lines"][0]["available"] == "6"
    assert await stock(town, beans) == (11 * KILO, 6 * KILO, 0)


# -- partial grant or refuse -------------------------------------------------------------------------------------------


async def test_partial_grant_gives_what_there_is_and_says_so(town: Town) -> None:
    """Where the relation grants parts, the order goes through with less, noted on the line."""
    _, hub, beans, session = await supplied(town, {"stock": 5}, grant_policy="partial")

    placed = await town.do(basket("Ali", hub, session, line(beans, 8 * KILO)))
    refusal = await town.refused(basket("Paul", hub, session, line(beans, KILO)))

    [told_line] = placed["lines"]
    assert (told_line["requested"], told_line["quantity"], told_line["total"]) == ("8", "5", "10.00")
    assert told_line["note"] == "5 of 8 kg: no more is left"
    assert refusal.code == "insufficient_stock"


async def test_refusal_is_the_default_and_the_shopper_may_still_take_parts(town: Town) -> None:
    """Without the option nothing is held; an order that allows parts itself gets them."""
    _, hub, beans, session = await supplied(town, {"stock": 5})

    refusal = await town.refused(basket("Ali", hub, session, line(beans, 8 * KILO)))
    placed = await town.do(basket("Ali", hub, session, line(beans, 8 * KILO), allow_partial=True))

    assert refusal.message == "Line 1: 8 kg of beans are wanted, 5 kg can be had; take 5 kg, or less."
    assert placed["lines"][0]["quantity"] == "5"


async def test_partial_basket_goes_through_with_a_line_that_got_nothing(town: Town) -> None:
    """What is not there at all is a line of nothing, and costs nothing."""
    jean, hub, beans, _ = await supplied(town, {"stock": 5}, grant_policy="partial")
    gone = await town.item(jean, "gone", 0 * KILO + 1)
    session = await town.session("both", [hub], [beans, gone])
    await town.do(basket("Ali", hub, session, line(gone, 1)))

    placed = await town.do(basket("Paul", hub, session, line(beans, KILO), line(gone, KILO)))

    assert [(one["quantity"], one["stock"], one["total"]) for one in placed["lines"]] == [
        ("1", "held", "2.00"), ("0", "unavailable", "0.00"),
    ]  # fmt: skip


# -- no inventory known ------------------------------------------------------------------------------------------------


async def test_item_that_is_counted_later_is_drawn_from_what_was_counted(town: Town) -> None:
    """What was promised before anybody counted stays promised; from then on nothing is promised that is not there."""
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    beans = await town.item(jean, "beans")
    await town.relation(hub, jean)
    session = await town.session("week", [hub], [beans])
    first = await town.do(basket("Ali", hub, session, line(beans, 40 * KILO)))
    place = name_id("barn")
    await town.do(PutLocation(location_id=place, enterprise_id=jean, name="Barn"))
    await town.do(CountStock(item_id=beans, location_id=place, quantity=5 * KILO))

    refusal = await town.refused(basket("Paul", hub, session, line(beans, 6 * KILO)))
    second = await town.do(basket("Paul", hub, session, line(beans, 5 * KILO)))

    assert (first["lines"][0]["stock"], second["lines"][0]["stock"]) == ("untracked", "held")
    assert refusal.detail["lines"][0]["available"] == "5"
    assert await held(town) == [("Hub", "Jean", "Held", {"beans": "45"})]


async def test_line_added_of_an_untracked_item_says_so(town: Town) -> None:
    """The same word whether it came with the order or later."""
    jean, hub, beans, _ = await supplied(town, {})
    herbs = await town.item(jean, "herbs", tracked=False)
    session = await town.session("both", [hub], [beans, herbs])
    await town.do(basket("Ali", hub, session, line(beans, KILO)))

    added = [LineChange(line_no=0, quantity=2 * KILO, item_id=herbs)]
    changed = await town.do(ChangeOrder(order_id=order_of("Ali"), lines=added))

    assert [one["stock"] for one in changed["lines"]] == ["held", "untracked"]


# -- kits, repeated items, sales units ---------------------------------------------------------------------------------


async def test_kit_and_plain_item_draw_on_the_same_stock(town: Town) -> None:
    """Components and repeated items are added up per position before anything is promised."""
    jean, hub, beans, _ = await supplied(town, {"stock": 10})
    box = await town.item(
        jean,
        "box",
        stock_unit="box",
        multiple_quantity=KILO,
        components=[Component(item_id=beans, quantity=1500)],
    )
    session = await town.session("both", [hub], [beans, box])

    refusal = await town.refused(
        basket("Ali", hub, session, line(beans, 3 * KILO), line(box, 3 * KILO), line(beans, 3 * KILO))
    )
    twice = (line(beans, 2 * KILO), line(beans, 2 * KILO))
    placed = await town.do(basket("Ali", hub, session, line(box, 4 * KILO), *twice))

    assert [(one["line"], one["available"]) for one in refusal.detail["lines"]] == [(3, "2.5")]
    assert [one["stock_quantity"] for one in placed["lines"]] == ["4", "2", "2"]
    assert await held(town) == [("Hub", "Jean", "Held", {"beans": "10"})]


async def test_kit_line_shrinks_by_whole_kits(town: Town) -> None:
    """Taking kits out gives all of their components back."""
    jean, hub, beans, _ = await supplied(town, {})
    leeks = await town.item(jean, "leeks", 10 * KILO)
    parts = [Component(item_id=beans, quantity=1500), Component(item_id=leeks, quantity=500)]
    box = await town.item(jean, "box", stock_unit="box", multiple_quantity=KILO, components=parts)
    session = await town.session("both", [hub], [beans, box])
    await town.do(basket("Ali", hub, session, line(box, 4 * KILO)))

    await town.do(ChangeOrder(order_id=order_of("Ali"), lines=[LineChange(line_no=1, quantity=KILO)]))

    assert await held(town) == [("Hub", "Jean", "Held", {"beans": "1.5", "leeks": "0.5"})]


@pytest.mark.parametrize(
    ("wanted", "code", "bound"),
    [(1, "quantity_below_minimum", ("minimum", "2")), (7, "quantity_above_maximum", ("maximum", "6"))],
)
async def test_least_and_most_are_kept_and_named(
    town: Town, wanted: int, code: str, bound: tuple[str, str]
) -> None:
    """What an item's bounds are stands in the refusal."""
    bounds = {"min_quantity": 2 * KILO, "max_quantity": 6 * KILO}
    _, hub, beans, session = await supplied(town, bounds)

    refusal = await town.refused(basket("Ali", hub, session, line(beans, wanted * KILO)))

    assert (refusal.code, refusal.detail["lines"][0][bound[0]]) == (code, bound[1])


async def test_rounding_up_to_the_multiple_is_told(town: Town) -> None:
    """4.1 by twos becomes 6; the buyer reads why."""
    _, hub, beans, session = await supplied(town, {"multiple_quantity": 2 * KILO})

    placed = await town.do(basket("Ali", hub, session, line(beans, 4100)))

    [told_line] = placed["lines"]
    assert (told_line["requested"], told_line["quantity"], told_line["total"]) == ("4.1", "6", "12.00")
    assert told_line["note"] == "rounded up from 4.1 to 6 kg"


async def test_units_sold_are_converted_for_the_producer(town: Town) -> None:
    """Shoppers buy bags and crates; the producer reads kilograms."""
    jean, hub, beans, session = await supplied(town, {})
    units = [SalesUnit(code="bag", num=1, den=4, price_micros=600_000), SalesUnit(code="crate", num=5)]
    await town.do(
        PutItem(item_id=beans, owner_id=jean, sku="beans", name="beans", stock_unit="kg", price_micros=2_000_000,
                sales_units=units)
    )  # fmt: skip

    placed = await town.do(
        basket("Ali", hub, session, line(beans, 3 * KILO, "bag"), line(beans, KILO, "crate"))
    )

    assert [(one["price"], one["total"]) for one in placed["lines"]] == [("0.60", "1.80"), ("10.00", "10.00")]
    assert await held(town) == [("Hub", "Jean", "Held", {"beans": "5.75"})]
