"""Commands on orders → how they are carried out.

Locks are taken in the one order of the program (ADR 0010): sessions, positions, orders, held orders. What must be locked is found by
reading first; where it has changed until the locks were there, which only happens when the same order is changed twice at once, the
batch is run again.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from coster.domain.buying import store as buying
from coster.domain.catalog import store as catalog
from coster.domain.identity import store as identity
from coster.domain.inventory import store as inventory
from coster.domain.inventory.model import Hold
from coster.domain.orders import model, reads, store
from coster.domain.orders.rules import (
    approving,
    changing,
    copying,
    needing,
    placing,
    relocating,
    relocating_checkouts,
)
from coster.domain.orders.rules.fold import ChangingState
from coster.domain.orders.rules.shelf import PlacingState
from coster.domain.orders.rules.vocabulary import HOLDS, SUPPLY, VOCABULARY
from coster.domain.orders.rules.vocabulary_checkout import CHECKOUT
from coster.domain.parties import store as parties
from coster.domain.sessions import store as sessions
from coster.domain.sessions.model import Session
from coster.domain.sourcing.rules import Supply, session_pool
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.ask import Question, answer, ask, known
from coster.engine.db.connect import Connection
from coster.engine.flows import clocks, moving
from coster.engine.flows import store as flows_store
from coster.engine.flows.library import Library
from coster.engine.outbox import pending
from coster.engine.workflow import hours
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.tables import Tables
from coster.kernel import authority
from coster.kernel.authority import Authority
from coster.kernel.errors import TryAgain

_FLOWS = Path(__file__).parent / "flows"
LIBRARY = Library(VOCABULARY, _FLOWS)
CHECKOUTS = Library(CHECKOUT, _FLOWS)


async def load_placing(conn: Connection, org_id: int, commands: Commands) -> PlacingState:
    """All that placing these orders is decided on, in a fixed number of statements."""
    wanted, also = _placing_asked(org_id, commands)
    state, taken, shoppers, named = await _load_supply(conn, org_id, wanted, *also)
    found = {"taken": taken, "customers": shoppers, "centres": named}
    return PlacingState(**{**msgspec.structs.asdict(state), **found})


def foresee_placing(org_id: int, commands: Commands) -> Sequence[Question[Any]]:
    """What `load_placing` asks first; nothing where it locks a session before."""
    wanted, also = _placing_asked(org_id, commands)
    return () if wanted.sessions else (*_supply_asked(org_id, wanted, {}), *also)


def _placing_asked(org_id: int, commands: Commands) -> tuple[_Wanted, Sequence[Question[Any]]]:
    """What these orders want, and what is to be asked beside the supply of it."""
    bodies = [command.body for command in commands]
    wanted = _Wanted(
        sessions={body.session_id for body in bodies if body.session_id},
        items={line.item_id for body in bodies for line in body.lines},
        sellers={body.seller_id for body in bodies},
    )
    customers = {body.customer_id for body in bodies if body.customer_id}
    centres = {body.cost_centre_id for body in bodies if body.cost_centre_id}
    return wanted, (
        store.taken_asked(org_id, [(body.channel, body.reference) for body in bodies]),
        parties.customers_asked(org_id, customers),
        buying.centres_asked(org_id, centres),
    )


async def load_copying(conn: Connection, org_id: int, commands: Commands) -> copying.CopyingState:
    """Templates with their lines, and all that placing copies of them is decided on."""
    wanted = model.OrdersWanted(ids=[command.body.order_id for command in commands], limit=len(commands))
    found = {one.id: one for one in await reads.list_orders(conn, org_id, authority.SYSTEM, wanted)}
    lines = await store.lines_of(conn, org_id, found)
    wishes = {
        command.id: copying.wish(command.body, found[command.body.order_id], lines[command.body.order_id])
        for command in commands
        if command.body.order_id in found
    }
    placed = [replace(command, body=wishes[command.id]) for command in commands if command.id in wishes]
    state = await load_placing(conn, org_id, placed)
    # What a template wants never changes while it is one of the kinds that are copied, so it was read before stock was locked.
    templates = await store.lock_orders(conn, org_id, found)
    return copying.CopyingState(**{**msgspec.structs.asdict(state), "wishes": wishes, "templates": templates})


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
    number, items, enterprises, listings, relations, *answers = await ask(
        conn, org_id, *_supply_asked(org_id, wanted, shared), *also
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
    state = PlacingState(
        flows=await LIBRARY.at(conn, org_id, number), checkouts=await CHECKOUTS.at(conn, org_id, number),
        sessions=shared, listings=listings, enterprises=enterprises, customers={}, taken={},
        supply=Supply(items=items, relations=relations, places=places.by_item), positions=places.positions,
        pools=pools, pool_lines=pool_lines, remainders=[hold for hold in remainders if hold.position_id in locked],
    )  # fmt: skip
    return state, *answers


def _supply_asked(
    org_id: int, wanted: _Wanted, shared: Mapping[uuid.UUID, Session]
) -> Sequence[Question[Any]]:
    """The flows' number, goods, sellers, and what is listed and agreed in the sessions."""
    return (
        LIBRARY.asked(org_id),
        catalog.items_asked(org_id, wanted.items),
        parties.enterprises_asked(org_id, wanted.sellers),
        sessions.listings_asked(org_id, shared, wanted.items),
        parties.relations_asked(org_id, wanted.sellers) if shared else known({}),
    )


