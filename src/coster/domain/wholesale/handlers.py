"""Commands → how they are carried out, with held orders in the same transaction.

Every command on orders is wrapped here, so that a held order is never behind its holds. Locks: sessions, positions, orders,
held orders (ADR 0010).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from coster.domain.catalog import store as catalog
from coster.domain.inventory import store as inventory
from coster.domain.inventory.model import Hold, Position
from coster.domain.inventory.rules.holding import position_id
from coster.domain.orders import handlers as orders
from coster.domain.orders import store as order_store
from coster.domain.orders.model import Order
from coster.domain.parties import store as parties
from coster.domain.sessions import store as sessions
from coster.domain.wholesale import model, store
from coster.domain.wholesale.rules import closing, cutting, projecting
from coster.domain.wholesale.rules.vocabulary import VOCABULARY
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.connect import Connection
from coster.engine.workflow import compile as workflow
from coster.kernel.errors import TryAgain
from coster.kernel.message import Decided

_FILE = Path(__file__).parent / "flows" / "wholesale.held.yaml"
FLOW = workflow.load(_FILE.read_text(encoding="utf-8"), VOCABULARY, _FILE.name)


# -- orders, with the held orders that follow from them --------------------------------------------------------


class _Both(msgspec.Struct, frozen=True):
    orders: Any
    held: projecting.HeldState


def consolidated(inner: Handler[Any, Any]) -> Handler[_Both, model.Consolidated]:
    """A handler on orders whose held orders are created, grown and shrunk in its own transaction."""

    async def load(conn: Connection, org_id: int, commands: Commands) -> _Both:
        state = await inner.load(conn, org_id, commands)
        return _Both(state, await _load_held(conn, org_id, state.pools))

    def decide(state: _Both, commands: Commands) -> Decided[model.Consolidated]:
        return projecting.consolidate(state.held, inner.decide(state.orders, commands), commands)

    return Handler(inner.kind, inner.body, load, decide, write)


async def _load_held(conn: Connection, org_id: int, pools: Sequence[uuid.UUID]) -> projecting.HeldState:
    if not pools:
        return projecting.HeldState(flow=FLOW, held={}, lines=[])
    held = await store.lock_held_orders(conn, org_id, pools)
    lines = await inventory.pool_lines(conn, org_id, held) if held else []
    return projecting.HeldState(flow=FLOW, held=held, lines=lines)


async def write(conn: Connection, org_id: int, writes: model.Consolidated) -> None:
    """Stores held orders, whose guard is asked at once, stock and orders."""
    await store.write(conn, org_id, writes.held)
    await orders.write(conn, org_id, writes.orders)


# -- sharing out and closing -----------------------------------------------------------------------------------


class _Locked(msgspec.Struct, frozen=True):
    """What is locked before held orders are: shoppers' orders, positions, and the holds that connect them."""

    orders: dict[uuid.UUID, Order]
    positions: list[Position]
    holds: list[Hold]


async def _load_cuts(
    conn: Connection,
    org_id: int,
    position_ids: set[uuid.UUID],
    pools: Sequence[uuid.UUID],
    *,
    with_orders: bool,
) -> cutting.CuttingState:
    """Locked stock of these positions and pools, with every order that holds on it where `with_orders`.

    Once the positions are locked nobody new can hold on them. A line that came before and holds elsewhere too (a kit's) needs those
    positions as well; where it came so late that they are not locked, the batch is run again.
    """
    pool_lines = await inventory.pool_lines(conn, org_id, pools) if pools else []
    wanted = position_ids | {line.position_id for line in pool_lines}
    if not with_orders:
        bare = _Locked({}, await inventory.lock_positions(conn, org_id, wanted), [])
        return await _complete_cuts(conn, org_id, bare, pools)
    early = await _of_same_lines(conn, org_id, await inventory.holds_on(conn, org_id, wanted))
    positions = await inventory.lock_positions(conn, org_id, wanted | {hold.position_id for hold in early})
    holds = await inventory.holds_on(conn, org_id, wanted)
    demands = {hold.demand_id for hold in holds if hold.policy != "remainder"}
    orders_ = await order_store.lock_orders(conn, org_id, demands) if demands else {}
    of_orders = await _of_same_lines(conn, org_id, holds)
    locked = {position.id for position in positions}
    if any(hold.position_id not in locked for hold in of_orders):
        raise TryAgain("a kit that holds on other stock too came in between")
    every_hold = {(h.demand_id, h.demand_line, h.position_id): h for h in [*of_orders, *holds]}
    return await _complete_cuts(conn, org_id, _Locked(orders_, positions, [*every_hold.values()]), pools)


