"""Goods are exact integers, in thousandths of the item's stock unit; the world outside writes decimals."""

from __future__ import annotations

import functools
from decimal import Decimal

from coster.kernel import decimals

SCALE = 1000
LIMIT = 10**15


@functools.lru_cache(maxsize=4096)
def parse(value: Decimal | int | str) -> int:
    """Thousandths; raises ValueError where it is no decimal, has more than three places or is absurdly large."""
    try:
        return decimals.whole(value, places=3, limit=LIMIT)
    except decimals.TooFineError:
        raise ValueError(f"{value} has more than three decimal places") from None
    except decimals.NotANumberError:
        raise ValueError(f"{value} is not a quantity: less than {LIMIT // SCALE} units is possible") from None


@functools.lru_cache(maxsize=4096)
def text(thousandths: int) -> str:
    """The shortest decimal, for example 1500 -> "1.5" and 2000 -> "2"."""
    whole, part = divmod(abs(thousandths), SCALE)
    sign = "-" if thousandths < 0 else ""
    return f"{sign}{whole}" if part == 0 else f"{sign}{whole}.{part:03d}".rstrip("0")


def convert(thousandths: int, num: int, den: int) -> int | None:
    """Sales units to stock units by the exact rational num/den; None where the result is not whole thousandths."""
    result, rest = divmod(thousandths * num, den)
    return None if rest else result


def round_up(thousandths: int, multiple: int) -> int:
    """The next whole multiple (WCS quantity normalisation rounds up: 4.1 by 2 becomes 6)."""
    return -(-thousandths // multiple) * multiple
