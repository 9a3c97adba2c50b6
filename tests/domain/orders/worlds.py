"""A shop's world in memory for tests of orders: it gives the states that deciding is given, and takes in what is written.

Jean and Anna supply the hub in an open session; the hub also sells jam of its own. Quantities in thousandths.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from coster.domain.buying.model import Centre
from coster.domain.catalog.model import Item, SalesUnit
from coster.domain.inventory.model import Hold, PoolLine, Position, StockWrites
from coster.domain.inventory.rules.holding import position_id
from coster.domain.orders.handlers import CHECKOUTS, LIBRARY
from coster.domain.orders.model import (
    Comment,
    ExpireSession,
    Line,
    LineRequest,
    Order,
    OrderWrites,
    PlaceOrder,
    Taken,
)
from coster.domain.orders.rules import changing, fold, placing, shelf
from coster.domain.parties.model import CustomerRow, Enterprise, Relation
from coster.domain.sessions.model import Session
from coster.domain.sourcing.rules import Supply
from coster.engine.workflow.tables import Tables
from coster.kernel import ids
from coster.kernel.authority import SYSTEM, Authority
from coster.kernel.message import Command, Decided

KILO = 1000
FLOWS = Tables(LIBRARY.shipped.values())
CHECKOUT_FLOWS = Tables(CHECKOUTS.shipped.values())
NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
HUB, OTHER_HUB, JEAN, ANNA = (uuid.UUID(int=n) for n in (1, 2, 3, 4))
CARROTS, LEEKS, EGGS, JAM, BOX, HERBS = (uuid.UUID(int=n) for n in (11, 12, 13, 14, 15, 16))
SESSION, BARN, CELLAR = uuid.UUID(int=21), uuid.UUID(int=31), uuid.UUID(int=32)
CUSTOMER, ACTOR = uuid.UUID(int=41), uuid.UUID(int=51)


def item(id_: uuid.UUID, owner: uuid.UUID, name: str, **changes: Any) -> Item:
    """Something at 2.00 for a kilogram that is counted and on sale."""
    unit = changes.get("stock_unit", "kg")
    given = {
        "id": id_, "owner_id": owner, "sku": name, "name": name, "product": "", "stock_unit": unit,
        "weight_mg": None, "price_micros": 2_000_000, "min_quantity": 0, "max_quantity": None,
        "multiple_quantity": 1, "case_quantity": None, "tracked": True, "buyable": True,
        "units": {}, "components": (),
    }  # fmt: skip
    made = {**given, **changes}
    made["units"] = {unit: SalesUnit(code=unit, num=1), **made["units"]}
    return Item(**made)


def enterprise(id_: uuid.UUID, name: str, **changes: Any) -> Enterprise:
    """An enterprise that reckons in euros and keeps a checkout for half an hour."""
    given = {"id": id_, "name": name, "kinds": [], "currency": "EUR", "timezone": "UTC", "cart_minutes": 30,
             "minimum_order": 0, "address": {}, "version": 1}  # fmt: skip
    return Enterprise(**{**given, **changes})


def relation(hub: uuid.UUID, producer: uuid.UUID, **terms: Any) -> Relation:
    """The plain terms: one held order per session, by item, refused where there is too little, loose."""
    given = {"active": True, "consolidation": "per_session", "aggregation": "by_item", "grant_policy": "refuse",
             "remainder": "loose", "shortage": "first_come", "discount_over": 0, "discount_permille": 0}  # fmt: skip
    return Relation(hub_id=hub, producer_id=producer, **{**given, **terms})


def line(item_id: uuid.UUID, amount: int, unit: str = "", **more: Any) -> LineRequest:
    """A wanted line, in thousandths of the unit."""
    return LineRequest(item_id=item_id, quantity=amount, unit=unit, **more)


def order_of(who: str) -> uuid.UUID:
    """The id of somebody's order."""
    return ids.derived("order", who)