async def load_changing(conn: Connection, org_id: int, commands: Commands) -> ChangingState:
    """Locked orders, with as much around them as what their flows may do now needs; in a fixed number of statements."""
    triggers: dict[uuid.UUID, set[str]] = {}
    for command in commands:
        body = command.body
        triggers.setdefault(changing.order_of(body), set()).add(changing.trigger_of(body))
    return await _load(conn, org_id, triggers, commands)


def foresee_changing(org_id: int, commands: Commands) -> Sequence[Question[Any]]:
    """What `load_changing` asks first."""
    ids = dict.fromkeys(changing.order_of(command.body) for command in commands)
    return _changing_asked(org_id, ids)


def _changing_asked(org_id: int, ids: Iterable[uuid.UUID]) -> Sequence[Question[Any]]:
    """What is known of orders before they are locked, and the flows' number."""
    return store.firm_asked(org_id, ids), LIBRARY.asked(org_id)


async def load_expiring(conn: Connection, org_id: int, commands: Commands) -> ChangingState:
    """The same for every order of some sessions whose checkout is still running."""
    wanted = {command.body.session_id for command in commands}
    found = await store.unfinished_of_sessions(conn, org_id, wanted)
    return await _load(conn, org_id, {id_: {"expire_checkout"} for id_ in found}, ())


async def _load(
    conn: Connection, org_id: int, triggers: Mapping[uuid.UUID, set[str]], commands: Commands
) -> ChangingState:
    """What is known before anything is locked says what has to be: nothing but the orders, their stock, or all stock of their items."""
    firm, number = await ask(conn, org_id, *_changing_asked(org_id, triggers))
    flows, checkouts = await LIBRARY.at(conn, org_id, number), await CHECKOUTS.at(conn, org_id, number)
    calendars = await _calendars(conn, org_id, firm, (flows, checkouts))
    found = _Found(ids=set(triggers), firm=firm, flows=flows, checkouts=checkouts, calendars=calendars)
    needs = needing.needs(firm, triggers, flows, checkouts)
    if SUPPLY in needs:
        state = await _with_supply(conn, org_id, found, commands)
    elif HOLDS in needs:
        state = await _with_holds(conn, org_id, found)
    else:
        state = await _bare(conn, org_id, found, with_sessions=needing.SESSION in needs)
    timers = [command.body for command in commands if isinstance(command.body, model.OrderTimer)]
    if timers:
        due = await pending.due(conn, org_id, [clocks.timer_id(one.id, one.trigger) for one in timers])
        state = msgspec.structs.replace(state, due=due)
    if approving.APPROVERS in needs:
        state = msgspec.structs.replace(state, approvers=await _approvers(conn, org_id, commands))
    centres = {one.cost_centre_id for one in firm.values() if one.cost_centre_id}
    if centres and approving.CENTRE in needs:
        named = await answer(conn, org_id, buying.centres_asked(org_id, centres))
        state = msgspec.structs.replace(state, centres=named)
    if any(
        state.orders[id_].flow_version != one.flow_version for id_, one in firm.items() if id_ in state.orders
    ):
        raise TryAgain("an order was moved to another version of its flow in between")
    return state


