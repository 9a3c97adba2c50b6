"""Stock by values: two places of a farm, one of a hub, and commands on them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from coster.domain.inventory.model import (
    Demand,
    Entry,
    Hold,
    LaterChange,
    Location,
    PoolLine,
    Position,
    StockWrites,
    Want,
)
from coster.domain.inventory.rules import holding, moving
from coster.domain.inventory.rules.book import Book
from coster.kernel import ids
from coster.kernel.message import Command
from tests.domain.asking import ACTOR, AT, ORG, SYSTEM, Authority, number

FARM, HUB = number(1), number(2)
BARN, CELLAR, SHOP = number(11), number(12), number(13)
CARROTS, LEEKS = number(21), number(22)
POOL, ALI, PAUL = number(31), number(41), number(42)
MINUTE = dt.timedelta(minutes=1)
PLACES = {BARN: FARM, CELLAR: FARM, SHOP: HUB}


def at(minutes: int) -> dt.datetime:
    """So many minutes after nine."""
    return AT + minutes * MINUTE


def spot(place: uuid.UUID = BARN, item: uuid.UUID = CARROTS, lot: str = "") -> uuid.UUID:
    """The id of a position."""
    return holding.position_id(item, place, lot)


def position(
    on_hand: int = 0, *, place: uuid.UUID = BARN, item: uuid.UUID = CARROTS, **more: Any
) -> Position:
    """A position as loaded."""
    id_ = spot(place, item, more.get("lot", ""))
    return Position(id=id_, item_id=item, location_id=place, on_hand=on_hand, **more)


def demand(id_: uuid.UUID = ALI, minutes: int = 0, **more: Any) -> Demand:
    """Somebody who wants something, since so many minutes after nine."""
    return Demand(id=id_, command_id=number(1000 + minutes), at=at(minutes), since=at(minutes), **more)


def want(quantity: int, *places: uuid.UUID, line: int = 1, item: uuid.UUID = CARROTS, **more: Any) -> Want:
    """A line's wish: from the barn, or from these places in this order."""
    positions = tuple(spot(place, item) for place in places or (BARN,))
    return Want(line=line, item_id=item, positions=positions, quantity=quantity, **more)


def tell(number_: int, body: Any, minutes: int = 0, authority: Authority = SYSTEM) -> Command[Any]:
    """A command with an id of its own, at so many minutes after nine."""
    return Command(
        ids.derived("stock", number_), ORG, ACTOR, at(minutes), body, reason="", authority=authority
    )


def state(*positions: Position, later: Any = ()) -> moving.StockState:
    """The farm's barn and cellar, the hub's shop, carrots and leeks of the farm, and these positions."""
    return moving.StockState(
        locations={
            id_: Location(id=id_, enterprise_id=owner, name="", priority=0, active=True, version=1)
            for id_, owner in PLACES.items()
        },
        owners={CARROTS: FARM, LEEKS: FARM},
        positions=list(positions),
        later=[LaterChange(position_id=spot(), at=at(minute), on_hand=change) for minute, change in later],
    )


class Store:
    """What a database would hold: positions, ledger, holds and pool lines, written by what books come to."""

    def __init__(self, *positions: Position) -> None:
        self.positions = {one.id: one for one in positions}
        self.entries: list[Entry] = []
        self.holds: dict[tuple[uuid.UUID, int, uuid.UUID], Hold] = {}
        self.pool_lines: dict[tuple[uuid.UUID, uuid.UUID], PoolLine] = {}

    def book(self) -> Book:
        """Everything, loaded in key order as the statements do."""
        holds = [held for _, held in sorted(self.holds.items())]
        return Book(self.positions.values(), holds, self.pool_lines.values())

    def write(self, writes: StockWrites) -> None:
        """As the statements would: gone holds first, then new and changed ones, then what closing a pool does to its holds."""
        for one, seen in zip(writes.positions, writes.seen, strict=True):
            assert self.positions[one.id].seq == seen
        self.positions |= {one.id: one for one in (*writes.new_positions, *writes.positions)}
        self.entries += writes.entries
        for key in writes.gone_holds:
            del self.holds[key]
        for held in writes.holds:
            key = (held.demand_id, held.demand_line, held.position_id)
            old = self.holds.get(key)
            # An UPDATE leaves these three as they are; so a rule must not count on changing them.
            kept = {name: getattr(old or held, name) for name in ("since", "priority", "pool_id")}
            self.holds[key] = msgspec.structs.replace(held, **kept)
        self.pool_lines |= {(line.pool_id, line.position_id): line for line in writes.pool_lines}
        self._close(writes)

    def _close(self, writes: StockWrites) -> None:
        for key, held in list(self.holds.items()):
            if held.pool_id in writes.committed_pools:
                self.holds[key] = msgspec.structs.replace(held, state="committed", expires_at=None)
            if held.pool_id in writes.consumed_pools:
                del self.holds[key]


def balances(book: Book, place: uuid.UUID = BARN) -> tuple[int, int, int]:
    """On hand, held, committed."""
    now = book.position(spot(place))
    return now.on_hand, now.held, now.committed


def entries(book: Book) -> list[tuple[Any, ...]]:
    """Type, what changed on hand, held and committed, and whose hold it was."""
    return [(e.type, e.on_hand, e.held, e.committed, e.demand_id) for e in book.entries]
