"""The concepts of the standard that Coster speaks: statuses, units, currencies, kinds of transformation, scopes.

Names, parents and codes are facts of the taxonomies 1.3.0, written down here anew; tests/edges/dfc/test_vocabulary.py compares them with
the taxonomies where these are at hand.
"""

from __future__ import annotations

import enum
import re
from fractions import Fraction

import msgspec

from coster.edges.dfc.language import namespaces


class OrderStatus(enum.Enum):
    """How far an order is (`hasOrderStatus`). The same URI means something else behind another property: hence three enumerations."""

    DRAFT = "Draft"
    HELD = "Held"
    COMPLETE = "Complete"
    CANCELLED = "Cancelled"


class FulfilmentStatus(enum.Enum):
    """How far the goods of an order are (`hasFulfilmentStatus`)."""

    HELD = "Held"
    UNFULFILLED = "Unfulfilled"
    FULFILLED = "Fulfilled"
    CANCELLED = "Cancelled"


class PaymentStatus(enum.Enum):
    """Whether an order is paid (`hasPaymentStatus`); paid in part is unpaid."""

    UNPAID = "Unpaid"
    PAID = "Paid"
    CANCELLED = "Cancelled"


# The parent of each group in the taxonomies 1.3.0, and before them, which is what connectors build their trees from.
STATUS_PARENTS: dict[type[enum.Enum], tuple[str, str]] = {
    OrderStatus: ("OrderStatus", "OrderState"),
    FulfilmentStatus: ("FulfilmentStatus", "FulfilmentState"),
    PaymentStatus: ("PaymentStatus", "PaymentState"),
}
TRANSFORMATIONS = frozenset(
    ("produce", "use", "consume", "pickup", "dropoff", "accept", "modify", "combine", "separate", "move", "raise", "lower")
)  # fmt: skip
SCOPES = ("ReadEnterprise", "WriteEnterprise", "ReadProducts", "WriteProducts", "ReadOrders", "WriteOrders")

# Currencies (ISO 4217) by their concept: the standard has these five and no other.
CURRENCIES = {
    "AustralianDollar": "AUD",
    "CanadianDollar": "CAD",
    "Euro": "EUR",
    "PoundSterling": "GBP",
    "USDollar": "USD",
}
CURRENCY_CONCEPTS = {code: name for name, code in CURRENCIES.items()}


class Unit(msgspec.Struct, frozen=True):
    """A unit of quantity: what it measures (`mass` in kilograms, `volume` in litres, `length` in metres, `pieces`, or `count`: one each),
    how much of that one unit is, and the short word by which Coster calls it.
    """

    measures: str
    factor: Fraction = Fraction(1)
    word: str = ""


