"""From our stock units to what a supplier sells, and back."""

from __future__ import annotations

import uuid
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.domain.federation.rules.converting import Ratio, RemoteTotal, fits, from_remote, to_remote

CAN, CASE, CRATE = (uuid.UUID(int=n) for n in (1, 2, 3))
RATIOS = {
    CAN: Ratio(product="case", offer="o", num=12, den=1, step=1000),
    CASE: Ratio(product="case", offer="o", num=1, den=1, step=1000),
    CRATE: Ratio(product="bottle", offer="b", num=1, den=6, step=1000),
}


def test_cans_and_cases_are_added_up_before_they_are_rounded() -> None:
    """Sixteen cans and one case are two cases and a third, so three; eight cans are left over."""
    assert to_remote({CAN: 16_000, CASE: 1_000}, RATIOS) == [
        RemoteTotal(product="case", offer="o", quantity=3_000, rest=Fraction(2_000, 3))
    ]


def test_a_crate_is_six_bottles() -> None:
    """Factors below one count as exactly."""
    [line] = to_remote({CRATE: 2_000}, RATIOS)
    assert (line.product, line.quantity, line.rest) == ("bottle", 12_000, 0)


def test_what_does_not_fill_a_case_is_left_out_where_it_is_cut() -> None:
    """round_down: the shoppers' lines are cut to whole cases before the end."""
    [line] = to_remote({CAN: 35_000}, RATIOS, "round_down")
    assert line.quantity == 2_000
    assert to_remote({CAN: 11_000}, RATIOS, "round_down") == []


def test_a_measured_product_is_not_rounded_to_whole_ones() -> None:
    """Three bags of half a kilogram are one and a half kilograms."""
    bag = {CAN: Ratio(product="kg", offer="", num=2, den=1, step=1)}
    assert to_remote({CAN: 3_000}, bag)[0].quantity == 1_500


def test_an_item_that_nothing_is_known_of_is_never_left_out_silently() -> None:
    """Nobody may order less than was sold."""
    with pytest.raises(KeyError):
        to_remote({uuid.UUID(int=9): 1_000}, RATIOS)


def test_what_is_left_there_is_told_in_our_units() -> None:
    """Two cases are 24 cans or two cases; of what the supplier does not speak nothing is said."""
    assert from_remote({"case": 2_000}, RATIOS) == {CAN: 24_000, CASE: 2_000}
    assert fits({CAN: 24_000}, {"case": 2_000}, RATIOS)
    assert not fits({CAN: 24_000, CASE: 1_000}, {"case": 2_000}, RATIOS)


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.integers(1, 10**6), st.sampled_from([1, 250, 1000]))
def test_what_is_ordered_covers_what_was_sold_and_not_a_step_more(
    wanted: int, num: int, den: int, step: int
) -> None:
    """For any ratio: at least what is wanted, less than one step beyond it, and whole steps."""
    ratios = {CAN: Ratio(product="p", offer="", num=num, den=den, step=step)}
    ordered = sum(line.quantity for line in to_remote({CAN: wanted}, ratios))
    exact = Fraction(wanted * den, num)
    assert exact <= ordered < exact + step
    assert ordered % step == 0
    assert from_remote({"p": ordered}, ratios)[CAN] >= wanted
