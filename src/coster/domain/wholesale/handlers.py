"""Commands → how they are carried out, with held orders in the same transaction.

Every command on orders is wrapped here, so that a held order is never behind its holds. Locks: sessions, positions, orders,
held orders (ADR 0010).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from coster.domain.catalog import store as catalog
from coster.domain.inventory import store as inventory
from coster.domain.inventory.model import Hold, Position
from coster.domain.inventory.rules.holding import position_id
from coster.domain.orders import handlers as orders
from coster.domain.orders import store as order_store
from coster.domain.orders.model import Order
from coster.domain.parties import store as parties
from coster.domain.parties.model import Enterprise
from coster.domain.sessions import store as sessions
from coster.domain.sessions.model import Session
from coster.domain.wholesale import model, store
from coster.domain.wholesale.rules import closing, cutting, driving, projecting, retiming, shorting, stepping
from coster.domain.wholesale.rules import moving as rules_moving
from coster.domain.wholesale.rules.vocabulary import VOCABULARY
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.connect import Connection
from coster.engine.flows import clocks, moving
from coster.engine.flows import store as flows_store
from coster.engine.flows.library import Library
from coster.engine.outbox import pending
from coster.engine.workflow import hours
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.tables import Tables
from coster.kernel.errors import TryAgain
from coster.kernel.message import Decided

LIBRARY = Library(VOCABULARY, Path(__file__).parent / "flows")


# -- orders, with the held orders that follow from them --------------------------------------------------------


class _Both(msgspec.Struct, frozen=True):
    orders: Any
    held: stepping.HeldState


def consolidated(inner: Handler[Any, Any]) -> Handler[_Both, model.Consolidated]:
    """A handler on orders whose held orders are created, grown and shrunk in its own transaction."""

    async def load(conn: Connection, org_id: int, commands: Commands) -> _Both:
        state = await inner.load(conn, org_id, commands)
        if not state.pools:
            return _Both(state, stepping.HeldState(flows=state.flows, held={}, lines=[]))
        # The orders' flows were asked for in this transaction, and theirs and ours have one number.
        flows = await LIBRARY.at(conn, org_id, state.flows.mark)
        known = getattr(state, "placing", None) or state
        near: Mapping[uuid.UUID, Enterprise] = getattr(known, "enterprises", {})
        held = await _load_held(conn, org_id, state.pools, (flows, state.sessions), near=near)
        return _Both(state, held)

    def decide(state: _Both, commands: Commands) -> Decided[model.Consolidated]:
        return projecting.consolidate(state.held, inner.decide(state.orders, commands), commands)

    return Handler(inner.kind, inner.body, load, decide, write, foresee=inner.foresee)


_With: TypeAlias = "tuple[Tables, Mapping[uuid.UUID, Session]]"
"""What is loaded before positions are locked: the flows as they are now, and the sessions."""


async def _load_held(
    conn: Connection,
    org_id: int,
    pools: Sequence[uuid.UUID],
    known: _With,
    *,
    near: Mapping[uuid.UUID, Enterprise] = {},
) -> stepping.HeldState:
    """Locked heads with their lines. `near` are enterprises that are loaded already: those of held orders that are yet to come."""
    held = await store.lock_held_orders(conn, org_id, pools) if pools else {}
    lines = await inventory.pool_lines(conn, org_id, held) if held else []
    calendars = await _calendars(conn, org_id, (known[0], held), near)
    return stepping.HeldState(flows=known[0], held=held, lines=lines, sessions=known[1], calendars=calendars)


async def _calendars(
    conn: Connection,
    org_id: int,
    found: tuple[Tables, Mapping[uuid.UUID, model.HeldOrder]],
    near: Mapping[uuid.UUID, Enterprise],
) -> dict[uuid.UUID, Calendar]:
    """The opening hours of hubs and producers, where a flow of theirs counts in them; elsewhere nothing is asked."""
    flows, held = found
    begin = flows.published[stepping.FLOW]
    versions = {(stepping.FLOW, begin.version), (stepping.FLOW, begin.canary or begin.version)}
    versions |= {(one.flow, one.flow_version) for one in held.values()}
    if not any(flows.of(*version).given for version in versions):
        return {}
    sides = {side for one in held.values() for side in (one.hub_id, one.producer_id)}
    more = await parties.load_enterprises(conn, org_id, sides - near.keys()) if sides - near.keys() else {}
    return hours.by_enterprise([*near.values(), *more.values()])


async def write(conn: Connection, org_id: int, writes: model.Consolidated) -> None:
    """Stores held orders, whose guard is asked at once, stock and orders."""
    await store.write(conn, org_id, writes.held)
    await orders.write(conn, org_id, writes.orders)


# -- sharing out and closing -----------------------------------------------------------------------------------


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which stock is locked: these positions and all of these pools, with the orders that hold on it or without."""

    positions: set[uuid.UUID]
    pools: Sequence[uuid.UUID]
    with_orders: bool


