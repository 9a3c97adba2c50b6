"""Questions about items. Whoever asks sees the items of its own enterprises, and of those that supply them.

Lists are ordered by id; `after` is the last id seen, and at most `limit` come back.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from coster.domain.catalog.model import (
    Component,
    Details,
    ItemsWanted,
    SalesUnit,
    VersionedDetails,
    VersionedItem,
    with_stock_unit,
)
from coster.domain.parties import reads as parties_reads
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel.authority import Authority

_q = sql.load(__file__)
_ANY: Final = ItemsWanted()


async def list_items(
    conn: Connection, org_id: int, authority: Authority, wanted: ItemsWanted = _ANY
) -> list[VersionedItem]:
    """The items that the asker may see, with their units (the stock unit among them) and components."""
    owners = await visible_owners(conn, org_id, authority)
    given = msgspec.structs.asdict(wanted)
    after, before, backwards = (given.pop(name) for name in ("after", "before", "backwards"))
    chosen = given.pop("owners")
    if chosen is not None:
        owners = chosen if owners is None else [one for one in chosen if one in owners]
    if backwards:
        rows = await _q.list_items_backwards(conn, org_id=org_id, owners=owners, before=before, **given)
    else:
        rows = await _q.list_items(conn, org_id=org_id, owners=owners, after=after, **given)
    return await _whole(conn, org_id, rows)


async def get_item(
    conn: Connection, org_id: int, authority: Authority, item_id: uuid.UUID
) -> VersionedItem | None:
    """One item; None where it does not exist or the asker may not see it."""
    found = await list_items(conn, org_id, authority, ItemsWanted(ids=[item_id], limit=1))
    return found[0] if found else None


async def details(
    conn: Connection, org_id: int, items: Collection[VersionedItem]
) -> dict[uuid.UUID, VersionedDetails]:
    """What is told of these items (which the asker has been shown), of those of which anything is, by id; one statement."""
    rows = await _q.load_details(conn, org_id=org_id, ids=[item.id for item in items])
    return {
        row["item_id"]: VersionedDetails(
            item_id=row["item_id"], details=msgspec.convert(row["details"], Details), version=row["version"]
        )
        for row in rows
    }


async def find_skus(
    conn: Connection, org_id: int, authority: Authority, wanted: Collection[tuple[uuid.UUID, str]]
) -> dict[tuple[uuid.UUID, str], uuid.UUID]:
    """The ids of those of these items that exist and that the asker may see, by owner and SKU."""
    owners = await visible_owners(conn, org_id, authority)
    asked = [one for one in wanted if owners is None or one[0] in owners]
    rows = await _q.load_skus(
        conn, org_id=org_id, owner_ids=[owner for owner, _ in asked], skus=[sku for _, sku in asked]
    )
    return {(row["owner_id"], row["sku"]): row["id"] for row in rows}


async def visible_owners(conn: Connection, org_id: int, authority: Authority) -> list[uuid.UUID] | None:
    """Whose items the asker may see: its own enterprises' and their suppliers'; None: everybody's."""
    scope = authority.scope("items:read")
    if scope is None:
        return None
    return list(scope | await parties_reads.suppliers(conn, org_id, scope))


async def _whole(conn: Connection, org_id: int, rows: Sequence[Mapping[str, Any]]) -> list[VersionedItem]:
    ids = [row["id"] for row in rows]
    units: dict[uuid.UUID, list[SalesUnit]] = {}
    for row in await _q.load_units(conn, org_id=org_id, ids=ids):
        unit = SalesUnit(code=row["code"], num=row["num"], den=row["den"], price_micros=row["price_micros"])
        units.setdefault(row["item_id"], []).append(unit)
    components: dict[uuid.UUID, list[Component]] = {}
    for row in await _q.load_components(conn, org_id=org_id, ids=ids):
        part = Component(item_id=row["item_id"], quantity=row["quantity"])
        components.setdefault(row["kit_id"], []).append(part)
    return [
        VersionedItem(
            **row,
            units=with_stock_unit(row["stock_unit"], units.get(row["id"], ())),
            components=tuple(components.get(row["id"], ())),
        )
        for row in rows
    ]
