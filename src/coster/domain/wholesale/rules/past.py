"""A held order as it was known at an instant: what its events said until then. Pure.

Each event of the room says in which status it is, and of every line that was touched what it came to. Messages that rows of a flow
send say nothing about it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from coster.engine.flows import audit
from coster.kernel import quantity

Line: TypeAlias = "tuple[uuid.UUID, int, int]"
"""Of which item, how much, and how much of it no shopper wants, in thousandths."""
_TOLD = ("state", "hub_id", "producer_id")


class PastHeldEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a held order, as it is stored."""

    version: int
    at: dt.datetime
    data: Mapping[str, Any]


class PastHeld(msgspec.Struct, frozen=True, kw_only=True):
    """What a held order was: its status on a version of its flow, since when, and its lines by position."""

    status: str
    flow_version: int
    entered_at: dt.datetime
    changed_at: dt.datetime
    version: int
    lines: Mapping[uuid.UUID, Line]

    def by_item(self) -> dict[uuid.UUID, tuple[int, int]]:
        """How much of each item, and how much of it no shopper wants, over all places; without what has nothing."""
        found: dict[uuid.UUID, tuple[int, int]] = {}
        for item, amount, surplus in self.lines.values():
            before = found.get(item, (0, 0))
            found[item] = (before[0] + amount, before[1] + surplus)
        return {item: sums for item, sums in found.items() if sums[0]}


def at(events: Sequence[PastHeldEvent]) -> PastHeld | None:
    """What these events come to, the first and those that follow; None where the first is not among them."""
    if not events or events[0].version != 1:
        return None
    now: PastHeld | None = None
    for event in events:
        now = _after(now, event)
    return now


def _after(before: PastHeld | None, event: PastHeldEvent) -> PastHeld | None:
    data = event.data
    if not all(name in data for name in _TOLD):
        return None if before is None else msgspec.structs.replace(before, version=event.version)
    flow, status = data.get("flow") or {}, data["state"]
    lines = {} if before is None else dict(before.lines)
    lines.update(_lines(data.get("lines", ())))
    came = before is None or before.status != status or "move" in flow or _came_again(flow)
    return PastHeld(
        status=status,
        flow_version=flow["version"],
        entered_at=event.at if came or before is None else before.entered_at,
        changed_at=event.at,
        version=event.version,
        lines=lines,
    )


def _came_again(flow: Mapping[str, Any]) -> bool:
    """Whether a row led out of a status, be it back to it in the end."""
    return any(row["from"] != row["to"] for row in audit.rows(flow))


def _lines(told: Iterable[Mapping[str, Any]]) -> Iterable[tuple[uuid.UUID, Line]]:
    for line in told:
        amount, surplus = quantity.parse(line["quantity"]), quantity.parse(line["surplus"])
        yield uuid.UUID(line["position_id"]), (uuid.UUID(line["item_id"]), amount, surplus)
