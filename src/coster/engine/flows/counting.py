"""How many entities are where: counted up to a number, so that an answer costs no more beside millions than beside thousands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from coster.engine.flows.model import FlowCount

MOST_COUNTED: Final = 10_000
"""So many entities of a place are counted; of more it is only said that there are more."""
ASKED: Final = MOST_COUNTED + 1
"""What is asked of the database: one more, which tells whether there are more."""


def count(row: Mapping[str, Any]) -> FlowCount:
    """What a row with `name`, `version`, `status` and a `count` of what was asked for tells."""
    return FlowCount(
        name=row["name"],
        version=row["version"],
        status=row["status"],
        count=min(row["count"], MOST_COUNTED),
        more=row["count"] > MOST_COUNTED,
    )


class AtLeast(int):
    """A number that is written with a plus behind it."""

    def __format__(self, spec: str) -> str:
        """As a number is written, and the plus."""
        return f"{int(self):{spec}}+"


def number(one: FlowCount) -> int:
    """The count for pictures."""
    return AtLeast(one.count) if one.more else one.count
