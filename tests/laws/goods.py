"""The slow, obvious model of goods: what must be on hand, and what held orders must hold, told from commands alone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from coster.domain.catalog.model import PutItem
from coster.domain.inventory.model import AdjustStock, CountSheet, CountStock, TransferStock
from coster.domain.wholesale.model import FulfilHeldOrder, LowerStock, MakeHeldOrderGood, StepHeldOrder
from coster.domain.wholesale.rules.driving import held_order_of, trigger_of
from coster.kernel.message import Command
from coster.kernel.outcome import Accepted, Outcome
from tests.laws import ground
from tests.laws.organisations import Organisations

_OF_HELD_ORDERS = (FulfilHeldOrder, StepHeldOrder, MakeHeldOrderGood)


@dataclass
class Goods:
    """What came and went at each position, with its instant; and the kits that are still made as they were at first."""

    moves: dict[uuid.UUID, list[tuple[dt.datetime, int]]]
    recipe_changed: bool = False

    @classmethod
    async def of(cls, organisations: Organisations, org_id: int) -> Goods:
        """The goods that an organisation begins with."""
        moves: dict[uuid.UUID, list[tuple[dt.datetime, int]]] = defaultdict(list)
        for row in await organisations.fetch("SELECT id, on_hand FROM position WHERE org_id = $1", org_id):
            moves[row["id"]].append((ground.START - dt.timedelta(days=9), row["on_hand"]))
        # What happened before the law is tried happened at its own instants: a late count asks for them.
        stored = await organisations.fetch(
            "SELECT position_id, at, on_hand FROM ledger WHERE org_id = $1 AND on_hand <> 0", org_id
        )
        for row in stored:
            moves[row["position_id"]][0] = (
                moves[row["position_id"]][0][0],
                moves[row["position_id"]][0][1] - row["on_hand"],
            )
            moves[row["position_id"]].append((row["at"], row["on_hand"]))
        return cls(moves)

    def on_hand(self, position: uuid.UUID, after: dt.datetime | None = None) -> int:
        """What must lie there; or only what came after an instant."""
        return sum(change for at, change in self.moves[position] if after is None or at > after)

    async def follow(
        self, organisations: Organisations, org_id: int, command: Command[Any], outcome: Outcome
    ) -> None:
        """What an accepted command means for the goods."""
        if not isinstance(outcome, Accepted):
            return
        body = command.body
        if isinstance(body, AdjustStock):
            self._move(ground.position(body.item_id, body.location_id, body.lot), command.at, body.quantity)
        elif isinstance(body, TransferStock):
            self._move(
                ground.position(body.item_id, body.from_location_id, body.lot), command.at, -body.quantity
            )
            self._move(
                ground.position(body.item_id, body.to_location_id, body.lot), command.at, body.quantity
            )
        elif isinstance(body, LowerStock):
            position = ground.position(body.item_id, body.location_id, body.lot)
            self._move(position, command.at, body.quantity - self.on_hand(position))
        elif isinstance(body, CountStock):
            self._count(body, command.at)
        elif isinstance(body, CountSheet):
            for count, row in zip(body.counts, outcome.value["rows"], strict=True):
                if isinstance(row, list):
                    self._count(count, command.at)
        elif isinstance(body, _OF_HELD_ORDERS) and trigger_of(body) == "fulfil":
            await self._handed_over(organisations, org_id, command)
        elif isinstance(body, PutItem) and body.item_id == ground.BASKET:
            self.recipe_changed = True

    def _move(self, position: uuid.UUID, at: dt.datetime, change: int) -> None:
        self.moves[position].append((at, change))

    def _count(self, body: CountStock, at: dt.datetime) -> None:
        position = ground.position(body.item_id, body.location_id, body.lot)
        later = self.on_hand(position, body.as_of) if body.as_of else 0
        self._move(position, body.as_of or at, body.quantity + later - self.on_hand(position))

    async def _handed_over(self, organisations: Organisations, org_id: int, command: Command[Any]) -> None:
        lines = await organisations.fetch(
            "SELECT l.position_id, l.consumed FROM pool_line l JOIN position p ON p.org_id = l.org_id AND p.id = l.position_id "
            "WHERE l.org_id = $1 AND l.pool_id = $2 AND NOT p.unlimited",
            org_id,
            held_order_of(command.body),
        )
        for line in lines:
            self._move(line["position_id"], command.at, -line["consumed"])

    async def check(self, organisations: Organisations, org_id: int) -> None:
        """Goods are conserved; held orders are what shoppers' orders come to, and what no shopper wants is told apart."""
        stored = await organisations.fetch(
            "SELECT id, on_hand, unlimited FROM position WHERE org_id = $1", org_id
        )
        for row in stored:
            assert row["on_hand"] == (0 if row["unlimited"] else self.on_hand(row["id"])), row
        if not self.recipe_changed:
            assert await _held(organisations, org_id) == await _ordered(organisations, org_id)


