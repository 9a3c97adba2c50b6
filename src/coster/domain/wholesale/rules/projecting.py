"""A held order follows the holds: created by the first, grown and shrunk by each, cancelled when nothing is left. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.inventory.model import PoolLine
from coster.domain.orders.model import OrderWrites, PoolChange
from coster.domain.wholesale.model import Consolidated, HeldOrder
from coster.engine.workflow.step import Matched, Table
from coster.kernel import quantity
from coster.kernel.errors import Broken
from coster.kernel.message import Command, Decided, Event


class HeldState(msgspec.Struct, frozen=True, kw_only=True):
    """Locked heads of held orders, and all lines of their pools."""

    flow: Table
    held: Mapping[uuid.UUID, HeldOrder]
    lines: Sequence[PoolLine]


class Projection:
    """The held orders of a batch, as they stand after the commands decided so far."""

    def __init__(self, state: HeldState) -> None:
        self.state = state
        self.held = dict(state.held)
        self.totals: dict[uuid.UUID, dict[uuid.UUID, int]] = {}
        for line in state.lines:
            self.totals.setdefault(line.pool_id, {})[line.position_id] = owed(line)
        self.events: list[tuple[int, Event]] = []

    def follow(self, change: PoolChange, at: dt.datetime) -> None:
        """The held order after a command touched its pool."""
        totals = self.totals.setdefault(change.pool_id, {})
        before = sum(totals.values())
        totals.update((line.position_id, owed(line)) for _, line in change.lines)
        after = sum(totals.values())
        known = self.held.get(change.pool_id)
        held = known or self._new(change, at)
        if held.status not in ("Held", "Cancelled"):
            return  # A final order stays as it was; what is given back to it is its hub's surplus.
        status = self._status(held, after, grown=after >= before)
        held = msgspec.structs.replace(held, status=status, changed_at=at, version=held.version + 1)
        self.held[held.id] = held
        name = "held_order.created" if known is None else "held_order.changed"
        self.tell(change.index, "held_order.cancelled" if status == "Cancelled" else name, held, change.lines)

    def move(self, index: int, held: HeldOrder, status: str, name: str, at: dt.datetime) -> HeldOrder:
        """The held order in another status, told under a name."""
        moved = msgspec.structs.replace(held, status=status, changed_at=at, version=held.version + 1)
        self.held[moved.id] = moved
        self.tell(index, name, moved, ())
        return moved

    def tell(
        self, index: int, name: str, held: HeldOrder, lines: Iterable[tuple[uuid.UUID, PoolLine]]
    ) -> None:
        """Notes an event: the hub, the producer and the touched lines, and nothing of any shopper."""
        data = held_data(self.state.flow, held)
        data["lines"] = [
            {
                "item_id": str(item),
                "quantity": quantity.text(owed(line)),
                "surplus": quantity.text(line.surplus),
            }
            for item, line in lines
        ]
        self.events.append((index, Event(name, "held_order", held.id, held.version, data)))

    def writes(self) -> list[HeldOrder]:
        """The heads that differ from what was loaded, in key order."""
        changed = [held for id_, held in self.held.items() if self.state.held.get(id_) is not held]
        return sorted(changed, key=lambda held: held.id)

    def _new(self, change: PoolChange, at: dt.datetime) -> HeldOrder:
        pool = change.pool
        if pool is None:
            raise Broken(f"pool {change.pool_id} is held on without a held order")
        return HeldOrder(
            id=pool.id, hub_id=pool.hub_id, producer_id=pool.producer_id, session_id=pool.session_id,
            single=pool.single, status=self.state.flow.initial, flow_version=self.state.flow.flow.version,
            created_at=at, changed_at=at, version=0,
        )  # fmt: skip

    def _status(self, held: HeldOrder, total: int, *, grown: bool) -> str:
        """The flow's answer. Sessions let orders grow only while they are open, so growth proves that it is."""
        trigger = "grow" if grown else "shrink"
        if total == 0:
            trigger = "complete"
        row = self.state.flow.step(held.status, trigger, {"lines": int(total > 0), "session_open": True})
        return row.to if isinstance(row, Matched) else held.status


def owed(line: PoolLine) -> int:
    """What a held order's line comes to: held, committed or already handed over."""
    return line.held + line.committed + line.consumed


def held_data(flow: Table, held: HeldOrder) -> dict[str, Any]:
    """A held order's head as it stands in events; the statuses also in the words of the Data Food Consortium."""
    order, fulfilment = dfc(flow, held.status)
    return {
        "hub_id": str(held.hub_id),
        "producer_id": str(held.producer_id),
        "session_id": str(held.session_id),
        "status": order,
        "fulfilment": fulfilment,
        "enterprises": [str(held.hub_id), str(held.producer_id)],
    }


def dfc(flow: Table, status: str) -> tuple[str, str]:
    """Order status and fulfilment status of the standard, for a status of the flow."""
    found = next(known for known in flow.flow.statuses if known.name == status)
    return found.dfc["order"], found.dfc["fulfilment"]


def consolidate(
    state: HeldState, decided: Decided[OrderWrites], commands: Sequence[Command[Any]]
) -> Decided[Consolidated]:
    """An order's decision, with the held orders that follow from it in the same transaction."""
    projection = Projection(state)
    for change in decided.writes.pool_changes:
        projection.follow(change, commands[change.index].at)
    return Decided(
        decided.outcomes,
        Consolidated(orders=decided.writes, held=projection.writes()),
        [*decided.events, *projection.events],
        decided.timers,
    )
