"""The orders' world with the held orders that follow from it: the same memory, one floor up."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from coster.domain.inventory.model import Location
from coster.domain.inventory.rules.holding import position_id
from coster.domain.orders.rules import lines
from coster.domain.sourcing import rules as sourcing
from coster.domain.wholesale.handlers import LIBRARY
from coster.domain.wholesale.model import (
    CancelHeldOrder,
    CompleteSession,
    FulfilHeldOrder,
    HeldOrder,
    HeldOrderTimer,
    LowerStock,
    MakeHeldOrderGood,
    ShortHeldOrder,
    StepHeldOrder,
)
from coster.domain.wholesale.rules import closing, cutting, driving, projecting, shorting, stepping
from coster.engine.workflow.tables import Tables
from coster.kernel import quantity
from coster.kernel.message import Command, Decided
from tests.domain.orders.worlds import BARN, CARROTS, CELLAR, HUB, JEAN, SESSION, Memory

FLOWS = Tables(LIBRARY.shipped.values())
POOL = sourcing.shared_pool(HUB, JEAN, SESSION)

_STEPPED = (CancelHeldOrder, FulfilHeldOrder, StepHeldOrder, HeldOrderTimer, MakeHeldOrderGood)


class Market(Memory):
    """What the database would hold, held orders included."""

    def __init__(self, *args: Any, **changes: Any) -> None:
        super().__init__(*args, **changes)
        self.held_orders: dict[uuid.UUID, HeldOrder] = {}
        self.held_flows: Tables = FLOWS

    def carry_out(self, commands: list[Command[Any]]) -> Decided[Any]:
        """The rules for these commands, with the held orders that follow."""
        body = commands[0].body
        if isinstance(body, CompleteSession):
            return closing.complete(self.cutting(), commands)
        if isinstance(body, LowerStock):
            return cutting.lower(self.cutting(), commands)
        if isinstance(body, ShortHeldOrder):
            return shorting.short(self.cutting(), commands)
        if isinstance(body, _STEPPED):
            return driving.step(self.cutting(), commands)
        return projecting.consolidate(self.held_state(), super().carry_out(commands), commands)

    def held_state(self) -> stepping.HeldState:
        """What the projection starts from."""
        return stepping.HeldState(
            flows=self.held_flows,
            held=self.held_orders,
            lines=list(self.pool_lines.values()),
            sessions={SESSION: self.session},
        )

    def cutting(self) -> cutting.CuttingState:
        """What sharing out and closing are decided on."""
        owner = {BARN: JEAN, CELLAR: JEAN}
        return cutting.CuttingState(
            held=self.held_state(), orders=self.orders, lines=self.lines_by_order(),
            positions=list(self.positions.values()), holds=list(self.holds.values()),
            pool_lines=list(self.pool_lines.values()), relations=self.relations, items=self.items,
            locations={
                id_: Location(id=id_, enterprise_id=who, name="", priority=0, active=True, version=1)
                for id_, who in owner.items()
            },
        )  # fmt: skip

    def take(self, writes: Any) -> None:
        """Stores what was decided; afterwards every held order is the sum of its live holds."""
        super().take(writes.orders)
        self.held_orders.update((one.id, one) for one in writes.held)
        self.check()

    def check(self) -> None:
        """The promises of the room."""
        for (pool, place), account in self.pool_lines.items():
            mine = [h.quantity for h in self.holds.values() if (h.pool_id, h.position_id) == (pool, place)]
            assert account.held + account.committed == sum(mine)
            assert pool in self.held_orders
        for id_, head in self.held_orders.items():
            live = sum(one.held for (pool, _), one in self.pool_lines.items() if pool == id_)
            assert (head.holds == "live") == (live > 0), (head.status, live)
        for order in self.orders.values():
            mine = [one for one in self.lines.values() if one.order_id == order.id]
            assert order.total == sum(one.total for one in mine)
            sellable = [
                lines.step(self.items[one.item_id], lines.unit_of(one, self.items[one.item_id]))
                for one in mine
            ]
            assert all(one.stock_quantity % step == 0 for one, step in zip(mine, sellable, strict=True))

    # -- looking -------------------------------------------------------------------------------------------------------

    def held_order(self, pool: uuid.UUID = POOL) -> tuple[str, dict[str, str]]:
        """The status of a held order and what it owes by item."""
        owed: dict[str, int] = {}
        for (id_, place), account in self.pool_lines.items():
            name = self.items[self.positions[place].item_id].name
            if id_ == pool and stepping.owed(account):
                owed[name] = owed.get(name, 0) + stepping.owed(account)
        return self.held_orders[pool].status, {name: quantity.text(owed[name]) for name in sorted(owed)}

    def end(self) -> None:
        """The session and its amendment window are over."""
        self.at = self.session.amend_until
        self.session = msgspec.structs.replace(self.session, status="ended")

    def stock(self, item_id: uuid.UUID = CARROTS, place: uuid.UUID = BARN) -> tuple[int, int, int]:
        """On hand, held and committed at a place."""
        one = self.positions[position_id(item_id, place)]
        return one.on_hand, one.held, one.committed


def lowered(amount: int, item_id: uuid.UUID = CARROTS, **more: Any) -> LowerStock:
    """Jean says what is left in the barn."""
    return LowerStock(
        **{"item_id": item_id, "location_id": BARN, "quantity": amount, "reason": "frost", **more}
    )
