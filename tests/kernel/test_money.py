"""Money is exact: minor units, one rounding per line, shares that add up to the last cent."""

from __future__ import annotations

import itertools
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.kernel import money

MINOR = st.integers(-(10**14), 10**14)
CURRENCY = st.sampled_from(["EUR", "USD", "CHF", "JPY", "KWD", "CLP", "TND", "XOF"])
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("currency", "places"), [("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("XAF", 0), ("TND", 3)]
)
def test_currencies_have_their_own_places(currency: str, places: int) -> None:
    """ISO 4217."""
    assert money.digits(currency) == places


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [("10.50", "EUR", 1050), ("10.5", "EUR", 1050), (10, "EUR", 1000), ("-0.01", "EUR", -1), ("1050", "JPY", 1050),
     ("1.234", "KWD", 1234), (Decimal("1e2"), "EUR", 10_000)],
)  # fmt: skip
def test_amounts_are_read_exactly(written: str | int | Decimal, currency: str, minor: int) -> None:
    """In minor units of the currency."""
    assert money.parse(written, currency) == minor


@pytest.mark.parametrize(
    ("written", "currency", "why"),
    [("10.505", "EUR", "more than 2 decimal places for EUR"), ("0.5", "JPY", "more than 0 decimal places for JPY"),
     ("NaN", "EUR", "not an amount"), ("-Infinity", "EUR", "not an amount"), ("1e14", "EUR", "not an amount")],
)  # fmt: skip
def test_what_is_no_amount_is_refused(written: str, currency: str, why: str) -> None:
    """Nothing is rounded on the way in; an amount of one currency may be none of another."""
    with pytest.raises(ValueError, match=why):
        money.parse(written, currency)


@given(MINOR, CURRENCY)
def test_what_is_told_is_read_back(minor: int, currency: str) -> None:
    """With exactly the currency's places."""
    told = money.text(minor, currency)
    assert money.parse(told, currency) == minor
    assert len(told.partition(".")[2]) == money.digits(currency)


@pytest.mark.parametrize(("minor", "currency", "told"), [(1050, "EUR", "10.50"), (-5, "EUR", "-0.05"), (0, "EUR", "0.00"),
                                                         (1050, "JPY", "1050"), (1, "KWD", "0.001")])  # fmt: skip
def test_amounts_are_told_as_plain_decimals(minor: int, currency: str, told: str) -> None:
    """No sign of the currency, no thousands."""
    assert money.text(minor, currency) == told


@pytest.mark.parametrize(("written", "micros", "told"), [("2", 2_000_000, "2.00"), ("0.125", 125_000, "0.125"),
                                                         ("0.000001", 1, "0.000001"), ("-1.5", -1_500_000, "-1.50")])  # fmt: skip
def test_unit_prices_have_up_to_six_places_and_at_least_two(written: str, micros: int, told: str) -> None:
    """Millionths of the major unit."""
    assert money.parse_price(written) == micros
    assert money.price_text(micros) == told


@pytest.mark.parametrize(("written", "why"), [("0.0000001", "six decimal places"), ("1e9", "not a price"),
                                              ("NaN", "not a price")])  # fmt: skip
def test_what_is_no_price_is_refused(written: str, why: str) -> None:
    """Too fine, too large, no number."""
    with pytest.raises(ValueError, match=why):
        money.parse_price(written)


@given(MINOR)
def test_prices_are_read_back(micros: int) -> None:
    """Every price that can be told."""
    assert money.parse_price(money.price_text(micros)) == micros


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**9))
def test_halves_are_rounded_away_from_zero(numerator: int, denominator: int) -> None:
    """As the standard library's decimals do it, and exactly so for any size."""
    quotient, rest = divmod(abs(numerator), denominator)
    expected = quotient + (2 * rest >= denominator)
    assert money.half_up(numerator, denominator) == (-expected if numerator < 0 else expected)
    assert money.half_up(-numerator, denominator) == -money.half_up(numerator, denominator)


@pytest.mark.parametrize(
    ("micros", "thousandths", "currency", "amount"),
    [(2_000_000, 1500, "EUR", 300), (3_333_333, 1000, "EUR", 333), (1_005_000, 1000, "EUR", 101), (5_000, 1000, "EUR", 1),
     (4_999, 1000, "EUR", 0), (150_500_000, 1000, "JPY", 151), (1_234_500, 1000, "KWD", 1235)],
)  # fmt: skip
def test_a_line_is_rounded_once_half_up(micros: int, thousandths: int, currency: str, amount: int) -> None:
    """Price times quantity, in the currency's own minor unit."""
    assert money.line_amount(micros, thousandths, currency) == amount


@given(st.integers(0, 10**12), st.integers(0, 10**9), CURRENCY)
def test_a_line_is_what_decimals_say(micros: int, thousandths: int, currency: str) -> None:
    """The same by another way of reckoning."""
    exact = Decimal(micros) * thousandths / 1000 / money.MICROS
    place = Decimal(1).scaleb(-money.digits(currency))
    assert Decimal(money.text(money.line_amount(micros, thousandths, currency), currency)) == exact.quantize(
        place, ROUND_HALF_UP
    )


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [(100, [1, 1, 1], [34, 33, 33]), (1000, [334, 667, 1000], [167, 333, 500]), (-100, [1, 1, 1], [-34, -33, -33]),
     (5, [0, 0], [5, 0]), (0, [1, 2], [0, 0]), (7, [0, 1, 0], [0, 7, 0]), (2, [1, 1, 1], [1, 1, 0]), (9, [], [])],
)  # fmt: skip
def test_shares_by_largest_remainder_the_earlier_first(
    total: int, weights: list[int], parts: list[int]
) -> None:
    """Where nothing has weight the first takes all."""
    assert money.share(total, weights) == parts


@given(MINOR, WEIGHTS)
def test_shares_lose_no_cent_and_are_never_a_whole_cent_off(total: int, weights: list[int]) -> None:
    """They add up, each is its exact part rounded up or down, and none has another sign."""
    parts, whole = money.share(total, weights), sum(weights)
    assert sum(parts) == total
    assert all(part * total >= 0 for part in parts)
    if whole:
        assert all(
            abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True)
        )
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


@given(st.integers(0, 10**9), WEIGHTS)
def test_who_weighs_more_gets_no_less(total: int, weights: list[int]) -> None:
    """Shares keep the order of their weights."""
    if sum(weights):
        pairs = sorted(zip(weights, money.share(total, weights), strict=True), key=lambda pair: pair)
        assert all(
            less <= more for (light, less), (heavy, more) in itertools.pairwise(pairs) if light < heavy
        )
