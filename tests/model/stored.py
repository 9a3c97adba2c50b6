"""Worlds of the model as rows of the database, each an organisation of its own, for `coster verify` to judge them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from coster.engine.db.connect import Connection
from tests.model.market import Account, Scope, State, sums
from tests.town import MONDAY, name_id

TABLES = ("org", "item", "position", "ledger", "hold", "pool_line", "orders", "order_line", "held_order")
HUB, JEAN, MARKET, POOL, REMAINDER = (
    name_id(name) for name in ("Hub", "Jean", "Market", "pool", "remainder")
)
HOLDS = {"Held": "live", "Complete": "committed", "Fulfilled": "none", "Cancelled": "none"}
UNCHECKED = """
SELECT format('ALTER TABLE coster.%I DROP CONSTRAINT %I CASCADE', c.relname, k.conname)
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'coster' AND k.contype IN ('c', 'f') AND c.relname = ANY($1)
"""
Row = dict[str, Any]


async def uncheck(conn: Connection) -> None:
    """Takes away what would refuse a world that is against a promise: every CHECK and every reference."""
    for row in await conn.fetch(UNCHECKED, TABLES):
        await conn.execute(row[0])


async def store(conn: Connection, worlds: Sequence[tuple[Scope, State]]) -> None:
    """The worlds as organisations 1, 2, 3 and so on."""
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    for org_id, (scope, state) in enumerate(worlds, 1):
        for table, row in _rows(scope, state):
            rows[table].append({"org_id": org_id, **row})
    for table in TABLES:
        names = list(rows[table][0])
        await conn.copy_records_to_table(
            table,
            schema_name="coster",
            columns=names,
            records=[[row[name] for name in names] for row in rows[table]],
        )


def _rows(scope: Scope, state: State) -> Iterator[tuple[str, Row]]:
    yield "org", {"name": "World", "created_at": MONDAY}
    if state.head:
        yield "held_order", {
            "id": POOL, "hub_id": HUB, "producer_id": JEAN, "session_id": MARKET, "single": False, "status": state.head,
            "holds": HOLDS[state.head], "flow": "wholesale.held", "flow_version": 1, "attributes": {}, "entered": 1,
            "entered_at": MONDAY, "created_at": MONDAY, "changed_at": MONDAY, "version": 1,
        }  # fmt: skip
    for item in range(len(state.stock)):
        yield from _stock(scope, state, item)
    for shopper, order in enumerate(state.orders):
        if order:
            yield from _order(state, shopper)


def _stock(scope: Scope, state: State, item: int) -> Iterator[tuple[str, Row]]:
    stock, account, held = state.stock[item], state.accounts[item], sums(state, item)
    amounts = {"on_hand": stock.on_hand, "held": stock.held, "committed": stock.committed}
    yield "item", {
        "id": _item(item), "owner_id": JEAN, "sku": f"item {item}", "name": "Item", "product": "", "stock_unit": "kg",
        "price_micros": 0, "min_quantity": 0, "multiple_quantity": 1, "tracked": True, "buyable": True, "kit": False, "version": 1,
    }  # fmt: skip
    yield "position", {
        "id": _spot(item), "item_id": _item(item), "location_id": JEAN, "lot": "", "unlimited": False, "seq": 1, "told": 1,
        **amounts,
    }  # fmt: skip
    yield "ledger", {
        "position_id": _spot(item), "seq": 1, "type": "CARRIED", "at": MONDAY, "command_id": JEAN, "reason": "", **amounts,
    }  # fmt: skip
    if account:
        yield "pool_line", {
            "pool_id": POOL, "position_id": _spot(item), "multiple": scope.cases[item], **Account._asdict(account),
        }  # fmt: skip
    for quantity, final in ((held.over_live, False), (held.over_final, True)):
        if quantity:
            yield "hold", _hold(REMAINDER, 0, item, quantity=quantity, final=final, policy="remainder")


def _order(state: State, shopper: int) -> Iterator[tuple[str, Row]]:
    order, id_ = state.orders[shopper], name_id(f"shopper {shopper}")
    assert order is not None
    yield "orders", {
        "id": id_, "seller_id": HUB, "session_id": MARKET, "channel": "shop", "reference": str(shopper),
        "status": order.status, "flow": "order", "flow_version": 1, "payment": "none", "currency": "EUR", "gross": 0,
        "line_discount": 0, "order_discount": 0, "total": 0, "priority": 0, "placed_at": MONDAY, "version": 1, "type": "",
        "holds": "none" if order.status == "cancelled" else "live", "attributes": {}, "entered": 1, "entered_at": MONDAY,
    }  # fmt: skip
    for item, line in enumerate(order.state):
        if not line:
            continue
        quantity = order.quantity[item]
        zeros = dict.fromkeys(
            (
                "price_micros",
                "gross",
                "discount",
                "order_share",
                "basis_gross",
                "basis_discount",
                "basis_share",
                "total",
            ),
            0,
        )
        yield "order_line", {
            "order_id": id_, "line_no": item + 1, "item_id": _item(item), "producer_id": JEAN, "unit": "kg",
            "requested": quantity, "quantity": quantity, "stock_quantity": quantity, "stock": line,
            "fulfilment": "not_started", "note": "", **zeros,
        }  # fmt: skip
    for item, quantity in enumerate(order.held):
        if quantity:
            yield "hold", _hold(id_, item + 1, item, quantity=quantity, final=order.final, policy="session")


def _hold(demand: uuid.UUID, line: int, item: int, *, quantity: int, final: bool, policy: str) -> Row:
    since: dt.datetime = MONDAY
    return {
        "demand_id": demand, "demand_line": line, "position_id": _spot(item), "pool_id": POOL, "quantity": quantity,
        "state": "committed" if final else "live", "policy": policy, "since": since, "priority": 0,
    }  # fmt: skip


def _item(item: int) -> uuid.UUID:
    return name_id(f"item {item}")


def _spot(item: int) -> uuid.UUID:
    return name_id(f"spot {item}")
