"""What `coster verify` finds: a promise, and how often it is broken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One promise of the program, counted over everything that is stored: `broken` is 0, or somebody must look."""

    name: str
    promise: str
    broken: int
    example: str = ""


async def checked(
    promises: Mapping[str, str], count: Callable[[str], Awaitable[Mapping[str, Any]]]
) -> list[Check]:
    """Each promise with what its statement counts; `count` runs the statement of a name and yields broken and example."""
    found = []
    for name, promise in promises.items():
        row = await count(name)
        found.append(Check(name, promise, row["broken"], row["example"] or ""))
    return found
