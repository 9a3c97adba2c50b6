"""Enterprises, relations and customers on the real database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from coster.domain.parties import handlers, reads, store
from coster.domain.parties.model import (
    Address,
    CustomerRow,
    CustomersWanted,
    Enterprise,
    EnterprisesWanted,
    EraseCustomer,
    PutCustomer,
    PutEnterprise,
    PutRelation,
    RelationsWanted,
)
from coster.engine.db.ask import answer
from coster.engine.db.connect import Database
from coster.kernel.authority import NOBODY, SYSTEM, Authority
from tests.domain.asking import ORG, carry_out, codes, for_enterprise, make_org, number

pytestmark = pytest.mark.database

HUB, HUB_B, FARM, FARM_B, ALI, PAUL = (number(n) for n in (1, 2, 3, 4, 5, 6))


def an_enterprise(enterprise_id: Any, *kinds: Any, **changes: Any) -> PutEnterprise:
    """An enterprise of these kinds."""
    values: dict[str, Any] = {"name": f"No. {enterprise_id.int}", "currency": "EUR"}
    return PutEnterprise(enterprise_id=enterprise_id, kinds=list(kinds), **{**values, **changes})


@pytest.fixture
async def town(database: Database) -> Database:
    """Two hubs and two farms; hub and farm are in relation."""
    await make_org(database)
    await carry_out(
        database,
        handlers.PUT_ENTERPRISE,
        an_enterprise(FARM_B, "producer"),
        an_enterprise(HUB, "hub", "retailer", address=Address(city="Lyon")),
        an_enterprise(HUB_B, "hub"),
        an_enterprise(FARM, "producer"),
    )
    await carry_out(
        database, handlers.PUT_RELATION, PutRelation(hub_id=HUB, producer_id=FARM, shortage="priority")
    )
    return database


async def test_enterprise_comes_back_as_it_was_put(town: Database) -> None:
    """Every field makes the round trip; a change replaces the row and raises its version."""
    body = an_enterprise(HUB, "hub", name="Hub Ä", timezone="Europe/Paris", cart_minutes=5, minimum_order=2500,
                         address=Address(street="1 rue", city="Lyon", country="FR"), expected_version=1)  # fmt: skip
    assert codes(await carry_out(town, handlers.PUT_ENTERPRISE, body, body)) == ["ok", "version_conflict"]
    async with town.read(ORG) as conn:
        found = await store.load_enterprises(conn, ORG, [HUB, number(99)])
    address = {"street": "1 rue", "postal_code": "", "city": "Lyon", "region": "", "country": "FR"}
    assert found == {
        HUB: Enterprise(id=HUB, name="Hub Ä", kinds=["hub"], currency="EUR", timezone="Europe/Paris", cart_minutes=5,
                        minimum_order=2500, address=address, version=2)
    }  # fmt: skip


async def test_relations_of_hubs_are_loaded_by_pair(town: Database) -> None:
    """Inactive ones too, for who decides must see that they ended."""
    changes = [
        PutRelation(hub_id=HUB, producer_id=FARM, active=False),
        PutRelation(hub_id=HUB_B, producer_id=FARM_B),
    ]
    assert codes(await carry_out(town, handlers.PUT_RELATION, *changes)) == ["ok", "ok"]
    async with town.read(ORG) as conn:
        found = await store.load_relations(conn, ORG, [HUB, HUB_B])
        assert await reads.suppliers(conn, ORG, [HUB, HUB_B]) == {FARM_B}
    told = {pair: (r.active, r.shortage, r.discount_permille) for pair, r in found.items()}
    assert told == {(HUB, FARM): (False, "first_come", 0), (HUB_B, FARM_B): (True, "first_come", 0)}


async def test_first_puts_of_two_processes_do_not_both_count_as_the_first(town: Database) -> None:
    """Whoever comes second waits for the lock and decides on what the first one left."""
    bodies = [an_enterprise(HUB, "hub", name=name, expected_version=1) for name in ("left", "right")]
    decided = await asyncio.gather(*(carry_out(town, handlers.PUT_ENTERPRISE, body) for body in bodies))
    assert sorted(code for one in decided for code in codes(one)) == ["ok", "version_conflict"]


@pytest.mark.parametrize(
    ("authority", "seen"),
    [
        (SYSTEM, [HUB, HUB_B, FARM, FARM_B]),
        (for_enterprise(HUB, "parties:read"), [HUB, FARM]),
        (for_enterprise(FARM, "parties:read"), [HUB, FARM]),
        (for_enterprise(FARM_B, "parties:read"), [FARM_B]),
        (for_enterprise(HUB, "orders:read"), []),
        (NOBODY, []),
    ],
)
async def test_enterprises_are_seen_by_themselves_and_their_partners(
    town: Database, authority: Authority, seen: list[Any]
) -> None:
    """A hub sees who supplies it, a producer who buys; everybody else's stay unknown, one by one as well."""
    async with town.read(ORG) as conn:
        listed = await reads.list_enterprises(conn, ORG, authority)
        single = [await reads.get_enterprise(conn, ORG, authority, id_) for id_ in (HUB, HUB_B, FARM, FARM_B)]
    assert [e.id for e in listed] == seen
    assert [e.id for e in single if e] == seen