class _Locked(msgspec.Struct, frozen=True):
    """What is locked before held orders are: shoppers' orders, positions, and the holds that connect them."""

    orders: dict[uuid.UUID, Order]
    positions: list[Position]
    holds: list[Hold]


async def _load_cuts(conn: Connection, org_id: int, known: _With, wanted: _Wanted) -> cutting.CuttingState:
    """Locked stock of these positions and pools, with every order that holds on it where `with_orders`.

    Once the positions are locked nobody new can hold on them. A line that came before and holds elsewhere too (a kit's) needs those
    positions as well; where it came so late that they are not locked, the batch is run again.
    """
    pool_lines = await inventory.pool_lines(conn, org_id, wanted.pools) if wanted.pools else []
    places = wanted.positions | {line.position_id for line in pool_lines}
    if not wanted.with_orders:
        bare = _Locked({}, await inventory.lock_positions(conn, org_id, places), [])
        return await _complete_cuts(conn, org_id, known, (bare, wanted.pools))
    there = await inventory.holds_on(conn, org_id, places)
    early = await _of_same_lines(conn, org_id, there)
    known = await _with_neighbours(conn, org_id, known, [*there, *early])
    positions = await inventory.lock_positions(conn, org_id, places | {hold.position_id for hold in early})
    holds = await inventory.holds_on(conn, org_id, places)
    demands = {hold.demand_id for hold in holds if hold.policy != "remainder"}
    orders_ = await order_store.lock_orders(conn, org_id, demands) if demands else {}
    of_orders = await _of_same_lines(conn, org_id, holds)
    locked = {position.id for position in positions}
    if any(hold.position_id not in locked for hold in of_orders):
        raise TryAgain("a kit that holds on other stock too came in between")
    every_hold = {(h.demand_id, h.demand_line, h.position_id): h for h in [*of_orders, *holds]}
    found = _Locked(orders_, positions, [*every_hold.values()])
    return await _complete_cuts(conn, org_id, known, (found, wanted.pools))


async def _with_neighbours(conn: Connection, org_id: int, known: _With, holds: Sequence[Hold]) -> _With:
    """What is known, with the sessions of everybody else who holds on the same stock: positions are shared by sessions."""
    pools = {hold.pool_id for hold in holds if hold.pool_id}
    found = await store.find_held_orders(conn, org_id, pools, []) if pools else []
    missing = {one.session_id for one in found} - known[1].keys()
    if not missing:
        return known
    return known[0], {**known[1], **await sessions.share_sessions(conn, org_id, missing)}


async def _of_same_lines(conn: Connection, org_id: int, holds: Sequence[Hold]) -> list[Hold]:
    """Everything that the lines behind these holds hold, wherever it is."""
    lines = {(hold.demand_id, hold.demand_line) for hold in holds if hold.policy != "remainder"}
    if not lines:
        return []
    found = await inventory.holds_of(conn, org_id, {demand for demand, _ in lines})
    return [hold for hold in found if (hold.demand_id, hold.demand_line) in lines]