async def _approvers(conn: Connection, org_id: int, commands: Commands) -> dict[uuid.UUID, Authority]:
    """What the keys may do that events name in `to`."""
    asked: dict[uuid.UUID, dt.datetime] = {}
    for command in commands:
        try:
            asked[uuid.UUID(str(getattr(command.body, "attributes", {}).get("to")))] = command.at
        except ValueError:
            continue
    if not asked:
        return {}
    found: dict[uuid.UUID, Authority] = await answer(conn, org_id, identity.authorities_asked(org_id, asked))
    return found


async def _calendars(
    conn: Connection, org_id: int, firm: Mapping[uuid.UUID, model.Firm], known: tuple[Tables, Tables]
) -> dict[uuid.UUID, Calendar]:
    """The opening hours of the sellers, where the flow of an order counts in them; elsewhere nothing is asked."""
    flows, checkouts = known
    wanted = {one.seller_id for one in firm.values() if needing.counts_in_hours(one, flows, checkouts)}
    if not wanted:
        return {}
    return hours.by_enterprise((await parties.load_enterprises(conn, org_id, wanted)).values())


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """Orders that are to be locked, what is known of them before, and the flows as they are now."""

    ids: set[uuid.UUID]
    firm: Mapping[uuid.UUID, model.Firm]
    flows: Tables
    checkouts: Tables
    calendars: Mapping[uuid.UUID, Calendar]

    @property
    def sessions(self) -> set[uuid.UUID]:
        """The sessions that they belong to."""
        return {one.session_id for one in self.firm.values() if one.session_id}


async def _bare(conn: Connection, org_id: int, found: _Found, *, with_sessions: bool) -> ChangingState:
    """Orders whose stock is not touched, so none is locked."""
    shared = (
        await sessions.share_sessions(conn, org_id, found.sessions)
        if with_sessions and found.sessions
        else {}
    )
    orders = await store.lock_orders(conn, org_id, found.ids)
    lines = await store.lines_of(conn, org_id, orders)
    return ChangingState(
        flows=found.flows,
        checkouts=found.checkouts,
        orders=orders,
        lines=lines,
        sessions=shared,
        positions=[],
        holds=[],
        pools=[],
        pool_lines=[],
        calendars=found.calendars,
    )