async def _of_same_lines(conn: Connection, org_id: int, holds: Sequence[Hold]) -> list[Hold]:
    """Everything that the lines behind these holds hold, wherever it is."""
    lines = {(hold.demand_id, hold.demand_line) for hold in holds if hold.policy != "remainder"}
    if not lines:
        return []
    found = await inventory.holds_of(conn, org_id, {demand for demand, _ in lines})
    return [hold for hold in found if (hold.demand_id, hold.demand_line) in lines]


async def _complete_cuts(
    conn: Connection, org_id: int, locked: _Locked, pools: Sequence[uuid.UUID]
) -> cutting.CuttingState:
    orders_, positions = locked.orders, locked.positions
    pool_ids = {*pools, *(hold.pool_id for hold in locked.holds if hold.pool_id)}
    held = await _load_held(conn, org_id, sorted(pool_ids))
    known = {position.id for position in positions}
    remainders = await inventory.holds_of(conn, org_id, pool_ids) if pool_ids else []
    every_hold = {
        (h.demand_id, h.demand_line, h.position_id): h
        for h in [*locked.holds, *remainders]
        if h.position_id in known
    }
    lines = await order_store.lines_of(conn, org_id, orders_) if orders_ else {}
    items = {line.item_id for of_order in lines.values() for line in of_order}
    hubs = {head.hub_id for head in held.held.values()}
    return cutting.CuttingState(
        held=held, orders=orders_, lines=lines, positions=positions, holds=list(every_hold.values()),
        pool_lines=[line for line in held.lines if line.position_id in known],
        relations=await parties.load_relations(conn, org_id, hubs) if hubs else {},
        items=await catalog.load_items(conn, org_id, items | {position.item_id for position in positions}),
        locations=await inventory.load_locations(conn, org_id, {position.location_id for position in positions}),
    )  # fmt: skip


async def load_lowering(conn: Connection, org_id: int, commands: Commands) -> cutting.CuttingState:
    """The positions that are to be lowered, and everybody who holds on them."""
    bodies = [command.body for command in commands]
    ids = {position_id(body.item_id, body.location_id, body.lot) for body in bodies}
    return await _load_cuts(conn, org_id, ids, [], with_orders=True)


async def load_cancelling(conn: Connection, org_id: int, commands: Commands) -> cutting.CuttingState:
    """Held orders, and everybody who holds on their account."""
    wanted = [command.body.held_order_id for command in commands]
    found = await store.find_held_orders(conn, org_id, wanted, [])
    await sessions.share_sessions(conn, org_id, {session for *_, session in found})
    return await _load_cuts(conn, org_id, set(), [id_ for id_, *_ in found], with_orders=True)


async def load_fulfilling(conn: Connection, org_id: int, commands: Commands) -> closing.ClosingState:
    """Held orders and the stock that is committed to them."""
    wanted = [command.body.held_order_id for command in commands]
    found = await store.find_held_orders(conn, org_id, wanted, [])
    shared = await sessions.share_sessions(conn, org_id, {session for *_, session in found})
    cuts = await _load_cuts(conn, org_id, set(), [id_ for id_, *_ in found], with_orders=False)
    return closing.ClosingState(cuts=cuts, sessions=shared)


async def load_completing(conn: Connection, org_id: int, commands: Commands) -> closing.ClosingState:
    """The held orders of sessions; their shoppers' orders too where a last case may have to be cut."""
    wanted = {command.body.session_id for command in commands}
    shared = await sessions.share_sessions(conn, org_id, wanted)
    found = await store.find_held_orders(conn, org_id, [], wanted)
    relations = await parties.load_relations(conn, org_id, {hub for _, hub, *_ in found}) if found else {}
    cut = any(
        (relation := relations.get((hub, producer))) and relation.remainder == "round_down"
        for _, hub, producer, _ in found
    )
    cuts = await _load_cuts(conn, org_id, set(), [id_ for id_, *_ in found], with_orders=cut)
    return closing.ClosingState(cuts=cuts, sessions=shared)


def _whole(handlers: Iterable[Handler[Any, Any]]) -> tuple[Handler[Any, Any], ...]:
    return tuple(consolidated(handler) for handler in handlers)


HANDLERS: tuple[Handler[Any, Any], ...] = (
    *_whole(orders.HANDLERS),
    Handler("wholesale.complete_session", model.CompleteSession, load_completing, closing.complete, write),
    Handler("wholesale.fulfil", model.FulfilHeldOrder, load_fulfilling, closing.fulfil, write),
    Handler("wholesale.cancel", model.CancelHeldOrder, load_cancelling, cutting.cancel, write),
    Handler("wholesale.lower_stock", model.LowerStock, load_lowering, cutting.lower, write),
)
