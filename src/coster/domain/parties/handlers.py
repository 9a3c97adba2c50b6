"""Which command of parties is loaded for, decided and written by what."""

from __future__ import annotations

import uuid
from typing import Any

from coster.domain.parties import rules, store
from coster.domain.parties.model import (
    CustomersState,
    CustomersWrites,
    Enterprise,
    EraseCustomer,
    ProfilesState,
    PutCustomer,
    PutEnterprise,
    PutProfile,
    PutRelation,
    RelationsState,
    VersionedProfile,
    VersionedRelation,
)
from coster.engine.batch.handler import Handler

PUT_ENTERPRISE: Handler[dict[uuid.UUID, Enterprise], list[Enterprise]] = Handler(
    kind="parties.put_enterprise",
    body=PutEnterprise,
    load=store.lock_enterprises,
    decide=rules.put_enterprises,
    write=store.put_enterprises,
)
PUT_PROFILE: Handler[ProfilesState, list[VersionedProfile]] = Handler(
    kind="parties.put_profile",
    body=PutProfile,
    load=store.lock_profiles,
    decide=rules.put_profiles,
    write=store.put_profiles,
)
PUT_RELATION: Handler[RelationsState, list[VersionedRelation]] = Handler(
    kind="parties.put_relation",
    body=PutRelation,
    load=store.lock_relations,
    decide=rules.put_relations,
    write=store.put_relations,
)
PUT_CUSTOMER: Handler[CustomersState, CustomersWrites] = Handler(
    kind="parties.put_customer",
    body=PutCustomer,
    load=store.lock_customers,
    decide=rules.put_customers,
    write=store.put_customers,
)
ERASE_CUSTOMER: Handler[CustomersState, CustomersWrites] = Handler(
    kind="parties.erase_customer",
    body=EraseCustomer,
    load=store.lock_customers,
    decide=rules.erase_customers,
    write=store.put_customers,
)
HANDLERS: tuple[Handler[Any, Any], ...] = (
    PUT_ENTERPRISE,
    PUT_PROFILE,
    PUT_RELATION,
    PUT_CUSTOMER,
    ERASE_CUSTOMER,
)
