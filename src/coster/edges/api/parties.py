"""Enterprises, relations and customers over HTTP."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from coster.domain.parties import reads
from coster.domain.parties.model import (
    Address,
    Aggregation,
    Consolidation,
    Enterprise,
    EnterprisesWanted,
    GrantPolicy,
    Kind,
    PutEnterprise,
    PutRelation,
    RelationsWanted,
    Remainder,
    Shortage,
    VersionedRelation,
)
from coster.edges.api.currencies import currencies_of, currency_of
from coster.edges.api.opening_hours import OpeningHoursGiven
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body, Numbers
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import (
    UNSET,
    Amount,
    AmountText,
    Currency,
    DaysAhead,
    EnterpriseId,
    Id,
    Made,
    Minutes,
    Name,
    OwnId,
    Percent,
    Unset,
    Version,
    given,
)
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found
from coster.engine.workflow.hours import OpeningHours
from coster.kernel import money, quantity

Part = Annotated[str, msgspec.Meta(max_length=200)]
Country = Annotated[
    str, msgspec.Meta(pattern="^([A-Z]{2})?$", description="ISO 3166 alpha-2.", examples=["FR"])
]
Kinds = Annotated[list[Kind], msgspec.Meta(min_length=1, max_length=3, examples=[["hub"]])]
Timezone = Annotated[
    str, msgspec.Meta(max_length=64, description="IANA time zone.", examples=["Europe/Paris"])
]


class AddressGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A postal address; every part may be missing."""

    street: Part = ""
    postal_code: Part = ""
    city: Part = ""
    region: Part = ""
    country: Country = ""


class EnterpriseWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A producer, hub or retailer, or several of these at once."""

    name: Name
    kinds: Kinds
    currency: Currency
    id: OwnId | None = None
    timezone: Timezone = "UTC"
    cart_minutes: Minutes = 30
    hold_days_ahead: DaysAhead | None = None
    minimum_order: Amount = Decimal(0)
    address: AddressGiven = AddressGiven()
    opening_hours: OpeningHoursGiven = OpeningHoursGiven()


class EnterprisePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays. The currency is fixed, because prices and orders reckon in it."""

    name: Name | Unset = UNSET
    kinds: Kinds | Unset = UNSET
    timezone: Timezone | Unset = UNSET
    cart_minutes: Minutes | Unset = UNSET
    hold_days_ahead: DaysAhead | Unset | None = UNSET
    minimum_order: Amount | Unset = UNSET
    address: AddressGiven | Unset = UNSET
    opening_hours: OpeningHoursGiven | Unset = UNSET


class EnterpriseSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise."""

    id: Id
    name: Name
    kinds: Kinds
    currency: Currency
    timezone: Timezone
    cart_minutes: Minutes
    hold_days_ahead: DaysAhead | None
    minimum_order: AmountText
    address: AddressGiven
    opening_hours: OpeningHoursGiven
    version: Version


class EnterpriseQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which enterprises."""

    kind: Annotated[Kind, msgspec.Meta(description="Of which kind it is, perhaps among others.")] | None = (
        None
    )


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms between a hub and a producer."""

    active: Annotated[bool, msgspec.Meta(description="false: nothing more is sold from that moment.")] = True
    consolidation: Annotated[
        Consolidation, msgspec.Meta(description="One held order per session, or one per shopper's order.")
    ] = "per_session"
    aggregation: Annotated[
        Aggregation, msgspec.Meta(description="Held order lines by item, or by weight per product.")
    ] = "by_item"
    grant_policy: Annotated[
        GrantPolicy,
        msgspec.Meta(description="What happens when there is not enough: refuse, or grant what there is."),
    ] = "refuse"
    remainder: Annotated[
        Remainder,
        msgspec.Meta(
            description="What happens to a part of a case: sold loose, rounded up, or rounded down."
        ),
    ] = "loose"
    shortage: Annotated[
        Shortage, msgspec.Meta(description="Who gets what when the producer lowers stock.")
    ] = "first_come"
    discount_over: Annotated[
        Decimal,
        msgspec.Meta(description="A held order worth more than this gets the discount.", examples=["100.00"]),
    ] = Decimal(0)
    discount_percent: Percent = Decimal(0)


class RelationWanted(Terms, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who supplies whom, under which terms."""

    hub_id: EnterpriseId
    producer_id: EnterpriseId


class RelationPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays."""

    active: bool | Unset = UNSET
    consolidation: Consolidation | Unset = UNSET
    aggregation: Aggregation | Unset = UNSET
    grant_policy: GrantPolicy | Unset = UNSET
    remainder: Remainder | Unset = UNSET
    shortage: Shortage | Unset = UNSET
    discount_over: Amount | Unset = UNSET
    discount_percent: Percent | Unset = UNSET


class RelationSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Who supplies whom, under which terms."""

    hub_id: EnterpriseId
    producer_id: EnterpriseId
    active: bool
    consolidation: Consolidation
    aggregation: Aggregation
    grant_policy: GrantPolicy
    remainder: Remainder
    shortage: Shortage
    discount_over: AmountText
    discount_percent: Annotated[str, msgspec.Meta(description="A percentage.", examples=["5"])]
    version: Version


class RelationQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which relations."""

    hub_id: EnterpriseId | None = None
    producer_id: EnterpriseId | None = None


_enterprise, _enterprise_patch = Body(EnterpriseWanted), Body(EnterprisePatch)
_relation, _relation_patch = Body(RelationWanted), Body(RelationPatch)


# ---------------------------------------------------------------------------------------------------- enterprises


async def create_enterprise(call: Call) -> Answer:
    """Makes an enterprise."""
    body = await call.read(_enterprise)
    command = put_enterprise(body, body.id or call.new_id("enterprise"), expected_version=0)
    result = await commands.send(call, command)
    return commands.reply(call, result, status=201, location=f"/api/v1/enterprises/{command.enterprise_id}")


def put_enterprise(body: EnterpriseWanted, id_: uuid.UUID, *, expected_version: int | None) -> PutEnterprise:
    """The command that makes an enterprise what the body says. Problem: body_invalid."""
    numbers = Numbers()
    minimum = numbers.amount("/minimum_order", body.minimum_order, body.currency)
    numbers.check()
    return PutEnterprise(
        enterprise_id=id_,
        name=body.name,
        kinds=body.kinds,
        currency=body.currency,
        timezone=body.timezone,
        cart_minutes=body.cart_minutes,
        hold_days_ahead=body.hold_days_ahead,
        minimum_order=minimum,
        address=stored_address(body.address),
        opening_hours=OpeningHours(**msgspec.structs.asdict(body.opening_hours)),
        expected_version=expected_version,
    )


async def list_enterprises(call: Call) -> Answer:
    """The enterprises that the caller may see."""
    query = call.read_query(EnterpriseQuery)
    after = paging.read("enterprises", query.cursor, uuid.UUID)
    async with call.parts.database.read(call.org_id) as conn:
        wanted = EnterprisesWanted(kind=query.kind, after=after, limit=query.limit + 1)
        rows = await reads.list_enterprises(conn, call.org_id, call.authority, wanted)
    return answer(paging.page("enterprises", rows, query.limit, _seen_enterprise, lambda row: row.id))


async def get_enterprise(call: Call) -> Answer:
    """One enterprise."""
    found = await _find_enterprise(call, call.id())
    return versioned(_seen_enterprise(found), found.version)


async def change_enterprise(call: Call) -> Answer:
    """Changes some fields of an enterprise."""
    expected = call.expected_version
    patch = await call.read(_enterprise_patch)
    now = await _find_enterprise(call, call.id())
    kept = ("name", "kinds", "currency", "timezone", "cart_minutes", "hold_days_ahead")
    whole = EnterpriseWanted(
        **{
            **{name: getattr(now, name) for name in kept},
            "minimum_order": Decimal(money.text(now.minimum_order, now.currency)),
            "address": AddressGiven(**now.address),
            "opening_hours": OpeningHoursGiven(**now.opening_hours),
            **given(patch),
        }
    )
    result = await commands.send(call, put_enterprise(whole, now.id, expected_version=expected))
    return commands.reply(call, result)


async def _find_enterprise(call: Call, id_: uuid.UUID) -> Enterprise:
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.get_enterprise(conn, call.org_id, call.authority, id_)
    if found is None:
        raise not_found("enterprise")
    return found


def _seen_enterprise(enterprise: Enterprise) -> Any:
    return {
        **msgspec.structs.asdict(enterprise),
        "minimum_order": money.text(enterprise.minimum_order, enterprise.currency),
        "opening_hours": OpeningHoursGiven(**enterprise.opening_hours),
    }


# ------------------------------------------------------------------------------------------------------ relations


async def create_relation(call: Call) -> Answer:
    """Makes a relation."""
    body = await call.read(_relation)
    command = await put_relation(call, body, expected_version=0)
    result = await commands.send(call, command)
    location = f"/api/v1/relations/{body.hub_id}/{body.producer_id}"
    return commands.reply(call, result, status=201, location=location)


async def put_relation(call: Call, body: RelationWanted, *, expected_version: int | None) -> PutRelation:
    """The command that makes a relation what the body says. Problem: body_invalid."""
    numbers = Numbers()
    over = 0
    if body.discount_over:
        currency = await currency_of(call, body.hub_id, "/discount_over")
        over = numbers.amount("/discount_over", body.discount_over, currency)
    permille = numbers.permille("/discount_percent", body.discount_percent)
    numbers.check()
    terms = {name: getattr(body, name) for name in Terms.__struct_fields__ if not name.startswith("discount")}
    return PutRelation(
        hub_id=body.hub_id,
        producer_id=body.producer_id,
        discount_over=over,
        discount_permille=permille,
        expected_version=expected_version,
        **terms,
    )


async def list_relations(call: Call) -> Answer:
    """The relations of which the caller may see either side."""
    query = call.read_query(RelationQuery)
    after_hub, after_producer = paging.read("relations", query.cursor, tuple[uuid.UUID, uuid.UUID]) or (
        None,
        None,
    )
    wanted = RelationsWanted(
        hub_id=query.hub_id,
        producer_id=query.producer_id,
        after_hub=after_hub,
        after_producer=after_producer,
        limit=query.limit + 1,
    )
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_relations(conn, call.org_id, call.authority, wanted)
    known = await currencies_of(call, {row.hub_id for row in rows})
    return answer(
        paging.page(
            "relations",
            rows,
            query.limit,
            lambda row: _seen_relation(row, known[row.hub_id]),
            lambda row: (row.hub_id, row.producer_id),
        )
    )


async def get_relation(call: Call) -> Answer:
    """One relation."""
    found = await _find_relation(call)
    return versioned(_seen_relation(found, await currency_of(call, found.hub_id, "")), found.version)


async def change_relation(call: Call) -> Answer:
    """Changes some terms of a relation."""
    expected = call.expected_version
    patch = await call.read(_relation_patch)
    now = await _find_relation(call)
    currency = await currency_of(call, now.hub_id, "")
    whole = RelationWanted(
        **{
            **{
                name: getattr(now, name)
                for name in Terms.__struct_fields__
                if not name.startswith("discount")
            },
            "hub_id": now.hub_id,
            "producer_id": now.producer_id,
            "discount_over": Decimal(money.text(now.discount_over, currency)),
            "discount_percent": Decimal(now.discount_permille) / 10,
            **given(patch),
        }
    )
    result = await commands.send(call, await put_relation(call, whole, expected_version=expected))
    return commands.reply(call, result)


async def _find_relation(call: Call) -> VersionedRelation:
    hub_id, producer_id = call.id("hub_id", "relation"), call.id("producer_id", "relation")
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.get_relation(
            conn, call.org_id, call.authority, hub_id=hub_id, producer_id=producer_id
        )
    if found is None:
        raise not_found("relation")
    return found


def _seen_relation(relation: VersionedRelation, currency: str) -> Any:
    seen = msgspec.structs.asdict(relation)
    seen["discount_over"] = money.text(seen["discount_over"], currency)
    # A tenth of a per cent is a thousandth, and quantities have three places too.
    seen["discount_percent"] = quantity.text(seen.pop("discount_permille") * 100)
    return seen


def stored_address(address: AddressGiven) -> Address:
    """The address as the room keeps it."""
    return Address(**msgspec.structs.asdict(address))


_READ: dict[str, Any] = {"tag": "parties", "permission": "parties:read"}
_WRITE: dict[str, Any] = {
    "tag": "parties",
    "permission": "parties:write",
    "changes": True,
    "problems": ("currency_fixed",),
}
_TERMS: dict[str, Any] = {"tag": "parties", "permission": "relations:write", "changes": True}
_TERMS_PROBLEMS = (
    "enterprise_unknown",
    "not_a_hub",
    "not_a_producer",
    "consent_needed",
    "per_order_not_told",
)
OPERATIONS = (
    Operation(
        id="createEnterprise",
        method="POST",
        path="/api/v1/enterprises",
        summary="Make an enterprise",
        endpoint=create_enterprise,
        body=EnterpriseWanted,
        answer=Made,
        status=201,
        **{**_WRITE, "problems": ("already_exists",)},
    ),
    Operation(
        id="listEnterprises",
        method="GET",
        path="/api/v1/enterprises",
        summary="List enterprises",
        endpoint=list_enterprises,
        query=EnterpriseQuery,
        answer=Page[EnterpriseSeen],
        **_READ,
    ),
    Operation(
        id="getEnterprise",
        method="GET",
        path="/api/v1/enterprises/{id}",
        summary="Show an enterprise",
        endpoint=get_enterprise,
        answer=EnterpriseSeen,
        **_READ,
    ),
    Operation(
        id="changeEnterprise",
        method="PATCH",
        path="/api/v1/enterprises/{id}",
        summary="Change an enterprise",
        endpoint=change_enterprise,
        body=EnterprisePatch,
        answer=Made,
        needs_version=True,
        **_WRITE,
    ),
    Operation(
        id="createRelation",
        method="POST",
        path="/api/v1/relations",
        summary="Let a producer supply a hub",
        endpoint=create_relation,
        body=RelationWanted,
        answer=Made,
        status=201,
        problems=(*_TERMS_PROBLEMS, "already_exists"),
        **_TERMS,
    ),
    Operation(
        id="listRelations",
        method="GET",
        path="/api/v1/relations",
        summary="List who supplies whom",
        endpoint=list_relations,
        query=RelationQuery,
        answer=Page[RelationSeen],
        **_READ,
    ),
    Operation(
        id="getRelation",
        method="GET",
        path="/api/v1/relations/{hub_id}/{producer_id}",
        summary="Show a relation",
        endpoint=get_relation,
        answer=RelationSeen,
        **_READ,
    ),
    Operation(
        id="changeRelation",
        method="PATCH",
        path="/api/v1/relations/{hub_id}/{producer_id}",
        summary="Change the terms of a relation",
        endpoint=change_relation,
        body=RelationPatch,
        answer=Made,
        needs_version=True,
        problems=_TERMS_PROBLEMS,
        **_TERMS,
    ),
)
