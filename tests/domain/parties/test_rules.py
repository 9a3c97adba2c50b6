"""Enterprises, relations and customers: by values only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coster.domain.parties import rules
from coster.domain.parties.model import (
    Address,
    CustomersState,
    CustomerState,
    Enterprise,
    EraseCustomer,
    PutCustomer,
    PutEnterprise,
    PutRelation,
    RelationsState,
)
from coster.kernel.authority import NOBODY, Authority
from coster.kernel.outcome import Accepted
from tests.domain.asking import ask, codes, for_enterprise, number

HUB, FARM, OTHER, ALI = number(1), number(2), number(3), number(4)


def an_enterprise(**changes: Any) -> PutEnterprise:
    """The smallest valid enterprise, with changes."""
    values: dict[str, Any] = {"enterprise_id": HUB, "name": "Hub A", "kinds": ["hub"], "currency": "EUR"}
    return PutEnterprise(**{**values, **changes})


def stored(**changes: Any) -> Enterprise:
    """An enterprise that exists, at version 4."""
    values: dict[str, Any] = {
        "id": HUB, "name": "Hub A", "kinds": ["hub"], "currency": "EUR", "timezone": "UTC", "cart_minutes": 30,
        "minimum_order": 0, "address": {}, "version": 4,
    }  # fmt: skip
    return Enterprise(**{**values, **changes})


def between(**changes: Any) -> PutRelation:
    """The smallest relation of hub and farm, with changes."""
    return PutRelation(**{"hub_id": HUB, "producer_id": FARM, **changes})


BOTH = RelationsState(enterprises={HUB: stored(), FARM: stored(id=FARM, kinds=["producer"])}, relations={})


def a_customer(**changes: Any) -> PutCustomer:
    """A customer with a name that must not get about."""
    values: dict[str, Any] = {
        "customer_id": ALI,
        "seller_id": HUB,
        "category": "member",
        "name": "Ali Secret",
        "email": "ali@secret.example",
        "phone": "+33 1",
        "address": Address(street="Secret st."),
    }
    return PutCustomer(**{**values, **changes})


def customers(**changes: Any) -> CustomersState:
    """One customer that exists, of the hub, at version 2."""
    values: dict[str, Any] = {
        "id": ALI,
        "seller_id": HUB,
        "priority": 0,
        "erased": False,
        "category": "member",
        "version": 2,
    }
    return CustomersState(sellers=frozenset({HUB}), customers={ALI: CustomerState(**{**values, **changes})})


NO_CUSTOMERS = CustomersState(sellers=frozenset({HUB}), customers={})


def test_later_command_of_a_batch_sees_the_earlier_one() -> None:
    """Versions go on within a batch, only the last state is written, and each change is told."""
    decided = rules.put_enterprises(
        {}, [ask(an_enterprise()), ask(an_enterprise(name="B", expected_version=1))]
    )
    assert decided.outcomes == [Accepted({"id": str(HUB), "version": version}) for version in (1, 2)]
    assert [(e.name, e.version) for e in decided.writes] == [("B", 2)]
    told = [(index, event.name, event.version) for index, event in decided.events]
    assert told == [(0, "enterprise.created", 1), (1, "enterprise.changed", 2)]


@pytest.mark.parametrize(
    ("existing", "expected", "current"), [({}, 1, 0), ({HUB: stored()}, 3, 4), ({HUB: stored()}, 0, 4)]
)
def test_change_of_something_that_moved_on_is_refused(
    existing: dict[Any, Enterprise], expected: int, current: int
) -> None:
    """The refusal names the present version, which is 0 for what does not exist."""
    (outcome,) = rules.put_enterprises(existing, [ask(an_enterprise(expected_version=expected))]).outcomes
    assert (outcome.code, outcome.detail) == ("version_conflict", {"version": current})


def test_enterprise_is_changed_by_who_may_and_answered_alike_to_others() -> None:
    """Whether it exists makes no difference to who may not change it."""
    assert codes(rules.put_enterprises({}, [ask(an_enterprise(), for_enterprise(HUB, "parties:write"))])) == [
        "ok"
    ]
    stranger = [ask(an_enterprise(), for_enterprise(OTHER, "parties:write"))]
    assert codes(rules.put_enterprises({}, stranger)) == ["not_permitted"]
    assert (
        rules.put_enterprises({}, stranger).outcomes
        == rules.put_enterprises({HUB: stored()}, stranger).outcomes
    )


def test_all_faults_are_told_at_once() -> None:
    """Every field that is out of bounds is named in one answer."""
    bad = an_enterprise(name="", kinds=[], currency="eur", timezone="Paris!", cart_minutes=0, minimum_order=-1,
                        address=Address(city="x" * 201, country="France"))  # fmt: skip
    (outcome,) = rules.put_enterprises({}, [ask(bad)]).outcomes
    assert outcome.code == "not_valid"
    assert [fault["field"] for fault in outcome.detail["faults"]] == [
        "name", "kinds", "currency", "timezone", "cart_minutes", "minimum_order", "address.city", "address.country",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "America/Port-au-Prince"]
)
def test_real_time_zones_pass(zone: str) -> None:
    """The pattern lets through every shape of name that the time zone database has."""
    assert codes(rules.put_enterprises({}, [ask(an_enterprise(timezone=zone))])) == ["ok"]


def test_currency_of_an_enterprise_stays() -> None:
    """Its prices and orders are kept in it."""
    decided = rules.put_enterprises({HUB: stored()}, [ask(an_enterprise(currency="CHF"))])
    assert (codes(decided), decided.writes, decided.events) == (["currency_fixed"], [], [])


def test_relation_is_made_changed_and_ended() -> None:
    """Each step is told with all terms, under the id that follows from the pair."""
    decided = rules.put_relations(
        BOTH, [ask(between(shortage="pro_rata")), ask(between(active=False, expected_version=1))]
    )
    assert codes(decided) == ["ok", "ok"]
    assert [(r.active, r.shortage, r.version) for r in decided.writes] == [(False, "first_come", 2)]
    first, second = (event for _, event in decided.events)
    assert (first.name, second.name) == ("relation.created", "relation.changed")
    assert first.entity_id == second.entity_id == rules.relation_id(7, HUB, FARM)
    assert second.data == {
        "hub_id": str(HUB), "producer_id": str(FARM), "active": False, "consolidation": "per_session",
        "aggregation": "by_item", "grant_policy": "refuse", "remainder": "loose", "shortage": "first_come",
        "discount_over": 0, "discount_permille": 0, "enterprises": [str(HUB), str(FARM)],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "authority", "code"),
    [
        (between(), for_enterprise(FARM, "relations:write"), "ok"),
        (between(), for_enterprise(HUB, "relations:write"), "consent_needed"),
        (between(active=False), for_enterprise(HUB, "relations:write"), "ok"),
        (between(), for_enterprise(OTHER, "relations:write"), "not_permitted"),
        (between(), NOBODY, "not_permitted"),
        (between(producer_id=OTHER), for_enterprise(OTHER, "relations:write"), "enterprise_unknown"),
        (between(producer_id=HUB), for_enterprise(HUB, "relations:write"), "not_a_producer"),
        (between(hub_id=FARM), for_enterprise(FARM, "relations:write"), "not_a_hub"),
        (between(expected_version=1), for_enterprise(FARM, "relations:write"), "version_conflict"),
        (between(discount_permille=1001), for_enterprise(FARM, "relations:write"), "not_valid"),
    ],
)
def test_relation_is_of_a_hub_and_a_producer(body: PutRelation, authority: Authority, code: str) -> None:
    """A producer's goods are sold on its word; both sides must be what they are taken for."""
    assert codes(rules.put_relations(BOTH, [ask(body, authority)])) == [code]


