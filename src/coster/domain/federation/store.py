"""Connections, suppliers and their products: loaded for deciding, and stored. Nobody but handlers calls this."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from coster.domain.federation.model import (
    Candidate,
    Concerned,
    KnownItem,
    Peer,
    RemoteItem,
    Supplier,
)
from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows
from coster.engine.db.connect import Connection, Database

_q = sql.load(__file__)


async def lock_peers(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Peer]:
    """Those of these connections that exist, locked in the order of their ids."""
    rows = await _q.lock_peers(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: msgspec.convert(dict(row), Peer) for row in rows}


async def needed_peers(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Those of these connections that suppliers depend on."""
    return frozenset(row["peer_id"] for row in await _q.needed_peers(conn, org_id=org_id, ids=list(ids)))


async def put_peers(conn: Connection, org_id: int, peers: Sequence[Peer]) -> None:
    """Stores connections; one statement, or none for none."""
    if not peers:
        return
    rows = [
        {
            **msgspec.structs.asdict(peer),
            "secret_salt": peer.secret_salt.hex(),
            "secret_box": peer.secret_box.hex(),
        }
        for peer in sorted(peers, key=lambda peer: peer.id)
    ]
    await _q.put_peers(conn, org_id=org_id, rows=rows)


async def lock_suppliers(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID], iris: Iterable[str] = ()
) -> dict[uuid.UUID, Supplier]:
    """Suppliers by who stands for them, or by their IRI, locked in the order of the former."""
    rows = await _q.lock_suppliers(conn, org_id=org_id, ids=list(ids), iris=list(iris))
    return {row["producer_id"]: msgspec.convert(dict(row), Supplier) for row in rows}


async def put_suppliers(conn: Connection, org_id: int, suppliers: Sequence[Supplier]) -> None:
    """Stores suppliers; one statement, or none for none."""
    if suppliers:
        rows = sorted(suppliers, key=lambda one: one.producer_id)
        await _q.put_suppliers(conn, org_id=org_id, rows=rows)


async def known_items(
    conn: Connection, org_id: int, producer_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, list[KnownItem]]:
    """What is known of the catalogues of these suppliers; one statement, no locks: the supplier's row is the lock."""
    found: dict[uuid.UUID, list[KnownItem]] = {}
    for row in await _q.known_items(conn, org_id=org_id, ids=list(producer_ids)):
        values = dict(row)
        found.setdefault(values.pop("producer_id"), []).append(KnownItem(**values))
    return found


async def lock_remote_items(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID], item_ids: Iterable[uuid.UUID] = ()
) -> dict[uuid.UUID, RemoteItem]:
    """Products by id, or by the item that stands for them, locked in the order of their ids."""
    rows = await _q.lock_remote_items(conn, org_id=org_id, ids=list(ids), item_ids=list(item_ids))
    return {row["id"]: msgspec.convert(dict(row), RemoteItem) for row in rows}


async def load_candidates(
    conn: Connection,
    org_id: int,
    producer_ids: Iterable[uuid.UUID],
    skus: Iterable[str],
    names: Iterable[str],
) -> dict[uuid.UUID, list[Candidate]]:
    """Items of these suppliers with one of the SKUs or names, by supplier; `names` in small letters."""
    found: dict[uuid.UUID, list[Candidate]] = {}
    for row in await _q.load_candidates(
        conn, org_id=org_id, ids=list(producer_ids), skus=list(skus), names=list(names)
    ):
        values = dict(row)
        found.setdefault(values.pop("owner_id"), []).append(Candidate(**values))
    return found


async def concerned(
    conn: Connection, org_id: int, item_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Concerned]:
    """Who still wants these items: two statements, none for none."""
    if not item_ids:
        return {}
    sessions: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in await _q.listed_in(conn, org_id=org_id, ids=list(item_ids)):
        sessions.setdefault(row["item_id"], []).append(row["session_id"])
    held: dict[uuid.UUID, list[tuple[uuid.UUID, int]]] = {}
    for row in await _q.held_on(conn, org_id=org_id, ids=list(item_ids)):
        held.setdefault(row["item_id"], []).append((row["pool_id"], row["quantity"]))
    return {
        id_: Concerned(sessions=tuple(sessions.get(id_, ())), held=tuple(held.get(id_, ())))
        for id_ in sessions.keys() | held.keys()
    }


async def put_remote_items(conn: Connection, org_id: int, rows: Sequence[RemoteItem]) -> None:
    """Stores products; one statement, or none for none. One that loses its item comes before one that gets it."""
    if rows:
        ordered = sorted(rows, key=lambda row: (row.item_id is not None, row.id))
        await _q.put_remote_items(conn, org_id=org_id, rows=[_row(one) for one in ordered])


def _row(item: RemoteItem) -> dict[str, Any]:
    offered = item.offered
    return {
        "id": item.id,
        "producer_id": item.producer_id,
        "item_id": item.item_id,
        "status": item.status,
        "proposed_id": item.proposed_id,
        "fault": item.fault,
        "source": offered.product,
        "product": offered.ordered,
        "offer": offered.offer,
        "numerator": offered.num,
        "denominator": offered.den,
        "step": offered.step,
        "stock_kind": offered.stock_kind,
        "stock": offered.stock,
        "offered": offered,
        "digest": item.digest,
        "gone_at": item.gone_at,
        "told": item.told,
        "version": item.version,
    }


async def organisations_with_due(database: Database, now: dt.datetime, limit: int) -> list[int]:
    """The organisations with a supplier whose catalogue is to be read."""
    async with database.system() as conn:
        return [row["org_id"] for row in await _q.organisations_with_due(conn, now=now, limit=limit)]


async def claim_due(
    conn: Connection, org_id: int, *, now: dt.datetime, until: dt.datetime, limit: int
) -> list[uuid.UUID]:
    """Suppliers whose catalogue is to be read, which from now on nobody else reads until that instant."""
    rows = await _q.claim_due(conn, org_id=org_id, now=now, until=until, limit=limit)
    return [row["producer_id"] for row in rows]


async def producers_of(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Whose products these are, by their id; no locks."""
    rows = await _q.producers_of(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: row["producer_id"] for row in rows}


def elsewhere_asked(
    org_id: int, ids: Iterable[uuid.UUID]
) -> Question[frozenset[tuple[uuid.UUID, uuid.UUID]]]:
    """Hub and producer, of those of these producers that are on another platform; no locks."""

    def read(rows: Rows) -> frozenset[tuple[uuid.UUID, uuid.UUID]]:
        return frozenset((uuid.UUID(row["hub_id"]), uuid.UUID(row["producer_id"])) for row in rows)

    return Question(_q.producers_elsewhere, {"org_id": org_id, "ids": list(ids)}, read)