def _units() -> dict[str, Unit]:
    exact = {
        "Milligram": Unit("mass", Fraction(1, 10**6), "mg"),
        "Gram": Unit("mass", Fraction(1, 1000), "g"),
        "Kilogram": Unit("mass", Fraction(1), "kg"),
        "Tonne": Unit("mass", Fraction(1000), "t"),
        "PoundMass": Unit("mass", Fraction(45359237, 10**8), "lb"),
        "Ounce": Unit("mass", Fraction(45359237, 16 * 10**8), "oz"),
        "Millilitre": Unit("volume", Fraction(1, 1000), "ml"),
        "Centilitre": Unit("volume", Fraction(1, 100), "cl"),
        "Decilitre": Unit("volume", Fraction(1, 10), "dl"),
        "Litre": Unit("volume", Fraction(1), "l"),
        "Gallon": Unit("volume", Fraction(454609, 10**5), "gal"),
        "Centimetre": Unit("length", Fraction(1, 100), "cm"),
        "Decimetre": Unit("length", Fraction(1, 10), "dm"),
        "Metre": Unit("length", Fraction(1), "m"),
        "Kilometre": Unit("length", Fraction(1000), "km"),
        "Inch": Unit("length", Fraction(254, 10**4), "in"),
        "Pair": Unit("pieces", Fraction(2), "pair"),
        "4Pack": Unit("pieces", Fraction(4), "4-pack"),
        "6Pack": Unit("pieces", Fraction(6), "6-pack"),
        "HalfDozen": Unit("pieces", Fraction(6), "half dozen"),
        "Dozen": Unit("pieces", Fraction(12), "dozen"),
        "Piece": Unit("pieces", Fraction(1), "piece"),
        "BeerCrate": Unit("count", word="beer crate"),
        "GrainBulk": Unit("count", word="bulk grain"),
        "LiquidBulk": Unit("count", word="bulk liquid"),
        "NoduleBulk": Unit("count", word="bulk nodules"),
        "PowderBulk": Unit("count", word="bulk powder"),
        "Percent": Unit("count", word="%"),
    }
    packs = """Bag Basket Bottle Box Bucket Bunch Bundle Can Carton Cask Crate Cup Drum Jar Keg Kit Net Package Packet Pallet Pot Pouch
        Punnet Roll Tablet Tin Tray Tub Tube"""
    return exact | {name: Unit("count", word=name.lower()) for name in packs.split()}


UNITS = _units()
_BY_WORD = {unit.word: name for name, unit in UNITS.items()}
# What peers write instead (dfc.md §6.1): read, never written.
_OTHER_UNITS = {
    "pack": "Package",
    "packs": "Package",
    "kilo": "Kilogram",
    "liter": "Litre",
    "unit": "Piece",
    "pieces": "Piece",
}
_UNIT_NAMES = {name.lower(): name for name in UNITS} | _OTHER_UNITS
_CURRENCY_NAMES = (
    {name.lower(): code for name, code in CURRENCIES.items()}
    | {code.lower(): code for code in CURRENCIES.values()}
    | {"us_dollar": "USD", "€": "EUR", "£": "GBP", "$": "USD"}
)


def name_of(iri: str) -> str:
    """The local name of a concept in whatever way it is written: as a term, a compact name, a relative or foreign id, the bare name."""
    found = namespaces.term(iri)
    if found:
        return found[1]
    return re.split("[/#:]", iri.rstrip("/#"))[-1]


def unit(iri: str) -> str | None:
    """The name of a unit of quantity (a key of `UNITS`); None where it is none."""
    name = name_of(iri).lower()
    return _UNIT_NAMES.get(name) or _BY_WORD.get(name)


def unit_of_word(word: str) -> str | None:
    """The name of the unit that Coster calls by this word (`kg`, `piece`, `bunch`); None where the standard has none."""
    return _BY_WORD.get(word.lower()) or _UNIT_NAMES.get(word.lower())


def currency(iri: str) -> str | None:
    """The currency (ISO 4217) of a concept; None where it is none of the five that the standard has."""
    return _CURRENCY_NAMES.get(name_of(iri).lower())


# The taxonomies have no unit of temperature, so that those of QUDT are written (https://qudt.org/vocab/unit/).
TEMPERATURES = {
    "Celsius": "http://qudt.org/vocab/unit/DEG_C",
    "Fahrenheit": "http://qudt.org/vocab/unit/DEG_F",
    "Kelvin": "http://qudt.org/vocab/unit/K",
}
_TEMPERATURE_NAMES = {name_of(iri).lower(): name for name, iri in TEMPERATURES.items()} | {
    word: name
    for name, words in (
        ("Celsius", "celsius degreecelsius °c c"),
        ("Fahrenheit", "fahrenheit °f"),
        ("Kelvin", "kelvin"),
    )
    for word in words.split()
}


def temperature(iri: str) -> str | None:
    """The name of a unit of temperature (a key of `TEMPERATURES`), however it is written; None where it is none."""
    return _TEMPERATURE_NAMES.get(name_of(iri).lower())
