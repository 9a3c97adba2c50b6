"""Questions about enterprises, relations and customers. Whoever asks sees what its grants cover, and no more.

Lists are ordered by id (relations by hub and producer); what is wanted, and after
which id, is said by a record of model.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from coster.domain.parties.model import (
    Address,
    CustomersWanted,
    CustomerView,
    Enterprise,
    EnterprisesWanted,
    Person,
    Profile,
    RelationsWanted,
    VersionedProfile,
    VersionedRelation,
)
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.workflow import hours
from coster.engine.workflow.calendars import Calendar
from coster.kernel.authority import Authority

_q = sql.load(__file__)
_ANY_ENTERPRISE: Final = EnterprisesWanted()
_ANY_RELATION: Final = RelationsWanted()
_ANY_CUSTOMER: Final = CustomersWanted()


async def list_enterprises(
    conn: Connection, org_id: int, authority: Authority, wanted: EnterprisesWanted = _ANY_ENTERPRISE
) -> list[Enterprise]:
    """The enterprises that the asker may see: those of its grants, and those that are in relation with them."""
    scope = _scope(authority, "parties:read")
    given = msgspec.structs.asdict(wanted)
    after, before, backwards = (given.pop(name) for name in ("after", "before", "backwards"))
    if backwards:
        rows = await _q.list_enterprises_backwards(conn, org_id=org_id, scope=scope, before=before, **given)
    else:
        rows = await _q.list_enterprises(conn, org_id=org_id, scope=scope, after=after, **given)
    return [Enterprise(**row) for row in rows]


async def get_enterprise(
    conn: Connection, org_id: int, authority: Authority, enterprise_id: uuid.UUID
) -> Enterprise | None:
    """One enterprise; None where it does not exist or the asker may not see it."""
    wanted = EnterprisesWanted(ids=[enterprise_id], limit=1)
    found = await list_enterprises(conn, org_id, authority, wanted)
    return found[0] if found else None


async def list_relations(
    conn: Connection, org_id: int, authority: Authority, wanted: RelationsWanted = _ANY_RELATION
) -> list[VersionedRelation]:
    """The relations, active or not, of which the asker may see either side."""
    scope = _scope(authority, "parties:read")
    rows = await _q.list_relations(conn, org_id=org_id, scope=scope, **msgspec.structs.asdict(wanted))
    return [VersionedRelation(**row) for row in rows]


async def get_relation(
    conn: Connection, org_id: int, authority: Authority, *, hub_id: uuid.UUID, producer_id: uuid.UUID
) -> VersionedRelation | None:
    """One relation; None where it does not exist or the asker may see neither side."""
    wanted = RelationsWanted(hub_id=hub_id, producer_id=producer_id, limit=1)
    found = await list_relations(conn, org_id, authority, wanted)
    return found[0] if found else None


async def suppliers(conn: Connection, org_id: int, hub_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """The producers that supply any of these hubs at present."""
    return {row["producer_id"] for row in await _q.list_suppliers(conn, org_id=org_id, hub_ids=list(hub_ids))}


async def currencies(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """In which currency those of these enterprises reckon that exist; nobody may see more of them for it."""
    rows = await _q.load_enterprises(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: row["currency"] for row in rows}


async def opening_hours(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Calendar]:
    """The calendars of those of these enterprises that exist; nobody may see more of them for it."""
    rows = await _q.load_enterprises(conn, org_id=org_id, ids=list(ids))
    return hours.by_enterprise(Enterprise(**row) for row in rows)


async def profiles(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, VersionedProfile]:
    """What those of these enterprises that tell anything tell the public of themselves, by enterprise."""
    rows = await _q.load_profiles(conn, org_id=org_id, ids=list(ids))
    return {
        row["enterprise_id"]: VersionedProfile(
            enterprise_id=row["enterprise_id"],
            profile=msgspec.convert(row["profile"], Profile),
            version=row["version"],
        )
        for row in rows
    }


async def list_customers(
    conn: Connection, org_id: int, authority: Authority, wanted: CustomersWanted = _ANY_CUSTOMER
) -> list[CustomerView]:
    """The customers of the sellers that the asker sees; with personal data only where it may read that."""
    rows = await _q.list_customers(
        conn,
        org_id=org_id,
        scope=_scope(authority, "customers:read", "customers:write", "orders:read"),
        person_scope=_scope(authority, "customers:read"),
        **msgspec.structs.asdict(wanted),
    )
    return [_customer(row) for row in rows]


async def get_customer(
    conn: Connection, org_id: int, authority: Authority, customer_id: uuid.UUID
) -> CustomerView | None:
    """One customer; None where it does not exist or the asker may not see it."""
    wanted = CustomersWanted(ids=[customer_id], limit=1)
    found = await list_customers(conn, org_id, authority, wanted)
    return found[0] if found else None


def _scope(authority: Authority, *permissions: str) -> list[uuid.UUID] | None:
    """The enterprises for which any of these permissions holds; None: all."""
    scopes = [authority.scope(permission) for permission in permissions]
    return None if None in scopes else list(frozenset().union(*(scope for scope in scopes if scope)))


def _customer(row: Mapping[str, Any]) -> CustomerView:
    person = None
    if row["customer_id"] is not None:
        person = Person(
            customer_id=row["customer_id"],
            name=row["name"],
            email=row["email"],
            phone=row["phone"],
            address=msgspec.convert(row["address"], Address),
        )
    return CustomerView(
        id=row["id"],
        seller_id=row["seller_id"],
        category=row["category"],
        priority=row["priority"],
        erased=row["erased"],
        version=row["version"],
        person=person,
    )