async def test_enterprises_come_in_pages_and_by_kind(town: Database) -> None:
    """`after` is not among them; the kind is one of several that an enterprise may have."""
    async with town.read(ORG) as conn:
        page = await reads.list_enterprises(conn, ORG, SYSTEM, EnterprisesWanted(after=HUB, limit=2))
        retailers = await reads.list_enterprises(conn, ORG, SYSTEM, EnterprisesWanted(kind="retailer"))
    assert [e.id for e in page] == [HUB_B, FARM]
    assert [e.id for e in retailers] == [HUB]


async def test_relations_are_seen_by_either_side(town: Database) -> None:
    """Filters and pages go by hub and producer."""
    more = [PutRelation(hub_id=hub, producer_id=farm) for hub, farm in ((HUB, FARM_B), (HUB_B, FARM))]
    await carry_out(town, handlers.PUT_RELATION, *more)
    asked = [
        (SYSTEM, RelationsWanted()),
        (for_enterprise(FARM, "parties:read"), RelationsWanted()),
        (for_enterprise(HUB_B, "parties:read"), RelationsWanted()),
        (SYSTEM, RelationsWanted(producer_id=FARM_B)),
        (SYSTEM, RelationsWanted(after_hub=HUB, after_producer=FARM, limit=1)),
        (NOBODY, RelationsWanted()),
    ]
    async with town.read(ORG) as conn:
        lists = [await reads.list_relations(conn, ORG, authority, wanted) for authority, wanted in asked]
        one = await reads.get_relation(conn, ORG, SYSTEM, hub_id=HUB, producer_id=FARM)
        none = await reads.get_relation(
            conn, ORG, for_enterprise(HUB_B, "parties:read"), hub_id=HUB, producer_id=FARM
        )
    assert [[(r.hub_id.int, r.producer_id.int) for r in found] for found in lists] == [
        [(1, 3), (1, 4), (2, 3)], [(1, 3), (2, 3)], [(2, 3)], [(1, 4)], [(1, 4)], [],
    ]  # fmt: skip
    assert (one and one.shortage, one and one.version, none) == ("priority", 1, None)


async def test_person_is_shown_only_to_who_may_read_persons(town: Database) -> None:
    """The same customer with and without name; for another seller it is not there."""
    body = PutCustomer(customer_id=ALI, seller_id=HUB, category="member", priority=3, name="Ali",
                       email="ali@example.org", phone="1", address=Address(city="Lyon"))  # fmt: skip
    await carry_out(town, handlers.PUT_CUSTOMER, body)
    async with town.read(ORG) as conn:
        full = await reads.get_customer(conn, ORG, for_enterprise(HUB, "customers:read"), ALI)
        bare = await reads.get_customer(conn, ORG, for_enterprise(HUB, "orders:read"), ALI)
        away = await reads.get_customer(conn, ORG, for_enterprise(HUB_B, "customers:read"), ALI)
        loaded = await answer(conn, ORG, store.customers_asked(ORG, [ALI, PAUL]))
    assert full is not None
    assert full.person is not None
    assert (full.person.name, full.person.email, full.person.phone) == ("Ali", "ali@example.org", "1")
    assert full.person.address == Address(city="Lyon")
    assert bare is not None
    assert (bare.person, bare.category, bare.priority, away) == (None, "member", 3, None)
    assert loaded == {ALI: CustomerRow(id=ALI, seller_id=HUB, priority=3, erased=False)}


async def test_erased_person_is_gone_and_the_token_stays(town: Database) -> None:
    """No row of `person` is left; erasing again changes nothing; the other customer is untouched."""
    await carry_out(
        town,
        handlers.PUT_CUSTOMER,
        PutCustomer(customer_id=ALI, seller_id=HUB, name="Ali"),
        PutCustomer(customer_id=PAUL, seller_id=HUB, name="Paul"),
        PutCustomer(customer_id=PAUL, seller_id=HUB, name="Paul II", expected_version=1),
    )
    for _ in range(2):
        decided = await carry_out(town, handlers.ERASE_CUSTOMER, EraseCustomer(customer_id=ALI))
        assert dict(decided.outcomes[0].value) == {"id": str(ALI), "version": 2}
    async with town.read(ORG) as conn:
        rows = await conn.fetch("SELECT name FROM person WHERE org_id = $1", ORG)
        listed = await reads.list_customers(conn, ORG, SYSTEM, CustomersWanted(seller_id=HUB))
        rest = await reads.list_customers(conn, ORG, SYSTEM, CustomersWanted(after=ALI))
    assert [row["name"] for row in rows] == ["Paul II"]
    assert [(c.id, c.erased, c.version, c.person and c.person.name) for c in listed] == [
        (ALI, True, 2, None), (PAUL, False, 2, "Paul II"),
    ]  # fmt: skip
    assert [c.id for c in rest] == [PAUL]


async def test_other_organisation_sees_nothing(town: Database) -> None:
    """The same ids asked for in another organisation are not there."""
    await make_org(town, 8)
    async with town.read(8) as conn:
        assert await store.load_enterprises(conn, 8, [HUB]) == {}
        assert await store.load_enterprises(conn, ORG, [HUB]) == {}
        assert await store.load_relations(conn, ORG, [HUB]) == {}
        assert await reads.list_enterprises(conn, ORG, SYSTEM) == []
