"""Opening hours of enterprises as they are given and shown."""

from __future__ import annotations

from typing import Annotated

import msgspec

Days = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=10, examples=["2026-12-25"])]],
    msgspec.Meta(max_length=500),
]
Spans = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=11, examples=["09:00-17:30"])]],
    msgspec.Meta(min_length=1, max_length=12),
]


class OpeningHoursGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an enterprise works, in its own time zone; flows of orders and held orders count time in it as `opening_hours`."""

    hours: Annotated[
        dict[str, Spans] | None,
        msgspec.Meta(
            description="Spans by day or days; a day that is not named is closed. Left out: open day and night.",
            examples=[{"mon-fri": ["09:00-17:30"], "sat": ["09:00-12:00", "13:00-15:00"]}],
        ),
    ] = None
    holidays: Annotated[Days, msgspec.Meta(description="Days on which it is closed.")] = []
    special: Annotated[
        dict[str, Spans],
        msgspec.Meta(
            description="Days with other hours than their day of the week has.",
            examples=[{"2026-12-24": ["09:00-13:00"]}],
        ),
    ] = {}
