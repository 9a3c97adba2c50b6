"""Enterprises, relations and customers: loaded for deciding, and stored. Nobody but handlers calls this."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

import msgspec

from coster.domain.parties.model import (
    CustomerRow,
    CustomersState,
    CustomerState,
    CustomersWrites,
    Enterprise,
    Profile,
    ProfilesState,
    Relation,
    RelationsState,
    VersionedProfile,
    VersionedRelation,
)
from coster.engine.batch.handler import Commands
from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows, answer
from coster.engine.db.connect import Connection

_q = sql.load(__file__)


async def load_enterprises(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, Enterprise]:
    """Those of these enterprises that exist, by id; one statement, no locks."""
    return await answer(conn, org_id, enterprises_asked(org_id, ids))


def enterprises_asked(org_id: int, ids: Iterable[uuid.UUID]) -> Question[dict[uuid.UUID, Enterprise]]:
    """Those of these enterprises that exist, by id; no locks."""

    def read(rows: Rows) -> dict[uuid.UUID, Enterprise]:
        return {enterprise.id: enterprise for enterprise in msgspec.convert(rows, list[Enterprise])}

    return Question(_q.load_enterprises, {"org_id": org_id, "ids": list(ids)}, read)


async def load_relations(
    conn: Connection, org_id: int, hub_ids: Iterable[uuid.UUID]
) -> dict[tuple[uuid.UUID, uuid.UUID], Relation]:
    """All relations of these hubs, active or not, by (hub, producer); one statement, no locks."""
    return await answer(conn, org_id, relations_asked(org_id, hub_ids))


def relations_asked(
    org_id: int, hub_ids: Iterable[uuid.UUID]
) -> Question[dict[tuple[uuid.UUID, uuid.UUID], Relation]]:
    """All relations of these hubs, active or not, by (hub, producer); no locks."""

    def read(rows: Rows) -> dict[tuple[uuid.UUID, uuid.UUID], Relation]:
        relations = msgspec.convert(rows, list[Relation])
        return {(relation.hub_id, relation.producer_id): relation for relation in relations}

    return Question(_q.load_relations, {"org_id": org_id, "hub_ids": list(hub_ids)}, read)


def customers_asked(org_id: int, ids: Iterable[uuid.UUID]) -> Question[dict[uuid.UUID, CustomerRow]]:
    """Those of these customers that exist, erased ones too, by id; no locks."""

    def read(rows: Rows) -> dict[uuid.UUID, CustomerRow]:
        return {customer.id: customer for customer in msgspec.convert(rows, list[CustomerRow])}

    wanted = list(ids)
    return Question(_q.load_customers if wanted else None, {"org_id": org_id, "ids": wanted}, read)


async def lock_enterprises(conn: Connection, org_id: int, commands: Commands) -> dict[uuid.UUID, Enterprise]:
    """The enterprises that the commands name, locked in the order of their ids."""
    return await lock_enterprise_ids(conn, org_id, {c.body.enterprise_id for c in commands})


async def lock_enterprise_ids(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, Enterprise]:
    """Those of these enterprises that exist, locked in the order of their ids."""
    rows = await _q.lock_enterprises(conn, org_id=org_id, ids=list(ids))
    return {row["id"]: Enterprise(**row) for row in rows}


async def put_enterprises(conn: Connection, org_id: int, enterprises: Sequence[Enterprise]) -> None:
    """Stores the rows as they are given; one statement, or none for none."""
    if not enterprises:
        return
    rows = sorted(enterprises, key=lambda e: e.id)
    await _q.put_enterprises(
        conn,
        org_id=org_id,
        ids=[e.id for e in rows],
        names=[e.name for e in rows],
        kinds=[",".join(e.kinds) for e in rows],  # an array of arrays would be flattened by unnest
        currencies=[e.currency for e in rows],
        timezones=[e.timezone for e in rows],
        cart_minutes=[e.cart_minutes for e in rows],
        hold_days_ahead=[e.hold_days_ahead for e in rows],
        minimum_orders=[e.minimum_order for e in rows],
        addresses=[e.address for e in rows],
        opening_hours=[e.opening_hours for e in rows],
        versions=[e.version for e in rows],
    )


async def lock_relations(conn: Connection, org_id: int, commands: Commands) -> RelationsState:
    """The relations that the commands name, locked in the order of (hub, producer), and both enterprises of each."""
    pairs = list({(c.body.hub_id, c.body.producer_id) for c in commands})
    rows = await _q.lock_relations(
        conn,
        org_id=org_id,
        hub_ids=[hub for hub, _ in pairs],
        producer_ids=[producer for _, producer in pairs],
    )
    return RelationsState(
        enterprises=await load_enterprises(conn, org_id, {id_ for pair in pairs for id_ in pair}),
        relations={(row["hub_id"], row["producer_id"]): VersionedRelation(**row) for row in rows},
    )


async def put_relations(conn: Connection, org_id: int, relations: Sequence[VersionedRelation]) -> None:
    """Stores the rows as they are given; one statement, or none for none."""
    if not relations:
        return
    rows = sorted(relations, key=lambda r: (r.hub_id, r.producer_id))
    await _q.put_relations(
        conn,
        org_id=org_id,
        hub_ids=[r.hub_id for r in rows],
        producer_ids=[r.producer_id for r in rows],
        actives=[r.active for r in rows],
        consolidations=[r.consolidation for r in rows],
        aggregations=[r.aggregation for r in rows],
        grant_policies=[r.grant_policy for r in rows],
        remainders=[r.remainder for r in rows],
        shortages=[r.shortage for r in rows],
        discount_overs=[r.discount_over for r in rows],
        discount_permilles=[r.discount_permille for r in rows],
        versions=[r.version for r in rows],
    )


async def lock_customers(conn: Connection, org_id: int, commands: Commands) -> CustomersState:
    """The customers that the commands name, locked in the order of their ids, and which of the named sellers exist."""
    rows = await _q.lock_customers(conn, org_id=org_id, ids=list({c.body.customer_id for c in commands}))
    named = {seller for c in commands if (seller := getattr(c.body, "seller_id", None))}
    return CustomersState(
        sellers=frozenset(await load_enterprises(conn, org_id, named)) if named else frozenset(),
        customers={row["id"]: CustomerState(**row) for row in rows},
    )


async def put_customers(conn: Connection, org_id: int, writes: CustomersWrites) -> None:
    """Stores customers and persons, and deletes the persons of those that are erased; at most three statements."""
    if not writes.customers:
        return
    rows = sorted(writes.customers, key=lambda c: c.id)
    await _q.put_customers(
        conn,
        org_id=org_id,
        ids=[c.id for c in rows],
        seller_ids=[c.seller_id for c in rows],
        categories=[c.category for c in rows],
        priorities=[c.priority for c in rows],
        erased=[c.erased for c in rows],
        versions=[c.version for c in rows],
    )
    if erased := [c.id for c in rows if c.erased]:
        await _q.delete_persons(conn, org_id=org_id, customer_ids=erased)
    if persons := sorted(writes.persons, key=lambda p: p.customer_id):
        await _q.put_persons(
            conn,
            org_id=org_id,
            customer_ids=[p.customer_id for p in persons],
            names=[p.name for p in persons],
            emails=[p.email for p in persons],
            phones=[p.phone for p in persons],
            addresses=[p.address for p in persons],
        )


async def lock_profiles(conn: Connection, org_id: int, commands: Commands) -> ProfilesState:
    """The enterprises that the commands name, and what they tell of themselves, locked in the order of their ids."""
    ids = list({command.body.enterprise_id for command in commands})
    found = await load_enterprises(conn, org_id, ids)
    rows = await _q.lock_profiles(conn, org_id=org_id, ids=ids)
    profiles = [
        VersionedProfile(
            enterprise_id=row["enterprise_id"],
            profile=msgspec.convert(row["profile"], Profile),
            version=row["version"],
        )
        for row in rows
    ]
    return ProfilesState(enterprises=frozenset(found), profiles={one.enterprise_id: one for one in profiles})


async def put_profiles(conn: Connection, org_id: int, profiles: Sequence[VersionedProfile]) -> None:
    """Stores what enterprises tell of themselves; one statement."""
    if rows := sorted(profiles, key=lambda profile: profile.enterprise_id):
        await _q.put_profiles(
            conn,
            org_id=org_id,
            ids=[row.enterprise_id for row in rows],
            profiles=[msgspec.to_builtins(row.profile) for row in rows],
            versions=[row.version for row in rows],
        )
