"""Counts what `coster verify` looks for: each promise has a statement that finds where it is broken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from coster.kernel.proof import Check


async def checked(
    promises: Mapping[str, str], count: Callable[[str], Awaitable[Mapping[str, Any]]]
) -> list[Check]:
    """Each promise with what its statement counts, in the order given.

    `count` runs the statement of a name and yields `broken`, a number, and `example`, text or None.
    """
    found = []
    for name, promise in promises.items():
        row = await count(name)
        found.append(Check(name, promise, row["broken"], row["example"] or ""))
    return found