def basket(who: str, *lines: LineRequest, **more: Any) -> PlaceOrder:
    """Somebody's order at the hub in the session; its checkout has begun."""
    given = {
        "order_id": order_of(who),
        "seller_id": HUB,
        "session_id": SESSION,
        "channel": "shop",
        "reference": who,
    }
    return PlaceOrder(lines=list(lines), **{**given, **more})


class Memory:
    """What the database would hold. `stock` is on hand by item, or by item and place."""

    def __init__(self, stock: Mapping[Any, int] = {CARROTS: 10 * KILO}, **changes: Any) -> None:
        goods = [item(CARROTS, JEAN, "carrots"), item(LEEKS, JEAN, "leeks"), item(EGGS, ANNA, "eggs"),
                 item(JAM, HUB, "jam"), item(HERBS, JEAN, "herbs", tracked=False)]  # fmt: skip
        self.items = {one.id: one for one in (*goods, *changes.get("items", ()))}
        terms = [relation(HUB, JEAN), relation(HUB, ANNA), *changes.get("relations", ())]
        self.relations = {(one.hub_id, one.producer_id): one for one in terms}
        shops = [enterprise(HUB, "Hub"), enterprise(OTHER_HUB, "Other"), enterprise(JEAN, "Jean"),
                 enterprise(ANNA, "Anna"), *changes.get("enterprises", ())]  # fmt: skip
        self.enterprises = {one.id: one for one in shops}
        self.customers: dict[uuid.UUID, CustomerRow] = {one.id: one for one in changes.get("customers", ())}
        self.session = Session(
            id=SESSION, coordinator_id=HUB, status="open", closes_at=NOW + 10 * HOUR, amend_until=NOW + 12 * HOUR,
            hubs=frozenset({HUB}),
        )  # fmt: skip
        self.prices: dict[uuid.UUID, int | None] = changes.get("prices", dict.fromkeys(self.items))
        self.positions: dict[uuid.UUID, Position] = {}
        self.places: dict[uuid.UUID, list[uuid.UUID]] = {}
        for key, on_hand in stock.items():
            self.put_stock(*(key if isinstance(key, tuple) else (key, BARN)), on_hand)
        self.holds: dict[tuple[uuid.UUID, int, uuid.UUID], Hold] = {}
        self.pool_lines: dict[tuple[uuid.UUID, uuid.UUID], PoolLine] = {}
        self.orders: dict[uuid.UUID, Order] = {}
        self.lines: dict[tuple[uuid.UUID, int], Line] = {}
        self.comments: list[Comment] = []
        self.flows: Tables = changes.get("flows", FLOWS)
        self.checkouts: Tables = changes.get("checkouts", CHECKOUT_FLOWS)
        self.keys: dict[uuid.UUID, Authority] = changes.get("keys", {})
        self.centres: dict[uuid.UUID, Centre] = {one.id: one for one in changes.get("centres", ())}
        self.asked: dict[uuid.UUID, list[str]] = {}
        self.timers_due: dict[uuid.UUID, dt.datetime] | None = None
        self.at = NOW
        self.count = 0

    def put_stock(self, item_id: uuid.UUID, location: uuid.UUID, on_hand: int) -> None:
        """Goods at a place, drawn from after the places before."""
        made = Position(
            id=position_id(item_id, location), item_id=item_id, location_id=location, on_hand=on_hand
        )
        self.positions[made.id] = made
        self.places.setdefault(item_id, []).append(made.id)

    # -- deciding ------------------------------------------------------------------------------------------------------

    def command(self, body: Any, authority: Authority = SYSTEM) -> Command[Any]:
        """The next command, a second after the last."""
        self.count += 1
        self.at += dt.timedelta(seconds=1)
        return Command(ids.derived("command", self.count), 1, ACTOR, self.at, body, authority=authority)

    def decide(self, *bodies: Any, authority: Authority = SYSTEM) -> Decided[Any]:
        """One batch of commands of one kind, decided and taken in."""
        commands = [self.command(body, authority) for body in bodies]
        decided = self.carry_out(commands)
        self.take(decided.writes)
        return decided

    def carry_out(self, commands: list[Command[Any]]) -> Decided[Any]:
        """The rules for these commands."""
        if isinstance(commands[0].body, PlaceOrder):
            return placing.place(self.placing(), commands)
        if isinstance(commands[0].body, ExpireSession):
            return changing.expire_session(self.changing(), commands)
        return changing.change_orders(self.changing(), commands)

    def one(self, body: Any, authority: Authority = SYSTEM) -> Any:
        """The outcome of one command."""
        return self.decide(body, authority=authority).outcomes[0]

    # -- states --------------------------------------------------------------------------------------------------------

    def placing(self) -> shelf.PlacingState:
        """What placing is decided on."""
        return shelf.PlacingState(
            flows=self.flows, checkouts=self.checkouts, sessions={SESSION: self.session},
            enterprises=self.enterprises, customers=self.customers,
            listings={(SESSION, item_id): price for item_id, price in self.prices.items()},
            taken={
                (one.channel, one.reference): Taken(order_id=one.id, seller_id=one.seller_id)
                for one in self.orders.values()
            },
            supply=Supply(items=self.items, relations=self.relations, places=self.places),
            positions=list(self.positions.values()), pools=[pool for pool, _ in self.pool_lines],
            pool_lines=list(self.pool_lines.values()),
            remainders=[hold for hold in self.holds.values() if hold.policy == "remainder"], centres=self.centres,
        )  # fmt: skip

    def changing(self) -> fold.ChangingState:
        """What changing is decided on."""
        return fold.ChangingState(
            flows=self.flows, checkouts=self.checkouts, orders=self.orders, sessions={SESSION: self.session}, lines=self.lines_by_order(),
            positions=list(self.positions.values()), holds=list(self.holds.values()),
            pools=[pool for pool, _ in self.pool_lines], pool_lines=list(self.pool_lines.values()),
            placing=self.placing(), approvers=self.keys, due=self.timers_due, centres=self.centres,
        )  # fmt: skip

    def lines_by_order(self) -> dict[uuid.UUID, list[Line]]:
        """All lines by order and number."""
        found: dict[uuid.UUID, list[Line]] = {id_: [] for id_ in self.orders}
        for key in sorted(self.lines):
            found[key[0]].append(self.lines[key])
        return found

    # -- taking in -----------------------------------------------------------------------------------------------------

    def take(self, writes: OrderWrites) -> None:
        """Stores what was decided."""
        self.orders.update((one.id, one) for one in (*writes.new, *writes.changed))
        self.lines.update(((one.order_id, one.line_no), one) for one in writes.lines)
        self.comments += writes.comments
        self.asked.update({one.order_id: one.keys for one in writes.approvers})
        self.take_stock(writes.stock)

    def take_stock(self, stock: StockWrites) -> None:
        """Stores positions, holds and accounts; a position may never hold more than there is."""
        self.positions.update((one.id, one) for one in (*stock.new_positions, *stock.positions))
        for one in self.positions.values():
            assert one.unlimited or 0 <= one.held + one.committed <= one.on_hand, one
        for key in stock.gone_holds:
            del self.holds[key]
        self.holds.update(((one.demand_id, one.demand_line, one.position_id), one) for one in stock.holds)
        self.pool_lines.update(((one.pool_id, one.position_id), one) for one in stock.pool_lines)
        for key, hold in list(self.holds.items()):
            if hold.pool_id in stock.consumed_pools:
                del self.holds[key]
            elif hold.pool_id in stock.committed_pools:
                self.holds[key] = msgspec.structs.replace(hold, state="committed")

    # -- looking -------------------------------------------------------------------------------------------------------

    def held(self, item_id: uuid.UUID) -> int:
        """What is held of an item, over all its places."""
        return sum(one.held for one in self.positions.values() if one.item_id == item_id)

    def order(self, who: str) -> Order:
        """Somebody's order."""
        return self.orders[order_of(who)]

    def quantities(self, who: str) -> list[int]:
        """What somebody's lines come to, in sales units."""
        return [one.quantity for one in self.lines_by_order()[order_of(who)]]
