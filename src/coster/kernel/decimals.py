"""Decimals from outside become integers, exactly or not at all; no context of the process rounds on the way."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation

_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
_SCALES = tuple(Decimal(10) ** places for places in range(7))


class NotANumberError(ValueError):
    """No number, no finite one, or one beyond the limit."""


class TooFineError(ValueError):
    """More decimal places than there may be."""


def whole(value: Decimal | int | str, *, places: int, limit: int) -> int:
    """`value` times ten to the power of `places` (0 to 6), where that is an integer smaller than `limit` either side of zero.

    Raises NotANumberError or TooFineError; the caller says what it would have been.
    """
    try:
        number = Decimal(value)
        scaled = _EXACT.multiply(number, _SCALES[places])
    except InvalidOperation:
        raise NotANumberError(value) from None
    except Inexact:
        raise (NotANumberError(value) if number.adjusted() > 15 else TooFineError(value)) from None
    if not scaled.is_finite() or scaled.copy_abs() >= limit:
        raise NotANumberError(value)
    result = int(scaled)
    if result != scaled:
        raise TooFineError(value)
    return result
