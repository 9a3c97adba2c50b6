"""The types that records of every edge share: ids, decimals, instants, texts, each with its limits,
description and example.

Numbers of goods and money are decimal strings in answers; in bodies numbers are taken as well.
"""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from coster.kernel import clock

_ID = "0192f0c1-2f3a-7bcd-8e9f-0123456789ab"


def told(type_: Any, text: str, *examples: Any, **limits: Any) -> Any:
    """The type with its sentence, examples and limits; for one-line fields."""
    return Annotated[type_, msgspec.Meta(description=text, examples=list(examples) or None, **limits)]


Id = Annotated[uuid.UUID, msgspec.Meta(description="An id.", examples=[_ID])]
OwnId = Annotated[
    uuid.UUID,
    msgspec.Meta(description="An id of your own choice, for example UUID version 7; without one it is made."),
]
EnterpriseId = Annotated[uuid.UUID, msgspec.Meta(description="An enterprise.", examples=[_ID])]
ItemId = Annotated[uuid.UUID, msgspec.Meta(description="An item.", examples=[_ID])]
LocationId = Annotated[uuid.UUID, msgspec.Meta(description="A location.", examples=[_ID])]
SessionId = Annotated[uuid.UUID, msgspec.Meta(description="A sales session.", examples=[_ID])]
CustomerId = Annotated[
    uuid.UUID,
    msgspec.Meta(description="A customer's token; it says nothing about the person.", examples=[_ID]),
]
Version = Annotated[
    int, msgspec.Meta(description="Counts the object's changes; also its ETag.", examples=[1])
]
Quantity = Annotated[
    Decimal, msgspec.Meta(description="A quantity with at most three decimal places.", examples=["1.5"])
]
Amount = Annotated[
    Decimal,
    msgspec.Meta(
        description="An amount of money, with at most the decimal places of its currency.", examples=["10.50"]
    ),
]
Price = Annotated[
    Decimal, msgspec.Meta(description="A price per unit, with at most six decimal places.", examples=["2.40"])
]
Percent = Annotated[
    Decimal,
    msgspec.Meta(description="A percentage from 0 to 100 with at most one decimal place.", examples=["5"]),
]
QuantityText = Annotated[str, msgspec.Meta(description="A quantity as a decimal.", examples=["1.5"])]
AmountText = Annotated[str, msgspec.Meta(description="An amount of money as a decimal.", examples=["10.50"])]
PriceText = Annotated[str, msgspec.Meta(description="A price per unit as a decimal.", examples=["2.40"])]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", description="ISO 4217.", examples=["EUR"])]
Instant = Annotated[
    dt.datetime,
    msgspec.Meta(
        tz=True, description="An instant (RFC 3339) with its time zone.", examples=["2026-11-23T09:00:00Z"]
    ),
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="A name.", examples=["Hub A"])]
Word = Annotated[str, msgspec.Meta(max_length=100)]
Text = Annotated[str, msgspec.Meta(max_length=4000)]
Reason = Annotated[
    str, msgspec.Meta(max_length=500, description="Why, for people.", examples=["Hail on Tuesday."])
]
Whole = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]

Unset = msgspec.UnsetType
UNSET = msgspec.UNSET


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a change leads to: the object's id and its version, also its ETag."""

    id: Id
    version: Version


def given(patch: msgspec.Struct) -> dict[str, Any]:
    """Those fields of a patch that were sent, by name; null counts as sent."""
    return {
        name: value
        for name in patch.__struct_fields__
        if (value := getattr(patch, name)) is not msgspec.UNSET
    }


def in_utc(instant: dt.datetime | None) -> dt.datetime | None:
    """The instant in UTC, as everything below wants it."""
    return None if instant is None else clock.in_utc(instant)


DaysAhead = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        le=3660,
        description="So many days before a line shall go (`ship_on`) its goods are taken; until then it waits and holds nothing. "
        "Left out: they are taken at once, whatever the day.",
        examples=[14],
    ),
]
Minutes = Annotated[
    int,
    msgspec.Meta(
        ge=1, le=10080, description="How long a checkout may hold stock, in minutes.", examples=[30]
    ),
]