async def _complete_cuts(
    conn: Connection, org_id: int, known: _With, found: tuple[_Locked, Sequence[uuid.UUID]]
) -> cutting.CuttingState:
    locked, pools = found
    orders_, positions = locked.orders, locked.positions
    pool_ids = {*pools, *(hold.pool_id for hold in locked.holds if hold.pool_id)}
    held = await _load_held(conn, org_id, sorted(pool_ids), known)
    if any(head.session_id not in known[1] for head in held.held.values()):
        raise TryAgain("a held order of another session came in between")
    places = {position.id for position in positions}
    remainders = await inventory.holds_of(conn, org_id, pool_ids) if pool_ids else []
    every_hold = {
        (h.demand_id, h.demand_line, h.position_id): h
        for h in [*locked.holds, *remainders]
        if h.position_id in places
    }
    lines = await order_store.lines_of(conn, org_id, orders_) if orders_ else {}
    items = {line.item_id for of_order in lines.values() for line in of_order}
    hubs = {head.hub_id for head in held.held.values()}
    return cutting.CuttingState(
        held=held, orders=orders_, lines=lines, positions=positions, holds=list(every_hold.values()),
        pool_lines=[line for line in held.lines if line.position_id in places],
        relations=await parties.load_relations(conn, org_id, hubs) if hubs else {},
        items=await catalog.load_items(conn, org_id, items | {position.item_id for position in positions}),
        locations=await inventory.load_locations(conn, org_id, {position.location_id for position in positions}),
    )  # fmt: skip


async def load_lowering(conn: Connection, org_id: int, commands: Commands) -> cutting.CuttingState:
    """The positions that are to be lowered, and everybody who holds on them."""
    bodies = [command.body for command in commands]
    ids = {position_id(body.item_id, body.location_id, body.lot) for body in bodies}
    pools = {hold.pool_id for hold in await inventory.holds_on(conn, org_id, ids) if hold.pool_id}
    found = await store.find_held_orders(conn, org_id, pools, []) if pools else []
    shared = await sessions.share_sessions(conn, org_id, {one.session_id for one in found})
    flows = await LIBRARY.tables(conn, org_id)
    return await _load_cuts(conn, org_id, (flows, shared), _Wanted(positions=ids, pools=[], with_orders=True))


async def load_shorting(conn: Connection, org_id: int, commands: Commands) -> cutting.CuttingState:
    """Held orders with their stock, and everybody who holds on it."""
    wanted = {command.body.held_order_id for command in commands}
    found = await store.find_held_orders(conn, org_id, wanted, [])
    shared = await sessions.share_sessions(conn, org_id, {one.session_id for one in found})
    flows = await LIBRARY.tables(conn, org_id)
    places = _Wanted(positions=set(), pools=[one.id for one in found], with_orders=True)
    return _unmoved(await _load_cuts(conn, org_id, (flows, shared), places), found)


async def load_stepping(conn: Connection, org_id: int, commands: Commands) -> cutting.CuttingState:
    """Held orders with their stock; and everybody who holds on their account, where a row of their flow may give that back."""
    asked: dict[uuid.UUID, set[str]] = {}
    for command in commands:
        asked.setdefault(driving.held_order_of(command.body), set()).add(driving.trigger_of(command.body))
    found = await store.find_held_orders(conn, org_id, asked, [])
    shared = await sessions.share_sessions(conn, org_id, {one.session_id for one in found})
    flows = await LIBRARY.tables(conn, org_id)
    told = any(
        stepping.needs_holders(flows.of(one.flow, one.flow_version), trigger)
        for one in found
        for trigger in asked[one.id]
    )
    wanted = _Wanted(positions=set(), pools=[one.id for one in found], with_orders=told)
    state = _unmoved(await _load_cuts(conn, org_id, (flows, shared), wanted), found)
    timers = [command.body for command in commands if isinstance(command.body, model.HeldOrderTimer)]
    if not timers:
        return state
    due = await pending.due(conn, org_id, [clocks.timer_id(one.id, one.trigger) for one in timers])
    return msgspec.structs.replace(state, held=msgspec.structs.replace(state.held, due=due))


async def load_completing(conn: Connection, org_id: int, commands: Commands) -> cutting.CuttingState:
    """The held orders of sessions; their shoppers' orders too where a last case may have to be cut."""
    ended = {command.body.session_id for command in commands}
    shared = await sessions.share_sessions(conn, org_id, ended)
    found = await store.find_held_orders(conn, org_id, [], ended)
    flows = await LIBRARY.tables(conn, org_id)
    relations = await parties.load_relations(conn, org_id, {one.hub_id for one in found}) if found else {}
    told = any(
        (relation := relations.get((one.hub_id, one.producer_id))) and relation.remainder == "round_down"
        for one in found
    ) or any(stepping.needs_holders(flows.of(one.flow, one.flow_version), "complete") for one in found)
    wanted = _Wanted(positions=set(), pools=[one.id for one in found], with_orders=told)
    return _unmoved(await _load_cuts(conn, org_id, (flows, shared), wanted), found)


