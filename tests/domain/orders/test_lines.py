"""Quantities, prices and discounts of lines: exact, shared out to the last cent, in proportion when a line changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.domain.catalog.model import Component, SalesUnit
from coster.domain.orders.model import Discount, Line
from coster.domain.orders.rules import lines
from coster.kernel.outcome import Rejected
from tests.domain.orders.worlds import CARROTS, HUB, JEAN, KILO, LEEKS, item, line, order_of

CENTS = st.integers(0, 10**9)


def priced(gross: int, discount: int = 0, share: int = 0, **changes: Any) -> Line:
    """A line of one kilo that comes to these cents."""
    given_ = {
        "order_id": order_of("Ali"), "line_no": 1, "item_id": CARROTS, "producer_id": JEAN, "unit": "kg",
        "requested": KILO, "quantity": KILO, "stock_quantity": KILO, "price_micros": gross * 10_000, "gross": gross,
        "discount": discount, "order_share": share, "basis_gross": gross, "basis_discount": discount, "basis_share": share,
        "total": gross - discount - share, "stock": "held",
        "fulfilment": "not_started", "note": "",
    }  # fmt: skip
    return Line(**{**given_, **changes})


# -- how much ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("multiple", "unit", "parts", "step"),
    [
        (1, (1, 1), (), 1),
        (1, (5, 1), (), 5),
        (1, (1, 3), (), 1),
        (1, (10, 4), (), 5),
        (6, (4, 1), (), 12),
        (1, (1, 1), (1500,), 2),
        (1, (1, 1), (1500, 333), 1000),
        (KILO, (1, 1), (500,), KILO),
    ],
)
def test_step_is_exact_in_unit_multiple_and_parts(
    multiple: int, unit: tuple[int, int], parts: tuple[int, ...], step: int
) -> None:
    """The least common multiple of all that must come out whole."""
    made = tuple(Component(item_id=LEEKS, quantity=part) for part in parts)
    goods = item(CARROTS, JEAN, "carrots", multiple_quantity=multiple, components=made)
    assert lines.step(goods, SalesUnit(code="x", num=unit[0], den=unit[1])) == step


@given(
    wanted=st.integers(1, 10**6),
    num=st.integers(1, 500),
    den=st.integers(1, 500),
    multiple=st.integers(1, 5000),
)
def test_rounding_up_is_exact_enough_and_least(wanted: int, num: int, den: int, multiple: int) -> None:
    """The amount is at least what was wanted, exact in both units, and one step less would be too little."""
    goods, unit = (
        item(CARROTS, JEAN, "carrots", multiple_quantity=multiple),
        SalesUnit(code="x", num=num, den=den),
    )
    sized = lines.amount(goods, unit, wanted, 1)
    assert not isinstance(sized, Rejected)
    sold, stock, note = sized
    step = lines.step(goods, unit)
    assert sold * num == stock * den
    assert stock % multiple == 0
    assert stock * den >= wanted * num > (stock - step) * den
    assert bool(note) == (sold != wanted)


def test_unit_of_a_line_is_its_own_though_the_items_has_changed() -> None:
    """A crate that was five kilos when it was sold stays five kilos."""
    sold = priced(1000, unit="crate", quantity=2 * KILO, stock_quantity=10 * KILO)
    goods = item(CARROTS, JEAN, "carrots", units={"crate": SalesUnit(code="crate", num=8)})
    assert lines.unit_of(sold, goods) == SalesUnit(code="crate", num=5, den=1)
    nothing = priced(0, unit="crate", quantity=0, stock_quantity=0)
    assert lines.unit_of(nothing, goods) == SalesUnit(code="crate", num=8)


# -- discounts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("discount", "goods", "off"),
    [
        (None, 1000, 0),
        (Discount(amount=150), 1000, 150),
        (Discount(amount=1500), 1000, 1000),
        (Discount(permille=50), 1010, 51),  # 50.5 is rounded half up
        (Discount(permille=1000), 1010, 1010),
        (Discount(amount=100, permille=100), 1000, 200),
        (Discount(permille=50, over=10_000), 10_000, 0),  # not more than 100.00
        (Discount(permille=50, over=10_000), 10_001, 500),
    ],
)
def test_discount_is_an_amount_or_a_share_of_what_is_worth_enough(
    discount: Discount | None, goods: int, off: int
) -> None:
    """Never more than the goods, and only where they are worth more than agreed."""
    assert lines.discount_of(discount, goods) == off


@given(grosses=st.lists(CENTS, min_size=1, max_size=9), data=st.data())
def test_shares_of_the_orders_discount_add_up_to_it(grosses: list[int], data: st.DataObject) -> None:
    """To the cent, no line below zero, and each total is what is left of its line."""
    of_order = [priced(gross, data.draw(st.integers(0, gross))) for gross in grosses]
    goods = sum(one.total for one in of_order)
    off = data.draw(st.integers(0, goods))
    shared = lines.shared(of_order, off)
    assert sum(one.order_share for one in shared) == off
    assert sum(one.total for one in shared) == goods - off
    assert all(one.total == one.gross - one.discount - one.order_share >= 0 for one in shared)


@given(gross=CENTS, sold=st.integers(0, 10**6), data=st.data())
def test_a_line_that_changes_never_costs_less_than_nothing(
    gross: int, sold: int, data: st.DataObject
) -> None:
    """Its discount and share follow in proportion, and its total is what they leave."""
    off = data.draw(st.integers(0, gross))
    share = data.draw(st.integers(0, gross - off))
    changed = lines.scaled(priced(gross, off, share), sold, sold, "EUR", "changed")
    assert changed.total == changed.gross - changed.discount - changed.order_share >= 0
    assert min(changed.discount, changed.order_share) >= 0
    if sold == KILO:
        assert (changed.gross, changed.discount, changed.order_share) == (gross, off, share)


@given(gross=CENTS, steps=st.lists(st.integers(0, 10**6), max_size=4), data=st.data())
def test_a_line_that_shrinks_and_grows_back_costs_what_it_cost(
    gross: int, steps: list[int], data: st.DataObject
) -> None:
    """Whatever it was in between, also nothing: no cent of its discounts is lost on the way."""
    off = data.draw(st.integers(0, gross))
    first = now = priced(gross, off, data.draw(st.integers(0, gross - off)))
    for sold in [*steps, KILO]:
        now = lines.scaled(now, sold, sold, "EUR", "")
    assert (now.gross, now.discount, now.order_share, now.total) == (
        first.gross, first.discount, first.order_share, first.total,
    )  # fmt: skip


def test_a_line_that_is_halved_costs_half() -> None:
    """1.00 off ten euros becomes 0.50 off five; the order's 0.90 becomes 0.45."""
    half = lines.scaled(priced(1000, 100, 90), 500, 500, "EUR", "half")
    assert (half.gross, half.discount, half.order_share, half.total) == (500, 50, 45, 405)