_KEY = ("hub_id", "session_id", "item_id")


async def _held(organisations: Organisations, org_id: int) -> dict[tuple[uuid.UUID, ...], int]:
    """What shoppers have in held orders that are not handed over, by hub, session and item."""
    rows = await organisations.fetch(
        "SELECT h.hub_id, h.session_id, p.item_id, sum(l.held + l.committed - l.surplus)::bigint AS quantity "
        "FROM held_order h JOIN pool_line l ON l.org_id = h.org_id AND l.pool_id = h.id "
        "JOIN position p ON p.org_id = l.org_id AND p.id = l.position_id "
        "WHERE h.org_id = $1 AND h.status IN ('Held', 'Complete') GROUP BY 1, 2, 3",
        org_id,
    )
    return {tuple(row[name] for name in _KEY): row["quantity"] for row in rows if row["quantity"]}


async def _ordered(organisations: Organisations, org_id: int) -> dict[tuple[uuid.UUID, ...], int]:
    """What shoppers have ordered of other people's goods, kits as their parts, unless it was handed over."""
    rows = await organisations.fetch(
        "SELECT o.seller_id AS hub_id, o.session_id, part.item_id, sum(part.quantity)::bigint AS quantity "
        "FROM orders o JOIN order_line l ON l.org_id = o.org_id AND l.order_id = o.id "
        "JOIN LATERAL (SELECT k.item_id, l.stock_quantity * k.quantity / 1000 AS quantity FROM kit_component k "
        "              WHERE k.org_id = l.org_id AND k.kit_id = l.item_id "
        "              UNION ALL "
        "              SELECT l.item_id, l.stock_quantity WHERE NOT EXISTS "
        "              (SELECT FROM kit_component k WHERE k.org_id = l.org_id AND k.kit_id = l.item_id)) AS part ON true "
        "JOIN item i ON i.org_id = o.org_id AND i.id = part.item_id AND i.owner_id <> o.seller_id "
        "WHERE o.org_id = $1 AND i.org_id = $1 AND o.status <> 'cancelled' AND o.session_id IS NOT NULL "
        # A draft of a business wants nothing yet, and a line of it that waits for goods, or for its day, has none.
        "AND (o.flow <> 'order.b2b' OR l.stock NOT IN ('none', 'backordered', 'future', 'unavailable')) AND NOT EXISTS "
        "(SELECT FROM held_order h WHERE h.org_id = o.org_id AND h.hub_id = o.seller_id AND h.producer_id = i.owner_id "
        " AND h.session_id = o.session_id AND h.status = 'Fulfilled') GROUP BY 1, 2, 3",
        org_id,
    )
    fulfilled = await organisations.fetch(
        "SELECT DISTINCT h.hub_id, h.session_id, i.id AS item_id FROM held_order h "
        "JOIN item i ON i.org_id = h.org_id AND i.owner_id = h.producer_id WHERE h.org_id = $1 AND h.status = 'Fulfilled'",
        org_id,
    )
    over = {tuple(row[name] for name in _KEY) for row in fulfilled}
    found = {tuple(row[name] for name in _KEY): row["quantity"] for row in rows if row["quantity"]}
    return {key: quantity for key, quantity in found.items() if key not in over}
