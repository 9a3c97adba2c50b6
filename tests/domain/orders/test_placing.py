"""Placing orders: who may, what is on sale, what there is, what it costs; by values only."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from coster.domain.catalog.model import Component, SalesUnit
from coster.domain.orders.model import Discount, PlaceOrder
from coster.domain.parties.model import CustomerRow
from coster.engine.flows.clocks import timer_id
from coster.kernel.authority import NOBODY, Authority
from coster.kernel.outcome import Accepted, Rejected
from tests.domain.orders.worlds import (
    ANNA,
    BARN,
    BOX,
    CARROTS,
    CELLAR,
    CUSTOMER,
    EGGS,
    HERBS,
    HOUR,
    HUB,
    JAM,
    JEAN,
    KILO,
    LEEKS,
    NOW,
    OTHER_HUB,
    SESSION,
    Memory,
    basket,
    enterprise,
    item,
    line,
    order_of,
    relation,
)


def box(**changes: Any) -> Any:
    """A kit of 1.5 kg of carrots and half a kilo of leeks, in whole boxes."""
    parts = (Component(item_id=CARROTS, quantity=1500), Component(item_id=LEEKS, quantity=500))
    given = {"stock_unit": "box", "multiple_quantity": KILO, "components": parts}
    return item(BOX, HUB, "box", **{**given, **changes})


# -- what placing does -------------------------------------------------------------------------------------------------


def test_checkout_begins_with_live_holds_and_a_timer() -> None:
    """The order is created, its stock held for half an hour, and the end of the checkout is due."""
    memory = Memory()
    decided = memory.decide(basket("Ali", line(CARROTS, 4 * KILO)))
    [order], [hold] = decided.writes.new, decided.writes.stock.holds
    assert (order.status, order.total, order.version, order.expires_at) == (
        "created",
        800,
        1,
        memory.at + HOUR / 2,
    )
    assert (hold.quantity, hold.policy, hold.expires_at) == (4 * KILO, "cart", order.expires_at)
    [(_, timer)] = decided.timers
    assert (timer.id, timer.due_at, timer.kind) == (
        timer_id(order.id, "expire_checkout"),
        order.expires_at,
        "orders.timer",
    )
    assert [(event.name, event.version) for _, event in decided.events] == [("order.placed", 1)]


def test_completed_elsewhere_is_booked_at_once() -> None:
    """Held until the session ends, with nothing to expire."""
    memory = Memory()
    decided = memory.decide(basket("Ali", line(CARROTS, KILO), completed=True))
    [order], [hold] = decided.writes.new, decided.writes.stock.holds
    assert (order.status, order.expires_at, decided.timers) == ("booked", None, [])
    assert (hold.policy, hold.expires_at) == ("session", None)


def test_own_goods_are_sold_without_a_session_and_on_no_account() -> None:
    """A plain retail order holds for itself."""
    memory = Memory({JAM: 3 * KILO})
    decided = memory.decide(basket("Ali", line(JAM, KILO), session_id=None, completed=True))
    [hold] = decided.writes.stock.holds
    assert (hold.pool_id, hold.policy, decided.writes.pool_changes) == (None, "submitted", [])


def test_event_and_answer_name_no_person() -> None:
    """The customer's token stays in the order's row."""
    memory = Memory(customers=[CustomerRow(id=CUSTOMER, seller_id=HUB, priority=3, erased=False)])
    decided = memory.decide(basket("Ali", line(CARROTS, KILO), customer_id=CUSTOMER))
    assert decided.writes.new[0].customer_id == CUSTOMER
    assert str(CUSTOMER) not in f"{decided.outcomes}{decided.events}{decided.timers}"


@pytest.mark.parametrize(("asked", "expected"), [(0, 3), (1, 3), (7, 7)])
def test_the_higher_of_both_priorities_counts(asked: int, expected: int) -> None:
    """That of the customer, or that of this order."""
    memory = Memory(customers=[CustomerRow(id=CUSTOMER, seller_id=HUB, priority=3, erased=False)])
    decided = memory.decide(basket("Ali", line(CARROTS, KILO), customer_id=CUSTOMER, priority=asked))
    assert (decided.writes.new[0].priority, decided.writes.stock.holds[0].priority) == (expected, expected)


# -- who may, and when -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"seller_id": BARN}, "seller_unknown"),
        ({"session_id": BARN}, "session_unknown"),
        ({"seller_id": OTHER_HUB}, "session_unknown"),
        ({"customer_id": BARN}, "customer_unknown"),
        ({"lines": []}, "not_valid"),
        ({"lines": [line(CARROTS, 0)]}, "quantity_not_positive"),
        ({"lines": [line(CARROTS, -KILO)]}, "quantity_not_positive"),
        ({"lines": [line(BARN, KILO)]}, "item_not_listed"),
        ({"lines": [line(CARROTS, KILO, "bag")]}, "unit_unknown"),
        ({"lines": [line(CARROTS, 11 * KILO)]}, "insufficient_stock"),
        ({"session_id": None, "lines": [line(CARROTS, KILO)]}, "not_supplied"),
    ],
)
def test_what_cannot_be_placed_leaves_nothing(changes: dict[str, Any], code: str) -> None:
    """Each refusal has its code, and nothing is written, told or due."""
    body = msgspec.structs.replace(basket("Ali", line(CARROTS, KILO)), **changes)
    decided = Memory().decide(body)
    [outcome], writes = decided.outcomes, decided.writes
    assert (outcome.code, bool(outcome.message)) == (code, True)
    assert (writes.new, writes.lines, writes.pool_changes, decided.events, decided.timers) == (
        [],
        [],
        [],
        [],
        [],
    )
    assert (writes.stock.holds, writes.stock.positions, writes.stock.entries) == ([], [], [])


@pytest.mark.parametrize("authority", [NOBODY, Authority(by_enterprise={JEAN: frozenset({"orders:write"})}),
                                       Authority(by_enterprise={HUB: frozenset({"orders:read"})})])  # fmt: skip
def test_only_who_may_write_orders_of_the_shop_places_one(authority: Authority) -> None:
    """For anybody else the shop does not exist."""
    outcome = Memory().one(basket("Ali", line(CARROTS, KILO)), authority)
    assert outcome.code == "seller_unknown"


def test_the_instant_decides_whether_the_session_is_open() -> None:
    """At its closing time it is closed, whether or not a timer has said so."""
    memory = Memory()
    memory.at = memory.session.closes_at - dt.timedelta(seconds=2)
    assert isinstance(memory.one(basket("Ali", line(CARROTS, KILO))), Accepted)
    refusal = memory.one(basket("Paul", line(CARROTS, KILO)))
    assert (refusal.code, refusal.message) == (
        "session_not_open", "The session is closed; orders are taken while it is open."
    )  # fmt: skip


@pytest.mark.parametrize("status", ["planned", "closed", "ended"])
def test_a_session_that_is_not_open_takes_no_order(status: str) -> None:
    """The status stands in the refusal."""
    memory = Memory()
    memory.session = msgspec.structs.replace(memory.session, status=status)
    refusal = memory.one(basket("Ali", line(CARROTS, KILO)))
    assert (refusal.code, refusal.detail) == ("session_not_open", {"status": status})


def test_a_relation_that_was_ended_sells_nothing() -> None:
    """Whoever supplies no longer is asked for nothing, from that moment."""
    memory = Memory(relations=[relation(HUB, JEAN, active=False)])
    refusal = memory.one(basket("Ali", line(CARROTS, KILO)))
    assert (refusal.code, refusal.detail["lines"][0]["item_id"]) == ("not_supplied", str(CARROTS))


def test_what_the_session_does_not_list_is_not_on_sale() -> None:
    """Though there is plenty of it."""
    memory = Memory({CARROTS: KILO, LEEKS: KILO}, prices={CARROTS: None})
    refusal = memory.one(basket("Ali", line(LEEKS, KILO)))
    assert (refusal.code, refusal.message) == ("item_not_listed", "Line 1: this item is not on sale here.")


def test_what_is_not_buyable_is_refused_by_name() -> None:
    """The item is there and not on sale at present."""
    memory = Memory(items=[item(CARROTS, JEAN, "carrots", buyable=False)])
    refusal = memory.one(basket("Ali", line(CARROTS, KILO)))
    assert (refusal.code, refusal.message) == (
        "item_not_buyable",
        "Line 1: carrots is not on sale at present.",
    )


@pytest.mark.parametrize("customer", [CustomerRow(id=CUSTOMER, seller_id=JEAN, priority=0, erased=False),
                                      CustomerRow(id=CUSTOMER, seller_id=HUB, priority=0, erased=True)])  # fmt: skip
def test_another_shops_or_an_erased_customer_is_unknown(customer: CustomerRow) -> None:
    """Nobody learns that there is one."""
    outcome = Memory(customers=[customer]).one(basket("Ali", line(CARROTS, KILO), customer_id=CUSTOMER))
    assert outcome.code == "customer_unknown"


def test_all_faults_of_a_basket_are_told_at_once() -> None:
    """Each with its line; a common code only where there is one."""
    memory = Memory({CARROTS: KILO, EGGS: KILO})
    mixed = memory.one(basket("Ali", line(CARROTS, 0), line(EGGS, KILO, "dozen"), line(EGGS, KILO)))
    alike = memory.one(basket("Ali", line(CARROTS, 2 * KILO), line(EGGS, 3 * KILO)))
    assert (mixed.code, [(one["line"], one["code"]) for one in mixed.detail["lines"]]) == (
        "lines_refused", [(1, "quantity_not_positive"), (2, "unit_unknown")]
    )  # fmt: skip
    assert (alike.code, [(one["line"], one["available"]) for one in alike.detail["lines"]]) == (
        "insufficient_stock", [(1, "1"), (2, "1")]
    )  # fmt: skip


def test_a_price_in_another_currency_is_no_price_here() -> None:
    """Unless the session lists the item with one of its own; the fault names its line."""
    foreign = {"enterprises": [enterprise(JEAN, "Jean", currency="CHF")]}
    refusal = Memory(**foreign).one(basket("Ali", line(CARROTS, KILO)))
    listed = Memory(**foreign, prices={CARROTS: 3_000_000}).one(basket("Ali", line(CARROTS, KILO)))
    assert (refusal.code, refusal.detail["lines"][0]["line"]) == ("currency_mismatch", 1)
    assert (listed.value["total"], listed.value["currency"]) == ("3.00", "EUR")


def test_smallest_order_counts_after_discounts() -> None:
    """5.00 is enough, 4.99 is not, and then nothing is held."""
    shop = {"enterprises": [enterprise(HUB, "Hub", minimum_order=500)]}
    memory = Memory(**shop)
    refusal = memory.one(basket("Ali", line(CARROTS, 3 * KILO), discount=Discount(amount=101)))
    placed = memory.one(basket("Ali", line(CARROTS, 3 * KILO), discount=Discount(amount=100)))
    assert (refusal.code, refusal.detail) == ("below_minimum_order", {"minimum": "5.00", "total": "4.99"})
    assert (placed.value["total"], memory.held(CARROTS)) == ("5.00", 3 * KILO)


# -- how much ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "granted", "note"),
    [
        (4100, 6000, "rounded up from 4.1 to 6 kg"),
        (6000, 6000, ""),
        (1, 2000, "rounded up from 0.001 to 2 kg"),
    ],
)
def test_rounding_up_to_the_multiple_is_told(wanted: int, granted: int, note: str) -> None:
    """What was asked for stays readable beside what is sold."""
    memory = Memory(items=[item(CARROTS, JEAN, "carrots", multiple_quantity=2 * KILO)])
    [told] = memory.one(basket("Ali", line(CARROTS, wanted))).value["lines"]
    assert (told["requested"], told["quantity"], told["note"]) == (
        f"{wanted / 1000:g}",
        f"{granted // 1000}",
        note,
    )


@pytest.mark.parametrize(
    ("wanted", "code", "detail"),
    [
        (1999, "quantity_below_minimum", {"minimum": "2"}),
        (2000, "ok", {}),
        (6000, "ok", {}),
        (6001, "quantity_above_maximum", {"maximum": "6"}),
    ],
)
def test_least_and_most_are_bounds_that_may_be_touched(
    wanted: int, code: str, detail: dict[str, str]
) -> None:
    """The bound stands in the refusal."""
    memory = Memory(items=[item(CARROTS, JEAN, "carrots", min_quantity=2 * KILO, max_quantity=6 * KILO)])
    outcome = memory.one(basket("Ali", line(CARROTS, wanted)))
    assert getattr(outcome, "code", "ok") == code
    if isinstance(outcome, Rejected):
        [fault] = outcome.detail["lines"]
        assert detail.items() <= fault.items()


def test_the_most_counts_after_rounding_up() -> None:
    """Five by twos is six, and six is more than five."""
    memory = Memory(items=[item(CARROTS, JEAN, "carrots", max_quantity=5 * KILO, multiple_quantity=2 * KILO)])
    assert memory.one(basket("Ali", line(CARROTS, 5 * KILO))).code == "quantity_above_maximum"
    assert memory.one(basket("Ali", line(CARROTS, 4 * KILO))).value["total"] == "8.00"


def test_sales_units_hold_exact_stock_and_keep_their_own_price() -> None:
    """Three bags of a quarter kilo at 0.60, one crate of five kilos at five times the price."""
    units = {
        "bag": SalesUnit(code="bag", num=1, den=4, price_micros=600_000),
        "crate": SalesUnit(code="crate", num=5),
    }
    memory = Memory(items=[item(CARROTS, JEAN, "carrots", units=units)])
    told = memory.one(basket("Ali", line(CARROTS, 3 * KILO, "bag"), line(CARROTS, KILO, "crate"))).value[
        "lines"
    ]
    assert [(one["stock_quantity"], one["price"], one["total"]) for one in told] == [
        ("0.75", "0.60", "1.80"), ("5", "10.00", "10.00"),
    ]  # fmt: skip
    assert memory.held(CARROTS) == 5750


def test_a_unit_that_does_not_fit_thousandths_is_rounded_up_to_one_that_does() -> None:
    """A third of a kilo: one piece would be 333⅓ grams; 1.002 pieces are 334 grams exactly."""
    units = {"third": SalesUnit(code="third", num=1, den=3)}
    memory = Memory(items=[item(CARROTS, JEAN, "carrots", units=units)])
    [told] = memory.one(basket("Ali", line(CARROTS, KILO, "third"))).value["lines"]
    assert (told["quantity"], told["stock_quantity"]) == ("1.002", "0.334")
    assert told["note"] == "rounded up from 1 to 1.002 third"


def test_the_sessions_price_goes_before_the_items_and_the_units() -> None:
    """Per stock unit, so a bag of half a kilo costs half of it."""
    bag = {"bag": SalesUnit(code="bag", num=1, den=2, price_micros=9_000_000)}
    memory = Memory(items=[item(CARROTS, JEAN, "carrots", units=bag)], prices={CARROTS: 3_000_000})
    told = memory.one(basket("Ali", line(CARROTS, KILO, "bag"), line(CARROTS, KILO))).value["lines"]
    assert [one["price"] for one in told] == ["1.50", "3.00"]


def test_a_price_agreed_elsewhere_is_kept() -> None:
    """The platform that took the payment knows what was paid."""
    [told] = Memory().one(basket("Ali", line(CARROTS, KILO, price_micros=1_234_567))).value["lines"]
    assert (told["price"], told["total"]) == ("1.234567", "1.23")


# -- several lines on one stock ----------------------------------------------------------------------------------------


def test_repeated_items_are_summed_before_anything_is_promised() -> None:
    """Six and five of ten: the second line is one short, and neither is held."""
    memory = Memory()
    refusal = memory.one(basket("Ali", line(CARROTS, 6 * KILO), line(CARROTS, 5 * KILO)))
    assert [(one["line"], one["wanted"], one["available"]) for one in refusal.detail["lines"]] == [
        (2, "5", "4")
    ]
    assert (memory.held(CARROTS), memory.orders) == (0, {})


def test_kit_and_plain_item_draw_on_the_same_stock() -> None:
    """Four boxes take six of ten kilos of carrots; four are left for the plain line, and not 4.001."""
    stock = {CARROTS: 10 * KILO, LEEKS: 10 * KILO}
    memory = Memory(stock, items=[box()])
    refusal = memory.one(basket("Ali", line(BOX, 4 * KILO), line(CARROTS, 4001)))
    placed = memory.one(basket("Ali", line(BOX, 4 * KILO), line(CARROTS, 4 * KILO)))
    assert refusal.detail["lines"][0]["available"] == "4"
    assert isinstance(placed, Accepted)
    assert (memory.held(CARROTS), memory.held(LEEKS)) == (10 * KILO, 2 * KILO)


def test_of_a_kit_there_are_as_many_as_its_scarcest_part_allows() -> None:
    """Ten kilos of carrots make six boxes, a kilo of leeks makes two."""
    memory = Memory({CARROTS: 10 * KILO, LEEKS: KILO}, items=[box()])
    refusal = memory.one(basket("Ali", line(BOX, 3 * KILO)))
    assert refusal.message == "Line 1: 3 box of box are wanted, 2 box can be had; take 2 box, or less."


def test_a_kit_is_sold_in_steps_in_which_its_parts_are_exact() -> None:
    """1.5 kg a box: thousandths of a box by twos; and a part of what is wanted is granted in the same steps."""
    loose = box(multiple_quantity=1)
    memory = Memory({CARROTS: 9_998, LEEKS: 10 * KILO}, items=[loose], relations=[relation(HUB, JEAN)])
    [told] = memory.one(basket("Ali", line(BOX, 101))).value["lines"]
    assert (told["quantity"], told["note"]) == ("0.102", "rounded up from 0.101 to 0.102 box")
    [rest] = memory.one(basket("Paul", line(BOX, 8 * KILO), allow_partial=True)).value["lines"]
    assert (rest["quantity"], memory.held(CARROTS), memory.held(LEEKS)) == ("6.562", 9_996, 3_332)


def test_one_line_draws_on_several_places_in_their_order() -> None:
    """First the barn, then the cellar, each with a hold of its own."""
    memory = Memory({(CARROTS, BARN): 4 * KILO, (CARROTS, CELLAR): 4 * KILO})
    decided = memory.decide(basket("Ali", line(CARROTS, 6 * KILO)))
    assert [one.quantity for one in decided.writes.stock.holds] == [4 * KILO, 2 * KILO]
    refusal = memory.one(basket("Paul", line(CARROTS, 3 * KILO)))
    assert refusal.detail["lines"][0]["available"] == "2"


def test_what_nobody_counts_is_promised_without_end_and_marked() -> None:
    """An item that is not tracked, and one that has no place yet."""
    memory = Memory({})
    told = memory.one(basket("Ali", line(HERBS, 10**9), line(CARROTS, 5 * KILO))).value["lines"]
    assert [(one["stock"], one["quantity"]) for one in told] == [("untracked", "1000000"), ("untracked", "5")]
    assert all(position.unlimited for position in memory.positions.values())


# -- partial grants ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["relation", "shopper"])
def test_less_is_granted_where_either_side_allows_it(how: str) -> None:
    """The hub's terms with the producer, or the shopper's own word."""
    terms = {"relations": [relation(HUB, JEAN, grant_policy="partial")]} if how == "relation" else {}
    memory = Memory({CARROTS: 5 * KILO}, **terms)
    placed = memory.one(basket("Ali", line(CARROTS, 8 * KILO), allow_partial=how == "shopper"))
    [told] = placed.value["lines"]
    assert (told["requested"], told["quantity"], told["total"], told["note"]) == (
        "8", "5", "10.00", "5 of 8 kg: no more is left"
    )  # fmt: skip


def test_a_partial_grant_stays_sellable() -> None:
    """By twos at least four: of five kilos four can be had, of three nothing."""
    goods = item(CARROTS, JEAN, "carrots", multiple_quantity=2 * KILO, min_quantity=4 * KILO)
    four = Memory({CARROTS: 5 * KILO}, items=[goods]).one(
        basket("Ali", line(CARROTS, 8 * KILO), allow_partial=True)
    )
    none = Memory({CARROTS: 3 * KILO}, items=[goods]).one(
        basket("Ali", line(CARROTS, 8 * KILO), allow_partial=True)
    )
    assert four.value["lines"][0]["quantity"] == "4"
    assert (none.code, none.detail["lines"][0]["available"]) == ("insufficient_stock", "0")


def test_a_line_that_gets_nothing_stands_in_the_order_and_costs_nothing() -> None:
    """As long as another line gets something; with nothing at all there is no order."""
    memory = Memory({CARROTS: KILO, EGGS: 0})
    body = basket(
        "Ali", line(CARROTS, KILO), line(EGGS, KILO, discount=Discount(amount=5)), allow_partial=True
    )
    told = memory.one(body).value["lines"]
    assert [(one["quantity"], one["stock"], one["total"]) for one in told] == [
        ("1", "held", "2.00"), ("0", "unavailable", "0.00"),
    ]  # fmt: skip
    assert memory.one(basket("Paul", line(EGGS, KILO), allow_partial=True)).code == "insufficient_stock"


# -- once --------------------------------------------------------------------------------------------------------------


def test_a_channels_reference_is_taken_once() -> None:
    """In one batch and after it; a refused order takes none, and another channel has references of its own."""
    memory = Memory()
    again = [
        msgspec.structs.replace(basket("Ali", line(CARROTS, KILO)), order_id=order_of(f"x{n}"))
        for n in range(3)
    ]
    too_much = basket("Ali", line(CARROTS, 11 * KILO))
    app = msgspec.structs.replace(again[2], channel="app")
    decided = memory.decide(too_much, basket("Ali", line(CARROTS, KILO)), again[0], app)
    assert [getattr(outcome, "code", "ok") for outcome in decided.outcomes] == [
        "insufficient_stock", "ok", "duplicate_reference", "ok",
    ]  # fmt: skip
    later = memory.one(again[1])
    assert (later.code, later.detail, memory.held(CARROTS)) == (
        "duplicate_reference", {"order_id": str(order_of("Ali"))}, 2 * KILO
    )  # fmt: skip


def test_another_shop_learns_nothing_about_whose_the_reference_is() -> None:
    """Only who may write orders of the shop that has it is told which order that is."""
    memory = Memory({JAM: KILO, EGGS: KILO})
    memory.decide(basket("Ali", line(JAM, KILO), session_id=None))
    theirs = Authority(by_enterprise={ANNA: frozenset({"orders:write"})})
    body = basket("Ali", line(EGGS, KILO), order_id=order_of("x"), seller_id=ANNA, session_id=None)
    refusal = memory.one(body, theirs)
    assert (refusal.code, refusal.detail) == ("duplicate_reference", {})
    assert not {str(order_of("Ali")), str(HUB), "Hub"} & set(refusal.message.split())


def test_a_world_is_as_it_is_said() -> None:
    """The world of these tests: open since before now, ten kilos, nothing held."""
    memory = Memory()
    assert isinstance(basket("Ali", line(CARROTS, KILO)), PlaceOrder)
    assert (memory.session.status, memory.session.id, memory.at, memory.held(CARROTS)) == (
        "open",
        SESSION,
        NOW,
        0,
    )
