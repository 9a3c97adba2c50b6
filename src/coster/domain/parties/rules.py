"""What may be said about enterprises, relations and customers, and by whom."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from coster.domain.parties.model import (
    Address,
    CustomersState,
    CustomerState,
    CustomersWrites,
    Enterprise,
    EraseCustomer,
    Person,
    Profile,
    ProfilesState,
    PutCustomer,
    PutEnterprise,
    PutProfile,
    PutRelation,
    RelationsState,
    VersionedProfile,
    VersionedRelation,
)
from coster.engine.workflow import hours
from coster.kernel import ids, refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

_CURRENCY: Final = re.compile("[A-Z]{3}", re.ASCII)
_TIMEZONE: Final = re.compile(r"[A-Za-z]\w*(?:[/+-]\w+)*", re.ASCII)
_COUNTRY: Final = re.compile("(?:[A-Z]{2})?", re.ASCII)
_WORD: Final = re.compile("[A-Za-z0-9_-]{1,60}", re.ASCII)
_LINK: Final = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+(?:[/?][!#-;=?-\[\]_a-z~]*)?", re.ASCII)
_PROFILE_TEXTS: Final = {
    "description": 4000,
    "email": 254,
    "website": 500,
    "logo": 500,
    "vat_number": 50,
    "phone": 50,
    "contact_first_name": 100,
    "contact_family_name": 100,
}
_MOST_ENTRIES: Final = 50
_MOST_CART_MINUTES: Final = 10080
_MOST_DAYS_AHEAD: Final = 3660
_MOST_PRIORITY: Final = 1_000_000

Pair = tuple[uuid.UUID, uuid.UUID]


# ---------------------------------------------------------------------------------------------------- enterprises


def put_enterprises(
    enterprises: Mapping[uuid.UUID, Enterprise], commands: Sequence[Command[PutEnterprise]]
) -> Decided[list[Enterprise]]:
    """Makes or replaces enterprises; `enterprises` are those named that exist, by id."""
    now = dict(enterprises)
    written: dict[uuid.UUID, Enterprise] = {}
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        body = command.body
        old = now.get(body.enterprise_id)
        refused = _refuse_enterprise(old, command)
        if refused:
            outcomes.append(refused)
            continue
        new = _enterprise(body, version=old.version + 1 if old else 1)
        now[new.id] = written[new.id] = new
        data = {
            "kinds": new.kinds,
            "currency": new.currency,
            "timezone": new.timezone,
            "opening_hours": new.opening_hours,
            "enterprises": [str(new.id)],
        }
        events.append(
            (
                index,
                Event(
                    "enterprise.created" if new.version == 1 else "enterprise.changed",
                    "enterprise",
                    new.id,
                    new.version,
                    data,
                ),
            )
        )
        outcomes.append(Accepted({"id": str(new.id), "version": new.version}))
    return Decided(outcomes, list(written.values()), events)


def _refuse_enterprise(old: Enterprise | None, command: Command[PutEnterprise]) -> Rejected | None:
    body = command.body
    if not command.authority.allows("parties:write", body.enterprise_id):
        return refusal.not_permitted("change this enterprise")
    conflict = refusal.version_conflict(
        "enterprise", expected=body.expected_version, current=old.version if old else 0
    )
    if conflict:
        return conflict
    faults = refusal.Faults()
    faults.text("name", body.name, most=200, needed=True)
    faults.number("kinds", len(body.kinds), least=1, most=3)
    faults.distinct("kinds", body.kinds)
    if not _CURRENCY.fullmatch(body.currency):
        faults.add("currency", "is no ISO 4217 code; it has three capital letters, for example EUR")
    if not _TIMEZONE.fullmatch(body.timezone):
        faults.add("timezone", "is no IANA time zone, for example Europe/Paris")
    faults.number("cart_minutes", body.cart_minutes, least=1, most=_MOST_CART_MINUTES)
    faults.number("hold_days_ahead", body.hold_days_ahead, most=_MOST_DAYS_AHEAD)
    faults.number("minimum_order", body.minimum_order)
    _judge_address(faults, body.address)
    hours.judge(faults, body.timezone, body.opening_hours)
    if found := faults.rejected():
        return found
    if old and old.currency != body.currency:
        return Rejected(
            "currency_fixed",
            f"This enterprise reckons in {old.currency}, as do its prices and orders; make a new enterprise instead.",
            {"currency": old.currency},
        )
    return None


def _enterprise(body: PutEnterprise, *, version: int) -> Enterprise:
    return Enterprise(
        id=body.enterprise_id,
        name=body.name,
        kinds=list(body.kinds),
        currency=body.currency,
        timezone=body.timezone,
        cart_minutes=body.cart_minutes,
        hold_days_ahead=body.hold_days_ahead,
        minimum_order=body.minimum_order,
        address=msgspec.to_builtins(body.address),
        opening_hours=msgspec.to_builtins(body.opening_hours),
        version=version,
    )


# ------------------------------------------------------------------------------------------------------- profiles


def put_profiles(
    state: ProfilesState, commands: Sequence[Command[PutProfile]]
) -> Decided[list[VersionedProfile]]:
    """Keeps what enterprises tell the public of themselves; the event tells that, and not what."""
    now, written = dict(state.profiles), dict[uuid.UUID, VersionedProfile]()
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        body = command.body
        old = now.get(body.enterprise_id)
        refused = _refuse_profile(state, old, command)
        if refused:
            outcomes.append(refused)
            continue
        version = old.version + 1 if old else 1
        new = VersionedProfile(enterprise_id=body.enterprise_id, profile=body.profile, version=version)
        now[body.enterprise_id] = written[body.enterprise_id] = new
        told = Event(
            "enterprise.profile_changed",
            "enterprise_profile",
            ids.derived("profile", body.enterprise_id),
            version,
            {"enterprises": [str(body.enterprise_id)]},
        )
        events.append((index, told))
        outcomes.append(Accepted({"id": str(body.enterprise_id), "version": version}))
    return Decided(outcomes, list(written.values()), events)


def _refuse_profile(
    state: ProfilesState, old: VersionedProfile | None, command: Command[PutProfile]
) -> Rejected | None:
    body = command.body
    if not command.authority.allows("parties:write", body.enterprise_id):
        return refusal.not_permitted("change this enterprise")
    if body.enterprise_id not in state.enterprises:
        return _unknown_enterprise(body.enterprise_id)
    conflict = refusal.version_conflict(
        "profile", expected=body.expected_version, current=old.version if old else 0
    )
    return conflict or _judged_profile(body.profile).rejected()


def _judged_profile(profile: Profile) -> refusal.Faults:
    faults = refusal.Faults()
    for field, most in _PROFILE_TEXTS.items():
        faults.text(field, getattr(profile, field), most=most)
    for field in ("website", "logo"):
        _judge_link(faults, field, getattr(profile, field))
    if profile.email and "@" not in profile.email:
        faults.add("email", "has no @; leave it empty where there is none")
    for field in ("social", "categories"):
        entries: dict[str, str] = getattr(profile, field)
        faults.number(field, len(entries), most=_MOST_ENTRIES)
        for name, text in entries.items():
            if not _WORD.fullmatch(name):
                faults.add(f"{field}.{name[:40]}", "is no short name of letters, digits, - and _")
            faults.text(f"{field}.{name[:40]}", text, most=500, needed=True)
    for name, link in profile.social.items():
        _judge_link(faults, f"social.{name[:40]}", link)
    return faults


def _judge_link(faults: refusal.Faults, field: str, link: str) -> None:
    if link and not _LINK.fullmatch(link):
        faults.add(field, "is no address of the form https://host/path")


# ------------------------------------------------------------------------------------------------------ relations


def put_relations(
    state: RelationsState, commands: Sequence[Command[PutRelation]]
) -> Decided[list[VersionedRelation]]:
    """Makes or replaces the terms between hubs and producers."""
    now = dict(state.relations)
    written: dict[Pair, VersionedRelation] = {}
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        body = command.body
        pair = (body.hub_id, body.producer_id)
        old = now.get(pair)
        refused = _refuse_relation(state.enterprises, old, command)
        if refused is None and body.consolidation == "per_order":
            refused = _refuse_per_order(state, pair)
        if refused:
            outcomes.append(refused)
            continue
        version = old.version + 1 if old else 1
        terms = {name: getattr(body, name) for name in body.__struct_fields__ if name != "expected_version"}
        now[pair] = written[pair] = VersionedRelation(**terms, version=version)
        entity_id = relation_id(command.org_id, *pair)
        sides = {"hub_id": str(body.hub_id), "producer_id": str(body.producer_id)}
        data = {**terms, **sides, "enterprises": list(sides.values())}
        events.append(
            (
                index,
                Event(
                    "relation.created" if version == 1 else "relation.changed",
                    "relation",
                    entity_id,
                    version,
                    data,
                ),
            )
        )
        outcomes.append(Accepted({"id": str(entity_id), "version": version}))
    return Decided(outcomes, list(written.values()), events)


# One held order for each shopper's order would tell another platform of every single one of them, and of the ids that follow from it.
PER_ORDER_ELSEWHERE: Final = Rejected(
    "per_order_not_told",
    "This producer is on another platform, which is told of one held order for a session and of no single order of a shopper's; "
    "set the relation's consolidation to per_session.",
)


# Such an order is known to its platform by its hub, producer and session; what holds its goods must be known by the same.
_PER_ORDER_FROM_ELSEWHERE: Final = Rejected(
    "per_order_not_told",
    "This hub is on another platform, which has one order for a session; leave the relation's consolidation at per_session.",
)


def _refuse_per_order(state: RelationsState, pair: Pair) -> Rejected | None:
    if pair in state.elsewhere:
        return PER_ORDER_ELSEWHERE
    return _PER_ORDER_FROM_ELSEWHERE if pair[0] in state.hubs_elsewhere else None


def relation_id(org_id: int, hub_id: uuid.UUID, producer_id: uuid.UUID) -> uuid.UUID:
    """The id under which events speak of a relation; the table knows it by hub and producer."""
    return ids.derived("relation", org_id, hub_id, producer_id)


def _refuse_relation(
    enterprises: Mapping[uuid.UUID, Enterprise], old: VersionedRelation | None, command: Command[PutRelation]
) -> Rejected | None:
    body = command.body
    if refused := _refuse_terms(old, command):
        return refused
    for enterprise_id, kind in ((body.hub_id, "hub"), (body.producer_id, "producer")):
        enterprise = enterprises.get(enterprise_id)
        if enterprise is None:
            return _unknown_enterprise(enterprise_id)
        if kind not in enterprise.kinds:
            return Rejected(
                "not_a_hub" if kind == "hub" else "not_a_producer",
                f"The enterprise {enterprise_id} is no {kind}; add {kind} to its kinds first.",
                {"enterprise_id": str(enterprise_id)},
            )
    conflict = refusal.version_conflict(
        "relation", expected=body.expected_version, current=old.version if old else 0
    )
    if conflict:
        return conflict
    faults = refusal.Faults()
    if body.hub_id == body.producer_id:
        faults.add("producer_id", "is the hub itself; what a hub produces it sells without a relation")
    faults.number("discount_over", body.discount_over)
    faults.number("discount_permille", body.discount_permille, most=1000)
    return faults.rejected()


def _refuse_terms(old: VersionedRelation | None, command: Command[PutRelation]) -> Rejected | None:
    """A producer's goods are sold on its word: its hub may ask for a relation and may end it, and no more."""
    body, allows = command.body, command.authority.allows
    if allows("relations:write", body.producer_id):
        return None
    if not allows("relations:write", body.hub_id):
        return refusal.not_permitted("change the relations of this hub")
    same = old is None or all(getattr(old, term) == getattr(body, term) for term in _TERMS)
    if same and not body.active:
        return None
    return Rejected(
        "consent_needed",
        "Only the producer can agree to supply, or to other terms. A hub can ask with an inactive relation, and end one.",
    )


