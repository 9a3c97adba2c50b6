"""Items with their units and components: loaded for deciding, and stored. Nobody but handlers calls this."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

import msgspec

from coster.domain.catalog.model import (
    CatalogWrites,
    Details,
    DetailsState,
    Item,
    ItemKey,
    SalesUnit,
    VersionedDetails,
    VersionedItem,
    with_stock_unit,
)
from coster.engine.batch.handler import Commands
from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows, answer
from coster.engine.db.columns import column
from coster.engine.db.connect import Connection

_q = sql.load(__file__)


async def load_items(conn: Connection, org_id: int, item_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Item]:
    """Those of these items that exist, and the components of the kits among them, by id; no locks.

    One statement, and another one where kits are among them.
    """
    return await with_parts(conn, org_id, await answer(conn, org_id, items_asked(org_id, item_ids)))


def items_asked(org_id: int, item_ids: Iterable[uuid.UUID]) -> Question[dict[uuid.UUID, Item]]:
    """Those of these items that exist, by id, without the components of kits (see `with_parts`)."""
    return Question(_q.load_items, {"org_id": org_id, "ids": list(item_ids)}, _read_items)


async def with_parts(conn: Connection, org_id: int, items: dict[uuid.UUID, Item]) -> dict[uuid.UUID, Item]:
    """These items and the components of the kits among them; one statement, none where there is no kit."""
    parts = {part.item_id for item in items.values() for part in item.components} - items.keys()
    return items | await answer(conn, org_id, items_asked(org_id, parts)) if parts else items


def _read_items(rows: Rows) -> dict[uuid.UUID, Item]:
    for row in rows:
        units = msgspec.convert(row["units"] or (), tuple[SalesUnit, ...])
        row["units"] = with_stock_unit(row["stock_unit"], units)
        row["components"] = row["components"] or ()
    return {item.id: item for item in msgspec.convert(rows, list[Item])}


async def load_owners(
    conn: Connection, org_id: int, item_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """Whose these items are, of those that exist, by id; one statement, no locks."""
    rows = await _q.load_owners(conn, org_id=org_id, ids=column(list(item_ids)))
    return {row["id"]: row["owner_id"] for row in rows}


async def lock_items(
    conn: Connection, org_id: int, commands: Commands
) -> tuple[dict[uuid.UUID, ItemKey], frozenset[tuple[uuid.UUID, uuid.UUID]]]:
    """The items and components that the commands name, by id, and all pairs of kit and component with one of them.

    They are locked in the order of their ids. Components are locked as well, so that nobody makes a kit of one
    while it becomes a part of another.
    """
    named = {c.body.item_id for c in commands} | {
        part.item_id for c in commands for part in c.body.components
    }
    ids = list(named)
    items = {row["id"]: ItemKey(**row) for row in await _q.lock_items(conn, org_id=org_id, ids=ids)}
    pairs = await _q.load_parts(conn, org_id=org_id, ids=ids)
    return items, frozenset((row["kit_id"], row["item_id"]) for row in pairs)


async def load_skus(
    conn: Connection, org_id: int, commands: Commands
) -> dict[tuple[uuid.UUID, str], uuid.UUID]:
    """Which items have the SKUs that the commands want, by owner and SKU; one statement."""
    wanted = list({(c.body.owner_id, c.body.sku) for c in commands})
    rows = await _q.load_skus(
        conn, org_id=org_id, owner_ids=[owner for owner, _ in wanted], skus=[sku for _, sku in wanted]
    )
    return {(row["owner_id"], row["sku"]): row["id"] for row in rows}


async def put_items(conn: Connection, org_id: int, writes: CatalogWrites) -> None:
    """Stores items and replaces their units and components; at most six statements."""
    if not writes.items:
        return
    rows = sorted(writes.items, key=lambda item: item.id)
    if writes.renamed:
        # Items that swap their SKUs would meet half way; what no SKU may hold keeps them apart.
        await _q.free_skus(
            conn, org_id=org_id, ids=writes.renamed, skus=[f"\x01{id_}" for id_ in writes.renamed]
        )
    await _put_rows(conn, org_id, rows)
    ids = [item.id for item in rows]
    await _q.delete_units(conn, org_id=org_id, ids=ids)
    await _q.delete_components(conn, org_id=org_id, ids=ids)
    if units := [(item.id, unit) for item in rows for unit in item.units.values()]:
        await _q.insert_units(
            conn,
            org_id=org_id,
            item_ids=[id_ for id_, _ in units],
            codes=[unit.code for _, unit in units],
            nums=[unit.num for _, unit in units],
            dens=[unit.den for _, unit in units],
            prices=[unit.price_micros for _, unit in units],
        )
    if parts := [(item.id, part) for item in rows for part in item.components]:
        await _q.insert_components(
            conn,
            org_id=org_id,
            kit_ids=[id_ for id_, _ in parts],
            item_ids=[part.item_id for _, part in parts],
            quantities=[part.quantity for _, part in parts],
        )


async def _put_rows(conn: Connection, org_id: int, rows: list[VersionedItem]) -> None:
    await _q.put_items(
        conn,
        org_id=org_id,
        ids=[i.id for i in rows],
        owner_ids=[i.owner_id for i in rows],
        skus=[i.sku for i in rows],
        names=[i.name for i in rows],
        products=[i.product for i in rows],
        stock_units=[i.stock_unit for i in rows],
        weights=[i.weight_mg for i in rows],
        prices=[i.price_micros for i in rows],
        mins=[i.min_quantity for i in rows],
        maxes=[i.max_quantity for i in rows],
        multiples=[i.multiple_quantity for i in rows],
        cases=[i.case_quantity for i in rows],
        tracked=[i.tracked for i in rows],
        buyable=[i.buyable for i in rows],
        kits=[bool(i.components) for i in rows],
        versions=[i.version for i in rows],
    )


async def lock_details(conn: Connection, org_id: int, commands: Commands) -> DetailsState:
    """What is told of the items that the commands name; the items are locked, so that nobody says anything else meanwhile."""
    ids = list({command.body.item_id for command in commands})
    owners = {row["id"]: row["owner_id"] for row in await _q.lock_items(conn, org_id=org_id, ids=ids)}
    return DetailsState(owners=owners, details=await load_details(conn, org_id, ids))


async def load_details(
    conn: Connection, org_id: int, item_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, VersionedDetails]:
    """What is told of these items, of those of which anything is, by id; one statement."""
    rows = await _q.load_details(conn, org_id=org_id, ids=list(item_ids))
    return {
        row["item_id"]: VersionedDetails(
            item_id=row["item_id"], details=msgspec.convert(row["details"], Details), version=row["version"]
        )
        for row in rows
    }


async def put_details(conn: Connection, org_id: int, told: Sequence[VersionedDetails]) -> None:
    """Stores what is told of items; one statement."""
    if told:
        await _q.put_details(conn, org_id=org_id, rows=sorted(told, key=lambda one: one.item_id))
