"""Decimals on the wire: numbers, texts and typed literals, also with an exponent; exact or not at all, and never a float."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE](?P<exponent>[+-]?[0-9]{1,4}))?")
_MOST_CHARACTERS = 60
_LARGEST_EXPONENT = 30
# The documents of the standard write "£0.27"; each sign names the currency that it means there (dfc.md §1.3).
_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "$": "USD",
    "$US": "USD",
    "US$": "USD",
    "$AU": "AUD",
    "A$": "AUD",
    "$CA": "CAD",
    "C$": "CAD",
}
_SIGNS |= {code: code for code in ("AUD", "CAD", "EUR", "GBP", "USD")}
_AMOUNT = re.compile(r"(?P<before>[€£$A-Z]{0,3})\s*(?P<number>[^€£$A-Z\s]+)\s*(?P<after>[€£$A-Z]{0,3})")

ACCEPTED = (
    'a decimal such as "2.40", 2.40 or "2.4E0", of at most 30 digits either side of the point, is accepted'
)


def decimal(text: str) -> Decimal | None:
    """The number that the text writes, with every digit; None where it writes none, or an absurd one."""
    stripped = text.strip()
    if len(stripped) > _MOST_CHARACTERS:
        return None
    match = _NUMBER.fullmatch(stripped)
    if match is None or abs(int(match["exponent"] or 0)) > _LARGEST_EXPONENT:
        return None
    return Decimal(stripped)


def amount(text: str) -> tuple[Decimal, str | None] | None:
    """A number beside which a sign of currency may stand, with the currency (ISO 4217) that the sign means; None where it is none."""
    plain = decimal(text)
    if plain is not None:
        return plain, None
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or bool(match["before"]) == bool(match["after"]):
        return None
    number, currency = decimal(match["number"]), _SIGNS.get(match["before"] or match["after"])
    return (number, currency) if number is not None and currency else None


def text(number: Decimal) -> str:
    """The shortest plain writing, the same for equal numbers: 2.40 → "2.4", 1E+2 → "100", -0 → "0"."""
    if number == 0:
        return "0"
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
