"""Commands on orders → how they are carried out.

Locks are taken in the one order of the program (ADR 0010): sessions, positions, orders, held orders. What must be locked is found by
reading first; where it has changed until the locks were there, which only happens when the same order is changed twice at once, the
batch is run again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from coster.domain.catalog import store as catalog
from coster.domain.inventory import store as inventory
from coster.domain.inventory.model import Hold
from coster.domain.orders import model, store
from coster.domain.orders.rules import changing, placing
from coster.domain.orders.rules.vocabulary import VOCABULARY
from coster.domain.parties import store as parties
from coster.domain.sessions import store as sessions
from coster.domain.sourcing.rules import Supply, session_pool
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.ask import Question, ask, known
from coster.engine.db.connect import Connection
from coster.engine.workflow import compile as workflow
from coster.kernel.errors import TryAgain

_FILE = Path(__file__).parent / "flows" / "order.retail.yaml"
FLOW = workflow.load(_FILE.read_text(encoding="utf-8"), VOCABULARY, _FILE.name)


async def load_placing(conn: Connection, org_id: int, commands: Commands) -> placing.PlacingState:
    """All that placing these orders is decided on, in a fixed number of statements."""
    bodies = [command.body for command in commands]
    sessions_ = {body.session_id for body in bodies if body.session_id}
    items = {line.item_id for body in bodies for line in body.lines}
    sellers = {body.seller_id for body in bodies}
    references = [(body.channel, body.reference) for body in bodies]
    customers = {body.customer_id for body in bodies if body.customer_id}
    state, taken, shoppers = await _load_supply(
        conn,
        org_id,
        _Wanted(sessions=sessions_, items=items, sellers=sellers),
        store.taken_asked(org_id, references),
        parties.customers_asked(org_id, customers),
    )
    return placing.PlacingState(**{**msgspec.structs.asdict(state), "taken": taken, "customers": shoppers})


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What supply is loaded for; `pools` are accounts beside those that the sellers and sessions can have."""

    sessions: set[uuid.UUID]
    items: set[uuid.UUID]
    sellers: set[uuid.UUID]
    pools: Sequence[uuid.UUID] = ()


async def _load_supply(
    conn: Connection, org_id: int, wanted: _Wanted, *also: Question[Any]
) -> tuple[Any, ...]:
    """Sessions (shared), goods, terms and locked stock; then the answers to what shall be asked with them."""
    shared = await sessions.share_sessions(conn, org_id, wanted.sessions) if wanted.sessions else {}
    items, enterprises, listings, relations, *answers = await ask(
        conn,
        org_id,
        catalog.items_asked(org_id, wanted.items),
        parties.enterprises_asked(org_id, wanted.sellers),
        sessions.listings_asked(org_id, shared, wanted.items),
        parties.relations_asked(org_id, wanted.sellers) if shared else known({}),
        *also,
    )
    items = await catalog.with_parts(conn, org_id, items)
    owners = {item.owner_id for item in items.values()}
    if others := owners - enterprises.keys():
        enterprises |= await parties.load_enterprises(conn, org_id, others)
    places = await inventory.lock_places(conn, org_id, items)
    supplying = [relation for relation in relations.values() if relation.producer_id in owners]
    pools = [*wanted.pools, *(session_pool(relation, id_) for relation in supplying for id_ in shared)]
    pool_lines = await inventory.pool_lines(conn, org_id, pools) if pools else []
    locked = {position.id for position in places.positions}
    pool_lines = [line for line in pool_lines if line.position_id in locked]
    leftover = [line.pool_id for line in pool_lines if line.surplus]
    remainders = await inventory.holds_of(conn, org_id, leftover) if leftover else []
    state = placing.PlacingState(
        flow=FLOW, sessions=shared, listings=listings, enterprises=enterprises, customers={}, taken={},
        supply=Supply(items=items, relations=relations, places=places.by_item), positions=places.positions,
        pools=pools, pool_lines=pool_lines, remainders=[hold for hold in remainders if hold.position_id in locked],
    )  # fmt: skip
    return state, *answers


async def load_changing(conn: Connection, org_id: int, commands: Commands) -> changing.ChangingState:
    """Locked orders, their lines, holds and the stock under them, in a fixed number of statements."""
    return await _load_orders(conn, org_id, {command.body.order_id for command in commands})


async def load_expiring(conn: Connection, org_id: int, commands: Commands) -> changing.ChangingState:
    """The same for every order of some sessions whose checkout is still running."""
    wanted = {command.body.session_id for command in commands}
    return await _load_orders(conn, org_id, set(await store.unfinished_of_sessions(conn, org_id, wanted)))


