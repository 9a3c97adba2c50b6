"""Commands on orders from other platforms → how they are carried out: by the rooms below, for whoever may order at that moment."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from coster.domain.orders import handlers as orders
from coster.domain.orders.model import ReplaceLines
from coster.domain.orders.rules import changing
from coster.domain.orders.rules import placing as orders_placing
from coster.domain.orders.rules.fold import ChangingState
from coster.domain.parties import store as parties
from coster.domain.parties.model import PutRelation, RelationsState, VersionedRelation
from coster.domain.sessions import handlers as sessions_handlers
from coster.domain.sessions import store as sessions
from coster.domain.sessions.model import SessionsState
from coster.domain.sessions.rules import life
from coster.domain.supplying import model, store
from coster.domain.supplying.rules import opening, permitting, placing, stopping
from coster.domain.wholesale import handlers as wholesale
from coster.domain.wholesale.rules import closing
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.connect import Connection


async def load_opening(conn: Connection, org_id: int, commands: Commands) -> model.SupplyState:
    """The producers, locked first; then what there is of their hubs there, relations, sessions and orders."""
    bodies = [command.body for command in commands]
    hubs = {body.hub_id for body in bodies}
    named = sorted(opening.producers(commands))
    locked = await parties.lock_enterprise_ids(conn, org_id, named)
    others = await parties.load_enterprises(conn, org_id, hubs - locked.keys())
    relations = await parties.load_relations(conn, org_id, hubs)
    found = await sessions.lock_sessions(conn, org_id, {body.session_id for body in bodies})
    return model.SupplyState(
        relations=RelationsState(
            enterprises={**others, **locked},
            relations={
                pair: VersionedRelation(
                    **{name: getattr(one, name) for name in one.__struct_fields__}, version=0
                )
                for pair, one in relations.items()
            },
        ),
        sessions=SessionsState(sessions=found),
        counterparts=await store.load_counterparts(conn, org_id, hubs),
        bindings=await store.load_bindings(
            conn, org_id, {body.held_order_id for body in bodies if body.held_order_id}
        ),
    )


async def write_opening(conn: Connection, org_id: int, writes: model.SupplyWrites) -> None:
    """Stores what each room owns, in the order in which the tables refer to each other."""
    await parties.put_enterprises(conn, org_id, writes.enterprises)
    await parties.put_relations(conn, org_id, writes.relations)
    await sessions.write(conn, org_id, writes.sessions)
    await store.write(conn, org_id, writes)


async def load_placing(conn: Connection, org_id: int, commands: Commands) -> Any:
    """What placing the orders is decided on that these commands come to."""
    placed = [dataclasses.replace(command, body=placing.order_of(command.body)) for command in commands]
    return await orders.load_placing(conn, org_id, placed)


def stop(state: Any, producers: Collection[uuid.UUID]) -> Any:
    """What PLACE and REPLACE have loaded, where none of these producers supplies anybody any more."""
    within = stopping.changing if isinstance(state.orders, ChangingState) else stopping.placing
    return msgspec.structs.replace(state, orders=within(state.orders, producers))


def knowing_hubs_elsewhere(handlers: Iterable[Handler[Any, Any]]) -> tuple[Handler[Any, Any], ...]:
    """Handlers of the parties' room, of which the one of relations knows which of the hubs are on another platform, where one is to have a
    held order for each order.
    """

    def over(inner: Handler[Any, Any]) -> Handler[Any, Any]:
        async def load(conn: Connection, org_id: int, commands: Commands) -> Any:
            state = await inner.load(conn, org_id, commands)
            hubs = {one.body.hub_id for one in commands if one.body.consolidation == "per_order"}
            found = await store.load_counterparts(conn, org_id, hubs) if hubs else {}
            return msgspec.structs.replace(state, hubs_elsewhere=frozenset(found))

        return dataclasses.replace(inner, load=load)

    return tuple(over(one) if one.body is PutRelation else one for one in handlers)


PLACE: Handler[Any, Any] = wholesale.consolidated(
    Handler(
        "supplying.place",
        model.PlaceSupplied,
        load_placing,
        permitting.only_permitted(orders_placing.place, placing.order_of),
        orders.write,
    )
)
REPLACE: Handler[Any, Any] = wholesale.consolidated(
    Handler(
        "supplying.replace",
        ReplaceLines,
        orders.load_changing,
        permitting.only_permitted(changing.change_orders),
        orders.write,
        foresee=orders.foresee_changing,
    )
)
HANDLERS: tuple[Handler[Any, Any], ...] = (
    Handler("supplying.open", model.OpenSupply, load_opening, opening.open_supply, write_opening),
    PLACE,
    REPLACE,
    Handler(
        "supplying.complete",
        model.CompleteSupply,
        wholesale.load_completing,
        permitting.only_permitted(closing.complete),
        wholesale.write,
    ),
    Handler(
        "supplying.end",
        model.EndSupply,
        sessions_handlers.load_following,
        permitting.only_permitted(life.end),
        sessions.write,
    ),
)
