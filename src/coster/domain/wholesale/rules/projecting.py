"""A held order follows the holds: created by the first, grown and shrunk by each, cancelled when nothing is left. Pure.

It can only follow: a row that would give goods back, or have them owed, is not carried out while shoppers' orders change.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from coster.domain.orders.model import OrderWrites, PoolChange
from coster.domain.wholesale.model import Consolidated, HeldOrder
from coster.domain.wholesale.rules import stepping
from coster.domain.wholesale.rules.stepping import Do, Happening, HeldState, Steps, owed
from coster.engine.workflow.driving import Failed, Fired
from coster.kernel.errors import Broken
from coster.kernel.message import Command, Decided


class Projection(Steps):
    """The held orders of a batch, which follow what its commands do to their pools."""

    def follow(self, change: PoolChange, at: dt.datetime) -> None:
        """The held order after a command touched its pool."""
        totals = self.totals.setdefault(change.pool_id, {})
        before = sum(totals.values())
        totals.update((line.position_id, owed(line)) for _, line in change.lines)
        after = sum(totals.values())
        if change.pool_id in self.stepped:
            self.stepped[change.pool_id] += change.lines
            return
        known = self.held.get(change.pool_id)
        if known is not None and known.holds != "live" and (known.holds == "committed" or after <= before):
            return  # What is owed stays as it was; what is given back to it is its hub's surplus.
        held = self.held[change.pool_id] = known or self._new(change, at)
        what = Happening(index=change.index, trigger="grow" if after >= before else "shrink", at=at)
        run = stepping.Run(self, what, held.id, following(self))
        run.drive()
        table, now = self.table(held), self.held[held.id]
        lost = now.status not in table.possible
        if after and (lost or now.holds == "none"):
            self.held[held.id] = stepping.placed(table, now, "live")
        if not after and (lost or now.holds == "live"):
            self.held[held.id] = stepping.placed(table, now, "none")
        name = stepping.EVENTS["created" if known is None else self.held[held.id].holds]
        self.tell(held, name, run, change.lines)

    def _new(self, change: PoolChange, at: dt.datetime) -> HeldOrder:
        pool = change.pool
        if pool is None:
            raise Broken(f"pool {change.pool_id} is held on without a held order")
        flow = self.state.flows.begin(stepping.FLOW, pool.id).flow
        table = self.state.flows.of(flow.name, flow.version)
        return HeldOrder(
            id=pool.id, hub_id=pool.hub_id, producer_id=pool.producer_id, session_id=pool.session_id, single=pool.single,
            status=table.initial, holds=flow.status(table.initial).holds, flow=flow.name, flow_version=flow.version,
            attributes={}, entered=0, entered_at=at, sla_at=None, created_at=at, changed_at=at, version=0,
        )  # fmt: skip


def following(projection: Projection) -> Mapping[str, Do]:
    """What rows may do while a shopper's order changes: nothing but follow."""
    close = functools.partial(close_empty, projection)
    return {
        "project_holds": _nothing, "commit_holds": _refuse, "consume_holds": _refuse, "release_holds": close,
        "close_empty": close,
    }  # fmt: skip


def _nothing(_held: HeldOrder, _fired: Fired) -> None:
    """The lines are what is held, whatever the flow says."""


def _refuse(_held: HeldOrder, fired: Fired) -> Failed:
    return Failed(
        code="only_follows",
        detail=f"'{fired.trigger}' comes of a shopper's order: then a held order follows it and does nothing else.",
    )


def close_empty(steps: Steps, held: HeldOrder, _fired: Fired) -> Failed | None:
    """Nothing is held any more, so nothing is given back."""
    if any(steps.totals.get(held.id, {}).values()):
        return Failed(code="not_empty", detail="Something is still held on account of this held order.")
    return None


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
        [*decided.timers, *projection.timers],
    )