def test_a_producer_elsewhere_is_told_of_no_single_order() -> None:
    """One held order for each shopper's order would tell another platform of each; nearby it may be."""
    elsewhere = RelationsState(enterprises=BOTH.enterprises, relations={}, elsewhere=frozenset({(HUB, FARM)}))
    wanted = [ask(between(consolidation="per_order")), ask(between())]
    assert codes(rules.put_relations(elsewhere, wanted)) == ["per_order_not_told", "ok"]
    assert codes(rules.put_relations(BOTH, wanted[:1])) == ["ok"]


def test_a_hub_elsewhere_has_one_order_for_a_session() -> None:
    """Its platform knows it by hub, producer and session, and so must what holds its goods."""
    elsewhere = RelationsState(enterprises=BOTH.enterprises, relations={}, hubs_elsewhere=frozenset({HUB}))
    wanted = [ask(between(consolidation="per_order")), ask(between())]
    assert codes(rules.put_relations(elsewhere, wanted)) == ["per_order_not_told", "ok"]


def test_hub_that_produces_has_no_relation_with_itself() -> None:
    """What it grows it sells as its own."""
    both = RelationsState(enterprises={HUB: stored(kinds=["hub", "producer"])}, relations={})
    assert codes(rules.put_relations(both, [ask(between(producer_id=HUB))])) == ["not_valid"]