_TERMS = (
    "consolidation",
    "aggregation",
    "grant_policy",
    "remainder",
    "shortage",
    "discount_over",
    "discount_permille",
)


# ------------------------------------------------------------------------------------------------------ customers


def put_customers(
    state: CustomersState, commands: Sequence[Command[PutCustomer]]
) -> Decided[CustomersWrites]:
    """Makes or replaces customers together with their personal data."""
    now = dict(state.customers)
    written: dict[uuid.UUID, tuple[CustomerState, Person]] = {}
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        body = command.body
        old = now.get(body.customer_id)
        refused = _refuse_customer(state.sellers, old, command)
        if refused:
            outcomes.append(refused)
            continue
        new = CustomerState(
            id=body.customer_id,
            seller_id=body.seller_id,
            category=body.category,
            priority=body.priority,
            erased=False,
            version=old.version + 1 if old else 1,
        )
        now[new.id] = new
        written[new.id] = (new, _person(body))
        events.append((index, _customer_event(new)))
        outcomes.append(Accepted({"id": str(new.id), "version": new.version}))
    customers = [customer for customer, _ in written.values()]
    persons = [person for _, person in written.values()]
    return Decided(outcomes, CustomersWrites(customers=customers, persons=persons), events)


def erase_customers(
    state: CustomersState, commands: Sequence[Command[EraseCustomer]]
) -> Decided[CustomersWrites]:
    """Forgets persons; a customer who was erased before stays so, and is answered the same."""
    now = dict(state.customers)
    written: dict[uuid.UUID, CustomerState] = {}
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        customer = now.get(command.body.customer_id)
        if customer is None or not _may_see_customer(customer, command):
            outcomes.append(_UNKNOWN_CUSTOMER)
            continue
        if not command.authority.allows("customers:write", customer.seller_id):
            outcomes.append(refusal.not_permitted("erase customers of this seller"))
            continue
        if not customer.erased:
            customer = msgspec.structs.replace(customer, erased=True, version=customer.version + 1)
            now[customer.id] = written[customer.id] = customer
            events.append((index, _customer_event(customer)))
        outcomes.append(Accepted({"id": str(customer.id), "version": customer.version}))
    return Decided(outcomes, CustomersWrites(customers=list(written.values()), persons=[]), events)