async def _with_holds(conn: Connection, org_id: int, found: _Found) -> ChangingState:
    """Orders with what they hold, and the stock under it."""
    ids = found.ids
    shared = await sessions.share_sessions(conn, org_id, found.sessions) if found.sessions else {}
    before = await inventory.holds_of(conn, org_id, ids)
    positions = await inventory.lock_positions(conn, org_id, {hold.position_id for hold in before})
    orders, lines, holds = await _lock_orders(conn, org_id, ids, {position.id for position in positions})
    pools = {hold.pool_id for hold in holds if hold.pool_id}
    pool_lines = await inventory.pool_lines(conn, org_id, pools) if pools else []
    locked = {position.id for position in positions}
    remainders = await inventory.holds_of(conn, org_id, pools) if pools else []
    return ChangingState(
        flows=found.flows, checkouts=found.checkouts, orders=orders, lines=lines, sessions=shared, positions=positions,
        holds=holds + [hold for hold in remainders if hold.position_id in locked], pools=list(pools), calendars=found.calendars,
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


async def _with_supply(conn: Connection, org_id: int, found: _Found, commands: Commands) -> ChangingState:
    """As `_with_holds`, with everything that placing more needs: all places of the items are locked at once, in key order."""
    ids = found.ids
    before = await store.lines_of(conn, org_id, ids)
    pools = {hold.pool_id for hold in await inventory.holds_of(conn, org_id, ids) if hold.pool_id}
    changes = [change for command in commands for change in getattr(command.body, "lines", ())]
    items = {change.item_id for change in changes if change.item_id}
    items |= {line.item_id for of_order in before.values() for line in of_order}
    wanted = _Wanted(
        sessions=found.sessions,
        items=items,
        sellers={one.seller_id for one in found.firm.values()},
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
    return ChangingState(
        flows=found.flows, checkouts=found.checkouts, orders=orders, lines=lines, sessions=supply.sessions, positions=supply.positions,
        holds=holds + supply.remainders, pools=[*supply.pools, *singles],
        pool_lines=supply.pool_lines + [line for line in emptied if line.position_id in locked], placing=supply, calendars=found.calendars,
    )  # fmt: skip


async def load_moving(conn: Connection, org_id: int, commands: Commands) -> relocating.MovingState:
    """The moves, and the orders that come next in each; no stock is touched, so none is locked."""
    moves = await flows_store.load_moving(
        conn, org_id, {command.body.move_id for command in commands}, entity=LIBRARY.entity
    )
    flows = await LIBRARY.tables(conn, org_id)
    checkouts = await CHECKOUTS.at(conn, org_id, flows.mark)
    places = moving.places(moves.forth, flows)
    wanted = await store.to_be_moved(conn, org_id, moves.forth, places) if moves.forth else {}
    ids = {id_ for page in wanted.values() for id_ in page}
    ids |= {row.entity_id for rows in moves.back.values() for row in rows}
    orders = await store.lock_orders(conn, org_id, ids) if ids else {}
    return await _moving(conn, org_id, (flows, checkouts), (moves, wanted, orders))


async def load_moving_checkouts(conn: Connection, org_id: int, commands: Commands) -> relocating.MovingState:
    """The same for checkouts, which live in the rows of orders."""
    moves = await flows_store.load_moving(
        conn, org_id, {command.body.move_id for command in commands}, entity=CHECKOUTS.entity
    )
    flows = await LIBRARY.tables(conn, org_id)
    checkouts = await CHECKOUTS.at(conn, org_id, flows.mark)
    places = moving.places(moves.forth, checkouts)
    wanted = await store.checkouts_to_be_moved(conn, org_id, moves.forth, places) if moves.forth else {}
    ids = {id_ for page in wanted.values() for id_ in page}
    ids |= {row.entity_id for rows in moves.back.values() for row in rows}
    orders = await store.lock_orders(conn, org_id, ids) if ids else {}
    since = await store.checkouts_entered(conn, org_id, orders) if orders else {}
    state = await _moving(conn, org_id, (flows, checkouts), (moves, wanted, orders))
    return msgspec.structs.replace(state, since=since)


_Page: TypeAlias = (
    "tuple[moving.Moving, Mapping[uuid.UUID, Sequence[uuid.UUID]], dict[uuid.UUID, model.Order]]"
)


async def _moving(
    conn: Connection, org_id: int, known: tuple[Tables, Tables], page: _Page
) -> relocating.MovingState:
    """What moving is decided on, with the opening hours of the sellers where a version of one of the flows counts in them."""
    (flows, checkouts), (moves, wanted, orders) = known, page
    names = {move.name for move in moves.moves.values()}
    given = any(
        tables.of(name, version).given
        for tables in known
        for name, version in tables.versions
        if name in names
    )
    sellers = {order.seller_id for order in orders.values()} if given else set()
    found = await parties.load_enterprises(conn, org_id, sellers) if sellers else {}
    return relocating.MovingState(
        flows=flows, checkouts=checkouts, moves=moves, wanted=wanted, orders=orders,
        calendars=hours.by_enterprise(found.values()),
    )  # fmt: skip


async def write(conn: Connection, org_id: int, writes: model.OrderWrites) -> None:
    """Stores stock, whose guard is asked first, and orders."""
    await inventory.write(conn, org_id, writes.stock)
    await store.write(conn, org_id, writes)
    if writes.pages:
        await flows_store.write_moving(conn, org_id, writes.pages)


PLACE = Handler("orders.place", model.PlaceOrder, load_placing, placing.place, write, foresee=foresee_placing)


def _changing(kind: str, body: type) -> Handler[Any, Any]:
    return Handler(kind, body, load_changing, changing.change_orders, write, foresee=foresee_changing)


HANDLERS: tuple[Handler[Any, Any], ...] = (
    PLACE,
    _changing("orders.complete_checkout", model.CompleteCheckout),
    _changing("orders.fail_checkout", model.FailCheckout),
    _changing("orders.expire_checkout", model.ExpireCheckout),
    _changing("orders.cancel", model.CancelOrder),
    _changing("orders.change", model.ChangeOrder),
    _changing("orders.comment", model.AddComment),
    _changing("orders.step", model.StepOrder),
    _changing("orders.timer", model.OrderTimer),
    _changing("orders.make_good", model.MakeOrderGood),
    _changing("orders.hear", model.HearOrder),
    Handler(copying.COPY, model.CopyOrder, load_copying, copying.copy, write),
    Handler("orders.move", model.MoveOrders, load_moving, relocating.move, write),
    Handler(
        "orders.move_checkouts",
        model.MoveCheckouts,
        load_moving_checkouts,
        relocating_checkouts.move,
        write,
    ),
    Handler("orders.expire_session", model.ExpireSession, load_expiring, changing.expire_session, write),
)