def test_customer_event_and_answer_hold_nothing_personal() -> None:
    """Token and category go out; name, address, mail and phone go to the person's row alone."""
    decided = rules.put_customers(NO_CUSTOMERS, [ask(a_customer())])
    ((_, event),) = decided.events
    assert event.data == {"customer": str(ALI), "category": "member", "enterprises": [str(HUB)]}
    assert "ecret" not in json.dumps([event.data, dict(decided.outcomes[0].value)])
    assert [(p.customer_id, p.name) for p in decided.writes.persons] == [(ALI, "Ali Secret")]


@pytest.mark.parametrize(
    ("state", "body", "authority", "code"),
    [
        (NO_CUSTOMERS, a_customer(), for_enterprise(HUB, "customers:write"), "ok"),
        (NO_CUSTOMERS, a_customer(), for_enterprise(HUB, "customers:read"), "not_permitted"),
        (
            NO_CUSTOMERS,
            a_customer(seller_id=OTHER),
            for_enterprise(OTHER, "customers:write"),
            "enterprise_unknown",
        ),
        (customers(seller_id=OTHER), a_customer(), for_enterprise(HUB, "customers:write"), "customer_taken"),
        (customers(erased=True), a_customer(), for_enterprise(HUB, "customers:write"), "customer_erased"),
        (
            customers(),
            a_customer(expected_version=1),
            for_enterprise(HUB, "customers:write"),
            "version_conflict",
        ),
        (
            customers(),
            a_customer(email="ali", priority=10**9),
            for_enterprise(HUB, "customers:write"),
            "not_valid",
        ),
    ],
)
def test_customer_is_put_by_its_seller(
    state: CustomersState, body: PutCustomer, authority: Authority, code: str
) -> None:
    """Only who may write customers of the very seller, and never over another seller's or an erased one."""
    assert codes(rules.put_customers(state, [ask(body, authority)])) == [code]


def test_erasing_twice_is_erasing_once() -> None:
    """One event, one change; the second is answered the same."""
    body = EraseCustomer(customer_id=ALI)
    decided = rules.erase_customers(customers(), [ask(body), ask(body)])
    assert decided.outcomes == [Accepted({"id": str(ALI), "version": 3})] * 2
    assert [(index, event.name, event.version) for index, event in decided.events] == [
        (0, "customer.erased", 3)
    ]
    assert [(c.erased, c.version) for c in decided.writes.customers] == [(True, 3)]


@pytest.mark.parametrize(
    ("authority", "code"),
    [
        (for_enterprise(HUB, "customers:write"), "ok"),
        (for_enterprise(HUB, "customers:read"), "not_permitted"),
        (for_enterprise(OTHER, "customers:write"), "customer_unknown"),
        (NOBODY, "customer_unknown"),
    ],
)
def test_customer_is_erased_by_its_seller_and_unknown_to_others(authority: Authority, code: str) -> None:
    """Who may not see the customer gets the very answer of one that does not exist."""
    body = EraseCustomer(customer_id=ALI)
    decided = rules.erase_customers(customers(), [ask(body, authority)])
    assert codes(decided) == [code]
    if code == "customer_unknown":
        assert decided.outcomes == rules.erase_customers(NO_CUSTOMERS, [ask(body, authority)]).outcomes


def test_hub_may_end_a_relation_but_not_change_its_terms() -> None:
    """Leaving is free; other terms, and coming back, need the producer."""
    farm, hub = for_enterprise(FARM, "relations:write"), for_enterprise(HUB, "relations:write")
    decided = rules.put_relations(
        BOTH,
        [
            ask(between(shortage="pro_rata"), farm),
            ask(between(shortage="first_come", active=False), hub),
            ask(between(shortage="pro_rata", active=False), hub),
            ask(between(shortage="pro_rata"), hub),
        ],
    )
    assert codes(decided) == ["ok", "consent_needed", "ok", "consent_needed"]