def _refuse_customer(
    sellers: frozenset[uuid.UUID], old: CustomerState | None, command: Command[PutCustomer]
) -> Rejected | None:
    body = command.body
    if not command.authority.allows("customers:write", body.seller_id):
        return refusal.not_permitted("change customers of this seller")
    if body.seller_id not in sellers:
        return _unknown_enterprise(body.seller_id)
    if old and old.seller_id != body.seller_id:
        # The same words whether or not the asker may see the other seller's customers.
        return Rejected("customer_taken", "This customer id cannot be used for this seller; take a new one.")
    if old and old.erased:
        return Rejected("customer_erased", "This customer was erased for good; make a new one.")
    conflict = refusal.version_conflict(
        "customer", expected=body.expected_version, current=old.version if old else 0
    )
    if conflict:
        return conflict
    faults = refusal.Faults()
    for field, most in (("category", 100), ("name", 200), ("email", 254), ("phone", 50)):
        faults.text(field, getattr(body, field), most=most)
    if body.email and "@" not in body.email:
        faults.add("email", "has no @; leave it empty where there is none")
    faults.number("priority", body.priority, least=-_MOST_PRIORITY, most=_MOST_PRIORITY)
    _judge_address(faults, body.address)
    return faults.rejected()


def _may_see_customer(customer: CustomerState, command: Command[Any]) -> bool:
    allows = command.authority.allows
    return any(allows(p, customer.seller_id) for p in ("customers:write", "customers:read", "orders:read"))