def _unmoved(state: cutting.CuttingState, found: Sequence[model.HeldFound]) -> cutting.CuttingState:
    """What was loaded, unless a held order was moved to another version of its flow since it was looked at."""
    seen = {one.id: (one.flow, one.flow_version) for one in found}
    if any(seen.get(id_, now) != now for id_, now in _versions(state)):
        raise TryAgain("a held order was moved to another version of its flow in between")
    return state


def _versions(state: cutting.CuttingState) -> Iterator[tuple[uuid.UUID, tuple[str, int]]]:
    return ((held.id, (held.flow, held.flow_version)) for held in state.held.held.values())


# -- other versions of flows -----------------------------------------------------------------------------------


async def load_moving(conn: Connection, org_id: int, commands: Commands) -> rules_moving.MovingState:
    """The moves, and the held orders that come next in each; no stock is touched, so none is locked."""
    moves = await flows_store.load_moving(
        conn, org_id, {command.body.move_id for command in commands}, entity=LIBRARY.entity
    )
    flows = await LIBRARY.tables(conn, org_id)
    places = moving.places(moves.forth, flows)
    wanted = await store.to_be_moved(conn, org_id, moves.forth, places) if moves.forth else {}
    ids = {id_ for page in wanted.values() for id_ in page}
    ids |= {row.entity_id for rows in moves.back.values() for row in rows}
    found = await store.find_held_orders(conn, org_id, ids, []) if ids else []
    shared = await sessions.share_sessions(conn, org_id, {one.session_id for one in found})
    held = await _load_held(conn, org_id, sorted(ids), (flows, shared))
    names = {move.name for move in moves.moves.values()}
    if not held.calendars and any(flows.of(*one).given for one in flows.versions if one[0] in names):
        sides = {side for one in held.held.values() for side in (one.hub_id, one.producer_id)}
        enterprises = await parties.load_enterprises(conn, org_id, sides) if sides else {}
        held = msgspec.structs.replace(held, calendars=hours.by_enterprise(enterprises.values()))
    return rules_moving.MovingState(moves=moves, wanted=wanted, held=held)


async def load_following(conn: Connection, org_id: int, commands: Commands) -> stepping.HeldState:
    """The held orders of sessions, where a version of a flow of theirs waits for a time of the session."""
    wanted = {command.body.session_id for command in commands}
    flows = await LIBRARY.tables(conn, org_id)
    found = await store.find_held_orders(conn, org_id, [], wanted)
    waiting = [one.id for one in found if retiming.waits_for_session(flows.of(one.flow, one.flow_version))]
    shared = await sessions.share_sessions(conn, org_id, wanted) if waiting else {}
    return await _load_held(conn, org_id, sorted(waiting), (flows, shared))


async def write_moving(conn: Connection, org_id: int, writes: model.HeldOrdersMoved) -> None:
    """Stores held orders, what was done to each, and how far the moves are."""
    await store.write(conn, org_id, writes.held)
    await flows_store.write_moving(conn, org_id, writes.pages)


def _whole(handlers: Iterable[Handler[Any, Any]]) -> tuple[Handler[Any, Any], ...]:
    return tuple(consolidated(handler) for handler in handlers)


HANDLERS: tuple[Handler[Any, Any], ...] = (
    *_whole(orders.HANDLERS),
    Handler("wholesale.complete_session", model.CompleteSession, load_completing, closing.complete, write),
    Handler("wholesale.fulfil", model.FulfilHeldOrder, load_stepping, driving.step, write),
    Handler("wholesale.cancel", model.CancelHeldOrder, load_stepping, driving.step, write),
    Handler("wholesale.step", model.StepHeldOrder, load_stepping, driving.step, write),
    Handler("wholesale.timer", model.HeldOrderTimer, load_stepping, driving.step, write),
    Handler("wholesale.make_good", model.MakeHeldOrderGood, load_stepping, driving.step, write),
    Handler("wholesale.move", model.MoveHeldOrders, load_moving, rules_moving.move, write_moving),
    Handler("wholesale.follow_session", model.FollowSession, load_following, retiming.follow, write_moving),
    Handler("wholesale.lower_stock", model.LowerStock, load_lowering, cutting.lower, write),
    Handler("wholesale.short", model.ShortHeldOrder, load_shorting, shorting.short, write),
)
