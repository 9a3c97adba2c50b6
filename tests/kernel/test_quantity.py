"""Goods are exact: thousandths in, shortest decimals out, conversion by rationals or not at all."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.kernel import quantity

AMOUNT = st.integers(-(10**14), 10**14)


@pytest.mark.parametrize(
    ("written", "thousandths"),
    [("0", 0), ("1", 1000), ("1.5", 1500), ("0.001", 1), ("-2.25", -2250), ("1e3", 10**6), (7, 7000),
     (Decimal("4.100"), 4100), ("999999999999.999", 10**15 - 1)],
)  # fmt: skip
def test_decimals_are_read_exactly(written: str | int | Decimal, thousandths: int) -> None:
    """As text, integers or decimals."""
    assert quantity.parse(written) == thousandths


@pytest.mark.parametrize(
    ("written", "why"),
    [("0.0001", "more than three"), ("1.2345", "more than three"), ("1000000000000", "not a quantity"),
     ("-1000000000000", "not a quantity"), ("NaN", "not a quantity"), ("Infinity", "not a quantity"),
     ("1e999999", "not a quantity")],
)  # fmt: skip
def test_what_is_no_quantity_is_refused(written: str, why: str) -> None:
    """Too fine, too large, or not a number at all; never rounded."""
    with pytest.raises(ValueError, match=why):
        quantity.parse(written)


@pytest.mark.parametrize("written", ["", "one", "1,5", "1.5 kg", "0x10", "sNaN", "1e99999999999999999999"])
def test_what_is_no_number_is_refused(written: str) -> None:
    """A decimal, and nothing but a decimal."""
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity.parse(written)


@pytest.mark.parametrize("written", ["0.5" + 30 * "0" + "1", "1e-999999", "1" + "." + 70 * "0" + "1"])
def test_a_decimal_is_never_rounded_however_long_it_is(written: str) -> None:
    """The thirtieth place counts like the fourth."""
    with pytest.raises(ValueError, match="more than three decimal places"):
        quantity.parse(written)


@pytest.mark.parametrize(
    ("thousandths", "told"),
    [
        (0, "0"),
        (1000, "1"),
        (1500, "1.5"),
        (1, "0.001"),
        (-1, "-0.001"),
        (-2250, "-2.25"),
        (10**6, "1000"),
        (10, "0.01"),
    ],
)
def test_quantities_are_told_as_the_shortest_decimal(thousandths: int, told: str) -> None:
    """Without zeros that say nothing, and with those that do."""
    assert quantity.text(thousandths) == told


@given(AMOUNT)
def test_what_is_told_is_read_back(thousandths: int) -> None:
    """For every quantity there is."""
    assert quantity.parse(quantity.text(thousandths)) == thousandths


@given(AMOUNT, st.integers(1, 10**6), st.integers(1, 10**6))
def test_conversion_is_exact_or_refused(thousandths: int, num: int, den: int) -> None:
    """Never nearly."""
    exact = Fraction(thousandths * num, den)
    assert quantity.convert(thousandths, num, den) == (exact.numerator if exact.denominator == 1 else None)


@pytest.mark.parametrize(("wanted", "multiple", "rounded"), [(4100, 2000, 6000), (4000, 2000, 4000), (1, 6000, 6000),
                                                            (0, 5, 0), (-1, 5, 0), (7, 1, 7)])  # fmt: skip
def test_rounding_up_goes_to_the_next_multiple(wanted: int, multiple: int, rounded: int) -> None:
    """4.1 by twos becomes 6, and what is a multiple stays."""
    assert quantity.round_up(wanted, multiple) == rounded


@given(AMOUNT, st.integers(1, 10**9))
def test_rounding_up_adds_less_than_one_multiple(wanted: int, multiple: int) -> None:
    """And never takes anything away."""
    rounded = quantity.round_up(wanted, multiple)
    assert (rounded % multiple, 0 <= rounded - wanted < multiple) == (0, True)
