"""Questions about other platforms. Whoever asks sees the connections and suppliers of its own hubs; secrets are in none of the answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from coster.domain.federation.model import (
    ListWanted,
    Offered,
    PeerView,
    RemoteItemsWanted,
    RemoteItemView,
    RemoteStock,
    SealedAccess,
    Supplier,
)
from coster.domain.federation.rules.converting import Ratio
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel.authority import Authority

_q = sql.load(__file__)
_ANY: Final = ListWanted()


async def list_peers(
    conn: Connection, org_id: int, authority: Authority, wanted: ListWanted = _ANY
) -> list[PeerView]:
    """Connections by id, of the hubs that the asker may see."""
    rows = await _q.list_peers(conn, org_id=org_id, hubs=_hubs(authority), **msgspec.structs.asdict(wanted))
    return [msgspec.convert(dict(row), PeerView) for row in rows]


async def list_suppliers(
    conn: Connection, org_id: int, authority: Authority, wanted: ListWanted = _ANY
) -> list[Supplier]:
    """Suppliers by the id of who stands for them, of the hubs that the asker may see."""
    rows = await _q.list_suppliers(
        conn, org_id=org_id, hubs=_hubs(authority), **msgspec.structs.asdict(wanted)
    )
    return [msgspec.convert(dict(row), Supplier) for row in rows]


async def list_remote_items(
    conn: Connection, org_id: int, authority: Authority, wanted: RemoteItemsWanted
) -> list[RemoteItemView]:
    """Products of suppliers by id, of the hubs that the asker may see."""
    rows = await _q.list_remote_items(
        conn, org_id=org_id, hubs=_hubs(authority), **msgspec.structs.asdict(wanted)
    )
    return [msgspec.convert(dict(row), RemoteItemView) for row in rows]


async def remote_stock(
    conn: Connection, org_id: int, item_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, RemoteStock]:
    """What suppliers say of the stock of those of these items that stand for products of theirs, by item. The caller has made sure that
    the asker may see the items.
    """
    rows = await _q.remote_stock(conn, org_id=org_id, ids=list(item_ids))
    return {row["item_id"]: RemoteStock(**row) for row in rows}


async def ratios(conn: Connection, org_id: int, item_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Ratio]:
    """How those of these items that stand for products of suppliers are ordered there, by item; gone ones too."""
    rows = await _q.ratios(conn, org_id=org_id, ids=list(item_ids))
    return {row["item_id"]: Ratio(**{k: v for k, v in row.items() if k != "item_id"}) for row in rows}


async def access(conn: Connection, org_id: int, peer_id: uuid.UUID) -> SealedAccess | None:
    """How a platform is spoken to; None where there is no such connection (any more)."""
    rows = await _q.get_access(conn, org_id=org_id, ids=[peer_id])
    return SealedAccess(**rows[0]) if rows else None


class SupplierAccess(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier with how its platform is spoken to."""

    access: SealedAccess
    enterprise_iri: str
    etag: str
    currency: str
    status: str


async def access_of_supplier(conn: Connection, org_id: int, producer_id: uuid.UUID) -> SupplierAccess | None:
    """How a supplier is spoken to, and what it is called there; None where there is none."""
    row = await _q.access_of_supplier(conn, org_id=org_id, producer_id=producer_id)
    if row is None:
        return None
    values = dict(row)
    said = {name: values.pop(name) for name in ("enterprise_iri", "etag", "currency", "status")}
    return SupplierAccess(access=SealedAccess(**values), **said)


async def products(
    conn: Connection, org_id: int, producer_id: uuid.UUID, iris: Sequence[str]
) -> dict[str, Offered]:
    """What a supplier says of those of these products that are ordered as they are, by IRI."""
    rows = await _q.products(conn, org_id=org_id, producer_id=producer_id, products=list(iris))
    return {row["source"]: msgspec.convert(row["offered"], Offered) for row in rows}


async def hub_name(conn: Connection, org_id: int, hub_id: uuid.UUID) -> str:
    """What a hub is called; '' where there is none of this id."""
    return str(await _q.hub_name(conn, org_id=org_id, hub_id=hub_id) or "")


def _hubs(authority: Authority) -> list[uuid.UUID] | None:
    scope = authority.scope("parties:read")
    return None if scope is None else list(scope)
