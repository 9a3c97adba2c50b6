"""What orders are placed and changed on: the state that was loaded, how much of an item can be had, and pools that were touched. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

import msgspec

from coster.domain.buying.model import Centre
from coster.domain.catalog.model import Item
from coster.domain.inventory.model import Hold, PoolLine, Position
from coster.domain.inventory.rules import holding
from coster.domain.inventory.rules.book import Book
from coster.domain.orders.model import Line, Order, PoolChange, Taken
from coster.domain.orders.rules import lines
from coster.domain.parties.model import CustomerRow, Enterprise
from coster.domain.sessions.model import Session
from coster.domain.sourcing import rules as sourcing
from coster.domain.sourcing.model import Plan, Pool
from coster.engine.workflow.tables import Tables
from coster.kernel import quantity
from coster.kernel.outcome import Rejected

SUPPLIED: Final = "supplied"
"""The attribute of an order that a hub on another platform has here: what came with it (see `replacing`)."""


class PlacingState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that placing is decided on; positions are locked, and pool lines with them."""

    flows: Tables
    checkouts: Tables
    sessions: Mapping[uuid.UUID, Session]
    listings: Mapping[tuple[uuid.UUID, uuid.UUID], int | None]
    enterprises: Mapping[uuid.UUID, Enterprise]
    customers: Mapping[uuid.UUID, CustomerRow]
    taken: Mapping[tuple[str, str], Taken]
    supply: sourcing.Supply
    positions: list[Position]
    pools: list[uuid.UUID]
    pool_lines: list[PoolLine]
    remainders: list[Hold]
    centres: Mapping[uuid.UUID, Centre] = {}


def available_for(book: Book, item: Item, plan: Plan) -> int:
    """How much of the item could be had now, in thousandths of its stock unit; of a kit, as many as its parts allow."""
    if not item.components:
        return sum(holding.grantable(book, want) for want in plan.wants)
    parts = zip(item.components, plan.wants, strict=True)
    return min(holding.grantable(book, want) * quantity.SCALE // part.quantity for part, want in parts)


def parts_of(book: Book, line: Line) -> dict[uuid.UUID, int]:
    """What one stock unit of a line is made of, in thousandths by item, by its own holds: a kit may have changed since."""
    held: dict[uuid.UUID, int] = {}
    for hold in book.of_demand(line.order_id, line.line_no):
        item_id = book.item_of(hold.position_id)
        held[item_id] = held.get(item_id, 0) + hold.quantity
    return {
        item_id: max(1, amount * quantity.SCALE // line.stock_quantity) for item_id, amount in held.items()
    }


def note_pools(changes: list[PoolChange], book: Book, index: int, pools: Mapping[uuid.UUID, Pool]) -> None:
    """Notes, pool by pool, how the lines that a command touched stand after it."""
    touched: dict[uuid.UUID, list[tuple[uuid.UUID, PoolLine]]] = {}
    for pool_id, position_id in book.take_touched():
        line = (book.item_of(position_id), book.pools[pool_id, position_id])
        touched.setdefault(pool_id, []).append(line)
    for pool_id, pool_lines in touched.items():
        change = PoolChange(index=index, pool_id=pool_id, pool=pools.get(pool_id), lines=tuple(pool_lines))
        changes.append(change)


def listed_by_session(state: PlacingState) -> dict[uuid.UUID, dict[uuid.UUID, int | None]]:
    """For each session what is listed, with its price there (None: the item's)."""
    listed: dict[uuid.UUID, dict[uuid.UUID, int | None]] = {}
    for (session_id, item_id), price in state.listings.items():
        listed.setdefault(session_id, {})[item_id] = price
    return listed


def shop_of(state: PlacingState, order: Order) -> lines.Shop:
    """What a line that is added to an order is checked against."""
    supplied = order.attributes.get(SUPPLIED)
    return lines.Shop(
        items=state.supply.items,
        listed=listed_by_session(state).get(order.session_id, {})
        if order.session_id and not supplied
        else None,
        only_of=uuid.UUID(supplied["producer"]) if supplied else None,
        currency=order.currency,
        currencies={id_: enterprise.currency for id_, enterprise in state.enterprises.items()},
    )


def short_by(line: Line, item: Item, available: int, wanted: int) -> Rejected:
    """What is missing for a line that is to become larger; `wanted` in sales units, `available` in stock units on top."""
    unit = item.units[line.unit]
    part = (line.stock_quantity + available) // lines.step(item, unit) * lines.step(item, unit)
    return insufficient(line.line_no, item, line.unit, wanted, part * unit.den // unit.num)


def insufficient(number: int, item: Item, unit: str, wanted: int, left: int) -> Rejected:
    """What is missing for a line, in sales units."""
    text = quantity.text
    possible = f"take {text(left)} {unit}, or less" if left else "nothing of it is left"
    return Rejected(
        "insufficient_stock",
        f"Line {number}: {text(wanted)} {unit} of {item.name} are wanted, {text(left)} {unit} can be had; {possible}.",
        {
            "line": number,
            "item_id": str(item.id),
            "unit": unit,
            "wanted": text(wanted),
            "available": text(left),
        },
    )
