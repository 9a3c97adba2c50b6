"""Roll-ups: whether the children of an entity are where a row wants them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from coster.engine.workflow.records import Condition

Counts: TypeAlias = Mapping[str, int]


def holds(condition: Condition, counts: Counts) -> bool:
    """Whether the condition is true for so many children in each status.

    `all` needs a child at least, because an order without parcels has not been delivered; `none` is true without any.
    """
    inside = sum(counts.get(status, 0) for status in condition.statuses)
    if condition.quantifier == "all":
        return 0 < inside == sum(counts.values())
    return (inside > 0) == (condition.quantifier == "any")


def counts(statuses: Collection[str], found: Iterable[str]) -> dict[str, int]:
    """How many children there are in each status, with a nought where there are none: the field `children.<kind>`."""
    counted = dict.fromkeys(statuses, 0)
    for status in found:
        counted[status] = counted.get(status, 0) + 1
    return counted