def test_a_line_of_nothing_holds_nothing() -> None:
    """Its stock is none, and so is its price."""
    gone = lines.scaled(priced(1000, 100, 90), 0, 0, "EUR", "taken out")
    assert (gone.gross, gone.discount, gone.order_share, gone.total, gone.stock) == (0, 0, 0, 0, "none")


@pytest.mark.parametrize(
    ("currency", "price", "amount"),
    [("EUR", 1_005_000, 101), ("JPY", 1_500_000, 2), ("KWD", 1_234_500, 1235)],
)
def test_amounts_are_rounded_once_in_the_currencys_own_places(currency: str, price: int, amount: int) -> None:
    """Half up: cents, yen, thousandths of a dinar."""
    checked = _checked(price_micros=price)
    assert lines.priced(order_of("Ali"), checked, currency, "held").gross == amount


def test_reduced_keeps_to_what_can_be_sold() -> None:
    """Of 7 by twos with at least 4: six of seven, four of five, nothing of three; the note says of how much."""
    goods = item(CARROTS, JEAN, "carrots", multiple_quantity=2 * KILO, min_quantity=4 * KILO)
    checked = _checked(item=goods, quantity=8 * KILO, stock=8 * KILO)
    found = [lines.reduced(checked, left * KILO) for left in (7, 5, 3)]
    assert [(one.quantity, one.stock) for one in found] == [(6000, 6000), (4000, 4000), (0, 0)]
    assert found[0].note == "6 of 8 kg: no more is left"


def test_one_common_code_or_lines_refused() -> None:
    """What is wrong with each line stays whole in the detail."""
    faults = [Rejected("a", "First.", {"line": 1}), Rejected("b", "Second.", {"line": 2})]
    assert lines.faults(faults[:1]) == Rejected(
        "a", "First.", {"lines": [{"code": "a", "message": "First.", "line": 1}]}
    )
    assert (lines.faults(faults).code, lines.faults(faults).message) == ("lines_refused", "First. Second.")


def test_a_free_item_listed_at_zero_is_free() -> None:
    """Zero is a price, and not the lack of one."""
    shop = lines.Shop(items={CARROTS: item(CARROTS, JEAN, "carrots")}, listed={CARROTS: 0}, currency="EUR",
                      currencies={JEAN: "CHF", HUB: "EUR"})  # fmt: skip
    checked = lines.check(shop, 1, line(CARROTS, KILO))
    assert isinstance(checked, lines.Checked)
    assert checked.price_micros == 0


def _checked(**changes: Any) -> lines.Checked:
    """A line of a kilo at 2.00."""
    given_ = {"number": 1, "item": item(CARROTS, JEAN, "carrots"), "unit": SalesUnit(code="kg", num=1),
              "requested": KILO, "quantity": KILO, "stock": KILO, "price_micros": 2_000_000, "discount": None,
              "note": ""}  # fmt: skip
    return lines.Checked(**{**given_, **changes})


def test_a_line_that_got_nothing_at_first_keeps_its_discount_for_later() -> None:
    """Ten percent of a kilo that was not there are ten percent of the half kilo that comes."""
    empty = _checked(
        price_micros=2_000_000, discount=Discount(permille=100), requested=KILO, quantity=0, stock=0
    )
    bare = lines.priced(order_of("Ali"), empty, "EUR", "unavailable")
    assert (bare.gross, bare.discount, bare.total) == (0, 0, 0)
    come = lines.scaled(bare, 500, 500, "EUR", "")
    assert (come.gross, come.discount, come.total) == (100, 10, 90)