def _person(body: PutCustomer) -> Person:
    return Person(
        customer_id=body.customer_id, name=body.name, email=body.email, phone=body.phone, address=body.address
    )


def _customer_event(customer: CustomerState) -> Event:
    """The token and the category, and nothing that could tell who it is."""
    data = {
        "customer": str(customer.id),
        "category": customer.category,
        "enterprises": [str(customer.seller_id)],
    }
    if customer.erased:
        return Event("customer.erased", "customer", customer.id, customer.version, data)
    return Event(
        "customer.created" if customer.version == 1 else "customer.changed",
        "customer",
        customer.id,
        customer.version,
        data,
    )


# ------------------------------------------------------------------------------------------------------ all three


def _judge_address(faults: refusal.Faults, address: Address) -> None:
    for field in ("street", "postal_code", "city", "region"):
        faults.text(f"address.{field}", getattr(address, field), most=200)
    if not _COUNTRY.fullmatch(address.country):
        faults.add("address.country", "is no ISO 3166 code; it has two capital letters, for example FR")


def _unknown_enterprise(enterprise_id: uuid.UUID) -> Rejected:
    return Rejected(
        "enterprise_unknown",
        "No enterprise has this id; list them at /api/v1/enterprises.",
        {"enterprise_id": str(enterprise_id)},
    )


_UNKNOWN_CUSTOMER: Final = Rejected(
    "customer_unknown", "No customer of yours has this id; list them at /api/v1/customers."
)
