"""What `coster verify` looks for: entities on flows, versions or statuses that there are not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from coster.engine.flows.model import FlowCount
from coster.engine.workflow.tables import Tables
from coster.kernel.errors import Broken
from coster.kernel.proof import Check

PROMISES: Final = {
    "on_a_version": "every entity is in a status of a version of a flow that there is",
}


def checked(counts: Iterable[FlowCount], tables: Iterable[Tables]) -> list[Check]:
    """The promise, counted over how many entities are where; `tables` are all flows of the organisation."""
    known = list(tables)
    lost = [one for one in counts if not _is(one, known)]
    example = f"{lost[0].name} version {lost[0].version}, {lost[0].status}" if lost else ""
    return [Check("on_a_version", PROMISES["on_a_version"], sum(one.count for one in lost), example)]


def _is(one: FlowCount, known: Iterable[Tables]) -> bool:
    for tables in known:
        if (one.name, one.version) not in tables.versions:
            continue
        try:
            statuses = tables.of(one.name, one.version).flow.statuses
        except Broken:
            # A published text that nobody can use any more: whoever is on it cannot be stepped.
            return False
        return any(status.name == one.status for status in statuses)
    return False
