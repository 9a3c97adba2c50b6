"""Commands on stock → how they are carried out."""

from __future__ import annotations

from typing import Any

from coster.domain.catalog import store as catalog
from coster.domain.inventory import model, store
from coster.domain.inventory.rules import moving
from coster.domain.inventory.rules.holding import position_id
from coster.domain.parties import store as parties
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.connect import Connection


async def load_stock(conn: Connection, org_id: int, commands: Commands) -> moving.StockState:
    """Places, items and locked positions; for counts also what came and went after their instants."""
    bodies = [body for command in commands for body in _movements(command.body)]
    transfers = [body for body in bodies if isinstance(body, model.TransferStock)]
    plain = [body for body in bodies if not isinstance(body, model.TransferStock)]
    # Lists, since the database minds no repeats, and thousands of ids are not hashed for nothing.
    places = [(body.item_id, body.location_id, body.lot) for body in plain]
    places += [(body.item_id, body.from_location_id, body.lot) for body in transfers]
    places += [(body.item_id, body.to_location_id, body.lot) for body in transfers]
    ids = [position_id(*place) for place in places]
    owners = await catalog.load_owners(conn, org_id, [item for item, *_ in places])
    locations = await store.load_locations(conn, org_id, {location for _, location, _ in places})
    positions = await store.lock_positions(conn, org_id, ids)
    instants = [body.as_of for body in bodies if isinstance(body, model.CountStock) and body.as_of]
    later = await store.later_changes(conn, org_id, ids, min(instants)) if instants else []
    return moving.StockState(
        locations=locations,
        owners=owners,
        positions=positions,
        later=later,
    )


def _movements(body: Any) -> list[Any]:
    """What a command moves, one by one."""
    return body.counts if isinstance(body, model.CountSheet) else [body]


async def load_locations(conn: Connection, org_id: int, commands: Commands) -> moving.LocationState:
    """The places that are named, and the enterprises that are to have them."""
    return moving.LocationState(
        enterprises=frozenset(
            await parties.load_enterprises(conn, org_id, {c.body.enterprise_id for c in commands})
        ),
        locations=await store.lock_locations(conn, org_id, {c.body.location_id for c in commands}),
    )


HANDLERS: tuple[Handler[Any, Any], ...] = (
    Handler(
        "inventory.put_location", model.PutLocation, load_locations, moving.put_location, store.put_locations
    ),
    Handler("inventory.adjust", model.AdjustStock, load_stock, moving.adjust, store.write),
    Handler("inventory.count", model.CountStock, load_stock, moving.count, store.write),
    Handler(
        "inventory.count_sheet",
        model.CountSheet,
        load_stock,
        moving.count_sheet,
        store.write_counts,
        whole=True,
    ),
    Handler("inventory.transfer", model.TransferStock, load_stock, moving.transfer, store.write),
)
