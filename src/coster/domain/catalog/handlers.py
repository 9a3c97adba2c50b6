"""Which command of the catalogue is loaded for, decided and written by what."""

from __future__ import annotations

from typing import Any

from coster.domain.catalog import rules, store
from coster.domain.catalog.model import (
    CatalogState,
    CatalogWrites,
    DetailsState,
    PutDetails,
    PutItem,
    VersionedDetails,
)
from coster.domain.parties import store as parties_store
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.connect import Connection


async def load(conn: Connection, org_id: int, commands: Commands) -> CatalogState:
    """What deciding about these items needs; five statements, the items locked first."""
    items, parts = await store.lock_items(conn, org_id, commands)
    owners = {c.body.owner_id for c in commands}
    relations = await parties_store.load_relations(conn, org_id, owners)
    return CatalogState(
        items=items,
        parts=parts,
        skus=await store.load_skus(conn, org_id, commands),
        owners=frozenset(await parties_store.load_enterprises(conn, org_id, owners)),
        suppliers=frozenset(pair for pair, relation in relations.items() if relation.active),
    )


PUT_ITEM: Handler[CatalogState, CatalogWrites] = Handler(
    kind="catalog.put_item", body=PutItem, load=load, decide=rules.put_items, write=store.put_items
)
PUT_DETAILS: Handler[DetailsState, list[VersionedDetails]] = Handler(
    kind="catalog.put_details",
    body=PutDetails,
    load=store.lock_details,
    decide=rules.put_details,
    write=store.put_details,
)
HANDLERS: tuple[Handler[Any, Any], ...] = (PUT_ITEM, PUT_DETAILS)