async def _load_orders(conn: Connection, org_id: int, ids: set[uuid.UUID]) -> changing.ChangingState:
    firm = await store.sessions_of(conn, org_id, ids)
    session_ids = {session for _, session in firm if session}
    shared = await sessions.share_sessions(conn, org_id, session_ids) if session_ids else {}
    before = await inventory.holds_of(conn, org_id, ids)
    positions = await inventory.lock_positions(conn, org_id, {hold.position_id for hold in before})
    orders, lines, holds = await _lock_orders(conn, org_id, ids, {position.id for position in positions})
    pools = {hold.pool_id for hold in holds if hold.pool_id}
    pool_lines = await inventory.pool_lines(conn, org_id, pools) if pools else []
    locked = {position.id for position in positions}
    remainders = await inventory.holds_of(conn, org_id, pools) if pools else []
    return changing.ChangingState(
        flow=FLOW, orders=orders, lines=lines, sessions=shared, positions=positions,
        holds=holds + [hold for hold in remainders if hold.position_id in locked], pools=list(pools),
        pool_lines=[line for line in pool_lines if line.position_id in locked],
    )  # fmt: skip


async def _lock_orders(
    conn: Connection, org_id: int, ids: set[uuid.UUID], locked: set[uuid.UUID]
) -> tuple[dict[uuid.UUID, model.Order], dict[uuid.UUID, list[model.Line]], list[Hold]]:
    """Heads, lines and holds, all of them firm; TryAgain where an order holds on a position that is not locked."""
    orders = await store.lock_orders(conn, org_id, ids)
    lines = await store.lines_of(conn, org_id, orders)
    holds = await inventory.holds_of(conn, org_id, orders)
    if any(hold.position_id not in locked for hold in holds):
        raise TryAgain("an order took hold of other stock in between")
    return orders, lines, holds


async def load_rehold(conn: Connection, org_id: int, commands: Commands) -> changing.ChangingState:
    """As `load_changing`, with everything that placing more needs: all places of the items are locked at once, in key order."""
    ids = {command.body.order_id for command in commands}
    firm = await store.sessions_of(conn, org_id, ids)
    before = await store.lines_of(conn, org_id, ids)
    pools = {hold.pool_id for hold in await inventory.holds_of(conn, org_id, ids) if hold.pool_id}
    items = {change.item_id for command in commands for change in command.body.lines if change.item_id}
    items |= {line.item_id for of_order in before.values() for line in of_order}
    wanted = _Wanted(
        sessions={session for _, session in firm if session},
        items=items,
        sellers={seller for seller, _ in firm},
        pools=list(pools),
    )
    (supply,) = await _load_supply(conn, org_id, wanted)
    orders, lines, holds = await _lock_orders(
        conn, org_id, ids, {position.id for position in supply.positions}
    )
    if any(line.item_id not in items for of_order in lines.values() for line in of_order):
        raise TryAgain("an order was given another item in between")
    singles = changing.single_pools(orders.values(), supply.supply.relations.values()) - set(supply.pools)
    emptied = await inventory.pool_lines(conn, org_id, singles) if singles else []
    locked = {position.id for position in supply.positions}
    return changing.ChangingState(
        flow=FLOW, orders=orders, lines=lines, sessions=supply.sessions, positions=supply.positions,
        holds=holds + supply.remainders, pools=[*supply.pools, *singles],
        pool_lines=supply.pool_lines + [line for line in emptied if line.position_id in locked], placing=supply,
    )  # fmt: skip


async def load_remarks(conn: Connection, org_id: int, commands: Commands) -> changing.ChangingState:
    """Orders that are only remarked on: no stock is touched, so none is locked."""
    ids = {command.body.order_id for command in commands}
    orders = await store.lock_orders(conn, org_id, ids)
    lines = await store.lines_of(conn, org_id, orders)
    return changing.ChangingState(
        flow=FLOW, orders=orders, lines=lines, sessions={}, positions=[], holds=[], pools=[], pool_lines=[]
    )


async def write(conn: Connection, org_id: int, writes: model.OrderWrites) -> None:
    """Stores stock, whose guard is asked first, and orders."""
    await inventory.write(conn, org_id, writes.stock)
    await store.write(conn, org_id, writes)


PLACE = Handler("orders.place", model.PlaceOrder, load_placing, placing.place, write)


def _changing(kind: str, body: type, load: Any = load_changing) -> Handler[Any, Any]:
    return Handler(kind, body, load, changing.change_orders, write)


HANDLERS: tuple[Handler[Any, Any], ...] = (
    PLACE,
    _changing("orders.complete_checkout", model.CompleteCheckout),
    _changing("orders.fail_checkout", model.FailCheckout),
    _changing("orders.expire_checkout", model.ExpireCheckout),
    _changing("orders.cancel", model.CancelOrder),
    _changing("orders.change", model.ChangeOrder, load_rehold),
    _changing("orders.comment", model.AddComment, load_remarks),
    Handler("orders.expire_session", model.ExpireSession, load_expiring, changing.expire_session, write),
)
