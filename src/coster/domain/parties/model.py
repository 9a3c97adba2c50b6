"""Records of parties: enterprises, relations, customers, and the commands that change them."""

from __future__ import annotations

import uuid
from typing import Any, Literal

import msgspec

from coster.engine.workflow.hours import OpeningHours as OpeningHours

Kind = Literal["producer", "hub", "retailer"]
Consolidation = Literal["per_session", "per_order"]
Aggregation = Literal["by_item", "by_weight"]
GrantPolicy = Literal["refuse", "partial"]
Remainder = Literal["loose", "round_up", "round_down"]
Shortage = Literal["first_come", "pro_rata", "priority"]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A postal address; all parts optional, country as ISO 3166 alpha-2."""

    street: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


class PutEnterprise(msgspec.Struct, frozen=True, kw_only=True):
    """Creates the enterprise, or replaces it where `expected_version` fits (None: whatever it is)."""

    enterprise_id: uuid.UUID
    name: str
    kinds: list[Kind]
    currency: str
    timezone: str = "UTC"
    cart_minutes: int = 30
    hold_days_ahead: int | None = None
    minimum_order: int = 0
    address: Address = Address()
    opening_hours: OpeningHours = OpeningHours()
    expected_version: int | None = None


class PutRelation(msgspec.Struct, frozen=True, kw_only=True):
    """Who supplies whom, under which terms; an inactive relation sells nothing from that moment."""

    hub_id: uuid.UUID
    producer_id: uuid.UUID
    active: bool = True
    consolidation: Consolidation = "per_session"
    aggregation: Aggregation = "by_item"
    grant_policy: GrantPolicy = "refuse"
    remainder: Remainder = "loose"
    shortage: Shortage = "first_come"
    discount_over: int = 0
    discount_permille: int = 0
    expected_version: int | None = None


class PutCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """A shopper of one seller; personal data goes to its own table."""

    customer_id: uuid.UUID
    seller_id: uuid.UUID
    category: str = ""
    priority: int = 0
    name: str = ""
    email: str = ""
    phone: str = ""
    address: Address = Address()
    expected_version: int | None = None


class EraseCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """Deletes the personal data; the token, the orders and the ledgers stay."""

    customer_id: uuid.UUID


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """The terms between a hub and a producer, as other rooms see them."""

    hub_id: uuid.UUID
    producer_id: uuid.UUID
    active: bool
    consolidation: Consolidation
    aggregation: Aggregation
    grant_policy: GrantPolicy
    remainder: Remainder
    shortage: Shortage
    discount_over: int
    discount_permille: int


class Enterprise(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise, as other rooms see it."""

    id: uuid.UUID
    name: str
    kinds: list[str]
    currency: str
    timezone: str
    cart_minutes: int
    hold_days_ahead: int | None = None
    minimum_order: int
    address: dict[str, Any]
    version: int
    opening_hours: dict[str, Any] = {}


class VersionedRelation(Relation, frozen=True, kw_only=True):
    """A relation with the number of its changes, for deciding and for lists."""

    version: int


class CustomerRow(msgspec.Struct, frozen=True, kw_only=True):
    """What an order needs to know about a customer: whose it is, and who comes first in a shortage."""

    id: uuid.UUID
    seller_id: uuid.UUID
    priority: int
    erased: bool


class CustomerState(CustomerRow, frozen=True, kw_only=True):
    """The whole row of a customer, without anything personal."""

    category: str
    version: int


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The personal data of a customer; it stands in `person` and goes nowhere but to who may read it."""

    customer_id: uuid.UUID
    name: str
    email: str
    phone: str
    address: Address


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer for who asks; `person` only where the asker may read personal data and there still is some."""

    id: uuid.UUID
    seller_id: uuid.UUID
    category: str
    priority: int
    erased: bool
    version: int
    person: Person | None


class EnterprisesWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which enterprises a list shall have; `after` is the last id seen; None: any.

    `backwards`: from the highest id down, those before `before`.
    """

    kind: Kind | None = None
    ids: list[uuid.UUID] | None = None
    after: uuid.UUID | None = None
    before: uuid.UUID | None = None
    backwards: bool = False
    limit: int = 100


class RelationsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which relations a list shall have; `after_hub` and `after_producer` are the last pair seen; None: any."""

    hub_id: uuid.UUID | None = None
    producer_id: uuid.UUID | None = None
    after_hub: uuid.UUID | None = None
    after_producer: uuid.UUID | None = None
    limit: int = 100


class CustomersWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which customers a list shall have; `after` is the last id seen; None: any."""

    seller_id: uuid.UUID | None = None
    ids: list[uuid.UUID] | None = None
    after: uuid.UUID | None = None
    limit: int = 100


class RelationsState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about relations needs: the enterprises named, and the relations there are by (hub, producer); of those in `elsewhere`
    the producer is on another platform, and so are the hubs of `hubs_elsewhere`.
    """

    enterprises: dict[uuid.UUID, Enterprise]
    relations: dict[tuple[uuid.UUID, uuid.UUID], VersionedRelation]
    elsewhere: frozenset[tuple[uuid.UUID, uuid.UUID]] = frozenset()
    hubs_elsewhere: frozenset[uuid.UUID] = frozenset()


class CustomersState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about customers needs: the sellers that exist, and the customers that there are."""

    sellers: frozenset[uuid.UUID]
    customers: dict[uuid.UUID, CustomerState]


class CustomersWrites(msgspec.Struct, frozen=True, kw_only=True):
    """Customers to store with their persons; a customer that is stored as erased loses its person."""

    customers: list[CustomerState]
    persons: list[Person]


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an enterprise tells the public of itself; all of it optional, and none of it about a customer.

    `social` are addresses of accounts by name; `categories` say to which customers something is offered, by a short name. The contact
    is somebody whom the enterprise names, with that person's consent.
    """

    description: str = ""
    email: str = ""
    website: str = ""
    logo: str = ""
    vat_number: str = ""
    phone: str = ""
    contact_first_name: str = ""
    contact_family_name: str = ""
    social: dict[str, str] = {}
    categories: dict[str, str] = {}


class PutProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What an enterprise tells of itself from now on."""

    enterprise_id: uuid.UUID
    profile: Profile
    expected_version: int | None = None


class VersionedProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What an enterprise tells of itself, with the number of its changes (0: nothing yet)."""

    enterprise_id: uuid.UUID
    profile: Profile
    version: int


class ProfilesState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about profiles needs: the enterprises that there are, and what they tell."""

    enterprises: frozenset[uuid.UUID]
    profiles: dict[uuid.UUID, VersionedProfile]
