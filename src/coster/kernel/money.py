"""Money is exact: amounts in minor units of one currency, unit prices in millionths of the major unit.

Rounding happens here and nowhere else: half up, per line (docs/decisions/0005).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from decimal import Decimal

from coster.kernel import decimals

MICROS = 1_000_000
_DIGITS = {"BHD": 3, "CLP": 0, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "OMR": 3, "TND": 3, "UGX": 0,
           "VND": 0, "XAF": 0, "XOF": 0}  # fmt: skip
LIMIT = 10**15


def digits(currency: str) -> int:
    """Decimal places of a currency's minor unit (ISO 4217)."""
    return _DIGITS.get(currency, 2)


def parse(value: Decimal | int | str, currency: str) -> int:
    """Minor units; raises ValueError where it is no decimal, too large, or has more places than the currency."""
    try:
        return decimals.whole(value, places=digits(currency), limit=LIMIT)
    except decimals.TooFineError:
        raise ValueError(f"{value} has more than {digits(currency)} decimal places for {currency}") from None
    except decimals.NotANumberError:
        raise ValueError(f"{value} is not an amount") from None


@functools.lru_cache(maxsize=4096)
def text(minor: int, currency: str) -> str:
    """The amount as a plain decimal, for example 1050 EUR -> "10.50"."""
    places = digits(currency)
    if places == 0:
        return str(minor)
    whole, part = divmod(abs(minor), 10**places)
    return f"{'-' if minor < 0 else ''}{whole}.{part:0{places}d}"


def parse_price(value: Decimal | int | str) -> int:
    """Millionths of the major unit for one stock unit; raises ValueError where it is no decimal, too large, or has more than
    six places.
    """
    try:
        return decimals.whole(value, places=6, limit=LIMIT)
    except decimals.TooFineError:
        raise ValueError(f"{value} has more than six decimal places") from None
    except decimals.NotANumberError:
        raise ValueError(f"{value} is not a price") from None


@functools.lru_cache(maxsize=4096)
def price_text(micros: int) -> str:
    """The unit price as a plain decimal with at least two places."""
    whole, part = divmod(abs(micros), MICROS)
    fraction = f"{part:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}{whole}.{fraction}"


def half_up(numerator: int, denominator: int) -> int:
    """The nearest integer, halves away from zero; both integers, denominator positive."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def line_amount(price_micros: int, thousandths: int, currency: str) -> int:
    """Minor units for a quantity at a unit price, rounded half up once."""
    return half_up(price_micros * thousandths * 10 ** digits(currency), MICROS * 1000)


def share(total: int, weights: Sequence[int]) -> list[int]:
    """The total cut by weight into integers that add up to it exactly (largest remainder, ties to the earlier).

    Weights are not negative; where all are zero everything goes to the first.
    """
    if not weights:
        return []
    whole = sum(weights)
    if whole == 0:
        return [total] + [0] * (len(weights) - 1)
    sign, rest = (-1, -total) if total < 0 else (1, total)
    parts = [rest * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(rest * weights[i] % whole), i))
    for i in order[: rest - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]
