"""Rows of the real baskets as lines of ours: by values, and for whatever may stand in a row."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.simulation.baskets import PREPAID_BELOW, Bought, Reading

FUEL, TEA = 6534178, 1082185


def row(product: int, quantity: int, sales_value: float) -> dict[str, Any]:
    """A row, as far as it matters."""
    return {"product_id": product, "quantity": quantity, "sales_value": sales_value}


def line(product: int, quantity: int, sales_value: float) -> Bought | None:
    """What a row comes to."""
    return Reading({FUEL}).line(row(product, quantity, sales_value))


@pytest.mark.parametrize(
    ("product", "quantity", "sales_value", "told"),
    [
        (TEA, 1, 1.39, ("1.000", "1.390000", 139)),
        (TEA, 3, 1.0, ("3.000", "0.333333", 100)),
        (TEA, 6, 0.01, ("6.000", "0.001667", 1)),
        (TEA, 2, 0.0, ("2.000", "0.000000", 0)),
        # 0.58 has no exact binary form: 0.58 * 100 is a little less than 58.
        (TEA, 1, 0.58, ("1.000", "0.580000", 58)),
        (FUEL, 12_617, 29.14, ("12.617", "2.309582", 2914)),
        (FUEL, PREPAID_BELOW, 0.25, ("0.100", "2.500000", 25)),
    ],
)
def test_a_row_is_a_line(product: int, quantity: int, sales_value: float, told: tuple[str, str, int]) -> None:
    """Pieces as they are, fuel in gallons, the price of one unit to a millionth, what was paid in cents."""
    found = line(product, quantity, sales_value)
    assert found is not None
    assert (found.product, found.quantity, found.price, found.paid) == (product, *told)


def test_what_is_no_sale_is_left_out_and_counted() -> None:
    """Nothing sold, something given back, and fuel that was paid for before it flowed; each under its own words."""
    reading = Reading({FUEL})
    odd = [(TEA, 0, 1.0), (TEA, -1, -1.39), (FUEL, 0, 5.0), (FUEL, 1, 20.0), (FUEL, PREPAID_BELOW - 1, 20.0)]
    assert [reading.line(row(*one)) for one in odd] == [None] * 5
    assert reading.left_out == {
        "rows with a quantity of zero or less": 3,
        "rows of prepaid fuel without gallons": 2,
    }


@given(st.integers(1, 500), st.integers(0, 100_000))
def test_price_times_pieces_is_what_was_paid(pieces: int, cents: int) -> None:
    """To the cent, whatever was paid for however many pieces: so the server's totals can be held against the till's."""
    found = line(TEA, pieces, cents / 100)
    assert found is not None
    total = Decimal(found.price) * Decimal(found.quantity)
    assert found.paid == cents == int((total * 100).quantize(Decimal(1), ROUND_HALF_UP))
